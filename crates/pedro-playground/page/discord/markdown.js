// Discord's Markdown, the part that people use, as elements. Text stays text: nothing that is said becomes HTML.

import { element, linkTo } from "/page/dom.js";

const FENCE = /```(?:([\w+#-]{1,20})\n)?([\s\S]+?)```/;
/** What marks words inside a line, the first that fits wins; names are those of `INLINE`. */
const MARKS = new RegExp(
  [
    /\\(?<escaped>[\\*_~`|>#<\[\]()-])/,
    /(?<ticks>`{1,2})(?<code>[^`]+?)\k<ticks>(?!`)/,
    /\*\*(?<bold>(?:[^*]|\*(?!\*))+?)\*\*(?!\*)/,
    /__(?<underlined>[^_]+?)__/,
    /\*(?<italic>[^*\s](?:[^*]*[^*\s])?)\*/,
    /(?<![\p{L}\p{N}_])_(?<italic2>[^_]+?)_(?![\p{L}\p{N}_])/u,
    /~~(?<struck>[^~]+?)~~/,
    /\|\|(?<spoiler>[^|]+?)\|\|/,
    /\[(?<label>[^\]\n]{1,200})\]\(<?(?<target>https?:\/\/[^\s)>]+)>?\)/,
    /<(?<quiet>https?:\/\/[^\s>]+)>/,
    /(?<url>https?:\/\/[^\s<>"]*[^\s<>"'.,:;!?)\]*_~|])/,
    /<@!?(?<user>\d+)>/,
    /<@&(?<role>\d+)>/,
    /<#(?<channel>\d+)>/,
    /<\/(?<command>[^:>]{1,100}):\d+>/,
    /<a?:(?<emoji>\w{2,32}):\d+>/,
    /<t:(?<stamp>-?\d{1,13})(?::(?<style>[tTdDfFR]))?>/,
    /(?<everyone>@(?:everyone|here))/,
  ]
    .map(({ source }) => source)
    .join("|"),
  "u",
);
/** A message on Discord: guild or `@me`, channel, and perhaps the message. */
const JUMP = /^https?:\/\/(?:\w+\.)?discord\.com\/channels\/(?:\d+|@me)\/(\d+)(?:\/(\d+))?$/;
const DEEPEST = 6;

const INLINE = {
  escaped: ({ escaped }) => escaped,
  code: ({ code }) => element("code", "", code.trim() || code),
  bold: ({ bold }, names, deep) => element("strong", "", ...inline(bold, names, deep)),
  underlined: ({ underlined }, names, deep) => element("u", "", ...inline(underlined, names, deep)),
  italic: ({ italic }, names, deep) => element("em", "", ...inline(italic, names, deep)),
  italic2: ({ italic2 }, names, deep) => element("em", "", ...inline(italic2, names, deep)),
  struck: ({ struck }, names, deep) => element("s", "", ...inline(struck, names, deep)),
  spoiler: ({ spoiler }, names, deep) => hidden(inline(spoiler, names, deep)),
  label: ({ label, target }, names) => link(target, names, label),
  quiet: ({ quiet }, names) => link(quiet, names),
  url: ({ url }, names) => link(url, names),
  user: ({ user }, names) => element("span", "mention", `@${names.person(user) ?? "unknown"}`),
  role: ({ role }, names) => element("span", "mention", `@${names.role(role) ?? "unknown role"}`),
  channel: ({ channel }, names) => jump(names, channel),
  command: ({ command }) => element("span", "mention", `/${command}`),
  emoji: ({ emoji }) => `:${emoji}:`,
  stamp: ({ stamp, style }) => element("time", "stamp", whenOf(Number(stamp) * 1000, style)),
  everyone: ({ everyone }) => element("span", "mention", everyone),
};

/** A text as elements. `names`: `person(id)`, `role(id)`, `channel(id)`, and `open(channel, message)` for links. */
export function markdown(text, names) {
  const made = [];
  let rest = text;
  for (let fence = FENCE.exec(rest); fence; fence = FENCE.exec(rest)) {
    made.push(...blocks(rest.slice(0, fence.index), names));
    made.push(element("pre", "", element("code", "", fence[2].replace(/^\n|\n$/g, ""))));
    rest = rest.slice(fence.index + fence[0].length).replace(/^\n/, "");
  }
  return [...made, ...blocks(rest, names)];
}

/** The kinds of line; those of the same kind that follow one another belong together. */
const LINES = [
  ["quote", /^> ?(.*)$/],
  ["heading", /^#{1,3} +(.+)$/],
  ["small", /^-# +(.+)$/],
  ["item", /^( *)(?:[-*]|\d{1,3}\.) +(.+)$/],
];

function kindOf(line) {
  return LINES.find(([, form]) => form.test(line))?.[0] ?? "plain";
}

function blocks(text, names) {
  const made = [];
  const lines = text.replace(/\n$/, "").split("\n");
  if (text === "") return made;
  for (let start = 0; start < lines.length; ) {
    if (lines[start].startsWith(">>> ")) {
      const quoted = [lines[start].slice(4), ...lines.slice(start + 1)].join("\n");
      return [...made, element("blockquote", "", ...blocks(quoted, names))];
    }
    const kind = kindOf(lines[start]);
    let end = start + 1;
    while (end < lines.length && kindOf(lines[end]) === kind && !lines[end].startsWith(">>> ")) end += 1;
    made.push(...BLOCK[kind](lines.slice(start, end), names));
    start = end;
  }
  return made;
}

const BLOCK = {
  quote: (lines, names) => {
    const inside = lines.map((line) => line.replace(/^> ?/, "")).join("\n");
    return [element("blockquote", "", ...paragraph(inside.split("\n"), names))];
  },
  heading: (lines, names) => lines.map((line) => element("p", "heading", ...inline(line.replace(/^#+ +/, ""), names))),
  small: (lines, names) => lines.map((line) => element("p", "small", ...inline(line.slice(3), names))),
  item: (lines, names) => [list(lines, names)],
  plain: (lines, names) => paragraph(lines, names),
};

function paragraph(lines, names) {
  const inside = lines.flatMap((line, place) => (place ? [element("br"), ...inline(line, names)] : inline(line, names)));
  return [element("p", "", ...inside)];
}

function list(lines, names) {
  const numbered = /^ *\d/.test(lines[0]);
  const made = element(numbered ? "ol" : "ul");
  for (const line of lines) {
    const [, indent, text] = LINES[3][1].exec(line);
    const item = element("li", indent.length > 1 ? "inner" : "", ...inline(text, names));
    if (numbered) item.value = Number.parseInt(line, 10) || 1;
    made.append(item);
  }
  if (numbered) made.start = Number.parseInt(lines[0], 10);
  return made;
}

function inline(text, names, deep = 0) {
  const made = [];
  let rest = text;
  for (let mark = deep < DEEPEST && MARKS.exec(rest); mark; mark = MARKS.exec(rest)) {
    if (mark.index > 0) made.push(rest.slice(0, mark.index));
    const kind = Object.keys(INLINE).find((name) => mark.groups[name] !== undefined);
    made.push(INLINE[kind](mark.groups, names, deep + 1));
    rest = rest.slice(mark.index + mark[0].length);
  }
  if (rest) made.push(rest);
  return made;
}

function link(url, names, label) {
  const found = JUMP.exec(url);
  return found ? jump(names, found[1], found[2], label) : linkTo(url, label);
}

/** Leads to a channel, or to a message in it. */
function jump(names, channel, message, label) {
  const name = names.channel(channel);
  const text = label ?? (name ? `#${name}${message ? " › message" : ""}` : "#unknown");
  const made = element("button", "mention", text);
  made.type = "button";
  made.disabled = !name;
  made.addEventListener("click", () => names.open(channel, message));
  return made;
}

function hidden(inside) {
  const made = element("span", "spoiler", ...inside);
  made.tabIndex = 0;
  made.title = "Show what is hidden";
  const show = () => made.classList.add("shown");
  made.addEventListener("click", show);
  made.addEventListener("keydown", (event) => event.key === "Enter" && show());
  return made;
}

function whenOf(ms, style) {
  const at = new Date(ms);
  if (Number.isNaN(at.getTime())) return "some time";
  const date = { dateStyle: style === "d" ? "short" : "long" };
  const time = { timeStyle: style === "T" ? "medium" : "short" };
  if (style === "t" || style === "T") return at.toLocaleTimeString([], time);
  if (style === "d" || style === "D") return at.toLocaleDateString([], date);
  if (style !== "R") return at.toLocaleString([], { ...date, ...time });
  const minutes = Math.round((ms - Date.now()) / 60_000);
  const [amount, unit] =
    Math.abs(minutes) < 60 ? [minutes, "minute"]
    : Math.abs(minutes) < 1_440 ? [Math.round(minutes / 60), "hour"]
    : [Math.round(minutes / 1_440), "day"];
  return new Intl.RelativeTimeFormat("en", { numeric: "auto" }).format(amount, unit);
}
