//! What the backward pass needs of the output: one number a query.

#![allow(missing_docs, reason = "the macro makes items that have none")]

use cubecl::ir::ElemType;
use cubecl::prelude::*;

/// `D`: how much a query's output and its gradient have in common, their dot product (Dao et al.,
/// *FlashAttention*, 2022, section 3.1). It stands for the sum over the row of the weights times
/// their gradients, which would need the whole row.
///
/// - `output`, `output_gradient`: `[batch, heads, seq_q, head_dim]`
/// - `common`: `[batch, heads, seq_q]`
///
/// Launched with a thread for each query, and a cube's worth of them for each head and text.
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
        let left = batch * output.stride(0) + head * output.stride(1) + row * output.stride(2);
        let right = batch * output_gradient.stride(0)
            + head * output_gradient.stride(1)
            + row * output_gradient.stride(2);
        let mut sum = f32::new(0.0);
        for d in 0..head_dim {
            sum += f32::cast_from(output[left + d]) * f32::cast_from(output_gradient[right + d]);
        }
        let at = batch * common.stride(0) + head * common.stride(1) + row;
        common[at] = sum;
    }
}
