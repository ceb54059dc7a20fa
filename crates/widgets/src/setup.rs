//! What the page tells a widget when it opens, as text for an attribute.
//!
//! It is postcard's bytes in hexadecimal. To read them takes the page's module a quarter of the
//! code that JSON would take, and in the page they are smaller too.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::Error;

/// The text that [`read`] reads.
///
/// ```
/// let text = widgets::setup::write(&(7_u8, "ok"));
/// assert_eq!(text, "07026f6b");
/// assert_eq!(widgets::setup::read::<(u8, String)>(&text)?, (7, "ok".to_owned()));
/// # Ok::<(), widgets::Error>(())
/// ```
///
/// # Panics
/// When the setup is not plain data, such as a list that does not know its length.
pub fn write(setup: &impl Serialize) -> String {
    let bytes = postcard::to_stdvec(setup).expect("a setup is plain data");
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The setup that a text stands for.
///
/// # Errors
/// [`Error::Setup`] when the text is not what [`write()`] makes of such a setup.
pub fn read<T: DeserializeOwned>(text: &str) -> Result<T, Error> {
    let bytes = bytes(text)?;
    let (setup, rest) = postcard::take_from_bytes(&bytes).map_err(unread)?;
    if rest.is_empty() { Ok(setup) } else { Err(Error::setup("something is left over")) }
}

fn unread(error: postcard::Error) -> Error {
    Error::setup(error.to_string())
}

fn bytes(text: &str) -> Result<Vec<u8>, Error> {
    let digit = |letter: u8| char::from(letter).to_digit(16);
    let byte = |pair: &[u8]| match *pair {
        [high, low] => Some((digit(high)? << 4 | digit(low)?) as u8),
        _ => None,
    };
    let bytes: Option<Vec<u8>> = text.as_bytes().chunks(2).map(byte).collect();
    bytes.ok_or_else(|| Error::setup("it is not hexadecimal"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_written_so_is_refused() {
        let text = write(&("cat", 0.5_f32));
        assert_eq!(read::<(String, f32)>(&text).unwrap(), ("cat".to_owned(), 0.5));
        for wrong in ["", "{}", "0", "0g", "é", &text[1..], &text[2..], &format!("{text}00")] {
            assert!(matches!(read::<(String, f32)>(wrong), Err(Error::Setup { .. })), "{wrong}");
        }
    }
}
