// Who and what is called how, by id, and the ways to them.

export class Names {
  /** Opens a channel, and perhaps shows a message in it. */
  open;
  #people = new Map();
  #roles = new Map();
  #channels = new Map();
  #nicks = new Map();
  #from = "";

  constructor(open) {
    this.open = open;
  }

  /** Takes the names from the state; true if any of them is another. */
  learn({ people, guilds, channels }) {
    this.#people = new Map(people.map(({ id, name }) => [id, name]));
    this.#roles = new Map(guilds.flatMap(({ roles }) => roles.map(({ id, name }) => [id, name])));
    this.#channels = new Map(channels.map(({ id, name }) => [id, name]));
    const nicks = guilds.flatMap(({ members }) => members.filter(({ nick }) => nick).map(({ name, nick }) => [name, nick]));
    const displayed = people.filter((person) => person.display_name).map((person) => [person.name, person.display_name]);
    this.#nicks = new Map([...displayed, ...nicks]);
    const before = this.#from;
    this.#from = JSON.stringify([this.#people, this.#roles, this.#channels, this.#nicks].map((names) => [...names]));
    return before !== this.#from;
  }

  person(id) {
    const name = this.#people.get(id);
    return name && this.called(name);
  }

  role(id) {
    return this.#roles.get(id);
  }

  channel(id) {
    return this.#channels.get(id);
  }

  /** What somebody is called, by user name. */
  called(name) {
    return this.#nicks.get(name) ?? name;
  }

  /** A text with the ids of those whom it names by `@name`, as Discord sends it. */
  withMentions(text) {
    const ids = new Map([...this.#people].map(([id, name]) => [name, id]));
    return text.replace(/(?<![\w<@])@([a-z0-9_.]+)/gi, (whole, typed) => {
      const name = typed.toLowerCase();
      const bare = name.replace(/\.+$/, "");
      const id = ids.get(name) ?? ids.get(bare);
      return id ? `<@${id}>${ids.has(name) ? "" : typed.slice(bare.length)}` : whole;
    });
  }

  /** The same text as people type it. */
  asTyped(text) {
    return text.replace(/<@!?(\d+)>/g, (whole, id) => (this.#people.has(id) ? `@${this.#people.get(id)}` : whole));
  }

  /** Everything that options of commands can name. */
  get known() {
    const listed = (names) => [...names].map(([id, name]) => ({ id, name }));
    return { people: listed(this.#people), channels: listed(this.#channels), roles: listed(this.#roles) };
  }
}
