// One message, drawn and kept up to date: only what has changed is drawn again, so that a message that is being edited
// neither flickers nor loses the focus.

import { button, colourOf, element, timeOf } from "/page/dom.js";
import { FLAG, KIND } from "/page/discord/api.js";
import { componentRows, embedOf, fileOf } from "/page/discord/parts.js";
import { markdown } from "/page/discord/markdown.js";

const THUMBS_DOWN = "👎";
/** Those that matter here are drawn, for not every system has a font with them. */
const DRAWN = { [THUMBS_DOWN]: "down", "👍": "down up-side" };

export class MessageRow {
  /** The message as it was last told. */
  message;
  row = element("article", "msg");
  #view;
  /** The parts, by name: the element that shows it, and what it was drawn from. */
  #parts = new Map();
  #pressed = new Set();

  /** `view`: what is around the message, and what can be done with it; see `Talk`. */
  constructor(message, view) {
    this.#view = view;
    this.row.tabIndex = -1;
    this.row.dataset.id = message.id;
    for (const name of ["above", "avatar", "head", "body", "files", "components", "thread", "reactions", "below", "tools"]) {
      const place = element("div", name);
      this.#parts.set(name, { place, from: null });
      this.row.append(place);
    }
    this.update(message);
  }

  get author() {
    return this.message.author;
  }

  /** Whether it stands on its own, and not below an earlier message of the same author. */
  get standsAlone() {
    return this.message.kind !== 0 || this.message.ephemeral_for !== null;
  }

  update(message) {
    this.message = message;
    const { flags, kind, reactions, components } = message;
    const me = this.#view.person;
    const notice = kind === KIND.THREAD_CREATED;
    this.row.classList.toggle("bot", message.by_bot);
    this.row.classList.toggle("ephemeral", message.ephemeral_for !== null);
    this.row.classList.toggle("notice", notice);
    this.#draw("avatar", [message.author], () => [this.#avatar()]);
    this.#draw("head", [message.author, message.by_bot], () => this.#head());
    this.#draw("body", [this.#view.textOf(message), flags, message.edited_at, this.#view.namesVersion], () => this.#body());
    this.#draw("files", [message.attachments, message.embeds], () => [
      ...message.attachments.map(fileOf),
      ...message.embeds.map((embed) => embedOf(embed, this.#view.names)),
    ]);
    this.#draw("components", [components], () => componentRows(components, (id, values) => this.#press(id, values)));
    // Not drawn anew for this: whoever is about to press another one must find it where it was.
    for (const one of this.#parts.get("components").place.querySelectorAll("[data-key]")) {
      one.setAttribute("aria-busy", String(this.#pressed.has(one.dataset.key)));
    }
    this.#draw("reactions", [reactions, me], () => reactions.map((reaction) => this.#reaction(reaction, me)));
    this.#draw("tools", [message.author === me, message.ephemeral_for, flags & FLAG.HAS_THREAD], () => this.#tools());
    this.around();
  }

  /** Draws what depends on other messages, interactions and channels. */
  around() {
    const { message } = this;
    const above = this.#view.above(message);
    this.#draw("above", above?.from ?? [], () => (above ? [above.draw()] : []));
    const thread = this.#view.threadOf(message);
    this.#draw("thread", thread ? [thread.name, thread.thread.archived] : [], () => (thread ? [this.#thread(thread)] : []));
    this.#draw("below", [message.ephemeral_for, this.failure], () => this.#below());
  }

  /** What became of a button that was pressed here. */
  interaction({ custom_id, state }) {
    if (state === "waiting") this.#pressed.add(custom_id);
    else this.#pressed.delete(custom_id);
    this.failure = state === "failed" ? "This interaction failed" : "";
    this.update(this.message);
  }

  #draw(name, from, parts) {
    const part = this.#parts.get(name);
    const key = JSON.stringify(from);
    if (part.from === key) return;
    part.from = key;
    const focused = part.place.contains(document.activeElement) && document.activeElement.dataset.key;
    part.place.replaceChildren(...parts());
    part.place.hidden = !part.place.childNodes.length;
    if (focused) part.place.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
  }

  #avatar() {
    const { author } = this.message;
    const avatar = element("span", "face", author.slice(0, 1).toUpperCase());
    avatar.style.background = colourOf(author);
    avatar.setAttribute("aria-hidden", "true");
    return avatar;
  }

  #head() {
    const { author, by_bot, sent_at } = this.message;
    const name = element("span", "name", this.#view.names.called(author));
    name.style.color = colourOf(author);
    return [name, by_bot ? element("span", "badge app", "APP") : null, timeOf(sent_at)].filter(Boolean);
  }

  #body() {
    const { message } = this;
    if (message.flags & FLAG.LOADING) {
      const dots = element("span", "dots", element("i"), element("i"), element("i"));
      dots.setAttribute("aria-hidden", "true");
      return [element("p", "thinking", dots, `${this.#view.names.called(message.author)} is thinking…`)];
    }
    if (message.kind === KIND.THREAD_CREATED) {
      const open = button("mention", message.content, () => this.#view.names.open(message.reply_to));
      return [element("p", "", "started a thread: ", open)];
    }
    const text = markdown(this.#view.textOf(message), this.#view.names);
    // A deferred answer's first words are no edit.
    if (message.edited_at && message.versions.filter(({ content }) => content).length > 1) {
      const edited = element("span", "edited", " (edited)");
      edited.title = new Date(message.edited_at).toLocaleString();
      // After the last words, not on a line of its own.
      const last = text.at(-1)?.matches?.("blockquote") ? text.at(-1).lastElementChild : text.at(-1);
      if (last?.tagName === "P") last.append(edited);
      else text.push(element("p", "", edited));
    }
    return text;
  }

  #reaction({ emoji, people }, me) {
    const mine = people.includes(me);
    const shown = emoji.includes(":") ? `:${emoji.split(":")[0]}:` : emoji;
    const drawn = DRAWN[emoji] ? element("i", `glyph ${DRAWN[emoji]}`) : `${shown} `;
    const chip = button("reaction", drawn, () => this.#view.react(this.message, emoji, !mine));
    chip.append(String(people.length));
    chip.title = people.join(", ");
    chip.dataset.key = emoji;
    chip.setAttribute("aria-pressed", String(mine));
    chip.setAttribute("aria-label", `${shown}, ${people.length}: ${people.join(", ")}`);
    return chip;
  }

  #thread(thread) {
    const state = thread.thread.archived ? "archived" : "open";
    const card = button("thread-card", element("i", "glyph thread"), () => this.#view.names.open(thread.id));
    card.append(element("strong", "", thread.name), element("span", "", state === "open" ? "See thread ›" : "Archived ›"));
    card.setAttribute("aria-label", `Thread ${thread.name}, ${state}`);
    return card;
  }

  #below() {
    const parts = [];
    if (this.failure) parts.push(element("p", "failure", this.failure));
    if (this.message.ephemeral_for !== null) {
      const dismiss = button("dismiss", "Dismiss message", () => this.#view.dismiss(this.message));
      parts.push(element("p", "only-you", element("i", "glyph eye"), "Only you can see this · ", dismiss));
    }
    return parts;
  }

  #press(custom_id, values) {
    this.failure = "";
    this.#view.press(this.message, custom_id, values);
  }

  #tools() {
    const { message } = this;
    if (message.kind === KIND.THREAD_CREATED || message.kind === KIND.THREAD_STARTER) return [];
    const made = [];
    const tool = (glyph, label, act) => {
      const one = button("tool", element("i", `glyph ${glyph}`), () => act(message), label);
      one.tabIndex = -1;
      made.push(one);
      return one;
    };
    if (message.ephemeral_for !== null) return made;
    tool("reply", "Reply (r)", this.#view.reply);
    if (this.#view.mayBeginThreads && !(message.flags & FLAG.HAS_THREAD)) tool("thread", "Start a thread", this.#view.beginThread);
    if (message.author === this.#view.person) tool("edit", "Edit (e)", this.#view.edit);
    tool("bin", "Delete (d)", this.#view.remove);
    // The last one, always shown: it must not move from under the pointer when the others appear.
    if (message.by_bot) {
      tool("down", "Thumbs down: this is wrong", () => {
        const given = message.reactions.find(({ emoji }) => emoji === THUMBS_DOWN);
        this.#view.react(this.message, THUMBS_DOWN, !given?.people.includes(this.#view.person));
      }).classList.add("thumb");
    }
    return made;
  }
}
