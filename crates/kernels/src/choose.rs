//! Which of the two forward kernels is taken.

use burn::tensor::DType;
use cubecl::ir::features::MmaConfig;
use cubecl::ir::{DeviceProperties, ElemType, FloatKind};

use crate::options::{FlashOptions, Kernel};
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

/// Tensor cores where they can be used and `options` do not ask for the plain kernel: CUDA, numbers
/// of half width, a line in the [table](TensorCoreTiles::of), and a scale above zero, since the
/// maximum is taken before scores are scaled.
pub fn choose(device: Abilities, dtype: DType, head_dim: usize, options: &FlashOptions) -> Forward {
    let half_width = matches!(dtype, DType::F16 | DType::BF16);
    let usable = options.kernel == Kernel::Automatic
        && device.class == DeviceClass::Cuda
        && device.tensor_cores
        && half_width
        && options.scale_for(head_dim) > 0.0;
    TensorCoreTiles::of(head_dim, options.soft_cap.is_some())
        .filter(|tiles| usable && tiles.shared_memory(head_dim) <= device.shared_memory)
        .map_or(Forward::Plain(PlainTiles::of(device.class, head_dim)), Forward::TensorCore)
}
