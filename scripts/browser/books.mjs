// The story as a book: the page to print, and what Chromium prints of it.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, realpathSync, writeFileSync } from "node:fs";

const { CALLIOPE_SCREENSHOTS: SHOTS, WORK, SKIP = "" } = process.env;

/** Makes a story, and returns the address of its pages. */
async function tell(origin, client, text) {
  const response = await fetch(`${origin}/v1/frames/`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ client_id: client, strategy: "literal", input_text: text }),
  });
  const story = await response.json();
  assert.equal(response.status, 200, JSON.stringify(story));
  return `/s/${story.slug}`;
}

/** Has epubcheck read an EPUB. Debian installs it as a Java archive, others as a script. */
function checkEpub(file) {
  const found = execFileSync("sh", ["-c", "command -v epubcheck"], { encoding: "utf8" }).trim();
  const isArchive = readFileSync(found).subarray(0, 2).toString() === "PK";
  const [program, ...first] = isArchive ? ["java", "-jar", realpathSync(found)] : [found];
  execFileSync(program, [...first, "--failonwarnings", file], { encoding: "utf8" });
}

/** Returns the number of pages of a PDF. */
function pages(file) {
  return file.toString("latin1").match(/\/Type\s*\/Page[^s]/g)?.length ?? 0;
}

export default async function run(harness) {
  const service = await harness.serve("books");
  const { origin } = service;
  const story = await tell(origin, "kitchen", [
    "The lamp had burned for a hundred years. Tonight it blinked, once, as if it knew her, and the gulls fell silent.",
    "She climbed the stairs and counted them aloud: ninety-nine, as always, and then one more.",
    `At the top stood a door that said ${"Donaudampfschifffahrtsgesellschaft".repeat(4)} in small letters.`,
    "“Come in,” said the sea.",
  ].join("|"));
  const arabic = await tell(origin, "hall", "كان المصباح مضاءً منذ مئة عام.|وفي هذه الليلة رمش مرة واحدة.");

  await harness.step("a reader finds the book and its forms", async () => {
    const context = await harness.context(origin, { viewport: { width: 1000, height: 900 } });
    const page = await context.newPage();
    await page.goto(`${origin}${story}/1`);
    await page.getByText("More", { exact: true }).click();
    await harness.shot(page, "book-control");
    await page.getByRole("link", { name: "to print" }).click();
    await page.waitForURL(`**${story}/book`);
    assert.equal(await page.locator("article").count(), 4);
    assert.ok(await page.getByRole("button", { name: "Print" }).isVisible());
    for (const [name, type] of [["EPUB", "application/epub+zip"], ["PDF", "application/pdf"], ["Zine to fold", "application/pdf"]]) {
      const address = await page.getByRole("link", { name, exact: true }).getAttribute("href");
      const answer = await fetch(origin + address);
      assert.equal(answer.status, 200, address);
      assert.equal(answer.headers.get("content-type"), type);
      if (SHOTS) {
        mkdirSync(SHOTS, { recursive: true });
        writeFileSync(`${SHOTS}/${name.split(" ")[0].toLowerCase()}.${type.endsWith("pdf") ? "pdf" : "epub"}`, Buffer.from(await answer.arrayBuffer()));
      }
    }
    await context.close();
  });

  if (SKIP.split(" ").includes("epubcheck")) {
    console.log("SKIPPED epubcheck, as SKIP says");
  } else {
    await harness.step("epubcheck finds nothing wrong with the EPUBs", async () => {
      for (const [name, path] of Object.entries({ story, arabic })) {
        const file = `${WORK}/${name}.epub`;
        writeFileSync(file, Buffer.from(await (await fetch(`${origin}${path}/book.epub`)).arrayBuffer()));
        checkEpub(file);
      }
    });
  }

  await harness.step("the book stands at every size, in every script", async () => {
    for (const [size, [width, height]] of Object.entries({ desk: [1100, 900], phone: [390, 844], narrow: [320, 640] })) {
      for (const colorScheme of ["light", "dark"]) {
        const context = await harness.context(origin, { viewport: { width, height }, colorScheme });
        const page = await context.newPage();
        for (const [name, path] of Object.entries({ story, arabic })) {
          await page.goto(`${origin}${path}/book`, { waitUntil: "load" });
          const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
          assert.ok(overflow <= 0, `${name} is ${overflow} px too wide at ${width}`);
          await harness.shot(page, `book-${name}-${size}-${colorScheme}`);
        }
        await context.close();
      }
    }
  });

  await harness.step("a browser prints a title page, a page for each frame, and a colophon", async () => {
    const context = await harness.context(origin, { javaScriptEnabled: false });
    const page = await context.newPage();
    for (const [name, path, count] of [["story", story, 6], ["arabic", arabic, 4]]) {
      await page.goto(`${origin}${path}/book`, { waitUntil: "load" });
      assert.ok(await page.locator(".print").isHidden(), "no button without a module");
      const file = await page.pdf({ preferCSSPageSize: true });
      assert.equal(pages(file), count, name);
      if (SHOTS) writeFileSync(`${SHOTS}/printed-${name}.pdf`, file);
    }
    await context.close();
  });
}
