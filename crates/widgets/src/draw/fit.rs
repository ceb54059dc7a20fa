//! Words in narrow places.

use super::label::width;

/// The text, or as much of it as has `room` at this size, with an ellipsis. Nothing, where not
/// even a letter has.
///
/// ```
/// use widgets::draw::fit::fitted;
///
/// assert_eq!(fitted("cat", 13.0, 60.0), "cat");
/// assert_eq!(fitted("unbelievable", 13.0, 60.0), "unbel…");
/// assert_eq!(fitted("cat", 13.0, 5.0), "");
/// ```
pub fn fitted(text: &str, size: f64, room: f64) -> String {
    if width(text, size) <= room {
        return text.to_owned();
    }
    let mut letters: Vec<char> = text.chars().collect();
    while letters.pop().is_some() && !letters.is_empty() {
        let cut: String = letters.iter().chain(&['…']).collect();
        if width(&cut, size) <= room {
            return cut;
        }
    }
    String::new()
}
