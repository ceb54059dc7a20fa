//! What attention costs a GPU: bytes moved, and floating-point operations.
//!
//! A GPU has a large memory off its chip (HBM) and a small, fast one on it (SRAM). Every number
//! that is worked on travels from the one to the other and back. Standard attention is slow for
//! its travels and not for its arithmetic (Dao et al., *FlashAttention*, 2022, section 2).
//! Between the two lies a cache, L2. What is read again soon can come from there: then HBM moves
//! as little as [`least_formula`] says, and L2 the rest.
//!
//! The counts here are taken by running the loops: each load, store and matrix product counts
//! itself where it stands. The closed formulas beside them are checked against the counts.
//!
//! The model of the GPU is the paper's. A kernel reads each of its inputs once, keeps its tiles
//! in SRAM, and writes each of its outputs once; masks and indices are free.
//!
//! ```
//! use attention::flash::{TileOptions, flash_traffic};
//! use attention::traffic::{Sizes, standard_formula};
//!
//! let sizes = Sizes { seq_q: 4096, seq_k: 4096, head_dim: 64, value_dim: 64, ..Sizes::one() };
//! let flash = flash_traffic(&sizes, &TileOptions::default())?;
//! let standard = standard_formula(&sizes);
//! assert!(flash.moved() < standard.moved());
//! assert_eq!(flash.flops, standard.flops);
//! # Ok::<(), attention::Error>(())
//! ```

use burn::tensor::Tensor;

use crate::units::{Bytes, Flops};

/// What has been moved and computed so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Traffic {
    /// From HBM to SRAM.
    pub read: Bytes,
    /// From SRAM to HBM.
    pub written: Bytes,
    /// In matrix products, a multiplication and an addition being two: the operations that
    /// papers on attention count. Those of the softmax come on top and are few: about five an
    /// entry of the score matrix, against `2 * (head_dim + value_dim)` in the products.
    pub flops: Flops,
    /// The largest matrix that one head has held at a time, in numbers: `rows * columns`.
    pub largest_tile: u64,
}

impl Traffic {
    /// Bytes moved either way.
    pub fn moved(&self) -> Bytes {
        self.read + self.written
    }

    /// A tile of this `shape` comes from HBM, at so many bytes a number.
    pub fn reads(&mut self, shape: [usize; 4], bytes_per_number: usize) {
        self.makes(shape);
        self.read += bytes(shape, bytes_per_number);
    }

    /// A tile of this `shape` goes to HBM, at so many bytes a number.
    pub fn writes(&mut self, shape: [usize; 4], bytes_per_number: usize) {
        self.makes(shape);
        self.written += bytes(shape, bytes_per_number);
    }

    /// A matrix product of `[batch, heads, m, k]` and `[batch, heads, k, n]` is made.
    pub fn multiplies(&mut self, left: [usize; 4], right: [usize; 4]) {
        let [batch, heads, m, k] = left;
        let n = right[3];
        self.makes([batch, heads, m, n]);
        self.flops += Flops(product([batch, heads, m, n]).saturating_mul(2 * k as u64));
    }

    /// A tile of this `shape` is held: one a head, `rows * columns`.
    fn makes(&mut self, [_, _, rows, columns]: [usize; 4]) {
        self.largest_tile = self.largest_tile.max(product([1, 1, rows, columns]));
    }
}

/// How many numbers a shape holds. It stops at the largest count that fits.
fn product(shape: [usize; 4]) -> u64 {
    shape.iter().fold(1, |product: u64, size| product.saturating_mul(*size as u64))
}

fn bytes(shape: [usize; 4], bytes_per_number: usize) -> Bytes {
    Bytes(product(shape).saturating_mul(bytes_per_number as u64))
}

/// The sizes that decide what an attention costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// How many sequences.
    pub batch: usize,
    /// How many heads.
    pub heads: usize,
    /// Queries a head.
    pub seq_q: usize,
    /// Keys and values a head.
    pub seq_k: usize,
    /// Numbers in a query and in a key.
    pub head_dim: usize,
    /// Numbers in a value.
    pub value_dim: usize,
    /// 4 for `f32`, 2 for `f16` and `bf16`.
    pub bytes_per_number: usize,
}

impl Sizes {
    /// One of everything, at 4 bytes a number: a start from which to change what matters.
    pub fn one() -> Self {
        Sizes {
            batch: 1,
            heads: 1,
            seq_q: 1,
            seq_k: 1,
            head_dim: 1,
            value_dim: 1,
            bytes_per_number: 4,
        }
    }

    /// The sizes of a query, a key and a value that fit together.
    pub fn of(query: &Tensor<4>, key: &Tensor<4>, value: &Tensor<4>) -> Self {
        let [batch, heads, seq_q, head_dim] = query.dims();
        let [_, _, seq_k, value_dim] = value.dims();
        debug_assert_eq!(key.dims(), [batch, heads, seq_k, head_dim]);
        let bytes_per_number = query.dtype().size();
        Sizes { batch, heads, seq_q, seq_k, head_dim, value_dim, bytes_per_number }
    }

    /// The shape of the query.
    pub fn query(&self) -> [usize; 4] {
        [self.batch, self.heads, self.seq_q, self.head_dim]
    }

    /// The shape of the key.
    pub fn key(&self) -> [usize; 4] {
        [self.batch, self.heads, self.seq_k, self.head_dim]
    }

    /// The shape of the value.
    pub fn value(&self) -> [usize; 4] {
        [self.batch, self.heads, self.seq_k, self.value_dim]
    }

    /// So many numbers in each head, in bytes.
    fn bytes_in(&self, numbers_a_head: u64) -> Bytes {
        Bytes(self.all_heads() * numbers_a_head * self.bytes_per_number as u64)
    }

    /// Two products over so many entries of each head's score matrix: `query · key`, and the
    /// weights with the values.
    fn flops_over(&self, entries_a_head: u64) -> Flops {
        Flops(2 * self.all_heads() * entries_a_head * (self.head_dim + self.value_dim) as u64)
    }

    fn all_heads(&self) -> u64 {
        self.batch as u64 * self.heads as u64
    }
}

/// What [`standard_attention`](crate::standard_attention) costs, in closed form: for each head it reads
/// `q d + k d + 2 q k + k v` numbers, writes `2 q k + q v` and does `2 q k (d + v)` operations,
/// with `q` and `k` for the lengths, `d` for `head_dim` and `v` for `value_dim`.
pub fn standard_formula(sizes: &Sizes) -> Traffic {
    let [q, k, d, v] = numbers(sizes);
    Traffic {
        read: sizes.bytes_in(q * d + k * d + 2 * q * k + k * v),
        written: sizes.bytes_in(2 * q * k + q * v),
        flops: sizes.flops_over(q * k),
        largest_tile: largest_tile(q, k, d, v),
    }
}

/// What flash attention costs without a causal mask, in closed form, for any blocks and tails.
///
/// The queries are read once and the output is written once, with one log-sum-exp a query. The
/// keys and values are read once for each block of queries: `ceil(q / block_q)` times. So for
/// each head it reads `q d + ceil(q / block_q) k (d + v)` numbers, writes `q v + q` and does
/// `2 q k (d + v)` operations.
///
/// # Panics
/// If `block_q` is zero.
pub fn flash_formula(sizes: &Sizes, block_q: usize, block_k: usize) -> Traffic {
    let [q, k, d, v] = numbers(sizes);
    let (block_q, block_k) = (block_q as u64, block_k as u64);
    Traffic {
        read: sizes.bytes_in(q * d + q.div_ceil(block_q) * k * (d + v)),
        written: sizes.bytes_in(q * v + q),
        flops: sizes.flops_over(q * k),
        largest_tile: largest_tile(block_q.min(q), block_k.min(k), d, v),
    }
}

/// What HBM moves at least, in closed form: each query, key and value once, and each output once,
/// with one log-sum-exp a query. So it is where a cache serves whatever flash attention reads again:
/// for each head `q d + k d + k v` numbers read and `q v + q` written. No whole matrix is held.
pub fn least_formula(sizes: &Sizes) -> Traffic {
    let [q, k, d, v] = numbers(sizes);
    Traffic {
        read: sizes.bytes_in(q * d + k * (d + v)),
        written: sizes.bytes_in(q * v + q),
        flops: sizes.flops_over(q * k),
        largest_tile: largest_tile(1, 1, d, v),
    }
}

/// What causal flash attention costs in closed form, for as many queries as keys and one `block`
/// that divides their number `n`.
///
/// With `t = n / block` blocks a side there are `t (t + 1) / 2` tiles that are not wholly in the
/// future, a little more than half: keys, values and operations are counted for those only.
///
/// # Panics
/// If `block` is zero.
pub fn causal_flash_formula(sizes: &Sizes, block: usize) -> Traffic {
    let [n, _, d, v] = numbers(sizes);
    let block = block as u64;
    let t = n / block;
    let tiles = t * (t + 1) / 2;
    Traffic {
        read: sizes.bytes_in(n * d + tiles * block * (d + v)),
        written: sizes.bytes_in(n * v + n),
        flops: sizes.flops_over(tiles * block * block),
        largest_tile: largest_tile(block, block, d, v),
    }
}

fn numbers(sizes: &Sizes) -> [u64; 4] {
    [sizes.seq_q, sizes.seq_k, sizes.head_dim, sizes.value_dim].map(|size| size as u64)
}

/// The largest of a query, key, value, score and output tile.
fn largest_tile(rows: u64, columns: u64, head_dim: u64, value_dim: u64) -> u64 {
    rows.max(columns) * head_dim.max(value_dim).max(rows.min(columns))
}
