//! The memory of forward and backward together: it grows with the length of the text, not with
//! its square. Counted by the allocator of the device, in a process of its own.

use burn::tensor::wgpu::{MemoryConfiguration, WgpuBackend};
use burn::tensor::{Device, Tensor, TensorData, activation::softmax};
use kernels::{FlashOptions, flash_attention};

const HEADS: usize = 2;
const KV_HEADS: usize = 1;
const HEAD_DIM: usize = 32;

type Attend = fn([Tensor<4>; 3]) -> Tensor<4>;

/// A forward and a backward pass.
fn pass(device: &Device, seq: usize, attend: Attend) {
    let tensor = |heads| {
        let numbers = vec![0.5_f32; heads * seq * HEAD_DIM];
        let data = TensorData::new(numbers, [1, heads, seq, HEAD_DIM]);
        Tensor::<4>::from_data(data, &device.clone().autodiff()).require_grad()
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
    // Each piece of memory is a page of its own, so that what is held is what was asked for.
    let device = Device::wgpu_options()
        .graphics_api(WgpuBackend::Vulkan)
        .memory_config(MemoryConfiguration::ExclusivePages)
        .init()
        .unwrap();
    let name = kernels::device::name(&device);
    assert!(name.contains("SwiftShader"), "this ran on {name}: `cargo xtask test kernels` sets it");
    let count = |lengths: [usize; 3], attend: Attend| {
        lengths.map(|seq| {
            let bytes = bytes(&device, seq, attend);
            println!("{seq:>4} tokens: {bytes:>8} bytes");
            bytes
        })
    };
    println!("flash attention, forward and backward");
    let flash = count([256, 512, 1024], flash);
    println!("plain attention, forward and backward");
    let plain = count([128, 256, 512], plain);

    // Twice the length takes twice the memory, and what the allocator rounds up.
    assert!(flash.windows(2).all(|pair| pair[1] * 10 <= pair[0] * 22), "{flash:?}");
    // The same count sees a square when there is one.
    assert!(plain.windows(2).all(|pair| pair[1] * 2 > pair[0] * 5), "{plain:?}");
}
