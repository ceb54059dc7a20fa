//! The table of measured times and memory: `cargo bench --workspace --bench table`.
//!
//! It writes `benches/cpu.toml`, which the book quotes, and `benches/cpu.md`, to be read. Close
//! other programs first: it measures whatever the machine is doing.
//!
//! Each case runs in a process of its own, which reports its times and the largest memory that it
//! took beyond its inputs. All cases run once, then all run again, and again, so that a slow
//! minute of the machine falls on all alike. With PyTorch installed its
//! `scaled_dot_product_attention` is measured in between: `PYTHON=/path/to/python3` says where.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::hint::black_box;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;
use std::{env, fs, thread};

use attention::grouped_query::repeat_kv;
use attention::{
    Mask, TileOptions, cpu_flash_attention, flash_attention, grouped_query_attention,
    scaled_dot_product_attention,
};
use burn::tensor::module;
use burn::tensor::ops::AttentionModuleOptions;
use burn::tensor::{Device, Distribution, Tensor};
use inputs::texts::CAT;
use serde::{Deserialize, Serialize};
use smollm2::{Decoder, Model, locate};

const HEADS: usize = 8;
const HEAD_DIM: usize = 64;
/// How often all cases are run.
const ROUNDS: usize = 3;
/// How long a case repeats its work, in seconds, and how often at most.
const SECONDS: f64 = 0.6;
const REPEATS: usize = 50;

const LENGTHS: [usize; 6] = [256, 512, 1024, 2048, 4096, 8192];
const CACHES: [usize; 4] = [512, 1024, 4096, 8192];
const PROMPTS: [usize; 4] = [16, 64, 256, 512];
/// Tokens written one by one after a prompt.
const WRITTEN: usize = 16;

/// One attention over a whole text.
const ATTENTIONS: [&str; 5] = ["plain", "tiled", "burn", "fast", "pytorch"];
/// One new token over a cache: SmolLM2's 9 query heads and 3 key and value heads.
const DECODES: [&str; 3] = ["grouped", "repeated", "repeating"];
/// SmolLM2 on a prompt, and one by one after it.
const MODELS: [&str; 3] = ["prefill", "prefill_with_maps", "decode"];

const PYTORCH: &str = r#"
import json, sys, time, torch
torch.set_num_threads(int(sys.argv[2]))
q, k, v = (torch.randn(1, 8, int(sys.argv[1]), 64) for _ in range(3))
def memory(name):
    return next(int(l.split()[1]) * 1024 for l in open("/proc/self/status") if l.startswith(name))
open("/proc/self/clear_refs", "w").write("5")
before, seconds = memory("VmRSS"), []
with torch.no_grad():
    while sum(seconds) < 0.6 and len(seconds) < 51:
        start = time.perf_counter()
        torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        seconds.append(time.perf_counter() - start)
print(json.dumps({"seconds": seconds, "peak_bytes": memory("VmHWM") - before}))
"#;

/// What one process reports.
#[derive(Serialize, Deserialize, Default, Clone)]
struct Report {
    seconds: Vec<f64>,
    /// Beyond the inputs. Linux tells it, other systems do not.
    peak_bytes: Option<u64>,
}

/// One row of the table.
#[derive(Serialize)]
struct Row {
    case: &'static str,
    /// Tokens of the text, of the cache, or of the prompt.
    tokens: usize,
    median_ms: f64,
    fastest_ms: f64,
    runs: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    peak_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tokens_per_second: Option<f64>,
}

#[derive(Serialize)]
struct Table {
    date: String,
    cpu: String,
    threads: usize,
    compiler: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pytorch: Option<String>,
    method: String,
    attention: Vec<Row>,
    decode: Vec<Row>,
    smollm2: Vec<Row>,
}

fn main() {
    let arguments: Vec<String> = env::args().skip(1).filter(|word| word != "--bench").collect();
    match &arguments[..] {
        [] => write_table(),
        [case, tokens] => {
            let report = run(case, tokens.parse().expect("a number of tokens"));
            println!("{}", serde_json::to_string(&report).expect("a report is JSON"));
        }
        _ => panic!("give nothing, or a case and a number of tokens"),
    }
}

// One case, in a process of its own.

fn run(case: &str, tokens: usize) -> Report {
    if ATTENTIONS.contains(&case) {
        attend(case, tokens)
    } else if DECODES.contains(&case) {
        decode(case, tokens)
    } else {
        read(case, tokens)
    }
}

fn random(heads: usize, tokens: usize) -> Tensor<4> {
    let shape = [1, heads, tokens, HEAD_DIM];
    Tensor::random(shape, Distribution::Normal(0.0, 1.0), &Device::flex())
}

fn attend(case: &str, tokens: usize) -> Report {
    let [query, key, value] = [(); 3].map(|()| random(HEADS, tokens));
    let inputs = || (query.clone(), key.clone(), value.clone());
    let causal = TileOptions { causal: true, ..Default::default() };
    let burn_causal = AttentionModuleOptions { is_causal: true, ..Default::default() };
    measure(REPEATS, || {
        let (query, key, value) = inputs();
        match case {
            "plain" => {
                scaled_dot_product_attention(query, key, value, Mask::Causal)
                    .expect("shapes fit")
                    .output
            }
            "tiled" => flash_attention(query, key, value, &causal).expect("shapes fit").output,
            "burn" => module::attention(query, key, value, None, None, burn_causal),
            "fast" => cpu_flash_attention(query, key, value, Mask::Causal).expect("shapes fit"),
            _ => panic!("no case {case}"),
        }
    })
}

fn decode(case: &str, tokens: usize) -> Report {
    let (query, key, value) = (random(9, 1), random(3, tokens), random(3, tokens));
    let (all_keys, all_values) = (repeat_kv(key.clone(), 3), repeat_kv(value.clone(), 3));
    measure(20 * REPEATS, || {
        let query = query.clone();
        let attention = match case {
            "grouped" => grouped_query_attention(query, key.clone(), value.clone(), Mask::Causal),
            "repeated" => scaled_dot_product_attention(
                query,
                all_keys.clone(),
                all_values.clone(),
                Mask::Causal,
            ),
            "repeating" => scaled_dot_product_attention(
                query,
                repeat_kv(key.clone(), 3),
                repeat_kv(value.clone(), 3),
                Mask::Causal,
            ),
            _ => panic!("no case {case}"),
        };
        attention.expect("shapes fit").output
    })
}

fn read(case: &str, tokens: usize) -> Report {
    let path = locate().expect("the weights: `cargo xtask weights` fetches them");
    let model = Model::open(&path).expect("the weights can be read");
    let text = format!("{CAT}. ").repeat(tokens);
    let ids = &model.tokenizer().encode(&text).expect("the text has tokens")[..tokens];
    let read = |ids: &[u32]| {
        let mut decoder = Decoder::new(&model);
        black_box(decoder.read(ids).expect("the prompt can be read"));
        decoder
    };
    match case {
        "prefill" => measure(8, || read(ids)),
        "prefill_with_maps" => measure(8, || model.run_tokens(ids).expect("the prompt is short")),
        "decode" => {
            let mut decoder = read(ids);
            let start = Instant::now();
            for _ in 0..WRITTEN {
                black_box(decoder.read(&ids[..1]).expect("there is room for a token"));
            }
            let seconds = start.elapsed().as_secs_f64() / WRITTEN as f64;
            Report { seconds: vec![seconds], peak_bytes: None }
        }
        _ => panic!("no case {case}"),
    }
}

/// Runs `work` for a while: its times, and the memory that it took at most.
fn measure<T>(repeats: usize, mut work: impl FnMut() -> T) -> Report {
    // Sets the largest size back to the present one.
    let _ = fs::write("/proc/self/clear_refs", "5");
    let before = memory("VmRSS");
    let mut seconds = Vec::new();
    while seconds.len() <= repeats && seconds.iter().sum::<f64>() < SECONDS {
        let start = Instant::now();
        let result = black_box(work());
        seconds.push(start.elapsed().as_secs_f64());
        drop(result);
    }
    let peak = memory("VmHWM").zip(before);
    Report { seconds, peak_bytes: peak.map(|(peak, before)| peak.saturating_sub(before)) }
}

/// A size that Linux tells about this process, in bytes.
fn memory(name: &str) -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with(name))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(1024 * kib)
}

// All cases.

fn write_table() {
    let pytorch = text_of(python().args(["-c", "import torch; print(torch.__version__)"]));
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let mut reports: BTreeMap<(&'static str, usize), Report> = BTreeMap::new();
    for round in 1..=ROUNDS {
        for (case, tokens) in cases() {
            let mut command = match case {
                "pytorch" if pytorch.is_none() => continue,
                "pytorch" => python(),
                _ => Command::new(env::current_exe().expect("this program has a path")),
            };
            match case {
                "pytorch" => {
                    command.args(["-c", PYTORCH, &tokens.to_string(), &threads.to_string()])
                }
                _ => command.args([case, &tokens.to_string()]),
            };
            eprintln!("round {round} of {ROUNDS}: {case}, {tokens} tokens");
            let report = text_of(&mut command).expect("the case ran");
            let report: Report = serde_json::from_str(&report).expect("a report is JSON");
            let all = reports.entry((case, tokens)).or_default();
            // The first run of a process warms up, unless there is no other.
            let warm = usize::from(report.seconds.len() > 1);
            all.seconds.extend(&report.seconds[warm..]);
            all.peak_bytes = all.peak_bytes.max(report.peak_bytes);
        }
    }
    let rows = |names: &[&'static str], lengths: &[usize]| -> Vec<Row> {
        let of_length = |tokens: usize| names.iter().map(move |case| (*case, tokens));
        let keys = lengths.iter().flat_map(|tokens| of_length(*tokens));
        keys.filter_map(|key| Some(row(key, reports.get(&key)?))).collect()
    };
    let table = Table {
        date: text_of(Command::new("date").args(["-u", "+%F"])).unwrap_or_default(),
        cpu: cpu(),
        threads,
        compiler: text_of(Command::new("rustc").arg("--version")).unwrap_or_default(),
        pytorch,
        method: format!(
            "medians over {ROUNDS} rounds of all cases, each case in a process of its own; f32; \
             attention: causal, batch 1, {HEADS} heads, head_dim {HEAD_DIM}; decode: one query, 9 \
             query heads, 3 key and value heads, head_dim 64; peak_bytes: the largest resident \
             memory beyond the inputs"
        ),
        attention: rows(&ATTENTIONS, &LENGTHS),
        decode: rows(&DECODES, &CACHES),
        smollm2: rows(&MODELS, &PROMPTS),
    };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../benches");
    fs::create_dir_all(&folder).expect("the folder of the table can be made");
    let facts = toml::to_string(&table).expect("a table is TOML");
    let text = readable(&table);
    fs::write(folder.join("cpu.toml"), facts).expect("the table can be written");
    fs::write(folder.join("cpu.md"), &text).expect("the table can be written");
    print!("{text}");
}

fn cases() -> impl Iterator<Item = (&'static str, usize)> {
    let parts: [(&[&str], &[usize]); 3] =
        [(&ATTENTIONS, &LENGTHS), (&DECODES, &CACHES), (&MODELS, &PROMPTS)];
    parts.into_iter().flat_map(|(names, lengths)| {
        lengths.iter().flat_map(|tokens| names.iter().map(|case| (*case, *tokens)))
    })
}

fn row((case, tokens): (&'static str, usize), report: &Report) -> Row {
    let mut seconds = report.seconds.clone();
    seconds.sort_by(f64::total_cmp);
    let median = seconds[seconds.len() / 2];
    let per_second = match case {
        "prefill" | "prefill_with_maps" => Some(tokens as f64 / median),
        "decode" => Some(1.0 / median),
        _ => None,
    };
    Row {
        case,
        tokens,
        median_ms: rounded(1e3 * median),
        fastest_ms: rounded(1e3 * seconds[0]),
        runs: seconds.len(),
        peak_bytes: report.peak_bytes,
        tokens_per_second: per_second.map(rounded),
    }
}

/// To three digits: more would be noise.
fn rounded(number: f64) -> f64 {
    format!("{number:.2e}").parse().expect("a number that was just written")
}

fn readable(table: &Table) -> String {
    let mut text = String::new();
    let pytorch =
        table.pytorch.as_ref().map_or(String::new(), |version| format!(", PyTorch {version}"));
    let Table { date, cpu, threads, compiler, method, .. } = table;
    writeln!(text, "# Measured on a CPU\n\nWritten by `cargo bench --workspace --bench table`.\n")
        .expect("a string takes all");
    writeln!(text, "{date}; {cpu}, {threads} threads; {compiler}{pytorch}. {method}.")
        .expect("a string takes all");
    for (title, tokens, rows) in [
        ("Attention over a text", "tokens", &table.attention),
        ("One new token over a cache", "tokens held", &table.decode),
        ("SmolLM2-135M", "tokens of the prompt", &table.smollm2),
    ] {
        writeln!(
            text,
            "\n## {title}\n\n| {tokens} | case | median, ms | fastest, ms | runs | peak, MB | tokens/s |\n\
             |---:|---|---:|---:|---:|---:|---:|"
        )
        .expect("a string takes all");
        for row in rows {
            let peak =
                row.peak_bytes.map_or(String::new(), |bytes| format!("{:.1}", bytes as f64 / 1e6));
            let speed = row.tokens_per_second.map_or(String::new(), |speed| speed.to_string());
            let Row { case, tokens, median_ms, fastest_ms, runs, .. } = row;
            writeln!(
                text,
                "| {tokens} | {case} | {median_ms} | {fastest_ms} | {runs} | {peak} | {speed} |"
            )
            .expect("a string takes all");
        }
    }
    text
}

fn python() -> Command {
    Command::new(env::var("PYTHON").unwrap_or_else(|_| "python3".to_owned()))
}

/// What a program prints, without the last line's end; nothing when it fails.
fn text_of(command: &mut Command) -> Option<String> {
    let output = command.stderr(Stdio::null()).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim_end().to_owned())
}

fn cpu() -> String {
    let told = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = told.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    name.map_or(env::consts::ARCH, |(_, name)| name).to_owned()
}
