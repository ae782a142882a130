// The plans of a question: tabs if there are several, and of the chosen one the picture and the steps.

/** What is unfolded stays unfolded, in every plan: `2:0` is the first step of plan 2. */
const unfolded = new Set();

function attemptOf(place, attempt) {
  const [state, end] = [element("p", "origin"), element("span")];
  const rows = attempt.steps.map((step, index) => {
    const key = `${attempt.number}:${index}`;
    return rowOf(step, unfolded.has(key), (open) => {
      if (open) unfolded.add(key);
      else unfolded.delete(key);
      picture.unfolded(index, open);
    });
  });
  const view = element("div", "picture");
  view.hidden = attempt.steps.length === 0;
  const axis = element("p", "axis", element("span", "", element("span", "", "0 s"), end));
  axis.setAttribute("aria-hidden", "true");
  place.replaceChildren(state, view, axis, element("ol", "steps", ...rows.map(({ row }) => row)));
  const picture = pictureOf(view, attempt.steps, (index) => show(rows[index]));
  rows.forEach(({ details }, index) => picture.unfolded(index, details.open));
  return {
    update(newer, now) {
      const [begin, span] = spanOf(newer, now);
      write(state, `Plan ${newer.number}: ${newer.origin_words}; ${newer.status_words}.`);
      write(end, duration(span));
      newer.steps.forEach((step, index) => rows[index].update(step, now, begin, span));
      picture.update(newer.steps, now);
    },
    close: () => picture.close(),
  };
}

function show({ row, details }) {
  details.open = !details.open;
  if (!details.open) return;
  row.classList.remove("lit");
  row.scrollIntoView({ block: "nearest" });
  row.classList.add("lit");
}

/** Draws all plans into `place`. Whoever looks at the newest goes on to a newer one when it comes. */
function plansIn(place) {
  const [tabs, panel] = [element("div", "tabs"), element("div")];
  tabs.setAttribute("role", "tablist");
  tabs.setAttribute("aria-label", "Plans");
  panel.id = "plan";
  place.replaceChildren(element("h2", "", "How Pedro got there"), tabs, panel);
  place.classList.remove("plain");
  const [tabsAnew, planAnew] = [changes(), changes()];
  let [all, chosen, newest, drawn, time] = [[], 0, 0, undefined, 0];

  function choose(number) {
    chosen = number;
    draw();
  }

  function draw() {
    place.hidden = all.length === 0;
    if (place.hidden) return;
    if (tabsAnew(chosen, ...all.map(({ number, status }) => [number, status]))) drawTabs(tabs, all, chosen, choose);
    const attempt = all.find(({ number }) => number === chosen);
    const structure = attempt.steps.map(({ id, action, about, depends_on: after, condition }) => [id, action, about, after, condition]);
    if (planAnew(chosen, structure)) {
      drawn?.close();
      drawn = attemptOf(panel, attempt);
    }
    drawn.update(attempt, time);
  }

  return (attempts, now) => {
    time = now;
    all = attempts;
    const last = attempts.at(-1)?.number ?? 0;
    if (chosen === newest || !attempts.some(({ number }) => number === chosen)) chosen = last;
    newest = last;
    draw();
  };
}

function drawTabs(place, attempts, chosen, choose) {
  const focused = place.contains(document.activeElement);
  const made = attempts.map(({ number, status, status_words: words }) => {
    const tab = element("button", `tab ${status}`, glyph(`mark ${status}`), `Plan ${number}`);
    tab.type = "button";
    tab.title = words;
    tab.role = "tab";
    tab.setAttribute("aria-selected", number === chosen);
    tab.setAttribute("aria-controls", "plan");
    tab.tabIndex = number === chosen ? 0 : -1;
    tab.addEventListener("click", () => choose(number));
    return tab;
  });
  place.hidden = made.length < 2;
  place.replaceChildren(...made);
  place.onkeydown = ({ key }) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[key];
    const at = attempts.findIndex(({ number }) => number === chosen);
    if (step && attempts[at + step]) choose(attempts[at + step].number);
  };
  if (focused) place.querySelector("[aria-selected=true]").focus();
}
