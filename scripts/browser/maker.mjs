// The maker's page: photo, camera, voice, words, the reader beside it, and a browser that connects by a key.

import assert from "node:assert/strict";

const { PHOTO } = process.env;
const KEY = "a-key-for-a-test-1234";
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
    await harness.shot(maker, "camera");
    await maker.click(".shutter");
    await maker.waitForSelector("#status:not([hidden])");
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
    await reader.click("summary");
    await reader.click("text=Keep this frame");
    await reader.waitForURL(/\/3$/);
    await reader.goto(`${open}/bookmarks`);
    assert.equal(await reader.locator(".hit").count(), 1);
    await reader.close();
  });

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
