// Keeps what the reader has seen, so that it opens without a network.
// Network first: a reader who is online always gets the newest page.
const NAME = "attention-you-can-run-";
const CACHE = `${NAME}1`;

self.addEventListener("install", () => self.skipWaiting());

self.addEventListener("activate", (event) => {
  event.waitUntil(dropOldCaches().then(() => self.clients.claim()));
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const ours = new URL(request.url).origin === self.location.origin;
  const stream = request.headers.get("accept") === "text/event-stream";
  // The model's weights are kept by the page's own worker, piece by piece.
  const weights = new URL(request.url).pathname.includes("/weights/");
  if (request.method === "GET" && ours && !stream && !weights) event.respondWith(networkFirst(event));
});

// A page that loaded before this worker was there names what it needed.
self.addEventListener("message", (event) => {
  event.waitUntil(Promise.allSettled(event.data.map(keepAddress)));
});

// Only caches of this book's older workers: the origin may hold other sites too.
async function dropOldCaches() {
  const names = await caches.keys();
  const old = names.filter((name) => name.startsWith(NAME) && name !== CACHE);
  return Promise.all(old.map((name) => caches.delete(name)));
}

async function networkFirst(event) {
  const { request } = event;
  try {
    const response = await fetch(request);
    event.waitUntil(keep(request.url, response.clone()));
    return response;
  } catch (offline) {
    const cache = await caches.open(CACHE);
    const kept = await cache.match(key(request.url), { ignoreVary: true });
    if (kept) return kept;
    throw offline;
  }
}

async function keepAddress(address) {
  await keep(address, await fetch(address));
}

async function keep(address, response) {
  if (response.status !== 200 || response.type !== "basic") return;
  const cache = await caches.open(CACHE);
  await cache.put(key(address), response);
}

// A query string is a widget's state, never another file.
function key(address) {
  const url = new URL(address);
  url.search = "";
  url.hash = "";
  return url.href;
}
