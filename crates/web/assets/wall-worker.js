// Keeps what each wall of this browser shows, so that it can be opened while the service is away.

/** How many walls are kept, and how many files of each. */
const MOST_WALLS = 4;
const MOST_FILES = 80;
/** How long the service may take before the kept page is shown instead, in milliseconds. */
const PATIENCE = 8_000;

const store = (page) => `wall ${page}`;
const isGone = (answer) =>
  answer.type === "opaqueredirect" || answer.redirected || [401, 403, 404, 410].includes(answer.status);

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET") return;
  if (request.mode === "navigate") event.respondWith(open(request));
  else if (["image", "style", "script", "font"].includes(request.destination)) event.respondWith(part(request));
});

/** Opens a wall from the service, or as it was when the service was last there. */
async function open(request) {
  const page = new URL(request.url).pathname;
  const kept = () => caches.match(page, { cacheName: store(page), ignoreVary: true });
  try {
    const answer = await fetch(request, { signal: AbortSignal.timeout(PATIENCE) });
    if (isGone(answer)) await caches.delete(store(page));
    return answer.status >= 500 ? (await kept()) ?? answer : answer;
  } catch {
    return (await kept()) ?? Response.error();
  }
}

/** Answers with a kept file, which never changes, or with the service's. */
async function part(request) {
  return (await caches.match(request.url, { ignoreVary: true })) ?? fetch(request);
}

let last = Promise.resolve();
self.addEventListener("message", (event) => {
  last = last.then(() => keep(event.data)).catch(() => {});
  event.waitUntil(last);
});

/** Keeps a page and its files. Files of earlier frames are removed. */
async function keep({ page, files }) {
  const answer = await fetch(page, { headers: { accept: "text/html" }, cache: "no-store" });
  if (isGone(answer)) return caches.delete(store(page));
  if (!answer.ok) return;
  const cache = await caches.open(store(page));
  await cache.put(page, answer);
  const wanted = new Set([page, ...files.slice(0, MOST_FILES)].map((file) => new URL(file, self.location).href));
  for (const request of await cache.keys()) if (!wanted.has(request.url)) await cache.delete(request);
  for (const url of wanted) {
    if (await cache.match(url, { ignoreVary: true })) continue;
    const file = await fetch(url, { mode: "no-cors" }).catch(() => null);
    if (file && (file.ok || file.type === "opaque")) await cache.put(url, file);
  }
  const others = (await caches.keys()).filter((name) => name.startsWith("wall ") && name !== store(page));
  for (const name of others.slice(0, Math.max(0, others.length - MOST_WALLS + 1))) await caches.delete(name);
}
