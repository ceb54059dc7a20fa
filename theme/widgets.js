// Wakes the page's widgets: loads their WebAssembly once, hands events to it and puts the HTML
// that comes back in place. What a widget shows and does is decided in crates/widgets.
//
// Whatever fails is said in words, and there is a way to try again. A file, a worker or the card
// that fails is told to the widget, whose view says so. All else is said in a note above the view.

const root = new URL(document.documentElement.dataset.root || '.', document.baseURI);
const prefix = document.documentElement.dataset.root ?? ''; // from the page to the root
const STATUS_PAUSE = 600; // ms between two messages to a screen reader, over the 500 that the standard asks
const BEAT = 600; // ms from one step to the next of a widget that plays
const PATIENCE = 60_000; // ms before what does not answer counts as failed

const modules = new Map(); // the WebAssembly by its folder, each once for all its widgets of the page
let card; // the script for the graphics card, from the first task
let again = 0; // how often something had to be asked for anew

/** What a promise comes to, if it comes to something in time. */
function within(time, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${time / 1000} seconds`)), time);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** An address of the site. After a failure it is another one: a browser asks for a script's only once. */
function address(path, base = root) {
  const url = new URL(path, base);
  if (again) url.searchParams.set('again', again);
  return url;
}

/** What `action` comes to in time. If that is nothing, what it waits for is given up. */
async function attempt(action) {
  const late = new AbortController();
  try {
    return await within(PATIENCE, action(late.signal));
  } catch (error) {
    late.abort();
    again += 1;
    throw error;
  }
}

/** What `take` makes of a file of the site. */
const get = (path, version, take) =>
  attempt(async (signal) => {
    const response = await fetch(address(`${path}?v=${version}`), { signal });
    if (!response.ok) throw new Error(`the server answered ${response.status}`);
    return take(response);
  });

/** The class of the widgets in the module of this name. */
function load(name, version) {
  if (!modules.has(name)) {
    const module = {};
    const fetched = async () => {
      const script = await attempt(() => import(address(`${name}/module.js?v=${version}`)));
      const start = (response) => script.default({ module_or_path: response });
      await get(`${name}/module_bg.wasm`, version, start);
      return (module.Live = script.Live);
    };
    module.loading = fetched();
    module.loading.catch(() => modules.delete(name));
    modules.set(name, module);
  }
  return modules.get(name).loading;
}

/** A widget refuses in words, and all is then as it was. Any other error leaves it broken. */
const isRefusal = (error) => typeof error === 'string';

const words = (error) => String(error?.message ?? error);

/** The children that count: mdBook puts line breaks between blocks, and the view has none. */
const solid = (node) =>
  [...node.childNodes].filter((child) => child.nodeType !== Node.TEXT_NODE || child.data.trim());

/** Changes `from` into `to` node by node, so that focus and scroll positions stay. */
function morph(from, to) {
  if (to.dataset && 'same' in to.dataset) return; // the view has not told it again
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
  if (from.matches('tr, svg, g') && from.isEqualNode(to) && !from.querySelector('input, select')) return;
  // Whether details are open is the reader's.
  const kept = (name) => name === 'open' && from.localName === 'details';
  // By name: a browser makes an object of each attribute that it is asked for as such.
  for (const name of from.getAttributeNames()) if (!to.hasAttribute(name) && !kept(name)) from.removeAttribute(name);
  for (const name of to.getAttributeNames()) {
    const value = to.getAttribute(name);
    if (from.getAttribute(name) !== value) from.setAttribute(name, value);
  }
  if (from.firstChild || to.firstChild) {
    const [now, next] = [solid(from), solid(to)];
    next.forEach((child, at) => (now[at] ? morph(now[at], child) : from.append(child)));
    now.slice(next.length).forEach((child) => child.remove());
  }
  if (from.localName === 'input') {
    from.checked = to.hasAttribute('checked');
    if (from.type === 'range') from.value = to.getAttribute('value');
    // What is being typed stays as it is typed.
    const typed = from.matches('[type=number], [type=text]') && from !== document.activeElement;
    if (typed) from.value = to.getAttribute('value');
  }
  if (from.localName === 'select') {
    from.selectedIndex = [...from.options].findIndex((option) => option.hasAttribute('selected'));
  }
}

class AttentionWidget extends HTMLElement {
  static #all = new Set();

  #live; // the widget in WebAssembly, once awake
  #waking;
  #address = location.search; // where it stands, and stood before it broke
  #reading; // what the model made of a text of the reader's own
  #workers = new Map(); // by name, from the first message to each
  #coming = new Set(); // files on their way
  #busy = false; // the graphics card is at work
  #look = ''; // the part of a picture that is looked at
  #beat; // the timer of a widget that plays
  #note; // what went wrong
  #spoke = -Infinity; // when the live region last changed
  #timer;

  connectedCallback() {
    if (!this.dataset.version) return; // built without WebAssembly: the page stays as it is
    AttentionWidget.#all.add(this);
    this.addEventListener('input', (event) => this.#chosen(event));
    this.addEventListener('click', (event) => this.#pressed(event));
    this.addEventListener('keydown', (event) => this.#key(event));
    this.addEventListener('pointerdown', (event) => this.#grabbed(event));
    for (const sign of ['pointerover', 'focusin']) this.addEventListener(sign, (event) => this.#looked(event));
    this.addEventListener('pointerleave', (event) => this.#looked(event));
    document.addEventListener('visibilitychange', () => this.#rest());
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

  /** Starts the widget; a second call waits for the first. Says whether it runs. */
  #wake() {
    this.#waking ??= this.#open();
    return this.#waking;
  }

  async #open() {
    let Live;
    try {
      Live = await load(this.dataset.module, this.dataset.version);
      const live = new Live(this.getAttribute('name'), this.dataset.setup, this.#address);
      this.#live = live;
      if (this.#reading) {
        live.own(this.#reading);
        live.go(this.#address);
      }
      await this.#render();
      if (this.#live !== live) return this.#wake(); // it broke meanwhile, and was opened anew
    } catch (error) {
      this.#close();
      if (Live && !isRefusal(error)) {
        // Where it was to open may be what broke it.
        this.#address = '';
        this.#reading = undefined;
        AttentionWidget.#retire(Live);
      }
      this.#waking = Promise.resolve(false);
      this.dataset.error = words(error);
      const text = `The live version could not start (${words(error)}). Everything below stays readable.`;
      this.#say(text, () => {
        this.#waking = undefined;
        return this.#wake();
      });
      return false;
    }
    delete this.dataset.error;
    this.dataset.awake = 'true';
    return true;
  }

  /** Ends what runs for the widget: it can be opened anew. */
  #close() {
    this.#rest();
    this.#workers.forEach((_, name) => this.#dismiss(name));
    this.#coming.clear();
    this.#busy = false;
    // Or the browser would one day run code of a broken module to free it.
    this.#live?.__destroy_into_raw();
    this.#live = undefined;
    this.#waking = undefined;
    delete this.dataset.awake;
  }

  /** After a panic a module's memory may be wrong: every widget that uses it is opened anew. */
  static #retire(Live) {
    const broken = [...modules].find(([, module]) => module.Live === Live);
    if (!broken) return; // it has been retired before
    modules.delete(broken[0]);
    again += 1;
    for (const widget of AttentionWidget.#all) {
      if (!(widget.#live instanceof Live)) continue;
      if (widget.#workers.size || widget.#busy) {
        widget.#say('A widget of this page broke, and all were opened anew. What ran here has ended: start it again.');
      }
      widget.#close();
      widget.#wake();
    }
  }

  /**
   * The one place where a widget is told something: an event, a key, a file, an answer of a worker
   * or of the card. Shows what comes of it, and says what fails. Returns what the widget answers.
   */
  #tell(action) {
    const live = this.#live;
    if (!live) return undefined;
    try {
      const answer = action(live) ?? true;
      if (answer) this.#render();
      return answer;
    } catch (error) {
      if (live === this.#live) this.#failed(error, () => this.#attempt(action));
      return undefined;
    }
  }

  #failed(error, redo) {
    this.#rest();
    if (isRefusal(error)) {
      this.#say(`That did not work: ${error}. All is as it was.`, redo);
    } else if (this.dataset.awake) {
      AttentionWidget.#retire(this.#live.constructor);
      this.#say(`This widget broke (${words(error)}). It was opened anew as it stood before.`, redo);
    } else {
      throw error; // while it opens: #open says so
    }
  }

  /** As #tell, once the widget is awake. Says whether it worked. */
  async #attempt(action) {
    return (await this.#wake()) && this.#tell(action) !== undefined;
  }

  /** An event of the reader's. */
  async #send(name, value) {
    this.#rest();
    if (await this.#attempt((live) => live.update(name, value))) this.#settle();
  }

  /** Sends the event of the button that plays, now and at each beat, until it stands at the end. */
  #play() {
    const beat = async () => {
      const event = this.querySelector('[data-play]')?.dataset.play;
      const done = event && (await this.#attempt((live) => live.update(event, '')));
      const button = this.querySelector('[data-play]');
      if (!done || !button || 'end' in button.dataset) this.#rest();
    };
    this.classList.add('playing');
    this.#beat = setInterval(beat, BEAT);
    beat();
  }

  #rest() {
    clearInterval(this.#beat);
    this.#beat = undefined;
    this.classList.remove('playing');
  }

  /** Takes and shows what the model made of a text of the reader's own. Returns a summary. */
  async own(bytes) {
    if (!(await this.#wake())) throw new Error('the widget does not run');
    let refusal = 'the widget broke over it, and was opened anew';
    const summary = this.#tell((live) => {
      try {
        return live.own(bytes);
      } catch (error) {
        if (!isRefusal(error)) throw error;
        refusal = error;
        return false;
      }
    });
    if (!summary) throw new Error(refusal);
    this.#reading = bytes;
    return summary;
  }

  /** Hands each worker what the widget has to say to it. A worker answers each message, if only with nothing. */
  #post() {
    for (let post = this.#live.post(); post; post = this.#live.post()) {
      const [name, message] = post;
      if (!this.#workers.has(name)) this.#workers.set(name, this.#hire(name));
      const worker = this.#workers.get(name);
      clearTimeout(worker.silence);
      worker.silence = setTimeout(() => worker.failed('it does not answer'), PATIENCE);
      worker.postMessage(message);
    }
  }

  /** Starts a worker. Its script and its module are in the site's folder of its name. */
  #hire(name) {
    const script = address(`${name}/worker.js?v=${this.dataset.version}`);
    const worker = new Worker(script, { type: 'module' });
    worker.failed = (reason) => {
      if (this.#workers.get(name) !== worker) return; // it was dismissed before
      again += 1;
      this.#dismiss(name);
      this.#tell((live) => live.update('worker-failed', reason));
    };
    worker.onmessage = ({ data: { message, problem } }) => {
      clearTimeout(worker.silence);
      if (problem !== undefined) worker.failed(problem);
      else if (message !== undefined) this.#tell((live) => live.update('worker', message));
    };
    worker.onmessageerror = () => worker.failed('what it says cannot be read');
    worker.onerror = (event) => {
      event.preventDefault();
      worker.failed(event.message || 'its script could not be loaded');
    };
    return worker;
  }

  #dismiss(name) {
    const worker = this.#workers.get(name);
    this.#workers.delete(name);
    clearTimeout(worker.silence);
    worker.terminate();
  }

  #chosen({ target }) {
    const name = target.dataset.event;
    if (name && target.matches('input, select')) this.#send(name, target.value);
  }

  #pressed(event) {
    const saved = event.target.closest('[data-save]');
    if (saved) return this.#save(saved.dataset.save);
    if (event.target.closest('[data-play]')) return this.#beat ? this.#rest() : this.#play();
    const target = event.target.closest('[data-event]:not(input, select)');
    if (target) this.#send(target.dataset.event, target.dataset.value ?? '');
  }

  /** Hands the reader the picture as it stands: one SVG with its styles, its title and its source. */
  #save(name) {
    const picture = [...this.querySelectorAll('.drawing svg')].find((svg) => svg.checkVisibility());
    if (!picture) return;
    const sheets = [...document.styleSheets].filter(({ href }) => /\/(general|pictures)/.test(href));
    const part = (tag, text) => Object.assign(document.createElementNS(picture.namespaceURI, tag), { textContent: text });
    const whole = part('svg', '');
    whole.setAttribute('class', 'drawn');
    whole.setAttribute('viewBox', picture.getAttribute('viewBox'));
    const source = new URL(this.#address, location.href);
    whole.append(
      part('title', this.querySelector('.question').textContent),
      part('desc', `From “Attention You Can Run”, ${source}. Licence: MIT or Apache-2.0.`),
      part('style', sheets.flatMap(({ cssRules }) => [...cssRules]).map((rule) => rule.cssText).join('\n')),
      picture.cloneNode(true),
    );
    const file = new Blob([new XMLSerializer().serializeToString(whole)], { type: 'image/svg+xml' });
    const link = Object.assign(document.createElement('a'), { href: URL.createObjectURL(file), download: `${name}.svg` });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), PATIENCE);
  }

  /** A look at a part of a picture, by pointer or by focus: `look` with the part, or with nothing. */
  #looked({ target, type }) {
    if (!this.dataset.awake || this.classList.contains('dragging')) return;
    const part = target.closest('[data-look]')?.dataset.look ?? '';
    // A link that says where a part leads stays while it has the focus.
    if (type === 'focusin' && !part && target.closest('a')) return;
    if (part === this.#look) return;
    this.#look = part;
    this.#tell((live) => live.update('look', part));
  }

  /** A drag sends its event with the mark's value, the place in its picture, and the layout. */
  #grabbed(event) {
    const mark = event.target.closest('[data-drag]');
    if (!mark || !this.dataset.awake || event.button !== 0) return;
    event.preventDefault();
    mark.focus({ focusVisible: false });
    const picture = mark.ownerSVGElement;
    const layout = picture.closest('.for-narrow') ? 'narrow' : 'wide';
    const { drag, value } = mark.dataset;
    const parts = [value ?? ''];
    let next; // the last place that the widget has not been told
    const tell = () => {
      if (!next) return;
      const place = new DOMPoint(next.clientX, next.clientY).matrixTransform(picture.getScreenCTM().inverse());
      next = undefined;
      this.#tell((live) => live.update(drag, [...parts, place.x.toFixed(1), place.y.toFixed(1), layout].join(',')));
    };
    const move = (moved) => {
      if (!next) requestAnimationFrame(tell);
      next = moved;
    };
    const gone = new AbortController();
    const end = () => {
      tell();
      gone.abort();
      this.classList.remove('dragging');
    };
    this.classList.add('dragging');
    move(event);
    const { signal } = gone;
    addEventListener('pointermove', move, { signal });
    for (const sign of ['pointerup', 'pointercancel', 'blur']) addEventListener(sign, end, { signal });
  }

  #key(event) {
    const grid = event.target.closest('[data-keys]');
    if (!grid || !this.dataset.awake || event.altKey || event.metaKey) return;
    const key = `${event.ctrlKey ? 'Ctrl+' : ''}${event.shiftKey ? 'Shift+' : ''}${event.key}`;
    const taken = this.#tell((live) => live.update(grid.dataset.keys, key));
    if (taken === false) return; // it means nothing here: the browser may have it
    event.preventDefault();
    event.stopPropagation();
    if (!taken) return;
    this.#settle();
    grid.querySelector('[tabindex="0"]')?.focus();
  }

  /** Has done what the widget wants done, and shows it; what it waits for is fetched first. */
  #render() {
    this.#post();
    const file = this.#live.wants();
    if (file) return this.#fetch(file);
    this.#show();
    this.#address = this.#live.address();
    const task = this.#live.task();
    if (task && !this.#busy) this.#work(JSON.parse(task));
    return undefined;
  }

  /** Fetches a file for the widget, once at a time. */
  async #fetch(path) {
    if (this.#coming.has(path)) return;
    this.#coming.add(path);
    if (this.dataset.awake) this.#announce('Loading the sentence…');
    const live = this.#live;
    let bytes, problem;
    try {
      bytes = await get(path, this.dataset.version, async (response) => new Uint8Array(await response.arrayBuffer()));
    } catch (error) {
      problem = words(error);
    }
    if (live !== this.#live) return; // opened anew meanwhile, it asks anew
    this.#coming.delete(path);
    this.#tell((live) => {
      try {
        if (bytes) live.receive(path, bytes);
      } catch (error) {
        if (!isRefusal(error)) throw error;
        problem = error;
      }
      if (problem) live.failed(path, problem);
    });
  }

  /** Has the graphics card do a task, and hands the answer back. */
  async #work(task) {
    this.#busy = true;
    const live = this.#live;
    const url = (file) => new URL(`${file}?v=${this.dataset.version}`, root);
    const numbers = (name) => {
      let found;
      if (live === this.#live) {
        this.#tell((live) => {
          found = live.numbers(name);
          return false;
        });
      }
      if (!found) throw new Error('the widget was opened anew');
      return found;
    };
    let answer;
    try {
      card ??= attempt(() => import(address('{{ resource "theme/gpu.js" }}', import.meta.url)));
      const { perform } = await card;
      answer = await within(PATIENCE, perform(task, numbers, url));
    } catch (error) {
      card = undefined;
      answer = { reply: { id: task.id, at: performance.now(), answer: { failed: words(error) } } };
    }
    if (live !== this.#live) return;
    this.#busy = false;
    const { output, reply } = answer;
    this.#tell((live) => output ? live.receive(output.path, output.bytes) : live.update('answer', JSON.stringify(reply)));
  }

  /** Puts a note above the view: what went wrong, and a button that does it again, or closes the note. */
  #say(text, redo) {
    if (!this.#note) {
      this.#note = document.createElement('div');
      this.#note.className = 'widget-problem needs-script';
      this.#note.innerHTML = '<p role="alert"></p><button type="button"></button>';
      this.#note.lastChild.addEventListener('click', async () => {
        if (await this.#note.redo()) this.#settle();
      });
      this.prepend(this.#note);
    }
    const [said, button] = this.#note.children;
    said.textContent = text;
    button.textContent = redo ? 'Try again' : 'Close';
    this.#note.redo = redo ?? (() => true);
  }

  /** All is well: the note goes. */
  #settle() {
    if (!this.#note) return;
    const focused = this.#note.contains(document.activeElement);
    this.#note.remove();
    this.#note = undefined;
    if (focused) this.querySelector('input, select, button, [tabindex="0"]')?.focus();
  }

  #show() {
    const template = document.createElement('template');
    template.innerHTML = this.#live.view(); // what is new since the last view
    const next = template.content.firstElementChild;
    // A view's links count from the site's root, but for those to other states of itself.
    for (const link of next.querySelectorAll('a[href]')) {
      const address = link.getAttribute('href');
      if (!/^([?#]|https:)/.test(address)) link.setAttribute('href', prefix + address);
    }
    const status = next.querySelector('[role=status]');
    const [said, saying] = [this.querySelector('[role=status]'), status];
    // A status that holds a control, such as “Try again”, is replaced whole.
    if (said && saying.querySelector('button') === null && said.querySelector('button') === null) {
      this.#announce(saying.textContent);
    } else {
      clearTimeout(this.#timer); // what it was about to say is over
      said?.replaceChildren(...saying.cloneNode(true).childNodes);
    }
    const focused = this.contains(document.activeElement) ? document.activeElement : undefined;
    morph(this.querySelector(':scope > :not(.widget-problem)'), next);
    // A control that came to another place is another element.
    if (focused?.name && !this.contains(document.activeElement)) this.querySelector(`[name='${focused.name}']`)?.focus();
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
