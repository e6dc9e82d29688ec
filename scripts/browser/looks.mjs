// Every page at every size, light and dark.

import assert from "node:assert/strict";

export default async function run(harness, { open, story, visitor }) {
  await harness.step("every page stands at every size", async () => {
    const sizes = { phone: [390, 844], desk: [1280, 800], reader: [600, 800], narrow: [320, 640] };
    for (const [size, [width, height]] of Object.entries(sizes)) {
      for (const colorScheme of ["light", "dark"]) {
        const seen = await harness.context(open, { viewport: { width, height }, colorScheme, storageState: visitor });
        const page = await seen.newPage();
        for (const [name, path] of Object.entries({
          home: "/", read: `${story}/1`, library: "/library", search: "/search?q=rocket", bookmarks: "/bookmarks",
          about: "/about", login: "/login",
        })) {
          await page.goto(open + path, { waitUntil: "load" });
          const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
          assert.ok(overflow <= 0, `${name} is ${overflow} px too wide at ${width}`);
          await harness.shot(page, `${name}-${size}-${colorScheme}`);
        }
        await seen.close();
      }
    }
  });
}
