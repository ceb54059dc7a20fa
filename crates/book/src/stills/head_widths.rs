//! How four models share out their vectors: heads times width against `d_model`.

use anyhow::{Context, Result};
use maud::{Markup, html};
use widgets::assemble::{Sizes, short};
use widgets::draw::mark::{Area, path, rect, text};
use widgets::draw::path::Path;
use widgets::draw::picture::svg;
use widgets::draw::role::Role;
use widgets::draw::{NARROW, WIDE};
use widgets::show::grouped;

use super::frame::{Still, table};

/// The models, as the listing `ch05-sizes` has them.
const MODELS: [&str; 4] = ["GPT-3 175B", "Llama 3 8B", "SmolLM2-135M", "Gemma 2 9B"];

/// The picture.
pub(super) fn still() -> Result<Still> {
    let sizes = MODELS
        .iter()
        .map(|model| Sizes::of(&short(model)).with_context(|| format!("no {model} in the table")))
        .collect::<Result<Vec<_>>>()?;
    let exact = sizes.iter().filter(|sizes| sizes.merged() == sizes.d_model).count();
    Ok(Still {
        question: "Do the heads together make the width of a token?",
        layouts: [drawing(&sizes, (WIDE, 150.0)), drawing(&sizes, (NARROW, 0.0))],
        says: format!(
            "In {exact} of {} models, all query heads together are exactly as wide as a token. Keys \
             and values may have far fewer heads.",
            sizes.len()
        ),
        numbers: numbers(&sizes),
    })
}

/// A group for each model: the token, its query heads, its key heads, all as parts of `d_model`.
/// `names` is how much room stands left of the bars; with none, names stand above them.
fn drawing(sizes: &[Sizes], (width, names): (f64, f64)) -> Markup {
    let most = sizes.iter().map(|sizes| share(sizes, sizes.merged())).fold(1.0, f64::max);
    let whole = (width - names - 8.0) / most;
    let above = if names > 0.0 { 0.0 } else { 20.0 };
    let stacked = names == 0.0;
    let pitch = if stacked { 118.0 } else { 82.0 };
    let marks = html! {
        @for (at, sizes) in sizes.iter().enumerate() {
            @let y = 4.0 + at as f64 * pitch;
            (text((2.0, y + if names > 0.0 { 30.0 } else { 13.0 }), sizes.preset.name, "strong"))
            (group(sizes, (names + 2.0, y + above), whole, stacked))
        }
    };
    let said: Vec<String> = sizes
        .iter()
        .map(|sizes| {
            format!(
                "{}: {} heads of {} make {}, a token has {}",
                sizes.preset.name,
                sizes.heads,
                sizes.head_dim,
                grouped(sizes.merged()),
                grouped(sizes.d_model)
            )
        })
        .collect();
    svg((width, sizes.len() as f64 * pitch), "img", &said.join("; "), marks)
}

fn share(sizes: &Sizes, numbers: u64) -> f64 {
    numbers as f64 / sizes.d_model as f64
}

fn group(sizes: &Sizes, (x, y): (f64, f64), whole: f64, stacked: bool) -> Markup {
    let bar = |y: f64, numbers: u64| Area::new(x, y, share(sizes, numbers) * whole, 12.0);
    let (queries, keys) = (sizes.merged(), sizes.kv_heads * sizes.head_dim);
    let head = share(sizes, sizes.head_dim) * whole;
    let cuts = |y: f64, count: u64| {
        let cut = |path: Path, at: u64| path.jump((x + at as f64 * head, y)).down(12.0);
        (1..count).fold(Path::default(), cut)
    };
    let said =
        |heads: u64| format!("{heads} × {} = {}", sizes.head_dim, grouped(heads * sizes.head_dim));
    let keys_at = if stacked { (x + 96.0, y + 72.0) } else { (x + 246.0, y + 54.0) };
    html! {
        (rect(bar(y, sizes.d_model), "fill-edge"))
        (rect(bar(y + 14.0, queries), &format!("{} {} thin", Role::Query.tint(), Role::Query.line())))
        (path(&cuts(y + 14.0, sizes.heads), &format!("{} thin", Role::Query.line())))
        (rect(bar(y + 28.0, keys), &format!("{} {} thin", Role::Key.tint(), Role::Key.line())))
        (path(&cuts(y + 28.0, sizes.kv_heads), &format!("{} thin", Role::Key.line())))
        (text((x, y + 54.0), &format!("token {}", grouped(sizes.d_model)), "small"))
        (text((x + 96.0, y + 54.0), &format!("q {}", said(sizes.heads)), "small ink-query"))
        (text(keys_at, &format!("k {}", said(sizes.kv_heads)), "small ink-key"))
    }
}

fn numbers(sizes: &[Sizes]) -> Markup {
    let row = |sizes: &Sizes| {
        [sizes.d_model, sizes.heads, sizes.kv_heads, sizes.head_dim, sizes.merged()].map(grouped)
    };
    let rows: Vec<Vec<String>> = sizes
        .iter()
        .map(|sizes| [vec![sizes.preset.name.to_owned()], row(sizes).to_vec()].concat())
        .collect();
    let columns = ["Model", "d_model", "Query heads", "Key heads", "head_dim", "Heads × head_dim"];
    table("The widths of tokens and heads", &columns, &rows)
}
