//! Standard attention with its traffic counted: what flash attention is compared with.

use burn::tensor::Tensor;

use crate::flash::{TileOptions, check_sizes, hide_future};
use crate::float_type::widened;
use crate::scaled_dot_product::check_types;
use crate::traffic::{Sizes, Traffic};
use crate::{Error, softmax};

/// Standard attention, as three kernels that pass `seq_q x seq_k` matrices through HBM. Returns
/// the output, `[batch, heads, seq_q, value_dim]`, and what it cost.
///
/// From Dao et al., *FlashAttention*, 2022, Algorithm 0. Only `causal` and `scale` of the
/// options matter: there are no blocks. A causal mask saves nothing here, for the hidden entries
/// are computed, written and read like the others.
///
/// # Errors
/// As [`flash_attention`](crate::flash::flash_attention).
pub fn standard_attention(
    query: Tensor<4>,
    key: Tensor<4>,
    value: Tensor<4>,
    options: &TileOptions,
) -> Result<(Tensor<4>, Traffic), Error> {
    check_types(&query, &key, &value)?;
    check_sizes(query.dims(), key.dims(), value.dims(), options)?;
    let sizes = Sizes::of(&query, &key, &value);
    let size = sizes.bytes_per_number;
    let mut traffic = Traffic::default();
    // Only what crosses HBM has 16 bits.
    let dtype = query.dtype();
    let [query, key, value] = [query, key, value].map(widened);

    // Kernel 1: scores.
    traffic.reads(query.dims(), size);
    traffic.reads(key.dims(), size);
    let key = key.transpose();
    traffic.multiplies(query.dims(), key.dims());
    let mut scores = query.matmul(key) * options.scale_for(sizes.head_dim);
    if options.causal {
        scores = hide_future(scores, sizes.seq_k as i64 - sizes.seq_q as i64);
    }
    traffic.writes(scores.dims(), size);

    // Kernel 2: weights.
    traffic.reads(scores.dims(), size);
    let weights = softmax(scores, 3);
    traffic.writes(weights.dims(), size);

    // Kernel 3: output.
    traffic.reads(weights.dims(), size);
    traffic.reads(value.dims(), size);
    traffic.multiplies(weights.dims(), value.dims());
    let output = weights.matmul(value);
    traffic.writes(output.dims(), size);
    Ok((output.cast(dtype), traffic))
}
