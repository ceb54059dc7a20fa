//! The large picture on a phone: rails run down, and attention goes from left to right between
//! them.

use maud::{Markup, html};

use super::glyph::{self, letter, pill, plus};
use super::part::Part;
use super::pieces::{Pieces, arrow, output_matrix, token, wire};
use crate::draw::NARROW;
use crate::draw::label::width;
use crate::draw::mark::{Area, circle, line, path, rect, rounded, text};
use crate::draw::path::Path;
use crate::draw::role::Role;

const HEIGHT: f64 = 482.0;

/// The rail of the last token, and the first of the others.
const RAIL: f64 = 306.0;
const FIRST: f64 = 7.0;
const PITCH: f64 = 7.0;

/// Where rails are read, and the two ways on from there: for earlier tokens, and for the last one.
const READ: f64 = 92.0;
const EARLIER: f64 = 113.0;
const LAST: f64 = 120.0;

/// The upper edge of the matrices, and of the heads below them.
const MATRICES: f64 = 128.0;
const HEADS: f64 = 164.0;

/// The middle of the row of maps, and a map's side.
const ROW: f64 = 227.0;
const MAP: f64 = 38.0;

/// The middles of keys, queries and values.
const KEYS: f64 = 53.0;
const QUERIES: f64 = 115.0;
const VALUES: f64 = 190.0;

/// Where feed-forward is added, and where the last norm is.
const SECOND: f64 = 312.0;
const END: f64 = 404.0;

impl Pieces<'_> {
    /// The picture on a phone.
    pub(super) fn narrow(&self) -> Markup {
        let layers = format!("one of {} layers", self.setup.shape.layers);
        let marks = html! {
            (rounded(Area::new(1.0, 70.0, 344.0, 274.0), 8.0, "line-edge thin dotted"))
            (self.rails_down())
            (self.both_sides())
            (self.row_of_maps())
            (self.alone())
            (text((44.0, 339.0), &layers, "small muted"))
            (self.down_and_out())
        };
        self.drawing((NARROW, HEIGHT), marks)
    }

    /// The boxes of the earlier tokens, side by side.
    fn boxes(&self) -> Vec<Area> {
        let words = self.words();
        let mut x = 2.0;
        let place = |word: &String| {
            let area = Area::new(x, 2.0, (width(word, 12.0) + 10.0).max(24.0), 22.0);
            x = area.right() + 5.0;
            area
        };
        words[..words.len() - 1].iter().map(place).collect()
    }

    fn rails_down(&self) -> Markup {
        let (boxes, words) = (self.boxes(), self.words());
        let last = Area::new(RAIL - 26.0, 1.0, 52.0, 24.0);
        let all = || boxes.iter().map(|area| area.middle().0).chain([RAIL]);
        let rail = html! {
            @for (at, x) in all().take(boxes.len()).enumerate() {
                @let to = FIRST + at as f64 * PITCH;
                (path(&Path::new((x, 48.0)).curve((x, 62.0), (to, 56.0), (to, 74.0)).line((to, 336.0)), "line-edge part"))
            }
            (line((RAIL, 48.0), (RAIL, END - 8.0), "line-ink rail"))
        };
        let tokens = html! {
            @for (area, word) in boxes.iter().zip(&words) { (token(*area, word, false)) }
            (token(last, &words[boxes.len()], true))
            @let free = (boxes.last().map_or(0.0, Area::right) + last.x) / 2.0;
            (text((free, 17.5), "tokens", "small mid muted"))
        };
        let table = Area::new(2.0, 32.0, 342.0, 16.0);
        let embedding = html! {
            @for x in all() { (line((x, 24.0), (x, 32.0), "line-edge part")) }
            (rect(table, "fill-bg"))
            (path(&glyph::strip(table, 60), "line-hair"))
            (rect(table, "line-edge part"))
            @for x in all() { (rect(Area::new(x - 3.5, 32.0, 7.0, 16.0), "fill-edge")) }
            (rect(Area::new(207.0, 33.0, 70.0, 14.0), "fill-bg"))
            (text((242.0, 44.0), "embedding", "small mid"))
        };
        html! {
            (self.piece(Part::Rail, Area::new(RAIL - 13.0, 54.0, 26.0, 336.0), rail))
            (self.piece(Part::Tokens, Area::new(0.0, 0.0, NARROW, 26.0), tokens))
            (self.piece(Part::Embedding, Area::new(0.0, 29.0, NARROW, 24.0), embedding))
        }
    }

    /// Keys and values from all rails, queries from the last one alone.
    fn both_sides(&self) -> Markup {
        let others = self.setup.tokens.len() - 1;
        let first = html! {
            (line((FIRST, READ), (47.0, READ), "line-edge part"))
            @for at in 0..others { (circle((FIRST + at as f64 * PITCH, READ), 2.5, "fill-edge")) }
        };
        let matrix =
            |role, name, x: f64| letter(role, name, Area::new(x - 18.0, MATRICES, 36.0, 26.0));
        let around = |x: f64| Area::new(x - 21.0, MATRICES - 3.0, 42.0, 32.0);
        let kept = |x: f64| Area::new(x - 25.0, HEADS - 4.0, 50.0, 28.0);
        let left = glyph::HEADS / 2.0;
        let cache = html! {
            (rounded(kept(VALUES), 5.0, "line-edge part dashed"))
            (self.shared_heads((VALUES - left, HEADS), 20.0, Role::Value))
            (text((VALUES + 31.0, HEADS + 14.0), "kept", "small muted"))
        };
        let keys = html! {
            (rounded(kept(KEYS), 5.0, "line-edge part dashed"))
            (self.shared_heads((KEYS - left, HEADS), 20.0, Role::Key))
        };
        html! {
            (self.piece(Part::Others, Area::new(1.0, READ - 13.0, 44.0, 26.0), first))
            (text((93.0, READ - 4.0), "earlier tokens:", "small muted"))
            (text((93.0, READ + 11.0), "only keys and values", "small muted"))
            (wire(&[(66.0, READ), (66.0, EARLIER), (KEYS - 6.0, EARLIER), (KEYS - 6.0, MATRICES)]))
            (wire(&[(66.0, READ), (66.0, EARLIER), (VALUES - 6.0, EARLIER), (VALUES - 6.0, MATRICES)]))
            (circle((RAIL, READ), 3.2, "fill-edge"))
            (path(&Path::new((KEYS + 12.0, LAST)).line((240.0, LAST)), "line-panel rail"))
            (wire(&[(RAIL, READ), (262.0, READ), (262.0, LAST), (VALUES + 6.0, LAST), (VALUES + 6.0, MATRICES)]))
            (wire(&[(240.0, LAST), (QUERIES, LAST), (QUERIES, MATRICES)]))
            (wire(&[(240.0, LAST), (KEYS + 6.0, LAST), (KEYS + 6.0, MATRICES)]))
            (self.piece(Part::Norm, Area::new(240.0, READ - 13.0, 44.0, 26.0), pill((262.0, READ), "norm")))
            (self.twin(Part::Norm, Area::new(45.0, READ - 13.0, 42.0, 26.0), pill((66.0, READ), "norm")))
            (self.piece(Part::Keys, around(KEYS), matrix(Role::Key, "k", KEYS)))
            (self.piece(Part::Queries, around(QUERIES), matrix(Role::Query, "q", QUERIES)))
            (self.piece(Part::Values, around(VALUES), matrix(Role::Value, "v", VALUES)))
            @for (x, end) in [(KEYS, 160.0), (QUERIES, HEADS), (VALUES, 160.0)] {
                (line((x, MATRICES + 26.0), (x, end), "line-edge part"))
            }
            (self.piece(Part::Cache, kept(VALUES), cache))
            (self.twin(Part::Cache, kept(KEYS), keys))
            (self.query_heads((QUERIES - left, HEADS), 20.0, Role::Query))
        }
    }

    /// From the scores to the rail, left to right.
    fn row_of_maps(&self) -> Markup {
        let top = ROW - MAP / 2.0;
        let area = |x: f64| Area::new(x, top, MAP, MAP);
        let hit = |x: f64, width: f64| Area::new(x, top - 4.0, width, MAP + 24.0);
        let below = |x: f64, name: &str| text((x, top + MAP + 15.0), name, "least mid");
        let map = |x: f64, name: &str, map: Markup| html! { (map) (below(x + MAP / 2.0, name)) };
        let mix = html! {
            (circle((VALUES, ROW), 10.0, "fill-bg line-edge part"))
            (text((VALUES, ROW + 4.5), "×", "mid strong"))
            (below(VALUES + 1.0, "mix"))
        };
        let outputs = html! {
            (self.query_heads((206.0, ROW - 11.0), 22.0, Role::Output))
            (below(227.0, "outputs"))
        };
        let matrix = Area::new(256.0, ROW - 15.0, 28.0, 30.0);
        let bands = html! {
            (rect(matrix, "fill-bg"))
            (path(&glyph::table(matrix, self.setup.shape.heads), "line-hair"))
            (rect(matrix, "line-edge part"))
            (output_matrix((270.0, top + MAP + 15.0), "least mid"))
        };
        html! {
            (line((KEYS, HEADS + 24.0), (KEYS, top), "line-edge part"))
            (wire(&[(QUERIES, HEADS + 20.0), (QUERIES, 197.0), (KEYS + 10.0, 197.0), (KEYS + 10.0, top)]))
            (line((VALUES, HEADS + 24.0), (VALUES, ROW - 10.0), "line-edge part"))
            (self.piece(Part::Scores, hit(30.0, 46.0), map(34.0, "scores", self.square(area(34.0), false))))
            (self.piece(Part::Mask, hit(80.0, 46.0), map(84.0, "mask", self.square(area(84.0), true))))
            (self.piece(Part::Softmax, hit(128.0, 49.0), map(134.0, "softmax", self.map(area(134.0)))))
            (self.piece(Part::Mix, hit(178.0, 25.0), mix))
            (self.piece(Part::Outputs, hit(204.0, 46.0), outputs))
            (self.piece(Part::OutputMatrix, hit(252.0, 36.0), bands))
            @for (from, to) in [(72.5, 83.0), (122.5, 133.0)] { (arrow(&[(from, ROW), (to, ROW)], "line-edge part")) }
            @for (from, to) in [(172.5, 180.0), (200.0, 205.0), (248.5, 256.0)] {
                (line((from, ROW), (to, ROW), "line-edge part"))
            }
            (arrow(&[(284.0, ROW), (RAIL - 10.0, ROW)], "line-edge part"))
            (self.piece(Part::Add, Area::new(RAIL - 13.0, ROW - 13.0, 26.0, 26.0), plus((RAIL, ROW), 9.5, "fill-bg line-ink lit")))
        }
    }

    /// Feed-forward: no line to another rail.
    fn alone(&self) -> Markup {
        let body = Area::new(196.0, SECOND - 20.0, 54.0, 40.0);
        let alone = html! {
            (path(&glyph::octagon(body, (16.0, 10.0)), "fill-bg line-edge part"))
            (text((188.0, SECOND - 7.0), "feed-forward", "small end"))
            (text((188.0, SECOND + 8.0), "this token alone", "small end muted"))
        };
        html! {
            (wire(&[(RAIL, SECOND - 32.0), (223.0, SECOND - 32.0), (223.0, SECOND - 20.0)]))
            (circle((RAIL, SECOND - 32.0), 3.2, "fill-edge"))
            (self.twin(Part::Norm, Area::new(246.0, SECOND - 45.0, 42.0, 26.0), pill((267.0, SECOND - 32.0), "norm")))
            (self.piece(Part::FeedForward, Area::new(88.0, SECOND - 22.0, 164.0, 44.0), alone))
            (arrow(&[(250.0, SECOND), (RAIL - 10.0, SECOND)], "line-edge part"))
            (self.twin(Part::Add, Area::new(RAIL - 13.0, SECOND - 13.0, 26.0, 26.0), plus((RAIL, SECOND), 9.5, "fill-bg line-ink lit")))
        }
    }

    /// The other layers, and from the rail's end to the next token.
    fn down_and_out(&self) -> Markup {
        let others = self.others();
        let along = (0.0, 38.0 / (others.max(2) - 1) as f64);
        let layers = html! {
            @for side in [-1.0, 1.0] {
                (path(&glyph::ticks((RAIL + side * 6.0, 351.0), others, along, (side * 9.0, 0.0)), "line-edge part"))
            }
            (text((RAIL - 20.0, 374.0), &format!("{others} more"), "small end"))
        };
        let table = Area::new(222.0, END - 16.0, 52.0, 32.0);
        let unembedding = html! {
            (rect(table, "fill-bg"))
            (path(&glyph::table(table, 7), "line-hair"))
            (rect(table, "line-edge part"))
            (text((248.0, END + 30.0), "unembedding", "small mid"))
        };
        let likely = html! {
            (text((62.0, 360.0), "how likely next", "small muted"))
            (self.likely((112.0, 384.0), 20.0, 56.0))
        };
        let next = rounded(Area::new(54.0, 368.0, 63.0, 24.0), 5.0, "line-ink lit");
        html! {
            (self.piece(Part::Layers, Area::new(RAIL - 70.0, 347.0, 87.0, 44.0), layers))
            (self.piece(Part::LastNorm, Area::new(RAIL - 22.0, END - 13.0, 44.0, 26.0), pill((RAIL, END), "norm")))
            (line((RAIL - 19.0, END), (274.0, END), "line-edge part"))
            (self.piece(Part::Unembedding, Area::new(210.0, END - 19.0, 72.0, 54.0), unembedding))
            (arrow(&[(221.0, END), (206.0, END)], "line-edge part"))
            (self.piece(Part::Logits, Area::new(60.0, 347.0, 144.0, 124.0), likely))
            (self.piece(Part::Next, Area::new(51.0, 365.0, 69.0, 30.0), next))
            (arrow(&[(54.0, 380.0), (12.0, 380.0), (12.0, 470.0), (24.0, 470.0)], "line-edge part dashed"))
            (text((30.0, 479.0), "it joins the text, and everything runs again", "small muted"))
        }
    }
}
