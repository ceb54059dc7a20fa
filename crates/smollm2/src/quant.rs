//! Quantisation: weights stored in four or eight bits, turned back into numbers.
//!
//! A trained weight needs no seven digits. GGUF files cut a row of weights into blocks of 32 and
//! store for each block a scale (and an offset), and for each weight a small whole number. The
//! layouts here are those of the GGML project (`ggml-common.h`, `block_q4_1` and `block_q8_0`).

use half::f16;

use crate::Error;

/// The number of weights that share a scale.
const BLOCK: usize = 32;

/// How a tensor's numbers are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Storage {
    /// Four bytes a number, as they are.
    F32,
    /// Four bits a number: a block is a scale `d` and a minimum `m` in half precision, then 32
    /// numbers `q` from 0 to 15. The weight is `d · q + m`. 5 bits a weight in all.
    Q4_1,
    /// Eight bits a number: a block is a scale `d` in half precision, then 32 numbers `q` from
    /// -128 to 127. The weight is `d · q`. 8.5 bits a weight in all.
    Q8_0,
}

impl Storage {
    /// The storage with this number in a GGUF file, where this crate knows it.
    pub fn from_code(code: u32) -> Option<Self> {
        match code {
            0 => Some(Storage::F32),
            3 => Some(Storage::Q4_1),
            8 => Some(Storage::Q8_0),
            _ => None,
        }
    }

    /// The name that the GGML project gives it.
    pub fn name(self) -> &'static str {
        match self {
            Storage::F32 => "F32",
            Storage::Q4_1 => "Q4_1",
            Storage::Q8_0 => "Q8_0",
        }
    }

    /// How many numbers a block holds.
    pub fn block_numbers(self) -> usize {
        match self {
            Storage::F32 => 1,
            Storage::Q4_1 | Storage::Q8_0 => BLOCK,
        }
    }

    /// How many bytes a block takes.
    pub fn block_bytes(self) -> usize {
        match self {
            Storage::F32 => 4,
            Storage::Q4_1 => 2 + 2 + BLOCK / 2,
            Storage::Q8_0 => 2 + BLOCK,
        }
    }
}

/// The numbers that `bytes` hold.
///
/// # Errors
/// [`Error::Block`] when `bytes` are not a whole number of blocks.
pub fn dequantise(storage: Storage, bytes: &[u8]) -> Result<Vec<f32>, Error> {
    let block = storage.block_bytes();
    if !bytes.len().is_multiple_of(block) {
        return Err(Error::Block { name: storage.name(), bytes: bytes.len(), block });
    }
    let mut numbers = vec![0.0; bytes.len() / block * storage.block_numbers()];
    unpack(storage, bytes, &mut numbers);
    Ok(numbers)
}

/// Writes the numbers that whole blocks hold into a slice of just their count.
pub(crate) fn unpack(storage: Storage, bytes: &[u8], numbers: &mut [f32]) {
    let blocks = bytes.chunks_exact(storage.block_bytes());
    for (block, numbers) in blocks.zip(numbers.chunks_exact_mut(storage.block_numbers())) {
        match storage {
            Storage::F32 => {
                numbers[0] = f32::from_le_bytes([block[0], block[1], block[2], block[3]]);
            }
            Storage::Q4_1 => q4_1(block, numbers),
            Storage::Q8_0 => q8_0(block, numbers),
        }
    }
}

/// The place of the first number that is infinite or not a number. A block of quantised numbers
/// has one if its scale or its minimum is one: nothing need be unpacked to find it.
pub(crate) fn first_not_finite(storage: Storage, bytes: &[u8]) -> Option<usize> {
    let sound = |block: &[u8]| match storage {
        Storage::F32 => f32::from_le_bytes([block[0], block[1], block[2], block[3]]).is_finite(),
        Storage::Q4_1 => {
            half_precision(block, 0).is_finite() && half_precision(block, 2).is_finite()
        }
        Storage::Q8_0 => half_precision(block, 0).is_finite(),
    };
    let at = bytes.chunks_exact(storage.block_bytes()).position(|block| !sound(block))?;
    Some(at * storage.block_numbers())
}

/// The low half of each byte holds the first 16 weights, the high half the last 16.
fn q4_1(block: &[u8], numbers: &mut [f32]) {
    let (scale, minimum) = (half_precision(block, 0), half_precision(block, 2));
    let (first, last) = numbers.split_at_mut(BLOCK / 2);
    for ((first, last), byte) in first.iter_mut().zip(last).zip(&block[4..]) {
        *first = scale * f32::from(byte & 0x0f) + minimum;
        *last = scale * f32::from(byte >> 4) + minimum;
    }
}

fn q8_0(block: &[u8], numbers: &mut [f32]) {
    let scale = half_precision(block, 0);
    for (number, byte) in numbers.iter_mut().zip(&block[2..]) {
        *number = scale * f32::from(byte.cast_signed());
    }
}

fn half_precision(block: &[u8], at: usize) -> f32 {
    f16::from_le_bytes([block[at], block[at + 1]]).to_f32()
}

/// The name of any GGML storage type, for messages.
pub(crate) fn type_name(code: u32) -> &'static str {
    match code {
        0 => "F32",
        1 => "F16",
        2 => "Q4_0",
        3 => "Q4_1",
        6 => "Q5_0",
        7 => "Q5_1",
        8 => "Q8_0",
        9 => "Q8_1",
        10 => "Q2_K",
        11 => "Q3_K",
        12 => "Q4_K",
        13 => "Q5_K",
        14 => "Q6_K",
        15 => "Q8_K",
        16..=23 | 29 => "an IQ type",
        30 => "BF16",
        _ => "an unknown type",
    }
}
