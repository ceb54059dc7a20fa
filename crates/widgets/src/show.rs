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

/// A whole number with a comma between thousands.
///
/// ```
/// let shown = [7, 270, 49_152, 1_000_000].map(widgets::show::grouped);
/// assert_eq!(shown, ["7", "270", "49,152", "1,000,000"]);
/// ```
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut shown = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

/// A number above zero with three digits, or all of those before the point.
///
/// ```
/// use widgets::show::significant;
///
/// assert_eq!([3.518, 12.84, 290.2, 1096.6].map(significant), ["3.52", "12.8", "290", "1,097"]);
/// ```
pub fn significant(number: f64) -> String {
    match number {
        small if small < 9.995 => format!("{small:.2}"),
        middle if middle < 99.95 => format!("{middle:.1}"),
        large => grouped(large.round() as u64),
    }
}

/// A number with two decimals and a proper minus.
///
/// ```
/// assert_eq!(widgets::show::signed(-0.8), "−0.80");
/// ```
pub fn signed(number: f32) -> String {
    format!("{number:.2}").replace('-', "−")
}
