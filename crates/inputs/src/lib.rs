//! What the book's computations start from: made-up vectors, texts, tokens and sizes.
//!
//! A listing prints what it computes from these, a widget shows the same, and a page quotes it.
//! So each number and each text stands here, once, and everyone who needs it takes it from here.
//!
//! | module | chapter | holds |
//! |---|---|---|
//! | [`texts`] | all | what SmolLM2 reads |
//! | [`heads`] | all | the heads of SmolLM2 that the book comes back to |
//! | [`projections`] | 2 | four words and the matrices of one head |
//! | [`score_matrix`] | 3 | their queries and keys |
//! | [`next_token`] | 4 | the logits of six tokens, and how many tokens a filter keeps |
//! | [`scale`] | 4 | how many random queries and keys are drawn |
//! | [`tokens`] | 5, 9 | tokens without a meaning, each of which comes twice |
//! | [`causal_mask`] | 6 | the queries and keys of five tokens |
//! | [`translation`] | 7 | French sentences |
//! | [`flash`] | 8 | four tokens in tiles, and the sizes whose traffic is counted |
//! | [`masks`] | 3, 9 | every pattern of the library |
//! | [`kv_cache`] | 10 | the sizes of a model and of its cache |

pub mod causal_mask;
pub mod flash;
pub mod heads;
pub mod kv_cache;
pub mod masks;
pub mod next_token;
pub mod projections;
pub mod scale;
pub mod score_matrix;
pub mod texts;
pub mod tokens;
pub mod translation;
