// The Discord side: what one person sees of it, followed as it happens.

import { $, button, element, newest } from "/page/dom.js";
import { BASE, FLAG, KIND, api, attempt } from "/page/discord/api.js";
import { Channels, glyphOf } from "/page/discord/channels.js";
import { Composer } from "/page/discord/composer.js";
import { showForm } from "/page/discord/form.js";
import { Names } from "/page/discord/names.js";
import { Talk } from "/page/discord/talk.js";
import { discordTrouble } from "/page/discord/trouble.js";
import { Typing } from "/page/discord/typing.js";
import { Verbs } from "/page/discord/verbs.js";

/** Changes that come together are looked at together. */
const SOON_MS = 60;

export class Discord {
  person = "";
  /** The channel that is open; null until one is. */
  current = null;
  names = new Names((channel, message) => this.open(channel, message));
  state = null;
  #run = null;
  #look = newest(api);
  #commands = [];
  #unread = new Set();
  #source = null;
  #soon = 0;
  /** While messages are read: what came in meanwhile, to be shown after them. */
  #meanwhile = null;
  #reading = 0;
  #verbs = new Verbs(this);
  #channels = new Channels((id) => (id ? this.open(id) : this.#verbs.openDirect()));
  #composer = new Composer(this.#verbs.ofComposer());
  #talk = new Talk({ ...this.#verbs.ofMessages(), leave: () => this.#composer.focus() }, this.names);
  #typing = new Typing(this.names);
  #trouble = discordTrouble(() => this.refresh());

  constructor(people) {
    this.#verbs.connect(this.#talk, this.#composer);
    people.onChange((login) => this.#become(login));
    $("#talk-up").addEventListener("click", () => this.open(this.#channel()?.parent));
    $("#new-thread").addEventListener("click", () => this.#verbs.askForThread());
  }

  start() {
    this.#follow();
  }

  suggest(text) {
    this.#composer.suggest(text);
  }

  /** Opens a channel, and perhaps shows a message in it. */
  async open(id, message) {
    if (!id) return;
    this.current = id;
    await attempt(() => this.#read());
    if (message) this.#talk.find(message);
    else this.#composer.focus();
  }

  /** Looks at what is going on. True if the open channel was read too, because it is another one now. */
  async refresh() {
    const person = this.person;
    const state = await this.#look(`/state?person=${encodeURIComponent(person)}`);
    if (!state || person !== this.person) return false;
    if (this.#run !== null && this.#run !== state.run) location.reload();
    this.#run = state.run;
    this.state = state;
    if (this.names.learn(state)) this.#talk.namesChanged();
    this.#showBot();
    this.#trouble(state);
    const gone = !this.#channel();
    if (gone) this.current = state.channels.find(({ kind }) => kind === "text")?.id ?? null;
    this.#showChannels();
    if (gone) await this.#read();
    else this.#talk.around();
    return gone;
  }

  #channel(id = this.current) {
    return this.state?.channels.find((channel) => channel.id === id);
  }

  #become(login) {
    if (login === this.person) return;
    this.person = login;
    this.#unread.clear();
    this.#typing.clear();
    if (this.#source) this.#follow();
  }

  #showBot() {
    const { bot, connections, silent } = this.state;
    $("#discord-dot").className = connections && !silent ? "dot on" : "dot off";
    const text = $("#discord-state");
    if (!connections) text.textContent = "No bot is connected";
    else text.replaceChildren(element("strong", "", bot.name), ` is connected${silent ? " (the line is dead)" : ""}`);
  }

  #showChannels() {
    this.#channels.show(this.state, this.current, this.#unread);
    const channel = this.#channel();
    const name = channel?.kind === "dm" ? this.state.bot.name : channel?.name;
    const head = $("#talk-name");
    const glyph = channel && element("i", `glyph ${glyphOf(channel)[0]}`);
    head.replaceChildren(...(channel ? [glyph, element("span", "", name)] : ["Nothing here"]));
    $("#talk-up").hidden = !channel?.parent;
    $("#talk-up").title = channel?.parent ? `Back to #${this.#channel(channel.parent)?.name ?? "…"}` : "";
    $("#new-thread").hidden = !this.mayBeginThreads();
    this.#composer.enter({
      key: `${this.person}/${this.current}`,
      person: this.person,
      where: !channel ? "nobody" : channel.kind === "dm" ? `@${name}` : channel.thread ? `“${shortened(name)}”` : `#${name}`,
      canSend: channel?.can_send ?? false,
      commands: this.#commands,
    });
  }

  mayBeginThreads() {
    const channel = this.#channel();
    return channel?.kind === "text" && channel.can_send;
  }

  /** Reads the open channel anew. */
  async #read() {
    const [person, channel, reading] = [this.person, this.current, ++this.#reading];
    const here = this.#channel();
    this.#meanwhile = [];
    if (!here) {
      this.#meanwhile = null;
      this.#commands = [];
      this.#showChannels();
      return this.#talk.show({ ...NOTHING, person, empty: this.#welcome() });
    }
    const place = (id) => `channel=${id}&person=${encodeURIComponent(person)}`;
    const [{ messages, interactions }, { commands }, parent] = await Promise.all([
      api(`/messages?${place(channel)}`),
      api(`/commands?${place(channel)}`),
      here.parent ? api(`/messages?${place(here.parent)}`).catch(() => NOTHING) : NOTHING,
    ]);
    const used = await usedBy(messages.filter(({ interaction }) => !this.#talk.knows(interaction)));
    if (reading !== this.#reading) return undefined;
    this.#commands = commands;
    this.#unread.delete(channel);
    this.#typing.enter(channel);
    const [mayBeginThreads, empty] = [this.mayBeginThreads(), this.#welcome()];
    this.#talk.show({ person, mayBeginThreads, messages, interactions, elsewhere: parent.messages, used, empty });
    this.#showChannels();
    const meanwhile = this.#meanwhile;
    this.#meanwhile = null;
    for (const event of meanwhile) this.#happened(event);
    return undefined;
  }

  #welcome() {
    const channel = this.#channel();
    const title = (text) => element("p", "empty-title", text);
    if (!channel) return [title(`${this.person} is not on this server.`), this.#verbs.joinButton()].filter(Boolean);
    if (channel.kind === "dm") return [title(`You and ${this.state.bot.name}`), element("p", "", "Nobody else reads this.")];
    const ask = button("", "/askpedro", () => this.suggest("/askpedro"));
    return [title(`Welcome to ${channel.thread ? "" : "#"}${channel.name}!`), element("p", "", "Say something, or ask: ", ask)];
  }

  #happened(event) {
    const handler = this.#handlers[event.type];
    const place = event.message?.channel ?? event.interaction?.channel ?? event.channel;
    // Channels change what is around the messages, not the messages.
    const about = handler && place === this.current && event.type !== "channel";
    if (about && this.#meanwhile) this.#meanwhile.push(event);
    else handler?.(event, place === this.current);
  }

  #handlers = {
    message: ({ message }, here) => {
      this.#typing.stopped(message.channel, message.author);
      if (here) return this.#said(message);
      if (message.author === this.person || message.kind === KIND.THREAD_STARTER) return undefined;
      this.#unread.add(message.channel);
      return this.#showChannels();
    },
    message_changed: ({ message }, here) => {
      if (here) this.#talk.put(message);
      if (message.flags & FLAG.HAS_THREAD) this.#refreshSoon();
    },
    messages_deleted: ({ ids }, here) => here && this.#talk.remove(ids),
    interaction: ({ interaction }, here) => {
      this.#verbs.answered(interaction);
      if (here && interaction.person === this.person) this.#talk.interaction(interaction);
      if (interaction.modal) this.#showForm(interaction);
    },
    typing: ({ channel, person }) => person !== this.person && this.#typing.began(channel, person),
    guild: () => this.#refreshSoon(),
    channel: () => this.#refreshSoon(),
    connection: () => this.#refreshSoon(),
    violation: () => this.#refreshSoon(),
    commands: () => attempt(() => this.#readCommands()),
    resync: () => attempt(() => Promise.all([this.refresh(), this.#read()])),
  };

  #said(message) {
    if (message.interaction && !this.#talk.knows(message.interaction)) {
      usedBy([message]).then((used) => this.#talk.learn(used));
    }
    this.#talk.put(message);
  }

  async #readCommands() {
    const channel = this.current;
    if (!channel) return;
    const { commands } = await api(`/commands?channel=${channel}&person=${encodeURIComponent(this.person)}`);
    if (channel !== this.current) return;
    this.#commands = commands;
    this.#showChannels();
  }

  #showForm({ id, modal }) {
    if ($("#form").open) return;
    showForm(modal, (fields) => api("/submit", { interaction: id, fields }));
  }

  #refreshSoon() {
    this.#soon ||= setTimeout(() => {
      this.#soon = 0;
      attempt(() => this.refresh());
    }, SOON_MS);
  }

  #follow() {
    this.#source?.close();
    const source = new EventSource(`${BASE}/events?person=${encodeURIComponent(this.person)}`);
    this.#source = source;
    // Also after every reconnection: what was missed meanwhile is read again.
    source.onopen = () => attempt(async () => {
      const hasRead = await this.refresh();
      if (!hasRead) await this.#read();
    });
    source.onmessage = ({ data }) => this.state && this.#happened(JSON.parse(data));
    source.onerror = () => {
      $("#discord-dot").className = "dot";
      $("#discord-state").textContent = "The playground is not running; waiting for it…";
    };
  }
}

/** Names of threads are questions: the box to write in has room for one line. */
const shortened = (name) => (name.length > 24 ? `${name.slice(0, 23).trimEnd()}…` : name);

const NOTHING = { messages: [], interactions: [], elsewhere: [], used: [], mayBeginThreads: false };

/** What people did to have these messages as answers. */
async function usedBy(messages) {
  const ids = new Set(messages.map(({ interaction }) => interaction).filter(Boolean));
  const found = await Promise.all([...ids].map((id) => api(`/interaction?id=${id}`).catch(() => null)));
  return found.filter(Boolean);
}
