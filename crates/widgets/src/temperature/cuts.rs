//! The second picture: the tokens, likeliest first, and where top-k and top-p cut.

use maud::{Markup, html};

use super::{LARGEST_K, P_STEP, Shares, State};
use crate::draw::mark::{Area, line, moved, path, rect, text};
use crate::draw::path::Path;
use crate::draw::picture::svg;
use crate::draw::{NARROW, Point, WIDE, axis, label, scale::Scale};
use crate::show::{grouped, share, word};

/// So many tokens have a row of their own; those behind share a few rows.
const ALONE: usize = 9;

/// Where the rows of many tokens end.
const ENDS: [usize; 3] = [50, 500, 5000];

/// What the picture shows.
pub(super) struct Cuts<'a> {
    rows: Vec<Row>,
    state: &'a State,
    /// What the tokens that top-k keeps have together.
    among: f64,
    /// How many tokens there are.
    vocabulary: usize,
}

/// A token, or many.
struct Row {
    name: String,
    /// What those before it have together.
    from: f64,
    share: f64,
    /// The part of its share that is kept.
    kept: f64,
    /// What that part becomes when the rest is shared out.
    after: f64,
}

/// Where the picture's parts lie.
#[derive(Debug, Clone, Copy)]
struct Places {
    width: f64,
    /// Where the bars begin: left of it are names and shares.
    from: f64,
    to: f64,
}

const TOP: f64 = 40.0;
const ROW: f64 = 24.0;
const WIDE_PLACES: Places = Places { width: WIDE, from: 156.0, to: 738.0 };
const NARROW_PLACES: Places = Places { width: NARROW, from: 132.0, to: 300.0 };

impl Places {
    fn of(narrow: bool) -> Self {
        if narrow { NARROW_PLACES } else { WIDE_PLACES }
    }

    fn shares(&self) -> Scale {
        Scale::linear([0.0, 1.0], [self.from, self.to])
    }
}

/// The rows of a vocabulary: from which rank to which, the likeliest being the first.
fn ranks(vocabulary: usize) -> Vec<[usize; 2]> {
    let mut ranks: Vec<[usize; 2]> =
        (0..vocabulary.min(ALONE)).map(|rank| [rank, rank + 1]).collect();
    let mut from = ALONE;
    for end in ENDS.into_iter().chain([vocabulary]) {
        let end = end.min(vocabulary);
        if from < end {
            ranks.push([from, end]);
            from = end;
        }
    }
    ranks
}

/// How far down the rows the first `k` tokens reach. Within a row of many, each factor of the rank
/// takes the same distance.
fn depth(k: usize, vocabulary: usize) -> f64 {
    let rows = ranks(vocabulary);
    for (place, [from, end]) in rows.iter().enumerate() {
        if k <= *end {
            let (from, end, k) = (*from as f64, *end as f64, k as f64);
            let part =
                if end - from > 1.0 { (k / from).ln() / (end / from).ln() } else { k - from };
            return place as f64 + part;
        }
    }
    rows.len() as f64
}

/// How many tokens top-k keeps where its line is put at a place in the picture.
pub(super) fn top_k_at((_, y): Point, vocabulary: usize, all: usize) -> Option<usize> {
    let down = (y - TOP) / ROW;
    let off = (ranks(vocabulary).len() as f64 - down).abs();
    let distance = |k: &usize| (depth(*k, vocabulary) - down).abs();
    let nearest = (1..all.min(LARGEST_K + 1))
        .min_by(|one, other| distance(one).total_cmp(&distance(other)))?;
    (distance(&nearest) < off).then_some(nearest)
}

/// What top-p keeps, in percent, where its line is put at a place in the picture. `among` is what
/// the tokens have that top-k keeps.
pub(super) fn top_p_at((x, _): Point, among: f64, narrow: bool) -> usize {
    let reached = Places::of(narrow).shares().number(x) / among.max(f64::MIN_POSITIVE);
    let steps = (reached.min(1.0) * 100.0 / P_STEP as f64).round() as usize;
    steps.clamp(1, 100 / P_STEP) * P_STEP
}

impl<'a> Cuts<'a> {
    /// The rows of the shares.
    pub(super) fn new(state: &'a State, named: &[String], shares: &Shares) -> Self {
        let warm = &shares.warm.shares;
        let mut order: Vec<usize> = (0..warm.len()).collect();
        // A model's logits come sorted; those of the reader may stand in any order.
        order.sort_by(|one, other| warm[*other].total_cmp(&warm[*one]));
        let mut before = 0.0;
        let rows = ranks(warm.len()).into_iter().map(|[from, end]| {
            let tokens = &order[from..end];
            let kept = tokens.iter().filter(|token| shares.stays[**token]);
            let row = Row {
                name: match tokens {
                    [token] => named.get(*token).map_or("?".to_owned(), |name| word(name)),
                    _ => format!("{}–{}", grouped(from as u64 + 1), grouped(end as u64)),
                },
                from: before,
                share: tokens.iter().map(|token| warm[*token]).sum(),
                kept: kept.clone().map(|token| warm[*token]).sum(),
                after: kept.map(|token| shares.kept.shares[*token]).sum(),
            };
            before += row.share;
            row
        });
        let rows = rows.collect();
        let first = state.top_k.unwrap_or(warm.len());
        let among = order.iter().take(first).map(|token| warm[*token]).sum::<f64>().min(1.0);
        Self { rows, state, among, vocabulary: warm.len() }
    }

    /// What the tokens that top-k keeps have together.
    pub(super) fn among(&self) -> f64 {
        self.among
    }

    /// The picture where there is room.
    pub(super) fn wide(&self) -> Markup {
        self.picture(false)
    }

    /// The picture on a phone.
    pub(super) fn narrow(&self) -> Markup {
        self.picture(true)
    }

    fn described(&self) -> String {
        let rows: Vec<String> = self
            .rows
            .iter()
            .map(|row| {
                let out = if row.kept > 0.0 { "" } else { ", cut" };
                format!("{} {}{out}", row.name, share(row.share as f32))
            })
            .collect();
        format!("Tokens, likeliest first, with their shares: {}", rows.join("; "))
    }

    fn picture(&self, narrow: bool) -> Markup {
        let places = Places::of(narrow);
        let shares = places.shares();
        let bottom = TOP + self.rows.len() as f64 * ROW;
        let rules = [0.0, 0.25, 0.5, 0.75, 1.0].map(|tick| shares.place(tick));
        let head = if narrow { "Token" } else { "Token, likeliest first" };
        let marks = html! {
            (text((0.0, 12.0), head, "strong"))
            (text((places.width, 12.0), if narrow { "kept" } else { "after the cuts" }, "end small muted"))
            @for x in rules { (line((x, TOP), (x, bottom), "line-hair")) }
            (axis::below(&shares, bottom, &[0.0, 0.25, 0.5, 0.75, 1.0], |tick| if tick == 0.0 { "0".into() } else { share(tick as f32) }))
            (text((places.to + 12.0, bottom + 32.0), "shares added up", "end small muted"))
            @for (at, row) in self.rows.iter().enumerate() { (row.view(TOP + at as f64 * ROW, at, &places)) }
            (self.top_p(&places, bottom))
            (self.top_k(&places, bottom))
        };
        svg((places.width, bottom + 36.0), "img", &self.described(), marks)
    }

    /// The upright line: how much of what top-k keeps may stay.
    fn top_p(&self, places: &Places, bottom: f64) -> Markup {
        let percent = self.state.top_p;
        let goal = places.shares().place(percent as f64 / 100.0 * self.among);
        let off = percent == 100;
        let words = match (off, self.state.top_k) {
            (true, _) => "top-p off".to_owned(),
            (false, None) => format!("top-p {}", share(percent as f32 / 100.0)),
            (false, Some(_)) => {
                format!("top-p {} of {}", share(percent as f32 / 100.0), share(self.among as f32))
            }
        };
        let half = label::width(&words, 12.0) / 2.0;
        let most = places.width - label::width("after the cuts", 12.0) - 8.0 - half;
        let head = goal.min(most.max(places.from)).max(places.from + 4.0) - goal;
        moved(
            (goal, 0.0),
            "move",
            html! {
                (line((0.0, TOP - 6.0), (0.0, bottom), if off { "line-ink lit dotted" } else { "line-ink lit" }))
                g data-drag="cut" data-value="p" {
                    (rect(Area::new(-14.0, 16.0, 28.0, bottom - 16.0), "hit"))
                    (path(&Path::through([(0.0, TOP - 2.0), (-7.0, TOP - 12.0), (7.0, TOP - 12.0)]).closed(), "fill-ink"))
                }
                (text((head, 22.0), &words, "small strong mid halo"))
            },
        )
    }

    /// The level line: how many tokens may stay.
    fn top_k(&self, places: &Places, bottom: f64) -> Markup {
        let down = match self.state.top_k {
            Some(k) => TOP + depth(k, self.vocabulary) * ROW,
            None => bottom,
        };
        let (words, class) = match self.state.top_k {
            Some(k) => (format!("top-k {k}"), "line-ink lit dashed"),
            None => ("top-k off".to_owned(), "line-ink lit dotted"),
        };
        let above = down > bottom - 18.0;
        moved(
            (0.0, down),
            "move",
            html! {
                (line((places.from - 2.0, 0.0), (places.to + 4.0, 0.0), class))
                g data-drag="cut" data-value="k" {
                    (rect(Area::new(places.from, -13.0, places.width - places.from, 26.0), "hit"))
                    (path(&Path::through([(places.to + 2.0, 0.0), (places.to + 12.0, -7.0), (places.to + 12.0, 7.0)]).closed(), "fill-ink"))
                }
                (text((places.from + 7.0, if above { -6.0 } else { 15.0 }), &words, "small strong halo"))
            },
        )
    }
}

impl Row {
    /// A bar that begins where the one above ends. What is cut is dashed.
    fn view(&self, y: f64, at: usize, places: &Places) -> Markup {
        let shares = places.shares();
        let (from, to) = (shares.place(self.from), shares.place(self.from + self.share));
        let kept = shares.place(self.from + self.kept);
        let stays = self.kept > 0.0;
        let whole = self.kept > self.share * 0.9999;
        let bar = |to: f64| Area::new(from, y + 3.0, (to - from).max(1.5), ROW - 6.0);
        let class = if stays { "end small strong" } else { "end small muted" };
        let base = y + ROW / 2.0 + 4.0;
        html! {
            (text((places.from - 44.0, base), &label::fitted(&self.name, 12.0, places.from - 46.0), class))
            (text((places.from - 8.0, base), &share(self.share as f32), class))
            (line((from, y - 3.0), (from, y + 3.0), if at == 0 { "gone" } else { "line-edge move" }))
            (rect(bar(to), if whole { "fill-bg line-edge dashed move gone" } else { "fill-bg line-edge dashed move" }))
            (rect(bar(kept), if stays { "fill-accent move" } else { "fill-accent move gone" }))
            (text((places.width, base), &if stays { share(self.after as f32) } else { "–".to_owned() }, class))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_token_is_in_one_row() {
        for vocabulary in [1, 6, 9, 10, 50, 51, 300, 5000, 5001, 49_152] {
            let rows = ranks(vocabulary);
            assert_eq!((rows[0][0], rows[rows.len() - 1][1]), (0, vocabulary));
            assert!(rows.windows(2).all(|pair| pair[0][1] == pair[1][0]), "{rows:?}");
            assert!(rows.iter().all(|[from, end]| from < end));
        }
    }

    #[test]
    fn the_lines_are_where_they_were_put() {
        for vocabulary in [6, 300, 49_152] {
            let all = vocabulary.min(LARGEST_K + 1);
            for k in (1..all).map(Some).chain([None]) {
                let down = k.map_or(ranks(vocabulary).len() as f64, |k| depth(k, vocabulary));
                let got = top_k_at((0.0, TOP + down * ROW), vocabulary, all);
                // The last k of the list may end where the picture ends, as none does.
                assert_eq!(got, k, "{vocabulary}");
            }
        }
        for percent in [5, 50, 80, 100] {
            for (narrow, among) in [(false, 1.0), (true, 0.87)] {
                let x = Places::of(narrow).shares().place(percent as f64 / 100.0 * among);
                assert_eq!(top_p_at((x, 0.0), among, narrow), percent);
            }
        }
    }
}
