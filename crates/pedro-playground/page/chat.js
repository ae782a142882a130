// The chat itself: lines as they come, replies in their context, scrolling that leaves the reader alone.

import { colourOf } from "/people.js";

const EMOTES = /^(?:soypet2[A-Z]\w*|Kappa|LUL|HeyGuys|PogChamp|<3)$/;
const LINK = /^https?:\/\/\S+$/;
const MENTION = /^@\w+/;
const BADGES = { broadcaster: "STREAMER", moderator: "MOD", "bot-badge": "" };
/** Nearer to the end than this, the reader follows the chat. */
const FOLLOWING = 60;
/** Lines on the page; the oldest go first. */
const SHOWN = 500;

function element(kind, className, text) {
  const made = document.createElement(kind);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

export class Chat {
  #log = document.querySelector("#log");
  #newest = document.querySelector("#newest");
  #empty = document.querySelector("#empty");
  #lines = new Map();
  #unread = 0;
  #actions;

  /** `actions`: what can be done with a line: `reply(line)`, `remove(line)`, `timeOut(line)`, `leave()`. */
  constructor(actions) {
    this.#actions = actions;
    this.#newest.addEventListener("click", () => this.follow());
    this.#log.addEventListener("scroll", () => this.#isFollowing() && this.#read());
    this.#log.addEventListener("keydown", (event) => this.#key(event));
    // A field that grows (a reply, a problem) takes room from the log: who was at the end stays there.
    let followed = true;
    this.#log.addEventListener("scroll", () => (followed = this.#isFollowing()));
    new ResizeObserver(() => followed && this.follow()).observe(this.#log);
  }

  /** Starts afresh with these lines of a channel; what came in while they were fetched stays. */
  reset(lines, channel) {
    const last = lines.at(-1)?.seq ?? 0;
    const newer = [...this.#lines.values()].filter((line) => line.channel === channel && line.seq > last);
    this.#lines.clear();
    this.#log.replaceChildren();
    [...lines, ...newer].forEach((line) => this.add(line));
    this.#empty.hidden = this.#lines.size > 0;
    this.follow();
  }

  add(line) {
    if (this.#lines.has(line.id)) return;
    this.#lines.set(line.id, line);
    this.#append(this.#draw(line), line.text);
  }

  /** Something that happened and that nobody said. */
  note(text, bad = false) {
    this.#append(element("p", bad ? "note bad" : "note", text), text);
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
    this.#log.scrollTop = this.#log.scrollHeight;
    this.#read();
  }

  /** Puts the focus on the newest line, from where arrow keys lead further. */
  pick() {
    const rows = this.#log.querySelectorAll(".line");
    rows[rows.length - 1]?.focus();
  }

  #append(row) {
    const following = this.#isFollowing();
    this.#empty.hidden = true;
    this.#log.append(row);
    while (this.#log.children.length > SHOWN) this.#forgetOldest();
    if (following) {
      this.follow();
    } else {
      this.#unread += 1;
      this.#newest.textContent = this.#unread === 1 ? "1 new line ↓" : `${this.#unread} new lines ↓`;
      this.#newest.hidden = false;
    }
  }

  #forgetOldest() {
    const oldest = this.#log.firstElementChild;
    this.#lines.delete(oldest.dataset.id);
    oldest.remove();
  }

  #isFollowing() {
    return this.#log.scrollHeight - this.#log.scrollTop - this.#log.clientHeight < FOLLOWING;
  }

  #read() {
    this.#unread = 0;
    this.#newest.hidden = true;
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
    const at = new Date(line.ts);
    const time = element("time", "", at.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }));
    time.dateTime = at.toISOString();
    const name = element("span", "name", line.display_name);
    name.style.color = colourOf(line.login);
    row.append(time, ...this.#badges(line), name, ...this.#said(line), this.#tools(line));
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
    const button = element("button", "context");
    button.type = "button";
    const text = parent?.deleted ? "message deleted" : parent?.text;
    const whom = parent ? `Replying to @${parent.display_name}: ${text}` : "Replying to a line that is not here";
    button.append(element("span", "", `↳ ${whom}`));
    button.title = "Show the line";
    button.addEventListener("click", () => this.#find(id));
    return button;
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
    const show = element("button", "context", "show");
    show.type = "button";
    show.style.display = "inline";
    show.addEventListener("click", () => show.replaceWith(element("span", "was", line.text)));
    return [": ", element("span", "gone", "message deleted "), show];
  }

  #word(word) {
    if (EMOTES.test(word)) {
      const emote = element("span", "emote", word.replace(/^soypet2/, ""));
      emote.title = word;
      return emote;
    }
    if (MENTION.test(word)) return element("span", "mention", word);
    if (!LINK.test(word)) return document.createTextNode(word);
    const link = element("a", "", word);
    link.href = word;
    link.target = "_blank";
    link.rel = "noreferrer noopener";
    return link;
  }

  #tools(line) {
    const tools = element("span", "tools");
    const tool = (text, label, act) => {
      const button = element("button", "", text);
      button.type = "button";
      button.tabIndex = -1;
      button.title = label;
      button.addEventListener("click", () => act(line));
      tools.append(button);
    };
    tool("Reply", "Reply (r)", this.#actions.reply);
    if (!line.deleted) tool("Delete", "Delete as a moderator (d)", this.#actions.remove);
    tool("Time out", "Time the person out for 10 minutes (t)", this.#actions.timeOut);
    return tools;
  }
}
