//! The memories of a graphics card, from the fastest to the largest: registers, shared memory, the
//! L2 cache, and HBM.
//!
//! Each level is larger than the one above it in what it holds for a program, and slower. What is
//! used again can be kept one level higher, and is then read at that level's pace.
//!
//! ```
//! use attention::levels::a100;
//!
//! let [registers, shared, l2, hbm] = a100();
//! assert_eq!(shared.bandwidth.to_string(), "19491.84 GB/s");
//! assert!(registers.bandwidth > shared.bandwidth && shared.bandwidth > l2.bandwidth);
//! assert!(l2.bandwidth > hbm.bandwidth && l2.bytes < hbm.bytes);
//! ```

use crate::devices::Source;
use crate::units::{Bytes, BytesPerSecond};

/// One memory of a card, all its parts together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Level {
    /// What it is called.
    pub name: &'static str,
    /// How much it holds, on the whole chip.
    pub bytes: Bytes,
    /// How fast it can be read, by the whole chip.
    pub bandwidth: BytesPerSecond,
    /// How both figures come about.
    pub how: &'static str,
    /// Where the figures were published that they come from.
    pub source: Source,
}

/// Multiprocessors of an A100.
pub const A100_MULTIPROCESSORS: u64 = 108;

/// Bytes of registers in a multiprocessor, of all cards since 2012: 65,536 of 32 bits.
pub const REGISTERS: Bytes = Bytes::from_kib(256);

/// The most 32-bit registers that a thread can have.
pub const MOST_REGISTERS: usize = 255;

/// The most shared memory that one block of an A100 may have.
pub const A100_BLOCK: Bytes = Bytes::from_kib(163);

/// The clock of an A100, in billions a second.
const A100_CLOCK: f64 = 1.41;

const WHITE_PAPER: Source =
    Source { title: "NVIDIA A100 Tensor Core GPU Architecture", year: 2020 };

/// So many bytes a clock, in each of so many parts.
const fn each_clock(bytes: u64, parts: u64) -> BytesPerSecond {
    BytesPerSecond::from_gb((bytes * parts) as f64 * A100_CLOCK)
}

/// The levels of an A100 with 40 GB: registers, shared memory, L2, HBM.
pub const fn a100() -> [Level; 4] {
    [
        Level {
            name: "registers",
            bytes: Bytes(A100_MULTIPROCESSORS * REGISTERS.0),
            // 64 units, each of which reads three numbers of 4 bytes for a product and a sum.
            bandwidth: each_clock(64 * 3 * 4, A100_MULTIPROCESSORS),
            how: "256 KiB a multiprocessor; what its 64 f32 units read at full rate, three numbers \
                  of 4 bytes each a clock",
            source: WHITE_PAPER,
        },
        Level {
            name: "shared memory",
            bytes: Bytes(A100_MULTIPROCESSORS * Bytes::from_kib(192).0),
            bandwidth: each_clock(128, A100_MULTIPROCESSORS),
            how: "192 KiB a multiprocessor, together with L1; 32 banks of 4 bytes a clock",
            source: WHITE_PAPER,
        },
        Level {
            name: "L2 cache",
            bytes: Bytes::from_mib(40),
            bandwidth: each_clock(5120, 1),
            how: "40 MiB for the whole chip; 5,120 bytes a clock",
            source: WHITE_PAPER,
        },
        Level {
            name: "HBM",
            bytes: Bytes::from_mib(40_960),
            bandwidth: BytesPerSecond::from_gb(1555.0),
            how: "beside the chip; the part with 40 GB",
            source: WHITE_PAPER,
        },
    ]
}

/// How much the L2 cache of a device holds, where that was published.
pub fn l2(device: &str) -> Option<Bytes> {
    let mib = match device {
        "NVIDIA A100 40GB SXM4" | "NVIDIA A100 80GB SXM4" => 40,
        "NVIDIA H100 80GB SXM5" => 50,
        "NVIDIA GeForce RTX 4090 24GB" => 72,
        _ => return None,
    };
    Some(Bytes::from_mib(mib))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::devices::device;

    #[test]
    fn the_last_level_is_the_device_of_the_table() {
        let spec = device("NVIDIA A100 40GB SXM4").expect("it is in the table");
        let [.., hbm] = a100();
        assert_eq!(hbm.bandwidth, spec.bandwidth);
        assert_eq!(Some(hbm.bytes), spec.memory.map(|memory| memory.bytes));
        assert_eq!(spec.on_chip.map(|chip| chip.bytes), Some(a100()[1].bytes));
        assert_eq!(l2(spec.name), Some(a100()[2].bytes));
        assert_eq!(l2("a toaster"), None);
    }
}
