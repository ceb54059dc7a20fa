//! Flash and grouped-query attention as kernels in CubeCL, and as an op on burn's tensors.
//!
//! One source, in Rust, becomes CUDA C++ and WGSL. Read it in this order:
//!
//! | module | idea |
//! |---|---|
//! | [`options`], [`tiles`] | what is computed, and how the work is cut |
//! | `plain_forward`, `rows`, `sight`, `score` | flash attention: a thread has a query |
//! | `tensor_core_forward`, `fragments`, `shared_tile`, `running_softmax` | the same on tensor cores |
//! | `choose` | which of the two is taken |
//! | `row_dot`, `query_gradient`, `key_value_gradient` | backwards, with the weights made again |
//! | `decode_split`, `decode_merge` | one query against a long cache, cut into splits |
//! | `cube`, `loops`, `autodiff` | the launches, the same on a processor, the gradients |
//! | `op`, `decode` | on burn's tensors, checked |
//! | `emit` | the kernels as CUDA C++, with no card |
//! | `device` | devices, by name |
//! | `standard` | attention with its whole matrix of scores in memory, to compare with |
//!
//! Without the feature `wgpu` or `cuda` only the options, the errors and the table are here.

mod error;
pub mod options;
pub mod tiles;

#[cfg(feature = "cube")]
mod autodiff;
#[cfg(feature = "cube")]
pub mod backend;
#[cfg(feature = "cube")]
mod check;
#[cfg(feature = "cube")]
pub mod choose;
#[cfg(feature = "cube")]
mod cube;
#[cfg(feature = "cube")]
mod decode;
#[cfg(feature = "cube")]
pub mod decode_merge;
#[cfg(feature = "cube")]
pub mod decode_split;
#[cfg(feature = "cube")]
pub mod device;
#[cfg(feature = "emit")]
pub mod emit;
#[cfg(feature = "cube")]
mod flex;
#[cfg(feature = "cube")]
mod fragments;
#[cfg(feature = "cube")]
pub mod key_value_gradient;
#[cfg(feature = "cube")]
mod loops;
#[cfg(feature = "cube")]
mod op;
#[cfg(feature = "cube")]
pub mod plain_forward;
#[cfg(feature = "cube")]
pub mod query_gradient;
#[cfg(feature = "cube")]
pub mod row_dot;
#[cfg(feature = "cube")]
mod rows;
#[cfg(feature = "cube")]
mod running_softmax;
#[cfg(feature = "cube")]
mod score;
#[cfg(feature = "cube")]
mod shared_tile;
#[cfg(feature = "cube")]
mod sight;
#[cfg(feature = "cube")]
pub mod standard;
#[cfg(feature = "cube")]
pub mod tensor_core_forward;

#[cfg(feature = "cube")]
pub use decode::{decode, decode_paged};
pub use error::Error;
#[cfg(feature = "cube")]
pub use op::flash_attention;
pub use options::{DecodeOptions, FlashOptions, Kernel, Window};
