// Has the worker of the site, theme/root/sw.js, keep the book, and says on the front page how much
// of it is kept.

const { root, build } = document.documentElement.dataset;
const worker = new URL(`${root ?? ''}sw.js`, document.baseURI);
const { serviceWorker, connection } = navigator;
const note = document.querySelector(':root[data-index] [data-kept]');

/** Whether what is fetched costs the reader money or patience, as far as the browser says. */
function metered() {
  const { saveData, type, effectiveType } = connection ?? {};
  return Boolean(saveData) || type === 'cellular' || /2g/.test(effectiveType);
}

function say(text) {
  if (note && text) note.textContent = text;
}

/** What is true of the text of the book; nothing while the sentence of the page itself is. */
function sentence({ kept, of, fetching, problem }) {
  if (kept === of) return 'The text of this book is kept in this browser: it opens without a network.';
  if (metered()) return 'Your connection seems to be metered, so this browser keeps only the pages that you visit.';
  if (fetching) return `The text of this book is being kept in this browser, so that it opens without a network: ${kept} of ${of} files are there.`;
  if (problem) return `The browser could not keep all of this book: ${problem}. The next visit tries again.`;
  return undefined;
}

const whenIdle = (task) =>
  (self.requestIdleCallback ? requestIdleCallback(task, { timeout: 5_000 }) : setTimeout(task, 2_000));

/** Asks how much is kept, and lets the rest be fetched where that costs nothing. */
async function ask() {
  const { active } = await serviceWorker.ready;
  active.postMessage({ build, ahead: !metered() });
}

/** Names to the worker what was loaded before it took over, and while it did. */
function tellLoaded({ controller }) {
  controller.postMessage({ loaded: [location.href] });
  const seen = new PerformanceObserver((list) => {
    const loaded = list.getEntries().map((entry) => entry.name);
    controller.postMessage({ loaded: loaded.filter((address) => address.startsWith(location.origin)) });
  });
  seen.observe({ type: 'resource', buffered: true });
}

/**
 * Has a new worker take over. It tries to by itself, but while the one before it is at work it has to
 * wait, and Chromium does not always notice the end of that.
 */
function hurry(registration) {
  const timer = setInterval(() => {
    registration.waiting?.postMessage({ takeOver: true });
    if (!registration.waiting && !registration.installing) clearInterval(timer);
  }, 2_000);
}

async function start() {
  serviceWorker.addEventListener('message', ({ data, ports }) => {
    if (ports.length) ports[0].postMessage(build); // the worker asks which build is open
    else say(sentence(data));
  });
  serviceWorker.addEventListener('controllerchange', () => {
    if (!serviceWorker.controller) return;
    tellLoaded(serviceWorker);
    whenIdle(ask);
  });
  connection?.addEventListener?.('change', ask);
  const registration = await serviceWorker.register(worker);
  registration.addEventListener('updatefound', () => hurry(registration));
  hurry(registration);
  whenIdle(ask);
}

addEventListener('load', async () => {
  try {
    await start();
  } catch {
    // There is no worker in this browser, in a private window, or without https.
    say('This browser cannot keep the book here, so the book needs a network.');
  }
});
