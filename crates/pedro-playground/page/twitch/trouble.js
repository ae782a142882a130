// What can go wrong on Twitch, for its drawer.

import { Drawer } from "/page/trouble.js";
import { api, attempt } from "/page/twitch/api.js";

/** Names of the switches: what turns them on and off. */
const SWITCHES = {
  stalled: ["stall", "unstall"],
  refuse_sign_in: ["refuse_sign_in", "accept_sign_in"],
  unavailable: ["unavailable", "available"],
  rate_limits: ["limits_on", "limits_off"],
};

/** The drawer; `side()` is the Twitch side. Answers what shows a state in it. */
export function twitchTrouble(side) {
  const misbehave = (action, more) => api("/misbehave", { action, ...more });
  const once = {
    drop: () => misbehave("drop"),
    reconnect: () => misbehave("reconnect"),
    reject_next: () => misbehave("reject_next", { channel: side().channel, msg_id: "msg_rejected_mandatory" }),
    helix_fail: () => misbehave("helix_fail", { count: 5, status: 503 }),
    clear: () => api("/moderate", { action: "clear", channel: side().channel }),
  };
  const switched = async (name, on) => {
    if (name === "bot_moderates") await moderate(side(), on);
    else await misbehave(SWITCHES[name][on ? 0 : 1]);
    await side().refresh();
  };
  const drawer = new Drawer("twitch", { once, switched, attempt });
  return (here, state) =>
    drawer.show({
      switches: { ...state, bot_moderates: here.bots.some((login) => here.moderators.includes(login)) },
      violations: state.violations,
      numbers: `Open: ${state.connections}. Since the start: ${state.connections_total}. Channels joined: ${state.joins}.`,
    });
}

async function moderate({ channel, bots }, on) {
  const { bot_login } = await api("/state");
  for (const login of bots?.length ? bots : [bot_login]) {
    await api("/moderate", { action: on ? "mod" : "unmod", channel, login });
  }
}
