//! SmolLM2, with a list of every text that it was made to read.

use std::cell::RefCell;

use anyhow::Result;
use attention::units::Bytes;
use burn::tensor::Tensor;
use smollm2::{Attend, Config, Decoder, Flow, Forward, Head, Model, Tokenizer, surprises};

/// A head, as its layer and its place in the layer, both from 0.
pub(crate) type LayerHead = (usize, usize);

/// What a text was read for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Purpose {
    /// Scores, weights and the next token.
    Forward,
    /// Scores before the mask.
    Unmasked,
    /// All steps of these heads.
    Heads(Vec<LayerHead>),
    /// What each head of this layer does for the token at this place.
    Flow(usize, usize),
    /// The surprise at each token, without these heads.
    Surprise(Vec<LayerHead>),
    /// The surprise at each token, with another attention, which has this name.
    Attention(&'static str),
    /// Logits and the size of the cache, token by token.
    OneByOne,
}

/// A text that the model was made to read: its tokens, and what for.
pub(crate) type Pass = (Vec<u32>, Purpose);

/// What is there after one more token of a text was read.
pub(crate) struct Decoded {
    /// The logits of the next token.
    pub(crate) logits: Vec<f32>,
    /// What keys and values of all tokens so far take.
    pub(crate) cache: Bytes,
}

/// The model. There is no way to make it read a text that is not counted.
pub(crate) struct CountedModel {
    model: Model,
    passes: RefCell<Vec<Pass>>,
}

impl CountedModel {
    pub(crate) fn new(model: Model) -> Self {
        Self { model, passes: RefCell::default() }
    }

    /// Every text that was read so far, in order.
    #[cfg(test)]
    pub(crate) fn passes(&self) -> Vec<Pass> {
        self.passes.borrow().clone()
    }

    pub(crate) fn config(&self) -> &Config {
        self.model.config()
    }

    pub(crate) fn tokenizer(&self) -> &Tokenizer {
        self.model.tokenizer()
    }

    fn count(&self, ids: &[u32], purpose: Purpose) -> &Model {
        self.passes.borrow_mut().push((ids.to_vec(), purpose));
        &self.model
    }

    pub(crate) fn forward(&self, ids: &[u32]) -> Result<Forward> {
        Ok(self.count(ids, Purpose::Forward).run_tokens(ids)?)
    }

    pub(crate) fn unmasked(&self, ids: &[u32]) -> Result<Vec<Tensor<3>>> {
        Ok(self.count(ids, Purpose::Unmasked).unmasked_scores(ids)?)
    }

    pub(crate) fn heads(&self, ids: &[u32], heads: &[LayerHead]) -> Result<Vec<Head>> {
        Ok(self.count(ids, Purpose::Heads(heads.to_vec())).heads(ids, heads)?)
    }

    pub(crate) fn flow(&self, ids: &[u32], layer: usize, place: usize) -> Result<Flow> {
        Ok(self.count(ids, Purpose::Flow(layer, place)).flow(ids, layer, place)?)
    }

    pub(crate) fn surprise(&self, ids: &[u32], silenced: &[LayerHead]) -> Result<Vec<f64>> {
        let model = self.count(ids, Purpose::Surprise(silenced.to_vec()));
        Ok(model.without(silenced)?.surprise(ids)?)
    }

    pub(crate) fn surprise_by(
        &self,
        ids: &[u32],
        name: &'static str,
        attend: &Attend<'_>,
    ) -> Result<Vec<f64>> {
        let model = self.count(ids, Purpose::Attention(name));
        Ok(surprises(&model.logits_by(ids, attend)?, ids))
    }

    pub(crate) fn one_by_one(&self, ids: &[u32]) -> Result<Vec<Decoded>> {
        let mut decoder = Decoder::new(self.count(ids, Purpose::OneByOne));
        let read = |id: &u32| -> Result<Decoded> {
            let logits = decoder.read(&[*id])?;
            Ok(Decoded { logits, cache: decoder.cache_bytes() })
        };
        ids.iter().map(read).collect()
    }
}
