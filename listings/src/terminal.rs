//! Maps of attention for a terminal: numbers always, shades where the terminal has colour.

use std::io::{ErrorKind, Write};

use anstyle::{AnsiColor, RgbColor, Style};

/// A share with two decimals and no leading zero, as the book prints it: `.80`, `1.00`.
pub fn share(weight: f32) -> String {
    let digits = format!("{weight:.2}");
    digits.strip_prefix("0.").map_or(digits.clone(), |decimals| format!(".{decimals}"))
}

/// The power of ten above `error`: the digits below it differ from machine to machine. An error
/// of zero counts as the smallest step of an f32 at 1.
pub fn bound(error: f32) -> f64 {
    10_f64.powf(f64::from(error.max(f32::EPSILON)).log10().floor() + 1.0)
}

/// `text` on a shade for `weight`: light for 0, deep blue for 1.
pub fn shaded(text: &str, weight: f32) -> String {
    let weight = weight.clamp(0.0, 1.0);
    let between = |light: f32, deep: f32| (light + (deep - light) * weight) as u8;
    let paper = RgbColor(between(243.0, 8.0), between(247.0, 48.0), between(252.0, 107.0));
    let ink = if weight > 0.5 { AnsiColor::BrightWhite } else { AnsiColor::Black };
    let style = Style::new().bg_color(Some(paper.into())).fg_color(Some(ink.into()));
    format!("{style}{text}{style:#}")
}

/// A token without the space that it begins with, and with white space made visible.
pub fn word(token: &str) -> String {
    let word = token.strip_prefix(' ').filter(|rest| !rest.trim().is_empty()).unwrap_or(token);
    word.replace(' ', "␣").replace('\n', "⏎").replace('\t', "⇥")
}

/// Prints `text`, with its colours where the terminal has them. A reader that hangs up, such
/// as `head`, is no error.
///
/// # Errors
/// When the text cannot be written for another reason.
pub fn print(text: &str) -> std::io::Result<()> {
    match anstream::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_have_two_decimals_and_no_leading_zero() {
        assert_eq!([0.8013, 1.0, 0.004, 0.999].map(share), [".80", "1.00", ".00", "1.00"]);
    }

    #[test]
    fn a_shade_keeps_the_text() {
        assert_eq!(anstream::adapter::strip_str(&shaded(".80", 0.8)).to_string(), ".80");
    }
}
