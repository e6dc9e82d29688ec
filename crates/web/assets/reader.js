// The reader: keys and swipes turn pages, controls fade while nobody moves, and new frames are announced.

const isTyping = (target) => target.closest("input, textarea, select, summary, audio, video, [contenteditable]");

class Reader extends HTMLElement {
  connectedCallback() {
    this.stop = new AbortController();
    const on = (target, name, listener) =>
      target.addEventListener(name, listener, { signal: this.stop.signal, passive: true });
    document.addEventListener("keydown", (event) => this.key(event), { signal: this.stop.signal });
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

  disconnectedCallback() {
    this.stop.abort();
    this.source?.close();
  }

  go(to) {
    const link = typeof to === "number" ? null : this.querySelector(`.turn a[rel="${to}"]`);
    if (link) location.assign(link.href);
    else if (typeof to === "number") location.assign(this.dataset.base + to);
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
    if (!this.touch || (visualViewport && visualViewport.scale > 1.05)) return;
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
    button.addEventListener("click", async () => {
      try {
        if (navigator.share) return await navigator.share({ title: document.title, url });
        await navigator.clipboard.writeText(url);
        button.lastChild.textContent = "The link is copied";
      } catch {
        // Whoever closes the dialog does not want to share.
      }
    });
  }

  startVideo() {
    const video = this.querySelector("video");
    if (video && !matchMedia("(prefers-reduced-motion: reduce)").matches) video.play().catch(() => {});
  }

  /** Fetches the pictures of the neighbours where the browser does not understand the links that ask for it. */
  fetchNeighbours() {
    if (document.createElement("link").relList.supports("prefetch")) return;
    for (const link of document.querySelectorAll('link[rel="prefetch"][as="image"]')) new Image().src = link.href;
  }

  /** Shows similar moments in their place, once somebody wants to see them. */
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

  /** Shows the words and the picture as they are now. */
  async refresh() {
    const page = await this.load(location.href);
    for (const part of [".plate", ".words", ".narration", ".running-head"]) {
      const [old, now] = [this.querySelector(part), page?.querySelector(`calliope-reader ${part}`)];
      if (!old || !now || old.outerHTML === now.outerHTML) continue;
      now.classList.add("arrives");
      old.replaceWith(now);
    }
  }

  listen() {
    const chip = this.querySelector(".chip");
    const link = chip.querySelector("a");
    let count = Number(this.dataset.count);
    this.source = new EventSource(this.dataset.events);
    this.source.addEventListener("frame", (event) => {
      const { number, removed } = JSON.parse(event.data);
      if (!removed && number + 1 === Number(this.dataset.number)) return this.refresh();
      if (removed || number < count) return;
      count = number + 1;
      this.dataset.count = String(count);
      for (const of of this.querySelectorAll(".of")) of.textContent = ` of ${count}`;
      link.href = this.dataset.base + count;
      chip.hidden = false;
    });
    addEventListener("pagehide", () => this.source.close(), { once: true });
    addEventListener("pageshow", (event) => { if (event.persisted) this.listen(); }, { once: true });
  }
}

customElements.define("calliope-reader", Reader);
