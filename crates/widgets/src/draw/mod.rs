//! The drawn language of the book: pictures as SVG that a view writes, when the book is built and
//! in the page.
//!
//! | part | what it is for |
//! |---|---|
//! | [`mark`] | rectangles, circles, lines, texts, groups |
//! | [`path`] | lines that bend: curves, beams, arrows, hatching, stacked outlines |
//! | [`scale`] | from a number to a place, linear or logarithmic, and the ticks between |
//! | [`axis`] | a scale drawn: a line, its ticks and their numbers |
//! | [`role`] | one meaning a colour: query, key, value, output, and the heat of a share |
//! | [`drag`] | a mark that was dragged: which, and to where |
//! | [`label`] | how wide a text is, and where labels go so that none covers another |
//! | [`picture`] | the frame: question, controls, picture for wide and narrow, sentence, numbers |
//!
//! A picture is laid out twice, for about 820 and for about 346 units, one unit being about a
//! pixel; the style sheet shows the one that fits. Nothing is measured in the page, nothing has an
//! id, and nothing has a style of its own: classes stand in `theme/pictures.css`.
//!
//! Marks move from one state to the next if the page meets the same element again. So the number
//! and the order of elements must not depend on the state: what is not there is drawn with the
//! class `gone`. What moves has the class `move`; a text moves by [`mark::gliding`].

pub mod axis;
pub mod drag;
pub mod label;
pub mod mark;
pub mod path;
pub mod picture;
pub mod role;
pub mod scale;

/// A place in a picture: right, then down, in units of the picture.
pub type Point = (f64, f64);

/// The width of a picture where there is room, in units.
pub const WIDE: f64 = 830.0;

/// The width of a picture on a phone, in units.
pub const NARROW: f64 = 346.0;

/// A coordinate as text: two decimals at most, and no zeros behind them.
///
/// ```
/// use widgets::draw::coordinate;
///
/// assert_eq!([coordinate(3.0), coordinate(-0.5), coordinate(1.005)], ["3", "-.5", "1"]);
/// assert_eq!([coordinate(10.25), coordinate(0.001), coordinate(-2.1)], ["10.25", "0", "-2.1"]);
/// ```
///
/// # Panics
/// In debug builds, if it is not a finite number: a picture has no such place.
pub fn coordinate(value: f64) -> String {
    debug_assert!(value.is_finite(), "{value} is no place in a picture");
    let hundredths = (value * 100.0).round() as i64;
    let (whole, rest) = (hundredths.unsigned_abs() / 100, hundredths.unsigned_abs() % 100);
    let sign = if hundredths < 0 { "-" } else { "" };
    match (whole, rest) {
        (_, 0) => format!("{sign}{whole}"),
        (0, rest) if rest % 10 == 0 => format!("{sign}.{}", rest / 10),
        (0, rest) => format!("{sign}.{rest:02}"),
        (_, rest) if rest % 10 == 0 => format!("{sign}{whole}.{}", rest / 10),
        (_, rest) => format!("{sign}{whole}.{rest:02}"),
    }
}
