// Who one speaks as, on both sides: a row of people, with a number key each.

import { $, button, colourOf, element } from "/page/dom.js";

const KEPT = "playground.people";
const VIEWERS = ["alice", "bob", "carol", "modmia"];

/** The names added by hand, kept across visits. */
function remembered() {
  try {
    const names = JSON.parse(localStorage.getItem(KEPT) ?? "[]");
    return Array.isArray(names) ? names.filter((name) => /^\w{1,25}$/.test(name)) : [];
  } catch {
    return [];
  }
}

export class People {
  #row = $("#people");
  #added = remembered();
  #streamer = "";
  #current = VIEWERS[0];
  #listeners = [];

  constructor() {
    const field = $("#new-person");
    field.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault();
      if (field.value && field.checkValidity()) {
        this.add(field.value);
        field.value = "";
      }
    });
    document.addEventListener("keydown", (event) => this.#key(event));
  }

  /** `changed(login)` is called whenever somebody else is to speak. */
  onChange(changed) {
    this.#listeners.push(changed);
  }

  get current() {
    return this.#current;
  }

  get names() {
    return [...new Set([...VIEWERS, this.#streamer, ...this.#added].filter(Boolean))];
  }

  set streamer(login) {
    this.#streamer = login;
    this.choose(this.names.includes(this.#current) ? this.#current : VIEWERS[0]);
  }

  add(name) {
    const login = name.toLowerCase();
    if (!this.names.includes(login)) {
      this.#added.push(login);
      localStorage.setItem(KEPT, JSON.stringify(this.#added));
    }
    this.choose(login);
  }

  choose(login) {
    this.#current = login;
    this.#show();
    for (const changed of this.#listeners) changed(login);
  }

  #key(event) {
    const names = this.names;
    const digit = /^Digit([1-9])$/.exec(event.code)?.[1];
    if (event.altKey && !event.ctrlKey && digit && names[digit - 1]) {
      event.preventDefault();
      this.choose(names[digit - 1]);
    } else if (event.ctrlKey && event.key === ".") {
      event.preventDefault();
      this.choose(names[(names.indexOf(this.#current) + 1) % names.length]);
    }
  }

  #show() {
    const chips = this.names.map((login, index) => {
      const chip = button("person", login, () => this.choose(login));
      chip.setAttribute("role", "radio");
      chip.setAttribute("aria-checked", String(login === this.#current));
      chip.tabIndex = login === this.#current ? 0 : -1;
      chip.style.color = colourOf(login);
      if (index < 9) {
        const key = element("kbd", "", String(index + 1));
        key.setAttribute("aria-hidden", "true");
        chip.append(key);
        chip.title = `Speak as ${login} (Alt+${index + 1})`;
      }
      chip.addEventListener("keydown", (event) => this.#move(event, index));
      return chip;
    });
    const focused = this.#row.contains(document.activeElement);
    this.#row.replaceChildren(...chips);
    const current = $("[aria-checked=true]", this.#row);
    if (focused) current?.focus();
    current?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  /** Arrow keys move between the people, as in every group of radio buttons. */
  #move(event, index) {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const names = this.names;
    const next = (index + step + names.length) % names.length;
    this.choose(names[next]);
    this.#row.children[next].focus();
  }
}
