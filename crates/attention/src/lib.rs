//! The ideas of *Attention You Can Run*, in burn.
//!
//! The book prints these functions, its tests check them, its listings run them, and its pages
//! call them in WebAssembly: they are the same functions each time. Read them in this order:
//!
//! | module | idea |
//! |---|---|
//! | [`softmax()`], [`entropy`], [`total_variation`], [`sampling`] | scores into shares, how even they are, how far apart, and which to keep |
//! | [`mask`], [`MaskGrid`] | who may look where |
//! | [`scaled_dot_product_attention`], [`attention_steps`] | the formula, and every tensor on its way |
//! | [`multi_head`], [`cross`] | many heads at once; one text that looks at another |
//! | [`rope`], [`alibi`] | where a token stands |
//! | [`online_softmax`], [`mod@flash`], [`mod@flash_backward`], [`traffic`], [`standard_attention`] | the same result, tile by tile, with bytes counted |
//! | [`cpu_flash`] | the same once more, as fast as a CPU allows |
//! | [`grouped_query`], [`kv_cache`], [`latent`] | keys and values that are shared, kept, or compressed |
//! | [`paged`], [`quantised`] | a cache in pages; numbers with fewer bits |
//! | [`detectors`] | what a trained head does, as a number |
//! | [`units`], [`cost`], [`devices`], [`presets`] | what it costs, on which device, in which model |
//! | [`random`] | random numbers, the same on every machine |
//!
//! Tensors have the shape `[batch, heads, seq, head_dim]`. A query tensor has `seq_q` rows a
//! head; key and value tensors have `seq_k` rows a head.
//!
//! Their numbers are `f32`, `f64`, `f16` or `bf16`, and the tensors of a call have one type
//! ([`Error::FloatTypes`]). Results have it too. Attention computes with numbers of 16 bits in
//! `f32`, as kernels on a GPU do, and rounds each result once. For no `f16` is larger than 65,504:
//! `query · key` may be where `query · key / sqrt(head_dim)` is not. A score that no `f16` holds
//! stands as `inf` among the results, and weights and outputs are still right. How much 16 bits
//! cost is measured in `equivalence.toml`.
//!
//! ```
//! use attention::{Mask, scaled_dot_product_attention};
//! use burn::tensor::{Device, Tensor};
//!
//! let device = Device::flex();
//! // One batch, one head, two tokens, two dimensions.
//! let query = Tensor::<4>::from_data([[[[1.0_f32, 0.0], [0.0, 1.0]]]], &device);
//! let key = query.clone();
//! let value = query.clone();
//!
//! let attention = scaled_dot_product_attention(query, key, value, Mask::Causal)?;
//! // The first token sees only itself.
//! let first_row = attention.weights.slice([0..1, 0..1, 0..1, 0..2]);
//! assert_eq!(first_row.into_data().try_to_vec::<f32>().unwrap(), [1.0, 0.0]);
//! # Ok::<(), attention::Error>(())
//! ```

pub mod alibi;
pub mod cost;
pub mod cpu_flash;
pub mod cross;
pub mod detectors;
pub mod devices;
mod distance;
mod error;
pub mod flash;
pub mod flash_backward;
mod float_type;
pub mod grouped_query;
pub mod kv_cache;
pub mod latent;
pub mod levels;
pub mod mask;
mod mask_band;
mod mask_grid;
mod mask_parts;
pub mod multi_head;
pub mod online_softmax;
pub mod paged;
pub mod presets;
mod quantise;
pub mod random;
mod random_keys;
pub mod rope;
pub mod sampling;
mod scaled_dot_product;
mod softmax;
mod standard;
pub mod traffic;
pub mod units;

pub use alibi::{alibi_bias, alibi_slopes};
pub use cpu_flash::cpu_flash_attention;
pub use cross::cross_attention;
pub use distance::total_variation;
pub use error::Error;
pub use flash::{Flash, TileOptions, flash_attention};
pub use flash_backward::{FlashGradients, flash_backward};
pub use grouped_query::grouped_query_attention;
pub use kv_cache::KvCache;
pub use latent::{LatentAttention, LatentCache, LatentWeights};
pub use mask::Mask;
pub use mask_grid::MaskGrid;
pub use multi_head::{MultiHeadAttention, MultiHeadSteps, merge_heads, split_heads};
pub use online_softmax::OnlineSoftmax;
pub use paged::PagedCache;
pub use quantise::quantised;
pub use rope::{Pairing, Rope};
pub use scaled_dot_product::{
    Attention, AttentionOptions, AttentionSteps, attention_steps, scaled_dot_product_attention,
};
pub use softmax::{effective_tokens, entropy, softmax, softmax_jacobian, softmax_with_temperature};
pub use standard::standard_attention;
