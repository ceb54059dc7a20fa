//! Chapter 10: what each way to keep keys and values waits for, under a roofline.

use anyhow::{Context, Result};
use attention::cost::{Kind, Precision, Shape, Window, Work};
use attention::devices::{Arithmetic, DeviceSpec, device};
use attention::presets::preset;
use inputs::kv_cache::{HEAD_DIM, HEADS, KV_HEADS, LAYERS, TOKENS};
use maud::{Markup, html};
use widgets::draw::mark::{Area, circle, line, path, text};
use widgets::draw::path::Path;
use widgets::draw::picture::svg;
use widgets::draw::scale::Scale;
use widgets::draw::{NARROW, WIDE, axis};
use widgets::show::{grouped, significant};

use super::frame::{Still, table};

const PART: &str = "NVIDIA H100 80GB SXM5";

/// Tokens of the prompt that is read at once.
const PROMPT: u64 = 8192;

/// A point: its name, in short for a phone, and the work.
struct Kept {
    name: String,
    short: &'static str,
    work: Work,
}

fn kinds() -> Result<Vec<Kept>> {
    let example = |kv_heads| Shape {
        layers: LAYERS,
        d_model: HEADS * HEAD_DIM,
        heads: HEADS,
        kind: Kind::Grouped { kv_heads, head_dim: HEAD_DIM },
        window: Window::Full,
    };
    let latent = preset("DeepSeek-V2").context("no DeepSeek-V2 in the presets")?.shape;
    let step = |name: &str, short, shape: Shape| -> Result<Kept> {
        let work = shape.decode(TOKENS, 1, Precision::Fp16)?;
        Ok(Kept { name: name.to_owned(), short, work })
    };
    let prompt = example(KV_HEADS).prefill(PROMPT, 1, Precision::Fp16)?;
    let name = format!("GQA, prefill of {} tokens", grouped(PROMPT));
    Ok(vec![
        step("MHA", "MHA", example(HEADS))?,
        step("GQA, groups of four", "GQA", example(KV_HEADS))?,
        step("MQA", "MQA", example(1))?,
        step("MLA, absorbed", "MLA", latent)?,
        Kept { name, short: "prefill", work: prompt },
    ])
}

impl Kept {
    fn intensity(&self) -> f64 {
        self.work.intensity().0
    }

    /// Tera-operations a second at most.
    fn rate(&self, device: &DeviceSpec) -> Result<f64> {
        let time = self.work.on(device, Arithmetic::Fp16)?.time();
        Ok(self.work.flops.0 as f64 / time.0 / 1e12)
    }
}

pub(super) fn still() -> Result<Still> {
    let device = device(PART).context("no H100 in the devices")?;
    let kinds = kinds()?;
    let ridge = device.ridge(Arithmetic::Fp16)?.0;
    let label = format!(
        "Operations a second over operations a byte, both logarithmic: the line of the {PART} \
         rises to its ridge at {} and is flat from there. MHA, GQA and MQA lie far down the \
         slope, MLA close to the ridge, prefill beyond it.",
        significant(ridge)
    );
    let wide = picture(&kinds, device, false, &label)?;
    let narrow = picture(&kinds, device, true, &label)?;
    Ok(Still {
        question: "What does each kind wait for?",
        layouts: [wide, narrow],
        says: format!(
            "One token more after {} tokens, in fp16, on the {PART}. Left of the ridge the card \
             waits for its memory, right of it for its arithmetic. The more heads read the same \
             numbers, the further right a point lies.",
            grouped(TOKENS)
        ),
        numbers: numbers(&kinds, device)?,
    })
}

fn picture(kinds: &[Kept], device: &DeviceSpec, narrow: bool, label: &str) -> Result<Markup> {
    let (size, plot) = if narrow {
        ((NARROW, 300.0), Area::new(44.0, 30.0, 278.0, 228.0))
    } else {
        ((WIDE, 320.0), Area::new(60.0, 30.0, 740.0, 250.0))
    };
    let across = Scale::logarithmic([0.5, 10_000.0], [plot.x, plot.right()]);
    let down = Scale::logarithmic([1.0, 2000.0], [plot.bottom(), plot.y]);
    let (peak, ridge) =
        (device.peak(Arithmetic::Fp16)?.0 / 1e12, device.ridge(Arithmetic::Fp16)?.0);
    let roof = [(0.5, 0.5 * peak / ridge), (ridge, peak), (10_000.0, peak)]
        .map(|(x, y)| (across.place(x), down.place(y)));
    let mut points = Vec::new();
    for kind in kinds {
        let place = (across.place(kind.intensity()), down.place(kind.rate(device)?));
        let name = if narrow { kind.short } else { &kind.name };
        // Below the flat part; right of the slope, and left of it where the ridge is near.
        let (at, class) = match kind.intensity() {
            beyond if beyond > ridge => ((place.0, place.1 + 22.0), "strong mid halo"),
            near if near > ridge / 4.0 => ((place.0 - 10.0, place.1 - 4.0), "strong end halo"),
            _ => ((place.0 + 10.0, place.1 + 14.0), "strong halo"),
        };
        points.push((place, at, name.to_owned(), class));
    }
    let (up, along) = (down.ticks(0), across.ticks(0));
    let marks = html! {
        (text((0.0, 12.0), "TFLOP/s at most", "small muted"))
        (text((plot.right(), size.1 - 4.0), "operations a byte", "small muted end"))
        (axis::rules(&down, [plot.x, plot.right()], &up))
        (axis::beside(&down, plot.x, &up, |rate| grouped(rate as u64)))
        (axis::below(&across, plot.bottom(), &along, |tick| grouped(tick as u64)))
        (line((roof[1].0, plot.y - 6.0), (roof[1].0, plot.bottom()), "line-accent dashed"))
        (text((roof[1].0, plot.y - 11.0), &format!("ridge: {}", significant(ridge)), "small mid ink-accent"))
        (path(&Path::through(roof), "line-ink bold round"))
        @for (place, at, name, class) in &points {
            (circle(*place, 6.0, "fill-ink line-panel lit"))
            (text(*at, name, class))
        }
    };
    Ok(svg(size, "img", label, marks))
}

fn numbers(kinds: &[Kept], device: &DeviceSpec) -> Result<Markup> {
    let peak = device.peak(Arithmetic::Fp16)?.0 / 1e12;
    let mut rows = Vec::new();
    for kind in kinds {
        let rate = kind.rate(device)?;
        let percent = format!("{} %", significant(100.0 * rate / peak));
        rows.push(vec![
            kind.name.clone(),
            significant(kind.intensity()),
            significant(rate),
            percent,
        ]);
    }
    let columns = ["Kind", "Operations a byte", "TFLOP/s at most", "Of the peak"];
    let caption =
        format!("{}: {} and {}", device.name, device.bandwidth, device.peak(Arithmetic::Fp16)?);
    Ok(table(&caption, &columns, &rows))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By hand: an operation a byte for each head that reads a number twice, two bytes each.
    #[test]
    fn the_points_are_where_arithmetic_by_hand_puts_them() {
        let device = device(PART).unwrap();
        let kinds = kinds().unwrap();
        let by_hand = [1.0, 4.0, 32.0, 2.0 * 128.0 * 1088.0 / 1152.0];
        for (kind, expected) in kinds.iter().zip(by_hand) {
            assert!((kind.intensity() / expected - 1.0).abs() < 5e-3, "{}", kind.name);
            let rate = kind.rate(device).unwrap();
            assert!((rate / (expected * 3.35) - 1.0).abs() < 5e-3, "{}: {rate}", kind.name);
        }
        // Prefill reaches the peak.
        assert!(kinds[4].intensity() > 1000.0);
        assert!((kinds[4].rate(device).unwrap() - 989.4).abs() < 0.1);
    }
}
