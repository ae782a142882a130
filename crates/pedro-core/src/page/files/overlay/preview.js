// A question that never was, for whoever puts the overlay into a scene: `&preview` in the address.

const TURN = 30;
const STEPS = [
  ["reference_check", "Memory: what was said about Go on stream", 3, 5],
  ["web_search", "Web search: best way to learn Go", 3, 9],
  ["db_query", "Look-up: links", 3, 4],
  ["return_response", "Answer", 9, 14],
];

/** The view at a time: a plan is made, carried out and answered, over and over. */
function preview(now) {
  const began = now - (now % (TURN * 1000));
  const at = (seconds) => new Date(began + seconds * 1000).toISOString();
  const passed = (now - began) / 1000;
  const steps = STEPS.map(([action, label, from, to]) => ({
    action,
    label,
    status: passed >= to ? "succeeded" : passed >= from ? "running" : "pending",
    began_at: passed >= from ? at(from) : null,
    ended_at: passed >= to ? at(to) : null,
  }));
  const question = {
    asker: "a viewer",
    question: "This is a preview: what is the best way to learn Go, and what did we say about it on stream?",
    state: passed < 3 ? "planning" : passed < 9 ? "running" : passed < 14 ? "answering" : "answered",
    steps: passed < 3 ? [] : steps,
    answer: passed < 14 ? null : "Start with the Tour of Go, then Effective Go. On stream we said: build something small, and read the standard library.",
    asked_at: at(0),
    ended_at: passed < 14 ? null : at(14),
  };
  return { bot_name: "Pedro", questions: [question], waiting: 2 };
}
