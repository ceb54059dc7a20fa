//! Gradients against those that burn's autodiff makes of plain attention, which keeps the whole
//! matrix of weights.

use burn::tensor::{Bool, Device, FloatDType, Tensor, activation::softmax};

use crate::case::{doubles, listed};
use crate::reference::{Shape, largest_difference, largest_size};

/// Plain attention, in burn's operations. Each key and value head is repeated for its group.
fn plain(shape: Shape, [query, key, value]: [Tensor<4>; 3]) -> Tensor<4> {
    let Shape { batch, heads, kv_heads, seq_q, seq_k, head_dim } = shape;
    let repeated = |tensor: Tensor<4>| {
        let copies = tensor.unsqueeze_dim::<5>(2).repeat_dim(2, heads / kv_heads);
        copies.reshape([batch, heads, seq_k, head_dim])
    };
    let scores = query.matmul(repeated(key).transpose()) / (head_dim as f32).sqrt();
    let offset = seq_k as i64 - seq_q as i64;
    let hidden = Tensor::<2, Bool>::tril_mask([seq_q, seq_k], offset, &scores.device());
    let scores = scores.mask_fill(hidden.unsqueeze::<4>(), f32::NEG_INFINITY);
    softmax(scores, 3).matmul(repeated(value))
}

#[test]
fn gradients_are_those_of_burns_graph() {
    for name in ["causal, GQA 9:3", "multi-query", "more keys than queries", "head_dim 128"] {
        let case = listed().into_iter().find(|case| case.name == name).unwrap();
        let [query, key, value, gradient] =
            case.tensors(&Device::flex().autodiff(), FloatDType::F32);
        let inputs = [query, key, value].map(Tensor::require_grad);
        let output = plain(case.shape, inputs.clone());
        let size = largest_size(&doubles(&gradient));
        let gradients = (output * gradient).sum().backward();
        let expected = inputs.map(|input| doubles(&input.grad(&gradients).unwrap()));
        for device in [crate::vulkan(), Device::flex()] {
            let [_, _, got @ ..] = case.run(&device, FloatDType::F32);
            let errors = [0, 1, 2].map(|which| {
                let size = size.max(largest_size(&expected[which]));
                largest_difference(&got[which], &expected[which], size)
            });
            let shown = errors.map(|error| format!("{error:.1e}")).join(" ");
            println!("{name:<24} {:<28} {shown}", kernels::device::name(&device));
            assert!(errors.iter().all(|&error| error < 1e-5), "{case:?}: {errors:?}");
        }
    }
}

#[test]
fn an_input_without_gradient_is_a_constant() {
    let case = &listed()[0];
    for device in [crate::vulkan(), Device::flex()] {
        let [query, key, value, gradient] = case.tensors(&device.autodiff(), FloatDType::F32);
        let key = key.require_grad();
        let (output, _) =
            kernels::flash_attention(query.clone(), key.clone(), value, &case.options).unwrap();
        let gradients = (output * gradient).sum().backward();
        assert!(key.grad(&gradients).is_some());
        assert!(query.grad(&gradients).is_none());
    }
}
