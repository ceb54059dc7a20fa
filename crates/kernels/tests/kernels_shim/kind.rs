//! The numbers of a kernel.

use burn::tensor::{bf16, f16};
use cubecl::ir::FloatKind;

/// The numbers of a kernel, and what it does with them.
#[derive(Clone, Copy)]
pub(crate) struct Kind {
    pub float: FloatKind,
    pub name: &'static str,
    pub width: usize,
    /// Half the distance from 1 to the next number: the largest relative error of rounding.
    pub rounding: f64,
    write: fn(f32) -> Vec<u8>,
    read: fn(&[u8]) -> f32,
}

pub(crate) const F32: Kind = Kind {
    float: FloatKind::F32,
    name: "f32",
    width: 4,
    rounding: f32::EPSILON as f64 / 2.0,
    write: |number| number.to_le_bytes().to_vec(),
    read: |bytes| f32::from_le_bytes(bytes.try_into().unwrap()),
};

pub(crate) const F16: Kind = Kind {
    float: FloatKind::F16,
    name: "f16",
    width: 2,
    rounding: 1.0 / 2048.0,
    write: |number| f16::from_f32(number).to_le_bytes().to_vec(),
    read: |bytes| f16::from_le_bytes(bytes.try_into().unwrap()).to_f32(),
};

pub(crate) const BF16: Kind = Kind {
    float: FloatKind::BF16,
    name: "bf16",
    width: 2,
    rounding: 1.0 / 256.0,
    write: |number| bf16::from_f32(number).to_le_bytes().to_vec(),
    read: |bytes| bf16::from_le_bytes(bytes.try_into().unwrap()).to_f32(),
};

impl Kind {
    /// The number as it is held.
    pub(crate) fn rounded(self, number: f32) -> f32 {
        (self.read)(&(self.write)(number))
    }

    pub(crate) fn bytes(self, numbers: &[f32]) -> Vec<u8> {
        numbers.iter().flat_map(|&number| (self.write)(number)).collect()
    }

    pub(crate) fn numbers(self, bytes: &[u8]) -> Vec<f32> {
        bytes.chunks_exact(self.width).map(self.read).collect()
    }
}
