//! The ideas of *Attention You Can Run*, in burn.
//!
//! Read it top to bottom: [`softmax()`] turns scores into shares, [`mask`] says who may look
//! where, and [`scaled_dot_product_attention`] puts both together. The book prints these
//! functions, its tests check them, its listings run them, and its pages call them in
//! WebAssembly: they are the same functions each time.
//!
//! Tensors have the shape `[batch, heads, seq, head_dim]`. A query tensor has `seq_q` rows a
//! head; key and value tensors have `seq_k` rows a head.
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

mod error;
pub mod mask;
mod scaled_dot_product;
mod softmax;

pub use error::Error;
pub use mask::Mask;
pub use scaled_dot_product::{Attention, scaled_dot_product_attention};
pub use softmax::softmax;
