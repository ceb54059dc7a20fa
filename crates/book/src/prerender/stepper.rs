//! The stepper of chapter 2.

use anyhow::Result;
use burn::tensor::Tensor;
use widgets::stepper::real::{Place, RealHead};
use widgets::stepper::{Setup, State, Stepper};

use super::Prerendered;
use crate::memoised_model::MemoisedModel;
use crate::sentences::{GALLERY, NAMED_HEADS};

/// The stepper on its toy. With the model, the first head that has a name can take its place.
pub(super) fn prerender(model: Option<&MemoisedModel>) -> Result<Prerendered> {
    let head = model.map(real_head).transpose()?;
    let setup =
        Setup { real: head.as_ref().map(|head| head.place.clone()), opening: State::opening() };
    let mut prerendered = Prerendered::live::<Stepper>(setup, &[])?;
    prerendered.files =
        head.iter().map(|head| (RealHead::PATH.to_owned(), head.to_bytes())).collect();
    Ok(prerendered)
}

/// The first named head on the first sentence.
fn real_head(model: &MemoisedModel) -> Result<RealHead> {
    let (text, named) = (GALLERY[0].text, &NAMED_HEADS[0]);
    let head = &model.heads(text, &[named.head])?[0];
    let config = model.config();
    let group = config.heads / config.kv_heads;
    let numbers = |tensor: &Tensor<4>| tensor.to_data().iter().collect();
    Ok(RealHead {
        place: Place { text: text.to_owned(), layer: head.layer, head: head.head },
        tokens: head.tokens.iter().map(|token| token.text.clone()).collect(),
        head_dim: config.head_dim,
        d_model: config.d_model,
        kv_head: head.kv_head,
        shared_by: (head.kv_head * group..(head.kv_head + 1) * group).collect(),
        query: numbers(&head.steps.query),
        key: numbers(&head.steps.key),
        value: numbers(&head.steps.value),
    })
}
