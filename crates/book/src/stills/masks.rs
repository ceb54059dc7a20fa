//! Chapter 3: the masks of the listing `ch03-masks`, each with the shares under equal scores.

use anyhow::{Context, Result};
use attention::{Mask, MaskGrid};
use inputs::masks::{PACKED_LENGTH, PACKED_TOKENS};
use maud::{Markup, html};
use widgets::draw::mark::{Area, rect, text};
use widgets::draw::picture::svg;
use widgets::draw::role::heat_fill;
use widgets::draw::{NARROW, Point, WIDE};

use super::frame::{Still, table};

const TOKENS: usize = PACKED_TOKENS;

fn masks() -> Result<Vec<(&'static str, MaskGrid)>> {
    let full = Mask::Full.grid(TOKENS, TOKENS);
    let causal = Mask::Causal.grid(TOKENS, TOKENS);
    let padding = MaskGrid::padding(&[PACKED_LENGTH], TOKENS, TOKENS)?;
    let padding = padding.into_iter().next().context("a batch of one has one mask")?;
    let text_only = causal.and(&padding)?;
    let same_text = |query, key| (query < PACKED_LENGTH) == (key < PACKED_LENGTH);
    let packed = causal.and(&MaskGrid::from_fn(TOKENS, TOKENS, same_text))?;
    let earlier = MaskGrid::from_fn(TOKENS, TOKENS, |query, key| key < query);
    Ok(vec![
        ("full", full),
        ("causal", causal),
        ("padding", padding),
        ("causal, padding", text_only),
        ("two packed texts", packed),
        ("earlier only", earlier),
    ])
}

pub(super) fn still() -> Result<Still> {
    let masks = masks()?;
    let all = TOKENS * TOKENS;
    let says = "A row is a query, a column a key. The fewer keys a row sees, the more each gets: \
                the darker a cell, the larger its share. Empty cells are hidden."
        .to_owned();
    let rows: Vec<Vec<String>> = masks
        .iter()
        .map(|(name, mask)| vec![(*name).to_owned(), mask.count().to_string(), all.to_string()])
        .collect();
    Ok(Still {
        question: "Who may attend to whom?",
        layouts: [grids(&masks, &says, (WIDE, 158.0), 6), grids(&masks, &says, (NARROW, 480.0), 2)],
        numbers: table("What each mask leaves visible", &["Mask", "Visible", "Of"], &rows),
        says,
    })
}

fn grids(masks: &[(&str, MaskGrid)], says: &str, size: Point, columns: usize) -> Markup {
    let apart = size.0 / columns as f64;
    let cell = 18.0;
    let side = cell * TOKENS as f64;
    svg(
        size,
        "img",
        says,
        html! {
            @for (at, (name, mask)) in masks.iter().enumerate() {
                @let x = apart * (at % columns) as f64 + (apart - side) / 2.0;
                @let y = 24.0 + 160.0 * (at / columns) as f64;
                (text((x, y - 8.0), name, "small strong"))
                (rect(Area::new(x, y, side, side), "fill-bg line-edge"))
                @for (query, row) in mask.to_string().lines().enumerate() {
                    @let visible = row.chars().filter(|it| *it == '#').count();
                    @for (key, _) in row.char_indices().filter(|(_, it)| *it == '#') {
                        @let corner = (x + cell * key as f64, y + cell * query as f64);
                        (rect(
                            Area::new(corner.0 + 0.75, corner.1 + 0.75, cell - 1.5, cell - 1.5),
                            &heat_fill(1.0 / visible as f32),
                        ))
                    }
                }
                (text((x, y + side + 18.0), &format!("{} of {} visible", mask.count(), TOKENS * TOKENS), "small muted"))
            }
        },
    )
}
