//! The circuit: a head of layer 0 writes into each place what stood before it, and one of layer 1
//! finds the place by that note and copies what stands there.

use induction::DRAWN;
use maud::{Markup, html};

use crate::draw::Point;
use crate::draw::mark::{Area, path, rounded, stroke, text};
use crate::draw::path::Path;
use crate::show::share;

/// Where things are in a layout.
pub(super) struct Plan {
    /// The middle of each column, and which letter stands in it.
    columns: Vec<(usize, f64)>,
    /// How far down the letters, the notes and what comes out are.
    letters: f64,
    notes: f64,
    out: f64,
    /// How wide a letter's box and a note's card are.
    letter: f64,
    card: f64,
    narrow: bool,
}

/// The letter that comes a second time.
const SECOND: usize = DRAWN;

/// From this weight on a note has been found.
const FOUND: f64 = 0.3;

/// A card's height.
const CARD: f64 = 36.0;

impl Plan {
    pub(super) fn wide() -> Self {
        let columns = (0..=SECOND).map(|at| (at, 138.0 + 64.0 * at as f64)).collect();
        let (letters, notes, out) = (206.0, 120.0, 18.0);
        Self { columns, letters, notes, out, letter: 30.0, card: 57.0, narrow: false }
    }

    pub(super) fn narrow() -> Self {
        let places = [(0, 29.0), (1, 93.0), (2, 157.0), (SECOND - 1, 245.0), (SECOND, 315.0)];
        let (letters, notes, out) = (188.0, 112.0, 18.0);
        Self {
            columns: places.to_vec(),
            letters,
            notes,
            out,
            letter: 28.0,
            card: 56.0,
            narrow: true,
        }
    }

    /// How far down the drawing reaches.
    pub(super) fn bottom(&self) -> f64 {
        self.letters + 18.0
    }

    fn x(&self, letter: usize) -> f64 {
        self.columns.iter().find(|(at, _)| *at == letter).map_or(0.0, |(_, x)| *x)
    }

    fn card_top(&self) -> f64 {
        self.notes - CARD / 2.0
    }

    fn card_bottom(&self) -> f64 {
        self.notes + CARD / 2.0
    }
}

/// The two heads at one point of the training.
pub(super) struct Circuit<'a> {
    /// The letters of the word, said twice.
    pub letters: &'a [String],
    /// The weight that a head of a layer gives, from one place to another.
    pub weight: &'a dyn Fn(usize, usize, usize) -> f64,
    /// The head of each layer.
    pub heads: [usize; 2],
}

impl Circuit<'_> {
    /// How much of its look the second letter of the word gives to the first.
    pub(super) fn wrote(&self) -> f64 {
        (self.weight)(0, 1, 0)
    }

    /// How much the repeated letter gives to what came after it before.
    pub(super) fn found(&self) -> f64 {
        (self.weight)(1, SECOND, 1)
    }

    /// The circuit in words: the picture's name for who cannot see it.
    pub(super) fn described(&self) -> String {
        let [first, second] = [0, 1].map(|at| &self.letters[at]);
        format!(
            "Two heads over the letters {}. Layer 0 writes into “{second}” that “{first}” stood \
             before it, with weight {}. In layer 1 the second “{first}” finds that note and looks \
             at “{second}” with weight {}.",
            self.letters[..=SECOND].join(" "),
            digits(self.wrote()),
            digits(self.found())
        )
    }

    pub(super) fn draw(&self, plan: &Plan) -> Markup {
        html! {
            (self.headings(plan))
            (self.written(plan))
            (self.looks(plan))
            (self.question(plan))
            @for (letter, x) in &plan.columns { (self.column(plan, *letter, *x)) }
            (self.copied(plan))
            (self.names(plan))
        }
    }

    fn headings(&self, plan: &Plan) -> Markup {
        let heads = self.heads;
        html! {
            @if plan.narrow {
                @let x = (plan.x(2) + plan.x(SECOND - 1)) / 2.0;
                (text((x, plan.letters + 4.0), "…", "mid large muted"))
                (text((x, plan.notes + 4.0), "…", "mid large muted"))
            } @else {
                (text((0.0, plan.out + 4.0), "the next letter", "small muted"))
                (text((0.0, 62.0), &format!("layer 1, head {}", heads[1]), "small muted"))
                (text((0.0, plan.notes + 4.0), "a place holds", "small muted"))
                (text((0.0, 167.0), &format!("layer 0, head {}", heads[0]), "small muted"))
                (text((0.0, plan.letters + 4.0), "the letters", "small muted"))
            }
        }
    }

    /// Layer 0: each place looks one back, and a note is written.
    fn written(&self, plan: &Plan) -> Markup {
        let (from, to) = (plan.letters - 16.0, plan.card_bottom() + 8.0);
        html! {
            @for (letter, x) in plan.columns.iter().skip(1) {
                @let there = plan.columns.iter().find(|(at, _)| at + 1 == *letter);
                @let start = there.map_or(x - 42.0, |(_, x)| *x);
                @let weight = (self.weight)(0, *letter, letter - 1);
                @let faint = if *letter == 1 { "" } else { " faint" };
                @let way = Path::new((start, from)).curve((start, from - 34.0), (*x, to + 26.0), (*x, to));
                (stroke(&way, 0.8 + 9.0 * weight, &format!("line-key move{faint}")))
                @let tip = Path::new((*x, to - 7.0)).line((x - 7.0, to + 2.0)).line((x + 7.0, to + 2.0)).closed();
                (path(&tip, &format!("fill-key{faint}")))
            }
        }
    }

    /// Layer 1: where the repeated letter looks, the one that it should find last.
    fn looks(&self, plan: &Plan) -> Markup {
        let others = plan.columns.iter().filter(|(letter, _)| *letter != 1);
        html! {
            @for (letter, x) in others {
                (stroke(&arc(plan, *x), 0.5 + 11.0 * (self.weight)(1, SECOND, *letter), "line-value move faint"))
            }
            (stroke(&arc(plan, plan.x(1)), 0.5 + 11.0 * self.found(), "line-value move"))
            @let (x, y) = (plan.x(SECOND), plan.out);
            (path(&Path::new((x - 16.0, y)).line((x - 27.0, y - 8.0)).line((x - 27.0, y + 8.0)).closed(), "fill-value"))
        }
    }

    /// The repeated letter's question goes to the note that answers it.
    fn question(&self, plan: &Plan) -> Markup {
        let bend = if plan.narrow { 66.0 } else { 96.0 };
        let (from, to) = (plan.x(SECOND) - plan.card / 2.0 - 1.0, plan.x(1) + plan.card / 2.0);
        let y = plan.notes - 8.0;
        let way = Path::new((from, y)).curve(
            (from - bend, y - 36.0),
            (to + bend, y - 36.0),
            (to + 9.0, y),
        );
        let tip = Path::new((to + 2.0, y + 2.0))
            .line((to + 14.0, y - 6.0))
            .line((to + 13.0, y + 6.0))
            .closed();
        let class = if self.found() >= FOUND { "move" } else { "move faint" };
        html! {
            (path(&way, &format!("line-query lit dashed {class}")))
            (path(&tip, &format!("fill-query {class}")))
        }
    }

    /// A letter, and above it what its place holds.
    fn column(&self, plan: &Plan, letter: usize, x: f64) -> Markup {
        let named = letter <= 1 || letter == SECOND;
        let frame = if named { "fill-bg line-ink lit" } else { "fill-bg line-edge" };
        let card = match letter {
            1 => "tint-key line-key lit",
            SECOND => "tint-query line-query lit",
            _ => "fill-bg line-edge",
        };
        let weight = if letter == 0 { 1.0 } else { (self.weight)(0, letter, letter - 1) };
        let note = match letter {
            SECOND => format!("after {}?", self.letters[SECOND]),
            0 => "the first".to_owned(),
            _ if weight < 0.15 => "·".to_owned(),
            _ => format!("after {}", self.letters[letter - 1]),
        };
        let ink = match letter {
            1 | SECOND => "strong",
            _ if weight < 0.5 => "slanted muted",
            _ => "",
        };
        let half = plan.letter / 2.0;
        html! {
            (rounded(Area::new(x - half, plan.letters - 15.0, plan.letter, 30.0), 4.0, frame))
            (text((x, plan.letters + 5.0), &self.letters[letter], if named { "mid large strong" } else { "mid large" }))
            (rounded(Area::new(x - plan.card / 2.0, plan.card_top(), plan.card, CARD), 4.0, card))
            (text((x, plan.notes - 3.0), &self.letters[letter], "mid strong"))
            (text((x, plan.notes + 12.0), &note, &format!("mid least {ink}")))
        }
    }

    /// What comes out.
    fn copied(&self, plan: &Plan) -> Markup {
        let (x, y) = (plan.x(SECOND), plan.out);
        let out = if self.found() > 0.5 { self.letters[1].as_str() } else { "?" };
        html! {
            (rounded(Area::new(x - 15.0, y - 15.0, 30.0, 30.0), 4.0, "tint-output line-output lit"))
            (text((x, y + 5.0), out, "mid large strong"))
        }
    }

    /// What each line does, with its weight.
    fn names(&self, plan: &Plan) -> Markup {
        let [first, second] = [0, 1].map(|at| self.letters[at].as_str());
        let (wrote, found) = (digits(self.wrote()), digits(self.found()));
        let copies = if self.found() > 0.5 {
            format!("copies {second} ({found})")
        } else {
            format!("to {second}: {found}")
        };
        let matches = match (self.found() >= FOUND, plan.narrow) {
            (true, false) => format!("matches: who stood after {first}?"),
            (true, true) => format!("matches “after {first}”"),
            (false, false) => "does not find it yet".to_owned(),
            (false, true) => "no match yet".to_owned(),
        };
        let writes = if plan.narrow {
            format!("writes “after {first}” ({wrote})")
        } else {
            format!("writes: before me stood {first} ({wrote})")
        };
        let at: Point =
            if plan.narrow { (140.0, plan.out + 10.0) } else { (560.0, plan.out - 6.0) };
        let between = (plan.letters + plan.card_bottom()) / 2.0 + 1.0;
        html! {
            (text((plan.x(1) + 6.0, between), &writes, "small strong ink-key halo"))
            (text(((plan.x(1) + plan.x(SECOND)) / 2.0, plan.card_top() - 19.0), &matches, "mid small strong ink-query halo"))
            (text(at, &copies, "mid small strong ink-value halo"))
        }
    }
}

/// From a place up to what comes out.
fn arc(plan: &Plan, x: f64) -> Path {
    let (end, top, out) = (plan.x(SECOND), plan.card_top() - 1.0, plan.out);
    if x == end {
        return Path::new((x, top)).curve((x, top - 20.0), (x, out + 50.0), (x, out + 16.0));
    }
    let height = (40.0 + (end - x) * 0.12).min(top - out - 12.0);
    Path::new((x, top)).curve((x, top - height), (end - 60.0, out), (end - 24.0, out))
}

/// A weight as it is printed.
fn digits(weight: f64) -> String {
    share(weight as f32)
}
