//! The stepper of chapter 2.

use anyhow::Result;
use burn::tensor::Tensor;
use widgets::stepper::real::{Place, RealHead};
use widgets::stepper::{Setup, State, Stepper};

use super::Staged;
use crate::facts::Measured;
use crate::gallery::{NAMED_HEADS, PICTURES};

/// The stepper on its toy. With the model, the first head that has a name can take its place.
pub(super) fn stage(measured: Option<&Measured<'_>>) -> Result<Staged> {
    let head = measured.map(real_head).transpose()?;
    let setup =
        Setup { real: head.as_ref().map(|head| head.place.clone()), opening: State::opening() };
    let mut staged = Staged::live::<Stepper>(setup, &[])?;
    staged.files = head.iter().map(|head| (RealHead::PATH.to_owned(), head.to_bytes())).collect();
    Ok(staged)
}

/// The first named head on the first sentence.
fn real_head(measured: &Measured<'_>) -> Result<RealHead> {
    let (text, named) = (PICTURES[0].text, &NAMED_HEADS[0]);
    let head = measured.model.head(text, named.layer, named.head)?;
    let config = measured.model.config();
    let group = config.heads / config.kv_heads;
    let numbers = |tensor: Tensor<4>| tensor.into_data().iter().collect();
    Ok(RealHead {
        place: Place { text: text.to_owned(), layer: named.layer, head: named.head },
        tokens: head.tokens.into_iter().map(|token| token.text).collect(),
        head_dim: config.head_dim,
        d_model: config.d_model,
        kv_head: head.kv_head,
        shared_by: (head.kv_head * group..(head.kv_head + 1) * group).collect(),
        query: numbers(head.steps.query),
        key: numbers(head.steps.key),
        value: numbers(head.steps.value),
    })
}
