// The stand-in web search's interface for the page.

import { $, apiOf, attempting } from "/page/dom.js";

export const BASE = "/api/search";
export const api = apiOf(BASE);
export const attempt = attempting($("#search-problem"));

/** What providers are called. */
export const NAMES = {
  searxng: "SearXNG",
  duckduckgo: "DuckDuckGo",
  answers: "DuckDuckGo answers",
  brave: "Brave",
  wikipedia: "Wikipedia",
  trap: "Traps",
};

/** Where they are. */
export const PATHS = {
  searxng: "/searx/search",
  duckduckgo: "/ddg/html/",
  answers: "/ddg/api/",
  brave: "/brave/res/v1/…",
  wikipedia: "/wikipedia/…",
  trap: "/trap/…",
};
