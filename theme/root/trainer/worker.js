// Trains in the background, so that the page stays awake. What is trained, and what is answered to
// what, is in crates/trainer: this script only carries messages. Each one that comes is answered, if
// only with nothing, so that the page knows that somebody is there.

const PAUSE = 100; // ms between two reports on a training

const { search } = self.location; // the version, so that script and module are of one build
const ready = import(`./module.js${search}`).then(async (module) => {
  await module.default({ module_or_path: new URL(`./module_bg.wasm${search}`, self.location) });
  return new module.Lab();
});

let lab;
let busy = false;
let reported = 0;

self.onmessage = ({ data }) => attempt(async () => {
  lab ??= await ready;
  say(lab.ask(data));
  if (!busy) work();
});

/** Trains for a moment, reports now and then, and comes back until there is nothing to do. */
function work() {
  attempt(() => {
    const before = busy;
    busy = lab.work();
    if (!busy && !before) return;
    if (!busy || performance.now() - reported > PAUSE) {
      say(lab.report());
      reported = performance.now();
    }
    if (busy) setTimeout(work); // lets a message through first
    else say(lab.rest());
  });
}

const say = (message) => self.postMessage({ message });

async function attempt(action) {
  try {
    await action();
  } catch (error) {
    busy = false;
    self.postMessage({ problem: String(error?.message ?? error) });
  }
}
