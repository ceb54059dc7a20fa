//! Flash attention, tile by tile, of chapter 8.

use anyhow::{Result, ensure};
use burn::tensor::Tensor;
use widgets::files::PageFile;
use widgets::flash::{Entry, Flash, Numbers, Setup, State};

use super::Staged;
use crate::facts::Measured;

/// What SmolLM2 reads for the widget and for the figures of the chapter.
pub(crate) const TEXT: &str = "The cat sat on the mat because it was tired. The dog lay by the \
     door because it was hot. When the rain began, the cat went up the stairs, and the dog slept \
     on. In the evening a girl came home, gave milk to the cat and a bone to the dog, and sat down.";

/// How many tokens it has.
pub(crate) const TOKENS: usize = 64;

/// The heads of the menu: a name, layer and head, and what it is known for. The widget opens on
/// the first.
pub(crate) const HEADS: [(&str, (usize, usize), &str); 3] = [
    ("noun", (13, 8), "“it” finds its noun"),
    ("previous", (16, 0), "looks one token back"),
    ("sink", (18, 8), "nearly all on the first token"),
];

/// The made-up numbers, and with the model three of its heads.
pub(super) fn stage(measured: Option<&Measured<'_>>) -> Result<Staged> {
    let read = |measured| HEADS.map(|(name, head, _)| numbers(measured, name, head));
    let heads: Vec<Numbers> = measured.map(read).into_iter().flatten().collect::<Result<_>>()?;
    let entry =
        |(numbers, (_, (layer, head), about)): (&Numbers, &(_, (usize, usize), &str))| Entry {
            name: numbers.name.clone(),
            label: format!("SmolLM2, layer {layer}, head {head}: {about}"),
            layer: *layer,
            head: *head,
            tokens: numbers.tokens.len(),
        };
    let toy = toy();
    let opening = match heads.first() {
        Some(first) => State::opening(&first.name, first.tokens.len(), true),
        None => State::opening(&toy.name, toy.tokens.len(), false),
    };
    let heads_in_menu = heads.iter().zip(&HEADS).map(entry).collect();
    let setup = Setup { toy, heads: heads_in_menu, opening };
    let file = |numbers: &Numbers| (Numbers::path(&numbers.name), numbers.to_bytes());
    let files: Vec<_> = heads.iter().map(file).collect();
    Ok(Staged { files: files.clone(), ..Staged::live::<Flash>(setup, &files)? })
}

/// What a head makes of the text.
pub(crate) fn numbers(
    measured: &Measured<'_>,
    name: &str,
    (layer, head): (usize, usize),
) -> Result<Numbers> {
    let head = measured.model.head(TEXT, layer, head)?;
    let [_, _, seq, head_dim] = head.steps.query.dims();
    ensure!(seq == TOKENS, "the text of chapter 8 has {seq} tokens, not {TOKENS}");
    let numbers = |tensor: Tensor<4>| tensor.into_data().iter().collect();
    Ok(Numbers {
        name: name.to_owned(),
        tokens: head.tokens.into_iter().map(|token| token.text).collect(),
        head_dim,
        query: numbers(head.steps.query),
        key: numbers(head.steps.key),
        value: numbers(head.steps.value),
    })
}

/// The made-up numbers of the listing `ch08-flash-steps`.
pub(crate) fn toy() -> Numbers {
    Numbers {
        name: "toy".to_owned(),
        tokens: ["zero", "one", "two", "three"].map(str::to_owned).to_vec(),
        head_dim: 2,
        query: [[1.0, 0.5], [0.0, 2.0], [2.0, 1.0], [-1.0, 1.0]].concat(),
        key: [[1.0, 0.0], [0.0, 1.0], [3.0, 1.0], [-1.0, 2.0]].concat(),
        value: [[1.0, 0.0], [0.0, 1.0], [4.0, 4.0], [-2.0, 1.0]].concat(),
    }
}
