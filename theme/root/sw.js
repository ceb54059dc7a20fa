// Keeps the book in the browser: it opens without a network, and every page meets the files of
// its own build.
//
// A build is one state of the whole site, and this worker is part of it. Pages ask for what belongs
// to them with `?v=` and the id of their build. A file is kept under its path and its digest, so
// builds share what they have in common, and nothing is kept that is not as the build made it.

// Both are filled in when the site is built. FILES has a digest for every path.
const BUILD = "BUILD-ID";
const FILES = {};

const SCOPE = self.registration.scope; // the origin may hold other sites, and this book twice
const CACHE = `attention-you-can-run ${SCOPE}`;
const PATIENCE = 2_500; // ms: with a silent server, the kept page is there within three seconds
const DOWNLOAD = 30_000; // ms before a file that is fetched ahead counts as lost
const AT_ONCE = 2; // files that are fetched ahead at the same time
const ANSWER = 1_000; // ms that a page has to say which build it is of
const UNFINISHED = 2; // older builds that stay until this one is kept whole

// Kept when a reader has used them, and not ahead: the notice of a missing page, the whole book once
// more, and two large modules.
const ON_DEMAND = /^(404\.html|print\.html|figures\/.*|trainer\/.*|reader\/.*)$/;
// mdBook puts a digest into such a name: it never stands for another file.
const NAMED_BY_CONTENT = /-[0-9a-f]{8}\.\w+$/;

const own = { id: BUILD, files: FILES };

self.addEventListener("install", (event) => {
  self.skipWaiting();
  event.waitUntil(noteOwnBuild().catch(() => undefined)); // there is no room
});

self.addEventListener("activate", (event) => {
  event.waitUntil(self.clients.claim());
  event.waitUntil(caches.delete("attention-you-can-run-1")); // of workers before this kind
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const path = pathOf(request.url);
  if (request.method !== "GET" || path === undefined) return;
  // The page's own worker keeps the model's weights, piece by piece. A stream of news has no end.
  const stream = request.headers.get("accept") === "text/event-stream";
  if (path.startsWith("weights/") || stream) return;
  event.respondWith(answer(event, path));
});

self.addEventListener("message", (event) => {
  event.waitUntil(hear(event.data));
});

// ---- Answers

async function answer(event, path) {
  const { request } = event;
  if (request.mode === "navigate") return newest(event, path);
  const version = new URL(request.url).searchParams.get("v");
  if (version === null && !NAMED_BY_CONTENT.test(path)) return newest(event, path);
  const build = await buildOf(path, version);
  // A page may be newer than this worker, whose successor is then on its way.
  return build ? exact(request, build, path) : fetch(request);
}

/** The newest file from the network; where that fails or is silent, what is kept. */
async function newest(event, path) {
  const network = fetch(event.request);
  try {
    const response = await Promise.race([network, pause(PATIENCE)]);
    if (response && response.status < 500) return await taken(event, path, response);
  } catch {
    // The network failed, or broke off.
  }
  const found = await kept(path);
  if (!found) return network;
  const late = network.then((response) => taken(event, path, response)).catch(() => undefined);
  event.waitUntil(Promise.race([late, pause(DOWNLOAD)]));
  return found;
}

/** What came from the network, once all of it is there. It is kept if it is a file of this build. */
async function taken(event, path, response) {
  if (!response.ok || !(path in FILES)) return response;
  const bytes = await response.arrayBuffer();
  event.waitUntil(keep(own, path, bytes, response).catch(() => undefined)); // there is no room
  return new Response(bytes, response);
}

/** The file of this build, or an answer that says in words that it cannot be had any more. */
async function exact(request, build, path) {
  const found = await stored(build, path);
  if (found) return found;
  const response = await fetch(request);
  if (!response.ok) return response;
  const bytes = await response.arrayBuffer();
  const right = await keep(build, path, bytes, response).catch(() => true); // there is no room
  return right ? new Response(bytes, response) : changed(request);
}

function changed({ destination }) {
  const words = "the book has changed since this page was opened: reload it to go on";
  if (destination !== "script" && destination !== "worker") {
    return new Response(words, { status: 410, statusText: words });
  }
  const script = { headers: { "content-type": "text/javascript" } };
  return new Response(`throw new Error("${words}");`, script);
}

// ---- What is kept

/** A file's path from the root of the book; undefined for what is not the book's. */
function pathOf(address) {
  const url = new URL(address);
  const whole = url.origin + url.pathname;
  if (!whole.startsWith(SCOPE)) return undefined;
  const path = whole.slice(SCOPE.length);
  if (path === "" || path.endsWith("/")) return `${path}index.html`;
  return `${path}.html` in FILES ? `${path}.html` : path;
}

/** Where a file is kept. */
const place = (build, path) => new URL(`${path}?digest=${build.files[path]}`, SCOPE).href;

async function stored(build, path) {
  if (!(path in build.files)) return undefined;
  const cache = await caches.open(CACHE);
  return cache.match(place(build, path));
}

/** A file of the newest build of which it is kept. */
async function kept(path) {
  for (const build of [own, ...(await builds())]) {
    const found = await stored(build, path);
    if (found) return found;
  }
  return undefined;
}

/**
 * Keeps the bytes of a file, and says whether they are right: what is not the build's file is not
 * kept. Throws when there is no room.
 */
async function keep(build, path, bytes, { headers }) {
  if ((await digest(bytes)) !== build.files[path]) return false;
  const cache = await caches.open(CACHE);
  const type = { "content-type": headers.get("content-type") ?? "" };
  await cache.put(place(build, path), new Response(bytes, { headers: type }));
  return true;
}

/** Fetches a file to keep it, and says whether it was the build's. Throws when there is no room. */
async function fetchToKeep(build, path, address) {
  const signal = AbortSignal.timeout(DOWNLOAD);
  const response = await fetch(address, { signal, priority: "low" });
  return response.ok && keep(build, path, await response.arrayBuffer(), response);
}

/** As `crates/website/src/seal.rs` makes it. */
async function digest(bytes) {
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return [...hash.slice(0, 8)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

// ---- Builds

// Under such an address a build's list of files is kept. It outlives the build's worker.
const LIST = `${SCOPE}builds/`;

async function noteOwnBuild() {
  const cache = await caches.open(CACHE);
  await cache.delete(LIST + BUILD); // so that it comes last, if it is there from an earlier time
  await cache.put(LIST + BUILD, new Response(JSON.stringify(own)));
}

/** All builds of which something may be kept, the newest first. */
async function builds() {
  const cache = await caches.open(CACHE);
  const lists = (await cache.keys()).filter(({ url }) => url.startsWith(LIST));
  const read = async (list) => (await cache.match(list))?.json(); // it may just have been forgotten
  return (await Promise.all(lists.reverse().map(read))).filter(Boolean);
}

/** The build of this version that has the file; without a version, the newest that has it. */
async function buildOf(path, version) {
  const fits = ({ id, files }) => path in files && (version === null || version === id);
  return fits(own) ? own : (await builds()).find(fits);
}

/** Forgets older builds, but not those that a page is open of. */
async function forgetOldBuilds() {
  const open = await openBuilds();
  if (!open) return;
  const known = await builds();
  const at = known.findIndex(({ id }) => id === BUILD);
  if (at < 0) return; // there was no room for its list
  const older = known.slice(at + 1);
  const idle = older.filter(({ id }) => !open.includes(id));
  const whole = (await missing()).length === 0;
  const old = whole ? idle : idle.slice(UNFINISHED);
  if (old.length === 0) return;
  const cache = await caches.open(CACHE);
  await Promise.all(old.map(({ id }) => cache.delete(LIST + id)));
  const all = await cache.keys(); // before the lists are read: a build's list comes before its files
  const wanted = new Set();
  for (const build of await builds()) {
    wanted.add(LIST + build.id);
    for (const path in build.files) wanted.add(place(build, path));
  }
  const rest = all.filter(({ url }) => !wanted.has(url));
  await Promise.all(rest.map((request) => cache.delete(request)));
}

/** The book's open pages. */
async function pages() {
  const all = await self.clients.matchAll({ includeUncontrolled: true });
  return all.filter(({ url }) => url.startsWith(SCOPE));
}

/** The builds of the pages that are open; undefined when one of them does not say. */
async function openBuilds() {
  const builds = await Promise.all((await pages()).map(async (page) => {
    const { port1, port2 } = new MessageChannel();
    const said = new Promise((resolve) => { port1.onmessage = ({ data }) => resolve(data); });
    page.postMessage({ build: "?" }, [port2]);
    return Promise.race([said, pause(ANSWER)]);
  }));
  return builds.includes(undefined) ? undefined : builds;
}

// ---- What a page says: `{ loaded }`, addresses that it has; `{ build, ahead }`, whether the rest
// of the book may be fetched too; `{ takeOver }`, to a worker that waits for the one before it.

let ahead = false;
let fetching = false;
let problem;

async function hear({ takeOver, loaded, build, ...said }) {
  if (takeOver) return self.skipWaiting();
  if (loaded) return Promise.allSettled(loaded.map(keepLoaded));
  if (build !== BUILD) return self.registration.update().catch(() => undefined);
  ahead = said.ahead;
  if (ahead && !fetching) await fetchAhead();
  else await tell();
  return forgetOldBuilds();
}

/** Keeps what a page loaded before this worker was there. */
async function keepLoaded(address) {
  const path = pathOf(address);
  if (path === undefined) return;
  const build = await buildOf(path, new URL(address).searchParams.get("v"));
  if (build && !(await stored(build, path))) await fetchToKeep(build, path, address);
}

/** The files of the text that are not kept yet. What the pages share comes before them. */
async function missing() {
  const cache = await caches.open(CACHE);
  const there = new Set((await cache.keys()).map(({ url }) => url));
  const isPage = (path) => path.endsWith(".html");
  return text().filter((path) => !there.has(place(own, path))).sort((a, b) => isPage(a) - isPage(b));
}

const text = () => Object.keys(FILES).filter((path) => !ON_DEMAND.test(path));

async function fetchAhead() {
  fetching = true;
  problem = undefined;
  try {
    const waiting = await missing();
    const next = async () => {
      for (let path = waiting.shift(); path && ahead && !problem; path = waiting.shift()) {
        await tell();
        await fetchOne(path);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, next));
  } catch (error) {
    problem = error.name === "QuotaExceededError" ? "there is no room" : error.message;
  }
  fetching = false;
  await tell();
}

async function fetchOne(path) {
  // The version keeps apart what a server, or the browser, calls by the same name.
  const address = new URL(NAMED_BY_CONTENT.test(path) ? path : `${path}?v=${BUILD}`, SCOPE);
  if (await fetchToKeep(own, path, address)) return;
  self.registration.update().catch(() => undefined);
  throw new Error(`${path} is not as this build made it`);
}

/** Tells all pages how much of the text is kept. */
async function tell() {
  const left = (await missing()).length;
  const of = text().length;
  const state = { kept: of - left, of, fetching, problem };
  for (const page of await pages()) page.postMessage(state);
}

const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });
