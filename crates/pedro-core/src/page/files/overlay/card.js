// The card: one question, its steps, its answer. Elements stay as long as what they show, so that only changes are painted.

const DOING = {
  planning: "is making a plan",
  running: "is on it",
  answering: "is writing",
  answered: "says",
  failed: "found no answer",
  stopped: "was stopped",
  problem: "needs your help",
};
/** As long as the card takes to go. */
const GOING = 400;

function element(kind, className, ...inside) {
  const made = document.createElement(kind);
  made.className = className;
  made.append(...inside);
  return made;
}

/** Text from people or the model: text only, in its own direction. */
function said(kind, className) {
  const made = element(kind, className);
  made.dir = "auto";
  return made;
}

function write(place, text) {
  if (place.textContent !== text) place.textContent = text;
}

function dress(place, className) {
  if (place.className !== className) place.className = className;
}

function duration(milliseconds) {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  if (seconds < 1) return "<1 s";
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

/** The same question in two views. */
function keyOf({ asked_at: at, asker, question }) {
  return JSON.stringify([at, asker, question]);
}

function stepRow() {
  const [mark, label, took] = [element("span", "glyph mark"), said("span", "label"), element("span", "took")];
  const row = element("li", "step", mark, label, took);
  return {
    row,
    draw({ status, label: text, began_at: began, ended_at: ended }, now) {
      dress(row, `step ${status}`);
      dress(mark, `glyph mark ${status}`);
      write(label, text);
      write(took, began && status !== "skipped" ? duration((ended ? Date.parse(ended) : now) - Date.parse(began)) : "");
    },
  };
}

function cardIn(place) {
  const [bot, doing, clock] = [said("span", "bot"), element("span", "doing"), element("span", "clock")];
  const [asker, question, answer] = [said("span", "asker"), said("span", "words"), said("span", "words")];
  const head = element("p", "head", element("span", "glyph face"), bot, doing, clock);
  const [steps, answered, more] = [element("ol", "steps"), element("div", "answer", answer), element("p", "more")];
  place.append(head, element("div", "question", asker, question), steps, answered, more);
  let [key, rows, leaving] = [undefined, [], undefined];

  function fill(bot_name, one, waiting, now) {
    const { state } = one;
    write(bot, bot_name);
    write(doing, DOING[state]);
    write(clock, state === "problem" ? "" : duration((one.ended_at ? Date.parse(one.ended_at) : now) - Date.parse(one.asked_at)));
    write(asker, one.asker ? `${one.asker} asks` : "");
    asker.hidden = !one.asker;
    write(question, one.question);
    if (rows.length !== one.steps.length) {
      rows = one.steps.map(stepRow);
      steps.replaceChildren(...rows.map(({ row }) => row));
    }
    one.steps.forEach((step, index) => rows[index].draw(step, now));
    steps.hidden = rows.length === 0;
    write(answer, one.answer ?? "");
    answered.hidden = !one.answer;
    write(more, `+${waiting} waiting`);
    more.hidden = waiting === 0;
    dress(place, `card ${state}${one.answer ? " folded" : ""} on`);
  }

  function leave() {
    place.classList.remove("on");
    leaving ??= setTimeout(() => ([leaving, key] = [undefined, undefined]), GOING);
  }

  return {
    /** Shows a question; another one first has to leave. */
    show(bot_name, one, waiting, now) {
      const wanted = keyOf(one);
      key ??= wanted;
      if (key === wanted && leaving === undefined) fill(bot_name, one, waiting, now);
      else leave();
    },
    /** Shows nothing. */
    hide() {
      if (key !== undefined) leave();
    },
  };
}
