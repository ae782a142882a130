// Who can be asked, how often they were, and the trouble one makes with them.

import { $, button, element } from "/page/dom.js";
import { NAMES, PATHS, api, attempt } from "/page/search/api.js";

/** How many requests get into trouble at once. */
const COUNT = 2;
const SLOW_MS = 3_000;

/** What happens to the next requests: on the button, in full, and when it is pending. */
const TROUBLES = [
  { label: "Fail", full: "fail (503)", trouble: { kind: "status", status: 503 } },
  { label: "Empty", full: "find nothing", trouble: { kind: "empty" } },
  { label: "429", full: "are told to come back in 5 seconds (429)", trouble: { kind: "rate_limited", retry_after_s: 5 } },
  { label: "Block", full: "are taken for a bot's", trouble: { kind: "blocked" } },
  { label: "Cut", full: "break off in the middle", trouble: { kind: "cut_off" } },
];
const PENDING = {
  status: ({ status }) => String(status),
  empty: () => "empty",
  rate_limited: () => "429",
  blocked: () => "blocked",
  cut_off: () => "cut off",
  reset: () => "reset",
  hang: () => "hangs",
};

export class Providers {
  #list = $("#providers");
  #rows = new Map();

  constructor() {
    const misbehave = (action, more) => attempt(() => api("/misbehave", { action, ...more }));
    for (const provider of Object.keys(NAMES)) this.#add(provider, misbehave);
    $("#no-trouble").addEventListener("click", () => {
      misbehave("no_trouble");
      // It is about to go.
      $("#search-drawer .close").focus();
    });
    $("#searxng-json").addEventListener("change", ({ target }) => misbehave("searxng_json", { on: target.checked }));
  }

  #add(provider, misbehave) {
    const name = NAMES[provider];
    const [count, pending] = [element("span", "count-of"), element("span", "pending-trouble")];
    const chips = TROUBLES.map(({ label, full, trouble }) =>
      button("chip", label, () => misbehave("next", { provider, count: COUNT, trouble }), `${name}: the next ${COUNT} requests ${full}`),
    );
    const slow = button("chip", "Slow", () => {
      misbehave("delay", { provider, ms: slow.getAttribute("aria-pressed") === "true" ? 0 : SLOW_MS });
    }, `${name}: answers ${SLOW_MS / 1_000} seconds later, until switched off`);
    const group = element("span", "chips", ...chips, slow);
    group.setAttribute("role", "group");
    group.setAttribute("aria-label", `Trouble with ${name}`);
    const about = element("span", "who", element("strong", "", name), element("code", "", PATHS[provider]));
    this.#list.append(element("li", "", about, count, group, pending));
    this.#rows.set(provider, { count, pending, slow });
  }

  /** Shows the state; answers whether anything goes wrong. */
  show({ trouble, searxng_json, counts }) {
    let any = !searxng_json;
    for (const [provider, { count, pending, slow }] of this.#rows) {
      const { next, delay_ms } = trouble[provider];
      any ||= next.length > 0 || delay_ms > 0;
      count.textContent = counts[provider] || "";
      count.title = `asked ${counts[provider]} times`;
      pending.textContent = next.length ? `next: ${next.map((one) => PENDING[one.kind](one)).join(", ")}` : "";
      slow.setAttribute("aria-pressed", String(delay_ms > 0));
    }
    $("#searxng-json").checked = searxng_json;
    $("#no-trouble").hidden = !any;
    return any;
  }
}
