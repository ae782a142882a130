// The connection to Pedro. EventSource comes back by itself, mostly; what it does not notice is noticed here.

/** The server says something at least every 15 s. */
const SILENCE = 25_000;
/** For so long what was shown last may stay. */
const STALE = 10_000;
const GLANCE = 1000;
const AGAIN = 3000;

/** Calls `news(view)`, `problem(words)`, and `lost()` when nothing that is shown can be trusted any more. */
function listen(address, { news, problem, lost }) {
  let source;
  let heard;
  let down = performance.now();
  let tried;

  function connect() {
    source?.close();
    tried = performance.now();
    source = new EventSource(address);
    const alive = () => {
      heard = performance.now();
      down = undefined;
    };
    // That it opened says little: a proxy opens too. The first view comes at once.
    source.addEventListener("ping", alive);
    source.addEventListener("message", ({ data }) => {
      alive();
      news(JSON.parse(data));
    });
    source.addEventListener("problem", ({ data }) => {
      alive();
      problem(data);
    });
    source.addEventListener("error", () => (down ??= performance.now()));
  }

  function watch() {
    const now = performance.now();
    if (down === undefined && now - heard > SILENCE) {
      down = now - STALE;
      connect();
    }
    if (down !== undefined && now - down >= STALE) lost();
    // After an answer that is no stream (a proxy's, while Pedro starts) it does not try again; without any it waits for ever.
    const patience = source.readyState === EventSource.CLOSED ? AGAIN : SILENCE;
    if (down !== undefined && now - tried >= patience) connect();
  }

  connect();
  setInterval(watch, GLANCE);
}
