// The web search: a card that tells how much was asked, and a drawer with everything else.

import { $ } from "/page/dom.js";
import { BASE, api, attempt } from "/page/search/api.js";
import { Pages } from "/page/search/pages.js";
import { Providers } from "/page/search/providers.js";
import { Requests, SHOWN } from "/page/search/requests.js";

/** Changes that come together are looked at together. */
const SOON_MS = 60;

export class Search {
  #drawer = $("#search-drawer");
  #providers = new Providers();
  #requests = new Requests();
  #pages = new Pages();
  #shown = "";
  #soon = 0;

  constructor() {
    $("#open-search").addEventListener("click", () => this.#drawer.showModal());
    $(".close", this.#drawer).addEventListener("click", () => this.#drawer.close());
    this.#drawer.addEventListener("click", (event) => event.target === this.#drawer && this.#drawer.close());
    document.addEventListener("keydown", (event) => {
      if (!event.ctrlKey || event.altKey || event.key.toLowerCase() !== "k") return;
      event.preventDefault();
      if (this.#drawer.open) this.#drawer.close();
      else if (!$("dialog[open]")) this.#drawer.showModal();
    });
  }

  start() {
    const source = new EventSource(`${BASE}/events`);
    // Also after every reconnection: what was missed meanwhile is read again.
    source.onopen = () => attempt(() => this.#readAgain());
    source.onmessage = ({ data }) => {
      const event = JSON.parse(data);
      if (event.type === "request") this.#requests.put(event.request);
      if (event.type === "resync") attempt(() => this.#readAgain());
      else this.#refreshSoon();
    };
  }

  async #readAgain() {
    const [{ requests }] = await Promise.all([api(`/requests?last=${SHOWN}`), this.#refresh()]);
    this.#requests.reset(requests);
  }

  #refreshSoon() {
    clearTimeout(this.#soon);
    this.#soon = setTimeout(() => attempt(() => this.#refresh()), SOON_MS);
  }

  async #refresh() {
    const state = await api("/state");
    $("#search-trouble").hidden = !this.#providers.show(state);
    const asked = Object.values(state.counts).reduce((sum, count) => sum + count, 0);
    if (!asked) this.#requests.reset([]);
    const times = asked === 1 ? "once" : `${asked} times`;
    $("#search-sum").textContent = asked ? `Asked ${times}.` : "Nothing was looked for yet.";
    // The list is drawn anew only where it is another one: somebody may be in it.
    const pages = JSON.stringify(state.pages);
    if (pages === this.#shown) return;
    this.#shown = pages;
    await this.#pages.show(state.pages);
  }
}
