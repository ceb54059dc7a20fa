//! What can go wrong between a weights file and a map of attention.

use std::path::PathBuf;

/// Why the model could not be loaded or run.
///
/// Offsets are bytes from the start of the weights file.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no weights file.
    #[error(
        "the weights of SmolLM2-135M are not at {}: run `cargo xtask weights` to fetch them \
         (98 MB), or set SMOLLM2_GGUF to the path of SmolLM2-135M-Instruct.Q4_1.gguf",
        path.display()
    )]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// The operating system would not hand out the file.
    #[error("cannot read {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The file is far larger than this model can be.
    #[error(
        "{} has {bytes} bytes, and SmolLM2-135M needs no more than {limit}: it is another model; \
         run `cargo xtask weights` to fetch the right one",
        path.display()
    )]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size.
        bytes: u64,
        /// The largest size that is read.
        limit: u64,
    },
    /// The file does not begin as a GGUF file does.
    #[error(
        "not a GGUF file: it begins with the bytes {found:02x?}, not with 47 47 55 46 (\"GGUF\"); \
         run `cargo xtask weights` to fetch the right file"
    )]
    NotGguf {
        /// The first bytes of the file, at most four.
        found: Vec<u8>,
    },
    /// The file has a version of the format that this reader does not know.
    #[error(
        "the file is GGUF version {found}, and this reader knows versions 2 and 3, \
         little-endian; run `cargo xtask weights` to fetch the right file"
    )]
    Version {
        /// The version in the file.
        found: u32,
    },
    /// The file ends too early.
    #[error(
        "the file is cut short: `{what}` at byte {offset} needs {needed} bytes and {left} are \
         left; run `cargo xtask weights` to fetch it whole"
    )]
    Truncated {
        /// The key, the tensor, or the part of the file.
        what: String,
        /// Where it begins.
        offset: u64,
        /// How many bytes it needs from there.
        needed: u64,
        /// How many there are.
        left: u64,
    },
    /// The file contradicts the format, or itself.
    #[error(
        "the file is corrupt: `{what}` at byte {offset} {problem}; \
         run `cargo xtask weights` to fetch it again"
    )]
    Corrupt {
        /// The key, the tensor, or the part of the file.
        what: String,
        /// Where it begins.
        offset: u64,
        /// What is wrong, as the end of a sentence.
        problem: String,
    },
    /// The file holds another kind of model.
    #[error(
        "the file holds a model of architecture \"{found}\" (key `general.architecture`), and \
         this crate runs \"llama\" alone; run `cargo xtask weights` to fetch SmolLM2-135M"
    )]
    Architecture {
        /// The architecture in the file.
        found: String,
    },
    /// A setting that the model needs is not in the file.
    #[error(
        "the file has no key `{key}`, and the model needs it; \
         run `cargo xtask weights` to fetch SmolLM2-135M"
    )]
    MissingKey {
        /// The key.
        key: String,
    },
    /// A setting has a type or a value that this model cannot have.
    #[error(
        "the key `{key}` {problem}; this crate runs SmolLM2-135M: \
         run `cargo xtask weights` to fetch it"
    )]
    Setting {
        /// The key.
        key: String,
        /// What is wrong, as the end of a sentence.
        problem: String,
    },
    /// A tensor is stored in a way that this reader does not know.
    #[error(
        "the tensor `{tensor}`, described at byte {offset}, is stored as {name} (type {code}), \
         and this reader knows F32, Q4_1 and Q8_0: use SmolLM2-135M-Instruct.Q4_1.gguf, which \
         `cargo xtask weights` fetches"
    )]
    Quantisation {
        /// The tensor.
        tensor: String,
        /// Where its description begins.
        offset: u64,
        /// The number of the type in the file.
        code: u32,
        /// Its name, where it has one.
        name: &'static str,
    },
    /// A tensor that the model needs is not in the file.
    #[error(
        "the file has no tensor `{tensor}`, and the model needs it; \
         run `cargo xtask weights` to fetch SmolLM2-135M"
    )]
    MissingTensor {
        /// The tensor.
        tensor: String,
    },
    /// The file has a tensor that would change the result, and the model has no place for it.
    #[error(
        "the file has a tensor `{tensor}`, and this model has no place for it: to leave it out \
         would give wrong numbers; run `cargo xtask weights` to fetch SmolLM2-135M"
    )]
    UnknownTensor {
        /// The tensor.
        tensor: String,
    },
    /// A tensor has another shape than the settings say.
    #[error(
        "the tensor `{tensor}` has the shape {found:?}, and the settings of the file ask for \
         {expected:?} (rows last); run `cargo xtask weights` to fetch SmolLM2-135M"
    )]
    Shape {
        /// The tensor.
        tensor: String,
        /// Its shape, the fastest dimension first, as GGUF writes it.
        found: Vec<u64>,
        /// The shape that the settings ask for.
        expected: Vec<u64>,
    },
    /// A weight is infinite or not a number.
    #[error(
        "the tensor `{tensor}`, stored from byte {offset}, has the value {value} at place \
         {index}: the file is corrupt; run `cargo xtask weights` to fetch it again"
    )]
    NotFinite {
        /// The tensor.
        tensor: String,
        /// Where its bytes begin.
        offset: u64,
        /// The place of the value in the tensor.
        index: usize,
        /// The value.
        value: f32,
    },
    /// Bytes that are not a whole number of blocks cannot be dequantised.
    #[error("{bytes} bytes are not a whole number of {name} blocks of {block} bytes each")]
    Block {
        /// The name of the storage type.
        name: &'static str,
        /// The bytes given.
        bytes: usize,
        /// The bytes in a block.
        block: usize,
    },
    /// The vocabulary or the merges in the file do not make a tokenizer.
    #[error(
        "the key `{key}` does not make a tokenizer: {problem}; \
         run `cargo xtask weights` to fetch SmolLM2-135M"
    )]
    Vocabulary {
        /// The key.
        key: &'static str,
        /// What is wrong.
        problem: String,
    },
    /// There is no text to look at.
    #[error("the text is empty: give at least one character")]
    EmptyText,
    /// A character that the vocabulary cannot spell.
    #[error(
        "the text has {character:?} at byte {offset}, and SmolLM2's vocabulary has no token for \
         it: take it out"
    )]
    NoToken {
        /// The character.
        character: char,
        /// Its place in the text, in bytes.
        offset: usize,
    },
    /// The text is too long.
    #[error(
        "the text has {tokens} tokens, and at most {limit} can be looked at ({reason}): \
         give a shorter text"
    )]
    TooLong {
        /// The tokens in the text.
        tokens: usize,
        /// The most that are allowed.
        limit: usize,
        /// Where the limit comes from.
        reason: &'static str,
    },
    /// There is no such layer, head, token or vocabulary entry.
    #[error("there is no {what} {index}: they count from 0 and there are {count}")]
    OutOfRange {
        /// What was counted: `layer`, `head`, `query`, `key` or `token`.
        what: &'static str,
        /// The number asked for.
        index: usize,
        /// How many there are.
        count: usize,
    },
    /// The weights are finite, and yet the model's numbers grow beyond all bounds.
    #[error(
        "the model's numbers overflow in {place}: the weights are not those of a trained model; \
         run `cargo xtask weights` to fetch SmolLM2-135M"
    )]
    Overflow {
        /// The layer, or the logits.
        place: String,
    },
    /// Attention was given tensors that do not fit together.
    #[cfg(feature = "burn")]
    #[error(transparent)]
    Attention(#[from] attention::Error),
}
