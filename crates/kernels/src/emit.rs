//! The kernels as CUDA C++, on any machine: no card, no driver and no toolkit is asked for.
//!
//! On a card CubeCL does the same when a kernel is first launched, and hands the source to NVRTC.
//! Here it can be read, compiled and examined.

use std::sync::Arc;

use cubecl::Compiler;
use cubecl::cmma::MatrixLayout;
use cubecl::ir::{
    AddressType, ContiguousElements, DeviceIdentity, DeviceProperties, ElemType, FloatKind,
    HardwareProperties, MemoryDeviceProperties, MmaProperties, TargetProperties,
};
use cubecl::prelude::*;
use cubecl_cpp::cuda::arch::CudaArchitecture;
use cubecl_cpp::cuda::mma::manual::contiguous_elements_cuda;
use cubecl_cpp::cuda::supported_mma_combinations;
use cubecl_cpp::shared::{
    CompilationOptions, CppCompiler, CppSupportedFeatures, register_mma_features,
};
use cubecl_cpp::target::Cuda;

use crate::decode_merge::decode_merge::DecodeMerge;
use crate::decode_split::decode_split::DecodeSplit;
use crate::key_value_gradient::key_value_gradient::KeyValueGradient;
use crate::plain_forward::plain_forward::PlainForward;
use crate::query_gradient::query_gradient::QueryGradient;
use crate::row_dot::{self, row_dot::RowDot};
use crate::tensor_core_forward::tensor_core_forward::TensorCoreForward;
use crate::tiles::{DecodeTiles, GradientTiles, PlainTiles, TensorCoreTiles};

/// A kind of card that source is made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Card {
    /// A100 and its like: compute capability 8.0.
    Sm80,
    /// H100 and its like: compute capability 9.0, with what only this one has.
    Sm90a,
}

impl Card {
    /// As NVIDIA's compilers call it.
    pub fn name(self) -> &'static str {
        match self {
            Card::Sm80 => "sm_80",
            Card::Sm90a => "sm_90a",
        }
    }

    /// How much shared memory a cube may have, in bytes (CUDA C++ Programming Guide, table
    /// "Technical Specifications per Compute Capability").
    pub fn shared_memory(self) -> usize {
        match self {
            Card::Sm80 => 163 << 10,
            Card::Sm90a => 227 << 10,
        }
    }

    fn version(self) -> u32 {
        match self {
            Card::Sm80 => 80,
            Card::Sm90a => 90,
        }
    }

    fn properties(self) -> Arc<DeviceProperties> {
        let hardware = HardwareProperties {
            load_width: 128,
            vector_register_count: None,
            plane_size_min: 32,
            plane_size_max: 32,
            max_bindings: 1024,
            max_shared_memory_size: self.shared_memory(),
            max_cube_count: (i32::MAX as u32, u16::MAX as u32, u16::MAX as u32),
            max_units_per_cube: 1024,
            max_cube_dim: (1024, 1024, 64),
            num_streaming_multiprocessors: None,
            num_tensor_cores: Some(4),
            min_tensor_cores_dim: Some(8),
            num_cpu_cores: None,
            last_level_cache_size: None,
            max_vector_size: VectorSize::MAX,
            cube_mma_reserved_shared_memory: 0,
        };
        let identity = DeviceIdentity {
            name: self.name().to_owned(),
            fingerprint: self.name().to_owned(),
            physical: None,
        };
        let mut properties = DeviceProperties::new(
            Default::default(),
            MemoryDeviceProperties::new(u64::MAX, 512),
            hardware,
            cubecl::profile::TimingMethod::Device,
            identity,
        );
        cubecl_cpp::register_supported_types(&mut properties);
        let architecture = CudaArchitecture { version: self.version(), tensor_cores: true };
        register_mma_features(supported_mma_combinations(&architecture), &mut properties);
        for kind in [FloatKind::F16, FloatKind::BF16] {
            properties.features.matmul.ldmatrix.insert(ElemType::Float(kind));
        }
        properties.features.copy_async = true;
        Arc::new(properties)
    }
}

/// How CUDA lays matrices out over a plane: what CubeCL's CUDA runtime says of itself.
fn target() -> Arc<TargetProperties> {
    let mma = MmaProperties {
        register_size_bits: 32,
        const_plane_size: 32,
        register_layout_a: MatrixLayout::RowMajor,
        register_layout_b: MatrixLayout::ColMajor,
        register_layout_acc: MatrixLayout::RowMajor,
        register_duplication_a: 1,
        register_duplication_b: 1,
        register_duplication_acc: 1,
        contiguous_elements: ContiguousElements::new(contiguous_elements_cuda),
    };
    Arc::new(TargetProperties { mma })
}

/// A kernel's source.
#[derive(Debug, Clone)]
pub struct Emitted {
    /// CUDA C++.
    pub source: String,
    /// Bytes of shared memory that a cube needs.
    pub shared_memory: usize,
    /// Threads of a cube.
    pub threads: usize,
}

/// Why there is no source: CubeCL's own words.
#[derive(Debug, thiserror::Error)]
#[error("CubeCL cannot write this kernel for {card}: {reason}")]
pub struct NotEmitted {
    card: &'static str,
    reason: String,
}

/// A model's heads, and the card that works for them: what each kernel is emitted for.
#[derive(Debug, Clone, Copy)]
pub struct Heads {
    /// The card.
    pub card: Card,
    /// The numbers.
    pub kind: FloatKind,
    /// How many of them a head has for a token.
    pub head_dim: usize,
    /// Whether scores have a soft cap.
    pub capped: bool,
}

/// The source of each kernel.
///
/// # Errors
/// Each fails when CubeCL refuses: the card has no such numbers, say.
impl Heads {
    /// [`plain_forward`](crate::plain_forward::plain_forward())
    pub fn plain(self, tiles: PlainTiles) -> Result<Emitted, NotEmitted> {
        let Heads { kind, head_dim, capped, .. } = self;
        self.emit(tiles.block_rows, |settings, properties, target| {
            plain_kernel(settings, properties, target, kind, head_dim, capped, tiles)
        })
    }

    /// [`tensor_core_forward`](crate::tensor_core_forward::tensor_core_forward())
    pub fn tensor_core(self, tiles: TensorCoreTiles) -> Result<Emitted, NotEmitted> {
        self.emit(tiles.threads(), |settings, properties, target| {
            TensorCoreForward::new(
                settings,
                properties,
                target,
                tensor(),
                tensor(),
                tensor(),
                tensor(),
                tensor(),
                tensor(),
                (),
                (),
                (),
                (),
                (),
                self.head_dim,
                self.capped,
                tiles,
                ElemType::Float(self.kind),
            )
        })
    }

    /// [`row_dot`](crate::row_dot::row_dot())
    pub fn row_dot(self) -> Result<Emitted, NotEmitted> {
        let Heads { kind, head_dim, .. } = self;
        let dtype = ElemType::Float(kind);
        self.emit(row_dot::THREADS, |settings, properties, target| {
            let [output, gradient, common] = [tensor(), tensor(), tensor()];
            RowDot::new(settings, properties, target, output, gradient, common, head_dim, dtype)
        })
    }

    /// [`query_gradient`](crate::query_gradient::query_gradient())
    pub fn query_gradient(self, tiles: GradientTiles) -> Result<Emitted, NotEmitted> {
        self.emit(tiles.threads(), |settings, properties, target| {
            QueryGradient::new(
                settings,
                properties,
                target,
                tensor(),
                tensor(),
                tensor(),
                tensor(),
                tensor(),
                tensor(),
                tensor(),
                tensor(),
                (),
                (),
                (),
                (),
                self.head_dim,
                self.capped,
                tiles,
                ElemType::Float(self.kind),
            )
        })
    }

    /// [`key_value_gradient`](crate::key_value_gradient::key_value_gradient())
    pub fn key_value_gradient(self, tiles: GradientTiles) -> Result<Emitted, NotEmitted> {
        self.emit(tiles.threads(), |settings, properties, target| {
            KeyValueGradient::new(
                settings,
                properties,
                target,
                tensor(),
                tensor(),
                tensor(),
                tensor(),
                tensor(),
                tensor(),
                tensor(),
                tensor(),
                tensor(),
                (),
                (),
                (),
                (),
                self.head_dim,
                self.capped,
                tiles,
                ElemType::Float(self.kind),
            )
        })
    }

    /// [`decode_split`](crate::decode_split::decode_split()), with keys read 16 bytes at a time
    pub fn decode_split(self, tiles: DecodeTiles) -> Result<Emitted, NotEmitted> {
        let dtype = ElemType::Float(self.kind);
        self.emit(tiles.threads, |settings, properties, target| {
            DecodeSplit::new(
                settings,
                properties,
                target,
                tensor(),
                tensor(),
                tensor(),
                tensor(),
                tensor(),
                tensor(),
                tensor(),
                tensor(),
                (),
                (),
                (),
                16 / dtype.size(),
                self.head_dim,
                self.capped,
                tiles,
                dtype,
            )
        })
    }

    /// [`decode_merge`](crate::decode_merge::decode_merge())
    pub fn decode_merge(self) -> Result<Emitted, NotEmitted> {
        self.emit(self.head_dim, |settings, properties, target| {
            DecodeMerge::new(
                settings,
                properties,
                target,
                tensor(),
                tensor(),
                tensor(),
                tensor(),
                tensor(),
                (),
                ElemType::Float(self.kind),
            )
        })
    }

    /// Makes a kernel for the card, and has CubeCL write it.
    fn emit<K: CubeKernel>(
        self,
        threads: usize,
        kernel: impl FnOnce(KernelSettings, Arc<DeviceProperties>, Arc<TargetProperties>) -> K,
    ) -> Result<Emitted, NotEmitted> {
        let settings = settings(CubeDim::new_1d(threads as u32));
        let kernel = kernel(settings, self.card.properties(), target());
        let supports_features = CppSupportedFeatures {
            grid_constants: true,
            fast_math: true,
            dp4a: true,
            ..Default::default()
        };
        let options = CompilationOptions { supports_features, ..Default::default() };
        let written = CppCompiler::<Cuda>::default()
            .compile(kernel.define(), &options)
            .map_err(|error| NotEmitted { card: self.card.name(), reason: error.to_string() })?;
        Ok(Emitted { source: written.source, shared_memory: written.shared_memory_size, threads })
    }
}

/// [`plain_forward`](crate::plain_forward::plain_forward()), for a card or for a page.
pub fn plain_kernel(
    settings: KernelSettings,
    properties: Arc<DeviceProperties>,
    target: Arc<TargetProperties>,
    kind: FloatKind,
    head_dim: usize,
    capped: bool,
    tiles: PlainTiles,
) -> PlainForward {
    PlainForward::new(
        settings,
        properties,
        target,
        tensor(),
        tensor(),
        tensor(),
        tensor(),
        tensor(),
        tensor(),
        (),
        (),
        (),
        (),
        (),
        head_dim,
        capped,
        tiles,
        ElemType::Float(kind),
    )
}

/// How kernels are compiled: with 32-bit addresses.
pub fn settings(cube: CubeDim) -> KernelSettings {
    KernelSettings::new(*cube, ExecutionMode::Checked, AddressType::U32)
}

/// A tensor of which nothing is known beforehand.
pub fn tensor() -> TensorCompilationArg {
    TensorCompilationArg {
        meta: TensorMetaCompilationArg { len: Default::default(), rank: Default::default() },
        buffer: BufferCompilationArg { inplace: None },
    }
}
