// The stand-in Twitch's interface for the page.

import { $, apiOf, attempting } from "/page/dom.js";

export const BASE = "/api/twitch";
export const api = apiOf(BASE);
export const attempt = attempting($("#problem"));
