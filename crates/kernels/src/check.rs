//! Whether tensors fit together, and fit the kernels.

use burn::tensor::{DType, Tensor};

use crate::tiles::{HEAD_DIM_STEP, LARGEST_HEAD_DIM, MOST_CUBES};
use crate::{Error, device};

/// What a kernel is given: a tensor, and what messages call it.
type Named<'a> = (&'static str, &'a Tensor<4>);

/// One type of numbers, which the kernels and the device have, on one device.
pub(crate) fn check_numbers(tensors: [Named<'_>; 3]) -> Result<(), Error> {
    let [(left, first), rest @ ..] = tensors;
    let (device, dtype) = (first.device().inner(), first.dtype());
    for (right, tensor) in rest {
        if tensor.device().inner() != device {
            return Err(Error::Devices { left, right });
        }
        if tensor.dtype() != dtype {
            let (left_type, right_type) = (dtype.name(), tensor.dtype().name());
            return Err(Error::FloatTypes { left, left_type, right, right_type });
        }
    }
    if !matches!(dtype, DType::F32 | DType::F16 | DType::BF16) {
        return Err(Error::FloatType { dtype: dtype.name() });
    }
    if !device.supports_dtype(dtype) {
        return Err(Error::NotOnDevice { device: device::name(&device), dtype: dtype.name() });
    }
    Ok(())
}

/// Nothing is empty, nothing is too large to count in 32 bits, rows fit the tiles, and query heads
/// can share key and value heads. `key` is `[batch or pages, kv_heads, keys, head_dim]`.
pub(crate) fn check_shapes(
    query: [usize; 4],
    key: Named<'_>,
    value: Named<'_>,
) -> Result<(), Error> {
    let shapes = [("query", query), (key.0, key.1.dims()), (value.0, value.1.dims())];
    for (tensor, shape) in shapes {
        if shape.contains(&0) {
            return Err(Error::Empty { tensor, shape });
        }
        at_most("numbers of a tensor", shape.iter().product(), u32::MAX as usize)?;
    }
    let [query, key, value] = shapes;
    for (axis, dimension) in [(0, "batch"), (1, "kv_heads"), (2, "seq_k"), (3, "head_dim")] {
        same(dimension, axis, key, value)?;
    }
    same("head_dim", 3, query, key)?;

    let [_, heads, _, head_dim] = query.1;
    let kv_heads = key.1[1];
    if !heads.is_multiple_of(kv_heads) {
        return Err(Error::HeadsNotShared { heads, kv_heads });
    }
    if !head_dim.is_multiple_of(HEAD_DIM_STEP) || head_dim > LARGEST_HEAD_DIM {
        return Err(Error::HeadDim { head_dim, step: HEAD_DIM_STEP, largest: LARGEST_HEAD_DIM });
    }
    at_most("texts", query.1[0], MOST_CUBES)?;
    at_most("query heads", heads, MOST_CUBES)
}

/// Two tensors have the same length along an axis.
pub(crate) fn same(
    dimension: &'static str,
    axis: usize,
    (left, left_shape): (&'static str, [usize; 4]),
    (right, right_shape): (&'static str, [usize; 4]),
) -> Result<(), Error> {
    if left_shape[axis] == right_shape[axis] {
        return Ok(());
    }
    Err(Error::Mismatch { dimension, left, left_shape, right, right_shape })
}

/// A count is within a limit.
pub(crate) fn at_most(what: &'static str, count: usize, most: usize) -> Result<(), Error> {
    if count > most { Err(Error::TooMany { what, count, most }) } else { Ok(()) }
}
