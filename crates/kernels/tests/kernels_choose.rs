//! Which forward kernel is taken: no device is asked for.

use burn::tensor::DType;
use kernels::choose::{Abilities, Forward, choose};
use kernels::tiles::{DeviceClass, PlainTiles};
use kernels::{FlashOptions, Kernel};

const A100: Abilities =
    Abilities { class: DeviceClass::Cuda, tensor_cores: true, shared_memory: 163 << 10 };

fn on_tensor_cores(
    device: Abilities,
    dtype: DType,
    head_dim: usize,
    options: &FlashOptions,
) -> bool {
    matches!(choose(device, dtype, head_dim, options), Forward::TensorCore(_))
}

#[test]
fn tensor_cores_are_used_where_they_can_be() {
    for dtype in [DType::F16, DType::BF16] {
        for head_dim in [64, 128] {
            assert!(on_tensor_cores(A100, dtype, head_dim, &FlashOptions::default()));
        }
    }
    let capped = FlashOptions { soft_cap: Some(5.0), ..Default::default() };
    assert!(on_tensor_cores(A100, DType::BF16, 64, &capped));
    assert!(on_tensor_cores(A100, DType::BF16, 128, &capped));
}

#[test]
fn all_else_is_plain() {
    let plain = Forward::Plain(PlainTiles::of(DeviceClass::Cuda, 64));
    let usual = FlashOptions::default();
    assert_eq!(choose(A100, DType::F32, 64, &usual), plain);
    assert!(!on_tensor_cores(A100, DType::F16, 96, &usual));
    for scale in [0.0, -0.1] {
        let scaled = FlashOptions { scale: Some(scale), ..Default::default() };
        assert!(!on_tensor_cores(A100, DType::F16, 64, &scaled));
    }
    let asked = FlashOptions { kernel: Kernel::Plain, ..Default::default() };
    assert_eq!(choose(A100, DType::F16, 64, &asked), plain);
    let without = [
        Abilities { class: DeviceClass::WebGpu, ..A100 },
        Abilities { tensor_cores: false, ..A100 },
        Abilities { shared_memory: 16 << 10, ..A100 },
    ];
    for device in without {
        assert!(!on_tensor_cores(device, DType::F16, 64, &usual), "{device:?}");
    }
}
