// The plan as a picture: boxes that are buttons, and lines between them.

/** In boxes narrower than this only the most important is told. */
const TIGHT = 136;

/** A line that leaves and arrives straight, in the plan's direction. */
function curve(points, down) {
  let path = `M${points[0]}`;
  for (let place = 1; place < points.length; place += 1) {
    const [[x, y], [toX, toY]] = [points[place - 1], points[place]];
    const [midX, midY] = [(x + toX) / 2, (y + toY) / 2];
    path += down ? `C${x},${midY} ${toX},${midY} ${toX},${toY}` : `C${midX},${y} ${midX},${toY} ${toX},${toY}`;
  }
  return path;
}

function arrow([x, y], down) {
  return down ? `M${x},${y}l-5,-8h10z` : `M${x},${y}l-8,-5v10z`;
}

/** Draws one plan into `place`, and keeps it right. `toggle(index)` is called when a box is pressed. */
function pictureOf(place, steps, toggle) {
  const stage = element("div", "stage");
  const boxes = steps.map((step, index) => boxOf(step, () => toggle(index)));
  const anew = changes();
  let lines = [];
  let now = steps;

  function arrange() {
    const room = Math.floor(place.clientWidth) - 12;
    if (room <= 0 || !anew(room)) return;
    const layout = layoutOf(now, room);
    const [width, height] = layout.size;
    stage.classList.toggle("tight", layout.box.width < TIGHT);
    Object.assign(stage.style, { width: `${width}px`, height: `${height}px` });
    boxes.forEach(({ button }, index) => {
      const [left, top] = layout.boxes[index];
      Object.assign(button.style, { left: `${left}px`, top: `${top}px`, width: `${layout.box.width}px`, height: `${layout.box.height}px` });
    });
    const drawing = svg("svg", "", { width, height, "aria-hidden": "true" });
    lines = layout.lines.map((line) => lineOf(line, layout.down));
    lines.forEach(({ path, head }) => drawing.append(path, head));
    stage.replaceChildren(drawing, ...boxes.map(({ button }) => button), ...lines.map(({ words }) => words).filter(Boolean));
    lines.forEach((line) => line.update(now));
  }

  place.replaceChildren(stage);
  const observer = new ResizeObserver(arrange);
  observer.observe(place);
  arrange();
  return {
    update(newer, time) {
      now = newer;
      boxes.forEach((box, index) => box.update(newer[index], time));
      lines.forEach((line) => line.update(newer));
    },
    unfolded: (index, open) => boxes[index].button.setAttribute("aria-expanded", open),
    close: () => observer.disconnect(),
  };
}

function boxOf(step, press) {
  const about = said("span", "", step.about);
  const [mark, state, time] = [glyph("mark"), element("span"), element("span", "took")];
  const button = element(
    "button",
    "node",
    element("span", "node-name", glyph(step.action), element("span", "", step.name)),
    element("span", "node-about", about),
    element("span", "node-state", mark, state, time),
  );
  button.type = "button";
  button.title = step.about;
  button.addEventListener("click", press);
  return {
    button,
    update(newer, now) {
      const { status } = newer;
      button.className = `node ${status}`;
      mark.className = `glyph mark ${status}`;
      write(state, newer.status_words);
      const passed = took(newer, now);
      write(time, passed === undefined ? "" : duration(passed));
    },
  };
}

function lineOf({ from, to, words, points }, down) {
  const path = svg("path", "edge", { d: curve(points, down) });
  const head = svg("path", "head", { d: arrow(points.at(-1), down) });
  const label = words && element("span", "edge-words", words);
  if (label) {
    const [[x, y], [toX, toY]] = points;
    Object.assign(label.style, { left: `${(x + toX) / 2}px`, top: `${(y + toY) / 2}px` });
  }
  return {
    path,
    head,
    words: label,
    update(steps) {
      const walked = !["pending", "skipped"].includes(steps[to].status) && !["pending", "running", "skipped"].includes(steps[from].status);
      path.setAttribute("class", `edge${walked ? " walked" : ""}${words ? " maybe" : ""}`);
      head.setAttribute("class", `head${walked ? " walked" : ""}`);
    },
  };
}
