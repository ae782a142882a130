// Who is typing in the channel that is open.

import { $ } from "/page/dom.js";

/** Discord's own page believes it for so long. */
const BELIEVED_MS = 10_000;

export class Typing {
  #place = $("#typing");
  #names;
  #channel = null;
  /** Until when, by channel and person. */
  #people = new Map();
  #timer = 0;

  constructor(names) {
    this.#names = names;
  }

  enter(channel) {
    this.#channel = channel;
    this.#show();
  }

  began(channel, person) {
    this.#people.set(`${channel}/${person}`, Date.now() + BELIEVED_MS);
    this.#show();
  }

  stopped(channel, person) {
    if (this.#people.delete(`${channel}/${person}`)) this.#show();
  }

  clear() {
    this.#people.clear();
    this.#show();
  }

  #show() {
    clearTimeout(this.#timer);
    const now = Date.now();
    for (const [key, until] of this.#people) if (until <= now) this.#people.delete(key);
    const here = [...this.#people.keys()].map((key) => key.split("/")).filter(([channel]) => channel === this.#channel);
    const people = here.map(([, person]) => this.#names.called(person));
    this.#place.textContent = !people.length ? ""
      : people.length > 3 ? "Several people are typing…"
      : `${people.join(", ")} ${people.length > 1 ? "are" : "is"} typing…`;
    if (this.#people.size) this.#timer = setTimeout(() => this.#show(), Math.min(...this.#people.values()) - now + 10);
  }
}
