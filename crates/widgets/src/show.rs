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

/// The places of all numbers, the largest first. Equal ones stay in their order.
///
/// ```
/// assert_eq!(widgets::show::largest_first(&[0.1, 0.6, 0.1, 0.2]), [1, 3, 0, 2]);
/// ```
pub fn largest_first(numbers: &[f32]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..numbers.len()).collect();
    order.sort_by(|one, other| numbers[*other].total_cmp(&numbers[*one]));
    order
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

/// A number with its sign and so many decimals: `+2.05`, `−0.50`, `0.00`, `−∞`.
///
/// ```
/// use widgets::show::signed;
///
/// assert_eq!([signed(2.05, 1), signed(-0.5, 2), signed(-0.001, 2)], ["+2.0", "−0.50", "0.00"]);
/// assert_eq!(signed(f32::NEG_INFINITY, 2), "−∞");
/// ```
pub fn signed(number: f32, decimals: usize) -> String {
    if number.is_infinite() {
        return if number > 0.0 { "+∞" } else { "−∞" }.to_owned();
    }
    let digits = format!("{:.decimals$}", number.abs());
    let nothing = digits.chars().all(|digit| matches!(digit, '0' | '.'));
    match number {
        _ if nothing || number.is_nan() => digits,
        number if number < 0.0 => format!("−{digits}"),
        _ => format!("+{digits}"),
    }
}

/// The class that shades a number of either sign by its size against the `largest`: `shade-0` to
/// `shade-100` for what is above zero, `shade-below-10` to `shade-below-100` for what is below.
///
/// ```
/// use widgets::show::shade_signed;
///
/// assert_eq!([shade_signed(2.0, 4.0), shade_signed(-2.0, 4.0)], ["shade-50", "shade-below-50"]);
/// assert_eq!(shade_signed(0.0, 0.0), "shade-0");
/// ```
pub fn shade_signed(number: f32, largest: f32) -> String {
    let size = if largest > 0.0 { (number.abs() / largest).min(1.0) } else { 0.0 };
    match (size * 10.0).round() as u32 * 10 {
        step if number < 0.0 && step > 0 => format!("shade-below-{step}"),
        _ => shade(if number > 0.0 { size } else { 0.0 }),
    }
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
