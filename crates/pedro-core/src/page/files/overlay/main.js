// What is on the screen: one question, for as long as it is worth it.

const CORNERS = ["br", "bl", "tr", "tl"];
const NOTICE = 60_000;
const TICK = 250;

const asked = new URLSearchParams(location.search);
const linger = Number(document.body.dataset.linger) * 1000;

/** The question to show. Answers go first; if they come fast, each has half its time at least. */
function choose(questions, now) {
  const age = ({ ended_at: ended }) => now - Date.parse(ended);
  const ended = questions.filter((one) => one.ended_at && age(one) < linger).sort((one, other) => age(other) - age(one));
  return ended.find((one) => age(one) < linger / 2) ?? ended.at(-1) ?? questions.find((one) => !one.ended_at);
}

function begin() {
  const card = cardIn(document.getElementById("card"));
  let view;
  let skew = 0;
  let told;

  function draw() {
    const now = Date.now() + skew;
    if (told && now - told.at > NOTICE) told = undefined;
    if (told) return card.show("Pedro", notice(told.words, told.at), 0, now);
    const shown = asked.has("preview") ? preview(now) : view;
    const one = shown && choose(shown.questions, now);
    if (!one) return card.hide();
    const others = shown.questions.filter((other) => other !== one && !other.ended_at).length;
    return card.show(shown.bot_name, one, shown.waiting + others, now);
  }

  const problem = (words) => {
    told ??= { words, at: Date.now() + skew };
    draw();
  };
  setInterval(draw, TICK);
  if (asked.has("preview")) return;
  if (!asked.get("channel")) return problem("Add ?channel=NAME to this overlay's address, or ?preview to see where it will be.");
  listen(`overlay/events?channel=${encodeURIComponent(asked.get("channel"))}`, {
    news(newer) {
      view = newer;
      told = undefined;
      skew = Date.parse(newer.now) - Date.now();
      draw();
    },
    problem,
    lost() {
      view = undefined;
      draw();
    },
  });
}

/** What whoever sets it up should know, in the card that they expect to see. */
function notice(words, at) {
  const when = new Date(at).toISOString();
  return { question: "This overlay has nothing to show", state: "problem", steps: [], answer: words, asked_at: when, ended_at: when };
}

const corner = asked.get("corner");
document.body.classList.add(CORNERS.includes(corner) ? corner : "br");
const scale = Number.parseFloat(asked.get("scale"));
document.documentElement.style.fontSize = `${16 * (scale ? Math.min(Math.max(scale, 0.5), 3) : 1)}px`;
begin();
