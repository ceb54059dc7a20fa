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
}
