//! The cases: the same thousand for every way to compute attention.

use attention::Mask;
use burn::tensor::{FloatDType, Tensor};

use crate::f64_reference::{Array, Random};

/// Query, key and value of one case, and what is drawn along with them.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub seed: u64,
    pub dtype: FloatDType,
    pub batch: usize,
    pub kv_heads: usize,
    /// Query heads to a key and value head.
    pub group: usize,
    pub seq_q: usize,
    pub seq_k: usize,
    pub head_dim: usize,
    pub value_dim: usize,
    /// Whether some scores are as large as 1e4.
    pub extreme: bool,
}

impl Case {
    /// Case `number`: most are small; every 10th has sizes of one, every 20th wide heads, every
    /// 250th a long text; every 4th has extreme scores, and every 3rd more queries than keys.
    pub(crate) fn new(number: u64, dtype: FloatDType) -> Case {
        let mut random = Random::new(number);
        let mut size = |limit: usize| 1 + random.below(limit);
        let [batch, kv_heads, group] = [size(2), size(3), size(3)];
        let [short, more, head_dim, value_dim] = [size(20), size(20) - 1, size(24), size(24)];
        let mut case = Case {
            seed: number,
            dtype,
            batch,
            kv_heads,
            group,
            seq_q: short,
            seq_k: short + more,
            head_dim,
            value_dim,
            extreme: number % 4 == 3,
        };
        if number % 10 == 1 {
            for size in case.sizes_mut() {
                *size = if random.below(2) == 0 { 1 } else { *size };
            }
        }
        if number % 20 == 2 {
            (case.head_dim, case.value_dim) = (65 + random.below(64), 65 + random.below(64));
        }
        if number.is_multiple_of(250) {
            case.seq_k = 520 + random.below(80);
            case.seq_q = case.seq_k - random.below(10);
            (case.batch, case.kv_heads, case.group) = (1, 1, 1);
        }
        if number.is_multiple_of(3) {
            (case.seq_q, case.seq_k) = (case.seq_k, case.seq_q);
        }
        if case.extreme {
            // The square root is a power of two: the scores are exact.
            case.head_dim =
                [1, 4, 16, 64][random.below(if dtype == FloatDType::F32 { 4 } else { 3 })];
        }
        case
    }

    fn sizes_mut(&mut self) -> [&mut usize; 7] {
        let Case { batch, kv_heads, group, seq_q, seq_k, head_dim, value_dim, .. } = self;
        [batch, kv_heads, group, seq_q, seq_k, head_dim, value_dim]
    }

    /// A case with no more queries than keys.
    pub(crate) fn causal(mut self) -> Case {
        if self.seq_q > self.seq_k {
            (self.seq_q, self.seq_k) = (self.seq_k, self.seq_q);
        }
        self
    }

    /// A text that looks at itself.
    pub(crate) fn text(mut self) -> Case {
        self.seq_q = self.seq_k;
        self
    }

    /// As many key and value heads as query heads.
    pub(crate) fn ungrouped(mut self) -> Case {
        self.kv_heads *= self.group;
        self.group = 1;
        self
    }

    pub(crate) fn heads(&self) -> usize {
        self.kv_heads * self.group
    }

    /// Draws something more for this case.
    pub(crate) fn random(&self, purpose: u64) -> Random {
        Random::new(self.seed ^ purpose << 32)
    }

    /// Query, key and value, in numbers that the type holds.
    pub(crate) fn arrays(&self) -> [Array; 3] {
        let Case { batch, seq_q, seq_k, head_dim, value_dim, .. } = *self;
        let mut random = self.random(1);
        let mut query = random.array([batch, self.heads(), seq_q, head_dim]);
        let mut key = random.array([batch, self.kv_heads, seq_k, head_dim]);
        if self.extreme {
            self.make_extreme(&mut query, &mut key, &mut random);
        }
        let value = random.array([batch, self.kv_heads, seq_k, value_dim]);
        [query, key, value].map(|array| array.rounded(self.dtype))
    }

    /// Scores of 1e4 and -1e4 (8192 in 16 bits), of a little less, and small ones. All products and
    /// sums are exact in the type: what is measured is what becomes of them.
    fn make_extreme(&self, query: &mut Array, key: &mut Array, random: &mut Random) {
        let root = (self.head_dim as f64).sqrt();
        let (top, step) = match self.dtype {
            FloatDType::F16 => (128.0, 0.125),
            FloatDType::BF16 => (128.0, 0.5),
            _ => (156.25, 1.0 / 64.0),
        };
        for row in query.numbers.chunks_mut(self.head_dim) {
            let first = [64.0, -64.0, 0.0][random.below(3)];
            row.iter_mut().for_each(|x| *x = if first == 0.0 { x.signum() } else { 0.0 });
            row[0] = first;
        }
        for row in key.numbers.chunks_mut(self.head_dim) {
            row.iter_mut().for_each(|x| *x = x.round());
            row[0] = root * [top, top - step, top - 2.0 * step, -top, 0.0][random.below(5)];
        }
    }

    pub(crate) fn tensors(&self) -> [Tensor<4>; 3] {
        self.arrays().map(|array| array.tensor().cast(self.dtype))
    }

    /// A mask of the kind with this number, of which there are [`KINDS`].
    pub(crate) fn mask(&self, kind: usize) -> Mask {
        let mut random = self.random(2);
        let mut size = || if random.below(10) == 0 { usize::MAX } else { random.below(12) };
        let [before, after, other] = [size(), size(), size()];
        let seed = self.seed;
        match kind {
            0 => Mask::SlidingWindow { before, after },
            1 => Mask::Dilated { before, after, gap: other },
            2 => Mask::Strided { stride: other },
            3 => Mask::Global { tokens: other },
            4 => Mask::Random { keys: other, seed },
            5 => Mask::Longformer { before, after, global: other },
            6 => Mask::BigBird { before, after, global: other, random: 2, seed },
            7 => Mask::Padding { length: other },
            _ if self.seq_q <= self.seq_k => Mask::Causal,
            _ => Mask::Full,
        }
    }
}

/// How many kinds of masks [`Case::mask`] makes.
pub(crate) const KINDS: usize = 9;
