// The list of channels: those of each server with their threads, and direct messages, as far as a person may see them.

import { $, button, element } from "/page/dom.js";

const GLYPHS = { text: "hash", announcement: "hash", forum: "hash", voice: "hash", dm: "at" };

/** The glyph before a channel's name, and what it says to those who do not see it. */
export function glyphOf(channel) {
  if (channel.private) return ["lock", "private "];
  return channel.thread ? ["thread", "thread "] : [GLYPHS[channel.kind] ?? "hash", ""];
}

export class Channels {
  #list = $("#channels");
  #burger = $("#show-channels");
  #open;

  /** `open(id)` is called with the channel that is chosen; `id` is null for the direct message with the bot. */
  constructor(open) {
    this.#open = open;
    this.#burger.addEventListener("click", () => this.#unfold(!this.#isUnfolded()));
    this.#list.addEventListener("keydown", (event) => this.#key(event));
    document.addEventListener("click", (event) => {
      if (this.#isUnfolded() && !event.target.closest("#channels, #show-channels")) this.#unfold(false);
    });
  }

  /** `unread` are the channels in which something was said since they were last open. */
  show({ guilds, channels, bot }, current, unread) {
    const focused = document.activeElement?.closest?.("#channels button")?.dataset.id;
    const item = (channel, name = channel.name) => this.#item(channel, name, current, unread);
    const parts = guilds.flatMap((guild) => {
      const here = channels.filter((channel) => channel.guild === guild.id && !channel.thread && channel.kind !== "category");
      if (!here.length) return [];
      const rows = here.flatMap((channel) => [channel, ...threadsOf(channel, channels, current)]);
      return [element("h3", "", guild.name), element("ul", "", ...rows.map((channel) => item(channel)))];
    });
    const direct = channels.find(({ kind }) => kind === "dm");
    const message = direct ? item(direct, bot.name) : this.#item({ id: "", kind: "dm" }, bot.name, current, unread);
    parts.push(element("h3", "", "Direct messages"), element("ul", "", message));
    this.#list.replaceChildren(...parts);
    if (focused !== undefined) $(`[data-id="${focused}"]`, this.#list)?.focus();
    this.#burger.classList.toggle("unread", [...unread].some((id) => id !== current));
  }

  #item(channel, name, current, unread) {
    const [glyph, spoken] = glyphOf(channel);
    const chosen = () => {
      this.#unfold(false);
      this.#open(channel.id || null);
    };
    const made = button(channel.thread ? "channel thread" : "channel", element("i", `glyph ${glyph}`), chosen);
    made.append(element("span", "", name));
    made.dataset.id = channel.id;
    const news = unread.has(channel.id) && channel.id !== current;
    made.classList.toggle("unread", news);
    made.classList.toggle("archived", Boolean(channel.thread?.archived));
    made.setAttribute("aria-label", `${spoken}${name}${news ? ", unread" : ""}`);
    if (channel.id && channel.id === current) made.setAttribute("aria-current", "page");
    return element("li", "", made);
  }

  #isUnfolded() {
    return this.#list.classList.contains("unfolded");
  }

  /** Where there is little room, the list lies over the messages while one chooses. */
  #unfold(wanted) {
    this.#list.classList.toggle("unfolded", wanted);
    this.#burger.setAttribute("aria-expanded", String(wanted));
    if (wanted) ($("[aria-current]", this.#list) ?? $("button", this.#list))?.focus();
  }

  #key(event) {
    if (event.key === "Escape" && this.#isUnfolded()) {
      this.#unfold(false);
      this.#burger.focus();
      return;
    }
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const all = [...this.#list.querySelectorAll("button")];
    all[all.indexOf(document.activeElement) + step]?.focus();
  }
}

/** A channel's threads, the newest first; archived ones only while they are open. */
function threadsOf(channel, channels, current) {
  const threads = channels.filter(({ parent, thread, id }) => parent === channel.id && (!thread?.archived || id === current));
  return threads.reverse();
}
