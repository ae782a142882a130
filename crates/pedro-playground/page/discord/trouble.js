// What can go wrong on Discord, for its drawer.

import { Drawer } from "/page/trouble.js";
import { api, attempt } from "/page/discord/api.js";

const HOUR_MS = 3_600_000;
const ANSWER_WITHIN_MS = 3_000;
const TOKEN_LIFETIME_MS = 15 * 60_000;

/** The drawer; `refresh` looks at the state anew. Answers what shows a state in it. */
export function discordTrouble(refresh) {
  const misbehave = (action, more) => api("/misbehave", { action, ...more });
  const trouble = (count, kind) => misbehave("trouble", { count, trouble: kind });
  const once = {
    drop: () => misbehave("drop"),
    reconnect: () => misbehave("reconnect"),
    invalidate: () => misbehave("invalidate", { resumable: false }),
    rate_limit: () => trouble(5, { kind: "rate_limited", retry_after_ms: 2_000, global: false }),
    fail: () => trouble(5, { kind: "status", status: 503 }),
    reset: () => trouble(5, { kind: "reset" }),
  };
  const switched = async (name, on) => {
    if (name === "expired") await misbehave("times", { token_lifetime_ms: on ? 0 : TOKEN_LIFETIME_MS });
    else if (name === "patient") await misbehave("times", { answer_within_ms: on ? HOUR_MS : ANSWER_WITHIN_MS });
    else await misbehave(name, { on });
    await refresh();
  };
  const drawer = new Drawer("discord", { once, switched, attempt });
  return (state) =>
    drawer.show({
      switches: {
        silence: state.silent,
        withhold_acks: state.misbehaviour.no_acks,
        refuse_resume: state.misbehaviour.refuse_resume,
        refuse_identify: state.misbehaviour.refuse_identify,
        gateway_down: state.misbehaviour.gateway_down,
        rate_limits: state.rate_limits,
        expired: state.token_lifetime_ms < TOKEN_LIFETIME_MS,
        patient: state.answer_within_ms > ANSWER_WITHIN_MS,
      },
      violations: state.violations,
      numbers: `Open: ${state.connections}. Since the start: ${state.connections_total}. Sessions: ${state.sessions.length}.`,
    });
}
