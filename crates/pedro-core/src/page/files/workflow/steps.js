// The steps, one below the other: what each brought when it is unfolded, and when it ran beside the others.

function inside(step) {
  const remarks = step.remarks.length ? element("p", "remarks", step.remarks.join(" ")) : undefined;
  const params = step.params.flatMap(([name, value]) => [said("dt", "", name), said("dd", "", value)]);
  const nothing = !step.note && !step.result && ["pending", "running"].includes(step.status);
  return element(
    "div",
    "inside",
    remarks,
    step.note ? said("p", "note", step.note) : undefined,
    params.length ? element("div", "", element("h3", "", "Parameters"), element("dl", "", ...params)) : undefined,
    step.result ? element("div", "", element("h3", "", "Result"), said("pre", "result", step.result)) : undefined,
    nothing ? element("p", "missing", "No result yet.") : undefined,
    sourceList(step.sources),
  );
}

/** One row. `toggled(open)` is called when it is folded or unfolded. */
function rowOf(step, open, toggled) {
  const [mark, time, bar] = [glyph("mark"), element("span", "took"), element("i", "bar")];
  const name = element("span", "step-name", element("b", "", step.name), said("span", "step-about", step.about));
  const track = element("span", "track", bar);
  track.setAttribute("aria-hidden", "true");
  const summary = element("summary", "", mark, glyph(`step-act ${step.action}`), name, track, time);
  const details = element("details", "", summary);
  details.open = open;
  details.addEventListener("toggle", () => toggled(details.open));
  const row = element("li", "step", details);
  const anew = changes();
  return {
    row,
    details,
    update(newer, now, begin, span) {
      row.className = `step ${newer.status}${row.classList.contains("lit") ? " lit" : ""}`;
      mark.className = `glyph mark ${newer.status}`;
      const passed = took(newer, now);
      write(time, ["skipped", "pending"].includes(newer.status) || passed === undefined ? newer.status_words : duration(passed));
      mark.title = newer.status_words;
      summary.ariaLabel = `${newer.name}, ${newer.about ? `${newer.about}, ` : ""}${newer.status_words}${passed === undefined ? "" : `, ${duration(passed)}`}`;
      bar.hidden = passed === undefined;
      if (passed !== undefined) {
        bar.style.left = `${(100 * (Date.parse(newer.began_at) - begin)) / span}%`;
        bar.style.width = `${(100 * passed) / span}%`;
      }
      const { remarks, params, note, result, status, sources } = newer;
      if (anew(remarks, params, note, result, status, sources)) details.replaceChildren(summary, inside(newer));
    },
  };
}

/** From when to when anything ran. */
function spanOf(attempt, now) {
  const begin = Date.parse(attempt.began_at);
  const ends = attempt.steps.map(({ began_at: began, ended_at: ended }) => (began ? (ended ? Date.parse(ended) : now) : begin));
  const over = attempt.ended_at ? Date.parse(attempt.ended_at) : begin;
  return [begin, Math.max(...ends, over, begin + 1) - begin];
}
