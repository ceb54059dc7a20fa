//! A widget's state in the page's address: `?spotlight=cat_13_8_7`.

use std::fmt::Display;
use std::str::FromStr;

use crate::decimal;

/// What stands between two fields.
const SEPARATOR: char = '_';

/// What stood between them in older addresses of some widgets, which stay valid.
const OLDER: char = '.';

/// The value that the query of an address holds for the widget called `name`.
///
/// ```
/// use widgets::address::value;
///
/// assert_eq!(value("?a=1&spotlight=cat_13_8_7", "spotlight"), Some("cat_13_8_7"));
/// assert_eq!(value("?a=1", "spotlight"), None);
/// ```
pub fn value<'a>(query: &'a str, name: &str) -> Option<&'a str> {
    let pairs = query.strip_prefix('?')?.split('&');
    pairs.filter_map(|pair| pair.split_once('=')).find(|(key, _)| *key == name).map(|pair| pair.1)
}

/// Fields as one value.
///
/// ```
/// assert_eq!(widgets::address::join(&[&"cat", &13, &0.5]), "cat_13_0.5");
/// ```
pub fn join(fields: &[&dyn Display]) -> String {
    let fields: Vec<String> = fields.iter().map(ToString::to_string).collect();
    fields.join(&SEPARATOR.to_string())
}

/// The fields of a value, read from the first to the last.
///
/// ```
/// use widgets::address::Fields;
///
/// for value in ["cat_13_causal", "cat.13.causal"] {
///     let mut fields = Fields::new(value);
///     assert_eq!((fields.text(), fields.read()), (Some("cat"), Some(13)));
///     assert_eq!(fields.either("full", "causal"), Some(true));
///     assert!(fields.is_empty());
/// }
/// ```
#[derive(Debug, Clone)]
pub struct Fields<'a>(std::vec::IntoIter<&'a str>);

impl<'a> Fields<'a> {
    /// The fields of a value. Where it has no underscore, dots stand between them.
    pub fn new(value: &'a str) -> Self {
        let separator = if value.contains(SEPARATOR) { SEPARATOR } else { OLDER };
        Self(value.split(separator).collect::<Vec<_>>().into_iter())
    }

    /// The next field as it stands.
    pub fn text(&mut self) -> Option<&'a str> {
        self.0.next()
    }

    /// The next field as a whole number, or whatever else is read from a text.
    pub fn read<T: FromStr>(&mut self) -> Option<T> {
        self.text()?.parse().ok()
    }

    /// The next field as a number with decimals.
    pub fn number(&mut self) -> Option<f64> {
        decimal::read(self.text()?)
    }

    /// Whether the next field is `yes`, where it can also be `no`.
    pub fn either(&mut self, no: &str, yes: &str) -> Option<bool> {
        let text = self.text()?;
        [no, yes].contains(&text).then_some(text == yes)
    }

    /// The fields that are left.
    pub fn rest(&mut self) -> Vec<&'a str> {
        self.0.by_ref().collect()
    }

    /// Whether all fields were read.
    pub fn is_empty(&self) -> bool {
        self.0.len() == 0
    }
}
