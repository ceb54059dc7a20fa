//! Chapter 10, heads and the KV cache: sizes in bytes, for the source's example and real models.

use anyhow::{Context, Result};
use attention::cost::{Kind, Precision, Shape, Window};
use attention::presets::{PRESETS, preset};
use attention::units::Bytes;
use smollm2::Decoder;

use super::{Fact, Facts, Measured};

/// The example: 32 layers of 32 query heads of 128 numbers.
const LAYERS: u64 = 32;
const HEADS: u64 = 32;
const HEAD_DIM: u64 = 128;

/// 128 K tokens, which is 128 times 1024.
const TOKENS: u64 = 131_072;

/// Adds the figures of chapter 10.
pub(super) fn add(facts: &mut Facts, measured: Option<&Measured<'_>>) -> Result<()> {
    let plain = [
        ("cache.tokens", TOKENS),
        ("cache.layers", LAYERS),
        ("cache.heads", HEADS),
        ("cache.head-dim", HEAD_DIM),
        ("cache.d-model", HEADS * HEAD_DIM),
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
    }
    of_the_model(facts, measured)
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
