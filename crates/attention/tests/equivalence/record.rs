//! The table in `equivalence.toml`.

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::Deserialize;

/// One row.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Row {
    pub name: String,
    pub against: String,
    pub dtype: String,
    pub cases: u64,
    pub measured: f64,
    pub bound: f64,
    pub note: String,
}

#[derive(Deserialize)]
struct Table {
    pair: Vec<Row>,
}

const HEADER: &str = "\
# Each way to compute attention, over random cases: how far from the reference it comes.
#
# measured: the largest error over the cases, rounded up to two digits. An error is the largest
# difference between a number and what it should be, divided by the largest size that such a number
# could have in that case: 1 for a weight; the largest value for an output, which is a mean of
# values, and for multi-head attention that times the largest column of W_O; the largest score, or
# 1; the largest gradient, coming in or going out.
# bound: what the test `equivalence` allows, the same on every machine. A machine with other vector
# instructions may measure a little more or less than is recorded here.
#
# The references are straightforward loops in f64 that share no code with the library. The numbers
# given to both are rounded to the type first. Of a thousand cases, 250 have exact scores of up to
# 1e4 and -1e4 (8192 in f16 and bf16, which hold fewer digits), 100 have sizes of one, 50 heads of
# 65 to 128 numbers, 4 a text of more than 500 tokens. The seeds are fixed.
#
# To record again: RECORD=1 cargo test --release --workspace --test equivalence
";

fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("equivalence.toml")
}

pub(crate) fn read() -> Vec<Row> {
    let text = std::fs::read_to_string(path()).unwrap_or_default();
    let table: Table = toml::from_str(&text).unwrap_or_else(|error| {
        panic!("crates/attention/equivalence.toml: {error}its head says how to record it")
    });
    table.pair
}

pub(crate) fn write(rows: &[Row]) {
    let days = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").as_secs() / 86_400;
    let [year, month, day] = date(days);
    let mut text = format!("{HEADER}# Recorded on {year}-{month:02}-{day:02}.\n");
    for Row { name, against, dtype, cases, measured, bound, note } in rows {
        text.push_str(&format!(
            "\n[[pair]]\nname = {name:?}\nagainst = {against:?}\ndtype = {dtype:?}\n\
             cases = {cases}\nmeasured = {measured:.1e}\nbound = {bound:.0e}\nnote = {note:?}\n"
        ));
    }
    std::fs::write(path(), text).expect("can write equivalence.toml");
}

/// `error`, rounded up to two digits.
pub(crate) fn rounded_up(error: f64) -> f64 {
    let shown: f64 = format!("{error:.1e}").parse().expect("a number");
    if shown >= error {
        return shown;
    }
    let unit = 10_f64.powi(error.log10().floor() as i32 - 1);
    format!("{:.1e}", shown + unit).parse().expect("a number")
}

/// The date so many days after 1 January 1970: year, month, day.
pub(crate) fn date(mut days: u64) -> [u64; 3] {
    let leap = |year: u64| {
        year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
    };
    let mut year = 1970;
    while days >= 365 + u64::from(leap(year)) {
        days -= 365 + u64::from(leap(year));
        year += 1;
    }
    let mut month = 1;
    for length in [31, 28 + u64::from(leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30] {
        if days < length {
            break;
        }
        days -= length;
        month += 1;
    }
    [year, month, days + 1]
}
