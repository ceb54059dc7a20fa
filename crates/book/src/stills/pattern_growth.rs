//! Chapter 9: how many pairs each pattern leaves, against the length of the text.

use anyhow::{Context, Result};
use inputs::masks::masks;
use maud::{Markup, html};
use widgets::draw::mark::{Area, circle, path, text};
use widgets::draw::path::Path;
use widgets::draw::picture::svg;
use widgets::draw::scale::Scale;
use widgets::draw::{NARROW, WIDE, axis};
use widgets::show::grouped;

use super::frame::{Still, table};

/// The patterns, from the dearest to the cheapest.
const PATTERNS: [&str; 5] = ["full", "causal", "strided", "window", "global"];

/// Tokens, as powers of two.
const POWERS: std::ops::RangeInclusive<u32> = 4..=10;

/// A pattern, and its pairs at each length.
struct Line {
    name: &'static str,
    pairs: Vec<(u64, u64)>,
}

fn lines() -> Result<Vec<Line>> {
    let mut lines = PATTERNS.map(|name| Line { name, pairs: Vec::new() });
    for power in POWERS {
        let tokens = 1_usize << power;
        let masks = masks(tokens)?;
        for line in &mut lines {
            let mask = masks.iter().find(|(name, _)| *name == line.name);
            let count = mask.with_context(|| format!("no mask {}", line.name))?.1.count();
            line.pairs.push((tokens as u64, count as u64));
        }
    }
    Ok(lines.into())
}

pub(super) fn still() -> Result<Still> {
    let lines = lines()?;
    let label = "Pairs that see each other against the tokens of a text, both on logarithmic axes. \
                 Full and causal rise with the square, the window and global tokens with the length.";
    let picture = |size: (f64, f64), plot: Area| picture(&lines, size, plot, label);
    Ok(Still {
        question: "Which pattern stays cheap in a long text?",
        layouts: [
            picture((WIDE, 300.0), Area::new(80.0, 22.0, 610.0, 240.0)),
            picture((NARROW, 290.0), Area::new(70.0, 22.0, 200.0, 230.0)),
        ],
        says: "Where the text becomes twice as long, full and causal have four times the pairs, \
               and a window or a global token twice as many. Strided lies between. Causal never \
               leaves the side of full: half of a square is a square."
            .to_owned(),
        numbers: numbers(&lines),
    })
}

fn picture(lines: &[Line], size: (f64, f64), plot: Area, label: &str) -> Markup {
    let (least, most) = (2_f64.powi(*POWERS.start() as i32), 2_f64.powi(*POWERS.end() as i32));
    let across = Scale::logarithmic([least, most], [plot.x, plot.right()]);
    let down = Scale::logarithmic([10.0, 2e6], [plot.bottom(), plot.y]);
    let lengths: Vec<f64> = POWERS.step_by(2).map(|power| 2_f64.powi(power as i32)).collect();
    let sizes = down.ticks(0);
    let place =
        |(tokens, pairs): &(u64, u64)| (across.place(*tokens as f64), down.place(*pairs as f64));
    let marks = html! {
        (text((0.0, 11.0), "pairs that see each other", "small muted"))
        (text((plot.right(), size.1 - 2.0), "tokens", "small muted end"))
        (axis::rules(&down, [plot.x, plot.right()], &sizes))
        (axis::beside(&down, plot.x, &sizes, |pairs| grouped(pairs as u64)))
        (axis::below(&across, plot.bottom(), &lengths, |tokens| grouped(tokens as u64)))
        @for line in lines {
            @let end = place(&line.pairs[line.pairs.len() - 1]);
            (path(&Path::through(line.pairs.iter().map(place)), "line-ink part round"))
            @for at in &line.pairs { (circle(place(at), 2.5, "fill-ink")) }
            (text((end.0 + 9.0, end.1 + 4.0), line.name, "strong"))
        }
    };
    svg(size, "img", label, marks)
}

fn numbers(lines: &[Line]) -> Markup {
    let lengths: Vec<String> = lines[0].pairs.iter().map(|(tokens, _)| grouped(*tokens)).collect();
    let columns: Vec<&str> =
        std::iter::once("tokens").chain(lengths.iter().map(String::as_str)).collect();
    let rows: Vec<Vec<String>> = lines
        .iter()
        .map(|line| {
            let pairs = line.pairs.iter().map(|(_, pairs)| grouped(*pairs));
            std::iter::once(line.name.to_owned()).chain(pairs).collect()
        })
        .collect();
    table("Pairs that see each other, by the tokens of the text", &columns, &rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn squares_grow_as_squares_and_windows_as_lengths() {
        for Line { name, pairs } in lines().unwrap() {
            let last = pairs.len() - 1;
            let times = pairs[last].1 as f64 / pairs[last - 1].1 as f64;
            let expected = match name {
                "full" | "causal" => 4.0,
                "strided" => 2.8,
                _ => 2.0,
            };
            assert!((times - expected).abs() < 0.1, "{name}: {times}");
        }
    }
}
