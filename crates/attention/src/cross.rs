//! Cross-attention: one sequence asks, another answers.

use burn::tensor::Tensor;

use crate::{AttentionOptions, Error, MaskGrid, MultiHeadAttention, MultiHeadSteps};

/// Queries from `target`, keys and values from `source`, as the decoder of a translator looks
/// at the text to translate.
///
/// From Vaswani et al., *Attention Is All You Need*, 2017, section 3.2.3 ("encoder-decoder
/// attention").
///
/// - `target`: `[batch, seq_q, d_target]`
/// - `source`: `[batch, seq_k, d_source]`
/// - `source_lengths`: how many tokens of each source are text, one number a text; what follows
///   is padding, and nobody sees it.
///
/// Nothing else is masked: the source is there as a whole from the start. A source of length
/// zero gives weights and an output of zeros. Padding must be finite numbers: its weight is `0`,
/// and `0` times `inf` is `NaN`.
///
/// # Errors
/// [`Error::LengthCount`] unless there is one length for each text, [`Error::PaddingTooLong`] if
/// one exceeds `seq_k`, and the errors of [`MultiHeadAttention::attend`].
// ANCHOR: cross
pub fn cross_attention(
    layer: &MultiHeadAttention,
    target: Tensor<3>,
    source: Tensor<3>,
    source_lengths: &[usize],
) -> Result<MultiHeadSteps, Error> {
    let ([_, seq_q, _], [batch, seq_k, _]) = (target.dims(), source.dims());
    if source_lengths.len() != batch {
        return Err(Error::LengthCount { lengths: source_lengths.len(), batch });
    }
    let masks = MaskGrid::padding(source_lengths, seq_q, seq_k)?;
    layer.attend(target, source, AttentionOptions { masks, ..Default::default() })
}
// ANCHOR_END: cross
