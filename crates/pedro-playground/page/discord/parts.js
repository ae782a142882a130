// What hangs on a message: buttons and menus, files, embeds.

import { button, element, linkTo } from "/page/dom.js";
import { markdown } from "/page/discord/markdown.js";
import { menuOf } from "/page/discord/menu.js";

const ROW = 1;
const BUTTON = 2;
const MENU = 3;
const LINK_STYLE = 5;
const STYLES = { 1: "primary", 2: "secondary", 3: "success", 4: "danger" };
const UNITS = ["bytes", "KB", "MB"];

/** Rows of buttons and menus; `press(id, values)` is called with what somebody presses or chooses. */
export function componentRows(components, press) {
  return components
    .filter(({ type }) => type === ROW)
    .map((row) => element("div", "buttons", ...row.components.map((component) => componentOf(component, press))));
}

function componentOf(component, press) {
  if (component.type === BUTTON) return buttonOf(component, press);
  if (component.type === MENU) return menuOf(component, press);
  return element("span", "unknown", "This kind of menu is not in the playground");
}

function buttonOf({ label, emoji, style, url, custom_id, disabled }, press) {
  const text = [emoji?.id ? `:${emoji.name}:` : emoji?.name, label].filter(Boolean).join(" ");
  if (style === LINK_STYLE && /^https?:/.test(url)) {
    const link = linkTo(url, `${text} ↗`);
    link.className = "pressable secondary";
    return link;
  }
  const made = button(`pressable ${STYLES[style] ?? "secondary"}`, text, () => press(custom_id));
  made.dataset.key = custom_id;
  made.disabled = Boolean(disabled);
  return made;
}

/** A file that came with a message: a picture is shown, everything else is a link. */
export function fileOf({ url, filename, size, content_type: kind }) {
  const link = linkTo(pathOf(url), "");
  link.className = "file";
  link.download = filename;
  link.title = `Save ${filename} (${sizeOf(size)})`;
  if (kind?.startsWith("image/")) {
    const picture = element("img");
    picture.src = pathOf(url);
    picture.alt = filename;
    link.append(picture);
    return link;
  }
  link.append(element("i", "glyph paper"), element("span", "", filename), element("small", "", sizeOf(size)), element("i", "glyph save"));
  return link;
}

/** The playground may be reached by another name than it knows of itself. */
function pathOf(url) {
  return new URL(url, location.href).pathname;
}

function sizeOf(bytes) {
  const unit = bytes < 1_000 ? 0 : bytes < 1_000_000 ? 1 : 2;
  return `${unit ? (bytes / 1_000 ** unit).toFixed(1) : bytes} ${UNITS[unit]}`;
}

export function embedOf(embed, names) {
  const box = element("div", "embed");
  if (typeof embed.color === "number") box.style.borderColor = `#${embed.color.toString(16).padStart(6, "0")}`;
  if (embed.author?.name) box.append(element("p", "small", embed.author.name));
  if (embed.title) box.append(element("p", "heading", embed.url ? linkTo(embed.url, embed.title) : embed.title));
  if (embed.description) box.append(...markdown(embed.description, names));
  for (const { name, value } of embed.fields ?? []) {
    box.append(element("p", "field", name), ...markdown(value, names));
  }
  if (embed.footer?.text) box.append(element("p", "small", embed.footer.text));
  return box;
}
