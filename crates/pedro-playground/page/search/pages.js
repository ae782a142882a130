// What can be found: the pages there are, or those that a query finds, in their order.

import { $, button, element } from "/page/dom.js";
import { api, attempt } from "/page/search/api.js";

export class Pages {
  #list = $("#pages");
  #find = $("#find");
  #pages = [];
  #asked = 0;

  constructor() {
    this.#find.addEventListener("input", () => attempt(() => this.#look()));
    $("#restore-pages").addEventListener("click", () => attempt(() => api("/pages", {})));
    $("#add-page").addEventListener("submit", (event) => {
      event.preventDefault();
      const page = { title: $("#page-title").value.trim(), url: $("#page-url").value.trim(), text: $("#page-text").value.trim() };
      attempt(async () => {
        await api("/pages", { pages: [page, ...this.#pages] });
        event.target.reset();
        $("#page-title").focus();
      });
    });
  }

  async show(pages) {
    this.#pages = pages;
    await this.#look();
  }

  async #look() {
    const asked = ++this.#asked;
    const query = this.#find.value.trim();
    const found = query ? (await api(`/find?q=${encodeURIComponent(query)}`)).pages : this.#pages;
    if (asked !== this.#asked) return;
    const nothing = element("li", "none", query ? "Nothing is found." : "There is nothing to be found.");
    this.#list.replaceChildren(...(found.length ? found.map((page) => this.#draw(page)) : [nothing]));
  }

  #draw(page) {
    const remove = button("icon", "✕", () => this.#remove(page), `Remove ${page.title}`);
    const text = element("p", "", page.text);
    text.title = page.text;
    const words = page.words.length ? element("small", "", page.words.join(" ")) : null;
    return element("li", "", element("strong", "", page.title), element("code", "", page.url), text, words, remove);
  }

  #remove(page) {
    const same = (other) => other.url === page.url && other.title === page.title;
    this.#find.focus();
    attempt(() => api("/pages", { pages: this.#pages.filter((other) => !same(other)) }));
  }
}
