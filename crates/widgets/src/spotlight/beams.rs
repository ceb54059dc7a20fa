//! The picture: one query throws light on its keys. The lamp's bar is the whole 1.00, and each beam
//! is as wide as its weight, from end to end.

use maud::{Markup, html};

use crate::draw::label;
use crate::draw::mark::{Area, path, rect, rounded, stroke, text};
use crate::draw::path::Path;
use crate::draw::picture::svg;
use crate::draw::role::{heat_fill, heat_ink, heat_line};
use crate::draw::{NARROW, Point, WIDE};
use crate::show::{largest_first, share};

/// Below this weight a beam is a dotted line: almost nothing.
const ALMOST_NOTHING: f32 = 0.005;

/// From this weight on a beam is broad, and lies under the thin ones.
const BROAD: f32 = 0.15;

/// A weight below this one is printed small.
const QUIET: f32 = 0.045;

/// How wide a token's letters may be.
const LONGEST: f64 = 170.0;

/// So many keys of a long text get a beam of their own, if there is room for them.
const STRONGEST: usize = 9;

/// How sharply a beam may bend: the radius of its middle line.
const BEND: f64 = 44.0;

/// The sizes of letters that tokens may have, best first.
const SIZES: [f64; 3] = [15.0, 13.0, 12.0];

/// What the picture shows.
pub(super) struct Beams {
    /// The tokens as they are printed.
    words: Vec<String>,
    /// The place of each in the text. The others together have none.
    places: Vec<Option<usize>>,
    /// The token that looks, by its place in the picture.
    query: usize,
    /// What it gives to itself and to each token before it.
    weights: Vec<f32>,
    /// The key that is pointed at, by its place in the picture.
    look: Option<usize>,
    /// Whether another token can be made the query here.
    chooses: bool,
}

/// A token's box across the picture.
struct Column {
    x: f64,
    width: f64,
}

impl Column {
    fn middle(&self) -> f64 {
        self.x + self.width / 2.0
    }
}

/// How a token is drawn.
struct Tag<'a> {
    word: &'a str,
    area: Area,
    size: f64,
}

const LEFT: f64 = 92.0;
const GAP: f64 = 8.0;
const LAMP: f64 = 42.0;
const LAMP_HEIGHT: f64 = 7.0;
const KEYS: f64 = 166.0;
const BOX: f64 = 34.0;
const HEIGHT: f64 = 224.0;

/// The tokens as they have room in the picture.
fn shortened(words: &[String]) -> Vec<String> {
    words.iter().map(|word| label::fitted(word, SIZES[0], LONGEST)).collect()
}

/// The columns of the tokens in the wide layout, and the size of their letters. `None` if they
/// have no room beside each other.
fn columns(words: &[String]) -> Option<(Vec<Column>, f64)> {
    let room = WIDE - LEFT - GAP * (words.len() - 1) as f64;
    let least =
        |size: f64| words.iter().map(move |word| (label::width(word, size) + 12.0).max(30.0));
    let size = SIZES.into_iter().find(|size| least(*size).sum::<f64>() <= room)?;
    let more = (room - least(size).sum::<f64>()) / words.len() as f64;
    let mut x = LEFT;
    let columns = least(size).map(|width| {
        let column = Column { x, width: width + more };
        x += column.width + GAP;
        column
    });
    Some((columns.collect(), size))
}

impl Beams {
    /// All tokens beside each other. `None` if there is no room for them.
    pub(super) fn all(words: &[String], row: &[f32], look: Option<usize>) -> Option<Self> {
        let words = shortened(words);
        let fits = words.len() <= 16 && columns(&words).is_some();
        fits.then(|| Self {
            places: (0..words.len()).map(Some).collect(),
            query: row.len() - 1,
            weights: row.to_vec(),
            look,
            chooses: true,
            words,
        })
    }

    /// The keys that get most, in the order of the text, the others as one, and the query.
    pub(super) fn strongest(words: &[String], row: &[f32], look: Option<usize>) -> Self {
        let query = row.len() - 1;
        let mut order: Vec<usize> = (0..query).collect();
        order.sort_by(|one, other| row[*other].total_cmp(&row[*one]));
        (1..=STRONGEST)
            .rev()
            .map(|count| Self::of(words, row, &order[..count.min(query)], look))
            .find(|beams| columns(&beams.words).is_some())
            .unwrap_or_else(|| Self::of(words, row, &[], look))
    }

    /// These keys, the others as one, and the query.
    fn of(words: &[String], row: &[f32], keys: &[usize], look: Option<usize>) -> Self {
        let query = row.len() - 1;
        let mut keys = keys.to_vec();
        keys.sort_unstable();
        let others: Vec<usize> = (0..query).filter(|key| !keys.contains(key)).collect();
        let rest = others.iter().map(|key| row[*key]).sum();
        let mut shown: Vec<(Option<usize>, String, f32)> =
            keys.iter().map(|key| (Some(*key), words[*key].clone(), row[*key])).collect();
        if !others.is_empty() {
            shown.push((None, format!("{} others", others.len()), rest));
        }
        shown.push((Some(query), words[query].clone(), row[query]));
        let names: Vec<String> = shown.iter().map(|(_, word, _)| word.clone()).collect();
        Self {
            words: shortened(&names),
            places: shown.iter().map(|(place, ..)| *place).collect(),
            query: shown.len() - 1,
            weights: shown.iter().map(|(.., weight)| *weight).collect(),
            look: shown.iter().position(|(place, ..)| place.is_some() && *place == look),
            chooses: false,
        }
    }

    fn is_later(&self, key: usize) -> bool {
        key > self.query
    }

    fn weight(&self, key: usize) -> f32 {
        self.weights.get(key).copied().unwrap_or(0.0)
    }

    fn most(&self) -> usize {
        let order = |one: &usize, other: &usize| self.weight(*one).total_cmp(&self.weight(*other));
        (0..self.weights.len()).max_by(order).unwrap_or(0)
    }

    /// All weights in words: the picture's name for who cannot see it.
    fn described(&self) -> String {
        let given: Vec<String> = largest_first(&self.weights)
            .into_iter()
            .filter(|key| self.weight(*key) >= ALMOST_NOTHING)
            .map(|key| match self.places[key] {
                Some(_) => format!("{} to “{}”", share(self.weight(key)), self.words[key]),
                None => format!("{} to {}", share(self.weight(key)), self.words[key]),
            })
            .collect();
        let later = match self.words.get(self.query + 1) {
            Some(next) => format!(" Later tokens, from “{next}” on, are out of reach."),
            None => String::new(),
        };
        format!("“{}” gives {}.{later}", self.words[self.query], given.join(", "))
    }

    /// The picture where there is room.
    pub(super) fn wide(&self) -> Markup {
        let Some((columns, size)) = columns(&self.words) else { return html! {} };
        let lamp = &columns[self.query];
        let edge = lamp.x + lamp.width + GAP / 2.0;
        let narrowest = columns.iter().map(|column| column.width).fold(f64::MAX, f64::min);
        let light = (narrowest + GAP - 4.0).min(44.0);
        let at = |key: usize, y: f64| Tag {
            word: &self.words[key],
            area: Area::new(columns[key].x, y, columns[key].width, BOX),
            size,
        };
        let curve = |start: f64, key: usize| {
            Path::swerving_down(
                (lamp.middle() + start, LAMP + LAMP_HEIGHT),
                (columns[key].middle(), KEYS),
                BEND,
            )
        };
        let reach = Area::new(0.0, 60.0, if self.is_last() { WIDE } else { edge }, 160.0);
        let marks = html! {
            (self.queries(&|key| at(key, 2.0)))
            (path(&Path::hatching(Area::new(LEFT, 62.0, WIDE - LEFT, KEYS + BOX - 58.0), 9.0), "line-hair"))
            (rect(reach, "fill-panel move"))
            (path(&Path::new((edge, 60.0)).line((edge, KEYS + BOX + 6.0)), &self.curtain()))
            (text((0.0, 17.0), "query", "strong ink-query"))
            (text((0.0, 33.0), "the lamp", "small muted"))
            (text((0.0, KEYS + 15.0), "keys", "strong ink-key"))
            (text((0.0, KEYS + 31.0), "what it lights", "small muted"))
            (self.light(light, &curve))
            (rect(Area::new(lamp.middle() - light / 2.0, LAMP, light, LAMP_HEIGHT), "fill-query move"))
            (all_its_light(lamp.middle(), light))
            (self.later(edge))
            g role="img" aria-label=(self.described()) {
                @for key in 0..self.words.len() {
                    g data-look=[self.places[key]] {
                        (self.key(&at(key, KEYS), key))
                        (self.number((columns[key].middle(), KEYS + BOX + 19.0), key, "mid"))
                    }
                }
            }
        };
        let label = "The sentence twice: above, the token that looks; below, the tokens that it may \
                     look at, and a beam of light to each";
        svg((WIDE, HEIGHT), "group", label, marks)
    }

    /// The same with the beams going right: a row for each token.
    pub(super) fn narrow(&self) -> Markup {
        let (pitch, height, top, light) = (26.0, 23.0, 20.0, 22.0);
        let (from, keys, width) = (99.0, 208.0, 92.0);
        let y = |token: usize| top + token as f64 * pitch;
        let middle = |token: usize| y(token) + height / 2.0;
        let bottom = y(self.words.len());
        let edge = y(self.query) + height + 1.5;
        let at = |token: usize, x: f64, width: f64| Tag {
            word: &self.words[token],
            area: Area::new(x, y(token), width, height),
            size: 13.0,
        };
        let curve = |start: f64, key: usize| {
            let from = (from, middle(self.query) + start);
            Path::swerving_right(from, (keys, middle(key)), BEND)
        };
        let reach =
            Area::new(102.0, 0.0, NARROW - 102.0, if self.is_last() { bottom } else { edge });
        let marks = html! {
            (self.queries(&|token| at(token, 1.0, 87.0)))
            (path(&Path::hatching(Area::new(104.0, top, NARROW - 104.0, bottom - top), 9.0), "line-hair"))
            (rect(reach, "fill-panel move"))
            (path(&Path::new((102.0, edge)).line((NARROW, edge)), &self.curtain()))
            (text((0.0, 11.0), "query", "strong ink-query"))
            (text((48.0, 11.0), "the lamp", "small muted"))
            (text((keys, 11.0), "keys", "strong ink-key"))
            (self.light(light, &curve))
            (rect(Area::new(from - LAMP_HEIGHT, middle(self.query) - light / 2.0, LAMP_HEIGHT, light), "fill-query move"))
            @if self.words.len() - self.query > 2 {
                (text((154.0, (edge + bottom) / 2.0 - 4.0), "later, so", "mid muted small halo"))
                (text((154.0, (edge + bottom) / 2.0 + 11.0), "out of reach", "mid muted small halo"))
            }
            g role="img" aria-label=(self.described()) {
                @for key in 0..self.words.len() {
                    g data-look=[self.places[key]] {
                        (self.key(&at(key, keys, width), key))
                        (self.number((NARROW, middle(key) + 5.0), key, "end"))
                    }
                }
            }
        };
        let label = "The sentence twice: left, the token that looks; right, the tokens that it may \
                     look at, and a beam of light to each";
        svg((NARROW, bottom), "group", label, marks)
    }

    fn is_last(&self) -> bool {
        self.query + 1 == self.words.len()
    }

    fn curtain(&self) -> String {
        format!("line-edge part dashed{}", if self.is_last() { " gone" } else { "" })
    }

    /// The tokens as radio buttons: one tab stop, and arrows move the lamp. Where it cannot be
    /// moved here, the one that looks.
    fn queries<'b>(&'b self, at: &dyn Fn(usize) -> Tag<'b>) -> Markup {
        if !self.chooses {
            let Tag { word, area, size } = at(self.query);
            return html! { g { (rounded(area, 6.0, "fill-query")) (word_in(word, area, size, "strong on-fill")) } };
        }
        html! {
            g role="radiogroup" aria-label="Which token looks?" data-keys="lamp" {
                @for token in 0..self.words.len() {
                    @let chosen = token == self.query;
                    @let Tag { word, area, size } = at(token);
                    g role="radio" tabindex=(if chosen { "0" } else { "-1" }) aria-checked=(chosen)
                        aria-label=(self.words[token]) data-event="query" data-value=(token) {
                        (rounded(area, 6.0, if chosen { "fill-query" } else { "fill-bg line-edge" }))
                        (word_in(word, area, size, if chosen { "strong on-fill" } else { "strong" }))
                        (rounded(area.grown(3.0), 8.0, "ring"))
                    }
                }
            }
        }
    }

    /// The beams, each an edge with its light on top. There are two sets: broad beams lie under
    /// thin ones, so that none is covered. Every key has its marks in both, whatever its weight, so
    /// that a change of weight is a change of width.
    fn light(&self, light: f64, curve: &dyn Fn(f64, usize) -> Path) -> Markup {
        let mut at = -light / 2.0;
        let starts: Vec<f64> = (0..self.words.len())
            .map(|key| {
                let width = f64::from(self.weight(key)) * light;
                at += width;
                if self.is_later(key) { 0.0 } else { at - width / 2.0 }
            })
            .collect();
        html! {
            @for thin in [false, true] {
                g { @for (key, start) in starts.iter().enumerate() {
                    (self.beam(key, thin, light, &curve(*start, key)))
                } }
            }
        }
    }

    fn beam(&self, key: usize, thin: bool, light: f64, way: &Path) -> Markup {
        let weight = self.weight(key);
        let gone = self.is_later(key) || (weight < BROAD) != thin;
        let nearly = weight < ALMOST_NOTHING;
        let width = f64::from(weight) * light;
        let (edge, inside) = match (self.is_later(key), nearly) {
            (true, _) => (0.0, 0.0),
            (_, true) => (1.0, 0.0),
            _ => (width.max(0.4) + 1.5, width.max(0.1)),
        };
        let class = |always: &str, when: bool, then: &str| {
            if when { format!("{always} {then}") } else { always.to_owned() }
        };
        let line = if self.look == Some(key) { "line-ink" } else { "line-edge" };
        html! {
            g class=(class("move", gone, "gone")) {
                (stroke(way, edge, &class(&format!("move {line}"), nearly, "dotted")))
                (stroke(way, inside, &format!("move {}", heat_line(weight))))
            }
        }
    }

    /// A key's box, in the heat of its weight.
    fn key(&self, at: &Tag<'_>, key: usize) -> Markup {
        let later = self.is_later(key);
        let weight = self.weight(key);
        let (ground, ink) = match later {
            true => ("fill-panel line-edge dashed".to_owned(), "muted".to_owned()),
            false => (
                format!("{} line-key part", heat_fill(weight)),
                format!("strong {}", heat_ink(weight)),
            ),
        };
        html! {
            (rounded(at.area, 6.0, &ground))
            (word_in(at.word, at.area, at.size, &ink))
        }
    }

    /// The weight in digits, or nothing for a key that comes later.
    fn number(&self, at: Point, key: usize, side: &str) -> Markup {
        let weight = self.weight(key);
        let loud = match weight {
            _ if key == self.most() => "strong large",
            weight if weight < QUIET && self.look != Some(key) => "muted small",
            _ => "",
        };
        let digits = if self.is_later(key) { String::new() } else { share(weight) };
        text(at, &digits, &format!("{side} {loud}"))
    }

    /// Words on the hatching, as far as there is room for them.
    fn later(&self, edge: f64) -> Markup {
        let (room, middle) = (WIDE - edge, (WIDE + edge) / 2.0);
        let lines: &[&str] = match room {
            room if room > 110.0 => &["later, so", "out of reach"],
            room if room > 55.0 => &["later:", "out of", "reach"],
            _ => &[],
        };
        html! {
            g { @for (at, line) in lines.iter().enumerate() {
                (text((middle, 98.0 + 18.0 * at as f64), line, "mid muted halo"))
            } }
        }
    }
}

/// Names the lamp's bar, on the side that has room.
fn all_its_light(middle: f64, light: f64) -> Markup {
    let words = "all its light: 1.00";
    if WIDE - middle - light / 2.0 > 130.0 {
        text((middle + light / 2.0 + 8.0, LAMP + 9.0), words, "small ink-query halo")
    } else {
        text((middle - light / 2.0 - 8.0, LAMP + 9.0), words, "small ink-query end halo")
    }
}

/// A word in the middle of its box.
fn word_in(word: &str, area: Area, size: f64, class: &str) -> Markup {
    let word = label::fitted(word, size, area.width - 6.0);
    let size = match size {
        size if size > 14.0 => "large",
        size if size > 12.5 => "",
        _ => "small",
    };
    let (x, y) = area.middle();
    text((x, y + 5.0), &word, &format!("mid {size} {class}"))
}
