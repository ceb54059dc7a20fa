//! The type of the numbers that tensors hold: `f32`, `f64`, `f16` or `bf16`.

use burn::tensor::{DType, FloatDType, Tensor};

use crate::Error;

/// Checks that all these tensors hold numbers of one type. The first says which.
pub(crate) fn same_type(tensors: &[(&'static str, DType)]) -> Result<(), Error> {
    let (left, left_type) = tensors[0];
    match tensors.iter().find(|(_, other)| *other != left_type) {
        None => Ok(()),
        Some((right, right_type)) => Err(Error::FloatTypes {
            left,
            left_type: left_type.name(),
            right,
            right_type: right_type.name(),
        }),
    }
}

/// `x` in numbers that sums can be taken in: those of 16 bits become `f32`, others stay.
///
/// A `bf16` that has reached 256 does not grow when 1 is added to it.
pub(crate) fn widened<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    match x.dtype() {
        DType::F16 | DType::BF16 => x.cast(FloatDType::F32),
        _ => x,
    }
}
