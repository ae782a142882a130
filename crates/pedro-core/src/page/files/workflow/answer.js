// The answer: Markdown, which the server has read into plain parts.

const BLOCKS = {
  paragraph: ({ lines }) => said("p", "", ...broken(lines)),
  quote: ({ lines }) => said("blockquote", "", ...broken(lines)),
  heading: ({ runs }) => said("h3", "", ...runs.map(run)),
  list: ({ items }) => element("ul", "", ...items.map(item)),
  numbers: ({ from, items }) => {
    const made = element("ol", "", ...items.map(item));
    made.start = from;
    return made;
  },
  code: ({ text }) => element("pre", "", element("code", "", text)),
};

function broken(lines) {
  return lines.flatMap((runs, place) => (place ? [element("br"), ...runs.map(run)] : runs.map(run)));
}

function item(runs) {
  return said("li", "", ...runs.map(run));
}

function run({ text, code, italic, bold, url }) {
  let made = text;
  if (code) made = element("code", "", made);
  if (italic) made = element("em", "", made);
  if (bold) made = element("strong", "", made);
  return url ? link(url, made) : made;
}

/** Sources, by number, with links where they are somewhere. */
function sourceList(sources) {
  if (sources.length === 0) return undefined;
  const items = sources.map(({ title, url }) => said("li", "", url ? link(url, title) : title));
  return element("div", "sources", element("h3", "", "Sources"), element("ol", "", ...items));
}

function drawAnswer(place, workflow) {
  const text = workflow.answer.length
    ? element("div", "text", ...workflow.answer.map((block) => BLOCKS[block.kind](block)))
    : element("p", "missing", workflow.no_answer);
  place.replaceChildren(element("h2", "", "Answer"), text);
  place.append(sourceList(workflow.sources) ?? "");
}
