//! Costs against figures worked out by hand, and against loops that count one by one.

use attention::cost::{Bound, Kind, Precision, Scales, Shape, Window, Work, texts_beside, weights};
use attention::devices::{Arithmetic, DEVICES, DeviceSpec, Memory, device};
use attention::presets::preset;
use attention::traffic::{Sizes, standard_formula};
use attention::units::{Bytes, BytesPerSecond, Flops, FlopsPerByte, FlopsPerSecond, Seconds};
use attention::{Error, KvCache};
use burn::tensor::{Device, Tensor};
use proptest::prelude::*;

/// The source's example: d_model 4096, 32 query heads of 128 numbers, 32 layers.
fn example(kv_heads: u64) -> Shape {
    let kind = Kind::Grouped { kv_heads, head_dim: 128 };
    Shape { layers: 32, d_model: 4096, heads: 32, kind, window: Window::Full }
}

/// 128K tokens are these.
const TOKENS: u64 = 131_072;

#[test]
fn the_example_takes_64_and_16_and_2_gib() {
    // 2 (key and value) * 32 heads * 128 numbers * 2 bytes * 32 layers = 524,288 bytes a token.
    let multi_head = example(32).cache(TOKENS, 1, Precision::Fp16).unwrap();
    let grouped = example(8).cache(TOKENS, 1, Precision::Fp16).unwrap();
    let multi_query = example(1).cache(TOKENS, 1, Precision::Fp16).unwrap();
    for cache in [multi_head, grouped, multi_query] {
        println!("{cache}");
    }
    assert_eq!(multi_head, Bytes(524_288 * 131_072));
    assert_eq!([multi_head.gib(), grouped.gib(), multi_query.gib()], [64.0, 16.0, 2.0]);
    assert_eq!(multi_head.to_string(), "64.0 GiB = 68.7 GB");
    assert_eq!(grouped.to_string(), "16.0 GiB = 17.2 GB");
    assert_eq!(multi_query.to_string(), "2.0 GiB = 2.1 GB");
    assert_eq!((multi_head / grouped, multi_head / multi_query), (4.0, 32.0));
}

#[test]
fn precision_sets_the_bytes() {
    let gib = |precision| example(32).cache(TOKENS, 1, precision).unwrap().gib();
    assert_eq!(gib(Precision::Fp32), 128.0);
    assert_eq!(gib(Precision::Bf16), 64.0);
    assert_eq!(gib(Precision::Fp8), 32.0);
    assert_eq!(gib(Precision::Int4(None)), 16.0);
    // One scale of 16 bits for 32 numbers adds half a bit to each: 4.5 bits.
    let scales = |group, bits| Precision::Int4(Some(Scales { group, bits }));
    assert_eq!(gib(scales(32, 16)), 18.0);
    // With a zero point beside it, one bit: 5 bits.
    assert_eq!(gib(scales(32, 32)), 20.0);
    // A group never leaves its vector: 128 numbers are one group of 128, or 3 of 50, 50 and 28.
    assert_eq!(scales(1000, 16).vector_bits(128), Ok(128 * 4 + 16));
    assert_eq!(scales(50, 16).vector_bits(128), Ok(128 * 4 + 3 * 16));
}

#[test]
fn half_bytes_are_rounded_up_once() {
    let kind = Kind::Grouped { kv_heads: 1, head_dim: 3 };
    let shape = Shape { layers: 1, d_model: 3, heads: 1, kind, window: Window::Full };
    // A token takes 2 * 3 * 4 = 24 bits.
    assert_eq!(shape.cache(3, 1, Precision::Int4(None)), Ok(Bytes(9)));
    let kind = Kind::Latent { kv_lora_rank: 3, rope_dim: 2, nope_dim: 1, value_dim: 1 };
    let latent = Shape { kind, ..shape };
    // 3 numbers of 4 bits and 2 of 16: three times 44 bits are 132.
    assert_eq!(latent.cache(3, 1, Precision::Int4(None)), Ok(Bytes(17)));
}

/// 512 numbers of 8 bits, 4 scales of 32, and 64 rotary numbers of 16: FlashMLA's 656 bytes.
#[test]
fn a_latent_in_fp8_keeps_scales_and_a_rotary_key_of_16_bits() {
    for name in ["DeepSeek-V2", "DeepSeek-V3"] {
        let shape = preset(name).unwrap().shape;
        let bytes = |precision| shape.cache(1, 1, precision).unwrap().0 / shape.layers;
        assert_eq!(bytes(Precision::Fp8), 512 + 4 * 4 + 64 * 2, "{name}");
        assert_eq!(bytes(Precision::Fp8), 656, "{name}");
        assert_eq!(bytes(Precision::Fp16), 576 * 2, "{name}");
        // Keys and values of heads have no scales.
        let grouped = example(8).cache(1, 1, Precision::Fp8).unwrap().0;
        assert_eq!(grouped, 2 * 8 * 128 * 32);
    }
}

#[test]
fn windows_stop_the_cache_from_growing() {
    let cache =
        |window, tokens| Shape { window, ..example(8) }.cache(tokens, 1, Precision::Fp16).unwrap();
    let full = |tokens| cache(Window::Full, tokens);
    assert_eq!(cache(Window::Every(4096), 4000), full(4000));
    assert_eq!(cache(Window::Every(4096), TOKENS), full(4096));
    // Half of the layers grow, half do not.
    assert_eq!(cache(Window::Alternate(4096), TOKENS) * 2, full(TOKENS) + full(4096));
    // Of three layers, two have the window.
    let three = Shape { layers: 3, window: Window::Alternate(10), ..example(8) };
    let one = Shape { layers: 1, ..example(8) };
    let each = |tokens| one.cache(tokens, 1, Precision::Fp16).unwrap();
    assert_eq!(three.cache(50, 1, Precision::Fp16).unwrap(), each(10) * 2 + each(50));
}

/// The formula against a cache that is filled, token by token.
#[test]
fn a_filled_cache_weighs_what_the_formula_says() {
    let kind = Kind::Grouped { kv_heads: 3, head_dim: 64 };
    let full = Shape { layers: 1, d_model: 576, heads: 9, kind, window: Window::Full };
    let windowed = Shape { window: Window::Every(5), ..full };
    let (mut growing, mut sliding) = (KvCache::growing(), KvCache::sliding(5).unwrap());
    for tokens in 1..=12 {
        let new = Tensor::<4>::zeros([2, 3, 1, 64], &Device::flex());
        growing.append(new.clone(), new.clone()).unwrap();
        sliding.append(new.clone(), new).unwrap();
        assert_eq!(full.cache(tokens, 2, Precision::Fp32), Ok(growing.bytes()));
        assert_eq!(windowed.cache(tokens, 2, Precision::Fp32), Ok(sliding.bytes()));
    }
}

/// The operations of a decode step against those of standard attention with one query.
#[test]
fn a_decode_step_does_the_operations_of_one_query() {
    let shape = Shape { layers: 1, ..example(32) };
    let sizes =
        Sizes { batch: 3, heads: 32, seq_k: 1000, head_dim: 128, value_dim: 128, ..Sizes::one() };
    let decode = shape.decode(1000, 3, Precision::Fp32).unwrap();
    assert_eq!(decode.flops, standard_formula(&sizes).flops);
}

#[test]
fn a_batch_multiplies_and_no_token_takes_nothing() {
    let shape = example(8);
    let one = shape.cache(1000, 1, Precision::Fp16).unwrap();
    assert_eq!(shape.cache(1000, 7, Precision::Fp16).unwrap(), one * 7);
    assert_eq!(shape.cache(0, 1, Precision::Fp16), Ok(Bytes(0)));
}

#[test]
fn flops_are_those_of_the_flash_attention_papers() {
    // 4 * seq^2 * head_dim * heads, halved for a causal mask: 4 * 4096^2 * 128 * 32 / 2 a layer.
    // Pair by pair it is (4096 + 1) / 4096 of that.
    let work = example(32).prefill(4096, 1, Precision::Fp16).unwrap();
    let half = 4 * 4096_u64.pow(2) * 128 * 32 / 2 * 32;
    println!("{} forward, {} by one half", work.flops, Flops(half));
    assert_eq!(work.flops.0 / 4097, half / 4096);
    assert_eq!(work.flops.0 % 4097, 0);
    // Queries, keys, values and outputs: 4 * 4096 tokens * 4096 numbers * 2 bytes * 32 layers.
    assert_eq!(work.bytes, Bytes(4 * 4096 * 4096 * 2 * 32));

    // Five products for two, and eight matrices for four.
    let backward = example(32).backward(4096, 1, Precision::Fp16).unwrap();
    assert_eq!(backward.flops / work.flops, 2.5);
    assert_eq!(backward.bytes, work.bytes * 2);
    // Sharing keys and values saves no work, but saves traffic.
    let grouped = example(8).prefill(4096, 1, Precision::Fp16).unwrap();
    assert_eq!(grouped.flops, work.flops);
    assert_eq!(grouped.bytes / work.bytes, 0.625);
}

#[test]
fn decoding_does_as_many_operations_a_byte_as_heads_share_a_key() {
    for (kv_heads, group) in [(32, 1.0), (8, 4.0), (1, 32.0)] {
        let work = example(kv_heads).decode(TOKENS, 1, Precision::Fp16).unwrap();
        // 4 operations for each head, token and number.
        assert_eq!(work.flops, Flops(4 * 32 * TOKENS * 128 * 32));
        // The queries and outputs beside the cache are few.
        let intensity = work.intensity().0;
        println!("{kv_heads} kv_heads: {intensity:.4} operations a byte");
        assert!(intensity < group && intensity > group * 0.999, "{intensity}");
    }
    // A batch shares no cache, so it changes nothing.
    let one = example(8).decode(TOKENS, 1, Precision::Fp16).unwrap();
    let many = example(8).decode(TOKENS, 16, Precision::Fp16).unwrap();
    assert_eq!(one.intensity(), many.intensity());
}

#[test]
fn latent_attention_shares_one_vector_among_all_heads() {
    // DeepSeek-V2's sizes, one layer.
    let kind = Kind::Latent { kv_lora_rank: 512, rope_dim: 64, nope_dim: 128, value_dim: 128 };
    let shape = Shape { layers: 1, d_model: 5120, heads: 128, kind, window: Window::Full };
    assert_eq!(shape.cache(1, 1, Precision::Fp16), Ok(Bytes(2 * (512 + 64))));
    // Scores with 512 + 64 numbers, mixes of 512; queries and outputs of 128 heads.
    let decode = shape.decode(1000, 1, Precision::Fp16).unwrap();
    assert_eq!(decode.flops, Flops(2 * 128 * 1000 * (576 + 512)));
    assert_eq!(decode.bytes, Bytes(1000 * 1152 + 2 * 128 * (576 + 512)));
    // Expanded: queries and keys of 192, values of 128, in 128 heads each.
    let prefill = shape.prefill(3, 1, Precision::Fp16).unwrap();
    assert_eq!(prefill.flops, Flops(2 * 128 * 6 * (192 + 128)));
    assert_eq!(prefill.bytes, Bytes(2 * 3 * 128 * 2 * (192 + 128)));
    // Scores, gradients of queries and keys: 3 * 192; of values and weights: 2 * 128.
    let backward = shape.backward(3, 1, Precision::Fp16).unwrap();
    assert_eq!(backward.flops, Flops(2 * 128 * 6 * (3 * 192 + 2 * 128)));
}

#[test]
fn the_roofline_takes_the_longer_time() {
    let a100 = device("NVIDIA A100 80GB SXM4").unwrap();
    // The cache of the example is read in 68.72 GB / 2039 GB/s = 33.70 ms.
    let decode = example(32).decode(TOKENS, 1, Precision::Fp16).unwrap();
    let roofline = decode.on(a100, Arithmetic::Fp16).unwrap();
    assert_eq!(roofline.bound(), Bound::Memory);
    assert_eq!(roofline.time(), roofline.memory);
    assert_eq!(roofline.time().to_string(), "33.7 ms");
    // 68.7 GFLOP at 312 TFLOP/s.
    assert_eq!(roofline.compute.to_string(), "220 µs");

    // 4 * 4096 * 4097 / 2 * 128 * 32 * 32 = 4.399 TFLOP take 14.1 ms, and 4.3 GB 2.11 ms.
    let prefill = example(32).prefill(4096, 1, Precision::Fp16).unwrap();
    let roofline = prefill.on(a100, Arithmetic::Fp16).unwrap();
    assert_eq!(roofline.bound(), Bound::Compute);
    assert_eq!(roofline.time().to_string(), "14.1 ms");
    assert_eq!(roofline.memory.to_string(), "2.11 ms");
    assert!(prefill.intensity() > a100.ridge(Arithmetic::Fp16).unwrap());
}

#[test]
fn a_missing_peak_is_an_error_that_names_the_others() {
    let work = Work { flops: Flops(1), bytes: Bytes(1) };
    let on = |name, arithmetic| work.on(device(name).unwrap(), arithmetic).unwrap_err().to_string();
    assert_eq!(
        on("NVIDIA A100 40GB SXM4", Arithmetic::Fp8),
        "no dense fp8 peak is published for the NVIDIA A100 40GB SXM4: choose from those \
         that are (fp32, tf32, fp16/bf16)"
    );
    assert_eq!(
        on("NVIDIA GeForce RTX 4090 24GB", Arithmetic::Fp4),
        "no dense fp4 peak is published for the NVIDIA GeForce RTX 4090 24GB: choose from those \
         that are (fp32, tf32, fp16/bf16, fp8)"
    );
    assert_eq!(
        on("Apple M2 Ultra (192 GB)", Arithmetic::Fp16),
        "no dense fp16/bf16 peak is published for the Apple M2 Ultra (192 GB): choose from \
         those that are (none)"
    );
}

#[test]
fn devices_are_whole_and_their_peaks_dense() {
    for DeviceSpec { name, memory, bandwidth, peaks, on_chip, source, .. } in DEVICES {
        assert_eq!(DEVICES.iter().filter(|other| other.name == *name).count(), 1, "{name} twice");
        assert!(!source.title.is_empty() && (2019..=2026).contains(&source.year), "{name}");
        assert!(bandwidth.0 > 1e10 && bandwidth.0 < 1e13, "{name}: {bandwidth}");
        if let Some(Memory { bytes, source }) = memory {
            assert!(!source.title.is_empty() && (2019..=2026).contains(&source.year), "{name}");
            // What the name says, a little less for what the driver keeps, or GiB for GB.
            let (before, _) = name.split_once("GB").expect("the name says how much");
            let said = before.trim_end().rsplit([' ', '(']).next().unwrap();
            let said: f64 = said.parse().expect("a number before GB");
            let reported = bytes.gb() / said;
            // The GPU of an Apple chip may use three quarters or more.
            let least = if name.starts_with("Apple") { 0.75 } else { 1.0 };
            assert!((least..=1.075).contains(&reported), "{name}: {bytes}");
        }
        // A kind with fewer bits is never slower, and each halving of matrix formats doubles.
        assert!(peaks.is_sorted_by(|(_, left), (_, right)| left <= right), "{name}");
        for pair in peaks.windows(2).filter(|pair| pair[0].0 != Arithmetic::Fp32) {
            let ratio = pair[1].1.0 / pair[0].1.0;
            assert!((1.99..=2.05).contains(&ratio), "{name}: {ratio}");
        }
        if let Some(chip) = on_chip {
            assert!(chip.bytes.gb() > 0.01 && chip.bytes.gb() < 0.1, "{name}: {}", chip.bytes);
        }
        println!(
            "{name}: {bandwidth}, {}",
            peaks.last().map_or("no peak".into(), |p| p.1.to_string())
        );
    }
    assert_eq!(device("NVIDIA A100"), None);
}

#[test]
fn the_known_parts_have_their_known_figures() {
    let figures = |name: &str, arithmetic| {
        let device = device(name).unwrap();
        (device.bandwidth.to_string(), device.peak(arithmetic).unwrap().to_string())
    };
    let pair = |bandwidth: &str, peak: &str| (bandwidth.to_owned(), peak.to_owned());
    for (name, bandwidth, peak) in [
        ("NVIDIA A100 40GB SXM4", "1555 GB/s", "312 TFLOP/s"),
        ("NVIDIA A100 80GB SXM4", "2039 GB/s", "312 TFLOP/s"),
        ("NVIDIA H100 80GB SXM5", "3350 GB/s", "989.4 TFLOP/s"),
        ("NVIDIA H200 141GB SXM", "4800 GB/s", "989.5 TFLOP/s"),
        ("NVIDIA B200 180GB (HGX, 1000 W)", "8000 GB/s", "2250 TFLOP/s"),
        ("NVIDIA GeForce RTX 4090 24GB", "1008 GB/s", "165.2 TFLOP/s"),
    ] {
        assert_eq!(figures(name, Arithmetic::Fp16), pair(bandwidth, peak), "{name}");
    }
    // 2 channels * 8 bytes * 5.6 GT/s, and 8 cores * 32 operations * 3.3 GHz.
    let laptop = "AMD Ryzen 7 7840U (laptop CPU, DDR5-5600)";
    assert_eq!(figures(laptop, Arithmetic::Fp32), pair("89.6 GB/s", "0.845 TFLOP/s"));
    // 108 * 192 KiB is about 20 MiB.
    let chip = device("NVIDIA A100 80GB SXM4").unwrap().on_chip.unwrap();
    assert_eq!(chip.bytes.to_string(), "20.2 MiB = 21.2 MB");
}

#[test]
fn impossible_shapes_are_errors() {
    let cache = |shape: Shape| shape.cache(1, 1, Precision::Fp16).unwrap_err().to_string();
    assert_eq!(
        cache(example(5)),
        "kv_heads is 5: it must be a divisor of the number of query heads"
    );
    assert_eq!(cache(example(0)), "kv_heads is 0: it must be at least one");
    let shape = example(8);
    assert_eq!(
        cache(Shape { layers: 0, ..shape }),
        "the number of layers is 0: it must be at least one"
    );
    assert_eq!(
        cache(Shape { heads: 0, ..shape }),
        "the number of heads is 0: it must be at least one"
    );
    assert_eq!(
        cache(Shape { window: Window::Every(0), ..shape }),
        "the window is 0: it must be at least one"
    );
    let none = Kind::Grouped { kv_heads: 8, head_dim: 0 };
    assert_eq!(cache(Shape { kind: none, ..shape }), "head_dim is 0: it must be at least one");
    let no_rank = Kind::Latent { kv_lora_rank: 0, rope_dim: 0, nope_dim: 1, value_dim: 1 };
    assert_eq!(
        cache(Shape { kind: no_rank, ..shape }),
        "kv_lora_rank is 0: it must be at least one"
    );

    let text = |result: Result<Work, Error>| result.unwrap_err().to_string();
    for result in [
        shape.prefill(0, 1, Precision::Fp16),
        shape.backward(0, 1, Precision::Fp16),
        shape.decode(0, 1, Precision::Fp16),
    ] {
        assert_eq!(text(result), "the number of tokens is 0: it must be at least one");
    }
    assert_eq!(
        text(shape.decode(1, 0, Precision::Fp16)),
        "the batch is 0: it must be at least one"
    );
    assert_eq!(
        text(shape.prefill(1, 0, Precision::Fp16)),
        "the batch is 0: it must be at least one"
    );
    let no_group = Precision::Int4(Some(Scales { group: 0, bits: 16 }));
    assert_eq!(
        text(shape.decode(1, 1, no_group)),
        "the group of a scale is 0: it must be at least one"
    );
}

#[test]
fn what_cannot_be_counted_is_an_error() {
    let shape = example(8);
    let bytes = "the bytes are more than 2^64 - 1: give fewer tokens or a smaller batch";
    let operations = "the operations are more than 2^64 - 1: give fewer tokens or a smaller batch";
    let cache = |tokens, batch| shape.cache(tokens, batch, Precision::Fp16);
    assert_eq!(cache(u64::MAX, 1).unwrap_err().to_string(), bytes);
    assert_eq!(cache(u64::MAX, u64::MAX).unwrap_err().to_string(), bytes);
    let prefill = |tokens| shape.prefill(tokens, 1, Precision::Fp16);
    assert_eq!(prefill(u64::MAX).unwrap_err().to_string(), operations);
    assert_eq!(prefill(1 << 30).unwrap_err().to_string(), operations);
    // A million tokens are counted.
    assert!(prefill(1 << 20).is_ok());
}

#[test]
fn quantities_say_their_unit() {
    let text = |quantity: &dyn std::fmt::Display| quantity.to_string();
    assert_eq!(text(&Bytes(0)), "0 B");
    assert_eq!(text(&Bytes(999)), "999 B");
    assert_eq!(text(&Bytes(1000)), "1000 B = 1.0 kB");
    assert_eq!(text(&Bytes(64 << 30)), "64.0 GiB = 68.7 GB");
    assert_eq!(text(&Bytes((1 << 20) - 1)), "1.0 MiB = 1.0 MB");
    assert_eq!(text(&Bytes(u64::MAX)), "16.0 EiB = 18.4 EB");
    assert_eq!(text(&Bytes::from_mib(81_559)), "79.6 GiB = 85.5 GB");
    assert_eq!(text(&Bytes::from_kib(192)), "192.0 KiB = 196.6 kB");
    assert_eq!((Bytes(3 << 30).gib(), Bytes(3_000_000_000).gb()), (3.0, 3.0));
    assert_eq!(text(&Flops(7)), "7 FLOP");
    assert_eq!(text(&Flops(68_719_476_736)), "68.7 GFLOP");
    assert_eq!(text(&BytesPerSecond::from_gb(89.6)), "89.6 GB/s");
    assert_eq!(text(&FlopsPerSecond::from_tera(19.5)), "19.5 TFLOP/s");
    assert_eq!(text(&FlopsPerByte(153.02)), "153 FLOP/B");
    assert_eq!(text(&FlopsPerByte(0.9999)), "1.00 FLOP/B");
    for (seconds, expected) in [
        (12.34, "12.3 s"),
        (0.99951, "1.00 s"),
        (0.0337, "33.7 ms"),
        (0.0009, "900 µs"),
        (2.5e-7, "250 ns"),
        (0.0, "0.000 ns"),
    ] {
        assert_eq!(text(&Seconds(seconds)), expected);
    }
}

#[test]
fn sums_stop_at_the_largest_number() {
    let most = Bytes(u64::MAX);
    assert_eq!((most + most, most * 2), (most, most));
    let mut total: Bytes = [Bytes(1), Bytes(2), Bytes(3)].into_iter().sum();
    total += Bytes(4);
    assert_eq!(total, Bytes(10));
    let mut work: Flops = [Flops(1), Flops(u64::MAX)].into_iter().sum();
    assert_eq!(work, Flops(u64::MAX));
    work += Flops(1);
    assert_eq!((work, Flops(u64::MAX) * 3), (Flops(u64::MAX), Flops(u64::MAX)));
    assert_eq!(Flops(6) / Flops(4), 1.5);
}

/// The pairs that a causal mask with a window lets through, one by one.
fn pairs(tokens: u64, window: u64) -> u64 {
    let sees = |query: u64, key: u64| key <= query && query - key < window;
    (0..tokens).map(|query| (0..tokens).filter(|key| sees(query, *key)).count() as u64).sum()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    /// Layer by layer, token by token.
    #[test]
    fn costs_equal_loops(
        layers in 1_u64..6, kv_heads in 1_u64..5, group in 1_u64..5, head_dim in 1_u64..20,
        tokens in 1_u64..40, batch in 1_u64..4, size in 1_u64..50, which in 0..3,
    ) {
        let window = match which {
            0 => Window::Full,
            1 => Window::Every(size),
            _ => Window::Alternate(size),
        };
        let heads = kv_heads * group;
        let kind = Kind::Grouped { kv_heads, head_dim };
        let shape = Shape { layers, d_model: heads * head_dim, heads, kind, window };
        let (mut numbers, mut prefill, mut decode) = (0, 0, 0);
        for layer in 0..layers {
            let seen = match which {
                1 => size,
                2 if layer % 2 == 0 => size,
                _ => u64::MAX,
            };
            for _ in 0..batch {
                let kept = (0..tokens).filter(|token| tokens - token <= seen).count() as u64;
                numbers += kept * kv_heads * 2 * head_dim;
                // Two products, each of a multiplication and an addition.
                decode += kept * heads * head_dim * 4;
                prefill += pairs(tokens, seen) * heads * head_dim * 4;
            }
        }
        prop_assert_eq!(shape.cache(tokens, batch, Precision::Fp32), Ok(Bytes(numbers * 4)));
        prop_assert_eq!(shape.prefill(tokens, batch, Precision::Fp32).unwrap().flops, Flops(prefill));
        let work = shape.decode(tokens, batch, Precision::Fp32).unwrap();
        prop_assert_eq!(work.flops, Flops(decode));
        let passing = batch * layers * heads * 2 * head_dim * 4;
        prop_assert_eq!(work.bytes, Bytes(numbers * 4 + passing));
    }
}

/// One step of decoding, put together by hand: 8 billion weights of two bytes, and the cache.
#[test]
fn decoding_is_no_faster_than_memory_allows() {
    let llama = preset("Llama 3 8B").unwrap();
    let weights = Bytes(16_000_000_000);
    let bandwidth = BytesPerSecond::from_gb(2039.0);
    for (tokens, batch) in [(1, 1), (131_072, 1), (8192, 32)] {
        let rate = llama.shape.decode_rate(tokens, batch, Precision::Fp16, weights, bandwidth);
        // 128 KiB of keys and values a token; queries and outputs of 32 layers, 32 heads of 128.
        let bytes = 16_000_000_000 + batch * (tokens * (128 << 10) + 32 * 32 * 256 * 2);
        let expected = batch as f64 * 2039e9 / bytes as f64;
        let rate = rate.unwrap();
        println!("{tokens} tokens, batch {batch}: {rate:.1} tokens/s, by hand {expected:.1}");
        assert!((rate / expected - 1.0).abs() < 1e-12);
    }
}

/// The H100's driver reports 81,559 MiB. Of that 16.06 GB are weights, and a text takes 16 GiB.
#[test]
fn an_h100_holds_four_texts_of_llama() {
    let memory = device("NVIDIA H100 80GB SXM5").unwrap().memory.unwrap().bytes;
    let llama = preset("Llama 3 8B").unwrap();
    let weights = weights(llama.parameters.millions * 1_000_000, Precision::Fp16).unwrap();
    let one = llama.shape.cache(131_072, 1, Precision::Fp16).unwrap();
    assert_eq!((weights, one), (Bytes(16_060_000_000), Bytes(16 << 30)));
    let by_hand = (81_559.0 * 1_048_576.0 - 16.06e9) / 17_179_869_184.0_f64;
    assert!((4.04..4.06).contains(&by_hand), "{by_hand}");
    assert_eq!(texts_beside(memory, weights, one), 4);
    for (name, texts) in [
        ("NVIDIA A100 80GB SXM4", 4),
        ("NVIDIA B200 180GB (HGX, 1000 W)", 10),
        ("NVIDIA GeForce RTX 4090 24GB", 0),
    ] {
        let memory = device(name).unwrap().memory.unwrap().bytes;
        assert_eq!(texts_beside(memory, weights, one), texts, "{name}");
    }
}

/// A new token in the absorbed form: 128 heads meet 512 + 64 numbers for the score and 512 for the
/// mix, and those are read once for all of them, two bytes each.
#[test]
fn absorbed_latent_attention_comes_close_to_the_ridge() {
    let shape = preset("DeepSeek-V2").unwrap().shape;
    let intensity = shape.decode(TOKENS, 1, Precision::Fp16).unwrap().intensity().0;
    let by_hand = 2.0 * 128.0 * (576.0 + 512.0) / (2.0 * 576.0);
    assert!((intensity / by_hand - 1.0).abs() < 2e-3, "{intensity} and {by_hand}");
    let ridge = device("NVIDIA H100 80GB SXM5").unwrap().ridge(Arithmetic::Fp16).unwrap().0;
    assert!((0.8..1.0).contains(&(intensity / ridge)), "{intensity} of {ridge}");
}

/// A scale and a smallest number of two bytes for each 32: 20 bytes for 32 weights.
#[test]
fn the_scales_of_weights_are_counted() {
    for (parameters, bytes) in [(70_000_000_000, 43_750_000_000), (32, 20), (33, 25), (1, 5)] {
        assert_eq!(weights(parameters, Precision::Q4_1), Ok(Bytes(bytes)));
    }
    assert_eq!(weights(3, Precision::Fp8), Ok(Bytes(3)));
    assert!(weights(u64::MAX, Precision::Fp16).is_err());
}

#[test]
fn texts_fit_beside_the_weights_or_not() {
    let gb = |gb: u64| Bytes(gb * 1_000_000_000);
    assert_eq!(texts_beside(gb(80), gb(16), gb(17)), 3);
    assert_eq!(texts_beside(gb(80), gb(80), gb(1)), 0);
    assert_eq!(texts_beside(gb(80), gb(81), gb(1)), 0);
    assert_eq!(texts_beside(gb(80), gb(79), gb(1)), 1);
    assert_eq!(texts_beside(gb(80), gb(0), Bytes(0)), 0);
}
