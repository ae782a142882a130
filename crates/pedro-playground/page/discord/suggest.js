// The list above the message box that one chooses from while typing: commands, options, values, people.

import { $, element } from "/page/dom.js";

const MOST = 25;

export class Suggest {
  #box = $("#suggest");
  #head = $("#suggest-head");
  #list = $("#suggest-list");
  #field = null;
  #items = [];
  #at = -1;
  #choose = null;

  constructor() {
    // The field keeps the focus.
    this.#box.addEventListener("mousedown", (event) => event.preventDefault());
    this.#list.addEventListener("click", (event) => {
      const row = event.target.closest("[role=option]");
      if (row) this.#take(Number(row.dataset.place));
    });
  }

  get isOpen() {
    return !this.#box.hidden;
  }

  /** Whether one of the items is marked, so that Enter takes it. */
  get isMarked() {
    return this.isOpen && this.#at >= 0;
  }

  /**
   * Shows items (`{name, detail, note}`) for a field. `choose(item)` is called with the one that is taken; with `mark`
   * the first is marked from the beginning.
   */
  show(field, head, items, choose, mark = true) {
    if (!items.length && !head) return this.hide();
    const kept = this.#field === field && this.#items[this.#at]?.name;
    this.#field?.removeAttribute("aria-activedescendant");
    this.#items = items.slice(0, MOST);
    this.#field = field;
    this.#choose = choose;
    this.#head.textContent = head;
    this.#list.replaceChildren(...this.#items.map((item, place) => this.#row(item, place)));
    this.#box.hidden = false;
    field.setAttribute("aria-expanded", "true");
    const same = kept ? this.#items.findIndex(({ name }) => name === kept) : -1;
    this.#mark(same >= 0 ? same : mark && this.#items.length ? 0 : -1);
  }

  hide() {
    this.#box.hidden = true;
    this.#field?.setAttribute("aria-expanded", "false");
    this.#field?.removeAttribute("aria-activedescendant");
    this.#field = null;
    this.#items = [];
    this.#at = -1;
  }

  /** Takes a key that is for the list; false if it is not. */
  key(event) {
    if (!this.isOpen || event.isComposing) return false;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && this.#items.length && !event.altKey) {
      const count = this.#items.length;
      this.#mark(this.#at < 0 ? (step > 0 ? 0 : count - 1) : (this.#at + step + count) % count);
    } else if (event.key === "Escape") {
      this.hide();
    } else if ((event.key === "Enter" || event.key === "Tab") && this.#at >= 0 && !event.shiftKey) {
      this.#take(this.#at);
    } else {
      return false;
    }
    event.preventDefault();
    event.stopPropagation();
    return true;
  }

  #take(place) {
    const [item, choose] = [this.#items[place], this.#choose];
    this.hide();
    choose(item);
  }

  #row({ name, detail, note }, place) {
    const row = element("li", "", element("strong", "", name), element("span", "", detail ?? ""));
    if (note) row.append(element("small", "", note));
    row.id = `suggest-${place}`;
    row.dataset.place = place;
    row.setAttribute("role", "option");
    return row;
  }

  #mark(place) {
    this.#at = place;
    for (const [at, row] of [...this.#list.children].entries()) row.setAttribute("aria-selected", String(at === place));
    const row = this.#list.children[place];
    if (!row) return this.#field.removeAttribute("aria-activedescendant");
    this.#field.setAttribute("aria-activedescendant", row.id);
    row.scrollIntoView({ block: "nearest" });
  }
}
