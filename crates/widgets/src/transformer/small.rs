//! The small picture at the top of a chapter: the whole model, with the chapter's part lit.

use maud::{Markup, html};

use super::glyph::{self, plus};
use super::shape::Outline;
use crate::draw::label::width;
use crate::draw::mark::{Area, circle, line, path, rect, rounded, text};
use crate::draw::path::Path;
use crate::draw::picture::{layouts, svg};
use crate::draw::role::Role;
use crate::draw::{NARROW, Point};
use crate::show::word;

/// A part that can be lit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Spot {
    /// The lines from other tokens.
    Look,
    /// All of attention.
    Attention,
    Query,
    Key,
    Value,
    Scores,
    Mask,
    Softmax,
    Mix,
    Heads,
    OutputMatrix,
    Add,
    Layers,
    Logits,
    /// Another text than this one.
    Elsewhere,
    /// What is there from before.
    Kept,
}

/// What is lit for a chapter.
struct Lit {
    on: &'static [Spot],
    /// The glyph that the words point at: its place, from 0, or between two.
    at: f64,
    words: String,
}

/// How many glyphs stand for attention, and a glyph's side.
const GLYPHS: f64 = 7.0;
const SIDE: f64 = 20.0;

/// What is lit for the chapter of this number, from 1.
fn lit(chapter: usize, outline: &Outline) -> Option<Lit> {
    use Spot::{
        Add, Attention, Elsewhere, Heads, Kept, Key, Layers, Logits, Look, Mask, Mix, OutputMatrix,
        Query, Scores, Softmax, Value,
    };
    let (on, at, words): (&[Spot], f64, &str) = match chapter {
        1 => (&[Look, Attention], 0.0, "a token looks at others"),
        2 => (&[Query, Key, Value], 0.0, "query, key and value"),
        3 => (&[Scores], 1.0, "every query, every key"),
        4 => (&[Softmax, Logits], 3.0, "scores to shares"),
        5 => {
            let words = format!("{} heads, summed", outline.heads);
            return Some(Lit { on: &[Heads, OutputMatrix, Add], at: 5.0, words });
        }
        6 => (&[Mask], 2.0, "nobody looks ahead"),
        7 => (&[Look, Key, Value, Elsewhere], 0.0, "from another text"),
        8 => (&[Scores, Mask, Softmax, Mix], 2.5, "the same, in tiles"),
        9 => (&[Heads, Layers], 5.0, "who looks where"),
        10 => (&[Key, Value, Kept], 0.0, "kept, not made again"),
        _ => return None,
    };
    Some(Lit { on, at, words: words.to_owned() })
}

/// The picture for the chapter of this number, in both layouts. Nothing for a chapter that the
/// model has no part for.
pub fn small(chapter: usize, outline: &Outline) -> Option<Markup> {
    let lit = lit(chapter, outline)?;
    let label = format!("The whole model, with this chapter’s part lit: {}", lit.words);
    let drawn = Small { lit: &lit, outline, label: &label };
    Some(layouts(drawn.wide(), drawn.narrow()))
}

/// One layer of the model with the part of a chapter lit: for a list of chapters. Nothing for a
/// chapter that the model has no part for.
pub fn card(chapter: usize, outline: &Outline) -> Option<Markup> {
    let lit = lit(chapter, outline)?;
    let label = format!("Lit in a layer of the model: {}", lit.words);
    Some(Small { lit: &lit, outline, label: &label }.card())
}

struct Small<'a> {
    lit: &'a Lit,
    outline: &'a Outline,
    label: &'a str,
}

/// Where a layer is drawn.
struct Layer {
    /// The rail of the token.
    rail: f64,
    /// The rails of others.
    others: [f64; 3],
    /// Where rails begin, and where those of others end.
    ends: [f64; 2],
    /// The box of attention: its corner, and from one glyph to the next.
    attention: Point,
    pitch: f64,
}

impl Layer {
    /// The layer on a phone, below `top`.
    fn narrow(top: f64) -> Self {
        Self {
            rail: top + 78.0,
            others: [top + 10.0, top + 16.0, top + 22.0],
            ends: [10.0, 302.0],
            attention: (26.0, top + 34.0),
            pitch: 31.0,
        }
    }

    fn right(&self) -> f64 {
        self.attention.0 + 8.0 + GLYPHS * self.pitch
    }

    /// The left edge of a glyph.
    fn glyph(&self, at: f64) -> f64 {
        self.attention.0 + 8.0 + at * self.pitch
    }

    /// Where attention is added, and where feed-forward is.
    fn sums(&self) -> [f64; 2] {
        [self.right() + 14.0, self.right() + 60.0]
    }

    fn end(&self) -> f64 {
        self.sums()[1] + 12.0
    }
}

const LIT: &str = "line-accent lit fill-lit";
const DIM: &str = "line-edge part";
const LIT_LINE: &str = "line-accent lit";

impl Small<'_> {
    fn on(&self, spot: Spot) -> bool {
        self.lit.on.contains(&spot)
    }

    fn shape(&self, spot: Spot) -> &'static str {
        if self.on(spot) { LIT } else { DIM }
    }

    fn line(&self, spot: Spot) -> &'static str {
        if self.on(spot) { LIT_LINE } else { DIM }
    }

    fn wide(&self) -> Markup {
        let layer = Layer {
            rail: 74.0,
            others: [9.0, 16.0, 23.0],
            ends: [84.0, 464.0],
            attention: (118.0, 34.0),
            pitch: 29.0,
        };
        let (rail, end) = (layer.rail, layer.end());
        let others = self.outline.layers - 1;
        let table = Area::new(58.0, 4.0, 16.0, rail + 8.0);
        let unembedding = Area::new(506.0, rail - 24.0, 14.0, 48.0);
        let marks = html! {
            @for y in layer.others {
                (rounded(Area::new(10.0, y - 2.5, 34.0, 5.0), 2.0, self.shape(Spot::Elsewhere)))
                (path(&Path::new((44.0, y)).line((58.0, y)).jump((74.0, y)).line((88.0, y)), &self.other_rail()))
            }
            (word_box(Area::new(4.0, rail - 11.0, 46.0, 22.0), &self.outline.word))
            (line((50.0, rail), (58.0, rail), DIM))
            (path(&glyph::table(table, 12), DIM))
            (line((74.0, rail), (88.0, rail), "line-ink rail"))
            (rounded(Area::new(88.0, 2.0, end - 88.0, 108.0), 7.0, "line-edge thin dotted"))
            (self.layer(&layer, 506.0))
            (self.ticks((end + 10.0, rail), 78.0, others))
            (text((end + 49.0, rail + 27.0), &format!("{others} more layers"), "small mid muted"))
            (path(&glyph::table(unembedding, 8), DIM))
            (circle((497.0, rail), 3.5, "line-edge part fill-bg"))
            (self.logits(Area::new(528.0, rail - 20.0, 22.0, 20.0)))
            @if self.on(Spot::Logits) {
                (path(&Path::arrow((539.0, rail + 23.0), (539.0, rail + 6.0), 6.0), LIT_LINE))
                (text((539.0, rail + 35.0), "and here", "strong ink-accent mid"))
            }
            (line((520.0, rail), (558.0, rail), DIM))
            (self.next(Area::new(558.0, rail - 11.0, 58.0, 22.0)))
            (self.says(&layer, 99.0))
        };
        svg((620.0, 112.0), "img", self.label, marks)
    }

    fn narrow(&self) -> Markup {
        let layer = Layer::narrow(50.0);
        let end = layer.end();
        let top = 22.0;
        let marks = html! {
            (word_box(Area::new(1.0, top - 11.0, 40.0, 22.0), &self.outline.word))
            (line((41.0, top), (48.0, top), DIM))
            (path(&glyph::table(Area::new(48.0, top - 16.0, 12.0, 32.0), 6), DIM))
            (line((60.0, top), (238.0, top), "line-ink rail"))
            (self.ticks((72.0, top), 142.0, self.outline.layers))
            (circle((230.0, top), 3.2, "line-edge part fill-bg"))
            (path(&glyph::table(Area::new(238.0, top - 16.0, 12.0, 32.0), 6), DIM))
            (line((250.0, top), (287.0, top), DIM))
            (self.logits(Area::new(256.0, top - 18.0, 22.0, 18.0)))
            @if self.on(Spot::Logits) {
                (path(&Path::arrow((266.0, top + 22.0), (266.0, top + 6.0), 6.0), LIT_LINE))
            }
            (self.next(Area::new(287.0, top - 11.0, 58.0, 22.0)))
            (rounded(Area::new(68.0, top - 12.0, 7.0, 24.0), 3.0, "line-edge thin dotted"))
            (path(&Path::new((69.0, top + 13.0)).line((6.0, 50.0)).jump((75.0, top + 13.0)).line((end - 6.0, 50.0)), "line-edge part dotted"))
            (self.enlarged(&layer, 50.0))
        };
        svg((NARROW, 160.0), "img", self.label, marks)
    }

    /// One layer in its frame, below `top`.
    fn enlarged(&self, layer: &Layer, top: f64) -> Markup {
        let frame = Area::new(2.0, top, layer.end() - 2.0, 108.0);
        html! {
            (rounded(frame, 7.0, "line-edge thin dotted"))
            (self.layer(layer, layer.end()))
            (self.says(layer, top + 102.0))
        }
    }

    /// One layer alone.
    fn card(&self) -> Markup {
        svg((NARROW, 110.0), "img", self.label, self.enlarged(&Layer::narrow(1.0), 1.0))
    }

    fn other_rail(&self) -> String {
        let away = self.on(Spot::Elsewhere) || self.on(Spot::Kept);
        format!("{}{}", self.line(Spot::Elsewhere), if away { " dashed" } else { "" })
    }

    /// One layer; its rail goes on to `end`.
    fn layer(&self, layer: &Layer, end: f64) -> Markup {
        let (left, top) = layer.attention;
        let (rail, right) = (layer.rail, layer.right());
        let [first, second] = layer.sums();
        let reads = if self.on(Spot::Kept) { Spot::Kept } else { Spot::Look };
        let body = Area::new(first + 6.0, rail + 7.0, 34.0, 15.0);
        let add = if self.on(Spot::Add) { LIT } else { "line-edge part fill-bg" };
        let into = [(left - 10.0, rail), (left - 10.0, top + 16.0), (left, top + 16.0)];
        let back = [(right, top + 14.0), (first, top + 14.0), (first, rail - 6.0)];
        html! {
            @for y in layer.others { (line((layer.ends[0], y), (layer.ends[1], y), &self.other_rail())) }
            @for (at, y) in layer.others.into_iter().enumerate() {
                @let x = left + 12.0 + at as f64 * 6.0;
                (line((x, y), (x, top), self.line(reads)))
                @match self.on(Spot::Kept) {
                    true => (rect(Area::new(x - 3.0, y - 3.0, 6.0, 6.0), "fill-accent")),
                    false => (circle((x, y), 2.2, if self.on(Spot::Look) { "fill-accent" } else { "fill-edge" })),
                }
            }
            (line((layer.ends[0], rail), (end, rail), "line-ink rail"))
            (path(&Path::bent(&into, 5.0), DIM))
            (circle((left - 10.0, rail), 2.4, "fill-edge"))
            (self.attention(layer))
            (path(&Path::bent(&back, 6.0), self.line(Spot::Add)))
            (plus((first, rail), 6.0, add))
            (path(&Path::bent(&[(body.right(), rail + 14.0), (second, rail + 14.0), (second, rail + 6.0)], 6.0), DIM))
            (path(&glyph::octagon(body, (9.0, 4.0)), DIM))
            (line((first + 14.0, rail), (first + 14.0, rail + 7.0), DIM))
            (plus((second, rail), 6.0, add))
        }
    }

    /// The box between the rails, and what happens in it.
    fn attention(&self, layer: &Layer) -> Markup {
        let (left, top) = layer.attention;
        let y = top + 4.0;
        let area = |at: f64| Area::new(layer.glyph(at), y, SIDE, SIDE);
        let [mix, heads] = [layer.glyph(4.0), layer.glyph(5.0)];
        let middle = y + 10.0;
        let end = (mix + 13.0, middle);
        let strands =
            [2.0, 18.0].into_iter().fold(Path::new((mix, middle)).line(end), |path, from| {
                let bend = if from < 10.0 { y + 2.0 } else { y + 18.0 };
                path.jump((mix, y + from)).curve((mix + 10.0, bend), (mix + 6.0, middle), end)
            });
        let tip = Path::through([
            (mix + 13.0, middle),
            (mix + 16.5, middle - 3.5),
            (mix + 20.0, middle),
            (mix + 16.5, middle + 3.5),
        ]);
        let frame = if self.on(Spot::Attention) {
            "fill-bg line-accent bold"
        } else {
            "fill-bg line-edge part"
        };
        html! {
            (rounded(Area::new(left, top, layer.right() - left, 28.0), 5.0, frame))
            (self.three_vectors(layer.glyph(0.0), y))
            (path(&glyph::grid(area(1.0), 4), self.shape(Spot::Scores)))
            (path(&glyph::stair(area(2.0), 4), self.shape(Spot::Mask)))
            (path(&Path::hatching(Area::new(layer.glyph(2.0) + 9.0, y, 11.0, 9.0), 4.0), self.line(Spot::Mask)))
            (self.softmax(area(3.0)))
            (path(&strands, self.line(Spot::Mix)))
            (path(&tip.closed(), self.shape(Spot::Mix)))
            @for back in [2.0, 1.0, 0.0] {
                (rounded(Area::new(heads + back * 3.0, y + (2.0 - back) * 3.0, 14.0, 14.0), 1.5,
                    if self.on(Spot::Heads) { LIT } else { "line-edge part fill-bg" }))
            }
            (path(&glyph::table(area(6.0), 5), self.shape(Spot::OutputMatrix)))
        }
    }

    /// A key's tag, a value's disc and a query's arrow.
    fn three_vectors(&self, x: f64, y: f64) -> Markup {
        let class = |spot, role: Role| match self.on(spot) {
            true => format!("{} {} part", role.line(), role.tint()),
            false => DIM.to_owned(),
        };
        let right = x + SIDE;
        let tag = Path::through([
            (x, y),
            (right - 3.0, y),
            (right, y + 2.75),
            (right - 3.0, y + 5.5),
            (x, y + 5.5),
        ]);
        let arrow = Path::arrow((x, y + 17.75), (right, y + 17.75), 5.5);
        html! {
            (path(&tag.closed(), &class(Spot::Key, Role::Key)))
            (circle((x + SIDE / 2.0, y + 10.0), 3.1, &class(Spot::Value, Role::Value)))
            (path(&arrow, &class(Spot::Query, Role::Query)))
        }
    }

    /// The row of a map as bars. Without the model there is a box in its place.
    fn softmax(&self, area: Area) -> Markup {
        match self.outline.row.is_empty() {
            true => rect(area, self.shape(Spot::Softmax)),
            false => path(&glyph::bars(area, &self.outline.row), self.shape(Spot::Softmax)),
        }
    }

    fn logits(&self, area: Area) -> Markup {
        let shares: Vec<f32> = self.outline.next.iter().map(|(_, share)| *share).collect();
        path(&glyph::bars(area, &shares), self.shape(Spot::Logits))
    }

    fn next(&self, area: Area) -> Markup {
        let next = self.outline.next.first().map_or(String::new(), |(token, _)| word(token));
        word_box(area, &next)
    }

    /// Strokes beside a rail, one a layer.
    fn ticks(&self, from: Point, length: f64, count: usize) -> Markup {
        let along = (length / (count.max(2) - 1) as f64, 0.0);
        let above = self.line(Spot::Layers);
        let thin = if self.on(Spot::Layers) { above } else { "line-edge thin" };
        html! {
            (path(&glyph::ticks((from.0, from.1 - 4.0), count, along, (0.0, -6.0)), thin))
            (path(&glyph::ticks((from.0, from.1 + 4.0), count, along, (0.0, 6.0)), "line-edge thin"))
        }
    }

    /// The words, and an arrow to what they name. They end where feed-forward begins.
    fn says(&self, layer: &Layer, base: f64) -> Markup {
        let x = layer.glyph(self.lit.at) + SIDE / 2.0;
        let tip = layer.attention.1 + 30.0;
        let start = (x - 6.0).min(layer.sums()[0] + 4.0 - width(&self.lit.words, 14.0));
        let tiles = layer.attention.1 + 31.0;
        let [from, to] = [layer.glyph(1.0), layer.glyph(4.0) + SIDE];
        let span = [(from, tiles), (from, tiles + 3.0), (to, tiles + 3.0), (to, tiles)];
        html! {
            (path(&Path::arrow((x, base - 13.0), (x, tip), 6.0), LIT_LINE))
            @if self.on(Spot::Mix) { (path(&Path::through(span), LIT_LINE)) }
            (text((start, base), &self.lit.words, "strong ink-accent halo"))
        }
    }
}

fn word_box(area: Area, word: &str) -> Markup {
    let (x, y) = area.middle();
    html! {
        (rounded(area, 5.0, "fill-bg line-edge part"))
        (text((x, y + 4.5), word, "small mid strong"))
    }
}
