// The stream's title, category and live state.

import { $ } from "/page/dom.js";
import { api, attempt } from "/page/twitch/api.js";

export class Stream {
  #title = $("#title");
  #category = $("#category");
  #live = $("#live");
  #save = $("#save");

  /** `side.channel` is the channel whose stream it is. */
  constructor(side) {
    for (const field of [this.#title, this.#category]) {
      field.addEventListener("input", () => {
        this.#save.disabled = false;
        $("#saved").textContent = "";
      });
    }
    this.#title.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault();
      $("#stream").requestSubmit();
    });
    $("#stream").addEventListener("submit", (event) => {
      event.preventDefault();
      attempt(async () => {
        await api("/title", { channel: side.channel, title: this.#title.value, category: this.#category.value });
        this.#save.disabled = true;
        $("#saved").textContent = "Saved";
      });
    });
    this.#live.addEventListener("change", () =>
      attempt(() => api("/title", { channel: side.channel, live: this.#live.checked })),
    );
  }

  show({ title, category, live }) {
    // What somebody is typing is not overwritten by what somebody else saved.
    if (this.#save.disabled) {
      this.#title.value = title;
      this.#category.value = category;
    }
    this.#live.checked = live;
    $("#live-label").textContent = live ? "Live" : "Offline";
  }

  /** What was typed and not saved belongs to another channel. */
  forgetChanges() {
    this.#save.disabled = true;
  }
}
