// What scripts/pages tries in the browser, part by part. Each step prints a line; the first that fails ends the run.
// PARTS chooses parts by name.

import { Harness } from "./harness.mjs";

const ALL = ["maker", "looks", "shares", "moments", "outbox", "wall", "access", "books", "motion"];

const harness = await Harness.launch();
// What a part leaves for the parts after it, such as the address of a story.
const shared = {};
try {
  shared.open = (await harness.serve("open")).origin;
  for (const part of process.env.PARTS?.split(" ") ?? ALL) {
    const { default: run } = await import(`./${part}.mjs`);
    await run(harness, shared);
  }
} finally {
  await harness.end();
}
