//! Chapter 3, the score matrix.

use anyhow::{Context, Result};
use attention::cost::Precision;
use attention::presets::preset;
use attention::units::Bytes;
use attention::{Mask, MaskGrid};
use inputs::flash::SEQ as TOKENS;
use inputs::kv_cache;
use inputs::masks::{PACKED_LENGTH, PACKED_TOKENS};
use widgets::show::signed;
use widgets::square::{Square, Steps};

use super::Facts;
use crate::fact::Fact;
use crate::memoised_model::MemoisedModel;
use crate::score_matrices::{CAT, MATRIX_HEADS, SHORT, UnmaskedText};
use crate::stills::Work;

/// A length that today's models read.
const MANY_TOKENS: usize = kv_cache::TOKENS as usize;

/// Adds the facts of chapter 3.
pub(super) fn add(facts: &mut Facts, model: Option<&MemoisedModel>) -> Result<()> {
    toy(facts)?;
    sizes(facts, model)?;
    masks(facts);
    level(facts)?;
    let sink = model.map(|model| UnmaskedText::read(model, SHORT, false)?.matrix(&MATRIX_HEADS[3]));
    facts.add_measured("matrix.gap", sink.transpose()?.as_ref().map(gap));
    let square = model
        .map(|model| UnmaskedText::read(model, SHORT, false)?.matrix(&MATRIX_HEADS[0]))
        .transpose()?;
    real(facts, square.as_ref())
}

fn toy(facts: &mut Facts) -> Result<()> {
    let square = CAT.matrix()?;
    let (open, masked) = (square.steps(Mask::Full), square.steps(Mask::Causal));
    let place = |name: &str| place(&square, name);
    let (the, cat, sat, down) = (place("The")?, place("cat")?, place("sat")?, place("down")?);
    let source = "the made-up vectors of ch03-score-matrix";
    for (name, steps, key) in [
        ("matrix.toy-the", &open, the),
        ("matrix.toy-cat", &open, cat),
        ("matrix.toy-sat", &open, sat),
        ("matrix.toy-the-masked", &masked, the),
        ("matrix.toy-cat-masked", &masked, cat),
        ("matrix.toy-sat-masked", &masked, sat),
    ] {
        facts.add(name, Fact::share(steps.weights[sat][key], source));
    }
    let column = |key: usize| open.weights.iter().map(|row| row[key]).sum();
    facts.add("matrix.toy-cat-column", Fact::share(column(cat), source));
    facts.add("matrix.toy-sat-column", Fact::share(column(sat), source));
    facts.add("matrix.toy-sat-to-cat", score(open.raw[sat][cat], source));
    facts.add("matrix.toy-cat-to-sat", score(open.raw[cat][sat], source));
    facts.add("matrix.toy-lowest-row", Fact::share(open.weights[cat][cat], source));
    facts.add("matrix.toy-cat-to-cat", score(open.raw[cat][cat], source));
    let kept = 1.0 - open.weights[sat][down];
    facts.add("matrix.toy-kept", Fact::share(kept, source));
    Ok(())
}

fn real(facts: &mut Facts, square: Option<&Square>) -> Result<()> {
    let (layer, head) = MATRIX_HEADS[0].head;
    let source = format!("SmolLM2, layer {layer}, head {head}, in “{SHORT}”");
    let steps = square.map(|square| (square.steps(Mask::Causal), square.steps(Mask::Full)));
    type Of = fn(&Steps, [usize; 2]) -> Fact;
    let scaled: Of = |steps, [query, key]| score(steps.scaled[query][key], "");
    let weight: Of = |steps, [query, key]| Fact::share(steps.weights[query][key], "");
    let hidden = format!("{source}, before the mask");
    // Place 0 is “The”, place 4 “the”.
    for (name, of, pair, words, masked) in [
        ("matrix.sat-cat", weight, [2, 1], ["sat", "cat"], true),
        ("matrix.the-first-score", scaled, [4, 0], ["the", "The"], true),
        ("matrix.the-first-weight", weight, [4, 0], ["the", "The"], true),
        ("matrix.mat-first-score", scaled, [5, 0], ["mat", "The"], true),
        ("matrix.mat-first-weight", weight, [5, 0], ["mat", "The"], true),
        ("matrix.the-cat-score", scaled, [4, 1], ["the", "cat"], true),
        ("matrix.sat-cat-score", scaled, [2, 1], ["sat", "cat"], true),
        ("matrix.cat-sat-score", scaled, [1, 2], ["cat", "sat"], false),
    ] {
        let fact = square.zip(steps.as_ref()).map(|(square, (with, without))| -> Result<Fact> {
            for (place, word) in pair.into_iter().zip(words) {
                let found = widgets::show::word(&square.tokens[place]);
                anyhow::ensure!(found == word, "{name}: token {place} is `{found}`, not `{word}`");
            }
            let mut fact = of(if masked { with } else { without }, pair);
            fact.source = if masked { source.clone() } else { hidden.clone() };
            Ok(fact)
        });
        facts.add_measured(name, fact.transpose()?);
    }
    let column = steps.as_ref().map(|(with, _)| with.weights.iter().map(|row| row[1]).sum());
    facts.add_measured("matrix.cat-column", column.map(|sum| Fact::share(sum, source.as_str())));
    Ok(())
}

fn sizes(facts: &mut Facts, model: Option<&MemoisedModel>) -> Result<()> {
    let bytes = |tokens: usize| -> Result<Bytes> {
        let row = Precision::Fp16.vector_bits(tokens as u64)? / 8;
        Ok(Bytes(row) * tokens as u64)
    };
    let source = "the square of the number of tokens, at 16 bits a number";
    facts.add("matrix.tokens", Fact::count(TOKENS, "a length that the text chose"));
    facts.add("matrix.entries", Fact::count(TOKENS * TOKENS, "the square of the tokens"));
    facts.add("matrix.visible", Fact::count(TOKENS * (TOKENS + 1) / 2, "the lower triangle"));
    facts.add("matrix.one-head", Fact::text(bytes(TOKENS)?.in_gib(), source));
    facts.add("matrix.many-tokens", Fact::count(MANY_TOKENS, "a length that the text chose"));
    facts.add("matrix.one-head-many", Fact::text(bytes(MANY_TOKENS)?.in_gib(), source));
    let all = model.map(|model| model.config().layers * model.config().heads);
    let all = all.map(|maps| Ok(bytes(TOKENS)? * maps as u64)).transpose();
    let all = all.map_err(|error: anyhow::Error| error)?;
    facts.add_measured("matrix.all-heads", all.map(|all| Fact::text(all, source)));
    Ok(())
}

/// The length at which the score matrix costs as much as the projections.
fn level(facts: &mut Facts) -> Result<()> {
    let shape = &preset("SmolLM2-135M").context("the library has its sizes")?.shape;
    let level = Work::new(shape)?.level();
    facts.add("matrix.level", Fact::count(level as usize, "the sizes of SmolLM2-135M"));
    Ok(())
}

/// How far the scaled scores of "The" and "cat" lie apart in the row of "sat", in the head that
/// looks at the first token.
fn gap(sink: &Square) -> Fact {
    let (layer, head) = MATRIX_HEADS[3].head;
    let row = &sink.steps(Mask::Causal).scaled[2];
    let source = format!("SmolLM2, layer {layer}, head {head}, the row of “sat” in “{SHORT}”");
    Fact::decimals(f64::from(row[0] - row[1]), 1, source)
}

/// The masks of `ch03-masks`, counted.
fn masks(facts: &mut Facts) {
    let (tokens, length) = (PACKED_TOKENS, PACKED_LENGTH);
    let causal = Mask::Causal.grid(tokens, tokens);
    let same_text = |query, key| (query < length) == (key < length);
    let packed = causal.and(&MaskGrid::from_fn(tokens, tokens, same_text));
    let packed = packed.expect("two masks of one size").count();
    let source = "the masks of ch03-masks";
    facts.add("masks.all", Fact::count(tokens * tokens, source));
    facts.add("masks.packed", Fact::count(packed, source));
}

fn place(square: &Square, word: &str) -> Result<usize> {
    square.tokens.iter().position(|token| token == word).with_context(|| format!("no `{word}`"))
}

/// A score with its sign and two decimals.
fn score(value: f32, source: &str) -> Fact {
    Fact::rounded(signed(value, 2), value, source)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Entry;

    /// What the listing printed is what the text says.
    #[test]
    fn the_facts_are_those_of_the_recorded_listing() {
        let mut facts = Facts::default();
        toy(&mut facts).unwrap();
        let shown = |name: &str| match facts.get(name) {
            Some(Entry::Known(fact)) => fact.shown.clone(),
            other => panic!("{name}: {other:?}"),
        };
        let recorded = |run: &str| {
            let root = env!("CARGO_MANIFEST_DIR");
            let path = format!("{root}/../../listings/output/ch03-score-matrix/{run}.txt");
            let text = std::fs::read_to_string(path).unwrap();
            let weights = text.split("weights").nth(1).unwrap();
            let row = weights.lines().find(|line| line.starts_with("sat ")).unwrap();
            row.split_whitespace().skip(1).map(str::to_owned).collect::<Vec<_>>()
        };
        let open = ["the", "cat", "sat"].map(|key| shown(&format!("matrix.toy-{key}")));
        assert_eq!(recorded("open")[..3], open);
        let masked = ["the", "cat", "sat"].map(|key| shown(&format!("matrix.toy-{key}-masked")));
        assert_eq!(recorded("causal")[..3], masked);
    }
}
