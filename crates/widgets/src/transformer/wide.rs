//! The large picture where there is room: rails run to the right.

use maud::{Markup, html};

use super::glyph::{self, letter, pill, plus};
use super::part::Part;
use super::pieces::{Pieces, arrow, output_matrix, token, wire};
use crate::draw::mark::{Area, circle, line, path, rect, rounded, text};
use crate::draw::path::Path;
use crate::draw::role::Role;
use crate::draw::{Point, WIDE};

/// The rail of the last token, and how high the picture is.
const RAIL: f64 = 316.0;
const HEIGHT: f64 = 434.0;

/// The first of the other rails, and from one to the next.
const FIRST: f64 = 38.0;
const PITCH: f64 = 24.0;

/// The middle of the row of maps, and a map's side.
const ROW: f64 = 248.0;
const MAP: f64 = 54.0;

/// Where what comes from earlier tokens goes down, and where what comes from the last one goes up.
const EARLIER: f64 = 146.0;
const LAST: f64 = 154.0;

impl Pieces<'_> {
    /// The picture where there is room.
    pub(super) fn wide(&self) -> Markup {
        let marks = html! {
            (frame())
            (self.rails_right())
            (self.attention_of_all())
            (self.maps_right())
            (self.back_to_the_rail())
            (self.out_of_the_model())
        };
        self.drawing((WIDE, HEIGHT), marks)
    }

    /// The other tokens' rails, from the top.
    fn others_at(&self) -> Vec<f64> {
        (1..self.setup.tokens.len()).map(|at| FIRST + (at - 1) as f64 * PITCH).collect()
    }

    fn rails_right(&self) -> Markup {
        let (others, words) = (self.others_at(), self.words());
        let all = || others.iter().copied().chain([RAIL]);
        let last = words.len() - 1;
        let numbers =
            format!("residual stream: {} numbers for each token", self.setup.shape.d_model);
        let rail = html! {
            @for y in &others { (line((112.0, *y), (676.0, *y), "line-edge part")) }
            (line((112.0, RAIL), (746.0, RAIL), "line-ink rail"))
            (text((186.0, RAIL + 24.0), &numbers, "small muted"))
        };
        let tokens = html! {
            @for (y, word) in others.iter().zip(&words) {
                (token(Area::new(2.0, y - 10.0, 58.0, 20.0), word, false))
            }
            (token(Area::new(2.0, RAIL - 14.0, 58.0, 28.0), &words[last], true))
            (text((31.0, 14.0), "tokens", "small mid muted"))
        };
        let table = Area::new(84.0, 24.0, 28.0, RAIL - 4.0);
        let embedding = html! {
            @for y in all() { (line((60.0, y), (84.0, y), "line-edge part")) }
            (rect(table, "fill-bg"))
            (path(&glyph::table(table, 36), "line-hair"))
            (rect(table, "line-edge part"))
            @for y in all() { (rect(Area::new(84.0, y - 3.5, 28.0, 7.0), "fill-edge")) }
            (text((99.0, 14.0), "embedding", "small mid muted"))
        };
        html! {
            (self.piece(Part::Tokens, Area::new(0.0, 20.0, 62.0, RAIL - 2.0), tokens))
            (self.piece(Part::Embedding, Area::new(82.0, 20.0, 32.0, RAIL + 2.0), embedding))
            (self.piece(Part::Rail, Area::new(116.0, RAIL - 13.0, 632.0, 26.0), rail))
        }
    }

    /// From the rails through a norm to keys, values and queries.
    fn attention_of_all(&self) -> Markup {
        let others = self.others_at();
        let (top, shape) = (others[0], &self.setup.shape);
        let others_in = html! {
            (wire(&[(EARLIER, top), (EARLIER, 120.0)]))
            @for y in &others { (circle((EARLIER, *y), 3.0, "fill-edge")) }
            (text((160.0, 152.0), "earlier tokens: only their keys and values", "small muted halo"))
        };
        let kept = Area::new(218.0, 159.0, 56.0, 88.0);
        let cache = html! {
            (rounded(kept, 5.0, "line-edge part dashed"))
            (self.shared_heads((225.0, 164.0), 30.0, Role::Value))
            (self.shared_heads((225.0, 212.0), 30.0, Role::Key))
            (text((246.0, 207.0), "kept", "small mid muted"))
        };
        html! {
            (self.piece(Part::Others, Area::new(132.0, top - 12.0, 28.0, 100.0), others_in))
            (wire(&[(EARLIER, 138.0), (EARLIER, 174.0), (172.0, 174.0)]))
            (wire(&[(EARLIER, 160.0), (EARLIER, 222.0), (172.0, 222.0)]))
            (path(&Path::bent(&[(LAST, 285.0), (LAST, 184.0), (172.0, 184.0)], 7.0), "line-panel rail"))
            (wire(&[(LAST, RAIL), (LAST, 184.0), (172.0, 184.0)]))
            (wire(&[(LAST, 250.0), (LAST, 232.0), (172.0, 232.0)]))
            (wire(&[(LAST, 285.0), (LAST, 269.0), (172.0, 269.0)]))
            (circle((LAST, RAIL), 3.2, "fill-edge"))
            (self.piece(Part::Norm, Area::new(132.0, 281.0, 44.0, 26.0), pill((LAST, 294.0), "norm")))
            (self.twin(Part::Norm, Area::new(124.0, 116.0, 44.0, 26.0), pill((EARLIER, 129.0), "norm")))
            (self.piece(Part::Values, Area::new(168.0, 161.0, 44.0, 36.0), letter(Role::Value, "v", Area::new(172.0, 164.0, 36.0, 30.0))))
            (self.piece(Part::Keys, Area::new(168.0, 209.0, 44.0, 36.0), letter(Role::Key, "k", Area::new(172.0, 212.0, 36.0, 30.0))))
            (self.piece(Part::Queries, Area::new(168.0, 251.0, 44.0, 36.0), letter(Role::Query, "q", Area::new(172.0, 254.0, 36.0, 30.0))))
            @for (y, end) in [(179.0, 218.0), (227.0, 218.0), (269.0, 224.0)] {
                (line((208.0, y), (end, y), "line-edge part"))
            }
            (self.piece(Part::Cache, kept.grown(3.0), cache))
            (self.query_heads((225.0, 254.0), 30.0, Role::Query))
            (text((246.0, 301.0), &format!("{} heads", shape.heads), "small mid muted"))
            (text((280.0, 196.0), &format!("{} heads", shape.kv_heads), "small muted"))
        }
    }

    /// Scores, mask, softmax, and the mix with the values.
    fn maps_right(&self) -> Markup {
        let area = |x: f64| Area::new(x, ROW - MAP / 2.0, MAP, MAP);
        let hit = |x: f64| Area::new(x - 4.0, ROW - MAP / 2.0 - 4.0, MAP + 8.0, MAP + 26.0);
        let below = |x: f64, name: &str| text((x, ROW + 43.0), name, "small mid");
        let named = |x: f64, name: &str, map: Markup| html! { (map) (below(x + MAP / 2.0, name)) };
        let mix = html! {
            (circle((500.0, ROW), 11.0, "fill-bg line-edge part"))
            (text((500.0, ROW + 5.0), "×", "mid strong"))
            (below(501.0, "mix"))
        };
        html! {
            (path(&Path::crossing((274.0, 227.0), (292.0, ROW - 6.0)), "line-edge part"))
            (path(&Path::crossing((267.0, 269.0), (292.0, ROW + 6.0)), "line-edge part"))
            (self.piece(Part::Scores, hit(292.0), named(292.0, "scores", self.square(area(292.0), false))))
            (self.piece(Part::Mask, hit(360.0), named(360.0, "mask", self.square(area(360.0), true))))
            (self.piece(Part::Softmax, hit(428.0), named(428.0, "softmax", self.map(area(428.0)))))
            @for (from, to) in [(347.0, 359.0), (415.0, 427.0)] {
                (arrow(&[(from, ROW), (to, ROW)], "line-edge part"))
            }
            (line((482.0, ROW), (489.0, ROW), "line-edge part"))
            (wire(&[(274.0, 179.0), (500.0, 179.0), (500.0, ROW - 11.0)]))
            (self.piece(Part::Mix, Area::new(487.0, ROW - 31.0, 26.0, 80.0), mix))
        }
    }

    /// Outputs, the output matrix, and feed-forward: each is added to the rail.
    fn back_to_the_rail(&self) -> Markup {
        let outputs = html! {
            (self.query_heads((519.0, ROW - 15.0), 30.0, Role::Output))
            (text((540.0, ROW + 43.0), "outputs", "small mid"))
        };
        let matrix = Area::new(569.0, ROW - 17.0, 34.0, 34.0);
        let bands = html! {
            (rect(matrix, "fill-bg"))
            (path(&glyph::table(matrix, self.setup.shape.heads), "line-hair"))
            (rect(matrix, "line-edge part"))
            (output_matrix((586.0, ROW + 43.0), "small mid"))
        };
        let body = Area::new(608.0, RAIL + 42.0, 54.0, 42.0);
        let alone = html! {
            (path(&glyph::octagon(body, (16.0, 11.0)), "fill-bg line-edge part"))
            (text((600.0, RAIL + 60.0), "feed-forward", "end"))
            (text((600.0, RAIL + 76.0), "this token alone", "small end muted"))
        };
        let sum = |x: f64| plus((x, RAIL), 9.5, "fill-bg line-ink lit");
        let around = |x: f64| Area::new(x - 13.0, RAIL - 13.0, 26.0, 26.0);
        html! {
            @for (from, to) in [(511.0, 518.0), (561.0, 569.0)] { (line((from, ROW), (to, ROW), "line-edge part")) }
            (self.piece(Part::Outputs, Area::new(516.0, ROW - 31.0, 48.0, 80.0), outputs))
            (self.piece(Part::OutputMatrix, Area::new(566.0, ROW - 31.0, 40.0, 80.0), bands))
            (wire(&[(603.0, ROW), (616.0, ROW), (616.0, RAIL - 9.0)]))
            (self.piece(Part::Add, around(616.0), sum(616.0)))
            (line((641.0, RAIL), (641.0, RAIL + 42.0), "line-edge part"))
            (circle((641.0, RAIL), 3.2, "fill-edge"))
            (self.twin(Part::Norm, Area::new(619.0, RAIL + 13.0, 44.0, 26.0), pill((641.0, RAIL + 26.0), "norm")))
            (self.piece(Part::FeedForward, Area::new(500.0, RAIL + 39.0, 166.0, 48.0), alone))
            (wire(&[(662.0, RAIL + 63.0), (676.0, RAIL + 63.0), (676.0, RAIL + 9.0)]))
            (self.twin(Part::Add, around(676.0), sum(676.0)))
            (text((134.0, 400.0), &format!("one of {} layers", self.setup.shape.layers), "small muted"))
        }
    }

    /// The other layers, and from the rail's end to the next token.
    fn out_of_the_model(&self) -> Markup {
        let others = self.others();
        let along = (44.0 / (others.max(2) - 1) as f64, 0.0);
        let layers = html! {
            @for side in [-1.0, 1.0] {
                (path(&glyph::ticks((696.0, RAIL + side * 6.0), others, along, (0.0, side * 9.0)), "line-edge part"))
            }
            (text((718.0, RAIL - 22.0), &format!("{others} more"), "small mid"))
        };
        let table = Area::new(736.0, 228.0, 52.0, 44.0);
        let unembedding = html! {
            (rect(table, "fill-bg"))
            (path(&glyph::table(table, 9), "line-hair"))
            (rect(table, "line-edge part"))
            (text((762.0, 221.0), "unembedding", "small mid halo"))
        };
        let likely = html! {
            (text((704.0, 70.0), "how likely next", "small muted"))
            (self.likely((750.0, 94.0), 23.0, 40.0))
        };
        let next = token(Area::new(764.0, RAIL + 38.0, 62.0, 28.0), &self.next(), true);
        let back: [Point; 4] =
            [(795.0, RAIL + 66.0), (795.0, 422.0), (31.0, 422.0), (31.0, RAIL + 16.0)];
        html! {
            (self.piece(Part::Layers, Area::new(692.0, RAIL - 38.0, 52.0, 56.0), layers))
            (line((762.0, RAIL - 9.0), (762.0, 272.0), "line-edge part"))
            (self.piece(Part::LastNorm, Area::new(740.0, RAIL - 13.0, 44.0, 26.0), pill((762.0, RAIL), "norm")))
            (self.piece(Part::Unembedding, Area::new(720.0, 208.0, 84.0, 67.0), unembedding))
            (arrow(&[(762.0, 207.0), (762.0, 194.0)], "line-edge part"))
            (self.piece(Part::Logits, Area::new(690.0, 56.0, 130.0, 136.0), likely))
            (arrow(&[(814.0, 90.0), (824.0, 90.0), (824.0, RAIL + 36.0)], "line-edge part"))
            (self.piece(Part::Next, Area::new(761.0, RAIL + 35.0, 68.0, 34.0), next))
            (arrow(&back, "line-edge part dashed"))
            (rect(Area::new(196.0, 414.0, 328.0, 16.0), "fill-panel"))
            (text((360.0, 426.0), "the new token joins the text, and everything runs again", "small mid muted"))
        }
    }
}

/// What is one layer.
fn frame() -> Markup {
    rounded(Area::new(122.0, 20.0, 568.0, 390.0), 8.0, "line-edge thin dotted")
}
