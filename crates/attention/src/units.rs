//! Bytes, floating-point operations, seconds, and what can be made of them.
//!
//! Each quantity has its own type, so that a rate is never read as an amount, and a GiB never as
//! a GB. Only what makes sense is defined: bytes over a bandwidth are seconds, and bytes plus
//! seconds do not compile.
//!
//! ```
//! use attention::units::{Bytes, BytesPerSecond};
//!
//! let cache = Bytes(64 << 30);
//! assert_eq!(cache.in_gib(), "64.0 GiB");
//! assert_eq!(cache.in_gb(), "68.7 GB");
//! assert_eq!(cache.to_string(), "64.0 GiB = 68.7 GB");
//!
//! let time = cache / BytesPerSecond::from_gb(2039.0);
//! assert_eq!(time.to_string(), "33.7 ms");
//! ```

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Div, Mul};

/// An amount of memory or of traffic, in bytes.
///
/// Sums and products stop at the largest number that fits, 16 EiB, rather than wrap around.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bytes(pub u64);

/// Bytes in a GiB, which is 2^30.
const GIB: f64 = (1_u64 << 30) as f64;
/// Bytes in a GB, which is 10^9.
const GB: f64 = 1e9;

impl Bytes {
    /// So many KiB of 1024 bytes, the unit in which caches on a chip are built.
    pub const fn from_kib(kib: u64) -> Self {
        Bytes(kib << 10)
    }

    /// So many MiB of 1024 KiB, the unit in which drivers report memory.
    pub const fn from_mib(mib: u64) -> Self {
        Bytes(mib << 20)
    }

    /// How many GiB (2^30 bytes) this is.
    pub fn gib(self) -> f64 {
        self.0 as f64 / GIB
    }

    /// How many GB (10^9 bytes) this is.
    pub fn gb(self) -> f64 {
        self.0 as f64 / GB
    }

    /// In units of 1024, such as `64.0 GiB`: B, KiB, MiB, GiB, TiB, PiB or EiB.
    pub fn in_gib(self) -> String {
        scaled(self.0, 1024, ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"])
    }

    /// In units of 1000, such as `68.7 GB`: B, kB, MB, GB, TB, PB or EB.
    pub fn in_gb(self) -> String {
        scaled(self.0, 1000, ["B", "kB", "MB", "GB", "TB", "PB", "EB"])
    }
}

/// Both at once, such as `64.0 GiB = 68.7 GB`.
impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 < 1000 {
            write!(f, "{} B", self.0)
        } else {
            write!(f, "{} = {}", self.in_gib(), self.in_gb())
        }
    }
}

/// An amount of work: floating-point operations. An addition is one, and so is a multiplication.
///
/// Sums and products stop at the largest number that fits, 2^64 - 1, rather than wrap around.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Flops(pub u64);

/// In units of 1000, such as `137 GFLOP`.
impl fmt::Display for Flops {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = ["FLOP", "kFLOP", "MFLOP", "GFLOP", "TFLOP", "PFLOP", "EFLOP"];
        f.write_str(&scaled(self.0, 1000, units))
    }
}

/// How fast bytes move.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct BytesPerSecond(pub f64);

impl BytesPerSecond {
    /// So many GB/s, of 10^9 bytes.
    pub const fn from_gb(gb: f64) -> Self {
        BytesPerSecond(gb * 1e9)
    }
}

/// In GB/s of 10^9 bytes, as makers state it, such as `2039 GB/s`.
impl fmt::Display for BytesPerSecond {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} GB/s", tidy(self.0 / GB))
    }
}

/// How fast work is done.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct FlopsPerSecond(pub f64);

impl FlopsPerSecond {
    /// So many TFLOP/s, of 10^12 operations.
    pub const fn from_tera(tera: f64) -> Self {
        FlopsPerSecond(tera * 1e12)
    }
}

/// In TFLOP/s of 10^12 operations, as makers state it, such as `312 TFLOP/s`.
impl fmt::Display for FlopsPerSecond {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} TFLOP/s", tidy(self.0 / 1e12))
    }
}

/// Arithmetic intensity: how many operations are done for each byte that moves (Williams,
/// Waterman and Patterson, *Roofline: An Insightful Visual Performance Model*, 2009).
///
/// Infinite where work is done and nothing moves, and not a number where neither happens.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct FlopsPerByte(pub f64);

impl fmt::Display for FlopsPerByte {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} FLOP/B", significant(self.0))
    }
}

/// A time.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Seconds(pub f64);

/// With three digits and the unit that suits, such as `33.7 ms`: s, ms, µs or ns.
impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Half a unit in the third digit below a unit counts as the unit: 999.7 µs are 1.00 ms.
        let (scale, unit) = match self.0 {
            s if s >= 0.9995 => (1.0, "s"),
            s if s >= 0.9995e-3 => (1e3, "ms"),
            s if s >= 0.9995e-6 => (1e6, "µs"),
            _ => (1e9, "ns"),
        };
        write!(f, "{} {unit}", significant(self.0 * scale))
    }
}

impl Add for Bytes {
    type Output = Bytes;
    fn add(self, other: Bytes) -> Bytes {
        Bytes(self.0.saturating_add(other.0))
    }
}

impl AddAssign for Bytes {
    fn add_assign(&mut self, other: Bytes) {
        *self = *self + other;
    }
}

impl Mul<u64> for Bytes {
    type Output = Bytes;
    fn mul(self, times: u64) -> Bytes {
        Bytes(self.0.saturating_mul(times))
    }
}

impl Sum for Bytes {
    fn sum<I: Iterator<Item = Bytes>>(parts: I) -> Bytes {
        parts.fold(Bytes(0), Add::add)
    }
}

/// How many times one amount holds the other: infinite for an `other` of zero bytes.
impl Div for Bytes {
    type Output = f64;
    fn div(self, other: Bytes) -> f64 {
        self.0 as f64 / other.0 as f64
    }
}

impl Div<BytesPerSecond> for Bytes {
    type Output = Seconds;
    fn div(self, rate: BytesPerSecond) -> Seconds {
        Seconds(self.0 as f64 / rate.0)
    }
}

impl Add for Flops {
    type Output = Flops;
    fn add(self, other: Flops) -> Flops {
        Flops(self.0.saturating_add(other.0))
    }
}

impl AddAssign for Flops {
    fn add_assign(&mut self, other: Flops) {
        *self = *self + other;
    }
}

impl Mul<u64> for Flops {
    type Output = Flops;
    fn mul(self, times: u64) -> Flops {
        Flops(self.0.saturating_mul(times))
    }
}

impl Sum for Flops {
    fn sum<I: Iterator<Item = Flops>>(parts: I) -> Flops {
        parts.fold(Flops(0), Add::add)
    }
}

/// How many times one amount holds the other: infinite for an `other` of no operations.
impl Div for Flops {
    type Output = f64;
    fn div(self, other: Flops) -> f64 {
        self.0 as f64 / other.0 as f64
    }
}

impl Div<FlopsPerSecond> for Flops {
    type Output = Seconds;
    fn div(self, rate: FlopsPerSecond) -> Seconds {
        Seconds(self.0 as f64 / rate.0)
    }
}

impl Div<Bytes> for Flops {
    type Output = FlopsPerByte;
    fn div(self, bytes: Bytes) -> FlopsPerByte {
        FlopsPerByte(self.0 as f64 / bytes.0 as f64)
    }
}

/// The intensity at which a device is busy on both sides: its ridge point.
impl Div<BytesPerSecond> for FlopsPerSecond {
    type Output = FlopsPerByte;
    fn div(self, rate: BytesPerSecond) -> FlopsPerByte {
        FlopsPerByte(self.0 / rate.0)
    }
}

/// `amount` with one digit after the point, in the largest unit of which it holds one.
fn scaled(amount: u64, step: u64, units: [&str; 7]) -> String {
    if amount < step {
        return format!("{amount} {}", units[0]);
    }
    let power = amount.ilog(step);
    let value = amount as f64 / (step as f64).powi(power as i32);
    // 1023.96 KiB would be written as 1024.0 KiB: it is 1.0 MiB.
    let power = power as usize;
    if value >= step as f64 - 0.05 && power + 1 < units.len() {
        format!("1.0 {}", units[power + 1])
    } else {
        format!("{value:.1} {}", units[power])
    }
}

/// A stated figure as it was stated: without a fraction where it has none.
fn tidy(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

/// Three digits: 0.333, 33.7, 337, 3370.
fn significant(value: f64) -> String {
    match value.abs() {
        size if size >= 99.95 => format!("{value:.0}"),
        size if size >= 9.995 => format!("{value:.1}"),
        size if size >= 0.9995 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}
