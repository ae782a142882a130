// What is said in one channel, thread or direct message, as one person sees it.

import { $, button, element } from "/page/dom.js";
import { FLAG, KIND, byAge } from "/page/discord/api.js";
import { Follow } from "/page/follow.js";
import { MessageRow } from "/page/discord/message.js";

/** Messages of the same author within so long stand below one another. */
const TOGETHER_MS = 7 * 60_000;
const NOTICES = { waiting: "Sending command…", failed: "The application did not respond" };

export class Talk {
  #log = $("#talk");
  #empty = $("#talk-empty");
  #follow = new Follow(this.#log, $("#talk-newest"));
  /** What is shown, by id: messages, and commands that have no answer yet. */
  #entries = new Map();
  /** Messages of other channels that something here refers to. */
  #elsewhere = new Map();
  /** What people used the bot for, by the interaction's id. */
  #used = new Map();
  #actions;
  #view;

  /** `actions`: see the functions below; `names` says who is called how. */
  constructor(actions, names) {
    this.#actions = actions;
    this.#view = {
      ...actions,
      names,
      person: "",
      namesVersion: 0,
      mayBeginThreads: false,
      above: (message) => this.#above(message),
      textOf: (message) => (message.kind === KIND.THREAD_STARTER ? this.#referred(message)?.content ?? "" : message.content),
      dismiss: ({ id }) => this.remove([id]),
    };
    this.#log.addEventListener("keydown", (event) => this.#key(event));
  }

  /** Starts afresh. `messages` and `interactions` are those of the channel, `elsewhere` messages that they refer to. */
  show({ person, mayBeginThreads, messages, interactions, elsewhere, used, empty }) {
    Object.assign(this.#view, { person, mayBeginThreads });
    this.#entries.clear();
    this.#elsewhere = new Map(elsewhere.map((message) => [message.id, message]));
    for (const interaction of used) this.#used.set(interaction.id, interaction);
    this.#log.replaceChildren();
    for (const message of messages) this.#put(message);
    for (const interaction of interactions) this.#wait(interaction);
    this.#arrange();
    this.#empty.replaceChildren(...empty);
    this.#follow.toEnd();
  }

  has(id) {
    return this.#entries.has(id);
  }

  put(message) {
    this.#follow.during(() => {
      this.#put(message);
      this.#arrange();
    }, this.#entries.has(message.id) ? 0 : 1);
  }

  remove(ids) {
    this.#follow.during(() => {
      for (const id of ids) {
        const entry = this.#entries.get(id);
        if (entry?.row.contains(document.activeElement)) this.#actions.leave();
        entry?.row.remove();
        this.#entries.delete(id);
      }
      this.#arrange();
      this.around();
    });
  }

  /** Somebody's command or button, as it goes on. */
  interaction(interaction) {
    this.#used.set(interaction.id, interaction);
    this.#follow.during(() => {
      if (interaction.kind === "component") this.#entries.get(interaction.message)?.interaction?.(interaction);
      else this.#wait(interaction);
      this.#arrange();
    });
  }

  /** What is known of an interaction that a message answers has come. */
  learn(interactions) {
    for (const interaction of interactions) this.#used.set(interaction.id, interaction);
    this.around();
  }

  /** Whether it is known what somebody did to have this message as the answer. */
  knows(interaction) {
    return this.#used.has(interaction);
  }

  /** Draws again what depends on channels and other messages. */
  around() {
    for (const entry of this.#entries.values()) entry.around?.();
  }

  /** People or channels are called otherwise now. */
  namesChanged() {
    this.#view.namesVersion += 1;
    for (const entry of this.#entries.values()) entry.update?.(entry.message);
  }

  find(id) {
    const row = this.#entries.get(id)?.row;
    if (!row) return;
    row.scrollIntoView({ block: "center" });
    row.focus();
    row.classList.add("found");
    setTimeout(() => row.classList.remove("found"), 1200);
  }

  follow() {
    this.#follow.toEnd();
  }

  /** Puts the focus on the newest message, from where arrow keys lead further. */
  pick() {
    const rows = this.#log.querySelectorAll(".msg");
    rows[rows.length - 1]?.focus();
  }

  /** The last thing that the person said here. */
  lastOwn() {
    const own = [...this.#entries.values()].filter(({ message }) => message?.author === this.#view.person);
    return own.sort((one, other) => byAge(one.message.id, other.message.id)).at(-1)?.message;
  }

  #put(message) {
    const known = this.#entries.get(message.id);
    if (known) return known.update(message);
    // The answer takes the place of the command that waited for it.
    this.#drop(message.interaction);
    this.#insert(message.id, new MessageRow(message, this.#view));
  }

  #drop(id) {
    if (!this.#entries.has(id)) return;
    this.#entries.get(id).row.remove();
    this.#entries.delete(id);
  }

  /** A command that the bot has not answered, or will not answer any more. */
  #wait({ id, kind, state, command }) {
    if (kind !== "command") return;
    if (!(state in NOTICES)) return this.#drop(id);
    const row = element("div", `pending ${state}`, element("code", "", `/${command}`), element("span", "", NOTICES[state]));
    if (state === "failed") {
      row.append(element("small", "", "Only you can see this · ", button("dismiss", "Dismiss message", () => this.remove([id]))));
    }
    this.#drop(id);
    this.#insert(id, { row, standsAlone: true });
  }

  #insert(id, entry) {
    entry.row.dataset.id = id;
    this.#entries.set(id, entry);
    let next = null;
    for (let row = this.#log.lastElementChild; row && byAge(row.dataset.id, id) > 0; row = row.previousElementSibling) next = row;
    this.#log.insertBefore(entry.row, next);
  }

  #arrange() {
    let before = null;
    for (const row of this.#log.children) {
      const entry = this.#entries.get(row.dataset.id);
      const message = entry.message;
      const near = before?.message && message && Date.parse(message.sent_at) - Date.parse(before.message.sent_at) < TOGETHER_MS;
      const together = near && !entry.standsAlone && before.author === entry.author && before.message.ephemeral_for === null;
      row.classList.toggle("together", Boolean(together && before.message.kind !== KIND.THREAD_CREATED));
      before = entry;
    }
    this.#empty.hidden = this.#entries.size > 0;
  }

  #referred(message) {
    return this.#entries.get(message.reply_to)?.message ?? this.#elsewhere.get(message.reply_to);
  }

  /** The line above a message: what it replies to, or which command it answers. */
  #above(message) {
    if (message.kind === KIND.REPLY) {
      const to = this.#referred(message);
      const text = to?.flags & FLAG.LOADING ? "is thinking…" : to?.content || "a message without words";
      const from = to ? [to.author, text] : ["gone"];
      const words = to ? `@${this.#view.names.called(to.author)}: ${text}` : "a message that is not here any more";
      const draw = () => contextOf(button("context", element("span", "", `↳ ${words}`), () => this.find(message.reply_to)));
      return { from, draw };
    }
    if (message.kind !== KIND.COMMAND) return null;
    const used = this.#used.get(message.interaction);
    const words = used ? [`↳ ${this.#view.names.called(used.person)} used `, element("code", "", `/${used.command}`)] : ["↳ …"];
    return { from: [used?.person, used?.command], draw: () => element("span", "context", element("span", "", ...words)) };
  }

  #key(event) {
    const row = event.target.closest(".msg");
    if (event.key === "Escape") return this.#actions.leave();
    if (!row || event.target !== row || event.altKey || event.ctrlKey || event.metaKey) return;
    const { message } = this.#entries.get(row.dataset.id);
    const reply = () => this.#actions.reply(message);
    const own = message.author === this.#view.person;
    const keys = { r: reply, Enter: reply, d: () => this.#actions.remove(message), e: () => own && this.#actions.edit(message) };
    const go = { ArrowUp: "previousElementSibling", ArrowDown: "nextElementSibling" }[event.key];
    if (go) {
      event.preventDefault();
      let next = row[go];
      while (next && !next.matches(".msg")) next = next[go];
      if (next) next.focus();
      else if (event.key === "ArrowDown") this.#actions.leave();
    } else if (keys[event.key]) {
      event.preventDefault();
      keys[event.key]();
    }
  }
}

function contextOf(context) {
  context.title = "Show the message";
  return context;
}
