// What moves by itself, and for whom: a video in the reader, and pages that fade into each other. Also what goes on by itself:
// a stream of events after a proxy's error.

import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";

const FILM = readFileSync(new URL("../../tests/fixtures/film.mp4", import.meta.url));
const DESK = { viewport: { width: 1280, height: 800 } };

/** Starts a server with Runway's API, which makes the same video of every picture. */
async function startRunway() {
  const server = createServer((request, response) => {
    request.resume();
    if (request.url === "/film.mp4") return response.writeHead(200, { "content-type": "video/mp4" }).end(FILM);
    const film = `http://127.0.0.1:${server.address().port}/film.mp4`;
    const task = { id: "17f20503-6c24-4c16-946b-35dbbce2af2f", status: "SUCCEEDED", output: [film] };
    return response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(task));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}

/** Notes for each page that is opened whether it fades in. */
const noteFades = (page) =>
  page.addInitScript(() => addEventListener("pagereveal", ({ viewTransition }) => { globalThis.fades = Boolean(viewTransition); }));

export default async function run(harness) {
  const runway = await startRunway();
  const folder = `${process.env.WORK}/motion-settings`;
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}/calliope.toml`, `[providers]\nrunway_base_url = "http://127.0.0.1:${runway.address().port}"\n`);
  const { origin } = await harness.serve("motion", {
    RUNWAY_API_KEY: "a-key-for-a-test", CALLIOPE_CONFIG: `${folder}/calliope.toml`,
  });
  const tell = async (client_id, input_text, more = {}) => {
    const answer = await fetch(`${origin}/v1/frames`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ client_id, strategy: "literal", input_text, ...more }),
    });
    const story = await answer.json();
    assert.equal(answer.status, 200, JSON.stringify(story));
    return `/s/${story.slug}`;
  };
  const story = await tell("kitchen", "A kettle steams.", { generate_video: true });
  const context = await harness.context(origin, DESK);

  await harness.step("a video comes to the open page, plays by itself and loops", async () => {
    const page = await context.newPage();
    await page.goto(`${origin}${story}/1`);
    const video = page.locator("video.art");
    await video.waitFor({ timeout: 60_000 });
    await page.waitForFunction(() => !document.querySelector("video").paused);
    assert.deepEqual(await video.evaluate(({ loop, muted, controls }) => [loop, muted, controls]), [true, true, true]);
    await video.evaluate((element) => new Promise((comesRound) => {
      let last = 0;
      element.addEventListener("timeupdate", () => {
        if (element.currentTime < last) comesRound();
        last = element.currentTime;
      });
    }));
    await page.reload();
    await page.waitForFunction(() => document.querySelector("video").currentTime > 0);
    await harness.shot(page, "video-desk");
    await page.close();
  });

  const second = await tell("garden", "A gull lands.|It looks around.");
  await harness.step("pages fade into each other", async () => {
    const page = await context.newPage();
    await noteFades(page);
    await page.goto(`${origin}${second}/1`);
    await page.click(".turn a[rel=next]");
    await page.waitForURL(/\/2$/);
    await page.waitForFunction(() => globalThis.fades === true);
    await page.close();
  });

  await harness.step("nothing moves by itself for those who want no motion", async () => {
    const still = await harness.context(origin, { ...DESK, reducedMotion: "reduce" });
    const page = await still.newPage();
    await noteFades(page);
    await page.goto(`${origin}${second}/1`);
    await page.waitForFunction(() => customElements.get("calliope-reader"));
    await page.click(".turn a[rel=next]");
    await page.waitForURL(/\/2$/);
    await page.waitForFunction(() => globalThis.fades === false);
    await page.goto(`${origin}${story}/1`);
    await page.waitForFunction(() => customElements.get("calliope-reader"));
    await page.waitForTimeout(700);
    const video = page.locator("video.art");
    assert.deepEqual(await video.evaluate(({ paused, currentTime }) => [paused, currentTime]), [true, 0]);
    assert.equal(await page.evaluate(() => document.getAnimations().length), 0);
    await harness.shot(page, "video-still");
    await video.evaluate((element) => element.play());
    await page.waitForFunction(() => document.querySelector("video").currentTime > 0);
    await still.close();
  });

  await harness.step("a page listens again after a proxy's error, and shows what was told meanwhile", async () => {
    const page = await context.newPage();
    let tries = 0;
    const refuse = (route) => { tries += 1; return route.fulfill({ status: 502, body: "Bad gateway" }); };
    await page.route("**/events", refuse);
    await page.goto(`${origin}${second}/2`);
    const started = Date.now();
    while (tries < 3 && Date.now() - started < 20_000) await page.waitForTimeout(50);
    assert.ok(Date.now() - started > 1400, "the pauses grow");
    await tell("garden", "A gull lands.|It looks around.|It flies away.");
    await page.unroute("**/events", refuse);
    // The next try would come after some seconds.
    await page.evaluate(() => dispatchEvent(new Event("online")));
    await page.waitForFunction(() => document.querySelector("calliope-reader").source.readyState === 1, null, { timeout: 1000 });
    await page.waitForSelector(".chip:not([hidden])");
    assert.match(await page.locator(".folio").innerText(), /of [345]/);
    await page.close();
  }, /502/);
  await context.close();
  runway.close();
}
