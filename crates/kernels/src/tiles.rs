//! How the work is cut: one table, by kernel, device and head dimension.
//!
//! A **cube** is a group of threads that shares a small fast memory: CUDA calls it a thread
//! block, WebGPU a workgroup. Every number here is bounded by that memory and by how many threads
//! a cube may have. WebGPU promises 16 KiB and 256 threads, so that is what the plain kernels keep
//! to: they run everywhere.

/// The largest head dimension that the kernels take.
pub const LARGEST_HEAD_DIM: usize = 256;

/// The kernels take head dimensions that are multiples of this: a row is then whole 16-byte
/// pieces, whatever its type.
pub const HEAD_DIM_STEP: usize = 8;

/// The longest rows that a plain kernel's thread keeps in registers. The forward kernel has two, and
/// CUDA gives a thread 255 registers: two rows of 128 are too many.
pub const LONGEST_IN_REGISTERS: usize = 64;

/// The most numbers of a row that a thread has in a backward kernel on CUDA: with four rows, of key,
/// value and the gradients of both, these are half of its registers.
pub const LONGEST_PIECE: usize = 32;

/// The most cubes along one axis of a launch: CUDA's limit for the second and third, WebGPU's for
/// each.
pub const MOST_CUBES: usize = 65_535;

/// What the table distinguishes devices by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DeviceClass {
    /// An NVIDIA card, through CUDA.
    Cuda,
    /// Any other, through Vulkan or WebGPU: only what WebGPU promises is counted on.
    WebGpu,
}

/// The tiles of the plain forward kernel.
///
/// A thread has a row, so `block_rows` is also the number of threads. The other side of the score
/// tile comes by in blocks of `block_columns`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PlainTiles {
    /// Queries of a cube.
    pub block_rows: usize,
    /// Keys and values in shared memory at a time.
    pub block_columns: usize,
    /// Whether loops over the head dimension are written out, so that a row can lie in registers.
    pub unrolled: bool,
}

impl PlainTiles {
    /// The table's line for a head dimension: two tiles of `block_columns * head_dim` numbers of
    /// `f32` are at most 16 KiB.
    pub fn of(device: DeviceClass, head_dim: usize) -> Self {
        let block_columns = match head_dim {
            0..=64 => 32,
            65..=128 => 16,
            _ => 8,
        };
        let unrolled = device == DeviceClass::Cuda && head_dim <= LONGEST_IN_REGISTERS;
        PlainTiles { block_rows: 64, block_columns, unrolled }
    }

    /// Bytes of shared memory: two tiles of `f32`.
    pub fn shared_memory(&self, head_dim: usize) -> usize {
        2 * self.block_columns * head_dim * size_of::<f32>()
    }
}

/// The tiles of the backward kernels.
///
/// They need three or four rows at once, of which registers hold fewer than of the forward kernel's
/// two. So on CUDA several threads have a row together, each a **piece** of it, and add up what
/// their pieces give.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct GradientTiles {
    /// Rows of a cube: queries, or keys for the gradients of key and value.
    pub block_rows: usize,
    /// What is in shared memory at a time: keys and values, or queries and output gradients.
    pub block_columns: usize,
    /// How many neighbouring threads have a row: a power of two, of which a plane is a multiple.
    pub row_threads: usize,
    /// Whether loops over a piece are written out, so that it can lie in registers.
    pub unrolled: bool,
}

impl GradientTiles {
    /// The table's line for a head dimension, with the same shared memory as [`PlainTiles`]. What is
    /// not CUDA has a thread a row: whether threads can exchange numbers there is not known.
    pub fn of(device: DeviceClass, head_dim: usize) -> Self {
        let PlainTiles { block_rows, block_columns, .. } = PlainTiles::of(device, head_dim);
        match device {
            DeviceClass::Cuda => {
                let row_threads = head_dim.div_ceil(LONGEST_PIECE).next_power_of_two();
                let block_rows = 128 / row_threads;
                GradientTiles { block_rows, block_columns, row_threads, unrolled: true }
            }
            DeviceClass::WebGpu => {
                GradientTiles { block_rows, block_columns, row_threads: 1, unrolled: false }
            }
        }
    }

    /// Threads of a cube.
    pub fn threads(&self) -> usize {
        self.block_rows * self.row_threads
    }
}

/// The tiles of the tensor-core kernel.
///
/// A plane of 32 threads has `row_tiles` times 16 queries. With two, what it reads of keys and
/// values serves twice as many multiplications. What is left is still much: where queries do not
/// stay in registers they are read again for each tile of keys, and to keep an A100's tensor cores
/// busy the scores alone would then read shared memory as fast as it can be (128 bytes a clock).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TensorCoreTiles {
    /// Planes of a cube.
    pub planes: usize,
    /// Times 16 queries for a plane.
    pub row_tiles: usize,
    /// Keys and values in shared memory at a time: a multiple of 16.
    pub keys: usize,
    /// Whether queries stay in registers, or are read from shared memory for each tile of keys.
    pub queries_in_registers: bool,
}

/// The head dimensions that the tensor-core kernel has tiles for.
pub const TENSOR_CORE_HEAD_DIMS: [usize; 2] = [64, 128];

impl TensorCoreTiles {
    /// The table's line for a head dimension, with scores that are `capped` or not; `None` where
    /// there is none. Registers bound these: a thread has at most 255, and two cubes are to share
    /// the 65,536 of an SM. With a soft cap and a head dimension of 128 they suffice for one row
    /// tile only.
    pub fn of(head_dim: usize, capped: bool) -> Option<Self> {
        let tiles =
            TensorCoreTiles { planes: 4, row_tiles: 2, keys: 64, queries_in_registers: true };
        match (head_dim, capped) {
            (64, _) => Some(tiles),
            (128, false) => {
                Some(TensorCoreTiles { keys: 32, queries_in_registers: false, ..tiles })
            }
            (128, true) => Some(TensorCoreTiles { row_tiles: 1, keys: 32, ..tiles }),
            _ => None,
        }
    }

    /// Threads of a cube.
    pub fn threads(&self) -> usize {
        32 * self.planes
    }

    /// Queries of a cube.
    pub fn block_rows(&self) -> usize {
        16 * self.row_tiles * self.planes
    }

    /// Bytes of shared memory: a block of queries, a tile of keys and one of values, 2 bytes a
    /// number.
    pub fn shared_memory(&self, head_dim: usize) -> usize {
        2 * head_dim * (self.block_rows() + 2 * self.keys)
    }
}

/// How one decoding step is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DecodeTiles {
    /// Query heads that a cube works for. They share each key and value that it reads.
    pub heads: usize,
    /// How many threads have the same number of the output, each for another share of the keys.
    pub slices: usize,
    /// Threads of a cube, `slices * head_dim`, and keys that it takes at a time.
    pub threads: usize,
}

impl DecodeTiles {
    /// As many threads as 256 allow, and at most four query heads: more are given to more cubes.
    pub fn of(head_dim: usize, group: usize) -> Self {
        let slices = (256 / head_dim).max(1);
        DecodeTiles { heads: group.min(4), slices, threads: slices * head_dim }
    }

    /// Into how many splits to cut the keys, so that the device's processors all have work.
    ///
    /// `cubes` is how many cubes there are without a cut, and `processors` what the device has of
    /// streaming multiprocessors or the like; `None` where it does not tell. A split has no fewer
    /// keys than a cube takes at a time.
    pub fn splits(&self, cubes: usize, longest: usize, processors: Option<u32>) -> usize {
        let wanted = 4 * processors.unwrap_or(16) as usize;
        wanted.div_ceil(cubes.max(1)).min(longest.div_ceil(self.threads)).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tile_fits_what_webgpu_promises() {
        for head_dim in (HEAD_DIM_STEP..=LARGEST_HEAD_DIM).step_by(HEAD_DIM_STEP) {
            for device in [DeviceClass::Cuda, DeviceClass::WebGpu] {
                let tiles = PlainTiles::of(device, head_dim);
                assert!(tiles.shared_memory(head_dim) <= 16 << 10, "{head_dim}: {tiles:?}");
                assert!(tiles.block_rows <= 256);
                let tiles = GradientTiles::of(device, head_dim);
                assert!(tiles.threads() <= 256, "{head_dim}: {tiles:?}");
            }
            for group in 1..=40 {
                let tiles = DecodeTiles::of(head_dim, group);
                assert!(tiles.threads <= 256, "{head_dim}: {tiles:?}");
                assert!(tiles.heads >= 1 && tiles.slices >= 1);
            }
        }
    }

    #[test]
    fn registers_bound_what_is_unrolled() {
        assert!(PlainTiles::of(DeviceClass::Cuda, 64).unrolled);
        assert!(!PlainTiles::of(DeviceClass::Cuda, 72).unrolled);
        assert!(!PlainTiles::of(DeviceClass::WebGpu, 64).unrolled);
        for head_dim in TENSOR_CORE_HEAD_DIMS {
            assert!(TensorCoreTiles::of(head_dim, false).is_some());
            assert!(TensorCoreTiles::of(head_dim, true).is_some());
        }
        assert_eq!(TensorCoreTiles::of(96, false), None);
    }

    #[test]
    fn the_threads_of_a_row_divide_it_evenly() {
        for head_dim in (HEAD_DIM_STEP..=LARGEST_HEAD_DIM).step_by(HEAD_DIM_STEP) {
            let tiles = GradientTiles::of(DeviceClass::Cuda, head_dim);
            assert!(head_dim.is_multiple_of(tiles.row_threads), "{head_dim}: {tiles:?}");
            assert!(head_dim / tiles.row_threads <= LONGEST_PIECE, "{head_dim}: {tiles:?}");
            // A row's threads are in one plane, and all planes are whole.
            assert!(32usize.is_multiple_of(tiles.row_threads), "{head_dim}: {tiles:?}");
            assert!(tiles.threads().is_multiple_of(32), "{head_dim}: {tiles:?}");
        }
        assert_eq!(GradientTiles::of(DeviceClass::WebGpu, 256).row_threads, 1);
    }

    #[test]
    fn splits_are_no_finer_than_a_cube_and_no_coarser_than_needed() {
        let tiles = DecodeTiles::of(64, 3);
        assert_eq!(tiles, DecodeTiles { heads: 3, slices: 4, threads: 256 });
        // Enough cubes already.
        assert_eq!(tiles.splits(1000, 16_384, Some(132)), 1);
        // Three cubes for 132 processors: as many splits as there are pieces of 256 keys.
        assert_eq!(tiles.splits(3, 16_384, Some(132)), 64);
        assert_eq!(tiles.splits(24, 16_384, Some(132)), 22);
        assert_eq!(tiles.splits(3, 0, None), 1);
    }
}
