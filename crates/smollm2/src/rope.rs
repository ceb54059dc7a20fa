//! Rotary positions: where a token stands, as an angle.
//!
//! They are an idea of their own, so [`attention::rope`] has them. A GGUF file of a Llama has
//! the rows of its query and key matrices ordered for neighbours as pairs, which is the default.

pub use attention::rope::{Pairing, Rope};
