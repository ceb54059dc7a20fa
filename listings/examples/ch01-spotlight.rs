//! Chapter 1: a real model reads your sentence.
//!
//! Prints one head of SmolLM2-135M as a map: a row for each token that looks, a column for each
//! token that is looked at. Watch the row of "it": where does layer 13, head 8 look?

use anyhow::{Context, Result};
use clap::Parser;
use inputs::{heads, texts};
use listings::terminal::{print, shaded, share, word};
use smollm2::{Forward, Model};

/// Shows what one head of SmolLM2-135M looks at. Layers, heads and tokens count from 0.
#[derive(Parser)]
struct Options {
    /// The text that the model reads
    #[arg(default_value = texts::CAT)]
    text: String,
    /// The layer, 0 to 29
    #[arg(long, default_value_t = heads::NOUN.0)]
    layer: usize,
    /// The query head of the layer, 0 to 8
    #[arg(long, default_value_t = heads::NOUN.1)]
    head: usize,
    /// Show only where this word looks (its last occurrence)
    #[arg(long, conflicts_with = "json")]
    query: Option<String>,
    /// Print every head's weights and the next-token logits as one JSON object
    #[arg(long)]
    json: bool,
}

fn main() -> Result<()> {
    let options = Options::parse();
    // ANCHOR: read
    let model = Model::open(&smollm2::locate()?)?;
    let forward = model.run(&options.text)?;
    // ANCHOR_END: read
    // Asking for one weight checks the layer and the head.
    forward.weight(options.layer, options.head, 0, 0)?;

    let text = match &options.query {
        _ if options.json => json(&forward),
        Some(query) => row(&forward, &options, query)?,
        None => map(&forward, &options),
    };
    print(&text)?;
    Ok(())
}

// ANCHOR: row
/// Where one word looks: a line for each token that it can see.
fn row(forward: &Forward, options: &Options, query: &str) -> Result<String> {
    let words: Vec<String> = forward.tokens.iter().map(|token| word(&token.text)).collect();
    let place = words
        .iter()
        .rposition(|word| word == query)
        .with_context(|| format!("no token `{query}` among: {}", words.join(" | ")))?;

    let mut text = String::new();
    for (key, word) in words.iter().enumerate().take(place + 1) {
        let weight = forward.weight(options.layer, options.head, place, key)?;
        let bar = "█".repeat((weight * 40.0).round() as usize);
        text += format!("{word:>10}  {:>4}  {bar}", share(weight)).trim_end();
        text += "\n";
    }
    Ok(text)
}
// ANCHOR_END: row

/// The whole map of one head. Tokens that come later are left blank.
fn map(forward: &Forward, options: &Options) -> String {
    let words: Vec<String> = forward.tokens.iter().map(|token| word(&token.text)).collect();
    let wide = |word: &String| word.chars().count();
    let margin = words.iter().map(wide).max().unwrap_or(0);
    let weights = &forward.attention()[options.layer][options.head];

    let mut text = format!("layer {}, head {}\n{:margin$}", options.layer, options.head, "");
    for word in &words {
        text += &format!(" {word:>width$}", width = wide(word).max(4));
    }
    text += "\n";
    for (query, row) in weights.iter().enumerate() {
        text += &format!("{:>margin$}", words[query]);
        for (key, weight) in row.iter().enumerate().take(query + 1) {
            let width = wide(&words[key]).max(4);
            text += " ";
            text += &shaded(&format!("{:>width$}", share(*weight)), *weight);
        }
        text += "\n";
    }
    text
}

/// Everything, for scripts and for comparison with other implementations.
fn json(forward: &Forward) -> String {
    let tokens: Vec<_> = forward
        .tokens
        .iter()
        .map(|token| serde_json::json!({ "id": token.id, "text": token.text }))
        .collect();
    let all = serde_json::json!({
        "text": forward.text,
        "tokens": tokens,
        "attention": forward.attention(),
        "logits": forward.logits,
    });
    format!("{all}\n")
}
