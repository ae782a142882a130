// The bot's overlay, as it would lie over the stream: small, on a ground that shows what is transparent.

import { $, apiOf, element } from "/page/dom.js";

const KEPT = "playground.overlay";
/** What OBS gives a browser source. */
const WIDTH = 1920;
const HEIGHT = 1080;

export class Overlay {
  #fold = $("#overlay-fold");
  #stage = $("#overlay-stage");
  #url = null;

  async start() {
    // Without an answer there is nothing to show, and the sides tell why.
    const { overlay } = await apiOf("/api")("/page").catch(() => ({}));
    if (!overlay) return;
    this.#url = overlay;
    $("#overlay").hidden = false;
    $("#overlay-link").href = overlay;
    this.#fold.addEventListener("click", () => this.#show(this.#stage.hidden));
    new ResizeObserver(() => this.#scale()).observe(this.#stage);
    this.#show(localStorage.getItem(KEPT) !== "folded");
  }

  /** What is folded does not run. */
  #show(open) {
    localStorage.setItem(KEPT, open ? "open" : "folded");
    this.#fold.setAttribute("aria-expanded", String(open));
    this.#stage.hidden = !open;
    this.#stage.replaceChildren(...(open ? [this.#frame()] : []));
    this.#scale();
  }

  #frame() {
    const frame = element("iframe");
    frame.title = "The bot's overlay";
    frame.width = WIDTH;
    frame.height = HEIGHT;
    frame.tabIndex = -1;
    frame.setAttribute("sandbox", "allow-scripts allow-same-origin");
    frame.src = this.#url;
    return frame;
  }

  #scale() {
    const frame = this.#stage.firstElementChild;
    if (frame) frame.style.transform = `scale(${this.#stage.clientWidth / WIDTH})`;
  }
}
