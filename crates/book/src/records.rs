//! Records of measurements, as tables and facts: how right each way to compute attention is, how
//! fast on a processor, and what registers kernels take. The records say when and how; none is made
//! while the book is built.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use inputs::flash::SEQ;
use maud::{Markup, html};
use serde::Deserialize;

use crate::fact::Fact;

/// Times on a graphics card, from `benches/gpu.py`. The file is there once a card was measured.
const CARD: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../benches/gpu.toml");

/// Errors, from the test `equivalence` of the library.
const ERRORS: &str = include_str!("../../attention/equivalence.toml");

/// Times, from `cargo bench --workspace --bench table`.
const TIMES: &str = include_str!("../../../benches/cpu.toml");

/// Errors of the kernels, from their test on Vulkan.
const KERNELS: &str = include_str!("../../kernels/errors.toml");

/// What NVIDIA's compilers say of the kernels, from their test `kernels_nvrtc`.
const REGISTERS: &str = include_str!("../../kernels/registers.toml");

/// The names of the tables.
pub const TABLES: [&str; 7] =
    ["equivalence", "attention", "decode", "smollm2", "gpu", "kernels", "registers"];

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

#[derive(Deserialize)]
struct KernelErrors {
    row: Vec<KernelCase>,
}

/// One case of the kernels.
#[derive(Deserialize)]
struct KernelCase {
    name: String,
    shape: String,
    device: String,
    dtype: String,
    /// Of the output, of the log-sum-exp, and of the gradients of query, key and value.
    errors: Vec<f64>,
}

fn kernel_errors() -> Result<KernelErrors> {
    toml::from_str(KERNELS).context("crates/kernels/errors.toml is not a table of errors")
}

#[derive(Deserialize)]
struct Registers {
    kernel: Vec<CompiledKernel>,
}

/// A kernel as NVIDIA's compilers made it.
#[derive(Deserialize)]
struct CompiledKernel {
    kernel: String,
    card: String,
    dtype: String,
    head_dim: usize,
    capped: bool,
    registers: usize,
    shared_memory: usize,
    local_memory: usize,
    spilled: usize,
}

fn registers() -> Result<Registers> {
    toml::from_str(REGISTERS).context("crates/kernels/registers.toml is not a table of kernels")
}

/// One run of `benches/gpu.py`.
#[derive(Deserialize)]
struct CardRun {
    card: String,
    driver: String,
    date: String,
    pytorch: Option<String>,
    matrix_tflops: f64,
    copy_gb_per_second: f64,
    time: Vec<CardTime>,
}

/// One way on one case.
#[derive(Deserialize)]
struct CardTime {
    case: String,
    way: String,
    head_dim: usize,
    causal: bool,
    tokens: usize,
    median_ms: f64,
    /// Of the arithmetic of attention, in TFLOP/s; for decoding none.
    tflops: Option<f64>,
    /// Of the cache that is read, in GB/s; for decoding only.
    gb_per_second: Option<f64>,
}

fn card() -> Result<Option<CardRun>> {
    let Ok(text) = std::fs::read_to_string(CARD) else { return Ok(None) };
    toml::from_str(&text).context("benches/gpu.toml is not a card's run").map(Some)
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
        "kernels" => kernel_errors().map(|errors| of_kernel_errors(&errors)),
        "registers" => registers().map(|registers| of_registers(&registers)),
        "gpu" => card().map(|run| of_card(run.as_ref())),
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
                            td class="number" { (format!("{:.1e}", pair.measured)) }
                            td class="number" { (format!("{:.0e}", pair.bound)) }
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

fn of_kernel_errors(errors: &KernelErrors) -> Markup {
    let heads = ["Output", "Log-sum-exp", "dQ", "dK", "dV"];
    html! {
        div class="table-wrapper" {
            table {
                thead {
                    tr {
                        @for head in ["Case", "Batch, heads, tokens, head_dim", "Type"] {
                            th scope="col" { (head) }
                        }
                        @for head in heads { th scope="col" { (head) } }
                    }
                }
                tbody {
                    @for row in &errors.row {
                        tr {
                            th scope="row" { (row.name) }
                            td { (row.shape) }
                            td { (row.dtype) ", " (row.device) }
                            @for place in 0..heads.len() {
                                td class="number" { @match row.errors.get(place) {
                                    Some(error) => (format!("{error:.1e}")),
                                    None => "–",
                                } }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// A row for each kernel.
fn of_registers(registers: &Registers) -> Markup {
    let numbers = ["Registers", "Shared memory", "Local memory", "Spilled"];
    html! {
        div class="table-wrapper" {
            table {
                caption { "Registers of a thread. Memory in bytes: shared of a group, the rest of a thread." }
                thead {
                    tr {
                        @for head in ["Kernel", "head_dim", "Type", "Card"] { th scope="col" { (head) } }
                        @for head in numbers { th scope="col" { (head) } }
                    }
                }
                tbody {
                    @for line in &registers.kernel {
                        tr {
                            th scope="row" {
                                code { (line.kernel) }
                                @if line.capped { ", soft cap" }
                            }
                            td { (line.head_dim) }
                            td { (line.dtype) }
                            td { (line.card) }
                            td { (line.registers) }
                            td { (line.shared_memory) }
                            td { (line.local_memory) }
                            td { (line.spilled) }
                        }
                    }
                }
            }
        }
    }
}

/// A row for each case, a column for each way: milliseconds, and the share of what the card can
/// do. Without a run, one honest line.
fn of_card(run: Option<&CardRun>) -> Markup {
    let Some(run) = run else {
        return html! {
            p { "No card has been measured for this book yet. The script is ready, and this table \
                 appears here when it has run." }
        };
    };
    let mut ways: Vec<&str> = Vec::new();
    let mut rows: Vec<(String, BTreeMap<&str, &CardTime>)> = Vec::new();
    for time in &run.time {
        if !ways.contains(&time.way.as_str()) {
            ways.push(&time.way);
        }
        let mask = if time.causal { ", causal" } else { "" };
        let case = format!("{}, d {}{mask}, {}", time.case, time.head_dim, time.tokens);
        match rows.iter_mut().find(|(known, _)| *known == case) {
            Some((_, row)) => drop(row.insert(&time.way, time)),
            None => rows.push((case, BTreeMap::from([(time.way.as_str(), time)]))),
        }
    }
    let shown = |time: &CardTime| {
        let share = match (time.tflops, time.gb_per_second) {
            (Some(rate), _) => rate / run.matrix_tflops,
            (_, Some(rate)) => rate / run.copy_gb_per_second,
            _ => return format!("{} ms", significant(time.median_ms)),
        };
        format!("{} ms, {:.0} %", significant(time.median_ms), 100.0 * share)
    };
    html! {
        div class="table-wrapper" {
            table {
                caption {
                    "Medians in bf16 on " (run.card) ", driver " (run.driver) ", " (run.date)
                    @if let Some(version) = &run.pytorch { ", PyTorch " (version) }
                    ". Percent of " (significant(run.matrix_tflops)) " TFLOP/s that a product of \
                     matrices reached, and for decoding of " (significant(run.copy_gb_per_second))
                    " GB/s that a copy reached."
                }
                thead {
                    tr {
                        th scope="col" { "Case, tokens" }
                        @for way in &ways { th scope="col" { (way) } }
                    }
                }
                tbody {
                    @for (case, row) in &rows {
                        tr {
                            th scope="row" { (case) }
                            @for way in &ways {
                                td { @if let Some(time) = row.get(way) { (shown(time)) } @else { "–" } }
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

/// The length of the cache at which it compares the ways to decode.
const TOKENS_HELD: usize = 8192;

/// The facts that the text takes from the records, by name.
///
/// # Errors
/// When a record cannot be read, or has no such case.
pub fn facts() -> Result<Vec<(String, Fact)>> {
    let mut facts = Vec::new();
    let errors = errors()?.pair;
    for way in ["plain", "flash"] {
        let mut pairs = errors.iter().filter(|pair| pair.against == "f64 reference");
        let pair = pairs.find(|pair| pair.name == way && pair.dtype == "f32");
        let pair =
            pair.with_context(|| format!("crates/attention/equivalence.toml lacks {way}"))?;
        let source =
            format!("{way} against {}, f32, {} cases: the largest error", pair.against, pair.cases);
        let shown = format!("{:.1e}", pair.measured);
        facts.push((format!("equivalence.{way}"), Fact::rounded(shown, pair.measured, source)));
        if way == "plain" {
            let cases = Fact::count(pair.cases, "crates/attention/equivalence.toml");
            facts.push(("equivalence.cases".to_owned(), cases));
        }
    }
    let times = times()?;
    for way in ["plain", "tiled", "fast", "pytorch"] {
        let (name, time) = (format!("measured.attention-{way}"), find(&times.attention, way, SEQ)?);
        facts.push((format!("{name}-ms"), milliseconds(&times, time)));
        if ["plain", "tiled"].contains(&way) {
            let bytes = time.peak_bytes.with_context(|| format!("no memory of {way}"))?;
            let shown = format!("{:.1}", bytes as f64 / 1e6);
            facts.push((format!("{name}-mb"), Fact::rounded(shown, bytes, source(&times, time))));
        }
    }
    for way in ["grouped", "repeated"] {
        let time = find(&times.decode, way, TOKENS_HELD)?;
        facts.push((format!("measured.decode-{way}-ms"), milliseconds(&times, time)));
    }
    let source = "the record of the measurement, benches/cpu.toml";
    facts.push(("measured.threads".to_owned(), Fact::text(times.threads, source)));
    facts.push(("measured.tokens".to_owned(), Fact::count(SEQ, source)));
    facts.push(("measured.tokens-held".to_owned(), Fact::count(TOKENS_HELD, source)));
    Ok(facts)
}

/// The case called `case` at a length of `tokens`.
fn find<'t>(times: &'t [Time], case: &str, tokens: usize) -> Result<&'t Time> {
    let found = times.iter().find(|time| time.case == case && time.tokens == tokens);
    found.with_context(|| format!("benches/cpu.toml has no {case} at {tokens} tokens"))
}

/// What a time is printed as, and where it comes from.
fn milliseconds(times: &Times, time: &Time) -> Fact {
    Fact::rounded(significant(time.median_ms), time.median_ms, source(times, time))
}

fn source(times: &Times, time: &Time) -> String {
    format!("{}, {} tokens. {}", time.case, time.tokens, recorded(times))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_can_be_made() {
        for name in TABLES.into_iter().filter(|name| *name != "gpu") {
            let html = table(name).unwrap();
            assert!(html.matches("<tr>").count() > 3, "{name}: {html}");
        }
        assert!(table("times").unwrap_err().contains("equivalence"));
    }

    #[test]
    fn a_cards_run_becomes_a_table_and_none_a_line() {
        let run = r#"
            card = "a card"
            driver = "1.2"
            date = "2026-11-24"
            matrix_tflops = 500.0
            copy_gb_per_second = 2000.0
            [[time]]
            case = "forward"
            way = "plain"
            head_dim = 64
            causal = true
            tokens = 1024
            median_ms = 1.25
            tflops = 125.0
            [[time]]
            case = "decode"
            way = "sdpa flash"
            head_dim = 64
            causal = false
            tokens = 1024
            median_ms = 0.5
            gb_per_second = 1600.0
        "#;
        let html = of_card(Some(&toml::from_str(run).unwrap())).into_string();
        assert!(
            html.contains("forward, d 64, causal, 1024</th><td>1.25 ms, 25 %</td><td>–"),
            "{html}"
        );
        assert!(html.contains("0.500 ms, 80 %") && html.contains("a card, driver 1.2"), "{html}");
        assert!(of_card(None).into_string().contains("No card has been measured"));
    }

    /// The record is not there until a card was measured. When it is, every time of it is shown.
    #[test]
    fn the_table_of_the_card_is_that_of_the_record() {
        let html = table("gpu").unwrap();
        match card().unwrap() {
            None => assert!(html.contains("No card has been measured") && !html.contains("<table")),
            Some(run) => {
                assert!(html.contains(&run.card), "{html}");
                assert_eq!(html.matches(" ms").count(), run.time.len(), "{html}");
            }
        }
    }

    #[test]
    fn three_digits_are_kept() {
        assert_eq!(
            [0.0762, 8.18, 98.4, 3931.2].map(significant),
            ["0.0762", "8.18", "98.4", "3931"]
        );
    }
}
