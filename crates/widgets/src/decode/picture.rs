//! The picture: the same step twice. Without a cache all keys, all values and the whole triangle of
//! scores are made; with one, a key, a value and a row.

use maud::{Markup, html};

use super::{Decode, State, made};
use crate::draw::label::fitted;
use crate::draw::mark::{Area, circle, gliding, line, path, rect, rounded, text};
use crate::draw::path::Path;
use crate::draw::picture::svg;
use crate::draw::role::{heat_fill, heat_ink};
use crate::draw::{NARROW, Point, WIDE};
use crate::show::{grouped, share};

/// Below this weight no digits are printed.
const QUIET: f32 = 0.05;

/// Where the parts of the picture stand.
pub(super) struct Layout {
    size: (f64, f64),
    narrow: bool,
    /// The upper left corners of both ways.
    ways: [Point; 2],
    /// How wide all columns are together, and how high all rows.
    cells: (f64, f64),
    /// How high a shelf is.
    shelf: f64,
    /// The counters: left, top and width.
    counters: [(f64, f64, f64); 2],
}

/// Where there is room.
pub(super) const BROAD: Layout = Layout {
    size: (WIDE, 398.0),
    narrow: false,
    ways: [(0.0, 0.0), (428.0, 0.0)],
    cells: (260.0, 230.0),
    shelf: 19.0,
    counters: [(0.0, 348.0, 390.0), (428.0, 348.0, 390.0)],
};

/// On a phone.
pub(super) const SLIM: Layout = Layout {
    size: (NARROW, 526.0),
    narrow: true,
    ways: [(0.0, 0.0), (0.0, 236.0)],
    cells: (220.0, 160.0),
    shelf: 14.0,
    counters: [(0.0, 480.0, 166.0), (180.0, 480.0, 166.0)],
};

/// How much room the letters K and V take.
const NAME: f64 = 20.0;

/// One way to do the step.
struct Way<'a> {
    widget: &'a Decode,
    layout: &'a Layout,
    /// How many tokens have been read.
    read: usize,
    cached: bool,
    at: Point,
}

/// The picture of a step.
pub(super) fn drawing(widget: &Decode, state: &State, layout: &Layout) -> Markup {
    let read = state.step + 1;
    let [without, with] = made(read);
    let label = format!(
        "At token {read}, “{}”: without a cache {} keys, {} values and {} scores are made; with a \
         cache one key, one value and {} scores",
        widget.setup.words[state.step], without.keys, without.keys, without.scores, with.scores
    );
    let [first, second] = layout.counters;
    let keys = if layout.narrow { "Keys so far" } else { "Keys made so far, and as many values" };
    let marks = html! {
        @for (cached, at) in [false, true].into_iter().zip(layout.ways) {
            (Way { widget, layout, read, cached, at }.view())
        }
        (counter(first, keys, [without.keys_so_far, with.keys_so_far], "fill-key"))
        (counter(second, "Scores made so far", [without.scores_so_far, with.scores_so_far], "fill-edge"))
    };
    svg(layout.size, "img", &label, marks)
}

impl Way<'_> {
    fn tokens(&self) -> usize {
        self.widget.setup.words.len()
    }

    fn cell(&self) -> (f64, f64) {
        let (width, height) = self.layout.cells;
        (width / self.tokens() as f64, height / self.tokens() as f64)
    }

    fn view(&self) -> Markup {
        let (x, y) = self.at;
        let (title, more) = match (self.cached, self.layout.narrow) {
            (false, false) => ("Without a cache", "everything again, for each new token"),
            (false, true) => ("Without a cache", "everything again"),
            (true, false) => ("With a cache", "one new row; the rest is kept"),
            (true, true) => ("With a cache", "one new row"),
        };
        let [without, with] = made(self.read);
        let made = if self.cached { with } else { without };
        let scores = match made.scores {
            1 => "1 score now".to_owned(),
            many => format!("{} scores now", grouped(many as u64)),
        };
        let shelves = y + 22.0;
        let triangle = shelves + 2.0 * self.layout.shelf + 12.0;
        let right = x + NAME + self.layout.cells.0;
        html! {
            (text((x, y + 12.0), title, "strong"))
            (text((x + 126.0, y + 12.0), more, "small muted"))
            (self.shelf(shelves, "K", ["fill-key", "tint-key", "line-key", "ink-key"]))
            (self.shelf(shelves + self.layout.shelf + 4.0, "V", ["fill-value", "tint-value", "line-value", "ink-value"]))
            @for row in 0..self.tokens() { (self.row(triangle, row)) }
            (self.frame(triangle))
            (text((right, triangle + 13.0), &scores, "end strong"))
        }
    }

    /// The keys or the values: those that are made now are full, those that are kept are pale and
    /// carry their sign.
    fn shelf(&self, y: f64, name: &str, [full, pale, edge, ink]: [&str; 4]) -> Markup {
        let (x, (width, _), height) = (self.at.0, self.cell(), self.layout.shelf);
        let said = match (self.cached, self.read - 1) {
            (false, _) => format!("{} made", self.read),
            (true, 0) => "1 new".to_owned(),
            (true, kept) => format!("1 new, {kept} kept"),
        };
        html! {
            (text((x + NAME - 7.0, y + height / 2.0 + 5.0), name, &format!("end strong {ink}")))
            @for token in 0..self.tokens() {
                @let area = Area::new(x + NAME + token as f64 * width + 1.0, y, width - 2.0, height);
                @let there = token < self.read;
                @let kept = there && self.cached && token + 1 < self.read;
                (rounded(area, 2.0, "line-hair dotted"))
                (rounded(area, 2.0, &format!("{} {edge} move{}", if kept { pale } else { full }, if there { "" } else { " gone" })))
                (sign(name, area.middle(), if kept { full } else { "gone" }))
            }
            (text((x + NAME + self.layout.cells.0 + 6.0, y + height / 2.0 + 4.5), &said, "small strong"))
        }
    }

    /// A row of the triangle: what a token looks at.
    fn row(&self, top: f64, row: usize) -> Markup {
        let (width, height) = self.cell();
        let (left, y) = (self.at.0 + NAME, top + row as f64 * height);
        let (now, past) = (row + 1 == self.read, row + 1 < self.read);
        let made = now || (past && !self.cached);
        let word = &self.widget.setup.words[row];
        let ink = match (now, past && self.cached) {
            (true, _) => "small strong ink-query",
            (_, true) => "small muted",
            _ => "small",
        };
        let end = left + (row + 1) as f64 * width;
        let room = self.at.0 + if self.layout.narrow { NARROW } else { 402.0 } - end - 6.0;
        let middle = y + height / 2.0;
        let kept = if past && self.cached { "line-edge" } else { "gone" };
        html! {
            @for key in 0..=row {
                @let area = Area::new(left + key as f64 * width + 0.5, y + 0.5, width - 1.0, height - 1.0);
                @let weight = self.widget.weight(row, key);
                @let fill = weight.map_or_else(|| "scores".to_owned(), heat_fill);
                (rect(area, "line-hair"))
                (rect(area, &format!("{fill} line-edge move{}", if made { "" } else { " gone" })))
                @let printed = weight.filter(|weight| now && *weight >= QUIET);
                @let ink = weight.map_or_else(String::new, heat_ink);
                (text((area.middle().0, middle + 4.0), &printed.map_or_else(String::new, share), &format!("mid least {ink}")))
            }
            (line((left + 3.0, middle), (end - 3.0, middle), kept))
            (text((end + 6.0, middle + 4.5), &if row < self.read { fitted(word, 12.0, room) } else { String::new() }, ink))
        }
    }

    /// A frame around the row that the new token makes.
    fn frame(&self, top: f64) -> Markup {
        let (width, height) = self.cell();
        let y = top + (self.read - 1) as f64 * height;
        let area = Area::new(self.at.0 + NAME, y, self.read as f64 * width, height);
        rounded(area.grown(1.5), 2.0, "line-query bold move")
    }
}

/// The sign of a kept key, a tag, or of a kept value, a dot.
fn sign(name: &str, (x, y): Point, class: &str) -> Markup {
    if name == "V" {
        return circle((x, y), 3.0, class);
    }
    let tag = [(-4.0, -3.0), (1.5, -3.0), (5.0, 0.0), (1.5, 3.0), (-4.0, 3.0)];
    path(&Path::through(tag.map(|(right, down)| (x + right, y + down))).closed(), class)
}

/// Two bars, without a cache and with one, on one scale.
fn counter((x, y, room): (f64, f64, f64), title: &str, counts: [usize; 2], fill: &str) -> Markup {
    let start = x + 56.0;
    let most = counts.into_iter().max().unwrap_or(1).max(1) as f64;
    let scale = (room - 56.0 - 40.0) / most;
    html! {
        (text((x, y), title, "small strong"))
        @for (place, (name, count)) in ["without", "with"].into_iter().zip(counts).enumerate() {
            @let (top, long) = (y + 7.0 + place as f64 * 19.0, count as f64 * scale);
            (text((start - 7.0, top + 11.0), name, "small end"))
            (rect(Area::new(start, top, long, 13.0), &format!("{fill} move")))
            (gliding((start + long + 6.0, top + 11.0), &grouped(count as u64), "small strong"))
        }
    }
}
