//! The gradients of flash attention against burn's autodiff of plain attention, which keeps the
//! whole matrix of weights.

use attention::{
    FlashOptions, Mask, flash_attention, flash_backward, scaled_dot_product_attention,
};
use burn::tensor::{Device, Distribution, Tensor};

const LENGTHS: [[usize; 2]; 6] = [[1, 1], [1, 9], [7, 7], [16, 16], [33, 47], [5, 64]];
const BLOCKS: [[usize; 2]; 5] = [[1, 1], [4, 3], [16, 16], [5, 100], [100, 8]];

fn random(shape: [usize; 4], device: &Device) -> Tensor<4> {
    Tensor::random(shape, Distribution::Uniform(-2.0, 2.0), device)
}

fn largest(tensor: Tensor<4>) -> f32 {
    tensor.abs().max().into_scalar()
}

#[test]
fn flash_backward_equals_autodiff() {
    let device = Device::flex();
    device.seed(7);
    let (mut runs, mut worst) = (0, 0.0_f32);
    for [seq_q, seq_k] in LENGTHS {
        for causal in [false, true] {
            let query = random([2, 3, seq_q, 8], &device);
            let key = random([2, 3, seq_k, 8], &device);
            let value = random([2, 3, seq_k, 6], &device);
            let output_gradient = random([2, 3, seq_q, 6], &device);

            // The loss whose gradient in the output is `output_gradient`.
            let tracked =
                [&query, &key, &value].map(|tensor| tensor.clone().autodiff().require_grad());
            let [q, k, v] = tracked.clone();
            let mask = if causal { Mask::Causal } else { Mask::Full };
            let output = scaled_dot_product_attention(q, k, v, mask).unwrap().output;
            let loss = (output * output_gradient.clone().autodiff()).sum();
            let gradients = loss.backward();
            let expected = tracked.map(|tensor| tensor.grad(&gradients).unwrap());

            for [block_q, block_k] in BLOCKS {
                let options = FlashOptions { block_q, block_k, causal, ..Default::default() };
                let [q, k, v] = [&query, &key, &value].map(Tensor::clone);
                let flash = flash_attention(q.clone(), k.clone(), v.clone(), &options).unwrap();
                let got =
                    flash_backward(q, k, v, &flash, output_gradient.clone(), &options).unwrap();
                for (got, expected) in [got.query, got.key, got.value].into_iter().zip(&expected) {
                    let error =
                        largest(got - expected.clone()) / largest(expected.clone()).max(1.0);
                    assert!(
                        error <= 4e-6,
                        "{seq_q} x {seq_k}, causal {causal}, blocks {block_q} x {block_k}: \
                         off by {error:.1e}"
                    );
                    worst = worst.max(error);
                }
                runs += 1;
            }
        }
    }
    println!("{runs} runs: flash backward and burn's autodiff within {worst:.1e}");
}
