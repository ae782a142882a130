// The options of commands: what can be chosen for them, and what is sent. Pure.

const SUB_COMMAND = 1;
const SUB_COMMAND_GROUP = 2;
const YES_OR_NO = 5;
const USER = 6;
const CHANNEL = 7;
const ROLE = 8;
const MENTIONABLE = 9;

/** Every command that can be typed, sub-commands each for themselves: `{name, description, options}`. */
export function entries(commands) {
  return commands.flatMap((command) => entriesOf(command, command.name));
}

function entriesOf({ description, options = [] }, name) {
  const inner = options.filter(({ type }) => type === SUB_COMMAND || type === SUB_COMMAND_GROUP);
  if (!inner.length) return [{ name, description, options }];
  return inner.flatMap((option) => entriesOf(option, `${name} ${option.name}`));
}

/** What can be chosen for an option, as far as it fits what was typed. `known`: people, channels, roles. */
export function choicesOf(option, typed, known) {
  const wanted = typed.trim().toLowerCase();
  const all = allOf(option, known);
  // What was just chosen fits itself alone: then all of them are shown again.
  if (all.some(({ name }) => name.toLowerCase() === wanted)) return all;
  return all.filter(({ name }) => name.toLowerCase().includes(wanted));
}

function allOf({ type, choices }, known) {
  if (choices?.length) return choices.map(({ name, value }) => ({ name, value }));
  if (type === YES_OR_NO) return [{ name: "True", value: true }, { name: "False", value: false }];
  const named = (things) => things.map(({ id, name }) => ({ name, value: id }));
  if (type === USER) return named(known.people);
  if (type === CHANNEL) return named(known.channels);
  if (type === ROLE) return named(known.roles);
  if (type === MENTIONABLE) return [...named(known.people), ...named(known.roles)];
  return [];
}

/** What is sent for a field: what was picked, else what was typed, by name where it has one. */
export function valueOf({ option, input, picked }, known) {
  const typed = input.value.trim();
  if (picked && picked.name === input.value) return picked.value;
  const named = allOf(option, known).find(({ name }) => name.toLowerCase() === typed.toLowerCase());
  return named ? named.value : typed;
}
