//! Random numbers that are the same on every machine.

/// A generator of integers: SplitMix64 (Steele, Lea and Flood, *Fast Splittable Pseudorandom
/// Number Generators*, 2014).
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// A generator whose numbers follow from `seed`.
    pub fn new(seed: u64) -> Self {
        Random(seed)
    }

    /// The next integer.
    pub fn integer(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// An integer below `bound`, which must not be zero.
    pub fn below(&mut self, bound: usize) -> usize {
        (self.integer() % bound as u64) as usize
    }

    /// A number from 0 up to, but not including, 1.
    pub fn share(&mut self) -> f32 {
        // 24 bits fit an f32 exactly.
        (self.integer() >> 40) as f32 / (1 << 24) as f32
    }
}
