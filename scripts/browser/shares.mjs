// The first start, a story that is shared, and a visitor's camera: agree, photo, frame, take it home, be forgotten.

import assert from "node:assert/strict";

const KEY = "a-key-for-a-test-1234";
const PHONE = { viewport: { width: 390, height: 844 } };
const DESK = { viewport: { width: 1280, height: 800 } };

/** Returns the path of the link on a page that shows it once. */
const linkOn = (page) => page.locator(".handout input[readonly]").inputValue();

export default async function run(harness) {
  const service = await harness.serve("fresh", {
    CALLIOPE_API_KEY: KEY, CALLIOPE_LOG: "info", CALLIOPE_OPERATOR: "Museum of Rain, rain@museum.example",
  });
  const { origin } = service;
  const code = /\/setup\?code=([A-Z0-9-]+)/.exec(service.log())?.[1];
  const admin = await harness.context(origin, { ...DESK, javaScriptEnabled: false });
  const desk = await admin.newPage();

  await harness.step("the first user is made with the printed code, without JavaScript", async () => {
    assert.ok(code, "the code is in the log");
    await desk.goto(`${origin}/setup?code=${code}`);
    await harness.shot(desk, "setup-desk");
    await desk.fill("input[name=username]", "anna");
    await desk.fill("input[name=password]", "correct horse battery");
    await desk.fill("input[name=place]", "38.72,-9.14");
    await desk.click("button.go");
    await desk.waitForURL(`${origin}/setup/ready`);
    await desk.waitForSelector(".first-frame img");
    await harness.shot(desk, "ready-desk");
    const stories = await desk.request.get(`${origin}/v2/stories?client_id=none`);
    assert.equal(stories.status(), 200, "the user is logged in");
    await desk.goto(`${origin}/setup`);
    await desk.waitForURL(/\/login/);
  });

  await harness.step("a story is shared by a form, and read by its link elsewhere", async () => {
    await desk.goto(`${origin}/`);
    await desk.click(".running-head a");
    await desk.waitForURL(/\/s\/[^/]+\/1$/);
    await desk.click(".more > summary");
    await desk.click("text=Share by a link or QR code");
    await desk.waitForURL(/\/share$/);
    await desk.fill("input[name=comment]", "For grandmother");
    await desk.click("button.go");
    await desk.waitForSelector("svg.qr");
    await harness.shot(desk, "share-desk");
    const link = await linkOn(desk);
    const other = await harness.context(origin, PHONE);
    const reader = await other.newPage();
    await reader.goto(link);
    assert.match(reader.url(), /\/x\/[\w-]{22}\/1$/);
    assert.ok((await reader.locator(".words").innerText()).length > 10);
    await reader.waitForFunction(() => document.querySelector("img.art").naturalWidth > 0);
    await harness.shot(reader, "shared-phone");
    await desk.goto(desk.url());
    assert.match(await desk.locator(".links li").first().innerText(), /opened once/);
    await desk.click("text=Take it back");
    await desk.waitForURL(/\/share$/);
    await reader.reload();
    assert.match(await reader.locator("h1").innerText(), /nothing here/i);
    await harness.shot(reader, "gone-phone");
    await other.close();
  }, /404/);

  const make = async (body) => {
    const made = await desk.request.post(`${origin}/v2/shares`, { data: body, headers: { origin } });
    assert.equal(made.status(), 201, await made.text());
    return (await made.json()).url;
  };
  const give = await make({ kind: "give", client_id: "hall" });
  const guest = await harness.context(origin, PHONE);
  const camera = await guest.newPage();
  const home = await (await harness.context(origin, DESK)).newPage();
  let link;
  let words;

  await harness.step("a visitor reads what happens with a photo, and agrees", async () => {
    await camera.goto(give);
    assert.match(await camera.locator(".facts").innerText(), /Museum of Rain/);
    assert.equal(await camera.locator("calliope-maker").count(), 0);
    await harness.shot(camera, "consent-phone");
    await camera.check("input[name=agree]");
    await camera.click("button.go");
    await camera.waitForSelector("calliope-maker");
    await harness.shot(camera, "visitor-phone");
  });

  await harness.step("the camera takes a photo, and the frame appears", async () => {
    await camera.waitForFunction(() => customElements.get("calliope-maker"));
    await camera.click(".photo");
    await camera.waitForFunction(() => document.querySelector(".camera video")?.videoWidth > 0);
    await camera.click(".shutter");
    await camera.waitForSelector("#stage img.art[src*='/media/signed/']");
    words = await camera.locator(".words").innerText();
    assert.ok(words.length > 10);
    await harness.shot(camera, "given-phone");
  });

  await harness.step("the story is taken home as a link", async () => {
    await camera.click("text=Take it home");
    await camera.waitForSelector("svg.qr");
    await harness.shot(camera, "home-phone");
    link = await linkOn(camera);
    await home.goto(link);
    assert.equal(await home.locator(".words").innerText(), words);
    await home.waitForFunction(() => document.querySelector("img.art").naturalWidth > 0);
    await harness.shot(home, "home-desk");
  });

  await harness.step("the story is taken home as a book, too, and its reader may have one", async () => {
    await camera.getByRole("link", { name: "to print" }).click();
    await camera.waitForURL(`${give}/book`);
    assert.equal(await camera.locator("article").count(), 1);
    await camera.waitForFunction(() => [...document.images].every((image) => image.naturalWidth > 0));
    await harness.shot(camera, "visitors-book-phone");
    await camera.click("text=Back to the story");
    await camera.waitForURL(give);
    await home.click(".more > summary");
    await home.getByRole("link", { name: "to print" }).click();
    await home.waitForURL(`${link}/book`);
    await home.waitForFunction(() => [...document.images].every((image) => image.naturalWidth > 0));
    await harness.shot(home, "shared-book-desk");
    for (const name of ["EPUB", "PDF", "Zine to fold"]) {
      const address = await home.getByRole("link", { name, exact: true }).getAttribute("href");
      const answer = await fetch(origin + address);
      assert.equal(answer.status, 200, address);
      assert.match(answer.headers.get("content-type"), /pdf|epub/);
      assert.equal(answer.headers.get("cache-control"), "no-store");
    }
    await home.goto(link);
  });

  await harness.step("a visitor who is forgotten leaves nothing behind", async () => {
    await camera.goto(give);
    await camera.click("text=Forget me");
    await harness.shot(camera, "forget-phone");
    await camera.click("button.go");
    await camera.waitForSelector("text=You are forgotten");
    await harness.shot(camera, "forgotten-phone");
    await home.reload();
    assert.match(await home.locator("h1").innerText(), /nothing here/i);
    await camera.goto(give);
    assert.equal(await camera.locator("input[name=agree]").count(), 1);
  }, /404/);

  await harness.step("a visitor gives a line without JavaScript", async () => {
    const plain = await harness.context(origin, { ...DESK, javaScriptEnabled: false });
    const page = await plain.newPage();
    await page.goto(give);
    await harness.shot(page, "consent-desk");
    await page.check("input[name=agree]");
    await page.click("button.go");
    await page.fill("textarea", "A rocket waits for the rain to stop.");
    await page.click("button.go");
    for (let tries = 0; tries < 40 && !(await page.locator("text=Take it home").count()); tries++) {
      await page.waitForTimeout(250);
      await page.goto(give);
    }
    await harness.shot(page, "given-desk");
    await page.click("text=Take it home");
    await page.waitForSelector("svg.qr");
    await harness.shot(page, "taken-desk");
    await plain.close();
  });

  await harness.step("a wall that is shared is live, goes on without the service, and ends with its share", async () => {
    const tell = async (words) => {
      const data = { client_id: "hall", strategy: "literal", input_text: words };
      const told = await desk.request.post(`${origin}/v1/frames`, { data, headers: { origin } });
      assert.equal(told.status(), 200, await told.text());
    };
    await tell("The door opens.|The door closes.");
    const made = await make({ kind: "wall", flock_id: "default" });
    await home.goto(made);
    await home.waitForSelector("calliope-wall.live .wall-frame.shown");
    await home.waitForFunction(() => document.querySelector("calliope-wall").source.readyState === 1);
    const asked = Date.now();
    await tell("A guest comes in.");
    const shows = (words) => home.waitForFunction((text) =>
      document.querySelector(".wall-frame.shown .wall-words").innerText.includes(text), words);
    await shows("A guest comes in.");
    assert.ok(Date.now() - asked < 5000);
    await home.waitForFunction(() => document.querySelector(".shown .wall-picture").naturalWidth > 0);
    assert.equal(await home.locator(".wall-code").count(), 0);
    assert.equal(await home.evaluate(() => navigator.serviceWorker.getRegistrations().then((all) => all.length)), 0);
    await home.waitForFunction(() => document.querySelector("calliope-wall").held.size >= 3);
    await home.waitForTimeout(2500);
    await harness.shot(home, "wall-desk");
    await service.kill();
    await home.evaluate(() => document.querySelector("calliope-wall").next());
    await home.waitForFunction(() => !document.querySelector(".shown .wall-words").innerText.includes("guest"));
    await home.waitForFunction(() => document.querySelector(".shown .wall-picture").naturalWidth > 0);
    await service.start();
    await home.waitForFunction(() => document.querySelector("calliope-wall").source.readyState === 1, null, { timeout: 60_000 });
    const list = await (await desk.request.get(`${origin}/v2/shares`)).json();
    const { id } = list.items.find(({ kind }) => kind === "wall");
    const ended = await desk.request.delete(`${origin}/v2/shares/${id}`, { headers: { origin } });
    assert.equal(ended.status(), 204);
    await home.evaluate(() => document.querySelector("calliope-wall").look());
    await home.waitForSelector("text=There is nothing here");
    await guest.close();
  }, /404|net::ERR_|Failed to load resource|Failed to fetch/);

  await harness.step("the pages of shares stand at every size", async () => {
    for (const [width, height] of [[320, 640], [600, 800]]) {
      for (const colorScheme of ["light", "dark"]) {
        const seen = await harness.context(origin, { viewport: { width, height }, colorScheme });
        const page = await seen.newPage();
        for (const path of [give, `${origin}/x/AAAAAAAAAAAAAAAAAAAAAA`]) {
          await page.goto(path, { waitUntil: "load" });
          const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
          assert.ok(overflow <= 0, `${path} is ${overflow} px too wide at ${width}`);
        }
        await page.goto(give);
        await harness.shot(page, `consent-${width}-${colorScheme}`);
        await seen.close();
      }
    }
  }, /404/);
}
