// The Twitch side: what is said in a channel, who is in it, and saying something.

import { $, colourOf, element, newest } from "/page/dom.js";
import { BASE, api, attempt } from "/page/twitch/api.js";
import { Chat } from "/page/twitch/chat.js";
import { showSignIns } from "/page/twitch/sign_in.js";
import { Stream } from "/page/twitch/stream.js";

const LINES_AT_START = 300;
const TIME_OUT_SECONDS = 600;

export class Twitch {
  /** The channel that is shown. */
  channel = "";
  /** The bots in it; null until they are known. */
  bots = null;
  #people;
  #say = $("#say");
  #chat;
  #stream = new Stream(this);
  #run = null;
  #look = newest(api);
  #replyTo = null;
  #history = [];
  #recalled = 0;
  #source = null;
  #onState;

  /** `onState(channel, state)` is called with each look at what is going on. */
  constructor(people, onState) {
    this.#people = people;
    this.#onState = onState;
    this.#chat = new Chat({
      reply: (line) => line && this.#reply(line),
      remove: (line) => attempt(() => api("/moderate", { action: "delete", id: line.id })),
      timeOut: ({ login }) => attempt(() => this.#timeOut(login)),
      leave: () => this.#say.focus(),
    });
    people.onChange((login) => {
      this.#say.placeholder = `Chat as ${login}`;
      this.#say.style.caretColor = colourOf(login);
    });
    $("#composer").addEventListener("submit", (event) => this.#submit(event));
    this.#say.addEventListener("keydown", (event) => this.#key(event));
    this.#say.addEventListener("input", () => this.#showCount());
    $("#cancel-reply").addEventListener("click", () => {
      this.#stopReplying();
      this.#say.focus();
    });
    $("#channel").addEventListener("change", (event) => this.#go(event.target.value));
  }

  async start() {
    this.channel = new URLSearchParams(location.search).get("channel") ?? "";
    try {
      await this.refresh();
    } catch {
      // The playground is still starting, or gone: look again rather than show a dead page.
      setTimeout(() => this.start(), 1000);
      return;
    }
    this.#people.streamer = this.channel;
    this.#follow();
  }

  /** Puts a text into the message box, to be sent or changed. */
  suggest(text) {
    this.#say.value = text;
    this.#say.focus();
  }

  /** Looks at what is going on. */
  async refresh() {
    const state = await this.#look("/state");
    if (!state) return;
    if (this.#run !== null && this.#run !== state.run) location.reload();
    this.#run = state.run;
    this.#showChannels(state.channels);
    const here = state.channels.find(({ login }) => login === this.channel);
    if (!here) return;
    this.#stream.show(here);
    this.#showBots(here, state);
    showSignIns(state, () => this.refresh());
    this.#onState(here, state);
  }

  #timeOut(login) {
    return api("/moderate", { action: "timeout", channel: this.channel, login, seconds: TIME_OUT_SECONDS });
  }

  #reply(line) {
    this.#replyTo = line;
    $("#replying").hidden = false;
    $("#replying-to").textContent = `Replying to @${line.display_name}: ${line.text}`;
    this.#say.focus();
  }

  #stopReplying() {
    this.#replyTo = null;
    $("#replying").hidden = true;
  }

  #submit(event) {
    event.preventDefault();
    const text = this.#say.value.trim();
    if (!text) return;
    const body = { channel: this.channel, login: this.#people.current, text, reply_to: this.#replyTo?.id };
    this.#say.value = "";
    this.#stopReplying();
    this.#showCount();
    this.#history.push(text);
    this.#recalled = this.#history.length;
    attempt(async () => {
      try {
        await api("/say", body);
      } catch (error) {
        // What could not be said is not lost.
        this.#say.value ||= text;
        throw error;
      }
    });
    this.#chat.follow();
  }

  #key(event) {
    if (event.key === "Escape") return this.#stopReplying();
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!step) return;
    event.preventDefault();
    if (event.altKey) return this.#chat.pick();
    this.#recalled = Math.min(Math.max(this.#recalled + step, 0), this.#history.length);
    this.#say.value = this.#history[this.#recalled] ?? "";
    this.#showCount();
  }

  #showCount() {
    const length = [...this.#say.value].length;
    $("#count").textContent = length > 400 ? `${length}/500` : "";
  }

  #showChannels(channels) {
    const select = $("#channel");
    const names = channels.map(({ login }) => login);
    if (names.join() !== [...select.options].map(({ value }) => value).join()) {
      select.replaceChildren(...names.map((name) => new Option(`#${name}`, name)));
    }
    if (!names.includes(this.channel)) this.channel = names[0] ?? "";
    select.value = this.channel;
  }

  #showBots(here, state) {
    const names = here.bots;
    $("#bot-dot").className = names.length && !state.stalled ? "dot on" : "dot off";
    const text = $("#bot-state");
    if (names.length) {
      const verb = names.length > 1 ? "are" : "is";
      const quiet = state.stalled ? " (the line is dead)" : "";
      text.replaceChildren(element("strong", "", names.join(", ")), ` ${verb} in #${this.channel}${quiet}`);
    } else {
      text.textContent = state.connections ? "A bot is connected but not in this channel" : "No bot is connected";
    }
    if (this.bots) {
      names.filter((name) => !this.bots.includes(name)).forEach((name) => this.#chat.note(`${name} has joined`));
      this.bots.filter((name) => !names.includes(name)).forEach((name) => this.#chat.note(`${name} has left`));
    }
    this.bots = names;
  }

  #go(channel) {
    this.channel = channel;
    this.bots = null;
    this.#stream.forgetChanges();
    this.#people.streamer = channel;
    this.#stopReplying();
    this.#follow();
  }

  async #readAgain() {
    const wanted = this.channel;
    const { lines } = await api(`/lines?channel=${encodeURIComponent(wanted)}&last=${LINES_AT_START}`);
    if (wanted === this.channel) this.#chat.reset(lines, wanted);
  }

  #handlers = {
    line: ({ line }) => this.#chat.add(line),
    deleted: ({ ids }) => this.#chat.remove(ids),
    title: (stream) => this.#stream.show(stream),
    connection: () => attempt(() => this.refresh()),
    violation: ({ text }) => {
      this.#chat.note(`Twitch would have punished this: ${text}`, true);
      attempt(() => this.refresh());
    },
    resync: () => attempt(() => this.#readAgain()),
  };

  #follow() {
    this.#source?.close();
    const source = new EventSource(`${BASE}/events?channel=${encodeURIComponent(this.channel)}`);
    this.#source = source;
    // Also after every reconnection: what was missed meanwhile is read again.
    source.onopen = () => attempt(() => Promise.all([this.#readAgain(), this.refresh()]));
    source.onmessage = ({ data }) => {
      const event = JSON.parse(data);
      this.#handlers[event.type]?.(event);
    };
    source.onerror = () => {
      $("#bot-dot").className = "dot";
      $("#bot-state").textContent = "The playground is not running; waiting for it…";
    };
  }
}
