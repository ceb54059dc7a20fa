// Lets the real model read what the reader types: loads it when it is asked for, and hands what it
// makes of a text to the widget above. The model runs in a worker: theme/root/reader/worker.js.

const CACHE = 'smollm2-135m-weights'; // as in the worker
const LEAST_MEMORY = 1; // GB: a device with no more is not asked to hold the model
const PATIENCE = 180_000; // ms before a worker that says nothing counts as dead: it gives up a piece before that

const root = new URL(document.documentElement.dataset.root || '.', document.baseURI);
const panels = new Set();
let count = 0;

/** The one worker of the page, and what all panels show of it. */
const model = {
  state: 'absent', // or 'loading' or 'ready'
  progress: 0,
  worker: undefined,
  waiting: undefined, // what to do with the answer to the text that is being read
  oneByOne: false, // whether a text is being read token by token, which takes a while
  promised: false, // whether the browser has agreed to keep the pieces
  silence: undefined, // runs out when the worker does not answer

  load(version) {
    if (this.state !== 'absent') return;
    this.state = 'loading';
    this.progress = 0;
    this.worker = new Worker(new URL(`reader/worker.js?v=${version}`, root), { type: 'module' });
    this.worker.addEventListener('message', ({ data }) => this.heard(data));
    this.worker.addEventListener('error', (event) => {
      event.preventDefault();
      this.end(`The model stopped: ${event.message || 'its worker does not start'}. Try again.`);
    });
    this.ask({ load: true });
    // A browser that agrees does not clear the pieces away when it needs room.
    navigator.storage?.persist?.().then((promised) => (this.promised = promised), () => undefined);
    show('Loading the model…');
  },

  ask(message) {
    this.worker.postMessage(message);
    this.wait();
  },

  /** Waits for the worker's next word, for a while. */
  wait() {
    clearTimeout(this.silence);
    const dead = 'The model does not answer any more. Load it again.';
    this.silence = setTimeout(() => this.end(dead), PATIENCE);
  },

  heard(data) {
    clearTimeout(this.silence);
    if (data.progress !== undefined) {
      this.progress = data.progress / data.total;
      this.wait();
      show();
    } else if (data.ready) {
      this.state = 'ready';
      const from = data.fetched ? '' : ', from what your browser had kept';
      const keeps = data.full
        ? ' Your browser has no room to keep it: it will be fetched again next time.'
        : this.promised ? ' Your browser has agreed to keep it.' : '';
      show(`The model is ready after ${seconds(data.ms)}${from}.${keeps} Type a text.`);
      measured('load', data);
    } else if (data.reading) {
      measured('read', data);
      this.answer({ bytes: data.reading, ms: data.ms, oneByOneMs: data.oneByOneMs });
    } else if (data.of === 'load') {
      this.end(`The model could not be loaded: ${data.problem}.`);
    } else if (data.of === 'model') {
      this.end(`The model broke (${data.problem}). Load it again.`);
    } else {
      this.answer({ problem: data.problem });
    }
  },

  read(text, oneByOne) {
    this.ask({ read: text, oneByOne });
    this.progress = 0;
    this.oneByOne = oneByOne;
    show();
    return new Promise((resolve) => (this.waiting = resolve));
  },

  answer(answer) {
    this.waiting?.(answer);
    this.waiting = undefined;
    this.oneByOne = false;
    show();
  },

  /** Ends the worker. Its memory is free again, and the pieces that it kept stay kept. */
  end(why) {
    clearTimeout(this.silence);
    this.worker?.terminate();
    this.worker = undefined;
    this.state = 'absent';
    this.answer({ problem: why });
    show(why);
  },
};

const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`;

/** Times and memory, for those who look: the developer's tools show them. */
const measured = (what, { reading, ...detail }) => performance.mark(`own-text-${what}`, { detail });

const show = (said) => panels.forEach((panel) => panel.show(said));

/** Whether the browser has kept pieces of the model. */
async function kept() {
  return (await self.caches?.has(CACHE).catch(() => false)) ?? false;
}

class OwnText extends HTMLElement {
  #warned = false; // that nobody knows how much memory there is

  connectedCallback() {
    panels.add(this);
    count += 1;
    this.#part('problem').id = `own-text-problem-${count}`;
    this.addEventListener('click', ({ target }) => this.#press(target.closest('[data-press]')?.dataset.press));
    this.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#read(this.querySelector('input').value);
    });
    this.querySelector('details').addEventListener('toggle', () => this.show());
  }

  disconnectedCallback() {
    panels.delete(this);
  }

  #part(name) {
    return this.querySelector(`[data-part=${name}]`);
  }

  async #press(what) {
    if (what === 'load') {
      const memory = navigator.deviceMemory;
      if (memory <= LEAST_MEMORY) {
        return this.show(`This device has about ${memory} GB of memory, too little to run the model beside the page. The sentences of the book are all here: choose one in the menu.`);
      }
      // Phones and tablets of Apple do not say how much they have.
      if (memory === undefined && matchMedia('(pointer: coarse)').matches && !this.#warned) {
        this.#warned = true;
        return this.show(`This browser does not say how much memory the device has. The model takes up to ${this.dataset.memory} MB while it runs; where that is too much, the browser ends the page and opens it anew. Press the button once more to load it.`);
      }
      model.load(this.dataset.version);
    } else if (what === 'cancel') {
      model.end('Loading was stopped. What has arrived is kept, and loading goes on from there.');
    } else if (what === 'remove') {
      if (model.state !== 'absent') model.end();
      await self.caches?.delete(CACHE);
      show('The model is removed from this browser.');
    }
  }

  /** Shows how the model stands, and what is `said` to those who listen. */
  async show(said) {
    const { state, progress, oneByOne } = model;
    if (said !== undefined) this.#part('said').textContent = said;
    this.#button('load').hidden = state !== 'absent';
    this.#button('cancel').hidden = state !== 'loading';
    this.querySelector('progress').hidden = state !== 'loading' && !oneByOne;
    this.querySelector('progress').value = 100 * progress;
    this.#part('text').hidden = state !== 'ready';
    // The focus moves on from a button that has gone, and is left alone elsewhere.
    if (this.contains(document.activeElement) && document.activeElement.closest('[hidden]')) {
      const next = { absent: this.#button('load'), loading: this.#button('cancel'), ready: this.querySelector('input') };
      next[state].focus();
    }
    this.#button('remove').hidden = state === 'loading' || !(await kept());
  }

  #button(name) {
    return this.querySelector(`[data-press=${name}]`);
  }

  async #read(text) {
    const button = this.querySelector('[type=submit]');
    if (button.disabled) return;
    button.disabled = true;
    const oneByOne = 'oneByOne' in this.dataset;
    this.#part('said').textContent = oneByOne ? 'The model reads, at once and then token by token…' : 'The model reads…';
    try {
      const { bytes, ms, oneByOneMs, problem } = await model.read(text, oneByOne);
      if (problem) throw new Error(problem);
      const summary = await this.parentElement.querySelector('attention-widget').own(bytes);
      this.#complain('');
      const again = oneByOneMs === undefined ? '' : ` at once, and in ${seconds(oneByOneMs)} one by one`;
      this.#part('said').textContent = `Read in ${seconds(ms)}${again}: ${summary}`;
    } catch (error) {
      this.#complain(`This text cannot be shown: ${error.message}.`);
    } finally {
      button.disabled = false;
    }
  }

  /** Ties a problem to the field, or takes it away. */
  #complain(problem) {
    const [field, note] = [this.querySelector('input'), this.#part('problem')];
    note.hidden = !problem;
    note.textContent = problem;
    this.#part('said').textContent = problem;
    field.setAttribute('aria-invalid', Boolean(problem));
    if (problem) field.setAttribute('aria-describedby', note.id);
    else field.removeAttribute('aria-describedby');
  }
}

customElements.define('own-text', OwnText);
