// The wall: shows each new frame as it is told, and kept ones while nothing comes. It runs for months: what it shows comes
// from the page itself, which is read again after each event, after each connection and twice a minute, so nothing is missed.

import { Listener } from "./listener.js";

/** How long a frame stays at least while others wait for their turn, in milliseconds, as are all times here. */
const HOLD = 6_000;
/** How long the last new frame stays before kept frames come round, and how long each of these stays. */
const IDLE = 120_000;
const ROUND = 20_000;
/** How long the QR code of the story is shown. */
const CODE = 15_000;
/** How long one frame takes to become another; the style sheet has the same time. */
const FADE = 2_000;
/** How often the page is read again at least, and how long its answer may take. */
const LOOK = 30_000;
const PATIENCE = 15_000;
/** How long the name is shown to those who ask which screen this is. */
const IDENTIFY = 10_000;
/** How soon the page is read once more after a command, because another instance may learn of it a little later. */
const ANOTHER_LOOK = 400;
/** How often the picture moves by a few pixels. */
const SHIFT = 120_000;

/** Returns a time between half and one and a half of `time`, so that many walls do not ask at once. */
const about = (time) => time * (0.5 + Math.random());

class Wall extends HTMLElement {
  connectedCallback() {
    this.stage = this.querySelector("main");
    this.newest = this.kept = this.waiting = [];
    this.known = new Set();
    this.held = new Map();
    this.position = this.at = 0;
    this.freshUntil = 0;
    this.classList.add("live");
    const shown = this.querySelector(".wall-frame.shown");
    const others = [...this.querySelectorAll(".wall-frame:not(.shown)")];
    this.read(this);
    for (const article of others) article.remove();
    if (shown) this.lead(shown);
    this.wait(IDLE);
    const look = () => this.look();
    const command = () => { look(); setTimeout(look, ANOTHER_LOOK); };
    this.source = new Listener(this.dataset.events, { open: look, frame: look, story: look, command });
    this.stayAwake();
    this.darken(this);
    this.identify(this);
    this.keep();
    this.hold();
    setInterval(() => this.shift(), SHIFT);
    document.addEventListener("visibilitychange", () => this.stayAwake());
    document.fonts.ready.then(() => this.fit());
    addEventListener("resize", () => this.fit());
    addEventListener("keydown", ({ key }) => { if (key === "f") this.requestFullscreen?.().catch(() => {}); });
    addEventListener("dblclick", () => this.requestFullscreen?.().catch(() => {}));
  }

  // What there is to show

  /** Takes over the frames of a page, and returns those that are new, the oldest first. */
  read(root) {
    const articles = [...root.querySelectorAll(".wall-frame")].map((article) => document.importNode(article, true));
    const fresh = articles.filter(({ dataset }) => "new" in dataset && !this.known.has(dataset.key)).reverse();
    this.newest = articles.filter(({ dataset }) => "new" in dataset);
    this.kept = articles.filter(({ dataset }) => "kept" in dataset);
    this.known = new Set(articles.map(({ dataset }) => dataset.key));
    return fresh;
  }

  /** Reads the page again. A call while one is under way makes it read once more. */
  async look() {
    if (this.isLooking) { this.looksAgain = true; return; }
    this.isLooking = true;
    clearTimeout(this.lookTimer);
    try {
      const answer = await fetch(location.href, {
        headers: { accept: "text/html" }, cache: "no-store", signal: AbortSignal.timeout(PATIENCE),
      });
      // A share that has ended shows nothing any more.
      if (answer.status === 404 && "shared" in this.dataset) return location.reload();
      // Whatever else is wrong, the wall goes on with what it has, and asks again.
      const page = answer.ok && !answer.redirected ? await answer.text() : "";
      const fresh = new DOMParser().parseFromString(page, "text/html").querySelector("calliope-wall");
      if (fresh) this.take(fresh);
    } catch {
      // A connection that is dead without a word is made anew.
      if (this.source.readyState === EventSource.OPEN) this.source.connect();
    }
    this.isLooking = false;
    this.lookTimer = setTimeout(() => this.look(), about(LOOK));
    if (this.looksAgain) { this.looksAgain = false; this.look(); }
  }

  take(fresh) {
    const script = (root) => root.querySelector('script[type="module"]')?.getAttribute("src");
    if (script(fresh.ownerDocument) !== script(document)) return location.reload();
    const before = [...this.known].join();
    const wasDark = this.classList.contains("dark");
    const added = this.read(fresh);
    if (this.newest.length) this.stage.querySelector(".wall-note")?.remove();
    this.darken(fresh);
    this.identify(fresh);
    this.hold();
    const isSame = before === [...this.known].join();
    // A wall that is opened again while the service is away has to be as black.
    if (!isSame || wasDark !== this.classList.contains("dark")) this.keep();
    if (isSame) return;
    // After a long outage, the last ones tell enough.
    const waiting = this.waiting.filter(({ dataset }) => this.known.has(dataset.key));
    this.waiting = [...waiting, ...added].slice(-this.newest.length || 0);
    if (this.waiting.length) this.wait(Math.max(0, this.freshUntil - Date.now()));
    else if (!this.known.has(this.shown?.dataset.key)) this.next();
  }

  // One frame after the other

  wait(time) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.next(), time);
  }

  /** Shows the next frame: a new one, or else a kept one or one of the last. */
  async next() {
    const fresh = this.waiting.shift();
    if (fresh) {
      this.freshUntil = Date.now() + HOLD;
      this.wait(this.waiting.length ? HOLD : IDLE);
      return this.show(fresh);
    }
    this.wait(ROUND);
    const round = this.kept.length > 1 ? this.kept : this.newest;
    for (let tries = 0; tries < round.length; tries++) {
      this.at = (this.at + 1) % round.length;
      const frame = round[this.at];
      if (frame.dataset.key !== this.shown?.dataset.key && await this.show(frame, true)) return;
    }
    if (!round.length) this.lead(null);
  }

  /** Shows a frame once its picture is there. Returns whether it did; it does not without its picture if `isStrict`. */
  async show(frame, isStrict = false) {
    const turn = this.turn = Symbol("turn");
    const article = frame.cloneNode(true);
    const image = article.querySelector(".wall-picture");
    if (image) {
      image.loading = "eager";
      image.src = this.held.get(frame.dataset.key) ?? image.src;
      const isThere = await image.decode().then(() => true, () => false);
      if (this.turn !== turn) return true;
      if (!isThere && isStrict) return false;
      if (!isThere) image.remove();
    }
    article.hidden = false;
    article.classList.remove("shown");
    this.stage.append(article);
    // The browser has to know the transparent frame before it can fade.
    article.getBoundingClientRect();
    this.lead(article);
    return true;
  }

  /** Makes a frame the one that is seen, and removes all others once they are not seen any more. */
  lead(article) {
    this.shown = article;
    for (const other of this.stage.querySelectorAll(".wall-frame")) {
      if (other !== article) { other.classList.remove("shown"); setTimeout(() => other.remove(), FADE); }
    }
    article?.classList.add("shown", "with-code");
    this.fit();
    setTimeout(() => article?.classList.remove("with-code"), CODE);
  }

  /** Makes the type of a long text smaller until all of it can be seen. */
  fit() {
    const words = this.shown?.querySelector(".wall-words");
    if (!words) return;
    words.style.fontSize = "";
    let size = Number.parseFloat(getComputedStyle(words).fontSize);
    while (words.scrollHeight > words.clientHeight + 1 && size > 9) words.style.fontSize = `${size *= 0.95}px`;
  }

  shift() {
    this.classList.remove(`shift-${this.position}`);
    this.position = (this.position + 1) % 8;
    this.classList.add(`shift-${this.position}`);
  }

  /** Goes black, or comes back. It comes back by itself even if the service is away then. */
  darken(root) {
    this.classList.toggle("dark", root.classList.contains("dark"));
    clearTimeout(this.darkTimer);
    if (!root.dataset.changes) return;
    const change = () => { this.classList.remove("dark"); this.look(); };
    this.darkTimer = setTimeout(change, Math.min(Number(root.dataset.changes) * 1000, 86_400_000));
  }

  /** Shows the name for a while, if the page does. */
  identify(root) {
    if (!root.classList.contains("identified")) return;
    this.classList.add("identified");
    clearTimeout(this.nameTimer);
    this.nameTimer = setTimeout(() => this.classList.remove("identified"), IDENTIFY);
  }

  // The screen and the store

  async stayAwake() {
    if (document.visibilityState !== "visible" || this.lock?.released === false) return;
    // Without the lock, the system's settings decide about the screen.
    this.lock = await navigator.wakeLock?.request("screen").catch(() => null);
  }

  /** Holds all pictures in memory if no service worker keeps them. */
  async hold() {
    if (this.dataset.worker || this.isHolding) return;
    this.isHolding = true;
    for (const article of [...this.newest, ...this.kept]) {
      const image = article.querySelector(".wall-picture");
      if (!image || this.held.has(article.dataset.key)) continue;
      const answer = await fetch(image.src).catch(() => null);
      const picture = answer?.ok ? await answer.blob().catch(() => null) : null;
      if (picture) this.held.set(article.dataset.key, URL.createObjectURL(picture));
    }
    for (const [key, address] of this.held) {
      if (this.known.has(key)) continue;
      URL.revokeObjectURL(address);
      this.held.delete(key);
    }
    this.isHolding = false;
  }

  /** Has the service worker keep the page and everything that it shows, and nothing else. */
  async keep() {
    const workers = navigator.serviceWorker;
    if (!workers || !this.dataset.worker) return;
    try {
      await workers.register(this.dataset.worker);
      const { active } = await workers.ready;
      await document.fonts.ready;
      const pictures = [...this.newest, ...this.kept].flatMap((article) => [...article.querySelectorAll("img")]);
      const parts = performance.getEntriesByType("resource").map(({ name }) => name);
      const files = [...pictures.map((image) => image.getAttribute("src")), ...parts.filter((name) => name.includes("/assets/"))];
      active.postMessage({ page: location.pathname, files: [...new Set(files)] });
    } catch {
      // Without a worker, the wall needs the service to begin, not to go on.
    }
  }
}

customElements.define("calliope-wall", Wall);
