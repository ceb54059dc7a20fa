//! Arithmetic on sixteen numbers at a time.
//!
//! Everything here is a plain loop over arrays whose length is known. The compiler makes vector
//! instructions of such a loop, once it is told that the CPU has them: [`vectorised`] looks.

/// Numbers side by side: two registers of AVX2, four of NEON.
pub(super) const LANES: usize = 16;
/// Rows of a product that are made together. Six rows of sixteen lanes fill twelve of the
/// sixteen registers that AVX2 has, and leave room for what they are made from.
pub(super) const ROWS: usize = 6;

/// A number for each of sixteen queries.
pub(super) type Lanes = [f32; LANES];
/// A column of a panel: a number for each of six keys, or six numbers of a value.
pub(super) type Rows = [f32; ROWS];

/// Work that can use fused multiply-add instructions, `a * b + c` in one step.
pub(super) trait Vectorised {
    /// Does the work. Implementations are `#[inline(always)]`, and so is what they call in
    /// their inner loops: the caller decides for which CPU they are compiled.
    fn run<const FMA: bool>(self);
}

/// Does the work with the widest instructions that this CPU is known to have.
pub(super) fn vectorised(work: impl Vectorised) {
    #[cfg(target_arch = "x86_64")]
    if let Some(avx2) = pulp::x86::V3::try_new() {
        return pulp::Simd::vectorize(avx2, Avx2(work));
    }
    // Every 64-bit ARM has vectors and fused multiply-add. Other CPUs would call a function for
    // the latter.
    work.run::<{ cfg!(target_arch = "aarch64") }>();
}

#[cfg(target_arch = "x86_64")]
struct Avx2<W>(W);

#[cfg(target_arch = "x86_64")]
impl<W: Vectorised> pulp::WithSimd for Avx2<W> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _: S) {
        self.0.run::<true>();
    }
}

/// `sums + left · right`: the panel `left` is `[ROWS, k]`, stored column by column, and `right`
/// is `[k, LANES]`.
#[inline(always)]
pub(super) fn multiply<const FMA: bool>(
    left: &[Rows],
    right: &[Lanes],
    mut sums: [Lanes; ROWS],
) -> [Lanes; ROWS] {
    for (rows, lanes) in left.iter().zip(right) {
        for row in 0..ROWS {
            for lane in 0..LANES {
                sums[row][lane] = multiply_add::<FMA>(rows[row], lanes[lane], sums[row][lane]);
            }
        }
    }
    sums
}

#[inline(always)]
fn multiply_add<const FMA: bool>(a: f32, b: f32, c: f32) -> f32 {
    if FMA { a.mul_add(b, c) } else { a * b + c }
}

/// `exp(x)` for `x` up to 0, within four millionths of itself. Powers too small for a normal `f32`
/// are zero. `NaN` stays `NaN`.
///
/// `exp(x) = 2^(x log2(e)) = 2^n · 2^f` with a whole number `n` and `f` from -1/2 to 1/2. The
/// bits of an `f32` hold `n` as it is, and the Taylor series of `2^f` is short.
#[inline(always)]
pub(super) fn exp<const FMA: bool>(x: f32) -> f32 {
    // Adding and subtracting it rounds to a whole number, which then stands in the lowest bits.
    const ROUND: f32 = 1.5 * (1 << 23) as f32;
    /// Below this, `2^n` is no normal number.
    const SMALLEST: f32 = -87.0;
    const LOG2_E: f32 = std::f32::consts::LOG2_E;

    let x_or_smallest = if x < SMALLEST { SMALLEST } else { x };
    let shifted = multiply_add::<FMA>(x_or_smallest, LOG2_E, ROUND);
    let f = multiply_add::<FMA>(x_or_smallest, LOG2_E, ROUND - shifted);
    let mut power = TAYLOR[7];
    for i in (0..7).rev() {
        power = multiply_add::<FMA>(power, f, TAYLOR[i]);
    }
    // The exponent of an `f32` is kept in bits 23 to 30, with 127 added.
    let two_to_n = f32::from_bits((shifted.to_bits() << 23).wrapping_add(127 << 23));
    if x < SMALLEST { 0.0 } else { power * two_to_n }
}

/// `ln(2)^i / i!`: what `2^f` is a sum of, times `f^i`. The next would add less than one part in
/// a hundred million.
const TAYLOR: [f32; 8] = {
    let mut series = [1.0; 8];
    let mut term = 1.0;
    let mut i = 1;
    while i < 8 {
        term *= std::f64::consts::LN_2 / i as f64;
        series[i] = term as f32;
        i += 1;
    }
    series
};

#[cfg(test)]
mod tests {
    use super::*;

    /// The largest error relative to `exp(x)`, from -87 to 0.
    fn largest_error<const FMA: bool>() -> f64 {
        let steps = 87 * 4096;
        let error = |step: i32| {
            let x = -step as f32 / 4096.0 * 0.999_999;
            let exact = f64::from(x).exp();
            (f64::from(exp::<FMA>(x)) - exact).abs() / exact
        };
        (0..=steps).map(error).fold(0.0, f64::max)
    }

    #[test]
    fn exp_is_that_of_f64() {
        for (name, error) in
            [("fused", largest_error::<true>()), ("plain", largest_error::<false>())]
        {
            println!("exp, {name}: within {error:.1e} of itself");
            assert!(error <= 4e-6, "{error}");
        }
    }

    #[test]
    fn exp_of_the_ends() {
        assert_eq!(exp::<true>(0.0), 1.0);
        assert_eq!(exp::<true>(-0.0), 1.0);
        for hidden in [-87.1, -1e4, f32::MIN, f32::NEG_INFINITY] {
            assert_eq!(exp::<true>(hidden), 0.0);
        }
        assert!(exp::<true>(f32::NAN).is_nan());
    }

    /// The same work on a CPU that has not the instructions of this one.
    #[test]
    fn products_do_not_depend_on_the_cpu() {
        let number = |i: usize| (i * 37 % 101) as f32 / 50.0 - 1.0;
        let left: Vec<Rows> =
            (0..64).map(|k| std::array::from_fn(|row| number(k * ROWS + row))).collect();
        let right: Vec<Lanes> =
            (0..64).map(|k| std::array::from_fn(|lane| number(7 * k * LANES + lane))).collect();
        let fused = multiply::<true>(&left, &right, [[1.0; LANES]; ROWS]);
        let plain = multiply::<false>(&left, &right, [[1.0; LANES]; ROWS]);
        for (row, lane) in (0..ROWS).flat_map(|row| (0..LANES).map(move |lane| (row, lane))) {
            let products =
                left.iter().zip(&right).map(|(l, r)| f64::from(l[row]) * f64::from(r[lane]));
            let exact = 1.0 + products.sum::<f64>();
            for product in [fused, plain] {
                assert!((f64::from(product[row][lane]) - exact).abs() <= 1e-5);
            }
        }
    }
}
