//! A mark that was dragged: what the page says with `data-drag`.

use super::Point;
use crate::decimal;

/// Which mark was dragged, to where, and in which of the two layouts.
#[derive(Debug, Clone, PartialEq)]
pub struct Drag {
    /// The mark's `data-value`.
    pub mark: String,
    /// Where it is now, in units of its picture.
    pub at: Point,
    /// Whether the picture is the one for a phone.
    pub narrow: bool,
}

impl Drag {
    /// Reads `MARK,x,y,wide` or `MARK,x,y,narrow`.
    ///
    /// ```
    /// use widgets::draw::drag::Drag;
    ///
    /// let drag = Drag::parse("key,2.5,-7,narrow").unwrap();
    /// assert_eq!((drag.mark.as_str(), drag.at, drag.narrow), ("key", (2.5, -7.0), true));
    /// assert_eq!(Drag::parse("key,2.5,inf,wide"), None);
    /// ```
    pub fn parse(value: &str) -> Option<Self> {
        let mut parts = value.rsplitn(4, ',');
        let narrow = match parts.next()? {
            "narrow" => true,
            "wide" => false,
            _ => return None,
        };
        let mut number = || decimal::read(parts.next()?);
        let (y, x) = (number()?, number()?);
        Some(Self { mark: parts.next()?.to_owned(), at: (x, y), narrow })
    }
}
