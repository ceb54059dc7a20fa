//! Numbers as readers type them, and as addresses hold them.
//!
//! The standard library reads any number to its last digit, and brings a table of 10 kB for it. A
//! page need not load that: what is typed or kept here has a few digits.

/// The most digits that are looked at: more would not change an `f64`.
const DIGITS: u64 = 100_000_000_000_000_000;

/// The largest power of ten in a number: more would be infinite, or zero.
const LARGEST_POWER: i32 = 300;

/// The number that a text stands for: `0.5`, `-3`, `1e-5`. A comma may stand for the point, and a
/// printer's minus for a typewriter's.
///
/// With up to 15 digits and 22 decimals it is the `f64` that is nearest; else one beside it.
///
/// ```
/// use widgets::decimal::read;
///
/// assert_eq!(["0.5", " −3,25 ", ".5", "1e-5"].map(read), [0.5, -3.25, 0.5, 1e-5].map(Some));
/// assert_eq!(["", "-", ".", "1.2.3", "inf", "NaN", "1e999"].map(read), [None; 7]);
/// ```
pub fn read(text: &str) -> Option<f64> {
    let text = text.trim().replace(',', ".").replace('−', "-");
    let (sign, text) = match text.strip_prefix('-') {
        Some(text) => (-1.0, text),
        None => (1.0, text.strip_prefix('+').unwrap_or(&text)),
    };
    let (text, power) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    if whole.is_empty() && decimals.is_empty() {
        return None;
    }
    // The number is `all` times ten to the power of `power`.
    let (mut all, mut power): (u64, i32) = (0, power.parse().ok()?);
    for (place, letter) in whole.bytes().chain(decimals.bytes()).enumerate() {
        let digit = char::from(letter).to_digit(10)?;
        let is_whole = place < whole.len();
        if all < DIGITS {
            all = 10 * all + u64::from(digit);
            power = if is_whole { power } else { power.checked_sub(1)? };
        } else if is_whole {
            power = power.checked_add(1)?;
        }
    }
    let scale = 10_f64.powi(power.unsigned_abs().min(LARGEST_POWER as u32) as i32);
    let number = if power < 0 { all as f64 / scale } else { all as f64 * scale };
    (all == 0 || power <= LARGEST_POWER).then_some(sign * number).filter(|it| it.is_finite())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::read;

    proptest! {
        #[test]
        fn short_numbers_are_read_to_the_last_digit(whole in -99_999_i32..99_999, part in 0_u32..1_000_000) {
            let text = format!("{whole}.{part:06}");
            prop_assert_eq!(read(&text), text.parse().ok());
        }

        #[test]
        fn an_f32_that_is_written_is_read_again(bits: u32) {
            let number = f32::from_bits(bits);
            prop_assume!(number.is_finite());
            let read = read(&number.to_string()).expect("a number") as f32;
            prop_assert_eq!(read, number);
        }

        #[test]
        fn any_other_text_is_no_number(text in "[-+.,eE0-9a −]{0,8}") {
            let usual = text.trim().replace(',', ".").replace('−', "-");
            let usual: Option<f64> = usual.parse().ok().filter(|it: &f64| it.is_finite());
            match (read(&text), usual) {
                (Some(read), Some(usual)) => {
                    prop_assert!((read - usual).abs() <= usual.abs() * 1e-15, "{text}: {read} {usual}");
                }
                (None, None) => {}
                // Powers beyond what an f64 holds.
                (read, usual) => prop_assert!(text.contains(['e', 'E']), "{text}: {read:?} {usual:?}"),
            }
        }
    }
}
