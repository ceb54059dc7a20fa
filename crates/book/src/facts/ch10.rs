//! Chapter 10, heads and the KV cache: sizes in bytes, for the source's example and real models.

use anyhow::{Context, Result, bail};
use attention::cost::{Kind, Precision, Shape, Window, weights};
use attention::devices::{Arithmetic, device};
use attention::grouped_query::repeat_kv;
use attention::presets::preset;
use attention::units::Bytes;
use attention::{AttentionOptions, Mask, attention_steps, grouped_query_attention};
use burn::tensor::Tensor;
use inputs::kv_cache::{self, HEAD_DIM, HEADS, KV_HEADS, LAYERS, TOKENS};
use inputs::texts::{CAPITAL, LIGHTHOUSE};
use smollm2::Attend;
use widgets::show::{grouped as grouped_number, significant};

use super::Facts;
use crate::fact::Fact;
use crate::memoised_model::MemoisedModel;

/// What the listing on fewer bits printed when it was recorded. Rounding to a few levels makes much
/// of a last bit, so another processor may print other digits.
const BITS: &str = include_str!("../../../../listings/output/ch10-quantised/bits.txt");

/// How many tokens the small caches keep, and how many of them are the first.
const KEPT: usize = kv_cache::KEPT as usize;
const SINKS: usize = kv_cache::SINKS as usize;

/// Adds the facts of chapter 10.
pub(super) fn add(facts: &mut Facts, model: Option<&MemoisedModel>) -> Result<()> {
    let plain = [
        ("cache.tokens", TOKENS),
        ("cache.layers", LAYERS),
        ("cache.heads", HEADS),
        ("cache.head-dim", HEAD_DIM),
        ("cache.kept", KEPT as u64),
        ("cache.sinks", SINKS as u64),
        ("cache.newest", (KEPT - SINKS) as u64),
    ];
    for (name, number) in plain {
        facts.add(name, Fact::count(number as usize, "the example of the chapter"));
    }
    let grouped = |kv_heads| Kind::Grouped { kv_heads, head_dim: HEAD_DIM };
    let kinds = [("mha", grouped(HEADS)), ("gqa", grouped(KV_HEADS)), ("mqa", grouped(1))];
    for (name, kind) in kinds {
        let shape = Shape {
            layers: LAYERS,
            d_model: HEADS * HEAD_DIM,
            heads: HEADS,
            kind,
            window: Window::Full,
        };
        let cache = shape.cache(TOKENS, 1, Precision::Fp16)?;
        let source = format!("the example with {name}, fp16, {TOKENS} tokens");
        facts.add(&format!("cache.{name}-gib"), in_gib(cache, &source));
        if name == "mha" {
            let source = format!("{source}: {} bytes", cache.0);
            facts.add("cache.mha-gb", Fact::rounded(cache.in_gb(), cache.0, source));
        }
        let token = shape.cache(1, 1, Precision::Fp16)?;
        let shown = Fact::rounded(token.in_gib(), token.0, format!("one token, {name}, fp16"));
        facts.add(&format!("cache.{name}-token"), shown);
    }
    let mistral = preset("Mistral 7B v0.1").context("no Mistral 7B v0.1 in the presets")?;
    let source = format!("{}, {}: {TOKENS} tokens", mistral.source.title, mistral.source.year);
    let cache = mistral.shape.cache(TOKENS, 1, Precision::Fp16)?;
    facts.add("cache.of-mistral-gib", in_gib(cache, &source));
    let all = TOKENS as f64;
    let times = Fact::rounded(
        grouped_number(((all + 2.0) / 3.0).round() as u64),
        (all + 2.0) / 3.0,
        "n (n + 1) (n + 2) / 6 scores, and n (n + 1) / 2",
    );
    facts.add("cache.scores-times", times);
    cards(facts)?;
    gemma(facts)?;
    latent(facts)?;
    writing(facts)?;
    serving(facts)?;
    of_the_model(facts, model)?;
    two_bits(facts)?;
    experiments(facts, model)
}

/// What the drivers of two cards report that are sold with 80 GB.
fn cards(facts: &mut Facts) -> Result<()> {
    for (name, part) in [("a100", "NVIDIA A100 80GB SXM4"), ("h100", "NVIDIA H100 80GB SXM5")] {
        let memory = device(part).and_then(|device| device.memory);
        let memory = memory.with_context(|| format!("no memory of {part} in the devices"))?;
        let source = format!("{part}: {}, {}", memory.source.title, memory.source.year);
        facts.add(&format!("cache.{name}-gib"), in_gib(memory.bytes, &source));
        if name == "a100" {
            let gb = Fact::rounded(memory.bytes.in_gb(), memory.bytes.0, source);
            facts.add("cache.a100-gb", gb);
        }
    }
    Ok(())
}

/// How much of a long text's cache Gemma 2 9B keeps in its layers without a window.
fn gemma(facts: &mut Facts) -> Result<()> {
    let shape = preset("Gemma 2 9B").context("no Gemma 2 9B in the presets")?.shape;
    let Window::Alternate(_) = shape.window else { bail!("Gemma 2 has windows in turn") };
    let cache = |shape: Shape| shape.cache(TOKENS, 1, Precision::Fp16);
    let full = Shape { layers: shape.layers / 2, window: Window::Full, ..shape };
    let percent = 100.0 * (cache(full)? / cache(shape)?);
    let source = format!("half of the layers, of all, Gemma 2 9B, {TOKENS} tokens");
    facts.add("cache.gemma.full-percent", Fact::decimals(percent, 0, source));
    Ok(())
}

/// What DeepSeek-V2 keeps of a token in a layer, and what its heads would keep.
fn latent(facts: &mut Facts) -> Result<()> {
    let shape = preset("DeepSeek-V2").context("no DeepSeek-V2 in the presets")?.shape;
    let Kind::Latent { kv_lora_rank, rope_dim, nope_dim, value_dim } = shape.kind else {
        bail!("DeepSeek-V2 keeps a latent")
    };
    let source = "DeepSeek-V2, section 3.1.2";
    let kept = kv_lora_rank + rope_dim;
    let own = 2 * shape.heads * nope_dim;
    for (name, number) in [
        ("heads", shape.heads),
        ("head-dim", nope_dim),
        ("latent", kv_lora_rank),
        ("rotary", rope_dim),
        ("kept", kept),
        ("own", own),
    ] {
        facts.add(&format!("cache.deepseek.{name}"), Fact::count(number as usize, source));
    }
    let times = Fact::decimals(own as f64 / kept as f64, 0, format!("{own} / {kept}"));
    facts.add("cache.deepseek.times", times);
    let (absorbed, plain) = (kept + kv_lora_rank, nope_dim + rope_dim + value_dim);
    let more = absorbed as f64 / plain as f64;
    let source = format!("{absorbed} products a pair, and {plain}");
    facts.add("cache.mla.absorbed-times", Fact::decimals(more, 1, source));
    let intensity = shape.decode(TOKENS, 1, Precision::Fp16)?.intensity().0;
    let source = format!("operations a byte, one token more after {TOKENS}, DeepSeek-V2, absorbed");
    facts.add("cache.intensity.mla", Fact::decimals(intensity, 0, source));
    // Groups of which the keys and values would take as much.
    let groups = kept as f64 / (2 * nope_dim) as f64;
    facts.add(
        "cache.deepseek.groups",
        Fact::decimals(groups, 2, format!("{kept} / 2 / {nope_dim}")),
    );
    Ok(())
}

/// How fast Llama 3 8B can write on one device, at most.
fn writing(facts: &mut Facts) -> Result<()> {
    let model = preset("Llama 3 8B").context("no Llama 3 8B in the presets")?;
    let h100 = device("NVIDIA H100 80GB SXM5").context("no H100 in the devices")?;
    let bytes = |millions: u64| weights(millions * 1_000_000, Precision::Fp16);
    let (all, read) = (bytes(model.parameters.millions)?, bytes(model.parameters.active_millions)?);
    for (name, bytes) in [("all", all), ("read", read)] {
        let source = format!("Llama 3 8B, two bytes a number: {} bytes", bytes.0);
        facts.add(&format!("cache.weights.{name}"), Fact::rounded(bytes.in_gb(), bytes.0, source));
    }
    let source = format!("{}, {}", h100.source.title, h100.source.year);
    facts.add("cache.h100.bandwidth", Fact::text(h100.bandwidth, &source));
    let ridge = h100.ridge(Arithmetic::Fp16)?;
    facts.add("cache.h100.ridge", Fact::decimals(ridge.0, 0, format!("{source}: FLOP/B, fp16")));
    for (name, tokens, batch) in
        [("start", 1, 1), ("long", TOKENS, 1), ("many", 8192, 32), ("one", 8192, 1)]
    {
        let shape = model.shape;
        let rate = shape.decode_rate(tokens, batch, Precision::Fp16, read, h100.bandwidth)?;
        let source =
            format!("{batch} texts of {tokens} tokens, weights and cache at full bandwidth");
        facts.add(&format!("cache.rate.{name}"), Fact::rounded(significant(rate), rate, source));
    }
    for (name, kv_heads) in [("mha", HEADS), ("gqa", KV_HEADS), ("mqa", 1)] {
        let kind = Kind::Grouped { kv_heads, head_dim: HEAD_DIM };
        let shape = Shape { kind, ..model.shape };
        let intensity = shape.decode(TOKENS, 1, Precision::Fp16)?.intensity().0;
        let source = format!("operations a byte, one token more after {TOKENS}, {name}");
        facts.add(&format!("cache.intensity.{name}"), Fact::decimals(intensity, 1, source));
    }
    for (name, tokens) in [("cache.many-tokens", 8192), ("cache.many-texts", 32)] {
        facts.add(name, Fact::count(tokens, "an example of many texts at once"));
    }
    Ok(())
}

/// When the first token comes, when the cache outweighs the weights, and what scales add.
fn serving(facts: &mut Facts) -> Result<()> {
    let model = preset("Llama 3 8B").context("no Llama 3 8B in the presets")?;
    let h100 = device("NVIDIA H100 80GB SXM5").context("no H100 in the devices")?;
    let read = model.parameters.active_millions * 1_000_000;
    let (tokens, texts) = (8192, 32);
    // Two operations for each weight and token, and those of attention.
    let attention = model.shape.prefill(tokens, 1, Precision::Fp16)?.flops.0;
    let flops = 2 * read * tokens + attention;
    let ms = 1000.0 * flops as f64 / h100.peak(Arithmetic::Fp16)?.0;
    let source = format!("{flops} operations at the dense peak in fp16 of the {}", h100.name);
    facts.add("cache.prefill.ms", Fact::decimals(ms, 0, source));
    let bytes = weights(read, Precision::Fp16)?;
    let step = model.shape.decode_rate(tokens, 1, Precision::Fp16, bytes, h100.bandwidth)?;
    let source = format!("weights and cache after {tokens} tokens, at full bandwidth");
    facts.add("cache.prefill.step-ms", Fact::decimals(1000.0 / step, 1, source));

    let token = model.shape.cache(1, 1, Precision::Fp16)?;
    for (name, texts) in [("one", 1), ("many", texts)] {
        let even = bytes.0 as f64 / (token.0 * texts) as f64;
        let source = format!("{} bytes of weights, {} a token, {texts} texts", bytes.0, token.0);
        let shown = grouped_number(even.round() as u64);
        facts.add(&format!("cache.even.{name}"), Fact::rounded(shown, even, source));
    }
    let large = preset("Llama 3 70B").context("no Llama 3 70B in the presets")?;
    let parameters = large.parameters.millions * 1_000_000;
    for (name, stored) in [("bare", Precision::Int4(None)), ("scaled", Precision::Q4_1)] {
        let bytes = weights(parameters, stored)?;
        let source = format!("{parameters} weights of four bits: {} bytes", bytes.0);
        facts.add(&format!("cache.q4.{name}"), Fact::rounded(bytes.in_gb(), bytes.0, source));
    }
    Ok(())
}

/// A size in GiB.
fn in_gib(bytes: Bytes, source: &str) -> Fact {
    Fact::rounded(bytes.in_gib(), bytes.0, format!("{source}: {} bytes", bytes.0))
}

/// SmolLM2's own cache after it has read a sentence, and what the formula says.
fn of_the_model(facts: &mut Facts, model: Option<&MemoisedModel>) -> Result<()> {
    let counted = model
        .map(|model| -> Result<_> {
            let ids = model.encode(CAPITAL)?;
            let decoded = model.one_by_one(&ids)?;
            let kept = decoded.last().context("a text has tokens")?.cache;
            let config = model.config();
            let numbers = 2 * config.layers * config.kv_heads * config.head_dim;
            Ok((kept.0 as usize, numbers * 4 * ids.len()))
        })
        .transpose()?;
    let text = format!("“{CAPITAL}”");
    facts.add_measured(
        "smollm2.cache-measured",
        counted.map(|(bytes, _)| Fact::count(bytes, format!("bytes kept after {text}, f32"))),
    );
    facts.add_measured(
        "smollm2.cache-formula",
        counted.map(|(_, formula)| {
            Fact::count(formula, format!("2 x layers x kv_heads x head_dim x 4 x tokens, {text}"))
        }),
    );
    Ok(())
}

/// What the model's loss becomes when its cache is rounded to two bits, as recorded.
fn two_bits(facts: &mut Facts) -> Result<()> {
    for (name, levels) in [("two-token", "for each token"), ("two-channel", "for each channel")] {
        let row = format!("2     {levels}");
        let loss = BITS.lines().find_map(|line| line.strip_prefix(&row)?.split_whitespace().next());
        let loss = loss.with_context(|| format!("the listing on bits printed no row `{row}`"))?;
        let source = "the mean surprise in nats, as recorded of ch10-quantised";
        facts.add(&format!("cache.loss.{name}"), Fact::decimals(loss.parse()?, 2, source));
    }
    Ok(())
}

/// What the model's loss becomes when its cache is cut or shared.
fn experiments(facts: &mut Facts, model: Option<&MemoisedModel>) -> Result<()> {
    let losses = model.map(losses).transpose()?;
    let names = ["whole", "late", "window", "sinks", "pooled"];
    for (place, name) in names.into_iter().enumerate() {
        let source = "the mean surprise in nats, SmolLM2 on the story of the lighthouse";
        let fact = losses.map(|losses| Fact::decimals(losses[place], 2, source));
        facts.add_measured(&format!("cache.loss.{name}"), fact);
    }
    let one_in = losses.map(|losses| {
        let source = "the exponential of the mean surprise in nats, SmolLM2 on the same story";
        Fact::rounded(significant(losses[0].exp()), losses[0].exp(), source)
    });
    facts.add_measured("cache.one-in.whole", one_in);
    let tokens = model.map(|model| model.encode(LIGHTHOUSE)).transpose()?;
    let tokens = tokens.map(|ids| Fact::count(ids.len(), "the story of the lighthouse"));
    facts.add_measured("cache.story-tokens", tokens);
    let sizes = model.map(|model| {
        let config = model.config();
        let kind = |kv_heads: usize| Kind::Grouped {
            kv_heads: kv_heads as u64,
            head_dim: config.head_dim as u64,
        };
        let shape = Shape {
            layers: config.layers as u64,
            d_model: config.d_model as u64,
            heads: config.heads as u64,
            kind: kind(config.kv_heads),
            window: Window::Full,
        };
        (shape, Shape { kind: kind(config.heads), ..shape }, config.context as u64)
    });
    for (name, own, tokens, precision) in [
        ("token", false, Some(1), Precision::Fp32),
        ("full", false, None, Precision::Fp16),
        ("full-own", true, None, Precision::Fp16),
    ] {
        let size = sizes.map(|(shared, alone, context)| {
            let shape = if own { alone } else { shared };
            shape.cache(tokens.unwrap_or(context), 1, precision)
        });
        let size = size.transpose()?.map(|size| {
            let source = format!("{} bytes, by the formula, {precision:?}", size.0);
            if name == "token" {
                Fact::count(size.0 as usize, source)
            } else {
                Fact::rounded(size.in_gib(), size.0, source)
            }
        });
        facts.add_measured(&format!("cache.smollm2-{name}"), size);
    }
    Ok(())
}

/// The losses on the story, in the order of their names in [`experiments`].
fn losses(model: &MemoisedModel) -> Result<[f64; 5]> {
    let ids = model.encode(LIGHTHOUSE)?;
    let loss = |name, from: usize, attend: &Attend<'_>| -> Result<f64> {
        Ok(mean(&model.surprise_by(&ids, name, attend)?[from..]))
    };
    let kept = |name, sinks, window: usize| {
        let mask = Mask::Longformer { before: window - 1, after: 0, global: sinks };
        let causal = Mask::Causal.grid(ids.len(), ids.len());
        let grid = mask.grid(ids.len(), ids.len()).and(&causal)?;
        loss(name, KEPT, &|query: Tensor<4>, key: Tensor<4>, value: Tensor<4>| {
            let group = query.dims()[1] / key.dims()[1];
            let options = AttentionOptions { masks: vec![grid.clone()], ..Default::default() };
            let (key, value) = (repeat_kv(key, group), repeat_kv(value, group));
            Ok(attention_steps(query, key, value, options)?.output)
        })
    };
    let whole = model.surprise(&ids, &[])?;
    let pooled = loss("pooled", 0, &|query, key: Tensor<4>, value: Tensor<4>| {
        let (key, value) = (key.mean_dim(1), value.mean_dim(1));
        Ok(grouped_query_attention(query, key, value, Mask::Causal)?.output)
    })?;
    let (window, sinks) = (kept("window", 0, KEPT)?, kept("sinks", SINKS, KEPT - SINKS)?);
    Ok([mean(&whole), mean(&whole[KEPT..]), window, sinks, pooled])
}

fn mean(numbers: &[f64]) -> f64 {
    numbers.iter().sum::<f64>() / numbers.len() as f64
}
