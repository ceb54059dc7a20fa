// How far the reader is: in the contents, on the front page, in the exercises, and on the page that
// asks questions again.

import { done, due, isName, merge, next, parse, today } from '{{ resource "theme/record.js" }}';
import { NOT_KEPT, ask, change, forget, record } from '{{ resource "theme/answers.js" }}';

/** How long the end of a section is on the screen until the section counts as read. */
const READ_AFTER = 1500;

const page = location.pathname.split('/').pop().replace(/(\.html)?$/, '.html');
const chapter = /^(ch\d\d)-/.exec(page)?.[1];
const root = document.documentElement.dataset.root ?? '';
const KINDS = ['sections', 'predictions', 'questions', 'exercises'];

const add = (list, name) => list.includes(name) ? list : [...list, name].sort();

// ---- Sections: read when their end was on the screen for a while.

function watchSections() {
  const headings = [...document.querySelectorAll('main > h2[id], main > section > h2[id]')];
  const ends = new Map(headings.map((heading, at) => [headings[at + 1] ?? document.querySelector('.turn, footer'), heading]));
  const waiting = new Map();
  const seen = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      clearTimeout(waiting.get(target));
      if (isIntersecting) waiting.set(target, setTimeout(() => read(ends.get(target)), READ_AFTER));
    }
  });
  for (const end of ends.keys()) if (end) seen.observe(end);
  const here = new IntersectionObserver((entries) => {
    const heading = entries.find(({ isIntersecting }) => isIntersecting)?.target;
    if (heading) stay(heading);
  }, { rootMargin: '0px 0px -50% 0px' });
  for (const heading of headings) here.observe(heading);
}

function read(heading) {
  const name = `${chapter}.${heading.id}`;
  if (!isName(name) || record().sections.includes(name)) return;
  change((it) => ({ ...it, sections: add(it.sections, name) }));
}

/** The section that the reader is in now: where “continue” leads. */
let staying = 0;
function stay(heading) {
  clearTimeout(staying);
  staying = setTimeout(() => {
    const section = isName(`${chapter}.${heading.id}`) ? heading.id : '';
    const title = `${document.querySelector('h1').textContent}: ${heading.textContent}`.slice(0, 200);
    change((it) => ({ ...it, last: { page, section, title } }));
  }, READ_AFTER);
}

// ---- Exercises: a box to tick below each solution.

function tickExercises() {
  const counted = new Map();
  for (const solution of document.querySelectorAll('.exercises details.solution')) {
    let question = solution;
    while (question && !question.querySelector(':scope > strong:first-child')) question = question.previousElementSibling;
    const called = question?.querySelector('strong').textContent.toLowerCase().replace(/[^a-z]+/g, '-').replace(/^-|-$/g, '') || 'exercise';
    const times = (counted.get(called) ?? 0) + 1;
    counted.set(called, times);
    const name = `${chapter}.${called}${times > 1 ? `-${times}` : ''}`;
    const label = document.createElement('label');
    label.className = 'exercise-done';
    const box = document.createElement('input');
    box.type = 'checkbox';
    box.autocomplete = 'off';
    label.append(box, ` I have done this one`, unseen(`: ${question?.querySelector('strong').textContent ?? ''}`));
    solution.after(label);
    const show = () => { box.checked = record().exercises.includes(name); };
    box.addEventListener('change', () => change((it) => ({
      ...it,
      exercises: box.checked ? add(it.exercises, name) : it.exercises.filter((one) => one !== name),
    })));
    addEventListener('record', show);
    show();
  }
}

function unseen(text) {
  const span = document.createElement('span');
  span.className = 'unseen';
  span.textContent = text;
  return span;
}

// ---- Contents: a word behind each chapter in which something was done.

function markContents() {
  const now = record();
  for (const link of document.querySelectorAll('#contents a[href]')) {
    const of = /(?:^|\/)(ch\d\d)-[^/#]*$/.exec(link.getAttribute('href'))?.[1];
    if (!of) continue;
    const { sections, questions } = done(now, `${of}.`);
    link.querySelector('.contents-done')?.remove();
    if (sections + questions === 0) continue;
    const mark = document.createElement('span');
    mark.className = 'contents-done';
    const parts = [[sections, 'section read', 'sections read'], [questions, 'answer right', 'answers right']];
    mark.textContent = parts.filter(([count]) => count).map(([count, one, more]) => `${count} ${count === 1 ? one : more}`).join(', ');
    link.append(' ', mark);
  }
}

// ---- The front page

const totals = (element) => Object.fromEntries(KINDS.map((kind) => [kind, Number(element.dataset[kind])]));

/** “3 of 9 sections read, …”: what is done of what there is. A book that was changed may have less. */
function told(counts, all) {
  const words = { sections: 'sections read', predictions: 'predictions made', questions: 'questions right', exercises: 'exercises done' };
  return KINDS.filter((kind) => all[kind]).map((kind) => `${Math.min(counts[kind], all[kind])} of ${all[kind]} ${words[kind]}`).join(', ');
}

function showLine(line) {
  const now = record();
  const counts = done(now);
  line.hidden = !now.last && KINDS.every((kind) => counts[kind] === 0);
  if (line.hidden) return;
  line.replaceChildren(`So far: ${told(counts, totals(line))}. `);
  if (now.last) {
    const link = document.createElement('a');
    link.href = `${root}${now.last.page}#${now.last.section}`;
    link.textContent = `Continue where you were: ${now.last.title}`;
    line.append(link, '. ');
  }
  const review = document.createElement('a');
  review.href = `${root}review.html`;
  review.textContent = 'Your progress and review';
  line.append(review, '.');
}

// ---- The page of the review

function review(box) {
  const [count, said, list] = ['.review-count', '.record-said', '.review-questions'].map((it) => box.querySelector(it));
  const button = (name) => box.querySelector(`[data-do=${name}]`);
  const show = () => {
    const now = record();
    const asked = due(now, today());
    const later = Object.values(now.questions).map(next).filter((day) => day > today());
    const soon = later.length ? Math.min(...later) - today() : 0;
    count.textContent = asked.length
      ? `${asked.length} ${asked.length === 1 ? 'question is' : 'questions are'} to be asked now.`
      : soon ? `Nothing is to be asked today. The next question comes in ${soon} ${soon === 1 ? 'day' : 'days'}.`
        : 'You have answered no question yet. They stand in the chapters.';
    button('ask').hidden = asked.length === 0;
    for (const item of box.querySelectorAll('.progress-chapters li')) {
      item.querySelector('span').textContent = told(done(now, `${item.dataset.page.slice(0, 4)}.`), totals(item));
    }
  };
  button('ask').addEventListener('click', async () => {
    button('ask').disabled = true;
    try {
      list.replaceChildren(...await questions(due(record(), today()).slice(0, 10), box));
      list.querySelector('input')?.focus();
    } catch {
      count.textContent = 'A chapter could not be loaded, so its questions cannot be asked. Try again later.';
    }
    button('ask').disabled = false;
  });
  button('save').addEventListener('click', () => {
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([JSON.stringify(record(), null, 1)], { type: 'application/json' }));
    link.download = 'attention-record.json';
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
    said.textContent = 'Saved as attention-record.json.';
  });
  box.querySelector('input[type=file]').addEventListener('change', async ({ target }) => {
    const [file] = target.files;
    if (!file) return;
    try {
      const other = parse(file.size > 1000000 ? ' '.repeat(1000001) : await file.text());
      said.textContent = change((mine) => merge(mine, other)) ? 'Loaded: what is here and what is in the file are one record now.' : NOT_KEPT;
    } catch (error) {
      said.textContent = `${error.message} Nothing was changed.`;
    }
    target.value = '';
  });
  button('forget').addEventListener('click', () => {
    if (!confirm('Forget all answers, predictions and what you have read?')) return;
    forget();
    list.replaceChildren();
    said.textContent = 'All is forgotten.';
  });
  addEventListener('record', show);
  show();
}

/** The questions of these names, from the pages of their chapters. */
async function questions(names, box) {
  const pages = new Map([...box.querySelectorAll('[data-page]')].map((item) => [item.dataset.page.slice(0, 4), item.dataset.page]));
  const texts = new Map();
  const found = [];
  for (const name of names) {
    const address = pages.get(name.slice(0, 4));
    if (address && !texts.has(address)) {
      const answer = await fetch(new URL(`${root}${address}`, document.baseURI));
      if (!answer.ok) throw new Error(address);
      texts.set(address, new DOMParser().parseFromString(await answer.text(), 'text/html'));
    }
    const form = texts.get(address)?.querySelector(`[data-question="${name}"]`);
    if (!form) {
      // The book has dropped it.
      change((it) => {
        delete it.questions[name];
        return it;
      });
      continue;
    }
    found.push(document.adoptNode(form));
    ask(form);
  }
  return found;
}

if (!document.querySelector('#print-button')) {
  if (chapter) {
    watchSections();
    tickExercises();
  }
  const line = document.querySelector('.progress-line');
  const show = () => {
    markContents();
    if (line) showLine(line);
  };
  addEventListener('record', show);
  show();
  document.querySelectorAll('.review').forEach(review);
}
