//! Chapter 3: masks, drawn, and what they do to a row.
//!
//! A row a query, a column a key; `#` may be looked at. All scores are equal here, so each row
//! shares its attention equally among what it sees. Watch the last mask: its first row sees
//! nothing and gets zeros, which a softmax written down carelessly turns into NaN.

use anyhow::Result;
use attention::{AttentionOptions, Mask, MaskGrid, attention_steps};
use burn::tensor::{Device, Tensor};
use clap::Parser;
use clap::builder::RangedU64ValueParser;
use inputs::masks::{PACKED_LENGTH, PACKED_TOKENS};
use listings::terminal::{print, share};

/// Draws masks, counts what they leave visible, and shows the weights under equal scores.
#[derive(Parser)]
struct Options {
    /// Tokens in a row, 1 to 16
    #[arg(long, default_value_t = PACKED_TOKENS, value_parser = RangedU64ValueParser::<usize>::new().range(1..=16))]
    tokens: usize,
    /// How many of them are text: the rest is padding, or the second of two packed texts
    #[arg(long, default_value_t = PACKED_LENGTH)]
    length: usize,
}

fn main() -> Result<()> {
    let Options { tokens, length } = Options::parse();
    // ANCHOR: masks
    let full = Mask::Full.grid(tokens, tokens);
    let causal = Mask::Causal.grid(tokens, tokens);
    // One mask for each text of a batch; this batch has one text.
    let padding = MaskGrid::padding(&[length], tokens, tokens)?.remove(0);
    let text_only = causal.and(&padding)?;
    // Two texts in one row, of which neither sees the other.
    let same_text = |query, key| (query < length) == (key < length);
    let packed = causal.and(&MaskGrid::from_fn(tokens, tokens, same_text))?;
    let earlier = MaskGrid::from_fn(tokens, tokens, |query, key| key < query);
    // ANCHOR_END: masks

    let named = [
        ("full", full),
        ("causal", causal),
        ("padding", padding),
        ("causal and padding", text_only),
        ("causal, two packed texts", packed),
        ("earlier tokens only", earlier),
    ];
    let mut text = String::new();
    for (name, mask) in named {
        text += &drawing(name, mask)?;
    }
    print(&text)?;
    Ok(())
}

/// The mask, and beside each row its weights and their sum.
fn drawing(name: &str, mask: MaskGrid) -> Result<String> {
    let [rows, columns] = mask.dims();
    let all = rows * columns;
    let mut text = format!("{name}: {} of {all} visible\n", mask.count());
    let lines = mask.to_string();

    let equal = Tensor::<4>::zeros([1, 1, rows, 1], &Device::flex());
    let options = AttentionOptions { masks: vec![mask], ..Default::default() };
    let weights = attention_steps(equal.clone(), equal.clone(), equal, options)?.weights;
    let weights: Vec<f32> = weights.into_data().iter().collect();
    for (line, row) in lines.lines().zip(weights.chunks(columns)) {
        let shares: String = row.iter().map(|&weight| format!("{:>5}", share(weight))).collect();
        text += &format!("{line}  {shares}   sum {}\n", share(row.iter().sum()));
    }
    Ok(text + "\n")
}
