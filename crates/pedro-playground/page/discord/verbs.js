// What a person does on Discord: everything here asks the playground, and what comes of it arrives as an event.

import { $, button } from "/page/dom.js";
import { FLAG, api, attempt } from "/page/discord/api.js";
import { showForm } from "/page/discord/form.js";

/** Longer than the bot may take to suggest something. */
const SUGGESTIONS_MS = 5_000;
/** Answered interactions that are remembered: an answer may be there before the playground has told its id. */
const REMEMBERED = 50;
const THREAD_NAME = 60;

export class Verbs {
  #side;
  #talk;
  #composer;
  #answers = new Map();
  #waiting = new Map();

  constructor(side) {
    this.#side = side;
  }

  connect(talk, composer) {
    this.#talk = talk;
    this.#composer = composer;
  }

  /** What can be done with a message. */
  ofMessages() {
    return {
      react: ({ id }, emoji, add) => this.#do("/act", { action: add ? "react" : "unreact", message: id, emoji }),
      press: ({ id }, custom_id, values) => this.#do("/press", { message: id, custom_id, values }),
      reply: (message) => this.#composer.reply(message, this.#side.names.called(message.author)),
      edit: (message) => this.#composer.edit({ ...message, content: this.#side.names.asTyped(message.content) }),
      remove: ({ id }) => this.#do("/act", { action: "delete", message: id }),
      beginThread: (message) => this.askForThread(message),
      threadOf: ({ id, flags }) => (flags & FLAG.HAS_THREAD ? this.#side.state?.channels.find((one) => one.id === id) : null),
    };
  }

  /** What can be done in the message box. */
  ofComposer() {
    return {
      say: (text, reply_to, failed) => {
        this.#talk.follow();
        const body = { channel: this.#side.current, text: this.#side.names.withMentions(text), reply_to };
        return this.#do("/say", body, failed);
      },
      edit: ({ id }, text, failed) =>
        this.#do("/act", { action: "edit", message: id, text: this.#side.names.withMentions(text) }, failed),
      type: () => this.#do("/act", { action: "type", channel: this.#side.current }),
      run: (command, options) => {
        this.#talk.follow();
        return this.#do("/slash", { channel: this.#side.current, command, options });
      },
      suggestions: (command, options, focused) => this.#suggestions(command, options, focused),
      pick: () => this.#talk.pick(),
      lastOwn: () => {
        const own = this.#talk.lastOwn();
        return own && { ...own, content: this.#side.names.asTyped(own.content) };
      },
      complain: (text) => ($("#discord-problem").textContent = text),
      known: () => this.#side.names.known,
    };
  }

  openDirect() {
    return attempt(async () => {
      const { id } = await api("/dm", { person: this.#side.person });
      await this.#side.refresh();
      await this.#side.open(id);
    });
  }

  /** Asks for a thread's name, and begins it: from a message, or without one. */
  askForThread(message) {
    const words = message ? this.#side.names.asTyped(message.content).replace(/\s+/g, " ").slice(0, THREAD_NAME) : "";
    const name = { type: 4, custom_id: "name", style: 1, label: "Name", max_length: 100, value: words };
    const open = [{ label: "Everybody who sees the channel", value: "public", default: true }];
    const closed = [{ label: "Only who is in it (private)", value: "private" }];
    const who = { type: 3, custom_id: "who", label: "Who sees it", options: [...open, ...closed] };
    const modal = { title: "New thread", components: [{ components: message ? [name] : [name, who] }] };
    showForm(modal, async (fields) => {
      const { person, current: channel } = this.#side;
      const body = message
        ? { action: "begin_from", message: message.id, person, name: fields.name }
        : { action: "begin", channel, person, name: fields.name, private: fields.who.includes("private") };
      const { id } = await api("/thread", body);
      await this.#side.refresh();
      return () => this.#side.open(id);
    });
  }

  /** For somebody who is on no server; null where there is none. */
  joinButton() {
    const guild = this.#side.state?.guilds[0];
    if (!guild) return null;
    return button("primary", `Join ${guild.name}`, () =>
      attempt(async () => {
        await api("/join", { guild: guild.id, person: this.#side.person });
        await this.#side.refresh();
      }),
    );
  }

  /** An interaction went on: whoever waits for its suggestions gets them. */
  answered(interaction) {
    if (interaction.kind !== "autocomplete" || interaction.state === "waiting") return;
    this.#answers.set(interaction.id, interaction);
    if (this.#answers.size > REMEMBERED) this.#answers.delete(this.#answers.keys().next().value);
    this.#waiting.get(interaction.id)?.(interaction);
    this.#waiting.delete(interaction.id);
  }

  /** The bot's suggestions for an option that is being typed; null if none come. */
  async #suggestions(command, options, focused) {
    const { current: channel, person } = this.#side;
    try {
      const { id } = await api("/slash", { channel, person, command, options, focused });
      const late = new Promise((wake) => setTimeout(wake, SUGGESTIONS_MS));
      const found = this.#answers.get(id) ?? (await Promise.race([new Promise((wake) => this.#waiting.set(id, wake)), late]));
      return found?.choices?.map(({ name, value }) => ({ name, value })) ?? null;
    } catch {
      // Another option does not fit yet: one is told when one runs the command.
      return [];
    }
  }

  #do(path, body, failed) {
    return attempt(async () => {
      try {
        await api(path, { person: this.#side.person, ...body });
      } catch (error) {
        failed?.();
        throw error;
      }
    });
  }
}
