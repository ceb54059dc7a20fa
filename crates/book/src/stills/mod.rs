//! Pictures that stay as they are: each answers one question, and its table says the same. They
//! are drawn when the book is built, and no script of the page takes part.
//!
//! A module a picture. `{{figure growth}}` puts one into a chapter.

mod absorbed;
mod all_heads;
mod cuts;
mod first_token;
mod fragments;
mod frame;
mod growth;
mod head_widths;
mod kinds;
mod levels;
mod loops;
mod low_rank;
mod mask_gaps;
mod mask_moves;
mod masks;
mod mattering;
mod party;
mod passes;
mod pattern_growth;
mod ring;
mod scatter;
mod shapes;
mod shared_blocks;
mod sharp_heads;
mod split;
mod spreads;
mod stacks;
mod timelines;

use anyhow::Result;
use maud::html;

use crate::memoised_model::MemoisedModel;
use crate::prerender::Prerendered;

use frame::Still;

pub(crate) use growth::Work;

/// Draws what needs no model.
type Plain = fn() -> Result<Still>;

/// Draws what the model does.
type OfTheModel = fn(&MemoisedModel) -> Result<Still>;

/// Pictures that are computed without the model, by the name that a tag gives.
const PLAIN: [(&str, Plain); 22] = [
    ("party", || Ok(party::still())),
    ("growth", growth::still),
    ("masks", masks::still),
    ("head-widths", head_widths::still),
    ("mattering", mattering::still),
    ("mask-gaps", || Ok(mask_gaps::still())),
    ("stacks", stacks::still),
    ("sharp-heads", sharp_heads::still),
    ("memory-levels", || Ok(levels::still())),
    ("passes", || Ok(passes::still())),
    ("flash-loops", loops::still),
    ("warp-split", || Ok(split::still())),
    ("ping-pong", timelines::ping_pong),
    ("copies", timelines::copies),
    ("fragments", || Ok(fragments::layout())),
    ("swizzle", || Ok(fragments::swizzle())),
    ("pattern-growth", pattern_growth::still),
    ("cuts", cuts::still),
    ("kinds-of-cache", kinds::still),
    ("absorbed", absorbed::still),
    ("shared-blocks", shared_blocks::still),
    ("ring-attention", ring::still),
];

/// Pictures of what the model does.
const OF_THE_MODEL: [(&str, OfTheModel); 6] = [
    ("all-heads", all_heads::still),
    ("first-token", first_token::still),
    ("shapes", shapes::still),
    ("low-rank", low_rank::still),
    ("spreads", spreads::still),
    ("mask-moves", mask_moves::still),
];

/// What the tags call the pictures.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    PLAIN.iter().map(|(name, _)| *name).chain(OF_THE_MODEL.iter().map(|(name, _)| *name))
}

/// Every picture of this kind. One that shows the model says so where there is none.
///
/// # Errors
/// When the model cannot be read, or what a picture draws cannot be computed.
pub(crate) fn all(model: Option<&MemoisedModel>) -> Result<Vec<Prerendered>> {
    let plain = PLAIN.iter().map(|(name, still)| Ok(still()?.prerendered(name)));
    let missing = || html! { p class="missing" { "(This picture needs the model.)" } };
    let of_the_model = OF_THE_MODEL.iter().map(|(name, still)| {
        Ok(match model {
            Some(model) => still(model)?.prerendered(name),
            None => Prerendered::still(name, missing().into_string()),
        })
    });
    plain.chain(of_the_model).collect()
}

#[cfg(test)]
mod tests {
    use scraper::{Html, Selector};

    use super::*;

    /// Each picture is there, says what it shows, and has its numbers in a table.
    #[test]
    fn each_has_a_label_and_a_table() {
        let path = smollm2::locate().unwrap_or_else(|error| panic!("{error}"));
        let model = MemoisedModel::open(&path).unwrap();
        for still in all(Some(&model)).unwrap() {
            let html = Html::parse_fragment(&still.html(None));
            let count = |selector: &str| html.select(&Selector::parse(selector).unwrap()).count();
            let name = still.name;
            assert_eq!(count("svg[role=img][aria-label]"), 2, "{name}");
            assert!(count("details table td") > 3, "{name}");
            assert_eq!(count(".question"), 1, "{name}");
            let selector = Selector::parse(".numbers td").unwrap();
            let cells: String = html.select(&selector).flat_map(|cell| cell.text()).collect();
            assert!(!cells.contains("NaN"), "{name}: {cells}");
            assert_eq!(count("[id], [style]"), 0, "{name}");
        }
    }

    #[test]
    fn without_the_model_a_picture_of_it_says_so() {
        let stills = all(None).unwrap();
        let missing = stills.iter().filter(|it| it.html(None).contains("needs the model"));
        assert_eq!(missing.count(), OF_THE_MODEL.len());
    }
}
