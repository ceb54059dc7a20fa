//! Each model's sizes agree with themselves, and give the cache that is known.

use attention::cost::{Kind, Precision, Window};
use attention::presets::{PRESETS, Preset, preset};
use attention::units::Bytes;

/// The cache at 16 bits a number.
fn cache(name: &str, tokens: u64) -> Bytes {
    let cache = preset(name).unwrap().shape.cache(tokens, 1, Precision::Bf16).unwrap();
    println!("{name} at {tokens} tokens: {cache}");
    cache
}

#[test]
fn sizes_agree_with_themselves() {
    for Preset { name, shape, context, source, parameters, .. } in PRESETS {
        assert!((1..=parameters.millions).contains(&parameters.active_millions), "{name}");
        assert_eq!(PRESETS.iter().filter(|other| other.name == *name).count(), 1, "{name} twice");
        assert!(!source.title.is_empty() && (2020..=2026).contains(&source.year), "{name}");
        // Powers of two, and 160 times 1024 for DeepSeek's.
        assert!(context.is_power_of_two() || *context == 163_840, "{name}: {context}");
        match shape.kind {
            Kind::Grouped { kv_heads, head_dim } => {
                assert!(shape.heads.is_multiple_of(kv_heads), "{name}");
                // Gemma 2 alone chooses its heads freely.
                let product = shape.heads * head_dim;
                assert_eq!(product == shape.d_model, !name.starts_with("Gemma 2"), "{name}");
            }
            Kind::Latent { kv_lora_rank, rope_dim, nope_dim, value_dim } => {
                assert_eq!((kv_lora_rank, rope_dim, nope_dim, value_dim), (512, 64, 128, 128));
                assert!(name.starts_with("DeepSeek"), "{name}");
            }
        }
        if let Window::Every(window) | Window::Alternate(window) = shape.window {
            assert_eq!(window, 4096, "{name}");
            assert!(window < *context, "{name}");
        }
        let full = shape.cache(*context, 1, Precision::Bf16).unwrap();
        println!("{name}: {full} at {context} tokens");
    }
    assert_eq!(PRESETS.len(), 14);
    assert_eq!(preset("GPT-5"), None);
}

#[test]
fn gpt_3_has_96_heads_of_128() {
    let gpt = preset("GPT-3 175B").unwrap().shape;
    assert_eq!((gpt.layers, gpt.heads, gpt.d_model), (96, 96, 12_288));
    assert_eq!(gpt.kind, Kind::Grouped { kv_heads: 96, head_dim: 128 });
    assert_eq!(96 * 128, gpt.d_model);
    // 2 * 12,288 numbers * 2 bytes * 96 layers = 4,718,592 bytes (4.5 MiB) a token.
    assert_eq!(cache("GPT-3 175B", 1), Bytes(4_718_592));
    assert_eq!(cache("GPT-3 175B", 2048).gib(), 9.0);
}

#[test]
fn caches_are_those_worked_out_by_hand() {
    // 2 * 32 heads * 128 * 2 bytes * 32 layers = 512 KiB a token; 4096 of them.
    assert_eq!(cache("Llama 2 7B", 4096).gib(), 2.0);
    // 2 * 8 * 128 * 2 * 80 = 320 KiB a token; 4096 of them.
    assert_eq!(cache("Llama 2 70B", 4096).gib(), 1.25);
    // 2 * 8 * 128 * 2 * 32 = 128 KiB a token; 131,072 of them.
    assert_eq!(cache("Llama 3 8B", 131_072).gib(), 16.0);
    // 320 KiB a token.
    assert_eq!(cache("Llama 3 70B", 131_072).gib(), 40.0);
    // 2 * 8 * 128 * 2 * 126 = 504 KiB a token.
    assert_eq!(cache("Llama 3 405B", 131_072).gib(), 63.0);
    // 128 KiB a token, and never more than 4096 of them.
    assert_eq!(cache("Mistral 7B v0.1", 4096).gib(), 0.5);
    assert_eq!(cache("Mistral 7B v0.1", 8192).gib(), 0.5);
    // 2 * 8 * 256 * 2 = 8 KiB a token and layer: 21 layers keep 8192 tokens and 21 keep 4096.
    assert_eq!(cache("Gemma 2 9B", 8192), Bytes(21 * (8192 + 4096) * 8192));
    // 2 * 16 * 128 * 2 = 8 KiB too: 23 and 23 layers.
    assert_eq!(cache("Gemma 2 27B", 8192), Bytes(23 * (8192 + 4096) * 8192));
    // 2 * 4 * 128 * 2 * 28 = 56 KiB a token.
    assert_eq!(cache("Qwen2.5 7B", 131_072).gib(), 7.0);
    // (512 + 64) * 2 bytes * 60 layers.
    assert_eq!(cache("DeepSeek-V2", 1), Bytes(69_120));
    // 2 * 3 * 64 * 2 * 30 = 22.5 KiB a token.
    assert_eq!(cache("SmolLM2-135M", 1), Bytes(23_040));
    assert_eq!(cache("SmolLM2-135M", 8192).gib(), 22.5 * 8192.0 / 1_048_576.0);
}

/// Kilobytes of 1000 bytes for each token in bf16, as published: Zhao et al., *Insights into
/// DeepSeek-V3*, 2025, table 1.
#[test]
fn caches_are_those_published() {
    assert_eq!(cache("DeepSeek-V3", 1), Bytes(70_272));
    assert_eq!(cache("Qwen2.5 72B", 1), Bytes(327_680));
    assert_eq!(cache("Llama 3 405B", 1), Bytes(516_096));
}

/// What decides how many parameters a released model has, besides its shape.
struct Released {
    name: &'static str,
    vocabulary: u64,
    feed_forward: u64,
    /// Vectors of the model's width in a layer: its norms.
    norms: u64,
    biased: bool,
}

const fn released(name: &'static str, vocabulary: u64, feed_forward: u64) -> Released {
    Released { name, vocabulary, feed_forward, norms: 2, biased: false }
}

/// From the configurations that were released with the weights: `vocab_size` and
/// `intermediate_size`. Gemma 2 has four norms a layer, and Qwen2.5 biases on queries, keys and
/// values.
const RELEASED: [Released; 11] = [
    released("Llama 2 7B", 32_000, 11_008),
    released("Llama 2 70B", 32_000, 28_672),
    released("Mistral 7B v0.1", 32_000, 14_336),
    Released { norms: 4, ..released("Gemma 2 9B", 256_000, 14_336) },
    Released { norms: 4, ..released("Gemma 2 27B", 256_000, 36_864) },
    released("Llama 3 8B", 128_256, 14_336),
    released("Llama 3 70B", 128_256, 28_672),
    released("Llama 3 405B", 128_256, 53_248),
    Released { biased: true, ..released("Qwen2.5 7B", 152_064, 18_944) },
    Released { biased: true, ..released("Qwen2.5 72B", 152_064, 29_568) },
    released("SmolLM2-135M", 49_152, 1536),
];

/// Models whose last step multiplies with the embedding.
const TIED: [&str; 3] = ["Gemma 2 9B", "Gemma 2 27B", "SmolLM2-135M"];

#[test]
fn parameters_are_those_of_the_released_configurations() {
    for Released { name, vocabulary, feed_forward, norms, biased } in RELEASED {
        let Preset { shape, parameters, .. } = preset(name).unwrap();
        let Kind::Grouped { kv_heads, head_dim } = shape.kind else { panic!("{name}") };
        let width = shape.d_model;
        let (queries, keys) = (shape.heads * head_dim, kv_heads * head_dim);
        let attention = 2 * width * queries + 2 * width * keys;
        let biases = if biased { queries + 2 * keys } else { 0 };
        let layer = attention + biases + 3 * width * feed_forward + norms * width;
        let embedding = vocabulary * width;
        let others = shape.layers * layer + width;
        let tied = TIED.contains(&name);
        let all = others + if tied { embedding } else { 2 * embedding };
        let read = if tied { all } else { all - embedding };
        let millions = |count: u64| (count as f64 / 1e6).round() as u64;
        assert_eq!(parameters.millions, millions(all), "{name}: {all}");
        assert_eq!(parameters.active_millions, millions(read), "{name}: {read} are read");
    }
}
