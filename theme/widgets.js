// Wakes the page's widgets: loads their WebAssembly once, hands events to it and puts the HTML
// that comes back in place. What a widget shows and does is decided in crates/widgets.

const root = new URL(document.documentElement.dataset.root || '.', document.baseURI);
const STATUS_PAUSE = 600; // ms between two messages to a screen reader, over the 500 that the standard asks
const PATIENCE = 30_000; // ms before a download counts as failed

let loading;

/** The WebAssembly module, loaded once for all widgets of the page. */
function load(version) {
  loading ??= (async () => {
    const module = await import(new URL(`widgets/module.js?v=${version}`, root));
    await module.default({ module_or_path: new URL(`widgets/module_bg.wasm?v=${version}`, root) });
    return module;
  })();
  return loading;
}

async function download(path, version) {
  const response = await fetch(new URL(`${path}?v=${version}`, root), {
    signal: AbortSignal.timeout(PATIENCE),
  });
  if (!response.ok) throw new Error(`the server answered ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}

/** The children that count: mdBook puts line breaks between blocks, and the view has none. */
const solid = (node) =>
  [...node.childNodes].filter((child) => child.nodeType !== Node.TEXT_NODE || child.data.trim());

/** Changes `from` into `to` node by node, so that focus and scroll positions stay. */
function morph(from, to) {
  if (from.nodeType !== to.nodeType || from.nodeName !== to.nodeName) {
    from.replaceWith(to);
    return;
  }
  if (from.nodeType !== Node.ELEMENT_NODE) {
    if (from.data !== to.data) from.data = to.data;
    return;
  }
  if (from.matches('[role=status]')) return; // announced on its own, not too often
  // Most rows of a large grid stay as they are, and the browser compares them fastest. What is in
  // a control is not among what it compares.
  if (from.matches('tr') && from.isEqualNode(to) && !from.querySelector('input, select')) return;
  for (const { name } of [...from.attributes]) if (!to.hasAttribute(name)) from.removeAttribute(name);
  for (const { name, value } of to.attributes) {
    if (from.getAttribute(name) !== value) from.setAttribute(name, value);
  }
  const [now, next] = [solid(from), solid(to)];
  next.forEach((child, at) => (now[at] ? morph(now[at], child) : from.append(child)));
  now.slice(next.length).forEach((child) => child.remove());
  if (from.matches('input')) {
    from.checked = to.hasAttribute('checked');
    if (from.type === 'range') from.value = to.getAttribute('value');
    // What is being typed stays as it is typed.
    const typed = from.matches('[type=number], [type=text]') && from !== document.activeElement;
    if (typed) from.value = to.getAttribute('value');
  }
  if (from.matches('select')) {
    from.selectedIndex = [...from.options].findIndex((option) => option.hasAttribute('selected'));
  }
}

class AttentionWidget extends HTMLElement {
  #live; // the widget in WebAssembly, once awake
  #waking;
  #workers = new Map(); // by name, from the first message to each
  #spoke = -Infinity; // when the live region last changed
  #timer;
  #busy = false; // the graphics card is at work

  connectedCallback() {
    if (!this.dataset.version) return; // built without WebAssembly: the page stays as it is
    this.addEventListener('input', (event) => this.#chosen(event));
    this.addEventListener('click', (event) => this.#pressed(event));
    this.addEventListener('keydown', (event) => this.#key(event));
    for (const sign of ['pointerenter', 'focusin']) {
      this.addEventListener(sign, () => this.#wake(), { once: true });
    }
    const seen = new IntersectionObserver((entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      seen.disconnect();
      this.#wake();
    });
    seen.observe(this);
  }

  /** Starts the widget; a second call waits for the first. */
  #wake() {
    this.#waking ??= (async () => {
      try {
        const { Live } = await load(this.dataset.version);
        this.#live = new Live(this.getAttribute('name'), this.dataset.setup, location.search);
        await this.#render();
        this.dataset.awake = 'true';
      } catch (error) {
        this.dataset.error = String(error?.message ?? error);
        const note = document.createElement('p');
        note.className = 'widget-problem';
        note.setAttribute('role', 'alert');
        note.textContent = `The live version could not start (${this.dataset.error}). Everything below stays readable; reload the page to try again.`;
        this.prepend(note);
      }
    })();
    return this.#waking;
  }

  async #send(name, value) {
    await this.#wake();
    if (!this.#live) return;
    this.#live.update(name, value);
    this.#post();
    await this.#render();
  }

  /** Takes and shows what the model made of a text of the reader's own. Returns a summary. */
  async own(bytes) {
    await this.#wake();
    if (!this.#live) throw new Error('the widget does not run');
    const summary = this.#live.own(bytes);
    await this.#render();
    return summary;
  }

  /** Hands each worker what the widget has to say to it. */
  #post() {
    for (let post = this.#live.post(); post; post = this.#live.post()) {
      const [name, message] = post;
      if (!this.#workers.has(name)) this.#workers.set(name, this.#hire(name));
      this.#workers.get(name).postMessage(message);
    }
  }

  /** Starts a worker. Its script and its module are in the site's folder of its name. */
  #hire(name) {
    const address = new URL(`${name}/worker.js?v=${this.dataset.version}`, root);
    const worker = new Worker(address, { type: 'module' });
    const failed = (reason) => {
      worker.terminate();
      this.#workers.delete(name);
      this.#send('worker-failed', reason);
    };
    worker.onmessage = ({ data: { message, problem } }) =>
      problem === undefined ? this.#send('worker', message) : failed(problem);
    worker.onerror = (event) => {
      event.preventDefault();
      failed(event.message || 'its script could not be loaded');
    };
    return worker;
  }

  #chosen({ target }) {
    const name = target.dataset.event;
    if (name && target.matches('input, select')) this.#send(name, target.value);
  }

  #pressed(event) {
    const target = event.target.closest('[data-event]:not(input, select)');
    if (target) this.#send(target.dataset.event, target.dataset.value ?? '');
  }

  #key(event) {
    const grid = event.target.closest('[data-keys]');
    if (!grid || !this.#live || event.altKey || event.metaKey || event.shiftKey) return;
    const key = event.ctrlKey ? `Ctrl+${event.key}` : event.key;
    if (!this.#live.update(grid.dataset.keys, key)) return;
    event.preventDefault();
    event.stopPropagation();
    this.#render();
    grid.querySelector('[tabindex="0"]')?.focus();
  }

  /** Shows the widget as it is now, first fetching what it waits for. */
  async #render() {
    const wanted = this.#live.wants();
    if (wanted) {
      if (this.dataset.awake) this.#announce('Loading the sentence…');
      try {
        this.#live.receive(wanted, await download(wanted, this.dataset.version));
      } catch (error) {
        this.#live.failed(wanted, String(error?.message ?? error));
      }
    }
    this.#show();
    this.#work();
  }

  /** Has the graphics card do what the widget wants, and hands the answer back. */
  async #work() {
    const task = this.#live.task();
    if (!task || this.#busy) return;
    this.#busy = true;
    const url = (file) => new URL(`${file}?v=${this.dataset.version}`, root);
    const { perform } = await import('{{ resource "theme/gpu.js" }}');
    const { output, reply } = await perform(JSON.parse(task), (name) => this.#live.numbers(name), url);
    this.#busy = false;
    if (output) this.#live.receive(output.path, output.bytes);
    else this.#live.update('answer', JSON.stringify(reply));
    await this.#render();
  }

  #show() {
    const template = document.createElement('template');
    template.innerHTML = this.#live.view();
    const next = template.content.firstElementChild;
    const status = next.querySelector('[role=status]');
    const [said, saying] = [this.querySelector('[role=status]'), status];
    // A status that holds a control, such as “Try again”, is replaced whole.
    if (said && saying.querySelector('button') === null && said.querySelector('button') === null) {
      this.#announce(saying.textContent);
    } else {
      said?.replaceChildren(...saying.cloneNode(true).childNodes);
    }
    morph(this.querySelector(':scope > :not(.widget-problem)'), next);
  }

  /** Puts `text` in the live region, at most one message a pause. */
  #announce(text) {
    clearTimeout(this.#timer);
    const speak = () => {
      this.#spoke = performance.now();
      const status = this.querySelector('[role=status]');
      if (status && status.textContent !== text) status.textContent = text;
    };
    const wait = this.#spoke + STATUS_PAUSE - performance.now();
    if (wait <= 0) speak();
    else this.#timer = setTimeout(speak, wait);
  }
}

customElements.define('attention-widget', AttentionWidget);
