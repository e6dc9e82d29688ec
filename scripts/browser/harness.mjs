// What every part of scripts/pages uses: the browser, services of their own, and steps that watch for complaints.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, openSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createServer } from "node:net";

const { PROGRAM, WORK, CAMERA, SOUND, TOOLS, CALLIOPE_SCREENSHOTS: SHOTS } = process.env;
const { chromium } = createRequire(`${TOOLS}/`)("playwright-core");

/** Returns a port of this machine that is free. */
function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** A running program with a folder of its own. */
class Service {
  constructor(folder, port, variables) {
    Object.assign(this, { folder, port, variables, origin: `http://localhost:${port}` });
  }

  /** Starts the program and waits until it answers. */
  async start() {
    const log = openSync(`${this.folder}.log`, "a");
    this.process = spawn(PROGRAM, ["serve"], {
      cwd: this.folder,
      stdio: ["ignore", log, log],
      env: {
        PATH: process.env.PATH, HOME: WORK, PORT: `${this.port}`, CALLIOPE_SITUATION_ONLINE: "false", CALLIOPE_LOG: "warn",
        ...this.variables,
      },
    });
    this.ended = new Promise((resolve) => this.process.once("exit", resolve));
    for (let tries = 0; tries < 200; tries++) {
      if (await fetch(`http://127.0.0.1:${this.port}/livez`).then((answer) => answer.ok, () => false)) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error(`the program did not start: ${this.log()}`);
  }

  /** Ends the program at once, as a power cut does. */
  async kill() {
    this.process.kill("SIGKILL");
    await this.ended;
  }

  /** Returns what the program has logged. */
  log() {
    return readFileSync(`${this.folder}.log`, "utf8");
  }
}

/** One run: the browser, the services, and what the browser complained of. */
export class Harness {
  services = [];
  complaints = [];

  static async launch() {
    const harness = new Harness();
    harness.browser = await chromium.launch({
      executablePath: "/usr/bin/chromium",
      args: [
        "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
        "--disable-component-update", "--disable-sync", "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream", `--use-file-for-fake-video-capture=${CAMERA}`,
        `--use-file-for-fake-audio-capture=${SOUND}`,
      ],
    });
    return harness;
  }

  /** Starts the program in a folder of its own. `variables` are its environment. */
  async serve(name, variables = {}) {
    const folder = `${WORK}/${name}`;
    mkdirSync(folder, { recursive: true });
    const service = new Service(folder, await freePort(), variables);
    this.services.push(service);
    await service.start();
    return service;
  }

  /** Opens a context whose console, policy violations and requests are watched. */
  async context(origin, options = {}) {
    const made = await this.browser.newContext({ permissions: [], ...options });
    if (options.javaScriptEnabled !== false) await made.grantPermissions(["camera", "microphone"], { origin });
    made.setDefaultTimeout(20_000);
    made.on("console", (message) => {
      if (!["error", "warning"].includes(message.type())) return;
      this.complaints.push(`console: ${message.text()} (${message.page()?.url()})`);
    });
    made.on("weberror", (error) => this.complaints.push(`error: ${error.error()}`));
    made.on("request", (request) => {
      const url = request.url();
      if (!url.startsWith(origin) && !/^(blob|data):/.test(url)) this.complaints.push(`a request to ${url}`);
    });
    return made;
  }

  /** Does one step. It fails if the browser complains of anything that `allowed` does not match. */
  async step(name, work, allowed = null) {
    const started = Date.now();
    await work();
    const complaints = this.complaints.splice(0).filter((complaint) => !allowed?.test(complaint));
    assert.deepEqual(complaints, [], name);
    console.log(`ok ${name} (${Date.now() - started} ms)`);
  }

  /** Keeps a picture of a page, if pictures were asked for. */
  async shot(page, name) {
    if (!SHOTS) return;
    mkdirSync(SHOTS, { recursive: true });
    await page.screenshot({ path: `${SHOTS}/${name}.png` });
  }

  /** Ends the browser and the services. */
  async end() {
    await this.browser.close();
    await Promise.all(this.services.map((service) => service.kill()));
  }
}
