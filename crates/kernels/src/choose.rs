//! Which of the two forward kernels is taken.

use burn::tensor::DType;
use cubecl::ir::features::MmaConfig;
use cubecl::ir::{DeviceProperties, ElemType, FloatKind};

use crate::tiles::{DeviceClass, PlainTiles, TensorCoreTiles};

/// A forward kernel, with its tiles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forward {
    /// [`plain_forward`](crate::plain_forward::plain_forward()): takes everything.
    Plain(PlainTiles),
    /// [`tensor_core_forward`](crate::tensor_core_forward::tensor_core_forward()).
    TensorCore(TensorCoreTiles),
}

/// What of a device decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Abilities {
    /// The kind of device.
    pub class: DeviceClass,
    /// Whether it has tensor cores that multiply 16 × 8 × 16, and copies asynchronously: NVIDIA's
    /// cards from compute capability 8.0 on.
    pub tensor_cores: bool,
    /// Bytes of shared memory that a cube may have.
    pub shared_memory: usize,
}

impl Abilities {
    /// Reads them off what CubeCL knows of a device.
    pub fn of(class: DeviceClass, properties: &DeviceProperties) -> Self {
        let half = ElemType::Float(FloatKind::F16);
        let sum = ElemType::Float(FloatKind::F32);
        let mma = MmaConfig { a_type: half, b_type: half, cd_type: sum, m: 16, n: 8, k: 16 };
        let features = &properties.features;
        Abilities {
            class,
            tensor_cores: features.copy_async && features.matmul.mma.contains(&mma),
            shared_memory: properties.hardware.max_shared_memory_size,
        }
    }
}

/// Tensor cores where they can be used: CUDA, numbers of half width, a head dimension of the table,
/// and a scale above zero, since the maximum is taken before scores are scaled.
pub fn choose(device: Abilities, dtype: DType, head_dim: usize, scale: f32) -> Forward {
    let half_width = matches!(dtype, DType::F16 | DType::BF16);
    let usable =
        device.class == DeviceClass::Cuda && device.tensor_cores && half_width && scale > 0.0;
    TensorCoreTiles::of(head_dim)
        .filter(|tiles| usable && tiles.shared_memory(head_dim) <= device.shared_memory)
        .map_or(Forward::Plain(PlainTiles::of(device.class, head_dim)), Forward::TensorCore)
}

#[cfg(test)]
mod tests {
    use super::*;

    const A100: Abilities =
        Abilities { class: DeviceClass::Cuda, tensor_cores: true, shared_memory: 163 << 10 };

    fn on_tensor_cores(device: Abilities, dtype: DType, head_dim: usize, scale: f32) -> bool {
        matches!(choose(device, dtype, head_dim, scale), Forward::TensorCore(_))
    }

    #[test]
    fn tensor_cores_are_used_where_they_can_be() {
        for dtype in [DType::F16, DType::BF16] {
            for head_dim in [64, 128] {
                assert!(on_tensor_cores(A100, dtype, head_dim, 0.1));
            }
        }
    }

    #[test]
    fn all_else_is_plain() {
        let plain = Forward::Plain(PlainTiles::of(DeviceClass::Cuda, 64));
        assert_eq!(choose(A100, DType::F32, 64, 0.1), plain);
        assert!(!on_tensor_cores(A100, DType::F16, 96, 0.1));
        for scale in [0.0, -0.1] {
            assert!(!on_tensor_cores(A100, DType::F16, 64, scale));
        }
        let without = [
            Abilities { class: DeviceClass::WebGpu, ..A100 },
            Abilities { tensor_cores: false, ..A100 },
            Abilities { shared_memory: 16 << 10, ..A100 },
        ];
        for device in without {
            assert!(!on_tensor_cores(device, DType::F16, 64, 0.1), "{device:?}");
        }
    }
}
