//! A training that was recorded, for a page without scripts.

use crate::message::Record;

/// The recorded training. The listing `ch09-train` makes it, with `--out`.
///
/// # Panics
/// When the file in this crate is not a record: a test reads it.
pub fn record() -> Record {
    let json = include_str!("../recorded.json");
    serde_json::from_str(json).expect("the recorded training can be read")
}
