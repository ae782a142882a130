// The drawers in which one makes trouble: one for each platform, with what it would have punished.

import { $, element } from "/page/dom.js";

/** Violations shown; the newest are those that one has just caused. */
const SHOWN = 20;

/** A drawer; `name` is the platform's, `once` what its buttons do, by name. */
export class Drawer {
  #dialog;
  #mark;
  #switches = {};
  #switching = 0;

  constructor(name, { once, switched, attempt }) {
    this.#dialog = $(`#${name}-drawer`);
    const opener = $(`[data-drawer=${name}]`);
    this.#mark = $(`[data-trouble=${name}]`);
    opener.addEventListener("click", () => this.#dialog.showModal());
    $(".close", this.#dialog).addEventListener("click", () => this.#dialog.close());
    this.#dialog.addEventListener("click", (event) => event.target === this.#dialog && this.#dialog.close());
    for (const action of this.#dialog.querySelectorAll("[data-once]")) {
      action.addEventListener("click", () => attempt(once[action.dataset.once]));
    }
    for (const box of this.#dialog.querySelectorAll("[data-switch]")) {
      box.addEventListener("change", async () => {
        this.#switching++;
        await attempt(() => switched(box.dataset.switch, box.checked));
        this.#switching--;
        this.#showSwitches();
      });
    }
  }

  /** `switches`: what is on, by name. */
  show({ switches, violations, numbers }) {
    this.#switches = switches;
    this.#showSwitches();
    const newest = violations.slice(-SHOWN).map((text) => element("li", "", text));
    $(".violations", this.#dialog).replaceChildren(...newest);
    $(".numbers", this.#dialog).textContent = numbers;
    this.#mark.hidden = !violations.length;
    this.#mark.textContent = violations.length === 1 ? "1 violation" : `${violations.length} violations`;
  }

  /** Not while one is being switched: what was looked up before that would turn it back. */
  #showSwitches() {
    if (this.#switching) return;
    for (const box of this.#dialog.querySelectorAll("[data-switch]")) {
      box.checked = this.#switches[box.dataset.switch] ?? false;
    }
  }
}
