// The maker's page: photo, camera, voice, words, the reader beside it, and a browser that connects by a key.

import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";

const { PHOTO, CAMERA_PICTURE } = process.env;
const KEY = "a-key-for-a-test-1234";
/** What the browser says while the service is away. */
const AWAY = /net::ERR_|Failed to load resource/;
const words = (page) => page.locator(".words").innerText();

export default async function run(harness, shared) {
  const { open } = shared;
  const keyed = await harness.serve("keyed", { CALLIOPE_API_KEY: KEY });

  await harness.step("a photo is posted by the form, without JavaScript", async () => {
    const plain = await harness.context(open, { javaScriptEnabled: false });
    const page = await plain.newPage();
    await page.goto(open);
    await page.setInputFiles("input[name=photo]", PHOTO);
    await page.fill("textarea", "A rocket waits for the rain to stop.");
    await page.click("button.go");
    await page.waitForURL(`${open}/`);
    for (let tries = 0; tries < 40 && !(await page.locator("img.art").count()); tries++) {
      await page.waitForTimeout(250);
      await page.reload();
    }
    assert.ok((await words(page)).length > 10);
    shared.story = await page.locator(".running-head a").getAttribute("href");
    await page.goto(open + shared.story);
    assert.match(page.url(), /\/s\/[^/]+\/1$/);
    assert.ok(await page.locator("img.art").evaluate((image) => image.getAttribute("alt").length > 0));
    await page.goto(`${open}/search`);
    await page.fill("input[name=q]", "rocket");
    await page.press("input[name=q]", "Enter");
    await page.waitForURL(/q=rocket/);
    assert.match(await page.locator("[role=status]").innerText(), /Searched|No frame/);
    await page.goto(`${open}/library`);
    assert.equal(await page.locator(".cover").count(), 1);
    await plain.close();
  });

  const live = await harness.context(open, { viewport: { width: 390, height: 844 } });
  const maker = await live.newPage();
  let navigations = 0;
  maker.on("framenavigated", (frame) => { if (frame === maker.mainFrame()) navigations += 1; });

  await harness.step("the camera takes a photo, and the frame appears without loading the page again", async () => {
    await maker.goto(open);
    await maker.waitForFunction(() => customElements.get("calliope-maker"));
    const before = navigations;
    await maker.click(".photo");
    await maker.waitForFunction(() => document.querySelector(".camera video")?.videoWidth > 0);
    await maker.waitForFunction(() => document.querySelector(".camera video").readyState >= 3);
    const difference = await maker.evaluate(async (address) => {
      const picture = new Image();
      picture.src = address;
      await picture.decode();
      const video = document.querySelector(".camera video");
      const colours = [picture, video].map((source) => {
        const canvas = Object.assign(document.createElement("canvas"), { width: 8, height: 8 });
        const context = canvas.getContext("2d");
        context.drawImage(source, 0, 0, 8, 8);
        return context.getImageData(0, 0, 8, 8).data;
      });
      return colours[0].reduce((sum, value, at) => sum + Math.abs(value - colours[1][at]), 0) / colours[0].length;
    }, `data:image/jpeg;base64,${readFileSync(CAMERA_PICTURE).toString("base64")}`);
    assert.ok(difference < 12, `the camera shows something else than its picture: ${difference}`);
    await harness.shot(maker, "camera");
    await harness.order(maker, () => maker.click(".shutter"));
    await harness.shot(maker, "telling");
    await maker.waitForSelector("#stage img.art[src*='/media/']");
    assert.ok((await words(maker)).length > 10);
    assert.equal(navigations, before);
    await harness.shot(maker, "made");
  });

  await harness.step("a voice is recorded while its button is held", async () => {
    const earlier = await words(maker);
    await maker.locator(".record").scrollIntoViewIfNeeded();
    const button = await maker.locator(".record").boundingBox();
    await maker.mouse.move(button.x + 9, button.y + 9);
    await maker.mouse.down();
    await maker.waitForSelector(".recording meter");
    await maker.waitForTimeout(900);
    await maker.mouse.up();
    await maker.waitForFunction((text) => document.querySelector(".words").innerText !== text, earlier);
    // The words come before the picture, and the frame with the picture.
    await maker.waitForFunction(() => !document.querySelector("#stage.telling"));
  });

  await harness.step("a reader turns pages by keys, and hears of a new frame", async () => {
    const own = await maker.locator(".running-head a").getAttribute("href");
    const reader = await live.newPage();
    await reader.goto(`${open}${own}/1`);
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
    await harness.shot(reader, "chip");
    await reader.click(".chip a");
    await reader.waitForURL(/\/3$/);
    await reader.click(".more > summary");
    await reader.click("text=Keep this frame");
    await reader.waitForURL(/\/3$/);
    await reader.goto(`${open}/bookmarks`);
    assert.equal(await reader.locator(".hit").count(), 1);
    await reader.close();
  });

  await harness.step("the page goes on by itself if the service is killed while a picture is painted", async () => {
    const picture = readFileSync(PHOTO).toString("base64");
    // A model server, which holds the first picture back for ever.
    let asked = 0;
    const models = createServer((request, response) => {
      request.resume();
      if (!request.url.endsWith("/images/generations")) return response.writeHead(404).end("{}");
      asked += 1;
      if (asked === 1) return models.emit("painting");
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ data: [{ b64_json: picture }] }));
    }).listen(0, "127.0.0.1");
    await once(models, "listening");
    const slow = await harness.serve("slow", {
      OPENAI_BASE_URL: `http://127.0.0.1:${models.address().port}/v1`, CALLIOPE_IMAGE_MODEL: "openai/painter",
    });
    const away = await harness.context(slow.origin, { viewport: { width: 390, height: 844 } });
    const page = await away.newPage();
    await page.goto(slow.origin);
    await page.waitForFunction(() => customElements.get("calliope-maker"));
    await page.locator("details.more").evaluate((more) => { more.open = true; });
    await page.locator("input[value=literal]").check();
    await page.fill("textarea", "A gull waits for the tide.");
    const painting = once(models, "painting");
    await page.click("button.go");
    await painting;
    await page.waitForFunction(() => document.querySelector("#status").innerText.includes("painted"));
    await slow.kill();
    models.closeAllConnections();
    await page.waitForTimeout(1500);
    await harness.shot(page, "killed");
    assert.equal(await page.locator(".problem").count(), 0, "the page waits and does not complain");
    await slow.start();
    await page.waitForSelector("#stage img.art[src*='/media/']", { timeout: 90_000 });
    assert.match(await words(page), /A gull waits for the tide/);
    await page.waitForSelector("#status[hidden]", { state: "attached" });
    assert.equal(await page.locator("button.go").isEnabled(), true);
    await harness.shot(page, "went-on");
    await away.close();
    models.close();
  }, AWAY);

  await harness.step("a browser connects by a key", async () => {
    const strange = await harness.context(keyed.origin);
    const page = await strange.newPage();
    await page.goto(keyed.origin);
    await page.fill("input[name=key]", KEY);
    await page.click("button.go");
    await page.waitForSelector("calliope-maker");
    await page.goto(`${keyed.origin}/library`);
    assert.match(await page.locator("h1").innerText(), /Library/);
    await strange.close();
  });
  shared.visitor = await live.storageState();
}
