// The wall: a new frame, outages, hours without a hand, sleep, blackout, quiet motion, and a browser without JavaScript.

import assert from "node:assert/strict";

/** What the browser says while the service is away. */
const AWAY = /net::ERR_|Failed to load resource|Failed to fetch/;

const shown = (page) => page.locator(".wall-frame.shown .wall-words").innerText();
const shows = (page, text) =>
  page.waitForFunction((words) => document.querySelector(".wall-frame.shown .wall-words")?.innerText.includes(words), text,
    { timeout: 90_000, polling: 50 });
const hasPicture = (page) =>
  page.waitForFunction(() => document.querySelector(".wall-frame.shown .wall-picture")?.naturalWidth > 0);

export default async function run(harness) {
  const service = await harness.serve("wall");
  const { origin } = service;
  const call = async (method, path, body) => {
    const answer = await fetch(origin + path, {
      method, body: JSON.stringify(body), headers: { "content-type": "application/json" },
    });
    const text = await answer.text();
    assert.ok(answer.ok, `${method} ${path}: ${text}`);
    return text ? JSON.parse(text) : null;
  };
  const tell = (client_id, input_text) => call("POST", "/v1/frames/", { client_id, input_text, strategy: "literal" });

  const room = await harness.context(origin, { viewport: { width: 1280, height: 720 } });
  const wall = await room.newPage();

  await harness.step("a wall waits for its first frame", async () => {
    await wall.goto(`${origin}/wall/default`);
    assert.match(await wall.locator(".wall-note").innerText(), /Nothing has been told/);
  });

  await harness.step("a frame that is made in another browser is on the wall within a second", async () => {
    const street = await harness.context(origin, { viewport: { width: 390, height: 844 } });
    const maker = await street.newPage();
    await maker.goto(origin);
    await maker.waitForFunction(() => customElements.get("calliope-maker"));
    await maker.locator("details.more").evaluate((more) => { more.open = true; });
    await maker.locator("input[value=literal]").check();
    await maker.fill("textarea", "A fox waits at the crossing.");
    const seen = shows(wall, "A fox waits").then(() => Date.now());
    await maker.click("button.go");
    await maker.waitForSelector("#stage img.art[src*='/media/']");
    const made = Date.now();
    const late = (await seen) - made;
    assert.ok(late < 1000, `${late} ms late`);
    await hasPicture(wall);
    await wall.waitForTimeout(2500);
    await harness.shot(wall, "wall");
    assert.equal(await wall.locator(".wall-frame").count(), 1, "the frame before is gone");
    assert.equal(await wall.evaluate(() => getComputedStyle(document.body).cursor), "none");
    assert.ok(await wall.locator(".with-code .wall-code").evaluate((image) => image.naturalWidth > 0));
    await street.close();
  });

  await harness.step("a wall shows its last frames while the service is away, also when it is opened again", async () => {
    await tell("kitchen", "The kettle hums.");
    await shows(wall, "The kettle hums");
    const isKept = async () => {
      const requests = await (await caches.open("wall /wall/default")).keys();
      return requests.filter(({ url }) => url.includes("/media/")).length >= 2;
    };
    await wall.waitForFunction(isKept);
    await service.kill();
    await wall.reload();
    await shows(wall, "The kettle hums");
    await hasPicture(wall);
    assert.equal(await wall.evaluate(() => document.fonts.check("20px Literata")), true, "with its typeface");
    await harness.shot(wall, "wall-away");
  }, AWAY);

  await harness.step("a wall goes on by itself when the service is back", async () => {
    await service.start();
    await tell("kitchen", "The kettle whistles.");
    await shows(wall, "The kettle whistles");
    await hasPicture(wall);
  }, AWAY);

  await harness.step("two hours on a wall cost no memory", async () => {
    for (let number = 0; number < 8; number++) await tell("hours", `Hour ${number}.|And a bit.`);
    const page = await room.newPage();
    await page.clock.install();
    await page.goto(`${origin}/wall/hours`);
    await page.waitForFunction(() => customElements.get("calliope-wall"));
    const tools = await room.newCDPSession(page);
    await tools.send("Performance.enable");
    const measure = async () => {
      await tools.send("HeapProfiler.collectGarbage");
      const { metrics } = await tools.send("Performance.getMetrics");
      const value = (name) => metrics.find((metric) => metric.name === name).value;
      return { heap: value("JSHeapUsedSize"), nodes: value("Nodes"), listeners: value("JSEventListeners") };
    };
    const seen = new Set();
    const pass = async (minutes) => {
      for (let turn = 0; turn < minutes * 3; turn++) {
        await page.clock.runFor(20_000);
        seen.add(await page.evaluate(() => document.querySelector("calliope-wall").shown?.dataset.key));
      }
    };
    await pass(20);
    const before = await measure();
    await pass(100);
    const after = await measure();
    console.log(`   heap ${before.heap} to ${after.heap} bytes, nodes ${before.nodes} to ${after.nodes}`);
    assert.ok(after.heap - before.heap < 1_000_000, "the heap grows");
    assert.ok(after.nodes - before.nodes < 500, "nodes are left behind");
    assert.ok(after.listeners - before.listeners < 20, "listeners are left behind");
    assert.equal(seen.size, 12, "all frames come round");
    assert.ok(await page.locator(".wall-frame").count() <= 2);
    // The fade takes its time by the real clock.
    await page.waitForTimeout(2500);
    await harness.shot(page, "wall-round");
    await page.close();
  });

  await harness.step("a wall goes black while its Sparrow sleeps, and comes back by itself", async () => {
    const config = "/admin/api/sparrow-configs";
    const night = { weekly: [{ from: "00:00", until: "00:00", sleep: true }] };
    await call("POST", config, { client_id: "kitchen", schedule: night });
    const page = await room.newPage();
    await page.clock.install();
    await page.goto(`${origin}/wall/kitchen`);
    await page.waitForSelector("calliope-wall.live.dark");
    assert.equal(await page.locator(".wall-words:visible").count(), 0);
    await harness.shot(page, "wall-dark");
    await call("PATCH", `${config}/kitchen`, { schedule: null });
    await page.clock.runFor(60_000);
    await page.waitForSelector("calliope-wall.live:not(.dark)");
    assert.match(await shown(page), /whistles/);
    await page.close();
  });

  await harness.step("a blackout is on the walls within a second, stays after a restart, and ends", async () => {
    const command = (name) => call("POST", "/admin/api/flock-configs/default/commands", { command: name });
    const page = await room.newPage();
    await page.goto(`${origin}/wall/kitchen`);
    await page.waitForSelector("calliope-wall.live:not(.dark)");
    const maker = await room.newPage();
    await maker.goto(origin);
    await maker.fill("textarea", "A candle burns.");
    await maker.click("button.go");
    await maker.waitForSelector("#stage img.art[src*='/media/']");
    // The stream has to be open before there is something to hear.
    await page.waitForFunction(() => document.querySelector("calliope-wall").source?.readyState === EventSource.OPEN);
    await maker.waitForFunction(() => document.querySelector("calliope-maker").source?.readyState === EventSource.OPEN);
    const dark = page.waitForSelector("calliope-wall.dark").then(() => Date.now());
    const black = maker.waitForSelector("#stage .black").then(() => Date.now());
    const sent = Date.now();
    await command("blackout");
    for (const [what, seen] of [["the wall", await dark], ["the maker", await black]]) {
      console.log(`   ${what} is black after ${seen - sent} ms`);
      assert.ok(seen - sent < 1000, `${what} is black after ${seen - sent} ms`);
    }
    assert.equal(await page.locator(".wall-words:visible, .wall-picture:visible").count(), 0);
    await harness.shot(page, "wall-blackout");
    await harness.shot(maker, "maker-blackout");
    const plain = await harness.context(origin, { javaScriptEnabled: false, viewport: { width: 800, height: 600 } });
    const still = await plain.newPage();
    await still.goto(`${origin}/wall/kitchen`);
    assert.equal(await still.locator(".wall-words:visible, .wall-picture:visible").count(), 0);
    await harness.shot(still, "wall-blackout-plain");
    // The kept page of the wall is black, too.
    const isKept = async () => {
      const kept = await (await caches.open("wall /wall/kitchen")).match("/wall/kitchen");
      return kept ? /<calliope-wall class="dark"/.test(await kept.text()) : false;
    };
    await page.waitForFunction(isKept);
    await service.kill();
    await page.reload();
    await page.waitForSelector("calliope-wall.live.dark");
    await service.start();
    await page.reload();
    await page.waitForSelector("calliope-wall.live.dark");
    await page.waitForFunction(() => document.querySelector("calliope-wall").source?.readyState === EventSource.OPEN);
    await command("identify");
    await page.waitForSelector("calliope-wall.dark.identified");
    assert.equal(await page.locator(".wall-name:visible").innerText(), "kitchen");
    await harness.shot(page, "wall-identified");
    await maker.waitForFunction(() => document.querySelector("calliope-maker").source?.readyState === EventSource.OPEN);
    const lit = page.waitForSelector("calliope-wall:not(.dark)").then(() => Date.now());
    const ended = Date.now();
    await command("resume");
    assert.ok(await lit - ended < 1000, "it comes back");
    await page.waitForSelector("calliope-wall:not(.identified)");
    await shows(page, "whistles");
    await page.waitForTimeout(2500);
    await harness.shot(page, "wall-resumed");
    await still.goto(`${origin}/wall/kitchen`);
    assert.match(await shown(still), /whistles/);
    await maker.waitForSelector("#stage img.art[src*='/media/']");
    await Promise.all([page.close(), maker.close(), plain.close()]);
  }, AWAY);

  await harness.step("nothing fades for those who want no motion", async () => {
    const still = await harness.context(origin, { reducedMotion: "reduce", viewport: { width: 1280, height: 720 } });
    const page = await still.newPage();
    await page.goto(`${origin}/wall/kitchen`);
    await page.waitForSelector(".live .wall-frame.shown");
    const time = await page.locator(".wall-frame.shown").evaluate((frame) => getComputedStyle(frame).transitionDuration);
    assert.equal(time, "0s");
    await still.close();
  });

  await harness.step("a browser without JavaScript shows the newest frame and loads it again", async () => {
    const plain = await harness.context(origin, { javaScriptEnabled: false, viewport: { width: 800, height: 1280 } });
    const page = await plain.newPage();
    await page.goto(`${origin}/wall/kitchen`);
    assert.match(await shown(page), /whistles/);
    assert.equal(await page.locator(".wall-words:visible").count(), 1);
    assert.match(await page.content(), /http-equiv="refresh" content="20"/);
    await harness.shot(page, "wall-plain");
    await plain.close();
  });

  await harness.step("a wall stands at every size", async () => {
    await tell("long", "A very long tale about a lamp that burned for a hundred years and then some. ".repeat(11));
    for (const [name, width, height] of [["desk", 1920, 1080], ["tall", 1080, 1920], ["phone", 390, 844], ["wide", 2560, 1080]]) {
      const page = await room.newPage();
      await page.setViewportSize({ width, height });
      for (const of of ["long", "kitchen"]) {
        await page.goto(`${origin}/wall/${of}`);
        await hasPicture(page);
        const words = await page.locator(".shown .wall-words").evaluate((box) => box.scrollHeight - box.clientHeight);
        assert.ok(words <= 1, `${of} at ${width}: ${words} px of the words are cut`);
        await harness.shot(page, `wall-${of}-${name}`);
      }
      await page.close();
    }
  });
  await room.close();
}
