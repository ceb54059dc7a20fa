//! What the backward pass needs of the output: one number a query.

#![allow(missing_docs, reason = "the macro makes items that have none")]

use cubecl::ir::ElemType;
use cubecl::prelude::*;

use crate::rows::{matrix_at, row_at};

/// Threads of a cube.
pub const THREADS: usize = 64;

/// `D`: how much a query's output and its gradient have in common, their dot product (Dao et al.,
/// *FlashAttention*, 2022, section 3.1). It stands for the sum over the row of the weights times
/// their gradients, which would need the whole row.
///
/// - `output`, `output_gradient`: `[batch, heads, seq_q, head_dim]`
/// - `common`: `[batch, heads, seq_q]`
///
/// Launched with a thread for each query, in cubes of [`THREADS`], for each head and text.
#[cube(launch)]
pub fn row_dot<F: Float>(
    output: &Tensor<F>,
    output_gradient: &Tensor<F>,
    common: &mut Tensor<f32>,
    #[comptime] head_dim: usize,
    #[define(F)] _dtype: ElemType,
) {
    let head = CUBE_POS_Y as usize;
    let batch = CUBE_POS_Z as usize;
    let row = ABSOLUTE_POS_X as usize;
    if row < output.shape(2) {
        let left = row_at(output, batch, head, row);
        let right = row_at(output_gradient, batch, head, row);
        let mut sum = f32::new(0.0);
        for d in 0..head_dim {
            sum += f32::cast_from(output[left + d]) * f32::cast_from(output_gradient[right + d]);
        }
        let at = matrix_at(&*common, batch, head) + row;
        common[at] = sum;
    }
}
