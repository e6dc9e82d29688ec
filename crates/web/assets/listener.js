// A stream of events that is connected again for as long as the page is open. A browser alone gives up after a proxy's error.

/** The longest pause before the next try, in milliseconds. */
const LONGEST = 60_000;
/** How long a connection lasts at least if the pause after it is short. */
const STABLE = 10_000;

export class Listener {
  /** Listens at an address. `on` has a function for each event, by name; `open` is called at each connection. */
  constructor(address, on) {
    Object.assign(this, { address, on, count: 0, tries: 0, ended: new AbortController() });
    const { signal } = this.ended;
    addEventListener("online", () => this.hurry(), { signal });
    document.addEventListener("visibilitychange", () => { if (!document.hidden) this.hurry(); }, { signal });
    // Browsers do not keep a page with an open stream for the way back.
    addEventListener("pagehide", () => this.disconnect(), { signal });
    addEventListener("pageshow", ({ persisted }) => { if (persisted) this.connect(); }, { signal });
    this.connect();
  }

  get readyState() {
    return this.source.readyState;
  }

  connect() {
    this.disconnect();
    this.count += 1;
    this.openSince = Infinity;
    const source = this.source = new EventSource(this.address);
    source.onopen = () => { this.openSince = performance.now(); };
    source.onerror = () => { if (source === this.source) this.retry(); };
    for (const [name, work] of Object.entries(this.on)) source.addEventListener(name, work);
  }

  /** Connects after a growing pause, in part random, so that not all pages come at once. */
  retry() {
    this.disconnect();
    if (performance.now() - this.openSince > STABLE) this.tries = 0;
    const pause = Math.min(1000 * 2 ** this.tries++, LONGEST);
    this.timer = setTimeout(() => this.connect(), pause * (0.5 + Math.random() / 2));
  }

  /** Connects at once, unless it is connected. */
  hurry() {
    if (this.readyState === EventSource.OPEN) return;
    this.tries = 0;
    this.connect();
  }

  disconnect() {
    clearTimeout(this.timer);
    this.source?.close();
  }

  close() {
    this.ended.abort();
    this.disconnect();
  }
}
