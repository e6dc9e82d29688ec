// Orders survive a lost connection, a service that is gone, and a page that is closed. Each is told once.

import assert from "node:assert/strict";
import { createServer } from "node:http";

const words = (page) => page.locator(".words").innerText();
const status = (page) => page.locator("#status").innerText();

// What a browser reports when nobody answers.
const SILENCE = /ERR_|Failed to load resource|net::/;

export default async function run(harness) {
  const service = await harness.serve("outbox");
  const { origin } = service;
  const context = await harness.context(origin, { viewport: { width: 390, height: 844 } });

  const open = async () => {
    const page = await context.newPage();
    await page.goto(origin);
    await page.waitForFunction(() => customElements.get("calliope-maker"));
    return page;
  };
  const write = async (page, text) => {
    await page.fill("textarea", text);
    await page.click("button.go");
  };
  /** Returns how many frames the browser's story has. */
  const count = (page) => page.evaluate(async () => {
    const slug = document.querySelector(".running-head a")?.getAttribute("href");
    if (!slug) return 0;
    const reader = await (await fetch(`${slug}/1`)).text();
    return Number(/data-count="(\d+)"/.exec(reader)?.[1] ?? 0);
  });
  const kept = (page) => page.evaluate(() => new Promise((resolve) => {
    const request = indexedDB.open("calliope", 1);
    request.onsuccess = () => {
      const all = request.result.transaction("orders").objectStore("orders").count();
      all.onsuccess = () => { request.result.close(); resolve(all.result); };
    };
  }));
  const told = async (page, frames) => {
    await page.waitForFunction(() => !document.querySelector("#stage.telling") && document.querySelector("#status").hidden);
    for (let tries = 0; tries < 80 && await count(page) < frames; tries++) await page.waitForTimeout(250);
    assert.equal(await count(page), frames);
  };

  let page = await open();
  await harness.step("an order is told, and nothing is kept", async () => {
    await write(page, "A rocket waits for the rain to stop.");
    await told(page, 1);
    assert.equal(await kept(page), 0);
  });

  await harness.step("an order outlives the service and its page, and is told once", async () => {
    await service.kill();
    await write(page, "A gull lands on the mast.");
    await page.waitForFunction(() => document.querySelector("#status").innerText.includes("kept here"));
    assert.match(await status(page), /no connection/);
    assert.ok(await page.locator(".cancel button").isVisible());
    assert.equal(await kept(page), 1);
    await harness.shot(page, "outbox-kept");
    await page.close();
    await service.start();
    page = await open();
    await told(page, 2);
    assert.equal(await kept(page), 0);
    await page.reload();
    await page.waitForTimeout(500);
    assert.equal(await count(page), 2);
  }, SILENCE);

  await harness.step("orders wait while there is no network, and go in their order", async () => {
    const before = await words(page);
    await context.setOffline(true);
    await write(page, "The lamp goes out.");
    await page.waitForFunction(() => document.querySelector("#status").innerText.includes("kept here"));
    await write(page, "Somebody knocks.");
    for (let tries = 0; tries < 40 && await kept(page) < 2; tries++) await page.waitForTimeout(100);
    assert.equal(await kept(page), 2);
    assert.equal(await page.locator("textarea").inputValue(), "");
    await context.setOffline(false);
    await told(page, 4);
    assert.notEqual(await words(page), before);
    assert.equal(await kept(page), 0);
  }, SILENCE);

  await harness.step("a cancelled order is not sent", async () => {
    await context.setOffline(true);
    await write(page, "Nobody reads this.");
    await page.waitForFunction(() => document.querySelector("#status").innerText.includes("kept here"));
    await page.click(".cancel button");
    await page.waitForFunction(() => document.querySelector("#status").innerText.includes("not sent"));
    assert.equal(await kept(page), 0);
    await context.setOffline(false);
    await page.waitForTimeout(1500);
    assert.equal(await count(page), 4);
  }, SILENCE);

  await harness.step("an order of another day is sent only if somebody says so", async () => {
    const keep = (key, text) => page.evaluate(([key, text]) => new Promise((resolve) => {
      const request = indexedDB.open("calliope", 1);
      request.onsuccess = () => {
        const transaction = request.result.transaction("orders", "readwrite");
        transaction.objectStore("orders").put({ key, at: Date.now() - 30 * 3600_000, fields: [["words", text]], photo: null, sound: null });
        transaction.oncomplete = () => { request.result.close(); resolve(); };
      };
    }), [key, text]);
    await keep("yesterday-1", "An old line.");
    await keep("yesterday-2", "Another old line.");
    await page.reload();
    await page.waitForSelector(".asking:not([hidden])");
    assert.match(await page.locator(".asking p").innerText(), /An old line.*Send it still/);
    await harness.shot(page, "outbox-asks");
    await page.click(".asking .no");
    await page.waitForFunction(() => document.querySelector(".asking p").innerText.includes("Another"));
    await page.click(".asking .yes");
    await told(page, 5);
    assert.equal(await kept(page), 0);
  });

  await harness.step("frames that were told meanwhile appear", async () => {
    const other = await open();
    await context.setOffline(true);
    await context.setOffline(false);
    const before = await words(page);
    await write(other, "The rain stops.");
    await told(other, 6);
    await page.evaluate(() => dispatchEvent(new Event("online")));
    await page.waitForFunction((text) => document.querySelector(".words").innerText !== text, before);
    await other.close();
  }, SILENCE);
  await context.close();

  // A storyteller that never answers, in the form of OpenAI's API.
  const silent = createServer(() => {}).listen(0, "127.0.0.1");
  await new Promise((resolve) => silent.once("listening", resolve));
  const slow = await harness.serve("slow", {
    OPENAI_BASE_URL: `http://127.0.0.1:${silent.address().port}/v1`, OPENAI_API_KEY: "a key of tests",
    CALLIOPE_TEXT_MODEL: "openai/slow",
  });
  for (const javaScriptEnabled of [true, false]) {
    await harness.step(`a frame that is made is cancelled, ${javaScriptEnabled ? "with" : "without"} JavaScript`, async () => {
      const visit = await harness.context(slow.origin, { javaScriptEnabled });
      const maker = await visit.newPage();
      await maker.goto(slow.origin);
      await maker.fill("textarea", "It rains.");
      await maker.click("button.go");
      await maker.click(".cancel:not([hidden]) button");
      if (javaScriptEnabled) {
        await maker.waitForFunction(() => document.querySelector("#status").innerText.includes("cancelled"));
        await harness.shot(maker, "cancelled");
      }
      await maker.waitForSelector(".cancel", { state: "hidden" });
      await maker.reload();
      assert.ok(await maker.locator(".cancel").isHidden(), "nothing is being made any more");
      await visit.close();
    });
  }
  silent.closeAllConnections();
  silent.close();
}
