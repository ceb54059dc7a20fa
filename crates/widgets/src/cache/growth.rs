//! The picture: how the cache grows with the text, for every model of the table, beside the
//! memories of the devices. Both axes are logarithmic.

use attention::cost::Shape;
use attention::devices::DEVICES;
use attention::presets::PRESETS;
use attention::units::Bytes;
use maud::{Markup, html};

use super::{MOST_TOKENS, State};
use crate::assemble::short;
use crate::draw::label::fitted;
use crate::draw::mark::{Area, circle, gliding, line, path, rect, text};
use crate::draw::path::Path;
use crate::draw::picture::svg;
use crate::draw::scale::Scale;
use crate::draw::{NARROW, Point, WIDE, axis};
use crate::show::grouped;

/// The shortest text of the picture, as a power of two: 64 tokens.
const LEAST: u32 = 6;

/// The smallest and the largest cache of the picture, as powers of ten: 1 MB and 10 TB.
const ENDS: [i32; 2] = [6, 13];

/// A memory is named if it is so many times the last one named.
const APART: f64 = 1.45;

/// Where the parts of the picture stand.
struct Layout {
    size: (f64, f64),
    narrow: bool,
    plot: Area,
    /// Where the models' names begin, and how far apart they are.
    names: f64,
    pitch: f64,
}

const BROAD: Layout = Layout {
    size: (WIDE, 348.0),
    narrow: false,
    plot: Area { x: 62.0, y: 20.0, width: 508.0, height: 300.0 },
    names: 594.0,
    pitch: 18.0,
};

const SLIM: Layout = Layout {
    size: (NARROW, 338.0),
    narrow: true,
    plot: Area { x: 54.0, y: 20.0, width: 182.0, height: 290.0 },
    names: 250.0,
    pitch: 17.0,
};

/// The two layouts, wide and narrow.
pub(super) fn both(state: &State, label: &str) -> [Markup; 2] {
    [BROAD, SLIM].map(|layout| Growth { state, label, layout }.view())
}

struct Growth<'a> {
    state: &'a State,
    label: &'a str,
    layout: Layout,
}

/// A model's line: what is read off it, and how far it is made for.
struct Model<'a> {
    name: &'a str,
    shape: Shape,
    context: u64,
    followed: bool,
}

impl Growth<'_> {
    fn across(&self) -> Scale {
        let Area { x, width, .. } = self.layout.plot;
        let [from, to] = [LEAST, MOST_TOKENS].map(|power| 2_f64.powi(power as i32));
        Scale::logarithmic([from, to], [x, x + width])
    }

    fn down(&self) -> Scale {
        let plot = self.layout.plot;
        let ends = ENDS.map(|power| 10_f64.powi(power));
        Scale::logarithmic(ends, [plot.bottom(), plot.y])
    }

    /// The cache of all texts together, each of so many tokens. Zero where it cannot be counted.
    fn bytes(&self, shape: &Shape, tokens: u64) -> f64 {
        let texts = self.state.text_count();
        shape.cache(tokens, texts, self.state.stored()).map_or(0.0, |bytes| bytes.0 as f64)
    }

    fn models(&self) -> Vec<Model<'static>> {
        let all = PRESETS.iter().map(|preset| Model {
            name: preset.name,
            shape: preset.shape,
            context: preset.context,
            followed: short(preset.name) == self.state.model,
        });
        let mut all: Vec<_> = all.collect();
        // The largest caches first: that is the order of their names beside the picture.
        let end = |model: &Model<'_>| self.bytes(&model.shape, 1 << MOST_TOKENS);
        all.sort_by(|one, other| end(other).total_cmp(&end(one)));
        all
    }

    fn view(&self) -> Markup {
        let models = self.models();
        let followed = self.followed();
        let marks = html! {
            (self.axes())
            (self.memories())
            @for model in &models { (self.growth(model, "line-edge part")) }
            (self.growth(&followed, "line-ink followed"))
            (self.cursor())
            @for model in &models { (self.mark(model, 3.0, "fill-ink")) }
            (self.mark(&followed, 5.5, "fill-ink line-panel lit"))
            (self.names(&models))
        };
        svg(self.layout.size, "img", self.label, marks)
    }

    /// The model that is chosen, or the reader's own numbers.
    fn followed(&self) -> Model<'static> {
        let preset = self.state.preset();
        Model {
            name: preset.map_or("Your own", |preset| preset.name),
            shape: self.state.shape(),
            context: preset.map_or(u64::MAX, |preset| preset.context),
            followed: true,
        }
    }

    fn axes(&self) -> Markup {
        let Area { x, y, width, height } = self.layout.plot;
        let (across, down) = (self.across(), self.down());
        let every = if self.layout.narrow { 4 } else { 2 };
        let lengths: Vec<f64> =
            (LEAST..=MOST_TOKENS).step_by(every).map(|power| 2_f64.powi(power as i32)).collect();
        let sizes = down.ticks(0);
        let size = |bytes: f64| Bytes(bytes as u64).in_gb().replace(".0 ", " ");
        html! {
            (text((0.0, 11.0), "size of the cache", "small muted"))
            @if self.layout.narrow {
                (text((NARROW, 11.0), "dot: longest made for", "small muted end"))
            } @else {
                (text((x + width, 11.0), "dot: the longest text it is made for", "small muted end"))
                (text((WIDE, 11.0), "at the line", "small muted end"))
            }
            (axis::rules(&down, [x, x + width], &sizes))
            (axis::beside(&down, x, &sizes, size))
            (axis::below(&across, y + height, &lengths, |tokens| length(tokens as u64)))
            (path(&Path::new((x, y)).line((x, y + height)).line((x + width, y + height)), "line-edge"))
        }
    }

    /// The memories of the devices, as dashed lines. Of those that lie close together one is named.
    fn memories(&self) -> Markup {
        let Area { x, width, .. } = self.layout.plot;
        let mut all: Vec<_> = DEVICES
            .iter()
            .filter_map(|device| Some((device.memory?.bytes.0 as f64, device.name)))
            .collect();
        all.sort_by(|one, other| one.0.total_cmp(&other.0));
        let (apart, step) = if self.layout.narrow { (3.0, 0.0) } else { (APART, 104.0) };
        let (mut last, mut column) = (0.0, x + 6.0);
        let lines = all.into_iter().map(|(bytes, name)| {
            let named = bytes >= last * apart;
            let place = (column, self.down().place(bytes));
            if named {
                last = bytes;
                column += step;
            }
            (place, named.then(|| part(name)))
        });
        let lines: Vec<_> = lines.collect();
        html! {
            @for ((_, y), _) in &lines { (line((x, *y), (x + width, *y), "line-accent memory")) }
            @for ((left, y), name) in &lines {
                @if let Some(name) = name {
                    (text((*left, y - 3.0), name, "least ink-accent halo"))
                }
            }
        }
    }

    /// A model's line: solid as far as it is made for, dotted beyond.
    fn growth(&self, model: &Model<'_>, class: &str) -> Markup {
        let most = 1_u64 << MOST_TOKENS;
        let cut = model.context.clamp(1 << LEAST, most);
        let powers = (LEAST..=MOST_TOKENS).map(|power| 1_u64 << power);
        let [within, beyond] = [(1 << LEAST, cut), (cut, most)].map(|(from, to)| {
            let inner = powers.clone().filter(|tokens| (from + 1..to).contains(tokens));
            self.curve(model, [from].into_iter().chain(inner).chain([to]))
        });
        let at = (self.across().place(cut as f64), self.bytes(&model.shape, cut));
        let dot = if cut < most && self.is_inside(at.1) { "fill-edge move" } else { "gone" };
        html! {
            (path(&within, &format!("{class} round move")))
            (path(&beyond, &format!("{class} dotted move")))
            (circle((at.0, self.down().place(at.1.max(1.0))), 3.5, dot))
        }
    }

    fn is_inside(&self, bytes: f64) -> bool {
        let [least, most] = ENDS.map(|power| 10_f64.powi(power));
        (least..=most).contains(&bytes)
    }

    /// A line through what these texts take, cut off where it leaves the picture.
    fn curve(&self, model: &Model<'_>, tokens: impl Iterator<Item = u64>) -> Path {
        let [least, most] = ENDS.map(|power| 10_f64.powi(power).ln());
        let points = tokens
            .map(|tokens| ((tokens as f64).ln(), self.bytes(&model.shape, tokens).max(1.0).ln()));
        let points: Vec<Point> = points.collect();
        let place = |(x, y): Point| (self.across().place(x.exp()), self.down().place(y.exp()));
        let mut drawn = Vec::new();
        for pair in points.windows(2) {
            let (from, to) = (pair[0], pair[1]);
            let cut = |at: f64| match to.1 - from.1 {
                0.0 => from,
                rise => (from.0 + (to.0 - from.0) * (at - from.1) / rise, at),
            };
            if to.1 < least || from.1 > most {
                continue;
            }
            if drawn.is_empty() {
                drawn.push(place(if from.1 < least { cut(least) } else { from }));
            }
            drawn.push(place(if to.1 > most { cut(most) } else { to }));
        }
        Path::through(drawn)
    }

    /// Whether the chosen text is as long as the shortest of the picture.
    fn is_shown(&self) -> bool {
        self.state.tokens >= LEAST
    }

    /// The line at the length that is chosen.
    fn cursor(&self) -> Markup {
        let Area { x, y, width, height } = self.layout.plot;
        let at = self.across().place(self.state.token_count() as f64);
        let said = format!("{} tokens", grouped(self.state.token_count()));
        let right = at < x + width / 2.0;
        let class = if right { "small strong halo" } else { "small strong halo end" };
        let gone = if self.is_shown() { "" } else { " gone" };
        html! {
            (rect(Area::new(at - 0.75, y - 4.0, 1.5, height + 8.0), &format!("fill-ink move{gone}")))
            (gliding((at + if right { 7.0 } else { -7.0 }, y + height - 8.0), &said, class))
        }
    }

    /// Where the line at the chosen length meets a model's.
    fn mark(&self, model: &Model<'_>, radius: f64, class: &str) -> Markup {
        let tokens = self.state.token_count();
        let bytes = self.bytes(&model.shape, tokens);
        let shown = self.is_shown() && self.is_inside(bytes);
        let at = (self.across().place(tokens as f64), self.down().place(bytes.max(1.0)));
        circle(at, radius, &format!("{class} move{}", if shown { "" } else { " gone" }))
    }

    /// The models' names beside the ends of their lines, and what each takes at the chosen length.
    fn names(&self, models: &[Model<'_>]) -> Markup {
        let Layout { plot, names, pitch, narrow, size } = self.layout;
        let ends = models
            .iter()
            .map(|model| self.down().place(self.bytes(&model.shape, 1 << MOST_TOKENS).max(1.0)));
        let ends: Vec<f64> = ends.collect();
        let places = spread(&ends, pitch, [plot.y + 4.0, plot.bottom()]);
        html! {
            @for ((model, end), y) in models.iter().zip(&ends).zip(places) {
                @let strong = if model.followed { " strong" } else { "" };
                @let room = if narrow { NARROW - names } else { 150.0 };
                (path(&Path::new((plot.right() + 2.0, *end)).line((names - 4.0, y)), "line-edge thin move"))
                (text((names, y + 4.0), &fitted(model.name, 11.5, room), &format!("least{strong}")))
                @if !narrow {
                    @let bytes = self.bytes(&model.shape, self.state.token_count());
                    (text((size.0, y + 4.0), &Bytes(bytes as u64).in_gb(), &format!("least end{strong}")))
                }
            }
        }
    }
}

/// Places as close to those wanted as they can be, `pitch` apart and within the ends. Those wanted
/// come in their order.
fn spread(wanted: &[f64], pitch: f64, [top, bottom]: [f64; 2]) -> Vec<f64> {
    let mut places = Vec::with_capacity(wanted.len());
    let mut next = top;
    for place in wanted {
        places.push(place.max(next));
        next = place.max(next) + pitch;
    }
    let mut most = bottom;
    for place in places.iter_mut().rev() {
        *place = place.min(most);
        most = *place - pitch;
    }
    places
}

/// A text's length on the axis: `64`, `4 K`, `1 M`, in powers of two.
fn length(tokens: u64) -> String {
    match tokens {
        few if few < 1024 => few.to_string(),
        many if many < 1 << 20 => format!("{} K", many >> 10),
        most => format!("{} M", most >> 20),
    }
}

/// A device's name without its maker and without what follows its memory.
fn part(name: &str) -> String {
    let name = name.split(" (").next().unwrap_or(name);
    let name = ["NVIDIA ", "GeForce "]
        .iter()
        .fold(name, |name, maker| name.strip_prefix(maker).unwrap_or(name));
    name.find("GB").map_or(name, |end| &name[..end + 2]).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_keep_apart_and_within() {
        let places = spread(&[10.0, 12.0, 14.0, 90.0, 99.0], 10.0, [5.0, 100.0]);
        assert_eq!(places, [10.0, 20.0, 30.0, 90.0, 100.0]);
        assert_eq!(spread(&[98.0, 99.0], 10.0, [5.0, 100.0]), [90.0, 100.0]);
    }

    #[test]
    fn names_and_lengths_are_short() {
        assert_eq!(part("NVIDIA GeForce RTX 4090 24GB"), "RTX 4090 24GB");
        assert_eq!(part("NVIDIA A100 80GB SXM4"), "A100 80GB");
        assert_eq!(part("Apple M2 Ultra (192 GB)"), "Apple M2 Ultra");
        assert_eq!([64, 4096, 1 << 20].map(length), ["64", "4 K", "1 M"]);
    }
}
