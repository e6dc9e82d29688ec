// The reader's ways on: similar moments, words that are edited while they are read, and a story that branches off.

import assert from "node:assert/strict";

export default async function run(harness) {
  const { origin } = await harness.serve("moments");
  const tell = async (client_id, input_text) => {
    const answer = await fetch(`${origin}/v1/frames`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ client_id, strategy: "literal", input_text }),
    });
    assert.equal(answer.status, 200);
    return answer.json();
  };
  const story = await tell("kitchen", "The lighthouse keeper counts the gulls.|A boat without a name comes in.|It rains.");
  await tell("garden", "Gulls circle the lighthouse at noon.");
  await tell("attic", "A boat sleeps in the harbour, and nobody remembers its name.");

  const context = await harness.context(origin, { viewport: { width: 1280, height: 800 } });
  const page = await context.newPage();
  await harness.step("similar moments are shown in their place once somebody asks", async () => {
    await page.goto(`${origin}/s/${story.slug}/1`);
    await page.waitForFunction(() => customElements.get("calliope-reader"));
    assert.equal(await page.locator(".hit").count(), 0);
    await page.click(".more > summary");
    await page.click(".similar summary");
    await page.waitForSelector(".similar .hit");
    assert.match(await page.locator(".similar").innerText(), /words that they share/);
    await page.locator(".similar .hit").first().scrollIntoViewIfNeeded();
    await harness.shot(page, "similar-in-place");
  });

  await harness.step("the same without JavaScript, on a phone", async () => {
    const plain = await harness.context(origin, { javaScriptEnabled: false, viewport: { width: 390, height: 844 } });
    const phone = await plain.newPage();
    await phone.goto(`${origin}/s/${story.slug}/1`);
    await phone.click(".more > summary");
    await harness.shot(phone, "reader-more-phone");
    await phone.click(".similar summary");
    await phone.click(".similar a");
    await phone.waitForURL(/similar$/);
    await harness.shot(phone, "similar-phone");
    await phone.click(".hit");
    await phone.waitForURL(/\/s\/gulls/);
    await plain.close();
  });

  await harness.step("words that are edited change while they are read", async () => {
    await page.goto(`${origin}/s/${story.slug}/2`);
    await page.waitForFunction(() => document.querySelector("calliope-reader").source?.readyState === 1);
    const edited = await page.evaluate(([id]) => fetch(`/v2/stories/${id}/frames/1?client_id=kitchen`, {
      method: "PATCH",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ text: "A boat with two names comes in." }),
    }).then((answer) => answer.status), [story.story_id]);
    assert.equal(edited, 200);
    await page.waitForFunction(() => document.querySelector(".words").innerText.includes("two names"));
  });

  await harness.step("a reader continues from a frame", async () => {
    await page.click(".more > summary");
    await page.click("text=Continue from here");
    await page.waitForURL(`${origin}/`);
    assert.match(await page.locator(".words").innerText(), /two names/);
    await harness.shot(page, "branched");
    await page.fill("textarea", "The keeper rows out to it.");
    await page.click("button.go");
    await page.waitForFunction(() => document.querySelector(".words").innerText.includes("rows out"));
    // The words come before the picture, and the frame with the picture.
    await page.waitForFunction(() => !document.querySelector("#stage.telling"));
    const own = await page.locator(".running-head a").getAttribute("href");
    assert.notEqual(own, `/s/${story.slug}`);
    await page.goto(`${origin}${own}/3`);
    await page.click(".more > summary");
    assert.equal(await page.locator(".origin a").getAttribute("href"), `/s/${story.slug}/2`);
    await harness.shot(page, "branch-origin");
  });
  await context.close();
}
