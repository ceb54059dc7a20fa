//! Chapter 10, heads and the KV cache: sizes in bytes, for the source's example and real models.

use anyhow::{Context, Result, bail};
use attention::cost::{Kind, Precision, Shape, Window, weights};
use attention::devices::{Arithmetic, device};
use attention::grouped_query::repeat_kv;
use attention::presets::{PRESETS, preset};
use attention::units::Bytes;
use attention::{AttentionOptions, Mask, attention_steps, grouped_query_attention};
use burn::tensor::Tensor;
use smollm2::{Attend, Decoder, Model, surprises};
use widgets::show::significant;

use super::{Fact, Facts, Measured};

/// The example: 32 layers of 32 query heads of 128 numbers.
const LAYERS: u64 = 32;
const HEADS: u64 = 32;
const HEAD_DIM: u64 = 128;

/// 128 K tokens, which is 128 times 1024.
const TOKENS: u64 = 131_072;

/// The story that the experiments read: the listings read the same.
const STORY: &str = include_str!("../../../../listings/texts/lighthouse.txt");

/// What the listing on fewer bits printed when it was recorded. Rounding to a few levels makes much
/// of a last bit, so another processor may print other digits.
const BITS: &str = include_str!("../../../../listings/output/ch10-quantised/bits.txt");

/// How many tokens the small caches keep, and how many of them are the first.
const KEPT: usize = 32;
const SINKS: usize = 4;

/// Adds the figures of chapter 10.
pub(super) fn add(facts: &mut Facts, measured: Option<&Measured<'_>>) -> Result<()> {
    let plain = [
        ("cache.tokens", TOKENS),
        ("cache.layers", LAYERS),
        ("cache.heads", HEADS),
        ("cache.head-dim", HEAD_DIM),
        ("cache.d-model", HEADS * HEAD_DIM),
        ("cache.kv-heads", 8),
        ("cache.group", HEADS / 8),
        ("cache.two", 2),
        ("cache.one", 1),
        ("cache.kept", KEPT as u64),
        ("cache.sinks", SINKS as u64),
        ("cache.newest", (KEPT - SINKS) as u64),
    ];
    for (name, number) in plain {
        facts.add(name, Fact::count(number as usize, "the example of the chapter"));
    }
    let deepseek = preset("DeepSeek-V2").context("no DeepSeek-V2 in the presets")?.shape.kind;
    let grouped = |kv_heads| Kind::Grouped { kv_heads, head_dim: HEAD_DIM };
    let kinds =
        [("mha", grouped(HEADS)), ("gqa", grouped(8)), ("mqa", grouped(1)), ("mla", deepseek)];
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
        both_units(facts, &format!("cache.{name}"), cache, &source);
        let token = shape.cache(1, 1, Precision::Fp16)?;
        let shown = Fact::rounded(token.in_gib(), token.0, format!("one token, {name}, fp16"));
        facts.add(&format!("cache.{name}-token"), shown);
    }
    for model in PRESETS {
        let cache = model.shape.cache(TOKENS, 1, Precision::Fp16)?;
        let source =
            format!("{}, {}: {TOKENS} tokens, fp16", model.source.title, model.source.year);
        let name = model.name.to_lowercase().replace(' ', "-");
        both_units(facts, &format!("cache.of.{name}"), cache, &source);
        facts.add(&format!("cache.name.{name}"), Fact::text(model.name, source));
    }
    latent(facts)?;
    writing(facts)?;
    of_the_model(facts, measured)?;
    two_bits(facts)?;
    experiments(facts, measured)
}

/// What DeepSeek-V2 keeps of a token in a layer, and what its heads would keep.
fn latent(facts: &mut Facts) -> Result<()> {
    let shape = preset("DeepSeek-V2").context("no DeepSeek-V2 in the presets")?.shape;
    let Kind::Latent { kv_lora_rank, rope_dim, nope_dim, .. } = shape.kind else {
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
    let weights = weights(model.parameters.millions * 1_000_000, Precision::Fp16)?;
    let source = format!("{}, {}", h100.source.title, h100.source.year);
    facts.add("cache.h100.name", Fact::text(h100.name, &source));
    facts.add("cache.h100.bandwidth", Fact::text(h100.bandwidth, &source));
    let ridge = h100.ridge(Arithmetic::Fp16)?;
    facts.add("cache.h100.ridge", Fact::decimals(ridge.0, 0, format!("{source}: FLOP/B, fp16")));
    both_units(facts, "cache.llama-weights", weights, "8 billion weights of two bytes");
    for (name, tokens, batch) in
        [("start", 1, 1), ("long", TOKENS, 1), ("many", 8192, 32), ("one", 8192, 1)]
    {
        let shape = model.shape;
        let rate = shape.decode_rate(tokens, batch, Precision::Fp16, weights, h100.bandwidth)?;
        let source =
            format!("{batch} texts of {tokens} tokens, weights and cache at full bandwidth");
        facts.add(&format!("cache.rate.{name}"), Fact::rounded(significant(rate), rate, source));
    }
    for (name, kv_heads) in [("mha", HEADS), ("gqa", 8), ("mqa", 1)] {
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

/// The same size in GiB and in GB.
fn both_units(facts: &mut Facts, name: &str, bytes: Bytes, source: &str) {
    let source = format!("{source}: {} bytes", bytes.0);
    facts.add(&format!("{name}-gib"), Fact::rounded(bytes.in_gib(), bytes.0, source.clone()));
    facts.add(&format!("{name}-gb"), Fact::rounded(bytes.in_gb(), bytes.0, source));
}

/// SmolLM2's own cache after it has read a sentence, and what the formula says.
fn of_the_model(facts: &mut Facts, measured: Option<&Measured<'_>>) -> Result<()> {
    let counted = measured
        .map(|m| -> Result<_> {
            let reading = m.reading("capital")?;
            let ids: Vec<u32> = reading.forward.tokens.iter().map(|token| token.id).collect();
            let mut decoder = Decoder::new(m.model);
            decoder.read(&ids)?;
            let config = m.model.config();
            let numbers = 2 * config.layers * config.kv_heads * config.head_dim;
            let formula = numbers * 4 * ids.len();
            Ok((decoder.cache_bytes().0 as usize, formula))
        })
        .transpose()?;
    let text = "“The capital of France is”";
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
fn experiments(facts: &mut Facts, measured: Option<&Measured<'_>>) -> Result<()> {
    let losses = measured.map(|m| losses(m.model)).transpose()?;
    let names = ["whole", "late", "window", "sinks", "pooled"];
    for (place, name) in names.into_iter().enumerate() {
        let source = "the mean surprise in nats, SmolLM2 on the story of the lighthouse";
        let fact = losses.map(|losses| Fact::decimals(losses[place], 2, source));
        facts.add_measured(&format!("cache.loss.{name}"), fact);
        let one_in = losses.map(|losses| {
            let one_in = losses[place].exp();
            Fact::rounded(significant(one_in), one_in, format!("the exponential of {source}"))
        });
        facts.add_measured(&format!("cache.one-in.{name}"), one_in);
    }
    let tokens = measured.map(|m| m.model.tokenizer().encode(STORY)).transpose()?;
    let tokens = tokens.map(|ids| Fact::count(ids.len(), "the story of the lighthouse"));
    facts.add_measured("cache.story-tokens", tokens);
    let sizes = measured.map(|m| {
        let config = m.model.config();
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
fn losses(model: &Model) -> Result<[f64; 5]> {
    let ids = model.tokenizer().encode(STORY)?;
    let loss = |from: usize, attend: &Attend<'_>| -> Result<f64> {
        Ok(mean(&surprises(&model.logits_by(&ids, attend)?, &ids)[from..]))
    };
    let kept = |sinks, window: usize| {
        let mask = Mask::Longformer { before: window - 1, after: 0, global: sinks };
        let causal = Mask::Causal.grid(ids.len(), ids.len());
        let grid = mask.grid(ids.len(), ids.len()).and(&causal)?;
        loss(KEPT, &|query: Tensor<4>, key: Tensor<4>, value: Tensor<4>| {
            let group = query.dims()[1] / key.dims()[1];
            let options = AttentionOptions { masks: vec![grid.clone()], ..Default::default() };
            let (key, value) = (repeat_kv(key, group), repeat_kv(value, group));
            Ok(attention_steps(query, key, value, options)?.output)
        })
    };
    let whole = model.surprise(&ids)?;
    let pooled = loss(0, &|query, key: Tensor<4>, value: Tensor<4>| {
        let (key, value) = (key.mean_dim(1), value.mean_dim(1));
        Ok(grouped_query_attention(query, key, value, Mask::Causal)?.output)
    })?;
    let (window, sinks) = (kept(0, KEPT)?, kept(SINKS, KEPT - SINKS)?);
    Ok([mean(&whole), mean(&whole[KEPT..]), window, sinks, pooled])
}

fn mean(numbers: &[f64]) -> f64 {
    numbers.iter().sum::<f64>() / numbers.len() as f64
}
