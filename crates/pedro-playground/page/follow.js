// A log that grows at its end: whoever reads the end stays there, whoever reads further up is left alone.

/** Nearer to the end than this, the reader follows. */
const NEAR = 60;

export class Follow {
  #log;
  #newest;
  #unread = 0;
  #followed = true;

  /** `newest` is the button that leads to the end when something new is there. */
  constructor(log, newest) {
    this.#log = log;
    this.#newest = newest;
    newest.addEventListener("click", () => this.toEnd());
    log.addEventListener("scroll", () => {
      this.#followed = this.#isAtEnd();
      if (this.#followed) this.#read();
    });
    // A field that grows (a reply, a problem) takes room from the log: who was at the end stays there.
    new ResizeObserver(() => this.#followed && this.toEnd()).observe(log);
  }

  /** Changes the log; `news` of what comes in is new to the reader. */
  during(change, news = 0) {
    const followed = this.#isAtEnd();
    change();
    if (followed) {
      this.toEnd();
    } else if (news > 0) {
      this.#unread += news;
      this.#newest.textContent = this.#unread === 1 ? "1 new ↓" : `${this.#unread} new ↓`;
      this.#newest.hidden = false;
    }
  }

  toEnd() {
    this.#log.scrollTop = this.#log.scrollHeight;
    this.#followed = true;
    this.#read();
  }

  #isAtEnd() {
    return this.#log.scrollHeight - this.#log.scrollTop - this.#log.clientHeight < NEAR;
  }

  #read() {
    this.#unread = 0;
    this.#newest.hidden = true;
  }
}
