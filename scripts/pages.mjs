// What scripts/pages tries in the browser. Each step prints a line; the first that fails ends the run.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { mkdirSync } from "node:fs";

const { OPEN, KEYED, KEY, CAMERA, SOUND, PHOTO, TOOLS, CALLIOPE_SCREENSHOTS: SHOTS } = process.env;
const { chromium } = createRequire(`${TOOLS}/`)("playwright-core");

const browser = await chromium.launch({
  executablePath: "/usr/bin/chromium",
  args: [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream", `--use-file-for-fake-video-capture=${CAMERA}`,
    `--use-file-for-fake-audio-capture=${SOUND}`,
  ],
});

const complaints = [];

/** Opens a context whose console, policy violations and requests are watched. */
async function context(origin, options = {}) {
  const made = await browser.newContext({ permissions: [], ...options });
  if (options.javaScriptEnabled !== false) await made.grantPermissions(["camera", "microphone"], { origin });
  made.setDefaultTimeout(20_000);
  made.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(`console: ${message.text()} (${message.page()?.url()})`);
  });
  made.on("weberror", (error) => complaints.push(`error: ${error.error()}`));
  made.on("request", (request) => {
    const url = request.url();
    if (!url.startsWith(origin) && !/^(blob|data):/.test(url)) complaints.push(`a request to ${url}`);
  });
  return made;
}

async function step(name, work) {
  const started = Date.now();
  await work();
  assert.deepEqual(complaints, [], name);
  console.log(`ok ${name} (${Date.now() - started} ms)`);
}

const words = (page) => page.locator(".words").innerText();
const shot = async (page, name) => {
  if (!SHOTS) return;
  mkdirSync(SHOTS, { recursive: true });
  await page.screenshot({ path: `${SHOTS}/${name}.png` });
};

let story = "";

await step("a photo is posted by the form, without JavaScript", async () => {
  const plain = await context(OPEN, { javaScriptEnabled: false });
  const page = await plain.newPage();
  await page.goto(OPEN);
  await page.setInputFiles("input[name=photo]", PHOTO);
  await page.fill("textarea", "A rocket waits for the rain to stop.");
  await page.click("button.go");
  await page.waitForURL(`${OPEN}/`);
  for (let tries = 0; tries < 40 && !(await page.locator("img.art").count()); tries++) {
    await page.waitForTimeout(250);
    await page.reload();
  }
  assert.ok((await words(page)).length > 10);
  story = await page.locator(".running-head a").getAttribute("href");
  await page.goto(OPEN + story);
  assert.match(page.url(), /\/s\/[^/]+\/1$/);
  assert.ok(await page.locator("img.art").evaluate((image) => image.getAttribute("alt").length > 0));
  await page.goto(`${OPEN}/search`);
  await page.fill("input[name=q]", "rocket");
  await page.press("input[name=q]", "Enter");
  await page.waitForURL(/q=rocket/);
  assert.match(await page.locator("[role=status]").innerText(), /Searched|No frame/);
  await page.goto(`${OPEN}/library`);
  assert.equal(await page.locator(".cover").count(), 1);
  await plain.close();
});

const live = await context(OPEN, { viewport: { width: 390, height: 844 } });
const maker = await live.newPage();
let navigations = 0;
maker.on("framenavigated", (frame) => { if (frame === maker.mainFrame()) navigations += 1; });

await step("the camera takes a photo, and the frame appears without loading the page again", async () => {
  await maker.goto(OPEN);
  await maker.waitForFunction(() => customElements.get("calliope-maker"));
  const before = navigations;
  await maker.click(".photo");
  await maker.waitForFunction(() => document.querySelector(".camera video")?.videoWidth > 0);
  await shot(maker, "camera");
  await maker.click(".shutter");
  await maker.waitForSelector("#status:not([hidden])");
  await shot(maker, "telling");
  await maker.waitForSelector("#stage img.art[src*='/media/']");
  assert.ok((await words(maker)).length > 10);
  assert.equal(navigations, before);
  await shot(maker, "made");
});

await step("a voice is recorded while its button is held", async () => {
  const earlier = await words(maker);
  await maker.locator(".record").scrollIntoViewIfNeeded();
  const button = await maker.locator(".record").boundingBox();
  await maker.mouse.move(button.x + 9, button.y + 9);
  await maker.mouse.down();
  await maker.waitForSelector(".recording meter");
  await maker.waitForTimeout(900);
  await maker.mouse.up();
  await maker.waitForFunction((text) => document.querySelector(".words").innerText !== text, earlier);
});

await step("a reader turns pages by keys, and hears of a new frame", async () => {
  const own = await maker.locator(".running-head a").getAttribute("href");
  const reader = await live.newPage();
  await reader.goto(`${OPEN}${own}/1`);
  await reader.waitForFunction(() => customElements.get("calliope-reader"));
  await reader.keyboard.press("ArrowRight");
  await reader.waitForURL(/\/2$/);
  await reader.keyboard.press("Home");
  await reader.waitForURL(/\/1$/);
  await reader.keyboard.press("End");
  await reader.waitForURL(/\/2$/);
  assert.ok(await reader.locator(".chip").isHidden());
  const opened = await reader.evaluate(() => document.querySelector("calliope-reader").source.readyState);
  assert.ok(opened < 2);
  await reader.waitForFunction(() => document.querySelector("calliope-reader").source.readyState === 1);
  await maker.bringToFront();
  await maker.fill("textarea", "A gull lands on the mast.");
  await maker.click("button.go");
  await reader.bringToFront();
  await reader.waitForSelector(".chip:not([hidden])");
  await shot(reader, "chip");
  await reader.click(".chip a");
  await reader.waitForURL(/\/3$/);
  await reader.click("summary");
  await reader.click("text=Keep this frame");
  await reader.waitForURL(/\/3$/);
  await reader.goto(`${OPEN}/bookmarks`);
  assert.equal(await reader.locator(".hit").count(), 1);
  await reader.close();
});

await step("a browser connects by a key", async () => {
  const strange = await context(KEYED);
  const page = await strange.newPage();
  await page.goto(KEYED);
  await page.fill("input[name=key]", KEY);
  await page.click("button.go");
  await page.waitForSelector("calliope-maker");
  await page.goto(`${KEYED}/library`);
  assert.match(await page.locator("h1").innerText(), /Library/);
  await strange.close();
});

await step("every page stands at every size", async () => {
  const sizes = { phone: [390, 844], desk: [1280, 800], reader: [600, 800], narrow: [320, 640] };
  for (const [size, [width, height]] of Object.entries(sizes)) {
    for (const colorScheme of ["light", "dark"]) {
      const seen = await context(OPEN, { viewport: { width, height }, colorScheme, storageState: await live.storageState() });
      const page = await seen.newPage();
      for (const [name, path] of Object.entries({
        home: "/", read: `${story}/1`, library: "/library", search: "/search?q=rocket", bookmarks: "/bookmarks",
        about: "/about", login: "/login",
      })) {
        await page.goto(OPEN + path, { waitUntil: "load" });
        const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        assert.ok(overflow <= 0, `${name} is ${overflow} px too wide at ${width}`);
        await shot(page, `${name}-${size}-${colorScheme}`);
      }
      await seen.close();
    }
  }
});

await browser.close();
