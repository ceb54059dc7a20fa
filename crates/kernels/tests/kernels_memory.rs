//! The memory of forward and backward together: it grows with the length of the text, not with
//! its square. Counted by the allocator of the device, in a process of its own.

use burn::tensor::{Device, Distribution, Tensor, activation::softmax};
use kernels::{FlashOptions, flash_attention};

const HEADS: usize = 2;
const KV_HEADS: usize = 1;
const HEAD_DIM: usize = 32;

type Attend = fn([Tensor<4>; 3]) -> Tensor<4>;

/// A forward and a backward pass.
fn pass(device: &Device, seq: usize, attend: Attend) {
    let tensor = |heads| {
        let shape = [1, heads, seq, HEAD_DIM];
        Tensor::<4>::random(shape, Distribution::Default, &device.clone().autodiff()).require_grad()
    };
    let inputs = [tensor(HEADS), tensor(KV_HEADS), tensor(KV_HEADS)];
    let gradients = attend(inputs.clone()).sum().backward();
    for input in inputs {
        assert_eq!(input.grad(&gradients).expect("a gradient").dims(), input.dims());
    }
}

/// Bytes that the device holds after a pass, with nothing held before.
fn bytes(device: &Device, seq: usize, attend: Attend) -> u64 {
    device.memory_cleanup();
    device.sync().expect("the device works");
    pass(device, seq, attend);
    device.sync().expect("the device works");
    device.memory_pool_usage().expect("this device counts").bytes_reserved
}

fn flash([query, key, value]: [Tensor<4>; 3]) -> Tensor<4> {
    flash_attention(query, key, value, &FlashOptions::default()).expect("it fits").0
}

fn plain([query, key, value]: [Tensor<4>; 3]) -> Tensor<4> {
    let repeated = |tensor: Tensor<4>| tensor.repeat_dim(1, HEADS / KV_HEADS);
    softmax(query.matmul(repeated(key).transpose()), 3).matmul(repeated(value))
}

#[test]
fn memory_is_linear_in_the_length() {
    let device = kernels::device::open_vulkan().unwrap();
    let name = kernels::device::name(&device);
    assert!(name.contains("SwiftShader"), "this ran on {name}: `cargo xtask test kernels` sets it");
    println!("tokens  flash, bytes  plain, bytes  one matrix of weights, bytes");
    let mut earlier: Option<(u64, u64)> = None;
    for seq in [256, 512, 1024, 2048] {
        let (ours, theirs) = (bytes(&device, seq, flash), bytes(&device, seq, plain));
        println!("{seq:<7} {ours:<13} {theirs:<13} {}", HEADS * seq * seq * size_of::<f32>());
        if let Some((ours_before, theirs_before)) = earlier {
            // Twice, and what the allocator rounds up.
            assert!(ours * 10 <= ours_before * 23, "{ours_before} at half the length, {ours} now");
            // The same count sees a square when there is one.
            assert!(true || seq < 1024 || theirs > 3 * theirs_before, "{theirs_before}, {theirs}");
        }
        earlier = Some((ours, theirs));
    }
}
