// A slash command as it is typed: its name, then a field for each option.

import { $, element } from "/page/dom.js";
import { choicesOf, entries, valueOf } from "/page/discord/options.js";

/** One asks for suggestions when somebody has stopped typing for so long. */
const PAUSE_MS = 200;

export class CommandLine {
  #box = $("#command");
  #say = $("#talk-say");
  #suggest;
  #actions;
  #commands = [];
  #entry = null;
  #fields = [];
  #tail = null;
  #asking = 0;

  /**
   * `actions`: `run(command, options)`, `suggestions(command, options, focused)`, `leave(text)` for going back to plain
   * text, and `known()`: people, channels and roles to choose from.
   */
  constructor(suggest, actions) {
    this.#suggest = suggest;
    this.#actions = actions;
    this.#box.addEventListener("keydown", (event) => this.#key(event));
    this.#box.addEventListener("focusout", () => this.#suggest.hide());
  }

  get isOpen() {
    return this.#entry !== null;
  }

  /** Which commands there are. True if they are others than before. */
  learn(registered) {
    const before = JSON.stringify(this.#commands);
    this.#commands = entries(registered);
    // The one that is being typed may be gone, or another.
    if (this.isOpen && !this.#commands.some(({ name }) => name === this.#entry.name)) this.close();
    return JSON.stringify(this.#commands) !== before;
  }

  /** What is typed begins with a slash: offers the commands that fit. */
  offer(text) {
    const typed = text.slice(1).toLowerCase();
    const fitting = this.#commands.filter(({ name }) => name.startsWith(typed) || name.split(" ").at(-1).startsWith(typed));
    const items = fitting.map((entry) => ({ name: `/${entry.name}`, detail: entry.description, note: notesOf(entry), entry }));
    const head = items.length ? "Commands" : this.#commands.length ? "No command is called that" : "No bot has commands here";
    this.#suggest.show(this.#say, head, items, ({ entry }) => this.begin(entry));
  }

  /** Begins the command of this name, if there is one. */
  beginNamed(name) {
    const entry = this.#commands.find((one) => one.name === name);
    if (entry) this.begin(entry);
    return Boolean(entry);
  }

  begin(entry) {
    this.#entry = entry;
    this.#fields = [];
    this.#box.replaceChildren(element("span", "command-name", `/${entry.name}`));
    this.#box.setAttribute("aria-label", `Command ${entry.name}`);
    this.#tail = this.#input("tail", "", "More options");
    this.#tail.addEventListener("input", () => this.#offerOptions());
    this.#tail.addEventListener("focus", () => this.#offerOptions());
    this.#box.append(this.#tail);
    this.#say.hidden = true;
    this.#box.hidden = false;
    for (const option of entry.options.filter(({ required }) => required)) this.#addField(option);
    this.#showTail();
    (this.#fields[0]?.input ?? this.#tail).focus();
  }

  close(text = "") {
    this.#entry = null;
    this.#fields = [];
    this.#box.hidden = true;
    this.#box.replaceChildren();
    this.#say.hidden = false;
    this.#suggest.hide();
    this.#actions.leave(text);
  }

  /** Runs the command, if all it needs is there. */
  run() {
    this.#suggest.hide();
    const lacking = this.#fields.find(({ option, input }) => option.required && !input.value.trim());
    if (lacking) {
      lacking.box.classList.add("lacking");
      lacking.input.focus();
      this.#actions.complain("This option is required. Specify a value.");
      return;
    }
    const [name, options] = [this.#entry.name, this.#values()];
    this.close();
    this.#actions.run(name, options);
  }

  #values() {
    const filled = this.#fields.filter(({ input }) => input.value.trim());
    return Object.fromEntries(filled.map((field) => [field.option.name, valueOf(field, this.#actions.known())]));
  }

  #input(className, value, label) {
    const input = element("input", className);
    input.value = value;
    input.spellcheck = false;
    input.setAttribute("aria-label", label);
    input.setAttribute("role", "combobox");
    input.setAttribute("aria-autocomplete", "list");
    input.setAttribute("aria-expanded", "false");
    input.setAttribute("aria-controls", "suggest-list");
    return input;
  }

  #addField(option) {
    const need = option.required ? "required" : "optional";
    const input = this.#input("", "", `${option.name}, ${need}: ${option.description}`);
    const name = element("span", "option-name", option.name);
    const box = element("label", "option", name, input);
    box.title = option.description;
    const field = { option, input, box, picked: null };
    input.addEventListener("input", () => {
      field.picked = null;
      box.classList.remove("lacking");
      this.#offerValues(field);
    });
    input.addEventListener("focus", () => this.#offerValues(field));
    this.#fields.push(field);
    this.#box.insertBefore(box, this.#tail);
    return field;
  }

  #remaining() {
    return this.#entry.options.filter((option) => !this.#fields.some((field) => field.option === option));
  }

  #showTail() {
    const remaining = this.#remaining();
    this.#tail.readOnly = !remaining.length;
    this.#tail.placeholder = remaining.length ? `+ ${remaining.map(({ name }) => name).join(", ")}` : "";
  }

  #offerOptions() {
    const typed = this.#tail.value.trim().toLowerCase();
    const fitting = this.#remaining().filter(({ name }) => name.startsWith(typed));
    if (!fitting.length) return this.#suggest.hide();
    const items = fitting.map((option) => ({ name: option.name, detail: option.description, note: "optional", option }));
    const chosen = ({ option }) => {
      this.#tail.value = "";
      const field = this.#addField(option);
      this.#showTail();
      field.input.focus();
    };
    this.#suggest.show(this.#tail, "Options", items, chosen, Boolean(typed));
  }

  async #offerValues(field) {
    const { option, input } = field;
    const asked = ++this.#asking;
    const head = `${option.name}${option.required ? " (required)" : ""}: ${option.description}`;
    const choose = ({ name, value }) => {
      input.value = name;
      field.picked = { name, value };
      this.#next(field);
    };
    const choices = choicesOf(option, input.value, this.#actions.known());
    this.#suggest.show(input, head, choices, choose, choices.length > 0);
    if (!option.autocomplete) return;
    if (input.value) await new Promise((wake) => setTimeout(wake, PAUSE_MS));
    if (asked !== this.#asking || !this.isOpen) return;
    const options = { ...this.#values(), [option.name]: input.value };
    const found = await this.#actions.suggestions(this.#entry.name, options, option.name);
    // Another field, or what was typed since, is asked about by now.
    if (asked !== this.#asking || document.activeElement !== input) return;
    if (found === null) this.#suggest.show(input, "Loading options failed", [], choose);
    else this.#suggest.show(input, head, found, choose, false);
  }

  #next(field) {
    const after = this.#fields[this.#fields.indexOf(field) + 1];
    (after?.input ?? this.#tail).focus();
  }

  #key(event) {
    if (event.isComposing || this.#suggest.key(event)) return;
    const field = this.#fields.find(({ input }) => input === event.target);
    if (event.key === "Enter") {
      event.preventDefault();
      this.run();
    } else if (event.key === "Escape") {
      event.preventDefault();
      this.close();
    } else if (event.key === "Backspace" && event.target.selectionStart === 0 && event.target.selectionEnd === 0) {
      event.preventDefault();
      this.#back(field);
    }
  }

  /** Takes the option before the cursor away, or the whole command. */
  #back(field) {
    const last = this.#fields.at(-1);
    if (!field && last) return last.input.focus();
    if (field && !field.option.required) {
      if (field.input.value) return;
      const place = this.#fields.indexOf(field);
      this.#fields.splice(place, 1);
      field.box.remove();
      this.#showTail();
      (this.#fields[place - 1]?.input ?? this.#tail).focus();
    } else if (!field || (field === this.#fields[0] && !field.input.value)) {
      this.close(`/${this.#entry.name}`);
    } else {
      this.#fields[this.#fields.indexOf(field) - 1]?.input.focus();
    }
  }
}

function notesOf({ options }) {
  return options.map(({ name, required }) => (required ? name : `${name}?`)).join(" ");
}
