// The browser Sparrow: sends photos, sounds and words, and shows the frame as it is made.

import { hasCamera, takePhoto } from "./camera.js";
import { Listener } from "./listener.js";
import { Outbox, compose, deliver, isFresh } from "./outbox.js";
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
    this.form = this.querySelector("form.maker");
    this.stage = this.querySelector("#stage");
    this.telling = this.querySelector("#telling");
    this.status = this.querySelector("#status");
    // The page of a visitor has neither: it keeps nothing for another day, and the service tells the frame anyway.
    this.cancelForm = this.querySelector(".cancel") ?? document.createElement("form");
    this.asking = this.querySelector(".asking");
    this.key = this.dataset.key;
    this.photo = null;
    this.sound = null;
    const isVisitor = this.dataset.page !== undefined;
    this.outbox = new Outbox(isVisitor ? "" : `calliope${this.dataset.root}`);
    this.cancelForm.addEventListener("submit", (event) => { event.preventDefault(); this.cancel(); });
    this.form.addEventListener("submit", (event) => { event.preventDefault(); this.order(); });
    this.form.elements.words.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) this.form.requestSubmit();
    });
    this.prepareCamera();
    this.prepareVoice();
    if (this.dataset.task) this.follow(this.dataset.task, this.dataset.events);
    else this.watch();
    addEventListener("online", () => this.reconnect());
    this.empty();
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

  /** Keeps an order of what there is, and sends it. */
  async order() {
    const order = compose(this.form, this.key, this.photo, this.sound);
    this.key = "";
    this.busy(true);
    this.say("On its way …", false);
    const problem = await this.outbox.keep(order);
    if (problem) {
      this.busy(false);
      this.say(problem);
      return;
    }
    await this.empty();
  }

  /** Sends what the outbox holds, oldest first, and follows the last task. */
  async empty() {
    if (this.isEmptying) { this.again = true; return; }
    this.isEmptying = true;
    clearTimeout(this.timer);
    let task = null;
    try {
      do {
        this.again = false;
        for (const order of await this.outbox.kept()) {
          if (this.asking && !isFresh(order)) { this.ask(order); continue; }
          const sent = await this.send(order);
          if (sent === null) return;
          task = sent || task;
        }
      } while (this.again);
    } finally {
      this.isEmptying = false;
    }
    if (task) this.follow(task.task_id, task.events);
  }

  /** Sends one order. Returns the task, false if there is none to follow, and null if nothing can be sent at the moment. */
  async send(order) {
    this.busy(true);
    this.say("On its way …", false);
    this.stop = new AbortController();
    if (!this.dataset.events) await this.makeBrowser();
    const { task, refused, isStranger, seconds } = await deliver(order, this.form.action, this.stop.signal);
    const wasCancelled = this.stop.signal.aborted;
    if (!task && !refused && !wasCancelled) { this.wait(seconds); return null; }
    this.pause = 0;
    this.cancelForm.hidden = true;
    if (!task) this.busy(false);
    if (refused) this.say(refused);
    // To a browser that is not known any more the order is not lost: it is sent once the browser is connected again.
    if (isStranger) return null;
    await this.outbox.forget(order.key);
    if (wasCancelled) return null;
    if (task) { this.dataset.events = task.events; this.fresh(); }
    return task ?? false;
  }

  /** Has the service know this browser before it sends anything, so that an order that is sent twice is one order. */
  makeBrowser() {
    return fetch(`${this.dataset.root}/browser`, { method: "POST", headers: { accept: "application/json" } }).catch(() => null);
  }

  /** Says that an order is kept, and sends it later. */
  wait(seconds) {
    this.pause = Math.min((this.pause || 1) * 2, 60);
    this.timer = setTimeout(() => this.empty(), Math.max(this.pause, seconds) * 1000);
    this.fresh();
    this.busy(false);
    this.cancelForm.hidden = false;
    this.say("There is no connection. What you sent is kept here and goes on its way as soon as there is one.", false);
  }

  /** Makes the form ready for another order. */
  fresh() {
    this.photo = this.sound = null;
    this.form.reset();
    this.querySelector(".photo").classList.remove("has-photo");
  }

  /** Sends what waits, or else shows what was told meanwhile. */
  async reconnect() {
    this.pause = 0;
    if ((await this.outbox.kept()).length > 0) await this.empty();
    else if (!this.task && !this.isEmptying) await this.refresh(false).catch(() => {});
  }

  /** Asks whether an order of an earlier day is still wanted. */
  ask(order) {
    if (!this.asking.hidden) return;
    const day = new Date(order.at).toLocaleDateString(undefined, { dateStyle: "long" });
    const words = order.fields.find(([name]) => name === "words")?.[1];
    this.asking.querySelector("p").textContent =
      `Something of ${day} was not sent${words ? `: “${words.slice(0, 80)}”` : "."} Send it still?`;
    this.asking.hidden = false;
    const decide = async (isWanted) => {
      this.asking.hidden = true;
      await this.outbox.forget(order.key);
      if (isWanted) await this.outbox.keep({ ...order, at: Date.now() });
      await this.empty();
    };
    this.asking.querySelector(".yes").onclick = () => decide(true);
    this.asking.querySelector(".no").onclick = () => decide(false);
  }

  /** Cancels the frame that is made, or else the order that waits. */
  async cancel() {
    if (this.task) {
      const path = `${this.dataset.root}/v2/tasks/${encodeURIComponent(this.task)}/cancel`;
      await fetch(path, { method: "POST" }).catch(() => this.say("There is no connection; the frame was not cancelled."));
      return;
    }
    clearTimeout(this.timer);
    this.stop?.abort();
    for (const order of await this.outbox.kept()) if (isFresh(order)) await this.outbox.forget(order.key);
    this.cancelForm.hidden = true;
    this.busy(false);
    this.say("It was not sent.", false);
  }

  /** Listens while no task is followed, so that a blackout is seen at once. The page of a visitor is no screen. */
  watch() {
    if (this.dataset.page !== undefined || !this.dataset.events) return;
    this.source?.close();
    // What was said while there was no connection is on the page.
    let isAgain = false;
    this.source = new Listener(this.dataset.events, {
      command: (event) => this.obey(event),
      open: () => {
        if (isAgain && !this.isEmptying) this.look();
        isAgain = true;
      },
    });
  }

  /** Goes black, or comes back, once every instance knows. */
  obey({ data }) {
    if (["blackout", "resume"].includes(JSON.parse(data).command)) setTimeout(() => this.look(), 300);
  }

  /** Shows what the service shows now. A photo that waits to be sent stays. */
  look() {
    if (!this.photo) this.refresh(false).catch(() => {});
  }

  /** Follows a task until it has ended. */
  follow(task, events) {
    this.busy(true);
    this.source?.close();
    this.task = task;
    this.cancelForm.hidden = false;
    const ended = (work) => {
      this.task = null;
      this.source.close();
      this.busy(false);
      this.cancelForm.hidden = true;
      work();
      this.watch();
    };
    this.source = new Listener(events, {
      task: (event) => {
        const data = JSON.parse(event.data);
        if (data.id !== task) return;
        if (data.step === "words" && data.text) this.showWords(data.text);
        if (data.status === "running") this.say(STEPS[data.step] ?? "Being told …", false);
        if (["completed", "failed", "cancelled"].includes(data.status)) this.check(task, ended);
      },
      open: () => this.check(task, ended),
      command: (event) => this.obey(event),
    });
  }

  /** Asks how a task ended. It may have ended before its events were followed. */
  async check(task, ended) {
    const tasks = this.dataset.tasks ?? `${this.dataset.root}/v2/tasks/`;
    const answer = await fetch(tasks + encodeURIComponent(task)).catch(() => null);
    const { status, error } = answer?.ok ? await answer.json() : {};
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

  /** Replaces what changed by what the server shows now. `isDone` says that what the form holds was sent. */
  async refresh(isDone = true) {
    const answer = await fetch(this.dataset.page ?? `${this.dataset.root}/`, { headers: { accept: "text/html" } });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.querySelector("calliope-maker");
    if (!answer.ok || !fresh) return isDone ? location.reload() : undefined;
    const image = fresh.querySelector("img.art");
    if (image) {
      image.classList.add("arrives");
      // The old picture stays until the new one can be shown.
      const loaded = new Image();
      loaded.src = image.getAttribute("src");
      await loaded.decode().catch(() => {});
    }
    const parts = ["#stage", "#telling", ".running-head", ".row .go"];
    for (const part of isDone ? [...parts, ".more-list", ".keepsake"] : parts) {
      const [old, now] = [this.querySelector(part), fresh.querySelector(part)];
      if (old && now) old.replaceChildren(...now.childNodes);
    }
    document.title = page.title;
    if (!isDone) return;
    this.key = fresh.dataset.key;
    this.dataset.events = fresh.dataset.events;
    this.fresh();
    this.say("", false);
  }
}

customElements.define("calliope-maker", Maker);
