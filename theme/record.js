// What the reader did: its form, how it is read from a file, and when a question is asked again.
// Nothing here touches the page. The record is kept in this browser and sent nowhere.

/** Says whose file it is, and in which form. */
const BOOK = 'attention-you-can-run';
const VERSION = 1;

/**
 * After how many days a question is asked again that was answered rightly once, twice, …
 * One that was answered wrongly is asked at once, and begins anew.
 */
export const DAYS = [1, 3, 7, 21, 60];

/** A name of a question, a prediction, a section or an exercise: `ch01.rows`. */
const NAME = /^ch\d\d\.[a-z0-9][a-z0-9._-]{0,120}$/;
const PAGE = /^ch\d\d-[a-z0-9-]{1,80}\.html$/;
const MOST = 5000;

/** Whether this may be a name in the record. */
export const isName = (name) => NAME.test(name);

export const empty = () => ({ book: BOOK, version: VERSION, sections: [], exercises: [], questions: {}, predictions: {}, last: null });

/** Today, as a number of days. */
export const today = (now = new Date()) =>
  Math.floor((now.getTime() - now.getTimezoneOffset() * 60000) / 86400000);

/** The record that a text holds. Throws an error that says in words what is wrong. */
export function parse(text) {
  if (text.length > 1000000) throw new Error('The file is too large to be a record of this book.');
  let data;
  try {
    data = JSON.parse(text);
  } catch {
    throw new Error('The file is not JSON, so it is no record of this book.');
  }
  if (data?.book !== BOOK) throw new Error('The file is no record of this book.');
  if (data.version !== VERSION) throw new Error('The file was written by another version of this book.');
  const wrong = (what) => new Error(`The file is damaged: ${what} cannot be read.`);
  const names = (list, what) => {
    const sound = Array.isArray(list) && list.length <= MOST && list.every((name) => typeof name === 'string' && NAME.test(name));
    if (!sound) throw wrong(what);
    return [...new Set(list)].sort();
  };
  const table = (value, what, sound) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(what);
    const entries = Object.entries(value);
    if (entries.length > MOST || !entries.every(([name, entry]) => NAME.test(name) && sound(entry))) throw wrong(what);
    return Object.fromEntries(entries);
  };
  const whole = (number) => Number.isInteger(number) && number >= 0 && number < 1e6;
  const last = data.last ?? null;
  const goes = last === null || (PAGE.test(last.page) && typeof last.title === 'string' && last.title.length < 300
    && (last.section === '' || NAME.test(`ch00.${last.section}`)));
  if (!goes) throw wrong('the last place');
  return {
    book: BOOK,
    version: VERSION,
    sections: names(data.sections, 'the list of sections'),
    exercises: names(data.exercises, 'the list of exercises'),
    questions: table(data.questions, 'the table of questions', (it) =>
      typeof it?.right === 'boolean' && whole(it.times) && whole(it.day)),
    predictions: table(data.predictions, 'the table of predictions', (it) =>
      Array.isArray(it) && it.length <= 100 && it.every((part) => Number.isFinite(part))),
    last: last && { page: last.page, section: last.section, title: last.title },
  };
}

/** Both records in one: of a question the later answer, of a prediction the one of `mine`. */
export function merge(mine, other) {
  const questions = { ...other.questions };
  for (const [name, entry] of Object.entries(mine.questions)) {
    if (!(questions[name]?.day > entry.day)) questions[name] = entry;
  }
  const both = (one, two) => [...new Set([...one, ...two])].sort();
  return {
    ...empty(),
    sections: both(mine.sections, other.sections),
    exercises: both(mine.exercises, other.exercises),
    questions,
    predictions: { ...other.predictions, ...mine.predictions },
    last: mine.last ?? other.last,
  };
}

/** The day on which a question is asked again. */
export const next = ({ right, times, day }) => right ? day + DAYS[Math.min(times, DAYS.length) - 1] : day;

/** What is known of a question after one more answer. A right answer counts only when it is due. */
export function answered(entry, right, day) {
  if (!right) return { right, times: 0, day };
  if (entry?.right && next(entry) > day) return entry;
  return { right, times: (entry?.times ?? 0) + 1, day };
}

/** The questions that are to be asked on a day: the wrong ones, then those that wait longest. */
export function due(record, day) {
  const entries = Object.entries(record.questions).filter(([, entry]) => next(entry) <= day);
  return entries
    .sort(([one, a], [two, b]) => Number(a.right) - Number(b.right) || next(a) - next(b) || (one < two ? -1 : 1))
    .map(([name]) => name);
}

/** What is done of a chapter, such as `ch01.`, or of the whole book. */
export function done(record, chapter = '') {
  const of = (names) => names.filter((name) => name.startsWith(chapter)).length;
  const right = Object.keys(record.questions).filter((name) => record.questions[name].right);
  return {
    sections: of(record.sections),
    predictions: of(Object.keys(record.predictions)),
    questions: of(right),
    exercises: of(record.exercises),
  };
}

/** Shares in hundredths that still sum to a hundred when one of them becomes `value`. */
export function share(values, place, value) {
  const rest = 100 - value;
  const others = values.reduce((sum, it, at) => at === place ? sum : sum + it, 0);
  let given = 0;
  let met = 0;
  return values.map((it, at) => {
    if (at === place) return value;
    // The others give way in proportion: each gets what is due up to it, less what is given.
    met += others ? it / others : 1 / (values.length - 1);
    const mine = Math.round(met * rest) - given;
    given += mine;
    return mine;
  });
}

/** The number that a reader typed: `0.5`, `.5`, `1,024`, `50 %` or `1/2`. */
export function number(text) {
  let plain = text.trim().replaceAll('\u2212', '-').replace(/\s/g, '');
  const percent = plain.endsWith('%');
  if (percent) plain = plain.slice(0, -1);
  plain = /^-?\d{1,3}(,\d{3})+(\.\d+)?$/.test(plain) ? plain.replaceAll(',', '') : plain.replace(',', '.');
  const [top, bottom, ...more] = plain.split('/');
  const parse = (part) => /^-?(\d+\.?\d*|\.\d+)$/.test(part) ? Number(part) : NaN;
  const value = bottom === undefined ? parse(top) : more.length ? NaN : parse(top) / parse(bottom);
  return percent ? value / 100 : value;
}

/** Sizes or words without what may be written in more ways than one: `[2, 3]` is `2 x 3`. */
export const sizes = (text) => (text.toLowerCase().replace(/(\d)\s*[x×*]\s*(?=\d)/g, '$1,').match(/[a-z0-9_]+/g) ?? []).join(',');
export const words = (text) => text.toLowerCase().replace(/[\s"'“”‘’.]+/g, ' ').trim();

/** Whether a typed answer is `value`. */
export function same(typed, value, how, within = 0) {
  if (how === 'number') return Math.abs(number(typed) - Number(value)) <= within + 1e-9;
  return how === 'shape' ? sizes(typed) === sizes(value) : words(typed) === words(value);
}
