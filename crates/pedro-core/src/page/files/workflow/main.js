// The page: draws what is in it, and asks for news until there are none.

const NEWS = 1000;
const SLOWEST = 15_000;
const TICK = 250;

const given = JSON.parse(document.getElementById("workflow").textContent);
const poll = document.body.dataset.poll;
// The times are the server's; a file, which nobody keeps right, stays at the moment when it was made.
const skew = given && Date.parse(given.now) - Date.now();
const clock = () => (poll ? Date.now() + skew : Date.parse(given.now));

const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));
const looked = () => new Promise((done) => document.addEventListener("visibilitychange", done, { once: true }));

function begin(workflow) {
  const find = (id) => document.getElementById(id);
  const drawPlans = plansIn(find("plans"));
  const answerAnew = changes();
  let now = workflow;
  let text;

  function tick() {
    const passed = (now.ended_at ? Date.parse(now.ended_at) : clock()) - Date.parse(now.asked_at);
    find("state").className = `state ${now.state}`;
    find("state-mark").className = `glyph mark ${now.state}`;
    write(find("state-words"), now.state_words);
    write(find("state-took"), duration(passed));
    drawPlans(now.attempts, clock());
  }

  function draw(newer) {
    now = newer;
    if (answerAnew(now.answer, now.no_answer, now.sources)) drawAnswer(find("answer"), now);
    tick();
  }

  async function ask() {
    const response = await fetch(poll, { cache: "no-cache" });
    if (!response.ok) return response.status;
    const newer = await response.text();
    if (newer !== text) draw(JSON.parse(newer));
    text = newer;
    return 200;
  }

  async function follow() {
    let wait = NEWS;
    for (;;) {
      await pause(wait);
      // Somebody may press Retry later: whoever comes back to the page sees it.
      if (document.hidden || now.over) await looked();
      const status = await ask().catch(() => 0);
      wait = status === 200 ? NEWS : Math.min(wait * 2, SLOWEST);
      write(find("connection"), { 200: "", 404: "This workflow is no longer there." }[status] ?? "No connection to Pedro. Trying again…");
      if (status === 404) return;
    }
  }

  for (const time of document.querySelectorAll("time")) {
    time.textContent = new Date(time.dateTime).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
  }
  draw(workflow);
  if (!poll) return;
  setInterval(() => now.over || document.hidden || tick(), TICK);
  follow();
}

if (given) begin(given.workflow);
