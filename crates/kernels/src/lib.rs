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
//! | [`op`] | the same on burn's tensors, for any device, with autodiff |
//! | [`device`] | devices, by name |
//! | [`standard`] | attention with its whole matrix of scores in memory, to compare with |
//!
//! Without the feature `wgpu` or `cuda` only the options and the table of tiles are here.

mod error;
pub mod options;
pub mod tiles;

#[cfg(feature = "cube")]
pub mod plain_forward;
#[cfg(feature = "cube")]
mod rows;
#[cfg(feature = "cube")]
mod score;
#[cfg(feature = "cube")]
mod sight;
#[cfg(feature = "cube")]
pub mod standard;

pub use error::Error;
pub use options::{DecodeOptions, FlashOptions, Window};
