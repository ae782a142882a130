// What can go wrong on Twitch, for its drawer.

import { Drawer } from "/page/trouble.js";
import { api, attempt } from "/page/twitch/api.js";

/** Names of the switches: what turns them on and off. */
const SWITCHES = {
  stalled: ["stall", "unstall"],
  refuse_sign_in: ["refuse_sign_in", "accept_sign_in"],
  unavailable: ["unavailable", "available"],
  rate_limits: ["limits_on", "limits_off"],
  events_silent: ["events_silent", "events_speak"],
  events_twice: ["events_twice", "events_once"],
};

/** How long tokens live, in seconds: with the switch on, and off. */
const LIFETIMES = [20, 4 * 60 * 60];

/** The drawer; `side()` is the Twitch side. Answers what shows a state in it. */
export function twitchTrouble(side) {
  const misbehave = (action, more) => api("/misbehave", { action, ...more });
  const once = {
    drop: () => misbehave("drop"),
    reconnect: () => misbehave("reconnect"),
    reject_next: () => misbehave("reject_next", { channel: side().channel, msg_id: "msg_rejected_mandatory" }),
    helix_fail: () => misbehave("helix_fail", { count: 5, status: 503 }),
    helix_refuse: () => misbehave("helix_fail", { count: 2, status: 401 }),
    helix_limit: () => misbehave("helix_fail", { count: 5, status: 429 }),
    oauth_fail: () => misbehave("oauth_fail", { count: 3, status: 500 }),
    expire_tokens: () => misbehave("expire_tokens"),
    revoke_tokens: () => misbehave("revoke_tokens"),
    events_reconnect: () => misbehave("events_reconnect"),
    events_drop: () => misbehave("events_drop"),
    events_revoke: () => misbehave("events_revoke"),
    events_refuse: () => misbehave("events_fail", { count: 2, status: 401 }),
    events_limit: () => misbehave("events_fail", { count: 5, status: 429 }),
    events_fail: () => misbehave("events_fail", { count: 5, status: 500 }),
    clear: () => api("/moderate", { action: "clear", channel: side().channel }),
  };
  const switched = async (name, on) => {
    if (name === "bot_moderates") await moderate(side(), on);
    else if (name === "short_tokens") await misbehave("token_lifetime", { seconds: LIFETIMES[on ? 0 : 1] });
    else await misbehave(SWITCHES[name][on ? 0 : 1]);
    await side().refresh();
  };
  const drawer = new Drawer("twitch", { once, switched, attempt });
  return (here, state) =>
    drawer.show({
      switches: {
        ...state,
        bot_moderates: (here.bots.length ? here.bots : [state.bot_login]).some((login) => here.moderators.includes(login)),
        short_tokens: state.token_lifetime <= LIFETIMES[0],
      },
      violations: state.violations,
      numbers: `Open: ${state.connections}. Since the start: ${state.connections_total}. Channels joined: ${state.joins}. Event sockets: ${state.event_sessions}, telling of ${state.event_subscriptions.length} things.`,
    });
}

async function moderate({ channel, bots }, on) {
  const { bot_login } = await api("/state");
  for (const login of bots?.length ? bots : [bot_login]) {
    await api("/moderate", { action: on ? "mod" : "unmod", channel, login });
  }
}
