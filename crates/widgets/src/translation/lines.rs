//! The picture: the French sentence above, the English one below, and from each English word that
//! has been written a line to each French one, as wide as its weight.

use maud::{Markup, html};

use crate::draw::label::fitted;
use crate::draw::mark::{Area, rounded, stroke, text};
use crate::draw::path::Path;
use crate::draw::picture::svg;
use crate::draw::role::{heat_fill, heat_ink, heat_line};
use crate::draw::{NARROW, WIDE};
use crate::show::share;

/// How wide the line of a weight of 1 is.
const LIGHT: f64 = 26.0;

/// How much thinner the lines of words are that were written before.
const EARLIER: f64 = 0.25;

/// Below this weight a word that was written before has no line.
const QUIET: f32 = 0.1;

/// What the picture shows.
pub(super) struct Lines<'a> {
    /// The French words.
    pub french: &'a [&'static str],
    /// The English words, and the end.
    pub english: &'a [String],
    /// `[english][french]`
    pub weights: &'a [Vec<f32>],
    /// The English word that is being written.
    pub word: usize,
}

/// Where the boxes of words are.
struct Plan<'a> {
    french: &'a dyn Fn(usize) -> Area,
    english: &'a dyn Fn(usize) -> Area,
    /// The way from a French word to an English one.
    way: &'a dyn Fn(usize, usize) -> Path,
    /// Where the weight of a French word is printed, and how.
    digits: &'a dyn Fn(usize) -> (f64, f64),
    side: &'static str,
}

impl Lines<'_> {
    /// All weights of the word in words: the picture's name for who cannot see it.
    fn described(&self) -> String {
        let row = &self.weights[self.word];
        let mut order: Vec<usize> = (0..row.len()).collect();
        order.sort_by(|one, other| row[*other].total_cmp(&row[*one]));
        let given = order.iter().filter(|at| row[**at] >= 0.005);
        let given: Vec<String> =
            given.map(|at| format!("{} to “{}”", share(row[*at]), self.french[*at])).collect();
        format!("To write “{}” the decoder gives {}.", self.english[self.word], given.join(", "))
    }

    pub(super) fn wide(&self) -> Markup {
        let (left, gap, box_height) = (70.0, 8.0, 34.0);
        let width = |count: usize| ((WIDE - left) / count as f64 - gap).min(110.0);
        let column = |at: usize, count: usize, y: f64| {
            Area::new(left + at as f64 * (width(count) + gap), y, width(count), box_height)
        };
        let french = |at: usize| column(at, self.french.len(), 18.0);
        let english = |at: usize| column(at, self.english.len(), 196.0);
        let way = |key: usize, word: usize| {
            let (from, to) = (french(key), english(word));
            Path::falling((from.middle().0, from.bottom()), (to.middle().0, to.y))
        };
        let digits = |key: usize| (french(key).middle().0, 14.0);
        let plan =
            Plan { french: &french, english: &english, way: &way, digits: &digits, side: "mid" };
        let names = html! {
            (text((0.0, 33.0), "French", "strong ink-key"))
            (text((0.0, 49.0), "is read", "small muted"))
            (text((0.0, 211.0), "English", "strong ink-query"))
            (text((0.0, 227.0), "is written", "small muted"))
        };
        self.drawing(&plan, (WIDE, 234.0), names)
    }

    pub(super) fn narrow(&self) -> Markup {
        let (pitch, height, top, width) = (29.0, 25.0, 18.0, 92.0);
        let row = |at: usize, x: f64| Area::new(x, top + at as f64 * pitch, width, height);
        let french = |at: usize| row(at, 34.0);
        let english = |at: usize| row(at, NARROW - width - 2.0);
        let way = |key: usize, word: usize| {
            let (from, to) = (french(key), english(word));
            Path::crossing((from.right(), from.middle().1), (to.x, to.middle().1))
        };
        let digits = |key: usize| (28.0, french(key).middle().1 + 5.0);
        let plan =
            Plan { french: &french, english: &english, way: &way, digits: &digits, side: "end" };
        let names = html! {
            (text((34.0, 11.0), "French", "strong ink-key"))
            (text((NARROW - width - 2.0, 11.0), "English", "strong ink-query"))
        };
        let rows = self.french.len().max(self.english.len());
        self.drawing(&plan, (NARROW, top + rows as f64 * pitch), names)
    }

    fn drawing(&self, plan: &Plan<'_>, size: (f64, f64), names: Markup) -> Markup {
        let label = "The French sentence, the English one, and lines from each English word that is \
                     written to the French words that it was made from";
        let marks = html! {
            (names)
            (self.earlier(plan))
            (self.beams(plan))
            g role="img" aria-label=(self.described()) {
                @for key in 0..self.french.len() { (self.key(plan, key)) }
            }
            (self.words(plan))
        };
        svg(size, "group", label, marks)
    }

    /// What the words before looked at.
    fn earlier(&self, plan: &Plan<'_>) -> Markup {
        html! {
            @for (word, row) in self.weights.iter().enumerate() {
                @for (key, weight) in row.iter().enumerate() {
                    @let shown = word < self.word && *weight >= QUIET;
                    @let class = if shown { "line-edge move" } else { "line-edge move gone" };
                    (stroke(&(plan.way)(key, word), f64::from(*weight) * LIGHT * EARLIER, class))
                }
            }
        }
    }

    /// What the word looks at that is being written: each line an edge with its heat on top.
    fn beams(&self, plan: &Plan<'_>) -> Markup {
        html! {
            @for (key, weight) in self.weights[self.word].iter().enumerate() {
                @let way = (plan.way)(key, self.word);
                @let width = f64::from(*weight) * LIGHT;
                @if *weight >= 0.005 {
                    (stroke(&way, width.max(0.4) + 1.5, "line-edge move"))
                    (stroke(&way, width.max(0.4), &format!("{} move", heat_line(*weight))))
                } @else {
                    (stroke(&way, 1.0, "line-edge move dotted"))
                    (stroke(&way, 0.0, "line-edge move"))
                }
            }
        }
    }

    /// A French word in the heat of its weight, and the weight.
    fn key(&self, plan: &Plan<'_>, key: usize) -> Markup {
        let weight = self.weights[self.word][key];
        let area = (plan.french)(key);
        let loud = if weight >= 0.3 {
            "strong large"
        } else if weight < 0.045 {
            "muted small"
        } else {
            ""
        };
        html! {
            (rounded(area, 6.0, &format!("{} line-key part", heat_fill(weight))))
            text lang="fr" x=(area.middle().0) y=(area.middle().1 + 5.0) class={ "mid strong " (heat_ink(weight)) } {
                (fitted(self.french[key], 13.0, area.width - 6.0))
            }
            (text((plan.digits)(key), &share(weight), &format!("{} {loud}", plan.side)))
        }
    }

    /// The English words as radio buttons: one tab stop, and arrows go on writing. Those to come
    /// are dashed.
    fn words(&self, plan: &Plan<'_>) -> Markup {
        html! {
            g role="radiogroup" aria-label="Which English word is being written?" data-keys="walk" {
                @for (word, name) in self.english.iter().enumerate() {
                    @let chosen = word == self.word;
                    @let area = (plan.english)(word);
                    @let (ground, ink) = match word {
                        _ if chosen => ("fill-query", "strong on-fill"),
                        _ if word > self.word => ("fill-panel line-edge dashed", "muted"),
                        _ => ("fill-bg line-edge", "strong"),
                    };
                    g role="radio" tabindex=(if chosen { "0" } else { "-1" }) aria-checked=(chosen)
                        aria-label=(name) data-event="word" data-value=(word) {
                        (rounded(area, 6.0, ground))
                        (text((area.middle().0, area.middle().1 + 5.0), &fitted(name, 13.0, area.width - 6.0), &format!("mid {ink}")))
                        (rounded(area.grown(3.0), 8.0, "ring"))
                    }
                }
            }
        }
    }
}
