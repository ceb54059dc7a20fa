//! SmolLM2-135M-Instruct, a small pretrained language model, run so that every head shows its
//! weights.
//!
//! SmolLM2 (Allal et al., *SmolLM2: When Smol Goes Big*, 2025) is a decoder of the Llama kind:
//! 30 layers of 9 query heads that share 3 key and value heads, 576 numbers a token, 49,152
//! tokens. It is under the Apache-2.0 licence.
//!
//! Read the modules in the order in which a sentence meets them:
//!
//! | module | idea |
//! |---|---|
//! | [`gguf`] | the file: a list of settings, a list of tensors, then their bytes |
//! | [`quant`] | 4-bit and 8-bit weights, turned back into numbers |
//! | [`config`] | the model's sizes, read from the settings and checked |
//! | [`tokenizer`] | text to tokens, and back |
//! | [`norm`] | RMSNorm: each token's vector, brought to length |
//! | [`rope`] | rotary positions: where a token stands, as an angle |
//! | [`grouped_query`] | grouped-query attention: 9 query heads, 3 key and value heads |
//! | [`feed_forward`] | SwiGLU: what happens to a token after it has looked around |
//! | [`block`] | one layer: attention, then feed-forward |
//! | [`model`] | all layers, and a guess at the next token |
//! | [`decode`] | the same token by token, with a cache of keys and values |
//! | [`quantised`] | the same in plain Rust on the weights as the file has them, for a page |
//!
//! ```
//! use smollm2::{Model, locate};
//!
//! let model = Model::open(&locate()?)?;
//! let forward = model.run("The cat sat on the mat because it was tired")?;
//!
//! // Token 7 is " it", token 1 is " cat". Layers and heads count from 0.
//! assert_eq!(forward.tokens[7].text, " it");
//! let weight = forward.weight(13, 8, 7, 1)?;
//! assert!((weight - 0.80).abs() < 0.01);
//! # Ok::<(), smollm2::Error>(())
//! ```

#[cfg(feature = "burn")]
pub mod block;
pub mod config;
#[cfg(feature = "burn")]
pub mod decode;
mod error;
#[cfg(feature = "burn")]
pub mod feed_forward;
#[cfg(feature = "burn")]
mod flow;
#[cfg(feature = "burn")]
pub mod forward;
pub mod gguf;
#[cfg(feature = "burn")]
pub mod grouped_query;
#[cfg(feature = "burn")]
mod head;
#[cfg(feature = "burn")]
mod linear;
mod locate;
#[cfg(feature = "burn")]
pub mod model;
#[cfg(feature = "burn")]
pub mod norm;
pub mod quant;
pub mod quantised;
#[cfg(feature = "burn")]
pub mod rope;
pub mod tokenizer;

pub use config::Config;
#[cfg(feature = "burn")]
pub use decode::Decoder;
pub use error::Error;
#[cfg(feature = "burn")]
pub use flow::Flow;
#[cfg(feature = "burn")]
pub use forward::{Candidate, Forward};
#[cfg(feature = "burn")]
pub use grouped_query::Attend;
#[cfg(feature = "burn")]
pub use head::Head;
#[cfg(feature = "burn")]
pub use linear::Linear;
pub use locate::{BYTES, FILE_NAME, SHA256, cache_path, locate};
#[cfg(feature = "burn")]
pub use model::{LONGEST, Model, surprises};
pub use quantised::Quantised;
pub use tokenizer::{Token, Tokenizer};
