// The browser Sparrow: sends photos, sounds and words, and shows the frame as it is made.

import { hasCamera, takePhoto } from "./camera.js";
import { hasMicrophone, makeRecorder } from "./voice.js";

const STEPS = {
  perceive: "Looking closely …",
  situate: "Looking around …",
  tell: "The storyteller is writing …",
  words: "The picture is being painted …",
  illustrate: "The picture is being painted …",
  keep: "Nearly there …",
};

class Maker extends HTMLElement {
  connectedCallback() {
    this.form = this.querySelector("form");
    this.stage = this.querySelector("#stage");
    this.telling = this.querySelector("#telling");
    this.status = this.querySelector("#status");
    this.key = this.dataset.key;
    this.photo = null;
    this.sound = null;
    this.form.addEventListener("submit", (event) => { event.preventDefault(); this.order(); });
    this.form.elements.words.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) this.form.requestSubmit();
    });
    this.prepareCamera();
    this.prepareVoice();
    if (this.dataset.task) this.follow(this.dataset.task, this.dataset.events);
  }

  prepareCamera() {
    const label = this.querySelector(".photo");
    const input = label.querySelector("input");
    input.addEventListener("change", () => { if (input.files[0]) this.show(input.files[0]); });
    if (!hasCamera()) {
      if (!isSecureContext) label.title = "Over plain http, browsers open no live camera; choose or take a photo instead.";
      return;
    }
    label.addEventListener("click", async (event) => {
      event.preventDefault();
      const rest = this.querySelector(".page");
      try {
        rest.inert = true;
        const photo = await takePhoto(this.stage, this.querySelector("#camera-view"));
        if (photo) { this.show(photo); this.order(); }
      } catch {
        this.say("The browser did not open the camera; choose a photo instead.");
        rest.inert = false;
        input.showPicker?.();
      } finally {
        rest.inert = false;
        input.focus({ preventScroll: true });
      }
    });
  }

  prepareVoice() {
    const button = this.querySelector(".record");
    if (!hasMicrophone()) return;
    button.hidden = false;
    makeRecorder(button, (sound) => { this.sound = sound; this.order(); }, (problem) => this.say(problem));
  }

  /** Shows a photo in the place of the picture. */
  show(photo) {
    this.photo = photo;
    this.querySelector(".photo").classList.add("has-photo");
    const image = new Image();
    image.className = "art arrives";
    image.alt = "Your photo";
    image.src = URL.createObjectURL(photo);
    image.addEventListener("load", () => URL.revokeObjectURL(image.src), { once: true });
    this.stage.querySelector(".plate").replaceChildren(image);
  }

  say(text, isProblem = true) {
    const line = document.createElement("span");
    line.className = isProblem ? "problem" : "";
    line.textContent = text;
    this.status.replaceChildren(line);
    this.status.hidden = !text;
  }

  busy(is) {
    this.stage.classList.toggle("telling", is);
    for (const button of this.form.querySelectorAll(".row button")) button.disabled = is;
  }

  /** Sends what there is. The key makes an order that is sent again the same order. */
  async order() {
    const body = new FormData(this.form);
    body.delete("photo");
    if (this.photo) body.set("photo", this.photo, "photo.jpg");
    if (this.sound) body.set("sound", this.sound, "sound");
    this.busy(true);
    this.say("On its way …", false);
    try {
      const answer = await this.send(body);
      const told = await answer.json();
      if (!answer.ok) throw new Error(told.detail);
      this.key = "";
      this.follow(told.task_id, told.events);
    } catch (error) {
      this.busy(false);
      this.say(error.message);
    }
  }

  /** Sends an order until an answer comes, for at most two minutes. */
  async send(body) {
    this.key ||= crypto.randomUUID?.() ?? String(Math.random()).slice(2) + Date.now();
    body.set("key", this.key);
    for (let wait = 1; ; wait = Math.min(wait * 2, 15)) {
      try {
        return await fetch(this.form.action, { method: "POST", body, headers: { accept: "application/json" } });
      } catch {
        if (wait > 60) throw new Error("There is no connection; try again in a moment.");
        this.say("There is no connection. It is sent as soon as there is one.", false);
        await new Promise((resume) => {
          setTimeout(resume, wait * 1000);
          addEventListener("online", resume, { once: true });
        });
      }
    }
  }

  /** Follows a task until it has ended. */
  follow(task, events) {
    this.busy(true);
    this.source?.close();
    this.source = new EventSource(events);
    this.task = task;
    const ended = (work) => { this.task = null; this.source.close(); this.busy(false); work(); };
    this.source.addEventListener("task", (event) => {
      const data = JSON.parse(event.data);
      if (data.id !== task) return;
      if (data.step === "words" && data.text) this.showWords(data.text);
      if (data.status === "running") this.say(STEPS[data.step] ?? "Being told …", false);
      if (["completed", "failed", "cancelled"].includes(data.status)) this.check(task, ended);
    });
    this.source.addEventListener("open", () => this.check(task, ended));
    // Browsers connect again by themselves after a lost connection, but not after a proxy's error.
    this.source.addEventListener("error", ({ target }) => {
      if (target.readyState !== EventSource.CLOSED || this.source !== target) return;
      setTimeout(() => { if (this.task === task) this.follow(task, events); }, 2000 + Math.random() * 2000);
    });
  }

  /** Asks how a task ended. It may have ended before its events were followed. */
  async check(task, ended) {
    const address = `${this.dataset.root}/v2/tasks/${encodeURIComponent(task)}`;
    // Without an answer, the next connection asks again.
    const { status, error } = await fetch(address).then((answer) => answer.ok ? answer.json() : {}).catch(() => ({}));
    if (this.task !== task) return;
    if (status === "completed") ended(() => this.refresh());
    if (status === "failed") ended(() => this.say(error || "The frame could not be told; try again."));
    if (status === "cancelled") ended(() => this.say("The frame was cancelled."));
  }

  /** Shows words whose picture is not painted yet. */
  showWords(text) {
    const words = document.createElement("div");
    words.className = "words arrives";
    words.dir = "auto";
    for (const line of text.split("\n").filter((part) => part.trim())) {
      const paragraph = document.createElement("p");
      paragraph.textContent = line;
      words.append(paragraph);
    }
    this.telling.replaceChildren(words);
  }

  /** Replaces what changed by what the server shows now. */
  async refresh() {
    const answer = await fetch(`${this.dataset.root}/`, { headers: { accept: "text/html" } });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.querySelector("calliope-maker");
    if (!answer.ok || !fresh) return location.reload();
    const image = fresh.querySelector("img.art");
    if (image) {
      image.classList.add("arrives");
      // The old picture stays until the new one can be shown.
      const loaded = new Image();
      loaded.src = image.getAttribute("src");
      await loaded.decode().catch(() => {});
    }
    for (const part of ["#stage", "#telling", ".running-head", ".row .go", ".more-list"]) {
      const [old, now] = [this.querySelector(part), fresh.querySelector(part)];
      if (old && now) old.replaceChildren(...now.childNodes);
    }
    this.key = fresh.dataset.key;
    this.photo = this.sound = null;
    this.form.reset();
    this.querySelector(".photo").classList.remove("has-photo");
    this.say("", false);
    document.title = page.title;
  }
}

customElements.define("calliope-maker", Maker);
