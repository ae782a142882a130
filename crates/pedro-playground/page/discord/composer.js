// The message box on Discord: saying something, replying, editing, naming people, and the way into slash commands.

import { $, colourOf } from "/page/dom.js";
import { CommandLine } from "/page/discord/slash.js";
import { Suggest } from "/page/discord/suggest.js";

/** Others are told that somebody types, as often as Discord's own page tells them. */
const TYPING_MS = 8_000;
const TALLEST = 180;

export class Composer {
  #say = $("#talk-say");
  #send = $("#talk-composer .primary");
  #context = $("#talk-context");
  #suggest = new Suggest();
  #line;
  #actions;
  #place = null;
  #replyTo = null;
  #editing = null;
  #told = 0;

  /** `actions`: `say`, `edit`, `type`, `run`, `suggestions`, `pick`, `lastOwn`, `complain`, `known`. */
  constructor(actions) {
    this.#actions = actions;
    this.#line = new CommandLine(this.#suggest, { ...actions, leave: (text) => this.#left(text) });
    $("#talk-composer").addEventListener("submit", (event) => {
      event.preventDefault();
      if (this.#line.isOpen) this.#line.run();
      else this.#submit();
    });
    this.#say.addEventListener("input", () => this.#typed());
    this.#say.addEventListener("keydown", (event) => this.#key(event));
    this.#say.addEventListener("focusout", () => this.#suggest.hide());
    $("#talk-context-cancel").addEventListener("click", () => {
      this.cancel();
      this.focus();
    });
  }

  /** Where one speaks now, as whom, and which commands there are; `where` is shown in the empty box. */
  enter({ key, person, where, canSend, commands }) {
    if (this.#place !== key) {
      this.#place = key;
      this.#told = 0;
      if (this.#line.isOpen) this.#line.close();
      this.cancel();
    }
    const others = this.#line.learn(commands);
    this.#say.disabled = !canSend;
    this.#send.disabled = !canSend;
    this.#say.placeholder = canSend ? `Message ${where} as ${person}` : `${person} may not write here`;
    this.#say.style.caretColor = colourOf(person);
    // Somebody may have begun to type one before they were known.
    if (others && document.activeElement === this.#say && this.#isCommand()) this.#line.offer(this.#say.value);
  }

  focus() {
    if (!this.#line.isOpen) this.#say.focus();
  }

  /** Puts a text into the box; a command is begun. */
  suggest(text) {
    if (this.#line.isOpen) this.#line.close();
    if (text.startsWith("/") && this.#line.beginNamed(text.slice(1))) return;
    this.#fill(text);
    this.focus();
    this.#typed();
  }

  reply(message, name) {
    this.#show({ replyTo: message, text: `Replying to @${name}: ${message.content}` });
  }

  edit(message) {
    this.#show({ editing: message, text: "Editing your message. Enter saves it, Escape leaves it as it is." });
    this.#fill(message.content);
  }

  cancel() {
    if (this.#editing) this.#fill("");
    this.#replyTo = this.#editing = null;
    this.#context.hidden = true;
  }

  #show({ replyTo = null, editing = null, text }) {
    if (this.#line.isOpen) this.#line.close();
    this.cancel();
    this.#replyTo = replyTo;
    this.#editing = editing;
    this.#context.hidden = false;
    $("#talk-context-text").textContent = text;
    this.focus();
  }

  #left(text) {
    this.#fill(text);
    this.focus();
    if (text) this.#typed();
  }

  #fill(text) {
    this.#say.value = text;
    this.#fit();
  }

  /** The box is as high as what is in it. */
  #fit() {
    this.#say.style.height = "auto";
    const border = this.#say.offsetHeight - this.#say.clientHeight;
    this.#say.style.height = `${Math.min(this.#say.scrollHeight + border, TALLEST)}px`;
  }

  #submit() {
    const text = this.#say.value.trim();
    if (!text) return;
    if (text.startsWith("/") && this.#line.beginNamed(text.slice(1))) return;
    const [editing, replyTo] = [this.#editing, this.#replyTo];
    this.#fill("");
    this.#suggest.hide();
    this.#editing = null;
    this.cancel();
    this.#told = 0;
    const failed = () => this.#say.value || this.#fill(text);
    if (editing) this.#actions.edit(editing, text, failed);
    else this.#actions.say(text, replyTo?.id, failed);
  }

  #isCommand() {
    return /^\/[\w -]*$/.test(this.#say.value) && !this.#editing;
  }

  #typed() {
    this.#fit();
    const text = this.#say.value;
    if (this.#isCommand()) return this.#line.offer(text);
    const mention = /(?:^|\s)@([\w.]*)$/.exec(text.slice(0, this.#say.selectionStart));
    if (mention) this.#offerPeople(mention[1].toLowerCase());
    else this.#suggest.hide();
    if (text && Date.now() - this.#told > TYPING_MS) {
      this.#told = Date.now();
      this.#actions.type();
    }
  }

  #offerPeople(typed) {
    const items = this.#actions.known().people.filter(({ name }) => name.startsWith(typed) && name !== typed);
    const choose = ({ name }) => {
      const at = this.#say.selectionStart;
      this.#say.setRangeText(`${name} `, at - typed.length, at, "end");
      this.#fit();
    };
    this.#suggest.show(this.#say, items.length ? "People" : "", items, choose);
  }

  #key(event) {
    if (this.#suggest.key(event) || event.isComposing) return;
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      this.#submit();
    } else if (event.key === "Escape") {
      this.cancel();
    } else if (event.key === "ArrowUp" && event.altKey) {
      event.preventDefault();
      this.#actions.pick();
    } else if (event.key === "ArrowUp" && !this.#say.value) {
      const own = this.#actions.lastOwn();
      if (own) {
        event.preventDefault();
        this.edit(own);
      }
    }
  }
}
