//! What can be wrong with the tensors that attention is given.

/// Why attention could not be computed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Two tensors must agree in one dimension, and do not.
    #[error(
        "{left} has shape {left_shape:?} and {right} has shape {right_shape:?}: \
         they must have the same {dimension}"
    )]
    Mismatch {
        /// The dimension that must agree: `batch`, `heads`, `head_dim` or `seq_k`.
        dimension: &'static str,
        /// The name of one tensor.
        left: &'static str,
        /// Its shape, `[batch, heads, seq, head_dim]`.
        left_shape: [usize; 4],
        /// The name of the other.
        right: &'static str,
        /// Its shape.
        right_shape: [usize; 4],
    },
    /// A tensor holds nothing in one dimension, such as a sequence of no tokens.
    #[error(
        "{tensor} has shape {shape:?}: its {dimension} is zero, and attention needs at least one"
    )]
    Empty {
        /// The name of the tensor.
        tensor: &'static str,
        /// The dimension that is zero.
        dimension: &'static str,
        /// Its shape, `[batch, heads, seq, head_dim]`.
        shape: [usize; 4],
    },
    /// Tensors of one call hold different types of numbers.
    #[error(
        "{left} holds {left_type} and {right} holds {right_type}: cast one to the type of the other"
    )]
    FloatTypes {
        /// The name of one tensor.
        left: &'static str,
        /// The type of its numbers, as burn calls it: `f32`, `f16` or `bf16`.
        left_type: &'static str,
        /// The name of the other.
        right: &'static str,
        /// The type of its numbers.
        right_type: &'static str,
    },
    /// A causal mask needs a key for every query.
    #[error(
        "a causal mask with {seq_q} queries and {seq_k} keys would hide every key from the first \
         queries: give at least as many keys as queries, or use Mask::Full"
    )]
    MoreQueriesThanKeys {
        /// The number of queries.
        seq_q: usize,
        /// The number of keys.
        seq_k: usize,
    },
    /// A row of attention weights is no row of shares.
    #[error(
        "row {row} of the weights {problem}: give the weights of one head after the softmax, \
         `[seq_q, seq_k]`"
    )]
    NotWeights {
        /// The row, from 0.
        row: usize,
        /// What is wrong with it, as the end of a sentence.
        problem: String,
    },
    /// Nothing can be drawn from these shares.
    #[error("the shares {problem}: give one row, as a softmax makes it")]
    NotShares {
        /// What is wrong with them, as the end of a sentence.
        problem: String,
    },
    /// A score has nothing to be the mean of.
    #[error("the {score} cannot be measured: {problem}")]
    NotMeasurable {
        /// The name of the score.
        score: &'static str,
        /// What is missing, and what to give.
        problem: String,
    },
    /// A cost is larger than can be counted.
    #[error("the {what} are more than 2^64 - 1: give fewer tokens or a smaller batch")]
    TooMany {
        /// What was counted: `bytes` or `operations`.
        what: &'static str,
    },
    /// A device has no published figure of this kind.
    #[error(
        "no dense {arithmetic} peak is published for the {device}: choose from those that are \
         ({published})"
    )]
    NoPeak {
        /// The device.
        device: &'static str,
        /// The arithmetic that was asked for.
        arithmetic: &'static str,
        /// The kinds that the device has a figure for.
        published: String,
    },
    /// A number lies outside its range, such as a temperature of zero.
    #[error("{name} is {value}: it must be {must_be}")]
    OutOfRange {
        /// What the number is called.
        name: &'static str,
        /// The number.
        value: String,
        /// Its range.
        must_be: &'static str,
    },
    /// A tensor has no such dimension.
    #[error(
        "dimension {dim} of a tensor with {rank}: dimensions count from 0, so give one below {rank}"
    )]
    NoSuchDimension {
        /// The dimension asked for.
        dim: usize,
        /// How many dimensions the tensor has.
        rank: usize,
    },
    /// A tensor or a mask has a shape that does not fit what stands beside it.
    #[error("{tensor} has shape {shape:?}: it must be {must_be}")]
    Shape {
        /// The name of the tensor or mask.
        tensor: &'static str,
        /// Its shape.
        shape: Vec<usize>,
        /// The shape that fits, in words or numbers.
        must_be: String,
    },
    /// The width of a tensor does not divide into heads.
    #[error(
        "{tensor} is {width} wide, which {heads} heads cannot share: give a multiple of {heads}"
    )]
    NotDivisible {
        /// The name of the tensor.
        tensor: &'static str,
        /// Its width.
        width: usize,
        /// The number of heads.
        heads: usize,
    },
    /// There are several masks, but not one for each text of the batch.
    #[error(
        "the number of masks is {masks} and the batch is {batch}: give none, one for all, or one \
         for each"
    )]
    MaskCount {
        /// How many masks there are.
        masks: usize,
        /// How many texts there are.
        batch: usize,
    },
    /// A text is longer than the room for it.
    #[error(
        "text {text} has length {length} and there are only {seq_k} keys: give lengths from 0 to \
         {seq_k}"
    )]
    PaddingTooLong {
        /// The index of the text in the batch.
        text: usize,
        /// Its length.
        length: usize,
        /// The number of keys.
        seq_k: usize,
    },
    /// There must be one length for each text of the batch.
    #[error("the number of lengths is {lengths} and the batch is {batch}: give one for each")]
    LengthCount {
        /// How many lengths there are.
        lengths: usize,
        /// How many texts there are.
        batch: usize,
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
    /// A mask hides keys between keys that a query sees.
    #[error(
        "{mask} has holes: give Mask::Full, Mask::Causal, Mask::SlidingWindow or Mask::Padding, \
         or use scaled_dot_product_attention"
    )]
    MaskWithHoles {
        /// The mask.
        mask: String,
    },
    /// A pool of blocks has too few left.
    #[error(
        "{needed} more blocks are needed and {free} are free: finish a text, or make the pool \
         larger"
    )]
    NoBlocks {
        /// How many blocks the new tokens need.
        needed: usize,
        /// How many are free.
        free: usize,
    },
    /// Gradients are wanted of a function that gives none.
    #[error(
        "the {tensor} is on a device with autodiff, and this function gives no gradients: pass \
         {tensor}.inner(), or use scaled_dot_product_attention"
    )]
    NoGradients {
        /// The name of the tensor.
        tensor: &'static str,
    },
}
