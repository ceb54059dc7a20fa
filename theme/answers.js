// Questions that say at once whether an answer is right, and predictions that are kept until the
// chapter shows the truth. What there is to say stands in the page; here it is only repeated.

import { answered, empty, parse, same, share, today } from '{{ resource "theme/record.js" }}';

const KEY = 'reader-record';

/** What is held when the browser keeps nothing. */
let held = null;

/** The reader's record, as this browser keeps it. One that cannot be read counts as none. */
export function record() {
  if (held) return structuredClone(held);
  try {
    return parse(localStorage.getItem(KEY) ?? 'null');
  } catch {
    return empty();
  }
}

/** Changes the record, and says so to the page. Returns whether the browser keeps it. */
export function change(how) {
  const changed = how(record());
  try {
    localStorage.setItem(KEY, JSON.stringify(changed));
    held = null;
  } catch {
    held = changed; // storage is closed or full
  }
  dispatchEvent(new Event('record'));
  return held === null;
}

/** Forgets everything. */
export function forget() {
  held = null;
  try {
    localStorage.removeItem(KEY);
  } catch {
    // Nothing was kept.
  }
  dispatchEvent(new Event('record'));
}

export const NOT_KEPT = 'Your browser keeps nothing for this page, so this is forgotten when you leave it.';

// ---- Questions

/** What a form holds: the number of a choice, or what was typed. */
function given(form) {
  const typed = form.querySelector('input[type=text]');
  return typed ? typed.value.trim() : form.querySelector('input:checked')?.value ?? '';
}

/** The answer under the fold that is the one given, or nothing. */
function match(form, answer) {
  const how = form.dataset.answeredBy;
  return [...form.querySelectorAll('.answer-fold li')].find(({ dataset: { value, within } }) =>
    how === 'choice' ? value === answer : same(answer, value, how, Number(within ?? 0)));
}

function check(form) {
  const verdict = form.querySelector('.answer-verdict');
  const answer = given(form);
  if (!answer) {
    verdict.textContent = 'Choose or type an answer first.';
    return;
  }
  const found = match(form, answer);
  const right = found?.hasAttribute('data-right') ?? false;
  const word = document.createElement('strong');
  word.textContent = right ? '✓ Right.' : '✗ Not yet.';
  const why = found?.querySelector('.answer-because').cloneNode(true);
  verdict.replaceChildren(word, ' ', why ?? 'Think again, or open the answer.');
  form.dataset.state = right ? 'right' : 'wrong';
  change((it) => {
    const name = form.dataset.question;
    it.questions[name] = answered(it.questions[name], right, today());
    return it;
  });
}

function reset(form) {
  form.reset();
  delete form.dataset.state;
  form.querySelector('.answer-verdict').replaceChildren();
  form.querySelector('.answer-fold').open = false;
}

/** Makes a question answer. */
export function ask(form) {
  form.dataset.awake = '';
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    check(form);
  });
}

function score(box) {
  const forms = [...document.querySelectorAll('.quiz-question')];
  const [said, button] = [box.querySelector('[role=status]'), box.querySelector('button')];
  const wrong = () => {
    const { questions } = record();
    return forms.filter(({ dataset: { question } }) => questions[question]?.right === false);
  };
  const show = () => {
    const { questions } = record();
    const right = forms.filter(({ dataset: { question } }) => questions[question]?.right).length;
    const text = `You have answered ${right} of this chapter’s ${forms.length} questions rightly.`;
    if (said.textContent !== text) said.textContent = text;
    box.hidden = !forms.some(({ dataset: { question } }) => question in questions);
    button.hidden = wrong().length === 0;
  };
  button.addEventListener('click', () => {
    const again = wrong();
    again.forEach(reset);
    again[0]?.querySelector('input')?.focus();
  });
  addEventListener('record', show);
  show();
}

// ---- Predictions

const hundredths = (value) => value >= 100 ? '1.00' : `.${String(value).padStart(2, '0')}`;

const sliders = (form) => [...form.querySelectorAll('input[type=range]')];

/** The values that a form shows now: whole hundredths, a number, or places. */
function values(form) {
  if (form.dataset.form === 'order') return [...form.querySelectorAll('li')].map((item) => Number(item.dataset.value));
  if (form.dataset.form === 'choice') return [...form.querySelectorAll('input:checked')].map((it) => Number(it.value));
  return sliders(form).map((slider) => Number(slider.value));
}

function put(form, kept) {
  if (form.dataset.form === 'order') {
    const list = form.querySelector('ol');
    for (const value of kept) list.append(list.querySelector(`[data-value="${value}"]`) ?? '');
  } else if (form.dataset.form === 'choice') {
    const chosen = form.querySelector(`input[value="${kept[0]}"]`);
    if (chosen) chosen.checked = true;
  } else {
    sliders(form).forEach((slider, at) => { slider.value = kept[at]; });
  }
  show(form);
}

function show(form) {
  const shares = form.dataset.form === 'shares';
  for (const slider of sliders(form)) {
    const text = shares ? hundredths(Number(slider.value)) : slider.value;
    slider.nextElementSibling.textContent = text;
    slider.setAttribute('aria-valuetext', text);
  }
}

function predict(form) {
  const name = form.dataset.prediction;
  const verdict = form.querySelector('.answer-verdict');
  form.addEventListener('input', ({ target }) => {
    if (form.dataset.form === 'shares') {
      const all = sliders(form);
      const before = all.map((slider) => Number(slider.dataset.before));
      share(before, all.indexOf(target), Number(target.value)).forEach((value, at) => { all[at].value = value; });
      keepInMind(form);
    }
    show(form);
  });
  form.addEventListener('click', ({ target }) => {
    const item = target.closest('[data-move]')?.closest('li');
    if (!item?.previousElementSibling) return;
    item.previousElementSibling.before(item);
    item.querySelector('button').focus();
    verdict.textContent = `${item.querySelector('span').textContent} is now number ${[...item.parentElement.children].indexOf(item) + 1}.`;
  });
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const made = values(form);
    if (made.length === 0) {
      verdict.textContent = 'Choose one first.';
      return;
    }
    const kept = change((it) => {
      it.predictions[name] = made;
      return it;
    });
    verdict.textContent = kept ? 'Kept. You will see it again beside the truth.' : NOT_KEPT;
  });
  form.dataset.awake = '';
  const kept = record().predictions[name];
  if (kept) put(form, kept);
  keepInMind(form);
  show(form);
}

/** The shares before the next change: what the others give way from. */
function keepInMind(form) {
  for (const slider of sliders(form)) slider.dataset.before = slider.value;
}

/** The text of a label of the form in which a prediction was made. */
function label(name, place) {
  const form = document.querySelector(`[data-prediction="${name}"]`);
  return form?.querySelector(`li[data-value="${place}"] > span, input[value="${place}"] + span`)?.textContent ?? '';
}

function reveal(box) {
  const name = box.dataset.predicted;
  const kept = record().predictions[name];
  const [yours, truths] = [[...box.querySelectorAll('.yours')], [...box.querySelectorAll('[data-truth]')]];
  box.hidden = !kept || truths.length !== yours.length;
  if (box.hidden) return;
  const truth = truths.map((cell) => Number(cell.dataset.truth));
  const form = box.dataset.form;
  yours.forEach((cell, at) => {
    cell.textContent = form === 'shares' ? hundredths(kept[at]) : form === 'number' ? kept[at] : label(name, kept[at]);
  });
  box.querySelector('.gap').textContent = gap(form, kept, truth);
}

/** How far a prediction is from the truth, in one sentence. */
export function gap(form, kept, truth) {
  if (form === 'choice') return kept[0] === truth[0] ? 'You were right.' : 'It came out otherwise.';
  if (form === 'order') {
    const right = truth.filter((place, at) => kept[at] === place).length;
    return right === truth.length ? 'Your order is right.' : `${right} of ${truth.length} stand where you put them.`;
  }
  if (form === 'shares') {
    const far = truth.reduce((sum, it, at) => sum + Math.abs(it * 100 - kept[at]), 0) / 2;
    return `To make your shares the true ones, ${hundredths(Math.round(far))} of the whole would have to move.`;
  }
  const [mine, real] = [kept[0], truth[0]];
  if (mine === real) return 'You were right.';
  const off = Number(Math.abs(mine - real).toPrecision(2));
  return `You were ${mine < real ? 'too low' : 'too high'}, by ${off}.`;
}

if (!document.querySelector('#print-button')) {
  document.querySelectorAll('.quiz-question').forEach(ask);
  document.querySelectorAll('.quiz-score').forEach(score);
  document.querySelectorAll('.prediction-form').forEach(predict);
  const boxes = [...document.querySelectorAll('.predicted')];
  const showAll = () => boxes.forEach(reveal);
  addEventListener('record', showAll);
  showAll();
  // Another tab of the book may have changed the record.
  addEventListener('storage', ({ key }) => {
    if (key === KEY || key === null) dispatchEvent(new Event('record'));
  });
}
