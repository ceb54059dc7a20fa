//! The roofline of chapter 8: what three devices can do at most, and where attention stands. A
//! picture, the table that says the same, and where the devices' numbers come from.

use anyhow::{Context, Result};
use attention::cost::Work;
use attention::devices::{Arithmetic, DeviceSpec, device};
use attention::traffic::Traffic;
use attention::units::FlopsPerSecond;
use inputs::flash::{HEAD_DIM, SEQ as TOKENS};
use maud::{Markup, html};
use widgets::show::{grouped, significant};

use crate::flash_traffic::{cached, decoding, standard, tiles};

/// The devices: an exact part each.
const DEVICES: [&str; 3] =
    ["NVIDIA A100 40GB SXM4", "NVIDIA H100 80GB SXM5", "NVIDIA GeForce RTX 4090 24GB"];

/// Numbers that are written at the axes, operations a byte and tera-operations a second alike.
const TICKS: [u64; 4] = [1, 10, 100, 1000];

/// The drawing's size, in its own units.
const WIDTH: f64 = 340.0;
const HEIGHT: f64 = 344.0;

/// Operations a byte, from left to right.
const ALONG: Axis = Axis { low: 0.5, high: 5000.0, start: 46.0, end: 322.0 };

/// Tera-operations a second, from the bottom to the top. Above it is room for names.
const UP: Axis = Axis { low: 0.5, high: 1000.0, start: 304.0, end: 54.0 };

/// A logarithmic axis: `low` lies at the place `start`, and `high` at `end`.
struct Axis {
    low: f64,
    high: f64,
    start: f64,
    end: f64,
}

impl Axis {
    fn place(&self, value: f64) -> f64 {
        let share = (value / self.low).ln() / (self.high / self.low).ln();
        self.start + share * (self.end - self.start)
    }
}

/// A way to compute attention.
struct Way {
    name: String,
    class: &'static str,
    /// The row of its name above the drawing: neighbours have different ones.
    row: f64,
    work: Work,
}

impl Way {
    fn new(name: String, class: &'static str, row: f64, traffic: Traffic) -> Self {
        Self { name, class, row, work: Work { flops: traffic.flops, bytes: traffic.moved() } }
    }

    /// Operations a byte.
    fn intensity(&self) -> f64 {
        self.work.intensity().0
    }

    /// Tera-operations a second that it can reach at most.
    fn rate(&self, device: &DeviceSpec) -> Result<f64> {
        let time = self.work.on(device, Arithmetic::Fp16)?.time();
        Ok(self.work.flops.0 as f64 / time.0 / 1e12)
    }
}

/// The ways, from left to right.
fn ways() -> Result<[Way; 5]> {
    let flash = |block: usize| -> Result<Way> {
        Ok(Way::new(format!("flash {block}"), "flash", 1.0, tiles(TOKENS, block, false)?))
    };
    let other = |class: &'static str, traffic| Way::new(class.to_owned(), class, 0.0, traffic);
    Ok([
        other("decoding", decoding()),
        flash(16)?,
        other("standard", standard()),
        flash(128)?,
        Way::new("with L2".to_owned(), "cached", 0.0, cached()),
    ])
}

/// A device, its peak, and its ridge in operations a byte.
struct Roof {
    device: &'static DeviceSpec,
    peak: FlopsPerSecond,
    ridge: f64,
}

impl Roof {
    /// The peak in tera-operations a second.
    fn tera(&self) -> f64 {
        self.peak.0 / 1e12
    }

    /// The name without its maker: the exact part.
    fn short_name(&self) -> &'static str {
        let name = self.device.name.trim_start_matches("NVIDIA ");
        name.trim_start_matches("GeForce ")
    }
}

fn roofs() -> Result<Vec<Roof>> {
    let roof = |name: &&'static str| -> Result<Roof> {
        let device = device(name).with_context(|| format!("no device {name} in the table"))?;
        let (peak, ridge) = (device.peak(Arithmetic::Fp16)?, device.ridge(Arithmetic::Fp16)?);
        Ok(Roof { device, peak, ridge: ridge.0 })
    };
    DEVICES.iter().map(roof).collect()
}

/// The drawing and its table, as HTML.
///
/// # Errors
/// When a device or its peak is not in the library's table.
pub fn drawing() -> Result<String> {
    let (roofs, ways) = (roofs()?, ways()?);
    let figure = html! {
        figure class="roofline" {
            (picture(&roofs, &ways)?)
            figcaption {
                "Attention over " (grouped(TOKENS as u64)) " tokens in one head of " (HEAD_DIM)
                ", without a mask, in fp16. Lines: the most that a device can do. Rings: their \
                 ridges. Squares: standard attention. Open dots: flash attention with the queries \
                 of its block, if all that it reads again came from HBM. Full dots: flash \
                 attention with any block, if it comes from L2. Diamonds: one token more, in \
                 decoding."
            }
            div class="table-wrapper" { (table(&roofs, &ways)?) }
            ul class="parts" {
                @for roof in &roofs {
                    @let DeviceSpec { name, bandwidth, source, .. } = roof.device;
                    li {
                        (name) ": " (bandwidth) " and " (roof.peak) ", so the ridge is at "
                        (significant(roof.ridge)) " FLOP/B. "
                        span class="places" { (source.title) ", " (source.year) }
                    }
                }
            }
        }
    };
    Ok(format!("\n\n{}\n\n", figure.into_string()))
}

fn picture(roofs: &[Roof], ways: &[Way]) -> Result<Markup> {
    let said = "Operations a second over operations a byte, a line for each device: it rises to \
                the ridge and is flat from there. Standard attention and decoding lie on the \
                rising part, flash attention with an L2 cache on the flat one. The numbers are in \
                the table.";
    let mut marks = Vec::new();
    for way in ways {
        for roof in roofs {
            let rate = way.rate(roof.device)?;
            marks.push(mark(way.class, ALONG.place(way.intensity()), UP.place(rate)));
        }
    }
    Ok(html! {
        svg viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="img" aria-label=(said) {
            @for tick in TICKS {
                @let (x, y) = (ALONG.place(tick as f64), UP.place(tick as f64));
                line class="rule" x1=(ALONG.start) x2=(ALONG.end) y1=(two(y)) y2=(two(y)) {}
                text class="tick up" x=(ALONG.start - 6.0) y=(two(y + 4.0)) text-anchor="end" { (grouped(tick)) }
                text class="tick along" x=(two(x)) y=(UP.start + 16.0) text-anchor="middle" { (grouped(tick)) }
            }
            text class="tick" x="2" y=(UP.end - 14.0) { "TFLOP/s" }
            text class="tick" x=(ALONG.end) y=(HEIGHT - 6.0) text-anchor="end" { "operations a byte" }
            @for way in ways {
                @let (x, y) = (two(ALONG.place(way.intensity())), 12.0 + 14.0 * way.row);
                // Where the full dots are, the devices' names stand.
                @if way.class != "cached" {
                    line class="guide" x1=(x) x2=(x) y1=(y + 5.0) y2=(UP.start) {}
                }
                text x=(x) y=(y) text-anchor="middle" { (way.name) }
            }
            @for roof in roofs {
                @let (x, y) = (two(ALONG.place(roof.ridge)), UP.place(roof.tera()));
                @let slope = two(UP.place(ALONG.low * roof.tera() / roof.ridge));
                polyline class="roof" points=(format!("{},{slope} {x},{} {},{}", ALONG.start, two(y), ALONG.end, two(y))) {}
                circle class="ridge" cx=(x) cy=(two(y)) r="4.5" {}
                // Below the lowest line, above the others.
                @let lowest = roofs.iter().all(|other| other.peak >= roof.peak);
                @let beside = if lowest { y + 17.0 } else { y - 9.0 };
                text x=(ALONG.end) y=(two(beside)) text-anchor="end" { (roof.short_name()) }
            }
            @for mark in &marks { (mark) }
        }
    })
}

/// A square for standard, a diamond for decoding, an open or a full dot for flash: the shape tells
/// them apart, and the colour repeats it.
fn mark(class: &str, x: f64, y: f64) -> Markup {
    html! {
        @match class {
            "standard" => rect class="mark standard" x=(two(x - 3.5)) y=(two(y - 3.5)) width="7" height="7" {},
            "decoding" => {
                @let [left, right, top, low] = [x - 5.0, x + 5.0, y - 5.0, y + 5.0].map(two);
                polygon class="mark decoding" points=(format!("{left},{y} {x},{top} {right},{y} {x},{low}", x = two(x), y = two(y))) {}
            },
            _ => circle class={ "mark " (class) } cx=(two(x)) cy=(two(y)) r="4" {},
        }
    }
}

fn table(roofs: &[Roof], ways: &[Way]) -> Result<Markup> {
    let mut rows = Vec::new();
    for roof in roofs {
        let rates: Result<Vec<f64>> = ways.iter().map(|way| way.rate(roof.device)).collect();
        rows.push((roof, rates?));
    }
    Ok(html! {
        table {
            caption { "TFLOP/s at most" }
            thead {
                tr {
                    th scope="col" { "Device" }
                    @for way in ways {
                        th scope="col" { (way.name) ", at " (significant(way.intensity())) " FLOP/B" }
                    }
                }
            }
            tbody {
                @for (roof, rates) in &rows {
                    tr {
                        th scope="row" { (roof.short_name()) }
                        @for rate in rates { td { (significant(*rate)) } }
                    }
                }
            }
        }
    })
}

fn two(number: f64) -> String {
    format!("{number:.2}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The elements called `name` in some markup: their attributes as written, and their text.
    fn elements<'t>(html: &'t str, name: &str) -> Vec<(&'t str, &'t str)> {
        let parts = html.split(&format!("<{name} ")[..]).skip(1).collect::<Vec<_>>();
        parts
            .iter()
            .map(|part| {
                let (attributes, rest) = part.split_once('>').expect("a tag ends");
                (attributes, rest.split('<').next().unwrap_or_default())
            })
            .collect()
    }

    fn number(attributes: &str, name: &str) -> f64 {
        let value =
            format!(" {attributes}").split_once(&format!(" {name}=\"")).unwrap().1.to_owned();
        value.split('"').next().unwrap().parse().unwrap()
    }

    /// Reads a logarithmic axis off its outer ticks, as a reader does: the value at a place.
    fn axis(html: &str, class: &str, place: &str, shift: f64) -> impl Fn(f64) -> f64 {
        let ticks: Vec<(f64, f64)> = elements(html, "text")
            .into_iter()
            .filter(|(attributes, _)| attributes.contains(class))
            .map(|(attributes, text)| {
                (number(attributes, place) - shift, text.replace(',', "").parse().unwrap())
            })
            .collect();
        let (first, last) = (ticks[0], *ticks.last().unwrap());
        move |at: f64| {
            let share = (at - first.0) / (last.0 - first.0);
            (first.1.ln() + share * (last.1 / first.1).ln()).exp()
        }
    }

    fn near(left: f64, right: f64) -> bool {
        (left / right - 1.0).abs() < 2e-3
    }

    /// The chapter's example by hand: 4096 tokens, one head of 64, two bytes a number.
    const N: f64 = 4096.0;
    const D: f64 = 64.0;

    /// Operations a byte of both products, when so many numbers are moved.
    fn intensity(numbers: f64) -> f64 {
        4.0 * N * N * D / (2.0 * numbers)
    }

    /// Queries, output and log-sum-exps once, keys and values for each block.
    fn flash(block: f64) -> f64 {
        intensity(2.0 * N * D + N + N / block * 2.0 * N * D)
    }

    fn standard() -> f64 {
        intensity(4.0 * N * D + 4.0 * N * N)
    }

    /// Queries, keys, values and output once, with the log-sum-exps.
    fn cached() -> f64 {
        intensity(4.0 * N * D + N)
    }

    /// One query: its products with all keys and values, over both, itself and its output.
    fn decoding() -> f64 {
        4.0 * N * D / (2.0 * (2.0 * N * D + 2.0 * D + 1.0))
    }

    /// Bandwidth in TB/s and dense peak in TFLOP/s, as the makers print them.
    const PARTS: [(&str, f64, f64); 3] = [
        ("A100 40GB SXM4", 1.555, 312.0),
        ("H100 80GB SXM5", 3.35, 989.4),
        ("RTX 4090 24GB", 1.008, 165.2),
    ];

    #[test]
    fn each_point_lies_where_arithmetic_by_hand_puts_it() {
        let html = drawing().unwrap();
        let (x, y) = (axis(&html, "tick along", "x", 0.0), axis(&html, "tick up", "y", 4.0));
        let read = |name: &str, class: &str, [across, down]: [&str; 2], half: f64| {
            elements(&html, name)
                .into_iter()
                .filter(|(attributes, _)| attributes.contains(class))
                .map(|(it, _)| (x(number(it, across) + half), y(number(it, down) + half)))
                .collect::<Vec<_>>()
        };
        let squares = read("rect", "mark standard", ["x", "y"], 3.5);
        let dots = read("circle", "mark flash", ["cx", "cy"], 0.0);
        let full = read("circle", "mark cached", ["cx", "cy"], 0.0);
        let rings = read("circle", "ridge", ["cx", "cy"], 0.0);
        assert_eq!([squares.len(), dots.len(), full.len(), rings.len()], [3, 6, 3, 3]);
        assert_eq!(elements(&html, "polygon").len(), 3);
        let on = |points: &[(f64, f64)], at: (f64, f64)| {
            points.iter().any(|point| near(point.0, at.0) && near(point.1, at.1))
        };
        for (name, bandwidth, peak) in PARTS {
            let roof = |intensity: f64| (intensity, peak.min(intensity * bandwidth));
            assert!(on(&squares, roof(standard())), "{name}: {squares:?}");
            for block in [16.0, 128.0] {
                assert!(on(&dots, roof(flash(block))), "{name}, {block}: {dots:?}");
            }
            assert!(on(&rings, (peak / bandwidth, peak)), "{name}: {rings:?}");
            assert!(on(&full, roof(cached())), "{name}: {full:?}");
            // What the text says: without L2 the larger block is still under the slope, with it
            // no block is. Standard attention and decoding are.
            assert!(flash(16.0) < standard() && standard() < flash(128.0), "{name}");
            assert!(flash(128.0) < peak / bandwidth && peak / bandwidth < cached(), "{name}");
            assert!(decoding() < 1.001 && decoding() > 0.99, "{name}");
        }
    }

    #[test]
    fn each_line_rises_with_the_memory_and_ends_at_the_peak() {
        let html = drawing().unwrap();
        let (x, y) = (axis(&html, "tick along", "x", 0.0), axis(&html, "tick up", "y", 4.0));
        let lines = elements(&html, "polyline");
        assert_eq!(lines.len(), PARTS.len());
        for ((attributes, _), (name, bandwidth, peak)) in lines.into_iter().zip(PARTS) {
            let points = attributes.split_once("points=\"").unwrap().1;
            let points: Vec<(f64, f64)> = points
                .trim_end_matches('"')
                .split(' ')
                .map(|point| point.split_once(',').unwrap())
                .map(|(across, down)| (x(across.parse().unwrap()), y(down.parse().unwrap())))
                .collect();
            let [start, ridge, end] = points[..] else { panic!("{name}: {points:?}") };
            assert!(near(start.1, start.0 * bandwidth), "{name}: {points:?}");
            assert!(near(ridge.1, peak) && near(ridge.0 * bandwidth, peak), "{name}: {points:?}");
            assert!(near(end.1, peak) && end.0 > ridge.0, "{name}: {points:?}");
        }
    }

    #[test]
    fn the_table_and_the_list_say_the_same() {
        let html = drawing().unwrap();
        for (name, bandwidth, peak) in PARTS {
            let row = html.split_once(&format!("<th scope=\"row\">{name}</th>")).unwrap().1;
            let row = row.split_once("</tr>").unwrap().0;
            let cells: Vec<&str> =
                row.split("<td>").skip(1).map(|cell| cell.split_once('<').unwrap().0).collect();
            let wanted = [decoding(), flash(16.0), standard(), flash(128.0), cached()]
                .map(|it| peak.min(it * bandwidth));
            for (cell, wanted) in cells.iter().zip(wanted) {
                let shown: f64 = cell.parse().unwrap();
                assert!((shown / wanted - 1.0).abs() < 5e-3, "{name}: {cell} for {wanted}");
            }
            assert_eq!(cells.len(), wanted.len(), "{name}: {cells:?}");
            // One exact part a line, with its document and year.
            let (memory, ridge) = (bandwidth * 1e3, peak / bandwidth);
            let part = format!(
                "{name}: {memory} GB/s and {peak} TFLOP/s, so the ridge is at {ridge:.0} FLOP/B. \
                 <span class=\"places\">"
            );
            let source = html.split_once(&part).unwrap_or_else(|| panic!("no {part} in {html}")).1;
            let source = source.split_once("</span>").unwrap().0;
            assert!(
                source.rsplit_once(", 20").is_some_and(|(title, _)| title.len() > 10),
                "{source}"
            );
        }
    }
}
