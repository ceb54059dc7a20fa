//! One layer: attention, then feed-forward.

use attention::{Attention, AttentionSteps, KvCache};
use burn::tensor::{Device, Tensor};

use crate::feed_forward::SwiGlu;
use crate::gguf::Gguf;
use crate::grouped_query::{Attend, GroupedQueryAttention};
use crate::norm::RmsNorm;
use crate::{Config, Error, Flow};

/// A layer of a Llama (Touvron et al., *LLaMA: Open and Efficient Foundation Language Models*,
/// 2023, section 2.2). Each half adds to what it was given, and norms its input first.
#[derive(Debug, Clone)]
pub struct Block {
    attention_norm: RmsNorm,
    attention: GroupedQueryAttention,
    feed_forward_norm: RmsNorm,
    feed_forward: SwiGlu,
}

impl Block {
    pub(crate) fn read(
        file: &Gguf<'_>,
        layer: usize,
        config: &Config,
        device: &Device,
    ) -> Result<Self, Error> {
        let norm = |part: &str| {
            let name = format!("blk.{layer}.{part}_norm.weight");
            RmsNorm::read(file, &name, config.d_model, config.rms_epsilon, device)
        };
        Ok(Block {
            attention_norm: norm("attn")?,
            attention: GroupedQueryAttention::read(file, layer, config, device)?,
            feed_forward_norm: norm("ffn")?,
            feed_forward: SwiGlu::read(file, layer, config, device)?,
        })
    }

    /// `x` is `[seq, d_model]`, and so is the first result. The second is what attention computed
    /// on the way.
    ///
    /// # Errors
    /// [`Error::Attention`] when `x` has no rows.
    pub fn forward(&self, x: Tensor<2>) -> Result<(Tensor<2>, Attention), Error> {
        let (attended, attention) =
            self.attention.forward(self.attention_norm.forward(x.clone()))?;
        Ok((self.feed_forward_half(x + attended), attention))
    }

    /// The first result of [`forward`](Self::forward), for tokens that follow those in `cache`,
    /// which then holds these too.
    ///
    /// # Errors
    /// [`Error::Attention`] when `x` has no rows, or the cache is not that of this layer.
    pub fn continued(&self, x: Tensor<2>, cache: &mut KvCache) -> Result<Tensor<2>, Error> {
        let attended = self.attention.continued(self.attention_norm.forward(x.clone()), cache)?;
        Ok(self.feed_forward_half(x + attended))
    }

    /// The first result of [`forward`](Self::forward), when `attend` takes the place of attention.
    ///
    /// # Errors
    /// As [`GroupedQueryAttention::forward_by`].
    pub fn forward_by(&self, x: Tensor<2>, attend: &Attend<'_>) -> Result<Tensor<2>, Error> {
        let attended = self.attention.forward_by(self.attention_norm.forward(x.clone()), attend)?;
        Ok(self.feed_forward_half(x + attended))
    }

    /// The second half: norm and feed-forward, added to `x`.
    fn feed_forward_half(&self, x: Tensor<2>) -> Tensor<2> {
        let normed = self.feed_forward_norm.forward(x.clone());
        x + self.feed_forward.forward(normed)
    }

    /// The same layer with one of its heads silenced.
    pub(crate) fn without(&self, head: usize) -> Self {
        Block { attention: self.attention.without(head), ..self.clone() }
    }

    /// The scaled scores of this layer's heads with nothing hidden, `[heads, seq, seq]`.
    ///
    /// # Errors
    /// [`Error::Attention`] when `x` has no rows.
    pub fn unmasked_scores(&self, x: Tensor<2>) -> Result<Tensor<3>, Error> {
        self.attention.unmasked_scores(self.attention_norm.forward(x))
    }

    /// Every step of one query head on the way, as [`GroupedQueryAttention::steps`], and the
    /// number of the key and value head that it asks.
    ///
    /// # Errors
    /// As [`GroupedQueryAttention::steps`].
    pub fn steps(&self, x: Tensor<2>, head: usize) -> Result<(AttentionSteps, usize), Error> {
        let steps = self.attention.steps(self.attention_norm.forward(x), head)?;
        Ok((steps, self.attention.kv_head(head)))
    }

    /// What each head does for the token at `place`: as [`Model::flow`](crate::Model::flow).
    pub(crate) fn flow(&self, x: &Tensor<2>, place: usize) -> Result<Flow, Error> {
        self.attention.flow(x, self.attention_norm.forward(x.clone()), place)
    }
}
