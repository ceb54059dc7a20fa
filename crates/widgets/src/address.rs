//! A widget's state in the page's address: `?spotlight=cat.13.8.7`.

/// The value that the query of an address holds for the widget called `name`.
///
/// ```
/// use widgets::address::value;
///
/// assert_eq!(value("?a=1&spotlight=cat.13.8.7", "spotlight"), Some("cat.13.8.7"));
/// assert_eq!(value("?a=1", "spotlight"), None);
/// ```
pub fn value<'a>(address: &'a str, name: &str) -> Option<&'a str> {
    let pairs = address.strip_prefix('?')?.split('&');
    pairs.filter_map(|pair| pair.split_once('=')).find(|(key, _)| *key == name).map(|pair| pair.1)
}
