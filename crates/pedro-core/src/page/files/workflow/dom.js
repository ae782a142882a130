// Making elements. Text goes in as text, whatever it says.

const SVG = "http://www.w3.org/2000/svg";

function element(kind, className, ...inside) {
  const made = document.createElement(kind);
  if (className) made.className = className;
  made.append(...inside.filter((part) => part !== undefined && part !== null));
  return made;
}

function svg(kind, className, attributes = {}) {
  const made = document.createElementNS(SVG, kind);
  made.setAttribute("class", className);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

/** Something that people, models or pages wrote: it may run from right to left. */
function said(kind, className, ...inside) {
  const made = element(kind, className, ...inside);
  made.dir = "auto";
  return made;
}

/** A picture; what it says is said in words beside it. */
function glyph(className) {
  const made = element("span", `glyph ${className}`);
  made.setAttribute("aria-hidden", "true");
  return made;
}

/** A link that leads out of the page. The server has checked where it leads. */
function link(url, ...inside) {
  const made = element("a", "", ...inside);
  made.href = url;
  made.target = "_blank";
  made.rel = "noopener noreferrer nofollow";
  return made;
}

/** Changes a text only if it is another one: what is selected stays selected. */
function write(place, text) {
  if (place.textContent !== text) place.textContent = text;
}

/** Whether something is drawn anew: says yes once for each shape that the data have. */
function changes() {
  let last;
  return (...data) => {
    const now = JSON.stringify(data);
    if (now === last) return false;
    last = now;
    return true;
  };
}

/** A duration as people say it; as `words::duration` does. */
function duration(milliseconds) {
  const seconds = Math.floor(Math.max(milliseconds, 0) / 1000);
  const two = (number) => String(number).padStart(2, "0");
  if (seconds < 10) return `${seconds}.${Math.floor((Math.max(milliseconds, 0) % 1000) / 100)} s`;
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${two(seconds % 60)} s`;
  return `${Math.floor(seconds / 3600)} h ${two(Math.floor((seconds % 3600) / 60))} min`;
}

/** How long something took, or has taken so far. */
function took({ began_at: began, ended_at: ended }, now) {
  return began ? (ended ? Date.parse(ended) : now) - Date.parse(began) : undefined;
}
