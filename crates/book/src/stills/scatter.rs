//! One point for each head of the model, layer by layer.

use maud::{Markup, html};
use widgets::draw::label::{Label, place};
use widgets::draw::mark::{Area, circle, line, text};
use widgets::draw::picture::svg;
use widgets::draw::scale::Scale;
use widgets::draw::{NARROW, Point, WIDE, axis};

/// What the points show.
pub(super) struct Scatter<'a> {
    /// What the picture shows, for who cannot see it.
    pub(super) label: &'a str,
    /// What a point's height says.
    pub(super) upward: &'a str,
    /// A number for each head: `[layers][heads]`.
    pub(super) heads: &'a [Vec<f64>],
    /// The least and the largest number that have room.
    pub(super) ends: [f64; 2],
    /// Whether each factor is the same distance.
    pub(super) logarithmic: bool,
    /// Numbers at the left edge.
    pub(super) ticks: &'a [f64],
    /// How such a number looks.
    pub(super) shown: fn(f64) -> String,
    /// The heads that are named, as layer and place.
    pub(super) named: &'a [(usize, usize)],
    /// A line across the picture: what it says, and where it is.
    pub(super) across: (&'a str, f64),
}

impl Scatter<'_> {
    pub(super) fn wide(&self) -> Markup {
        self.drawn((WIDE, 300.0), 5)
    }

    pub(super) fn narrow(&self) -> Markup {
        self.drawn((NARROW, 300.0), 10)
    }

    /// The picture of this size, with a number below every so many layers.
    fn drawn(&self, size: Point, every: usize) -> Markup {
        let plot = Area::new(40.0, 28.0, size.0 - 40.0 - 66.0, size.1 - 28.0 - 40.0);
        let last = self.heads.len() as f64 - 0.5;
        let across = Scale::linear([-0.5, last], [plot.x, plot.right()]);
        let bend = if self.logarithmic { Scale::logarithmic } else { Scale::linear };
        let up = bend(self.ends, [plot.bottom(), plot.y]);
        let at = |layer: usize, head: usize| -> Point {
            let aside = (head as f64 + 0.5) / self.heads[layer].len() as f64 - 0.5;
            (across.place(layer as f64 + 0.8 * aside), up.place(self.heads[layer][head]))
        };
        let layers: Vec<f64> =
            (0..self.heads.len()).step_by(every).map(|layer| layer as f64).collect();
        let y = up.place(self.across.1);
        html! {
            (svg(size, "img", self.label, html! {
                (text((0.0, 14.0), self.upward, "small strong"))
                (axis::rules(&up, [plot.x, plot.right()], self.ticks))
                (axis::beside(&up, plot.x, self.ticks, self.shown))
                (axis::below(&across, plot.bottom(), &layers, |layer| format!("{layer:.0}")))
                (text((plot.middle().0, size.1 - 6.0), "layer", "mid small muted"))
                @for (layer, heads) in self.heads.iter().enumerate() {
                    @for head in 0..heads.len() {
                        @let named = self.named.contains(&(layer, head));
                        @let class = if named { "fill-accent line-panel" } else { "fill-edge" };
                        (circle(at(layer, head), if named { 4.5 } else { 2.2 }, class))
                    }
                }
                (line((plot.x, y), (plot.right() + 4.0, y), "line-accent part dashed"))
                (text((plot.right() + 8.0, y + 4.0), self.across.0, "small ink-accent"))
                (self.names(plot, at))
            }))
        }
    }

    fn names(&self, plot: Area, at: impl Fn(usize, usize) -> Point) -> Markup {
        let names: Vec<String> =
            self.named.iter().map(|(layer, head)| format!("{layer}·{head}")).collect();
        let points: Vec<Point> = self.named.iter().map(|&(layer, head)| at(layer, head)).collect();
        let labels: Vec<Label<'_>> = names
            .iter()
            .zip(&points)
            .map(|(text, &at)| Label { text, size: 12.0, at, gap: 8.0 })
            .collect();
        let taken: Vec<Area> =
            points.iter().map(|&(x, y)| Area::new(x, y, 0.0, 0.0).grown(5.0)).collect();
        html! {
            @for (name, placed) in names.iter().zip(place(&labels, plot, &taken)) {
                (text(placed.start, name, "small strong halo"))
            }
        }
    }
}
