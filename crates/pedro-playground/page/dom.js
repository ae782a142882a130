// What both sides of the page need: making elements, asking the playground, showing what went wrong.

export const $ = (selector, from = document) => from.querySelector(selector);

/** An element with a class and what is in it; text goes in as text, whatever it says. */
export function element(kind, className, ...inside) {
  const made = document.createElement(kind);
  if (className) made.className = className;
  made.append(...inside.filter((part) => part !== undefined && part !== null));
  return made;
}

/** A button; `label` is its accessible name and hint where its text does not say enough. */
export function button(className, text, act, label) {
  const made = element("button", className, text);
  made.type = "button";
  if (label) {
    made.title = label;
    made.setAttribute("aria-label", label);
  }
  made.addEventListener("click", act);
  return made;
}

/** The time of day, as an element that says the date too. */
export function timeOf(when) {
  const at = new Date(when);
  const time = element("time", "", at.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }));
  time.dateTime = at.toISOString();
  time.title = at.toLocaleString();
  return time;
}

/** A link that leads out of the page. */
export function linkTo(url, text = url) {
  const link = element("a", "", text);
  link.href = url;
  link.target = "_blank";
  link.rel = "noreferrer noopener";
  return link;
}

/** Asks one platform's stand-in: `api("/state")`, or with a body to change something. */
export function apiOf(base) {
  return async (path, body) => {
    const request = body && { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
    const response = await fetch(base + path, request);
    const answer = await response.json().catch(() => ({}));
    if (!response.ok) throw new Error(answer.error ?? `The playground answered ${response.status}.`);
    return answer;
  };
}

/** Asks, perhaps several times at once; answers null for what was overtaken by the answer to a later question. */
export function newest(ask) {
  let asked = 0;
  let answered = 0;
  return async (...question) => {
    const turn = ++asked;
    const answer = await ask(...question);
    if (turn < answered) return null;
    answered = turn;
    return answer;
  };
}

/** Does things and shows in `place` what failed last. */
export function attempting(place) {
  return async (work) => {
    try {
      const result = await work();
      place.textContent = "";
      return result;
    } catch (error) {
      place.textContent = error instanceof TypeError ? "The playground cannot be reached." : error.message;
      return undefined;
    }
  };
}

/** A name's colour: its own, the same on every day, and readable on the dark ground. */
export function colourOf(login) {
  let hash = 7;
  for (const letter of login) hash = (hash * 31 + letter.codePointAt(0)) >>> 0;
  // The golden angle keeps names that are nearly the same apart.
  return `hsl(${Math.round((hash % 997) * 137.508) % 360} 78% 72%)`;
}
