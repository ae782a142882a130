// The chat itself: lines as they come, replies in their context, scrolling that leaves the reader alone.

import { $, button, colourOf, element, linkTo, timeOf } from "/page/dom.js";
import { Follow } from "/page/follow.js";

const EMOTES = /^(?:soypet2[A-Z]\w*|Kappa|LUL|HeyGuys|PogChamp|<3)$/;
const LINK = /^https?:\/\/\S+$/;
const MENTION = /^@\w+/;
const BADGES = { broadcaster: "STREAMER", moderator: "MOD", "bot-badge": "" };
/** Lines on the page; the oldest go first. */
const SHOWN = 500;

export class Chat {
  #log = $("#log");
  #empty = $("#empty");
  #follow = new Follow(this.#log, $("#newest"));
  #lines = new Map();
  #actions;

  /** `actions`: what can be done with a line: `reply(line)`, `remove(line)`, `timeOut(line)`, `leave()`. */
  constructor(actions) {
    this.#actions = actions;
    this.#log.addEventListener("keydown", (event) => this.#key(event));
  }

  /** Starts afresh with these lines of a channel; what came in while they were fetched stays. */
  reset(lines, channel) {
    const last = lines.at(-1)?.seq ?? 0;
    const newer = [...this.#lines.values()].filter((line) => line.channel === channel && line.seq > last);
    this.#lines.clear();
    this.#log.replaceChildren();
    [...lines, ...newer].forEach((line) => this.add(line));
    this.#empty.hidden = this.#lines.size > 0;
    this.#follow.toEnd();
  }

  add(line) {
    if (this.#lines.has(line.id)) return;
    this.#lines.set(line.id, line);
    this.#append(this.#draw(line));
  }

  /** Something that happened and that nobody said. */
  note(text, bad = false) {
    this.#append(element("p", bad ? "note bad" : "note", text));
  }

  remove(ids) {
    for (const id of ids) {
      const line = this.#lines.get(id);
      if (!line) continue;
      line.deleted = true;
      const row = this.#row(id);
      const focused = row.contains(document.activeElement);
      const redrawn = this.#draw(line);
      row.replaceWith(redrawn);
      if (focused) redrawn.focus();
    }
  }

  follow() {
    this.#follow.toEnd();
  }

  /** Puts the focus on the newest line, from where arrow keys lead further. */
  pick() {
    const rows = this.#log.querySelectorAll(".line");
    rows[rows.length - 1]?.focus();
  }

  #append(row) {
    this.#follow.during(() => {
      this.#empty.hidden = true;
      this.#log.append(row);
      while (this.#log.children.length > SHOWN) this.#forgetOldest();
    }, 1);
  }

  #forgetOldest() {
    const oldest = this.#log.firstElementChild;
    this.#lines.delete(oldest.dataset.id);
    oldest.remove();
  }

  #row(id) {
    return this.#log.querySelector(`[data-id="${CSS.escape(id)}"]`);
  }

  #key(event) {
    const row = event.target.closest(".line");
    if (event.key === "Escape") return this.#actions.leave();
    if (!row || event.altKey || event.ctrlKey || event.metaKey) return;
    const line = this.#lines.get(row.dataset.id);
    const reply = () => this.#actions.reply(line);
    const keys = { r: reply, d: () => this.#actions.remove(line), t: () => this.#actions.timeOut(line) };
    if (event.target === row) keys.Enter = reply;
    const go = { ArrowUp: "previousElementSibling", ArrowDown: "nextElementSibling" }[event.key];
    if (go) {
      event.preventDefault();
      let next = row[go];
      while (next && !next.matches(".line")) next = next[go];
      if (next) next.focus();
      else if (event.key === "ArrowDown") this.#actions.leave();
    } else if (keys[event.key]) {
      event.preventDefault();
      keys[event.key]();
    }
  }

  #draw(line) {
    const row = element("article", line.by_bot ? "line bot" : "line");
    row.dataset.id = line.id;
    row.tabIndex = -1;
    if (line.reply_to) row.append(this.#context(line.reply_to));
    const name = element("span", "name", line.display_name);
    name.style.color = colourOf(line.login);
    row.append(timeOf(line.ts), ...this.#badges(line), name, ...this.#said(line), this.#tools(line));
    row.addEventListener("click", (event) => {
      // Whoever marks text to copy it does not want to reply.
      if (!event.target.closest("button, a") && getSelection().isCollapsed) this.#actions.reply(line);
    });
    return row;
  }

  #badges(line) {
    const badges = line.badges.map(([badge]) => {
      const known = badge in BADGES;
      return element("span", `badge ${known ? badge : "other"}`, known ? BADGES[badge] : badge.toUpperCase());
    });
    if (line.by_bot) badges.unshift(element("span", "badge bot", "BOT"));
    return badges.filter((badge) => badge.textContent);
  }

  #context(id) {
    const parent = this.#lines.get(id);
    const text = parent?.deleted ? "message deleted" : parent?.text;
    const whom = parent ? `Replying to @${parent.display_name}: ${text}` : "Replying to a line that is not here";
    const context = button("context", element("span", "", `↳ ${whom}`), () => this.#find(id));
    context.title = "Show the line";
    return context;
  }

  #find(id) {
    const row = this.#row(id);
    if (!row) return;
    row.scrollIntoView({ block: "center" });
    row.focus();
    row.classList.add("found");
    setTimeout(() => row.classList.remove("found"), 1200);
  }

  #said(line) {
    if (line.deleted) return this.#deleted(line);
    const action = /^\u0001ACTION (.*)\u0001$/s.exec(line.text);
    const text = element("span", action ? "text action" : "text");
    const words = (action ? action[1] : line.text).split(/(\s+)/);
    text.append(...words.map((word) => this.#word(word)));
    return [action ? " " : ": ", text];
  }

  /** A deleted line is hidden, as on Twitch; here one may still look at it. */
  #deleted(line) {
    const show = button("context inline", "show", () => show.replaceWith(element("span", "was", line.text)));
    return [": ", element("span", "gone", "message deleted "), show];
  }

  #word(word) {
    if (EMOTES.test(word)) {
      const emote = element("span", "emote", word.replace(/^soypet2/, ""));
      emote.title = word;
      return emote;
    }
    if (MENTION.test(word)) return element("span", "mention", word);
    return LINK.test(word) ? linkTo(word) : document.createTextNode(word);
  }

  #tools(line) {
    const tools = element("span", "tools");
    const tool = (text, label, act) => {
      const made = button("", text, () => act(line), label);
      made.tabIndex = -1;
      tools.append(made);
    };
    tool("Reply", "Reply (r)", this.#actions.reply);
    if (!line.deleted) tool("Delete", "Delete as a moderator (d)", this.#actions.remove);
    tool("Time out", "Time the person out for 10 minutes (t)", this.#actions.timeOut);
    return tools;
  }
}
