//! Devices: how much memory each has, how fast it reads it, and how fast it multiplies matrices.
//!
//! Peaks are **dense**: what the device does with matrices in which no entry is known to be zero.
//! Makers often print figures for matrices of which half the entries are zeros in a fixed pattern
//! ("with sparsity"); they are twice as large, and attention cannot use them. No program reaches a
//! peak: it says what cannot be exceeded.
//!
//! Memory is what the device's driver reports, and so what a program can have. The name of a part
//! says another number: of the H100's 80 GB its driver reports 81,559 MiB, which are 85.5 GB.
//!
//! A figure that could not be traced to a source is not here.
//!
//! ```
//! use attention::devices::{Arithmetic, device};
//!
//! let a100 = device("NVIDIA A100 80GB SXM4").expect("it is in the table");
//! assert_eq!(a100.bandwidth.to_string(), "2039 GB/s");
//! assert_eq!(a100.peak(Arithmetic::Fp16)?.to_string(), "312 TFLOP/s");
//! // Below 153 operations a byte it waits for its memory.
//! assert_eq!(a100.ridge(Arithmetic::Fp16)?.to_string(), "153 FLOP/B");
//! # Ok::<(), attention::Error>(())
//! ```

use crate::Error;
use crate::units::{Bytes, BytesPerSecond, FlopsPerByte, FlopsPerSecond};

/// Where a figure was published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Source {
    /// The document, and what in it.
    pub title: &'static str,
    /// The year of the document.
    pub year: u16,
}

/// The numbers that are multiplied. Products are summed in 32 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arithmetic {
    /// 32 bits, on the ordinary units: the matrix units do not take them whole.
    Fp32,
    /// 32 bits of which the matrix units read 19.
    Tf32,
    /// 16 bits, fp16 and bf16 alike.
    Fp16,
    /// 8 bits.
    Fp8,
    /// 4 bits.
    Fp4,
}

impl Arithmetic {
    /// Its name in a table: `fp32`, `tf32`, `fp16/bf16`, `fp8` or `fp4`.
    pub const fn name(self) -> &'static str {
        match self {
            Arithmetic::Fp32 => "fp32",
            Arithmetic::Tf32 => "tf32",
            Arithmetic::Fp16 => "fp16/bf16",
            Arithmetic::Fp8 => "fp8",
            Arithmetic::Fp4 => "fp4",
        }
    }
}

/// Fast memory on the chip itself.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OnChip {
    /// Its size, all parts of the chip together.
    pub bytes: Bytes,
    /// How fast it is read, where that was published.
    pub bandwidth: Option<BytesPerSecond>,
    /// Which memory is meant, and how its size comes about.
    pub what: &'static str,
    /// Where that was published.
    pub source: Source,
}

/// The memory of a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    /// All that the driver reports, before any program has taken some.
    pub bytes: Bytes,
    /// Which driver reported it, and where that was published.
    pub source: Source,
}

/// A device, as its maker describes it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DeviceSpec {
    /// The exact part.
    pub name: &'static str,
    /// Its memory, as its driver reports it; none where the buyer chooses it.
    pub memory: Option<Memory>,
    /// How fast that memory is read.
    pub bandwidth: BytesPerSecond,
    /// Dense peaks, for each kind of number that has a published one.
    pub peaks: &'static [(Arithmetic, FlopsPerSecond)],
    /// Fast memory on the chip, where it was published.
    pub on_chip: Option<OnChip>,
    /// Where bandwidth and peaks were published.
    pub source: Source,
    /// What to know about the figures.
    pub note: &'static str,
}

impl DeviceSpec {
    /// The dense peak for `arithmetic`.
    ///
    /// # Errors
    /// [`Error::NoPeak`] when none is published.
    pub fn peak(&self, arithmetic: Arithmetic) -> Result<FlopsPerSecond, Error> {
        let found = self.peaks.iter().find(|(kind, _)| *kind == arithmetic);
        found.map(|(_, peak)| *peak).ok_or_else(|| {
            let names: Vec<&str> = self.peaks.iter().map(|(kind, _)| kind.name()).collect();
            let published = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
            Error::NoPeak { device: self.name, arithmetic: arithmetic.name(), published }
        })
    }

    /// The ridge point: with fewer operations a byte than this, the device waits for its memory.
    ///
    /// # Errors
    /// [`Error::NoPeak`] when no peak is published.
    pub fn ridge(&self, arithmetic: Arithmetic) -> Result<FlopsPerByte, Error> {
        Ok(self.peak(arithmetic)? / self.bandwidth)
    }
}

/// The device of this exact name, or none.
pub fn device(name: &str) -> Option<&'static DeviceSpec> {
    DEVICES.iter().find(|device| device.name == name)
}

const fn tera(tera: f64) -> FlopsPerSecond {
    FlopsPerSecond::from_tera(tera)
}

const fn reported(mib: u64, title: &'static str, year: u16) -> Option<Memory> {
    Some(Memory { bytes: Bytes::from_mib(mib), source: Source { title, year } })
}

/// All three cards in one list.
const MODAL: &str = "nvidia-smi, as listed by Modal (modal-client, pull request 2797)";

const A100_PEAKS: &[(Arithmetic, FlopsPerSecond)] = &[
    (Arithmetic::Fp32, tera(19.5)),
    (Arithmetic::Tf32, tera(156.0)),
    (Arithmetic::Fp16, tera(312.0)),
];

const A100_ON_CHIP: OnChip = OnChip {
    bytes: Bytes::from_kib(108 * 192),
    bandwidth: Some(BytesPerSecond::from_gb(19_000.0)),
    what: "shared memory and L1: 192 KiB in each of 108 multiprocessors; its speed is an estimate",
    source: Source { title: "Dao et al., FlashAttention, section 2.1", year: 2022 },
};

/// All devices, data centre first, then desktop and laptop.
pub const DEVICES: &[DeviceSpec] = &[
    DeviceSpec {
        name: "NVIDIA A100 40GB SXM4",
        memory: reported(40_960, MODAL, 2025),
        bandwidth: BytesPerSecond::from_gb(1555.0),
        peaks: A100_PEAKS,
        on_chip: Some(A100_ON_CHIP),
        source: Source { title: "NVIDIA A100 Tensor Core GPU Architecture", year: 2020 },
        note: "the first A100; the FlashAttention paper's 1.5 TB/s is this part",
    },
    DeviceSpec {
        name: "NVIDIA A100 80GB SXM4",
        memory: reported(81_920, MODAL, 2025),
        bandwidth: BytesPerSecond::from_gb(2039.0),
        peaks: A100_PEAKS,
        on_chip: Some(A100_ON_CHIP),
        source: Source { title: "NVIDIA A100 Tensor Core GPU datasheet", year: 2021 },
        note: "the PCIe card of the same size is slower: 1935 GB/s",
    },
    DeviceSpec {
        name: "NVIDIA H100 80GB SXM5",
        memory: reported(81_559, MODAL, 2025),
        bandwidth: BytesPerSecond::from_gb(3350.0),
        peaks: &[
            (Arithmetic::Fp32, tera(66.9)),
            (Arithmetic::Tf32, tera(494.7)),
            (Arithmetic::Fp16, tera(989.4)),
            (Arithmetic::Fp8, tera(1978.9)),
        ],
        on_chip: Some(OnChip {
            bytes: Bytes::from_kib(132 * 256),
            bandwidth: None,
            what: "shared memory and L1: 256 KiB in each of 132 multiprocessors",
            source: Source { title: "NVIDIA H100 Tensor Core GPU Architecture", year: 2022 },
        }),
        source: Source {
            title: "NVIDIA H100 Tensor Core GPU Architecture (peaks) and H100 datasheet \
                    (bandwidth)",
            year: 2023,
        },
        note: "the datasheet prints peaks with sparsity, twice these",
    },
    DeviceSpec {
        name: "NVIDIA H200 141GB SXM",
        memory: reported(143_771, "nvidia-smi, driver 570.158", 2025),
        bandwidth: BytesPerSecond::from_gb(4800.0),
        peaks: &[
            (Arithmetic::Fp32, tera(67.0)),
            (Arithmetic::Tf32, tera(494.5)),
            (Arithmetic::Fp16, tera(989.5)),
            (Arithmetic::Fp8, tera(1979.0)),
        ],
        on_chip: None,
        source: Source { title: "NVIDIA H200 Tensor Core GPU datasheet", year: 2024 },
        note: "matrix peaks are half of the datasheet's, which are with sparsity (989, 1979 and \
               3958)",
    },
    DeviceSpec {
        name: "NVIDIA B200 180GB (HGX, 1000 W)",
        memory: reported(183_359, "nvidia-smi, driver 580.95 (TensorRT-LLM, issue 10278)", 2025),
        bandwidth: BytesPerSecond::from_gb(8000.0),
        peaks: &[
            (Arithmetic::Fp32, tera(80.0)),
            (Arithmetic::Tf32, tera(1100.0)),
            (Arithmetic::Fp16, tera(2250.0)),
            (Arithmetic::Fp8, tera(4500.0)),
            (Arithmetic::Fp4, tera(9000.0)),
        ],
        on_chip: None,
        source: Source {
            title: "NVIDIA Blackwell Architecture Technical Brief (peaks) and DGX B200 datasheet \
                    (bandwidth: an eighth of 64 TB/s)",
            year: 2024,
        },
        note: "the part with 1200 W in the GB200 is faster",
    },
    DeviceSpec {
        name: "NVIDIA GeForce RTX 4090 24GB",
        memory: reported(24_564, "nvidia-smi, driver 550.163 (RLinf, issue 255)", 2025),
        bandwidth: BytesPerSecond::from_gb(1008.0),
        peaks: &[
            (Arithmetic::Fp32, tera(82.6)),
            (Arithmetic::Tf32, tera(82.6)),
            (Arithmetic::Fp16, tera(165.2)),
            (Arithmetic::Fp8, tera(330.3)),
        ],
        on_chip: Some(OnChip {
            bytes: Bytes::from_kib(128 * 128),
            bandwidth: None,
            what: "shared memory and L1: 128 KiB in each of 128 multiprocessors",
            source: Source { title: "NVIDIA Ada GPU Architecture, appendix A", year: 2022 },
        }),
        source: Source { title: "NVIDIA Ada GPU Architecture, appendix A", year: 2022 },
        note: "twice the 16-bit and 8-bit peaks with sums in 16 bits, which attention should \
               not use",
    },
    DeviceSpec {
        name: "Apple M2 Ultra (192 GB)",
        memory: reported(
            147_456,
            "Metal's recommendedMaxWorkingSetSize (Rapid-MLX, pull request 183)",
            2026,
        ),
        bandwidth: BytesPerSecond::from_gb(800.0),
        peaks: &[],
        on_chip: None,
        source: Source { title: "Apple, Apple introduces M2 Ultra (press release)", year: 2023 },
        note: "memory shared by CPU and GPU, counted as far as the GPU may use it; Apple publishes \
               no matrix peak",
    },
    DeviceSpec {
        name: "Apple M4 Max (40-core GPU, 128 GB)",
        memory: reported(
            110_100,
            "Metal's recommendedMaxWorkingSetSize (ds4, pull request 893)",
            2026,
        ),
        bandwidth: BytesPerSecond::from_gb(546.0),
        peaks: &[],
        on_chip: None,
        source: Source {
            title: "Apple, Apple introduces M4 Pro and M4 Max (press release)",
            year: 2024,
        },
        note: "memory shared by CPU and GPU, counted as far as the GPU may use it; Apple publishes \
               no matrix peak",
    },
    DeviceSpec {
        name: "AMD Ryzen 7 7840U (laptop CPU, DDR5-5600)",
        memory: None,
        // Two channels of 8 bytes, 5.6 billion times a second.
        bandwidth: BytesPerSecond::from_gb(2.0 * 8.0 * 5.6),
        // Eight cores, two products-and-sums of eight numbers a cycle, 3.3 billion cycles.
        peaks: &[(Arithmetic::Fp32, tera(8.0 * 2.0 * 2.0 * 8.0 * 3.3e-3))],
        on_chip: Some(OnChip {
            bytes: Bytes::from_kib(16 << 10),
            bandwidth: None,
            what: "L3 cache, shared by all cores",
            source: Source { title: "AMD Ryzen 7 7840U product page", year: 2023 },
        }),
        source: Source {
            title: "AMD Ryzen 7 7840U product page (8 cores, 3.3 GHz, two channels of DDR5-5600)",
            year: 2023,
        },
        note: "computed from its parts: CPU alone, base clock, two 256-bit fused multiply-adds \
               a cycle in each Zen 4 core",
    },
];
