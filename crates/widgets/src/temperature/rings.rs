//! The first picture: the logits and shares at one temperature, and the shares at every one.

use maud::{Markup, html};

use super::TEMPERATURES;
use super::curves::{SHOWN, Spread};
use crate::draw::mark::{Area, circle, gliding, line, moved, path, rect, stroke, text};
use crate::draw::path::Path;
use crate::draw::picture::svg;
use crate::draw::role::heat_fill;
use crate::draw::{NARROW, Point, axis, label, scale::Scale};
use crate::show::{number, share, significant};

/// How wide the curves are drawn, the likeliest first.
const STROKES: [f64; SHOWN] = [3.5, 2.75, 2.25, 1.9, 1.6, 1.4];

/// The temperatures that are printed below the curves.
const TICKS: [f32; 6] = [0.1, 0.2, 0.5, 1.0, 2.0, 5.0];

/// What the picture shows.
pub(super) struct Rings<'a> {
    /// The tokens that are told apart, and perhaps all others.
    pub names: &'a [String],
    /// The logits of the tokens that are told apart.
    pub logits: &'a [f32],
    /// The shares at each temperature of the slider.
    pub curves: &'a [Spread],
    /// Where the slider stands.
    pub step: usize,
    /// How many tokens there are.
    pub vocabulary: usize,
    /// The token that is pointed at.
    pub look: Option<usize>,
}

/// Where the curves lie: the shares, and below them the entropy.
#[derive(Debug, Clone, Copy)]
struct Plot {
    x: f64,
    width: f64,
    top: f64,
    height: f64,
    spread: f64,
    spread_height: f64,
    names: f64,
    end: f64,
}

const WIDE_PLOT: Plot = Plot {
    x: 36.0,
    width: 410.0,
    top: 24.0,
    height: 196.0,
    spread: 252.0,
    spread_height: 66.0,
    names: 464.0,
    end: 530.0,
};

const NARROW_PLOT: Plot = Plot {
    x: 38.0,
    width: 244.0,
    top: 22.0,
    height: 136.0,
    spread: 188.0,
    spread_height: 42.0,
    names: 294.0,
    end: NARROW,
};

impl Plot {
    fn right(&self) -> f64 {
        self.x + self.width
    }

    fn bottom(&self) -> f64 {
        self.spread + self.spread_height
    }

    /// Where a place of the slider is. The thumb of the slider hangs below it.
    fn step(&self, step: f64) -> f64 {
        self.x + step / (TEMPERATURES.len() - 1) as f64 * self.width
    }

    fn shares(&self) -> Scale {
        Scale::linear([0.0, 1.0], [self.top + self.height, self.top])
    }
}

/// The place of the slider that is nearest to a place in the picture.
pub(super) fn step_at((x, _): Point, narrow: bool) -> usize {
    let plot = if narrow { NARROW_PLOT } else { WIDE_PLOT };
    let last = (TEMPERATURES.len() - 1) as f64;
    Scale::linear([0.0, last], [plot.x, plot.right()]).number(x).round() as usize
}

/// Where the logits and shares at one temperature lie.
struct Columns {
    size: Point,
    /// Room for the names.
    name: f64,
    top: f64,
    row: f64,
}

impl Rings<'_> {
    fn now(&self) -> &Spread {
        &self.curves[self.step]
    }

    fn has_others(&self) -> bool {
        self.names.len() > self.logits.len()
    }

    fn temperature(&self) -> String {
        format!("T = {:.2}", TEMPERATURES[self.step])
    }

    /// The curves where there is room.
    pub(super) fn curves_wide(&self) -> Markup {
        self.curves(WIDE_PLOT, false)
    }

    /// The curves on a phone.
    pub(super) fn curves_narrow(&self) -> Markup {
        self.curves(NARROW_PLOT, true)
    }

    /// The bars where there is room.
    pub(super) fn bars_wide(&self) -> Markup {
        self.bars(&Columns { size: (300.0, 340.0), name: 84.0, top: 26.0, row: 48.0 })
    }

    /// The bars on a phone.
    pub(super) fn bars_narrow(&self) -> Markup {
        let row = 23.0;
        let height = 24.0 + row * SHOWN as f64;
        self.bars(&Columns { size: (NARROW, height), name: 96.0, top: 20.0, row })
    }

    /// The picture in words.
    fn described(&self) -> String {
        let now = self.now();
        let shares: Vec<String> = self
            .names
            .iter()
            .zip(&now.shown)
            .map(|(name, weight)| format!("{name} {}", share(*weight as f32)))
            .collect();
        format!(
            "At {}: {}; {:.2} bits, like {} equal tokens",
            self.temperature(),
            shares.join(", "),
            now.bits,
            significant(now.effective())
        )
    }

    fn curves(&self, plot: Plot, narrow: bool) -> Markup {
        let shares = plot.shares();
        let ticks: &[f64] = if narrow { &[0.0, 0.5, 1.0] } else { &[0.0, 0.25, 0.5, 0.75, 1.0] };
        let most = (self.vocabulary.max(2) as f64).log2();
        let bits = Scale::linear([0.0, most], [plot.bottom(), plot.spread]);
        let even = shares.place(1.0 / self.vocabulary as f64);
        let label = format!(
            "Curves of each token’s share over the temperature, and of the entropy. {}",
            self.described()
        );
        let marks = html! {
            (axis::rules(&shares, [plot.x, plot.right()], ticks))
            (axis::beside(&shares, plot.x, ticks, |tick| if tick == 0.0 { "0".into() } else { share(tick as f32) }))
            (text((0.0, 12.0), "share", "least muted"))
            @if !self.has_others() {
                (line((plot.x, even), (plot.right(), even), "line-edge dashed"))
                (text((plot.x + 4.0, even - 5.0), &format!("all equal: {}", share(1.0 / self.vocabulary as f32)), "least muted halo"))
            }
            (line((plot.x, plot.bottom()), (plot.right(), plot.bottom()), "line-edge part"))
            (line((plot.x, shares.place(0.0)), (plot.right(), shares.place(0.0)), "line-edge part"))
            (self.temperatures(&plot))
            (self.lines(&plot, &shares))
            (self.at_the_end(&plot, &shares))
            (axis::beside(&bits, plot.x, &[0.0, most], |tick| if tick == 0.0 || most > 5.0 { format!("{tick:.0}") } else { format!("{tick:.1}") }))
            (stroke(&Path::through(self.curves.iter().enumerate().map(|(step, it)| (plot.step(step as f64), bits.place(it.bits)))), 2.0, "line-ink round move"))
            (self.cursor(&plot, &shares, &bits))
            (self.entropy(&plot, narrow))
            rect class="hit" x=(plot.x) y=(plot.top) width=(plot.width) height=(plot.bottom() - plot.top)
                data-drag="turn" data-value="" {}
        };
        svg((plot.end, plot.bottom() + 20.0), "img", &label, marks)
    }

    /// The curve of each token. The one for all others is dashed.
    fn lines(&self, plot: &Plot, shares: &Scale) -> Markup {
        html! {
            @for (place, width) in STROKES.iter().enumerate().take(self.names.len()) {
                @let others = self.has_others() && place + 1 == self.names.len();
                @let looked = self.look == Some(place);
                @let points = self.curves.iter().enumerate().map(|(step, it)| (plot.step(step as f64), shares.place(it.shown[place])));
                (stroke(&Path::through(points), width + if looked { 1.5 } else { 0.0 }, match (looked, others) {
                    (true, true) => "line-accent dashed move",
                    (true, false) => "line-accent round move",
                    (false, true) => "line-ink dashed move",
                    (false, false) => "line-ink round move",
                }))
            }
        }
    }

    /// The temperatures below both plots.
    fn temperatures(&self, plot: &Plot) -> Markup {
        html! {
            @for tick in TICKS {
                @let x = plot.step(place_of(tick));
                (line((x, plot.bottom()), (x, plot.bottom() + 4.0), "line-edge"))
                (line((x, plot.top + plot.height), (x, plot.top + plot.height + 4.0), "line-edge"))
                @let shown = tick.to_string();
                (text((x, plot.bottom() + 17.0), shown.trim_start_matches('0'), "mid small muted"))
            }
        }
    }

    /// Names at the right ends of the curves, none over another, each led to its curve.
    fn at_the_end(&self, plot: &Plot, shares: &Scale) -> Markup {
        let Some(last) = self.curves.last() else { return html! {} };
        let mut order: Vec<usize> = (0..self.names.len()).collect();
        order.sort_by(|one, other| last.shown[*other].total_cmp(&last.shown[*one]));
        let ends: Vec<f64> = order.iter().map(|place| shares.place(last.shown[*place])).collect();
        let places = spread(&ends, 15.0, [plot.top + 4.0, plot.top + plot.height + 10.0]);
        let room = plot.end - plot.names;
        html! {
            @for ((place, end), y) in order.iter().zip(&ends).zip(&places) {
                @let others = self.has_others() && place + 1 == self.names.len();
                @let name = if others { "others".to_owned() } else { label::fitted(&self.names[*place], 12.0, room) };
                (line((plot.right() + 1.0, *end), (plot.names - 4.0, *y), "line-edge thin move"))
                (text((plot.names, y + 4.0), &name, if self.look == Some(*place) { "small strong" } else { "small" }))
            }
        }
    }

    /// The line at the chosen temperature, and where it meets the curves.
    fn cursor(&self, plot: &Plot, shares: &Scale, bits: &Scale) -> Markup {
        let now = self.now();
        let x = plot.step(self.step as f64);
        let room = label::width("T = 1.00", 13.0) / 2.0 - 4.0;
        html! {
            (moved((x, 0.0), "move", html! {
                (line((0.0, plot.top - 6.0), (0.0, plot.bottom()), "line-ink part"))
                @for weight in &now.shown {
                    (circle((0.0, shares.place(*weight)), 3.8, "fill-ink line-panel part move"))
                }
                (circle((0.0, bits.place(now.bits)), 4.2, "fill-ink line-panel part move"))
            }))
            (gliding((x.clamp(plot.x + room, plot.right() - room), 12.0), &self.temperature(), "mid strong halo"))
        }
    }

    fn entropy(&self, plot: &Plot, narrow: bool) -> Markup {
        let now = self.now();
        let unit = if narrow { "tokens" } else { "equal tokens" };
        let words = format!("{:.2} bits: like {} {unit}", now.bits, significant(now.effective()));
        html! {
            (text((plot.x, plot.spread - 9.0), "entropy", "small muted halo"))
            (text((plot.right(), plot.spread - 9.0), &words, "small strong end halo"))
        }
    }

    /// The logit and the share of each token, side by side.
    fn bars(&self, columns: &Columns) -> Markup {
        let Columns { size, name, top, row } = *columns;
        let zone = (size.0 - name) * 0.34;
        let (least, most) = self
            .logits
            .iter()
            .fold((0.0_f32, 0.0_f32), |(least, most), logit| (least.min(*logit), most.max(*logit)));
        let span = f64::from(most - least).max(1e-6);
        let length = |logit: f64| logit / span * (zone - 6.0);
        let zero = name + length(f64::from(-least)) + 2.0;
        let (from, thick) = (name + zone + 38.0, (row - 7.0).min(20.0));
        let room = size.0 - from - 34.0;
        let bottom = top + row * self.names.len() as f64;
        let label = format!("The logits and what the softmax makes of them. {}", self.described());
        let marks = html! {
            (text((0.0, 12.0), &self.temperature(), "strong"))
            (text((zero.max(name + 16.0), 12.0), "logit", "small muted"))
            (text((from, 12.0), "share", "small muted"))
            (line((zero, top), (zero, bottom), "line-edge part"))
            (line((from, top), (from, bottom), "line-edge part"))
            @for (place, (word, weight)) in self.names.iter().zip(&self.now().shown).enumerate() {
                @let y = top + row * (place as f64 + 0.5);
                @let looked = self.look == Some(place);
                g data-look=(place) {
                    (rect(Area::new(0.0, y - row / 2.0, size.0, row), "hit"))
                    @let word = if self.logits.len() == place { "others" } else { word.as_str() };
                    (text((name - 8.0, y + 4.5), &label::fitted(word, 13.0, name - 10.0), if looked { "end strong" } else { "end" }))
                    @if let Some(logit) = self.logits.get(place) {
                        @let reach = length(f64::from(*logit));
                        (rect(Area::new(zero.min(zero + reach), y - thick / 2.0, reach.abs(), thick), "fill-edge move"))
                        (text((zero.max(zero + reach) + 4.0, y + 4.0), &number(*logit, 1), "small"))
                    }
                    @let reach = room * weight.min(1.0);
                    (path(&Path::outline(Area::new(from, y - thick / 2.0, reach.max(1.0), thick)), &format!("{} line-ink move", heat_fill(*weight as f32))))
                    (gliding((from + reach + 5.0, y + 4.0), &share(*weight as f32), "small strong"))
                }
            }
        };
        svg(size, "img", &label, marks)
    }
}

/// Where a temperature lies among the places of the slider, between two of them if need be.
fn place_of(temperature: f32) -> f64 {
    let after = TEMPERATURES.iter().position(|known| *known >= temperature);
    after.unwrap_or(TEMPERATURES.len() - 1) as f64
}

/// Moves sorted places apart until each is `gap` from the next, within two ends.
fn spread(places: &[f64], gap: f64, [top, bottom]: [f64; 2]) -> Vec<f64> {
    let mut spread: Vec<f64> = Vec::with_capacity(places.len());
    for place in places {
        let least = spread.last().map_or(top, |last| last + gap);
        spread.push(place.max(least));
    }
    let mut most = bottom;
    for place in spread.iter_mut().rev() {
        *place = place.min(most);
        most = *place - gap;
    }
    spread
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_below_the_curves_is_on_the_slider() {
        for tick in TICKS {
            assert_eq!(TEMPERATURES[place_of(tick) as usize], tick);
        }
    }

    #[test]
    fn names_are_spread_and_stay_within_their_ends() {
        let places = spread(&[10.0, 12.0, 90.0, 99.0], 15.0, [0.0, 100.0]);
        assert_eq!(places, [10.0, 25.0, 85.0, 100.0]);
    }

    #[test]
    fn a_place_in_either_picture_is_a_place_of_the_slider() {
        for (plot, narrow) in [(WIDE_PLOT, false), (NARROW_PLOT, true)] {
            for step in 0..TEMPERATURES.len() {
                assert_eq!(step_at((plot.step(step as f64), 50.0), narrow), step);
            }
            assert_eq!(step_at((-900.0, 0.0), narrow), 0);
        }
    }
}
