// The reader: keys and swipes turn pages, controls fade while nobody moves, and new frames are announced.

import { Listener } from "./listener.js";

const isTyping = (target) => target.closest("input, textarea, select, summary, audio, video");

class Reader extends HTMLElement {
  connectedCallback() {
    const on = (target, name, listener) => target.addEventListener(name, listener, { passive: true });
    document.addEventListener("keydown", (event) => this.key(event));
    on(this, "touchstart", (event) => { this.touch = event.touches.length === 1 ? event.touches[0] : null; });
    on(this, "touchend", (event) => this.swipe(event.changedTouches[0]));
    for (const name of ["pointermove", "pointerdown", "keydown", "focusin"]) on(document, name, () => this.wake());
    this.wake();
    this.offerShare();
    this.startVideo();
    this.fetchNeighbours();
    this.offerSimilar();
    this.listen();
  }

  go(to) {
    const address = typeof to === "number" ? this.dataset.base + to : this.querySelector(`.turn a[rel="${to}"]`)?.href;
    if (address) location.assign(address);
  }

  key(event) {
    if (event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey || isTyping(event.target)) return;
    const page = this.querySelector(".page");
    const isRead = page.scrollTop + page.clientHeight >= page.scrollHeight - 4
      && scrollY + innerHeight >= document.documentElement.scrollHeight - 4;
    const isLink = event.target.closest("a, button");
    const turn = {
      ArrowRight: "next", ArrowLeft: "prev", PageDown: isRead ? "next" : "", PageUp: scrollY || page.scrollTop ? "" : "prev",
      " ": isRead && !isLink ? (event.shiftKey ? "prev" : "next") : "",
      Home: 1, End: Number(this.dataset.count),
    }[event.key];
    if (!turn) return;
    event.preventDefault();
    this.go(turn);
  }

  swipe(end) {
    if (!this.touch || visualViewport?.scale > 1.05) return;
    const [x, y] = [end.clientX - this.touch.clientX, end.clientY - this.touch.clientY];
    if (Math.abs(x) > 60 && Math.abs(x) > 2 * Math.abs(y)) this.go(x < 0 ? "next" : "prev");
  }

  wake() {
    this.classList.remove("idle");
    clearTimeout(this.timer);
    if (matchMedia("(hover: hover)").matches) this.timer = setTimeout(() => this.classList.add("idle"), 4000);
  }

  offerShare() {
    const button = this.querySelector(".share");
    const url = document.querySelector('link[rel="canonical"]').href;
    if (!navigator.share && !navigator.clipboard) return;
    button.hidden = false;
    const copy = () => navigator.clipboard.writeText(url).then(() => { button.lastChild.textContent = "The link is copied"; });
    button.addEventListener("click", () => {
      // It fails if the dialog is closed.
      (navigator.share?.({ title: document.title, url }) ?? copy()).catch(() => {});
    });
  }

  startVideo() {
    if (!matchMedia("(prefers-reduced-motion: reduce)").matches) this.querySelector("video")?.play().catch(() => {});
  }

  /** Fetches the neighbours' pictures if the browser does not know the links that ask for it. */
  fetchNeighbours() {
    if (document.createElement("link").relList.supports("prefetch")) return;
    for (const link of document.querySelectorAll('link[rel="prefetch"][as="image"]')) new Image().src = link.href;
  }

  /** Shows similar moments in their place once they are wanted. */
  offerSimilar() {
    const details = this.querySelector(".similar");
    details?.addEventListener("toggle", async () => {
      const found = (await this.load(details.dataset.from))?.querySelector(".found");
      if (found) details.replaceChildren(details.querySelector("summary"), found);
    }, { once: true });
  }

  async load(address) {
    const answer = await fetch(address, { headers: { accept: "text/html" } }).catch(() => null);
    return answer?.ok ? new DOMParser().parseFromString(await answer.text(), "text/html") : null;
  }

  /** Shows what the page has now: the words, the picture, and whether there are more frames. */
  async refresh() {
    const page = (await this.load(location.href))?.querySelector("calliope-reader");
    if (!page) return;
    for (const part of [".plate", ".words", ".narration", ".running-head"]) {
      const [old, now] = [this.querySelector(part), page.querySelector(part)];
      if (!old || !now || old.innerHTML === now.innerHTML) continue;
      now.classList.add("arrives");
      old.replaceWith(now);
      if (part === ".plate") this.startVideo();
    }
    this.announce(Number(page.dataset.count));
  }

  listen() {
    if (!this.dataset.events) return;
    this.source = new Listener(this.dataset.events, {
      frame: (event) => {
        const { number, removed } = JSON.parse(event.data);
        if (removed) return;
        if (number + 1 === Number(this.dataset.number)) this.refresh();
        this.announce(number + 1);
      },
      // While there was no connection, anything may have changed.
      open: () => { if (this.source.count > 1) this.refresh(); },
    });
  }

  /** Says that the story has a new last frame. */
  announce(count) {
    if (count <= Number(this.dataset.count)) return;
    this.dataset.count = count;
    for (const of of this.querySelectorAll(".of")) of.textContent = ` of ${count}`;
    const chip = this.querySelector(".chip");
    chip.querySelector("a").href = this.dataset.base + count;
    chip.hidden = false;
  }
}

customElements.define("calliope-reader", Reader);
