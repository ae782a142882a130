// The stand-in Discord's interface for the page, and ids.

import { $, apiOf, attempting } from "/page/dom.js";

export const BASE = "/api/discord";
export const api = apiOf(BASE);
export const attempt = attempting($("#discord-problem"));

/** Which of two ids is older: they grow with time, and are too long for numbers. */
export function byAge(one, other) {
  return one.length - other.length || (one < other ? -1 : Number(one > other));
}

/** Bits of a message's flags. */
export const FLAG = { HAS_THREAD: 1 << 5, LOADING: 1 << 7 };

/** Discord's numbers for the kinds of message. */
export const KIND = { THREAD_CREATED: 18, REPLY: 19, COMMAND: 20, THREAD_STARTER: 21 };
