// Whether every page can be used by everyone: checked by axe-core in several renderings, and by the keyboard alone.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

const { TOOLS, PHOTO } = process.env;
const AXE = readFileSync(`${TOOLS}/node_modules/axe-core/axe.min.js`, "utf8");

/** The ways in which a page is rendered. A window of 1280 pixels at a zoom of 400 % is 320 pixels wide. */
const RENDERINGS = {
  light: { colorScheme: "light", viewport: { width: 1280, height: 800 } },
  dark: { colorScheme: "dark", viewport: { width: 1280, height: 800 } },
  narrow: { colorScheme: "light", viewport: { width: 320, height: 640 } },
  zoomed: { colorScheme: "dark", viewport: { width: 320, height: 256 }, deviceScaleFactor: 4 },
  still: { reducedMotion: "reduce", viewport: { width: 390, height: 844 } },
  forced: { forcedColors: "active", viewport: { width: 1280, height: 800 } },
};

/** Returns what axe finds wrong with a page, in one line for each element. */
async function violations(page, isForced) {
  await page.evaluate(AXE);
  // Colours that the system chooses are not the page's to check.
  const rules = isForced ? { "color-contrast": { enabled: false } } : {};
  const { violations: found } = await page.evaluate((options) => globalThis.axe.run(document, options), { rules });
  return found.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) =>
    `${id}: ${target.join(" ")}: ${failureSummary.replaceAll("\n", " ")}`));
}

/** Returns the element that has the focus, as a selector that people can read. */
const focused = (page) => page.evaluate(() => {
  const element = document.activeElement;
  return `${element.tagName.toLowerCase()}${[...element.classList].map((name) => `.${name}`).join("")} ${element.name ?? ""}`.trim();
});

/** Returns whether the focused element shows that it has the focus. */
const isFocusVisible = (page) => page.evaluate(() => {
  let element = document.activeElement;
  for (; element && element !== document.body; element = element.parentElement) {
    const { outlineStyle, outlineWidth } = getComputedStyle(element);
    if (outlineStyle !== "none" && Number.parseFloat(outlineWidth) >= 2) return true;
    // A control that is drawn by its label shows the focus there.
    if (!element.matches("input, textarea")) return false;
  }
  return false;
});

export default async function run(harness) {
  const service = await harness.serve("access");
  const { origin } = service;
  const keyed = await harness.serve("access-keyed", { CALLIOPE_API_KEY: "a-key-for-a-test-1234" });
  const first = await harness.context(origin);
  const page = await first.newPage();
  let story = "";

  await harness.step("a story for the checks is made", async () => {
    for (const words of ["A rocket waits.", "The rain stops."]) {
      await page.goto(origin);
      await page.setInputFiles("input[name=photo]", PHOTO);
      await page.fill("textarea", words);
      await harness.order(page, () => page.click("button.go"));
      await page.waitForSelector("#status[hidden]", { state: "attached" });
    }
    story = await page.locator(".running-head a").getAttribute("href");
    await page.goto(`${origin}${story}/1`);
    await page.click(".more > summary");
    await page.click("text=Keep this frame");
    await page.waitForURL(/\/1$/);
  });
  const visitor = await first.storageState();
  const pages = {
    home: "/", read: `${story}/1`, last: `${story}/2`, library: "/library", search: "/search?q=rocket",
    "search, nothing": "/search?q=zzzz", bookmarks: "/bookmarks", about: "/about", login: "/login",
    "wall": "/wall/default", "wall, empty": "/wall/nobody", error: "/s/none/1", docs: "/docs",
  };

  for (const [name, options] of Object.entries(RENDERINGS)) {
    await harness.step(`no page has a barrier: ${name}`, async () => {
      const isForced = options.forcedColors === "active";
      const known = await harness.context(origin, { ...options, storageState: visitor });
      const strange = await harness.context(keyed.origin, options);
      const found = [];
      const check = async (context, title, address) => {
        const seen = await context.newPage();
        await seen.goto(address, { waitUntil: "load" });
        if (title === "docs") await seen.waitForSelector(".opblock");
        for (const details of await seen.locator("details").all()) await details.evaluate((element) => { element.open = true; });
        // What fades in is checked when it can be read.
        await seen.waitForTimeout(150);
        await seen.evaluate(() => Promise.all(document.getAnimations().map((animation) => animation.finished.catch(() => {}))));
        const overflow = await seen.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        if (overflow > 0) found.push(`${title} is ${overflow} px too wide`);
        found.push(...(await violations(seen, isForced)).map((line) => `${title}: ${line}`));
        await harness.shot(seen, `access-${title.replace(", ", "-")}-${name}`);
        await seen.close();
      };
      for (const [title, path] of Object.entries(pages)) if (path) await check(known, title, origin + path);
      await check(strange, "connect", `${keyed.origin}/`);
      assert.deepEqual(found, []);
      await known.close();
      await strange.close();
    }, /status of 404/);
  }

  await harness.step("forced colours leave words, controls and the chosen storyteller visible", async () => {
    const forced = await harness.context(origin, { ...RENDERINGS.forced, storageState: visitor });
    const seen = await forced.newPage();
    await seen.goto(`${origin}${story}/1`);
    const colours = await seen.locator(".words p").first().evaluate((words) => {
      const probe = document.createElement("p");
      document.body.append(probe);
      probe.className = "probe";
      return [getComputedStyle(words).color, getComputedStyle(document.body).backgroundColor];
    });
    assert.notEqual(colours[0], colours[1]);
    await seen.goto(origin);
    const border = await seen.locator("button.go").evaluate((button) => getComputedStyle(button).borderTopStyle);
    assert.equal(border, "solid");
    await forced.close();
  });

  await harness.step("the keyboard alone reads a story, keeps a frame and turns pages", async () => {
    const seen = await first.newPage();
    await seen.goto(`${origin}${story}/2`);
    await seen.waitForFunction(() => customElements.get("calliope-reader"));
    const stops = [];
    for (let turn = 0; turn < 12; turn++) {
      await seen.keyboard.press("Tab");
      const stop = await focused(seen);
      if (stop.startsWith("body") || stops.includes(stop)) break;
      stops.push(stop);
      assert.ok(await isFocusVisible(seen), `${stop} does not show the focus`);
    }
    assert.ok(stops.some((stop) => stop.startsWith("summary")), stops.join(", "));
    await seen.locator(".more > summary").focus();
    await seen.keyboard.press("Enter");
    const isKeep = () => seen.evaluate(() => document.activeElement.textContent.includes("Keep this frame"));
    for (let turn = 0; turn < 4 && !await isKeep(); turn++) await seen.keyboard.press("Tab");
    assert.ok(await isKeep(), await focused(seen));
    await seen.keyboard.press("Enter");
    await seen.waitForURL(/\/2$/);
    await seen.waitForSelector("text=Remove the bookmark", { state: "attached" });
    await seen.keyboard.press("ArrowLeft");
    await seen.waitForURL(/\/1$/);
    await seen.close();
  });

  await harness.step("the keyboard alone makes a frame; Escape closes the camera and gives the focus back", async () => {
    const seen = await first.newPage();
    await seen.goto(origin);
    await seen.waitForFunction(() => customElements.get("calliope-maker"));
    const stops = [];
    for (let turn = 0; turn < 8; turn++) {
      await seen.keyboard.press("Tab");
      const stop = await focused(seen);
      stops.push(stop);
      assert.ok(await isFocusVisible(seen), `${stop} does not show the focus`);
      if (stop.startsWith("summary")) break;
    }
    const order = ["textarea words", "input photo", "button.tool.record", "button.go", "summary"];
    const places = order.map((wanted) => stops.findIndex((stop) => stop.startsWith(wanted)));
    assert.ok(places.every((place, at) => place >= 0 && (!at || place > places[at - 1])), stops.join(", "));
    await seen.locator("input[name=photo]").focus();
    await seen.keyboard.press("Enter");
    await seen.waitForFunction(() => document.querySelector(".camera video")?.videoWidth > 0);
    assert.match(await focused(seen), /shutter/);
    for (let turn = 0; turn < 4; turn++) {
      await seen.keyboard.press("Tab");
      assert.ok(await seen.evaluate(() => Boolean(document.activeElement.closest(".camera"))), "the focus leaves the camera");
    }
    await seen.keyboard.press("Escape");
    await seen.waitForSelector(".camera", { state: "detached" });
    assert.match(await focused(seen), /^input photo/);
    await seen.locator("textarea").focus();
    await seen.keyboard.type("A gull lands.");
    const before = await seen.locator(".words").innerText();
    await seen.keyboard.press("Control+Enter");
    await seen.waitForFunction((text) => document.querySelector(".words").innerText !== text, before);
    await seen.close();
  });
  await first.close();
}
