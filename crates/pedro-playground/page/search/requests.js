// What was asked, the newest first.

import { $, element, timeOf } from "/page/dom.js";
import { NAMES, api, attempt } from "/page/search/api.js";

/** Shown at most. */
export const SHOWN = 50;
const UNANSWERED = 0;

export class Requests {
  #list = $("#asked");
  #rows = new Map();

  constructor() {
    $("#forget").addEventListener("click", () => {
      attempt(() => api("/forget", {}));
      $("#search-drawer .close").focus();
    });
  }

  reset(requests) {
    this.#rows.clear();
    this.#list.replaceChildren();
    for (const request of requests) this.put(request);
    this.#tell();
  }

  /** A request came, or was answered. */
  put(request) {
    const row = this.#draw(request);
    const known = this.#rows.get(request.number);
    this.#rows.set(request.number, row);
    if (known) return known.replaceWith(row);
    this.#list.prepend(row);
    if (this.#rows.size > SHOWN) {
      this.#list.lastElementChild.remove();
      this.#rows.delete(this.#rows.keys().next().value);
    }
    return this.#tell();
  }

  #tell() {
    $("#forget").hidden = !this.#rows.size;
  }

  #draw({ provider, query, status, at }) {
    const word = status === UNANSWERED ? "…" : String(status);
    const good = status >= 200 && status < 300;
    const mark = element("span", `status ${status === UNANSWERED ? "open" : good ? "good" : "bad"}`, word);
    mark.title = status === UNANSWERED ? "no answer, or not yet" : "";
    return element("li", "", timeOf(at), mark, element("span", "query", query || "nothing"), element("small", "", NAMES[provider]));
  }
}
