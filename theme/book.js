// What every page does once it is there. Without this script the page still reads whole.
(() => {
  const root = document.documentElement;
  const base = root.dataset.root ?? "";
  const $ = (selector) => document.querySelector(selector);
  const fromRoot = (path) => new URL(base + path, document.baseURI);

  function stored(name) {
    try {
      return localStorage.getItem(name);
    } catch {
      return null; // storage is closed to this page
    }
  }

  function store(name, value) {
    try {
      if (value === null) localStorage.removeItem(name);
      else localStorage.setItem(name, value);
    } catch {
      // Storage is closed to this page: the choice holds until the page is left.
    }
  }

  function say(text) {
    const announcer = $("#announcer");
    announcer.textContent = "";
    setTimeout(() => { announcer.textContent = text; }, 50);
  }

  // ---- Contents: a column beside the text on a wide screen, a drawer over it on a narrow one.

  const contents = $("#contents");
  const contentsButton = $("#contents-button");
  const wide = matchMedia("(min-width: 68em)");

  function showContents(visible) {
    root.classList.toggle("sidebar-visible", visible);
    contentsButton.setAttribute("aria-expanded", String(visible));
    if (visible) revealChapter();
  }

  function revealChapter() {
    const here = contents.querySelector("[aria-current]");
    if (!here) return;
    contents.scrollTop = here.offsetTop - contents.clientHeight / 3;
  }

  function setUpContents() {
    if (contents.dataset.fromRoot) {
      for (const link of contents.querySelectorAll("a[href]")) {
        link.setAttribute("href", contents.dataset.fromRoot + link.getAttribute("href"));
      }
      delete contents.dataset.fromRoot;
    }
    const links = [...contents.querySelectorAll("a[href]")];
    // Some hosts serve `page.html` as `page` or `page/` too.
    const page = ({ pathname }) => pathname.replace(/(\.html|\/)$/, "");
    const here = "index" in root.dataset
      ? links[0]
      : links.find((link) => page(link) === page(location));
    if (here) {
      here.setAttribute("aria-current", "page");
      listSections(here);
    }
    showContents(root.classList.contains("sidebar-visible"));

    contentsButton.addEventListener("click", () => {
      const visible = !root.classList.contains("sidebar-visible");
      showContents(visible);
      if (wide.matches) store("mdbook-sidebar", visible ? "visible" : "hidden");
      else if (visible) (contents.querySelector("[aria-current]") ?? contents.querySelector("a"))?.focus();
    });
    contents.addEventListener("click", (event) => {
      if (event.target.closest("a") && !wide.matches) showContents(false);
    });
    // The drawer never covers what has the focus: it closes when the reader goes on to the text.
    for (const type of ["click", "focusin"]) {
      $(".page").addEventListener(type, () => {
        if (!wide.matches && root.classList.contains("sidebar-visible")) showContents(false);
      });
    }
    wide.addEventListener("change", () => showContents(wide.matches));
  }

  // The sections of this page, below its line in the contents.
  function listSections(here) {
    const headings = document.querySelectorAll("main > h2[id], main > section > h2[id]");
    if (headings.length < 2) return;
    const list = document.createElement("ol");
    list.className = "sections";
    for (const heading of headings) {
      const link = document.createElement("a");
      link.href = `#${heading.id}`;
      link.textContent = heading.textContent;
      list.append(document.createElement("li"));
      list.lastChild.append(link);
    }
    here.closest("span").after(list);
  }

  // ---- Theme

  function setUpTheme() {
    const select = $("#theme");
    const names = [...select.options].map((option) => option.value);
    select.value = names.find((name) => root.classList.contains(name)) ?? "auto";
    select.addEventListener("change", () => {
      root.classList.remove(...names);
      if (select.value !== "auto") root.classList.add(select.value);
      store("mdbook-theme", select.value === "auto" ? null : select.value);
    });
  }

  // ---- Search: mdBook's own index, fetched when the search is first opened.

  const search = $("#search");
  let index = null;
  let options = null;
  let flatTexts = null;

  function load(address) {
    return new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = new URL(address, document.baseURI);
      script.onload = resolve;
      script.onerror = () => {
        script.remove();
        reject(new Error(`${address} did not load`));
      };
      document.head.append(script);
    });
  }

  async function loadIndex() {
    const [engine, data] = $("script[data-search]").dataset.search.split(" ");
    window.search ??= {};
    await Promise.all([load(engine), load(data)]);
    options = window.search;
    index = window.elasticlunr.Index.load(options.index);
  }

  async function openSearch() {
    if (search.open) return;
    $("#help").close();
    search.showModal();
    $("#search-words").focus();
    if (index) return;
    const count = $("#search-count");
    count.textContent = "Loading the index…";
    try {
      await loadIndex();
      find();
    } catch {
      count.textContent = "The index did not load. Close the search and open it again to retry.";
    }
  }

  function find() {
    if (!index) return;
    const words = $("#search-words").value.trim();
    const list = $("#search-results");
    const count = $("#search-count");
    list.replaceChildren();
    if (!words) {
      count.textContent = "";
      return;
    }
    const symbols = /[^\x00-\x7f]/.test(words);
    const inFormulas = symbols ? findSymbols(words) : [];
    const hits = inFormulas.length ? inFormulas : index.search(words, options.search_options);
    const shown = hits.slice(0, options.results_options.limit_results);
    const total = hits.length === 1 ? "1 place" : `${hits.length} places`;
    const names = symbols ? ". The names of symbols, such as square root, are words to find too" : "";
    count.textContent = hits.length === 0
      ? `Nothing found for “${words}”${names}`
      : hits.length > shown.length ? `${total}, the first ${shown.length} shown` : total;
    const stems = words.toLowerCase().split(/[\s-]+/).filter(Boolean);
    for (const hit of shown) list.append(result(hit.ref, stems));
  }

  // The index has words in letters of ASCII. Symbols are looked for in the texts themselves, where a
  // formula stands as signs and, beside them, as LaTeX: white space and braces count for nothing.
  const flat = (text) => text.toLowerCase()
    .replaceAll("\\sqrt", "√")
    .replace(/ᵀ|\^?\\top/g, "⊤")
    .replace(/[\s{}]/g, "");

  function findSymbols(words) {
    const wanted = flat(words);
    flatTexts ??= Object.entries(index.documentStore.docs).map(([ref, { title, body }]) => ({ ref, text: flat(title + body) }));
    return flatTexts.filter(({ text }) => text.includes(wanted));
  }

  function result(ref, words) {
    const { title, body, breadcrumbs } = index.documentStore.docs[ref];
    const link = document.createElement("a");
    link.href = fromRoot(options.doc_urls[ref]);
    // The path to the place: a chapter's own title is in it twice.
    link.append([...new Set(breadcrumbs.split(" » "))].join(" » ") || title);
    const context = document.createElement("p");
    context.append(...marked(excerpt(body, words), words));
    const item = document.createElement("li");
    item.append(link, context);
    return item;
  }

  // Some 160 characters of the text around the first word found.
  function excerpt(body, words) {
    const low = body.toLowerCase();
    const places = words.map((word) => low.indexOf(word)).filter((place) => place >= 0);
    const first = places.length ? Math.min(...places) : 0;
    const start = first < 60 ? 0 : body.indexOf(" ", first - 60) + 1;
    const end = body.length <= start + 160 ? body.length : body.lastIndexOf(" ", start + 160);
    return (start > 0 ? "… " : "") + body.slice(start, Math.max(end, first)) + (end < body.length ? " …" : "");
  }

  function marked(text, words) {
    const pattern = words.map((word) => word.replace(/[^\p{L}\p{N}]/gu, "\\$&")).join("|");
    return text.split(new RegExp(`(${pattern})`, "gi")).map((part, place) => {
      if (place % 2 === 0) return part;
      const mark = document.createElement("mark");
      mark.textContent = part;
      return mark;
    });
  }

  function setUpSearch() {
    if (!search) return;
    const input = $("#search-words");
    $("#search-button").addEventListener("click", openSearch);
    let waiting = 0;
    input.addEventListener("input", () => {
      clearTimeout(waiting);
      waiting = setTimeout(find, 150);
    });
    search.querySelector("form").addEventListener("submit", (event) => {
      event.preventDefault();
      find();
      search.querySelector("li a")?.focus();
    });
    search.addEventListener("click", (event) => {
      if (event.target.closest("li a")) search.close();
    });
    search.addEventListener("keydown", (event) => {
      if (event.key === "Escape") {
        // The field would only empty itself.
        event.preventDefault();
        search.close();
        return;
      }
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (!step) return;
      const stops = [input, ...search.querySelectorAll("li a")];
      const next = stops[stops.indexOf(document.activeElement) + step];
      if (!next) return;
      event.preventDefault();
      next.focus();
    });
  }

  // ---- Dialogs and keys

  function openHelp() {
    if (document.querySelector("dialog[open]")) return;
    $("#help").showModal();
  }

  function setUpDialogs() {
    for (const dialog of document.querySelectorAll("dialog")) {
      dialog.addEventListener("click", (event) => {
        const backdrop = event.target === dialog;
        if (backdrop || event.target.closest("[data-close]")) dialog.close();
      });
    }
    $("#help-button").addEventListener("click", openHelp);
  }

  // Those who speak to their machine, or hit keys by chance, can switch off what a single key does.
  const SINGLE_KEYS = "single-keys";
  let singleKeys = stored(SINGLE_KEYS) !== "off";

  function setUpKeys() {
    const box = $("#single-keys");
    const named = [...document.querySelectorAll("[aria-keyshortcuts]")]
      .map((button) => [button, button.getAttribute("aria-keyshortcuts")]);
    const show = () => {
      for (const [button, keys] of named) {
        if (singleKeys) button.setAttribute("aria-keyshortcuts", keys);
        else button.removeAttribute("aria-keyshortcuts");
      }
    };
    box.checked = singleKeys;
    box.addEventListener("change", () => {
      singleKeys = box.checked;
      store(SINGLE_KEYS, singleKeys ? null : "off");
      show();
    });
    show();
    document.addEventListener("keydown", onKey);
  }

  const OWN_KEYS = "input, select, textarea, [contenteditable], [role=grid], [role=slider], [data-keys]";

  function onKey(event) {
    if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key === "Escape" && !wide.matches && root.classList.contains("sidebar-visible")) {
      showContents(false);
      contentsButton.focus();
      return;
    }
    const busy = event.target.closest?.(OWN_KEYS) || reachable.has(event.target);
    if (busy || !singleKeys || document.querySelector("dialog[open]")) return;
    if (event.key === "?") openHelp();
    else if ((event.key === "/" || event.key === "s") && search) openSearch();
    else if (event.key === "ArrowLeft" && !event.shiftKey) return turnUnlessSelecting("prev");
    else if (event.key === "ArrowRight" && !event.shiftKey) return turnUnlessSelecting("next");
    else return;
    event.preventDefault();
  }

  // An arrow that moves a selection, or the caret of those who browse with one, turns no page. That
  // it has moved is known once the browser has done what it does with the key.
  function turnUnlessSelecting(rel) {
    const { isCollapsed, focusNode, focusOffset } = getSelection();
    if (!isCollapsed) return;
    setTimeout(() => {
      const now = getSelection();
      if (now.focusNode === focusNode && now.focusOffset === focusOffset) turn(rel);
    });
  }

  function turn(rel) {
    const forward = (rel === "next") === (root.dir !== "rtl");
    $(`.turn [rel=${forward ? "next" : "prev"}]`)?.click();
  }

  // ---- Blocks that scroll sideways can be reached by keyboard, and only those.

  const SIDEWAYS = "main pre, main .katex-display, main .table-wrapper, main .scroll";
  const KINDS = { PRE: "Code", SPAN: "Formula", DIV: "Table" };

  const reachable = new WeakSet();

  function reach(block) {
    const over = block.scrollWidth > block.clientWidth + 1;
    if (over && !block.hasAttribute("tabindex")) {
      reachable.add(block);
      block.tabIndex = 0;
      block.setAttribute("role", "group");
      block.setAttribute("aria-label", `${KINDS[block.tagName] ?? "Block"}, scrolls sideways`);
    } else if (!over && reachable.delete(block)) {
      for (const name of ["tabindex", "role", "aria-label"]) block.removeAttribute(name);
    }
  }

  function setUpSideways() {
    const sizes = new ResizeObserver((entries) => {
      for (const entry of entries) reach(entry.target);
    });
    const watch = () => {
      sizes.disconnect();
      for (const block of document.querySelectorAll(SIDEWAYS)) sizes.observe(block);
    };
    watch();
    document.fonts.ready.then(watch);
    // Widgets put new blocks into the page.
    let waiting = 0;
    new MutationObserver(() => {
      cancelAnimationFrame(waiting);
      waiting = requestAnimationFrame(watch);
    }).observe($("main"), { childList: true, subtree: true });
  }

  // ---- Copy buttons

  function setUpCopying() {
    for (const pre of document.querySelectorAll("main pre")) {
      if (!pre.querySelector("code") || pre.closest(".output, .widget, attention-widget")) continue;
      const button = document.createElement("button");
      button.type = "button";
      button.className = "copy";
      button.textContent = "Copy";
      button.addEventListener("click", () => copy(pre, button));
      const caption = pre.closest("figure")?.querySelector("figcaption");
      if (caption) {
        caption.append(button);
      } else {
        const block = document.createElement("div");
        block.className = "code-block";
        pre.replaceWith(block);
        block.append(pre, button);
      }
    }
  }

  async function copy(pre, button) {
    try {
      await navigator.clipboard.writeText(pre.innerText.trimEnd() + "\n");
      button.textContent = "Copied";
      say("The code is copied");
    } catch {
      button.textContent = "Not copied";
      say("The browser did not allow the copy");
    }
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  }

  // ---- Tips: what a term means, or which test holds a claim, beside the link that says so.
  // A tip shows on hover, on focus and on the first tap. It stays while the pointer is on it or on
  // its link, and Escape closes it where it is.

  const TIP_GAP = 4;
  const tip = document.createElement("div");
  let tipped = null;
  let leaving = 0;

  function showTip(link) {
    clearTimeout(leaving);
    if (link === tipped) return;
    hideTip();
    tipped = link;
    tip.textContent = link.dataset.tip;
    tip.hidden = false;
    link.setAttribute("aria-describedby", tip.id);
    // Below the link's last line, or above its first where there is no room below.
    const lines = [...link.getClientRects()];
    const [first, last] = [lines[0], lines[lines.length - 1]];
    const below = last.bottom + TIP_GAP;
    const above = first.top - TIP_GAP - tip.offsetHeight;
    const top = below + tip.offsetHeight > root.clientHeight && above > 0 ? above : below;
    const left = Math.max(0, Math.min(last.left, root.clientWidth - tip.offsetWidth));
    const ground = tip.offsetParent.getBoundingClientRect();
    tip.style.top = `${top - ground.top}px`;
    tip.style.left = `${left - ground.left}px`;
  }

  function hideTip() {
    clearTimeout(leaving);
    tipped?.removeAttribute("aria-describedby");
    tipped = null;
    tip.hidden = true;
  }

  // The pointer may cross the gap between link and tip.
  function leaveTip() {
    clearTimeout(leaving);
    leaving = setTimeout(() => { if (document.activeElement !== tipped) hideTip(); }, 300);
  }

  function setUpTips() {
    tip.id = "tip";
    tip.setAttribute("role", "tooltip");
    hideTip();
    $("main").append(tip);
    const link = (event) => event.target.closest?.("[data-tip]");
    const inside = (event) => link(event) ?? (tip.contains(event.target) ? tipped : null);
    document.addEventListener("pointerover", (event) => {
      if (event.pointerType === "touch") return;
      if (inside(event)) showTip(inside(event));
      else if (tipped) leaveTip();
    });
    document.addEventListener("focusin", (event) => {
      if (link(event)?.matches(":focus-visible")) showTip(link(event));
      else if (tipped) hideTip();
    });
    document.addEventListener("focusout", () => { if (tipped) leaveTip(); });
    document.addEventListener("click", (event) => {
      const first = event.pointerType === "touch" && link(event) && link(event) !== tipped;
      if (first) {
        event.preventDefault();
        showTip(link(event));
      } else if (!inside(event)) {
        hideTip();
      }
    });
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape") hideTip();
    });
  }

  // ---- Print: folded text is opened for the paper and folded again after.

  function setUpPrinting() {
    let opened = [];
    addEventListener("beforeprint", () => {
      opened = [...document.querySelectorAll("details:not([open])")];
      for (const details of opened) details.open = true;
    });
    addEventListener("afterprint", () => {
      for (const details of opened) details.open = false;
    });
    $("#print-button")?.addEventListener("click", () => print());
  }

  // ---- Scripts that did not come: the elements that they wake say so.

  const WOKEN_BY = { "attention-widget": "widgets", "own-text": "own-text" };

  function setUpMissing() {
    for (const [element, name] of Object.entries(WOKEN_BY)) {
      const asleep = document.querySelectorAll(`${element}[data-version]`);
      if (asleep.length > 0 && !customElements.get(element)) miss(asleep, name);
    }
  }

  function miss(asleep, name) {
    const scripts = [...document.querySelectorAll("script[type=module]")];
    const { src } = scripts.find((script) => script.src.includes(`/theme/${name}`));
    let tries = 0;
    const notes = [...asleep].map((element) => {
      const note = document.createElement("div");
      note.className = "widget-problem needs-script";
      note.innerHTML = '<p role="alert"></p><button type="button">Try again</button>';
      note.lastChild.addEventListener("click", wake);
      element.prepend(note);
      return note;
    });
    const say = () => {
      for (const note of notes) {
        note.firstChild.textContent = "A script could not be loaded, so nothing here answers. All stays readable.";
      }
    };
    async function wake() {
      tries += 1; // an address is loaded only once
      try {
        await import(`${src}?again=${tries}`);
        for (const note of notes) dismiss(note);
      } catch {
        say();
      }
    }
    say();
  }

  function dismiss(note) {
    const element = note.parentElement;
    const focused = note.contains(document.activeElement);
    note.remove();
    if (focused) element.querySelector("select, input, summary, button")?.focus();
  }

  setUpContents();
  setUpTheme();
  setUpSearch();
  setUpDialogs();
  setUpSideways();
  setUpCopying();
  setUpTips();
  setUpPrinting();
  setUpKeys();
  // On the 404 page the skip link's address is another page's: it moves the focus here instead.
  $(".skip").addEventListener("click", (event) => {
    event.preventDefault();
    $("main").focus();
    $("main").scrollIntoView();
  });
  addEventListener("load", setUpMissing);
})();
