// A menu: a box that shows what is chosen, and opens a list to choose from, by mouse or by keyboard.

import { button, element } from "/page/dom.js";

/** Between the box and its list. */
const GAP = 4;
/** Nearer to the window's edge than this the list does not come. */
const EDGE = 8;
let made = 0;

/** A menu as the bot sent it; `press(id, values)` is called with what somebody chooses. */
export function menuOf(menu, press) {
  return new Menu(menu, press).frame;
}

class Menu {
  frame = element("span", "menu-frame");
  #menu;
  #least;
  #most;
  #press;
  #chosen;
  #active = 0;
  #box;
  #value = element("span", "menu-value");
  #popup = element("div", "menu-popup");
  #list = element("ul", "");
  #send = null;
  #open = null;

  constructor(menu, press) {
    this.#menu = menu;
    this.#press = press;
    this.#least = menu.min_values ?? 1;
    this.#most = menu.max_values ?? 1;
    this.#chosen = new Set(menu.options.filter((option) => option.default).map(({ value }) => value));
    this.#makeBox();
    this.#makeList();
    this.frame.append(this.#box, this.#popup);
    this.frame.addEventListener("focusout", ({ relatedTarget }) => this.frame.contains(relatedTarget) || this.#close());
    this.#show();
  }

  get #many() {
    return this.#most > 1;
  }

  #makeBox() {
    this.#box = button("menu", this.#value, () => (this.#open ? this.#close() : this.#unfold()));
    this.#box.append(element("i", "glyph fold"));
    this.#box.dataset.key = this.#menu.custom_id;
    this.#box.disabled = Boolean(this.#menu.disabled);
    this.#box.setAttribute("role", "combobox");
    this.#box.setAttribute("aria-haspopup", "listbox");
    this.#box.setAttribute("aria-expanded", "false");
    this.#box.addEventListener("keydown", (event) => this.#key(event));
  }

  #makeList() {
    const id = `menu-${++made}`;
    this.#popup.popover = "manual";
    this.#list.id = id;
    this.#list.setAttribute("role", "listbox");
    this.#list.setAttribute("aria-label", this.#hint);
    this.#list.setAttribute("aria-multiselectable", String(this.#many));
    this.#box.setAttribute("aria-controls", id);
    this.#list.append(...this.#menu.options.map((option, place) => this.#option(option, place, `${id}-${place}`)));
    this.#popup.append(this.#list);
    if (this.#many) {
      this.#send = button("primary", "Choose", () => this.#choose());
      this.#send.tabIndex = -1;
      const range = this.#least === this.#most ? this.#most : `${this.#least} to ${this.#most}`;
      this.#popup.append(element("footer", "", element("span", "", `Choose ${range}: Space marks, Enter sends`), this.#send));
    }
    // The focus stays in the box, whatever is clicked on in the list.
    this.#popup.addEventListener("mousedown", (event) => event.preventDefault());
  }

  #option({ label, description, emoji, value }, place, id) {
    const words = element("span", "", element("strong", "", label), description && element("small", "", description));
    const sign = emoji && element("span", "sign", emoji.id ? `:${emoji.name}:` : emoji.name);
    const item = element("li", "", element("i", "mark"), sign, words);
    item.id = id;
    item.dataset.value = value;
    item.setAttribute("role", "option");
    item.addEventListener("click", () => {
      this.#move(place);
      this.#take();
    });
    return item;
  }

  get #hint() {
    return this.#menu.placeholder ?? "Make a selection";
  }

  #labels() {
    return this.#menu.options.filter(({ value }) => this.#chosen.has(value)).map(({ label }) => label).join(", ");
  }

  #show() {
    const labels = this.#labels();
    this.#value.textContent = labels || this.#hint;
    this.#value.classList.toggle("none", !labels);
    this.#box.setAttribute("aria-label", labels ? `${this.#hint}: ${labels}` : this.#hint);
    const full = this.#many && this.#chosen.size >= this.#most;
    for (const item of this.#list.children) {
      const chosen = this.#chosen.has(item.dataset.value);
      item.setAttribute("aria-selected", String(chosen));
      item.setAttribute("aria-disabled", String(full && !chosen));
    }
    if (this.#send) this.#send.disabled = this.#chosen.size < this.#least;
  }

  #unfold() {
    this.#open = new AbortController();
    const { signal } = this.#open;
    this.#popup.showPopover();
    this.#box.setAttribute("aria-expanded", "true");
    this.#box.focus();
    this.#place();
    this.#move(Math.max(0, this.#menu.options.findIndex(({ value }) => this.#chosen.has(value))));
    document.addEventListener("scroll", () => this.#place(), { capture: true, signal });
    window.addEventListener("resize", () => this.#place(), { signal });
  }

  /** Below the box where there is room, else above it. */
  #place() {
    if (!this.#box.isConnected) return this.#close();
    const [box, style] = [this.#box.getBoundingClientRect(), this.#popup.style];
    style.width = `${box.width}px`;
    const height = this.#popup.offsetHeight;
    const below = box.bottom + GAP;
    const fits = below + height <= innerHeight - EDGE;
    style.left = `${box.left}px`;
    style.top = `${fits ? below : Math.max(EDGE, box.top - GAP - height)}px`;
    return undefined;
  }

  #close() {
    if (!this.#open) return;
    this.#open.abort();
    this.#open = null;
    if (this.#popup.isConnected) this.#popup.hidePopover();
    this.#box.setAttribute("aria-expanded", "false");
    this.#box.removeAttribute("aria-activedescendant");
  }

  #move(place) {
    const items = this.#list.children;
    this.#active = (place + items.length) % items.length;
    for (const item of items) item.classList.toggle("active", item === items[this.#active]);
    this.#box.setAttribute("aria-activedescendant", items[this.#active].id);
    items[this.#active].scrollIntoView({ block: "nearest" });
  }

  /** Takes the option that one is at, or gives it back. */
  #take() {
    const { value } = this.#menu.options[this.#active];
    const had = this.#chosen.has(value);
    if (this.#many) {
      if (had) this.#chosen.delete(value);
      else if (this.#chosen.size < this.#most) this.#chosen.add(value);
      return this.#show();
    }
    this.#chosen = new Set(had && this.#least === 0 ? [] : [value]);
    return this.#choose();
  }

  #choose() {
    if (this.#chosen.size < this.#least) return;
    this.#show();
    this.#close();
    const values = this.#menu.options.map(({ value }) => value).filter((value) => this.#chosen.has(value));
    this.#press(this.#menu.custom_id, values);
  }

  #key(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (!this.#open) {
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        this.#unfold();
      }
      return;
    }
    const last = this.#menu.options.length - 1;
    const act = {
      ArrowDown: () => this.#move(this.#active + 1),
      ArrowUp: () => this.#move(this.#active - 1),
      Home: () => this.#move(0),
      End: () => this.#move(last),
      Enter: () => (this.#many ? this.#choose() : this.#take()),
      " ": () => this.#take(),
      Escape: () => this.#close(),
    }[event.key];
    if (act) {
      event.preventDefault();
      event.stopPropagation();
      act();
    } else if (event.key.length === 1) {
      this.#seek(event.key.toLowerCase());
    }
  }

  /** Goes to the next option that begins with a letter. */
  #seek(letter) {
    const { options } = this.#menu;
    const places = options.map((_, step) => (this.#active + 1 + step) % options.length);
    const found = places.find((place) => options[place].label.toLowerCase().startsWith(letter));
    if (found !== undefined) this.#move(found);
  }
}
