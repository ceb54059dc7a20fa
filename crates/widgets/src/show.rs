//! How numbers and tokens look in the book: in text, tables, widgets and facts alike.

/// A share between 0 and 1 with two decimals and no leading zero: `.80`, `1.00`.
///
/// ```
/// assert_eq!(widgets::show::share(0.8013), ".80");
/// assert_eq!(widgets::show::share(1.0), "1.00");
/// assert_eq!(widgets::show::share(f32::NAN), "NaN");
/// ```
pub fn share(weight: f32) -> String {
    let digits = format!("{weight:.2}");
    match digits.strip_prefix("0.") {
        Some(decimals) => format!(".{decimals}"),
        None => digits,
    }
}

/// A number with `decimals`, a minus as printers write it, and no minus before a zero.
///
/// ```
/// use widgets::show::number;
///
/// assert_eq!([number(-1.584, 2), number(-0.001, 2)], ["−1.58", "0.00"]);
/// assert_eq!([number(f32::NEG_INFINITY, 2), number(f32::NAN, 2)], ["−∞", "NaN"]);
/// ```
pub fn number(value: f32, decimals: usize) -> String {
    if value.is_infinite() {
        return if value < 0.0 { "−∞" } else { "∞" }.to_owned();
    }
    let digits = format!("{:.decimals$}", value.abs());
    let zero = !digits.contains(|digit: char| digit.is_ascii_digit() && digit != '0');
    if value < 0.0 && !zero { format!("−{digits}") } else { digits }
}

/// The class that shades a cell: `shade-0`, `shade-5`, … `shade-100`.
///
/// ```
/// assert_eq!(widgets::show::shade(0.8013), "shade-80");
/// assert_eq!(widgets::show::shade(f32::NAN), "shade-0");
/// ```
pub fn shade(weight: f32) -> String {
    // A NaN becomes 0 here; the printed number still says NaN.
    let step = (weight.clamp(0.0, 1.0) * 20.0).round() as u32 * 5;
    format!("shade-{step}")
}

/// A token as a word: without the space that it begins with, and with white space made visible.
///
/// ```
/// assert_eq!(widgets::show::word(" cat"), "cat");
/// assert_eq!(widgets::show::word("\n"), "⏎");
/// assert_eq!(widgets::show::word("  "), "␣␣");
/// ```
pub fn word(token: &str) -> String {
    let word = token.strip_prefix(' ').filter(|rest| !rest.trim().is_empty()).unwrap_or(token);
    word.replace(' ', "␣").replace('\n', "⏎").replace('\t', "⇥")
}
