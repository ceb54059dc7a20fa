//! Flash attention on burn's tensors, on whatever device they are.

use burn::backend::Dispatch;
use burn::tensor::Tensor;

use crate::backend::FlashAttention;
use crate::check::{at_most, check_numbers, check_shapes, same};
use crate::tiles::{DeviceClass, MOST_CUBES, PlainTiles};
use crate::{Error, FlashOptions};

/// `softmax(mask(query · keyᵀ · scale)) · value`, and the log-sum-exp of each query's scores.
///
/// - `query`: `[batch, heads, seq_q, head_dim]`
/// - `key`, `value`: `[batch, kv_heads, seq_k, head_dim]`
///
/// Returns the output, `[batch, heads, seq_q, head_dim]` in the type of the inputs, and the
/// log-sum-exp, `[batch, heads, seq_q]` in `f32`. The numbers are `f32`, `f16` or `bf16`, and sums
/// are taken in `f32`. With `group = heads / kv_heads`, query head `h` asks key and value head
/// `h / group`; nothing is repeated in memory. `head_dim` is a multiple of 8 up to 256.
///
/// A query that sees no key gets zeros, and a log-sum-exp of `-inf`. A `NaN` or `+inf` in a
/// query's scores makes its row `NaN`, as far as the device keeps such numbers.
///
/// On CUDA, Vulkan and WebGPU this is a kernel of this crate; on `Device::flex()` it is plain
/// loops on one core, to check with: `attention::cpu_flash_attention` is the fast one there. If
/// the tensors' device has autodiff, gradients flow into query, key and value. They are made a
/// tile at a time, with the weights made again, so the memory of both passes grows with the length
/// of the text and not with its square. No gradient flows back through the log-sum-exp, and the
/// gradients have no gradients of their own.
///
/// On CUDA there are two forward kernels. The one for tensor cores takes `f16` and `bf16` with a
/// `head_dim` of 64 or 128 and a scale above zero, on cards of compute capability 8.0 or more. The
/// plain one takes everything else, and these too if the options say
/// [`Kernel::Plain`](crate::Kernel::Plain).
///
/// The forward pass is Dao et al., *FlashAttention*, 2022, and Dao, *FlashAttention-2*, 2023,
/// Algorithm 1; the backward pass is the latter's Algorithm 2.
///
/// ```
/// use burn::tensor::{Device, Distribution, Tensor};
/// use kernels::{FlashOptions, flash_attention};
///
/// let random = |heads| {
///     Tensor::<4>::random([1, heads, 100, 64], Distribution::Default, &Device::flex())
/// };
/// // Nine query heads share three key and value heads, as in SmolLM2.
/// let options = FlashOptions { causal: true, ..Default::default() };
/// let (output, log_sum_exp) = flash_attention(random(9), random(3), random(3), &options)?;
/// assert_eq!(output.dims(), [1, 9, 100, 64]);
/// assert_eq!(log_sum_exp.dims(), [1, 9, 100]);
/// # Ok::<(), kernels::Error>(())
/// ```
///
/// # Errors
/// When shapes, types, devices or options do not fit together or do not fit the kernels. The
/// error says which limit it is and what to do; nothing is computed another way instead.
pub fn flash_attention(
    query: Tensor<4>,
    key: Tensor<4>,
    value: Tensor<4>,
    options: &FlashOptions,
) -> Result<(Tensor<4>, Tensor<3>), Error> {
    check_numbers([("query", &query), ("key", &key), ("value", &value)])?;
    check_shapes(query.dims(), ("key", &key), ("value", &value))?;
    same("batch", 0, ("query", query.dims()), ("key", key.dims()))?;
    let ([batch, _, seq_q, head_dim], seq_k) = (query.dims(), key.dims()[2]);
    options.check(batch, seq_k)?;
    let rows = PlainTiles::of(DeviceClass::WebGpu, head_dim).block_rows;
    at_most("blocks of queries or keys", seq_q.max(seq_k).div_ceil(rows), MOST_CUBES)?;

    let (output, log_sum_exp) = Dispatch::flash_attention(
        query.into_dispatch(),
        key.into_dispatch(),
        value.into_dispatch(),
        options.clone(),
    );
    Ok((Tensor::from_dispatch(output), Tensor::from_dispatch(log_sum_exp)))
}
