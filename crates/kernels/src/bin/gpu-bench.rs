//! Times and memory of the kernels on a device, a line of JSON a case: what `benches/gpu.py` reads.
//!
//! The way `ours` is the op, which chooses its kernel, `plain` the same with the plain kernel, and
//! `burn` is burn's own attention.
//!
//! `gpu-bench --device cuda --way ours --seconds 120`. It ends when its seconds are over, and
//! prints first on which device it runs.

use std::time::{Duration, Instant};
use std::{env, process};

use burn::tensor::module::attention;
use burn::tensor::ops::AttentionModuleOptions;
use burn::tensor::{DType, Device, Distribution, Tensor};
use kernels::{DecodeOptions, FlashOptions, Kernel, decode, device, flash_attention};

/// Tokens of all texts of a batch together, and numbers of all heads of a token together: as in
/// Dao, *FlashAttention-2*, 2023, section 4.1.
const TOKENS: usize = 16 << 10;
const WIDTH: usize = 2048;

/// What is decoded: texts, query heads, and key and value heads.
const DECODED: [usize; 3] = [16, 32, 8];

/// What is measured: see above.
const WAYS: [&str; 3] = ["ours", "plain", "burn"];

/// How long a case is repeated, and how long a sample is at least.
const CASE: Duration = Duration::from_millis(600);
const SAMPLE: Duration = Duration::from_millis(20);

/// What to run.
struct Options {
    device: String,
    way: String,
    seconds: u64,
    /// The longest text. Small ones show that the program works.
    longest: usize,
}

impl Options {
    fn read(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Options {
            device: "cuda".to_owned(),
            way: "ours".to_owned(),
            seconds: 120,
            longest: TOKENS,
        };
        while let Some(flag) = words.next() {
            let value = words.next().ok_or(format!("{flag} needs a value"))?;
            let number =
                || value.parse::<usize>().map_err(|_| format!("{flag}: no number: {value}"));
            match flag.as_str() {
                "--device" => options.device = value,
                "--way" if WAYS.contains(&value.as_str()) => options.way = value,
                "--way" => {
                    return Err(format!("there is no way `{value}`: give {}", WAYS.join(", ")));
                }
                "--seconds" => options.seconds = number()? as u64,
                "--longest" => options.longest = number()?,
                _ => return Err(format!("{flag}: give --device, --way, --seconds or --longest")),
            }
        }
        Ok(options)
    }
}

/// One thing to time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Case {
    name: &'static str,
    head_dim: usize,
    causal: bool,
    tokens: usize,
}

/// All cases, short texts first, so that a budget that ends early leaves whole lengths.
fn cases(longest: usize) -> Vec<Case> {
    let lengths = (0..5).map(|power| longest >> (4 - power)).filter(|&tokens| tokens > 0);
    let mut cases = Vec::new();
    for tokens in lengths {
        for head_dim in [64, 128] {
            for name in ["forward", "backward"] {
                let case = |causal| Case { name, head_dim, causal, tokens };
                cases.extend([false, true].map(case));
            }
            cases.push(Case { name: "decode", head_dim, causal: false, tokens });
        }
    }
    cases
}

fn main() {
    let result = Options::read(env::args().skip(1)).and_then(|options| run(&options));
    if let Err(message) = result {
        eprintln!("gpu-bench: {message}");
        process::exit(1);
    }
}

fn run(options: &Options) -> Result<(), String> {
    let device = open(&options.device)?;
    println!("{{\"device\": {:?}}}", device::name(&device));
    // Software devices have no numbers of 16 bits.
    let dtype = if options.device == "cuda" { DType::BF16 } else { DType::F32 };
    let end = Instant::now() + Duration::from_secs(options.seconds);
    for case in cases(options.longest) {
        if Instant::now() >= end {
            eprintln!("gpu-bench: the time is over before {case:?}");
            break;
        }
        let Some(measured) = measure(&device, dtype, &options.way, case, options.longest)? else {
            continue;
        };
        let Case { name, head_dim, causal, tokens } = case;
        let bytes = measured.bytes.map_or(String::new(), |it| format!(", \"peak_bytes\": {it}"));
        println!(
            "{{\"case\": \"{name}\", \"way\": \"{}\", \"head_dim\": {head_dim}, \"causal\": {causal}, \
             \"tokens\": {tokens}, \"median_ms\": {}{bytes}}}",
            options.way,
            measured.seconds * 1e3
        );
    }
    Ok(())
}

fn open(name: &str) -> Result<Device, String> {
    match name {
        #[cfg(feature = "cuda")]
        "cuda" => device::open_cuda(0).map_err(|error| error.to_string()),
        #[cfg(feature = "wgpu")]
        "vulkan" => device::open_vulkan().map_err(|error| error.to_string()),
        _ => Err(format!(
            "there is no device `{name}` in this program: `cuda` comes with the feature cuda, \
             `vulkan` with wgpu"
        )),
    }
}

/// What one case takes.
struct Measured {
    /// The median of one launch.
    seconds: f64,
    /// What the allocator took from the device beyond the inputs, in whole pages; nothing where
    /// the device does not tell.
    bytes: Option<u64>,
}

/// One case; nothing for what this way does not have.
fn measure(
    device: &Device,
    dtype: DType,
    way: &str,
    case: Case,
    all_tokens: usize,
) -> Result<Option<Measured>, String> {
    let Case { head_dim, causal, tokens, .. } = case;
    let random = |batch, heads, tokens, device: &Device| {
        let shape = [batch, heads, tokens, head_dim];
        Tensor::<4>::random(shape, Distribution::Normal(0.0, 1.0), device).cast(dtype)
    };
    let kernel = if way == "plain" { Kernel::Plain } else { Kernel::Automatic };
    let flash = FlashOptions { causal, kernel, ..Default::default() };
    let in_burn = AttentionModuleOptions { is_causal: causal, ..Default::default() };
    let forward = |query: Tensor<4>, key: Tensor<4>, value: Tensor<4>| match way {
        "burn" => Ok(attention(query, key, value, None, None, in_burn)),
        _ => flash_attention(query, key, value, &flash).map(|(output, _)| output),
    };
    let (batch, heads) = ((all_tokens / tokens).max(1), WIDTH / head_dim);
    match case.name {
        "forward" => {
            let [query, key, value] = [(); 3].map(|()| random(batch, heads, tokens, device));
            let once = || forward(query.clone(), key.clone(), value.clone()).map(drop);
            median(device, || once().map_err(|error| error.to_string())).map(Some)
        }
        // The time of the backward pass alone: what both take, less the forward pass. The memory
        // is that of both. Backwards there is one kernel only.
        "backward" if way != "plain" => {
            let recording = device.clone().autodiff();
            let [query, key, value] =
                [(); 3].map(|()| random(batch, heads, tokens, &recording).require_grad());
            let step = |backwards: bool| {
                let output = forward(query.clone(), key.clone(), value.clone())
                    .map_err(|error| error.to_string())?;
                if backwards {
                    drop(output.sum().backward());
                }
                Ok(())
            };
            let both = median(device, || step(true))?;
            let seconds = both.seconds - median(device, || step(false))?.seconds;
            Ok(Some(Measured { seconds: seconds.max(0.0), ..both }))
        }
        "decode" if way == "ours" => {
            let [texts, heads, kv_heads] = DECODED;
            let query = random(texts, heads, 1, device);
            let [key, value] = [(); 2].map(|()| random(texts, kv_heads, tokens, device));
            let lengths = vec![tokens; texts];
            let options = DecodeOptions::default();
            let once =
                || decode(query.clone(), key.clone(), value.clone(), &lengths, &options).map(drop);
            median(device, || once().map_err(|error| error.to_string())).map(Some)
        }
        _ => Ok(None),
    }
}

/// The bytes that the device's allocator holds.
fn reserved(device: &Device) -> Option<u64> {
    device.memory_pool_usage().map(|usage| usage.bytes_reserved)
}

/// The median time of one launch, and the memory that launches take. The device is waited for
/// before the clock is read.
fn median(device: &Device, launch: impl Fn() -> Result<(), String>) -> Result<Measured, String> {
    let wait = || device.sync().map_err(|error| format!("the device fails: {error:?}"));
    let sample = |repeats: u32| -> Result<f64, String> {
        wait()?;
        let start = Instant::now();
        for _ in 0..repeats {
            launch()?;
        }
        wait()?;
        Ok(start.elapsed().as_secs_f64() / f64::from(repeats))
    };
    wait()?;
    device.memory_cleanup();
    let before = reserved(device);
    // The first compiles, the second tells how often to repeat.
    sample(1)?;
    let once = sample(1)?;
    let repeats = (SAMPLE.as_secs_f64() / once).ceil().clamp(1.0, 100.0) as u32;
    let end = Instant::now() + CASE;
    let mut samples = vec![sample(repeats)?];
    while Instant::now() < end {
        samples.push(sample(repeats)?);
    }
    samples.sort_by(f64::total_cmp);
    let grown = |before: u64| reserved(device).map(|after| after.saturating_sub(before));
    Ok(Measured { seconds: samples[samples.len() / 2], bytes: before.and_then(grown) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &str) -> Result<Options, String> {
        Options::read(words.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn options_are_read_and_nonsense_is_named() {
        let options = read("--device vulkan --way burn --seconds 5 --longest 64").unwrap();
        assert_eq!((options.device.as_str(), options.way.as_str()), ("vulkan", "burn"));
        assert_eq!((options.seconds, options.longest), (5, 64));
        for nonsense in ["--way theirs", "--seconds x", "--seconds", "--more 1"] {
            assert!(read(nonsense).is_err(), "{nonsense}");
        }
        assert!(open("abacus").unwrap_err().contains("abacus"));
    }

    #[test]
    fn ways_are_read() {
        for way in WAYS {
            assert_eq!(read(&format!("--way {way}")).unwrap().way, way);
        }
    }

    #[test]
    fn cases_go_from_short_to_long() {
        let cases = cases(TOKENS);
        assert_eq!(cases.len(), 5 * 2 * 5);
        assert_eq!((cases[0].tokens, cases[49].tokens), (1 << 10, 16 << 10));
        assert!(cases.is_sorted_by_key(|case| case.tokens));
    }
}
