//! Flash and grouped-query attention as kernels in CubeCL.
//!
//! One source, in Rust, becomes CUDA C++, SPIR-V and WGSL. Read it in this order:
//!
//! | module | idea |
//! |---|---|
//! | [`options`], [`tiles`] | what is computed, and how the work is cut |
//! | [`plain_forward`] | flash attention forward: a thread has a query |
//! | [`plain_backward`] | its gradients, with the weights made again |
//! | [`decode`] | one query against a long cache, cut into splits |
//! | [`tensor_core_forward`] | flash attention forward, tuned: a plane of 32 threads has 32 queries |
//! | [`emit`] | the kernels as CUDA C++, without a card |
//! | [`op`] | the same on burn's tensors, for any device, with autodiff |
//! | [`device`] | devices, by name |
//!
//! Without the feature `wgpu` or `cuda` only the options and the table of tiles are here.

mod error;
pub mod options;
pub mod tiles;

#[cfg(feature = "emit")]
pub mod emit;
#[cfg(feature = "cube")]
mod fragments;
#[cfg(feature = "cube")]
pub mod plain_forward;
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
pub mod tensor_core_forward;

pub use error::Error;
pub use options::{DecodeOptions, FlashOptions, Window};
