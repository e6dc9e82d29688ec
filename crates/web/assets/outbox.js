// The outbox: keeps orders in the browser until the service has them, also over a lost connection and a closed page.

/** How many orders it keeps. */
const MOST = 10;

/** How long the service knows the key of an order, in milliseconds. An older order is sent only if a person says so. */
const FRESH = 24 * 3600_000;

/** The largest photo or sound that the service takes, in bytes. */
const LARGEST = 24 << 20;

/** Answers after which the same order may succeed. */
const LATER = [408, 425, 429, 502, 503, 504];

export class Outbox {
  /** `name` tells the outboxes of one address apart. Without one, orders are kept only as long as the page is open. */
  constructor(name) {
    this.name = name;
    this.memory = new Map();
  }

  /** Keeps an order. Returns why it was not kept, or an empty text. */
  async keep(order) {
    if ([order.photo, order.sound].some((file) => file?.size > LARGEST)) {
      return "The file is larger than 24 MiB; choose a smaller one.";
    }
    if ((await this.kept()).length >= MOST) {
      return `${MOST} orders wait for a connection already; this one was not kept. Send it again when there is one.`;
    }
    // A browser that keeps nothing still sends the order as long as the page is open.
    this.memory.set(order.key, order);
    await this.run("readwrite", (orders) => orders.put(order));
    return "";
  }

  /** Returns the orders, oldest first. */
  async kept() {
    const stored = (await this.run("readonly", (orders) => orders.getAll())) ?? [];
    const all = new Map([...this.memory, ...stored.map((order) => [order.key, order])]);
    return [...all.values()].sort((a, b) => a.at - b.at);
  }

  async forget(key) {
    this.memory.delete(key);
    await this.run("readwrite", (orders) => orders.delete(key));
  }

  /** Does one thing with the stored orders. Returns nothing if the browser stores none, as in a private window. */
  async run(mode, work) {
    if (!this.name) return undefined;
    try {
      this.database ??= await opened(this.name);
      return await new Promise((resolve, reject) => {
        const transaction = this.database.transaction("orders", mode);
        const request = work(transaction.objectStore("orders"));
        transaction.oncomplete = () => resolve(request.result);
        transaction.onabort = transaction.onerror = () => reject(transaction.error);
      });
    } catch {
      return undefined;
    }
  }
}

function opened(name) {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(name, 1);
    request.onupgradeneeded = () => request.result.createObjectStore("orders", { keyPath: "key" });
    request.onsuccess = () => resolve(request.result);
    request.onerror = request.onblocked = () => reject(request.error);
  });
}

/** Makes an order of a form. Its key makes an order that is sent twice the same order. */
export function compose(form, key, photo, sound) {
  const fields = [...new FormData(form)].filter(([name, value]) => name !== "key" && typeof value === "string");
  const made = key || (crypto.randomUUID?.() ?? `${Math.random()}`.slice(2) + Date.now());
  return { key: made, at: Date.now(), fields, photo, sound };
}

export const isFresh = (order) => Date.now() - order.at < FRESH;

/**
 * Sends an order. Returns what the service made of it: `task`, with the answer; `refused`, with the reason; or `later`, if
 * there is no connection or the service is away.
 */
export async function deliver(order, action, signal) {
  const body = new FormData();
  body.set("key", order.key);
  for (const [name, value] of order.fields) body.append(name, value);
  if (order.photo) body.set("photo", order.photo, "photo.jpg");
  if (order.sound) body.set("sound", order.sound, "sound");
  try {
    const answer = await fetch(action, { method: "POST", body, headers: { accept: "application/json" }, signal });
    if (LATER.includes(answer.status)) return { later: true, seconds: Number(answer.headers.get("retry-after")) || 0 };
    const told = await answer.json().catch(() => ({}));
    return answer.ok ? { task: told } : { refused: told.detail ?? "The service refused it.", isStranger: answer.status === 401 };
  } catch {
    return { later: true, seconds: 0 };
  }
}
