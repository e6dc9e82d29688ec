// What every part of scripts/pages uses: the browser, services of their own, and steps that watch for complaints.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createServer } from "node:net";

const { PROGRAM, WORK, CAMERA_PICTURE, SOUND, TOOLS, CALLIOPE_SCREENSHOTS: SHOTS } = process.env;
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

/**
 * Returns the path of a film for the browser's camera, which shows a JPEG. It is in YUV4MPEG2, because Debian's Chromium
 * shows a film of JPEGs as a green area. The browser itself decodes the picture.
 */
async function makeFilm(options, picture) {
  const browser = await chromium.launch(options);
  const page = await browser.newPage();
  const { width, height, planes } = await page.evaluate(async (address) => {
    const image = new Image();
    image.src = address;
    await image.decode();
    const [width, height] = [image.width & ~1, image.height & ~1];
    const context = Object.assign(document.createElement("canvas"), { width, height }).getContext("2d");
    context.drawImage(image, 0, 0);
    const { data } = context.getImageData(0, 0, width, height);
    const pixel = (x, y) => data.subarray(4 * (y * width + x), 4 * (y * width + x) + 3);
    const planes = [];
    // ITU-R BT.601 in the range of video, with one pair of colours for each two by two pixels.
    for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) {
      const [r, g, b] = pixel(x, y);
      planes.push(16 + 0.257 * r + 0.504 * g + 0.098 * b);
    }
    for (const [fr, fg, fb] of [[-0.148, -0.291, 0.439], [0.439, -0.368, -0.071]]) {
      for (let y = 0; y < height; y += 2) for (let x = 0; x < width; x += 2) {
        const [r, g, b] = pixel(x, y);
        planes.push(128 + fr * r + fg * g + fb * b);
      }
    }
    return { width, height, planes: planes.map(Math.round) };
  }, `data:image/jpeg;base64,${readFileSync(picture).toString("base64")}`);
  await browser.close();
  const frame = Buffer.concat([Buffer.from("FRAME\n"), Buffer.from(planes)]);
  const film = `${WORK}/camera.y4m`;
  writeFileSync(film, Buffer.concat([Buffer.from(`YUV4MPEG2 W${width} H${height} F30:1 Ip A1:1\n`), frame, frame]));
  return film;
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
    const executablePath = "/usr/bin/chromium";
    const args = [
      "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
      "--disable-component-update", "--disable-sync",
    ];
    const film = await makeFilm({ executablePath, args }, CAMERA_PICTURE);
    harness.browser = await chromium.launch({
      executablePath,
      args: [
        ...args, "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream",
        `--use-file-for-fake-video-capture=${film}`, `--use-file-for-fake-audio-capture=${SOUND}`,
      ],
    });
    return harness;
  }

  /** Starts the program in a folder of its own. `variables` are its environment. */
  async serve(name, variables = {}) {
    const folder = `${WORK}/${this.services.length}-${name}`;
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

  /** Does what sends an order on the maker's page, and waits until the service has taken it. */
  async order(page, work) {
    const isOrder = (answer) => answer.request().method() === "POST" && new URL(answer.url()).pathname === "/";
    await Promise.all([page.waitForResponse(isOrder), work()]);
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
