//! What can be wrong with what the kernels are given.

/// Why a kernel was not launched.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Two tensors must agree in one dimension, and do not.
    #[error(
        "{left} has shape {left_shape:?} and {right} has shape {right_shape:?}: \
         they must have the same {dimension}"
    )]
    Mismatch {
        /// The dimension that must agree: `batch`, `kv_heads`, `seq_k` or `head_dim`.
        dimension: &'static str,
        /// The name of one tensor.
        left: &'static str,
        /// Its shape.
        left_shape: [usize; 4],
        /// The name of the other.
        right: &'static str,
        /// Its shape.
        right_shape: [usize; 4],
    },
    /// A tensor holds nothing in one dimension.
    #[error("{tensor} has shape {shape:?}: give at least one in each dimension")]
    Empty {
        /// The name of the tensor.
        tensor: &'static str,
        /// Its shape.
        shape: [usize; 4],
    },
    /// Tensors of one call hold different types of numbers.
    #[error(
        "{left} holds {left_type} and {right} holds {right_type}: cast one to the type of the other"
    )]
    FloatTypes {
        /// The name of one tensor.
        left: &'static str,
        /// The type of its numbers, as burn calls it.
        left_type: &'static str,
        /// The name of the other.
        right: &'static str,
        /// The type of its numbers.
        right_type: &'static str,
    },
    /// The kernels have no version for this type of numbers.
    #[error("the kernels take f32, f16 and bf16, not {dtype}: cast query, key and value to one")]
    FloatType {
        /// The type of the numbers, as burn calls it.
        dtype: &'static str,
    },
    /// The device cannot compute with this type of numbers.
    #[error("{device} has no {dtype}: cast query, key and value to f32, or use another device")]
    NotOnDevice {
        /// The device's name.
        device: String,
        /// The type of the numbers, as burn calls it.
        dtype: &'static str,
    },
    /// Tensors of one call lie on different devices.
    #[error("{left} and {right} are on different devices: move them to one with `to_device`")]
    Devices {
        /// The name of one tensor.
        left: &'static str,
        /// The name of the other.
        right: &'static str,
    },
    /// Query heads cannot be dealt out evenly to the key and value heads.
    #[error(
        "{heads} query heads cannot share {kv_heads} key and value heads evenly: give a multiple \
         of {kv_heads} query heads"
    )]
    HeadsNotShared {
        /// How many query heads there are.
        heads: usize,
        /// How many key and value heads there are.
        kv_heads: usize,
    },
    /// The kernels' tiles have no room for rows of this width.
    #[error(
        "head_dim is {head_dim}: the kernels take multiples of {step} up to {largest}; pad with \
         zeros and give the scale of the unpadded heads"
    )]
    HeadDim {
        /// The width of a row.
        head_dim: usize,
        /// What it must be a multiple of.
        step: usize,
        /// The largest that there is room for.
        largest: usize,
    },
    /// More cubes than a launch may have.
    #[error("{what} would be {count}: a launch takes at most {most}, so cut the batch or the text")]
    TooMany {
        /// What there is too much of.
        what: &'static str,
        /// How much.
        count: usize,
        /// How much is possible.
        most: usize,
    },
    /// A text is longer than the room for it.
    #[error(
        "text {text} has length {length} and there is room for {room} keys: give lengths from 0 \
         to {room}"
    )]
    LengthTooLong {
        /// The index of the text in the batch.
        text: usize,
        /// Its length.
        length: usize,
        /// The number of keys that there is room for.
        room: usize,
    },
    /// There must be one of these for each text of the batch.
    #[error("there are {count} {what} and the batch is {batch}: give one for each text")]
    Count {
        /// What they are: `lengths`, or `rows of the block table`.
        what: &'static str,
        /// How many there are.
        count: usize,
        /// How many texts there are.
        batch: usize,
    },
    /// The block table names a page that does not exist.
    #[error("entry {entry} of text {text} in the block table is page {page}: there are {pages}")]
    NoSuchPage {
        /// The index of the text in the batch.
        text: usize,
        /// The index in the text's row of the table.
        entry: usize,
        /// The page that it names, from 0.
        page: usize,
        /// How many pages there are.
        pages: usize,
    },
    /// A decoding step has one query for each text and head.
    #[error("query has shape {shape:?}: a decoding step takes [batch, heads, 1, head_dim]")]
    NotOneQuery {
        /// The query's shape.
        shape: [usize; 4],
    },
    /// A number lies outside its range.
    #[error("{name} is {value}: it must be {must_be}")]
    OutOfRange {
        /// What the number is called.
        name: &'static str,
        /// The number.
        value: String,
        /// Its range.
        must_be: &'static str,
    },
    /// Gradients are wanted of a function that gives none.
    #[error(
        "the {tensor} is on a device with autodiff, and decoding gives no gradients: pass \
         {tensor}.inner(), or use flash_attention"
    )]
    NoGradients {
        /// The name of the tensor.
        tensor: &'static str,
    },
    /// There is no device to open.
    #[error("{device} cannot be opened: {reason}")]
    NoDevice {
        /// What was asked for.
        device: String,
        /// What is missing, and what to do.
        reason: String,
    },
}
