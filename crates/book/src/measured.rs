//! What was measured, as tables and facts: how right each way to compute attention is, and how
//! fast on a processor. The records say when and how; none is made while the book is built.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use maud::{Markup, html};
use serde::Deserialize;

use crate::facts::Fact;

/// Errors, from the test `equivalence` of the library.
const ERRORS: &str = include_str!("../../attention/equivalence.toml");

/// Times, from `cargo bench --workspace --bench table`.
const TIMES: &str = include_str!("../../../benches/cpu.toml");

/// The names of the tables.
pub const TABLES: [&str; 4] = ["equivalence", "attention", "decode", "smollm2"];

#[derive(Deserialize)]
struct Errors {
    pair: Vec<Pair>,
}

/// One way to compute attention, in one type, over many cases.
#[derive(Deserialize)]
struct Pair {
    name: String,
    against: String,
    dtype: String,
    cases: usize,
    measured: f64,
    bound: f64,
    note: String,
}

#[derive(Deserialize)]
struct Times {
    date: String,
    cpu: String,
    threads: usize,
    compiler: String,
    pytorch: Option<String>,
    attention: Vec<Time>,
    decode: Vec<Time>,
    smollm2: Vec<Time>,
}

/// One case, over several runs.
#[derive(Deserialize)]
struct Time {
    case: String,
    tokens: usize,
    median_ms: f64,
    peak_bytes: Option<u64>,
    tokens_per_second: Option<f64>,
}

fn errors() -> Result<Errors> {
    toml::from_str(ERRORS).context("crates/attention/equivalence.toml is not a table of errors")
}

fn times() -> Result<Times> {
    toml::from_str(TIMES).context("benches/cpu.toml is not a table of times")
}

/// The table called `name`, as HTML.
///
/// # Errors
/// When there is no such table, or its record cannot be read.
pub fn table(name: &str) -> Result<String, String> {
    let shown = match name {
        "equivalence" => errors().map(|errors| of_errors(&errors)),
        "attention" => times().map(|times| of_times(&times, &times.attention, "tokens")),
        "decode" => times().map(|times| of_times(&times, &times.decode, "tokens held")),
        "smollm2" => times().map(|times| of_times(&times, &times.smollm2, "tokens read")),
        _ => return Err(format!("there is no table `{name}`: there are {}", TABLES.join(", "))),
    };
    let shown = shown.map_err(|error| format!("{error:#}"))?;
    Ok(format!("\n\n{}\n\n", shown.into_string()))
}

fn of_errors(errors: &Errors) -> Markup {
    html! {
        div class="table-wrapper" {
            table {
                thead {
                    tr {
                        @for head in ["Way", "Against", "Type", "Cases", "Largest error", "Bound", "Cases are"] {
                            th scope="col" { (head) }
                        }
                    }
                }
                tbody {
                    @for pair in &errors.pair {
                        tr {
                            th scope="row" { (pair.name) }
                            td { (pair.against) }
                            td { (pair.dtype) }
                            td { (pair.cases) }
                            td { (format!("{:.1e}", pair.measured)) }
                            td { (format!("{:.0e}", pair.bound)) }
                            td { (pair.note) }
                        }
                    }
                }
            }
        }
    }
}

/// A row for each length, a column for each case: the median, and the peak of memory where it
/// was taken.
fn of_times(times: &Times, cases: &[Time], tokens: &str) -> Markup {
    let mut columns: Vec<&str> = Vec::new();
    let mut rows: BTreeMap<usize, BTreeMap<&str, &Time>> = BTreeMap::new();
    for time in cases {
        if !columns.contains(&time.case.as_str()) {
            columns.push(&time.case);
        }
        rows.entry(time.tokens).or_default().insert(&time.case, time);
    }
    html! {
        div class="table-wrapper" {
            table {
                caption { (recorded(times)) }
                thead {
                    tr {
                        th scope="col" { (tokens) }
                        @for column in &columns { th scope="col" { (column.replace('_', " ")) } }
                    }
                }
                tbody {
                    @for (tokens, row) in &rows {
                        tr {
                            th scope="row" { (tokens) }
                            @for column in &columns {
                                td { @if let Some(time) = row.get(column) { (cell(time)) } @else { "–" } }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn cell(time: &Time) -> String {
    let mut text = format!("{} ms", significant(time.median_ms));
    if let Some(bytes) = time.peak_bytes {
        text += &format!(", {:.1} MB", bytes as f64 / 1e6);
    }
    if let Some(rate) = time.tokens_per_second {
        text += &format!(", {rate:.0} tokens/s");
    }
    text
}

/// Three significant digits.
fn significant(number: f64) -> String {
    let digits = (2 - number.abs().log10().floor() as i32).max(0) as usize;
    format!("{number:.digits$}")
}

fn recorded(times: &Times) -> String {
    let pytorch =
        times.pytorch.as_ref().map_or(String::new(), |version| format!(", PyTorch {version}"));
    format!(
        "Medians in f32. {}, {} threads, {}{pytorch}, {}.",
        times.cpu, times.threads, times.compiler, times.date
    )
}

/// The figures that a text may quote: names with facts.
///
/// # Errors
/// When a record cannot be read.
pub fn facts() -> Result<Vec<(String, Fact)>> {
    let mut facts = Vec::new();
    for pair in errors()?.pair {
        let way = format!("{} {} {}", pair.name, pair.against, pair.dtype);
        let name = format!("equivalence.{}", named(&way));
        let source = format!(
            "{} against {}, {}, {} cases: the largest error",
            pair.name, pair.against, pair.dtype, pair.cases
        );
        let shown = format!("{:.1e}", pair.measured);
        facts.push((name, Fact::rounded(shown, pair.measured, source)));
    }
    let times = times()?;
    let kinds =
        [("attention", &times.attention), ("decode", &times.decode), ("smollm2", &times.smollm2)];
    for (kind, cases) in kinds {
        for time in cases {
            let name = format!("measured.{kind}-{}-{}", named(&time.case), time.tokens);
            let source =
                format!("{kind}, {}, {} tokens. {}", time.case, time.tokens, recorded(&times));
            let fact = Fact::rounded(significant(time.median_ms), time.median_ms, source.clone());
            facts.push((format!("{name}-ms"), fact));
            if let Some(bytes) = time.peak_bytes {
                let shown = format!("{:.1}", bytes as f64 / 1e6);
                facts.push((format!("{name}-mb"), Fact::rounded(shown, bytes, source.clone())));
            }
            if let Some(rate) = time.tokens_per_second {
                let shown = format!("{rate:.0}");
                facts.push((format!("{name}-rate"), Fact::rounded(shown, rate, source)));
            }
        }
    }
    let source = "the record of the measurement, benches/cpu.toml";
    facts.push(("measured.threads".to_owned(), Fact::text(times.threads, source)));
    // The length at which the text compares the ways.
    facts.push(("measured.fast-length".to_owned(), Fact::text(4096, source)));
    Ok(facts)
}

/// A name for facts: small letters, digits and hyphens.
fn named(words: &str) -> String {
    let plain = words.to_lowercase().replace([',', '\''], "");
    plain.replace([' ', '_'], "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_can_be_made() {
        for name in TABLES {
            let html = table(name).unwrap();
            assert!(html.matches("<tr>").count() > 3, "{name}: {html}");
        }
        assert!(table("times").unwrap_err().contains("equivalence"));
    }

    #[test]
    fn three_digits_are_kept() {
        assert_eq!(
            [0.0762, 8.18, 98.4, 3931.2].map(significant),
            ["0.0762", "8.18", "98.4", "3931"]
        );
    }
}
