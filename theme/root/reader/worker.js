// Fetches, keeps and runs the real model, away from the page. What it computes is in crates/reader.
// The page's side is theme/own-text.js. To stop it, the page ends it: what was kept stays kept.

const CACHE = 'smollm2-135m-weights';
const AT_ONCE = 3; // pieces on their way at the same time
const PATIENCE = 120_000; // ms before a piece counts as lost

const { searchParams } = new URL(import.meta.url);
const version = searchParams.get('v');
const weightsFolder = new URL('../weights/', import.meta.url);

let memory; // of the module, in bytes
let model;

self.addEventListener('message', async ({ data }) => {
  try {
    if (data.load) self.postMessage(await load());
    if (data.read !== undefined) read(data.read, data.oneByOne);
  } catch (error) {
    const problem = String(error?.message ?? error);
    // What the module refuses is a plain error, and it goes on. After any other it is broken.
    const broken = error?.constructor !== Error;
    self.postMessage({ problem, of: data.load ? 'load' : broken ? 'model' : 'read' });
  }
});

const address = (piece) => new URL(`${String(piece).padStart(2, '0')}.bin`, weightsFolder).href;

/** Gets every piece, from the cache or from the site, checks the whole, and starts the model. */
async function load() {
  const start = performance.now();
  const module = await import(`./module.js?v=${version}`);
  const wasm = await module.default({
    module_or_path: new URL(`module_bg.wasm?v=${version}`, import.meta.url),
  });
  memory = () => wasm.memory.buffer.byteLength;
  const weights = new module.Weights();
  const pieces = await Pieces.open(weights);
  await pieces.all();
  if (!weights.sound()) await pieces.mend();
  model = weights.model();
  return { ready: true, ...pieces.told, ms: performance.now() - start, memory: memory() };
}

class Pieces {
  told = { fetched: 0, kept: 0, repaired: 0, full: false };
  #weights;
  #cache;

  /** Without a cache, as on a site without https, everything is fetched anew each time. */
  static async open(weights) {
    const pieces = new Pieces();
    pieces.#weights = weights;
    pieces.#cache = await self.caches?.open(CACHE).catch(() => undefined);
    pieces.told.full = !pieces.#cache;
    return pieces;
  }

  async all() {
    const total = this.#weights.count();
    const waiting = [...Array(total).keys()];
    let done = 0;
    const worker = async () => {
      for (let piece = waiting.shift(); piece !== undefined; piece = waiting.shift()) {
        if (!(await this.#fromCache(piece))) await this.#fromSite(piece);
        done += 1;
        self.postMessage({ progress: done, total, fetched: this.told.fetched });
      }
    };
    try {
      await Promise.all(Array.from({ length: AT_ONCE }, worker));
    } catch (error) {
      const pieces = await this.#cache?.keys();
      if (pieces?.length === 0) await caches.delete(CACHE); // nothing to go on from, or to remove
      throw error;
    }
  }

  /** Finds the pieces that are not as the site says, and fetches them again. */
  async mend() {
    const sums = await (await this.#download(new URL('sums.json', weightsFolder))).json();
    for (const [piece, sum] of sums.entries()) {
      if (this.#weights.sha256(piece) === sum) continue;
      await this.#cache?.delete(address(piece));
      await this.#fromSite(piece);
      this.told.repaired += 1;
    }
  }

  async #fromCache(piece) {
    const kept = await this.#cache?.match(address(piece));
    if (!kept) return false;
    try {
      this.#weights.put(piece, new Uint8Array(await kept.arrayBuffer()));
      this.told.kept += 1;
      return true;
    } catch {
      return false; // it has another size: the site has the right one
    }
  }

  async #fromSite(piece) {
    const response = await this.#download(address(piece));
    const bytes = new Uint8Array(await response.arrayBuffer());
    this.#weights.put(piece, bytes);
    this.told.fetched += 1;
    if (this.told.full) return;
    const type = { headers: { 'content-type': 'application/octet-stream' } };
    await this.#cache.put(address(piece), new Response(bytes, type)).catch(() => {
      this.told.full = true; // no room: it works now, and is fetched again next time
    });
  }

  async #download(address) {
    let response;
    try {
      // Kept below, in one place: not also among what the browser keeps of its own accord.
      response = await fetch(address, { cache: 'no-store', signal: AbortSignal.timeout(PATIENCE) });
    } catch {
      throw new Error('the network broke off. What has arrived is kept: try again to go on');
    }
    if (!response.ok) throw new Error(`the weights are not on this site (${response.status}); try again later`);
    return response;
  }
}

/** Reads a text at once, and then, if that is wanted, once more, one token after the other. */
function read(text, oneByOne) {
  const start = performance.now();
  const reading = model.read(text);
  const ms = performance.now() - start;
  const tell = (tokens, total) => self.postMessage({ progress: tokens, total });
  if (oneByOne) model.read_one_by_one(reading, tell);
  const oneByOneMs = oneByOne ? performance.now() - start - ms : undefined;
  const bytes = reading.bytes();
  self.postMessage({ reading: bytes, ms, oneByOneMs, memory: memory() }, [bytes.buffer]);
}
