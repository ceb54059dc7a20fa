//! Chapter 6: five tokens, with the causal mask and without.
//!
//! Watch the first row: with the mask, "I" has nothing to look at but itself. Then watch how much of
//! each row is kept, and how much moves: what it had given to later tokens. An early row has more
//! of them, so it moves most. The vectors are made up.

use anyhow::Result;
use attention::{Mask, scaled_dot_product_attention, total_variation};
use burn::tensor::{Device, Tensor};
use inputs::causal_mask::{KEY, QUERY, TOKENS};
use listings::terminal::{print, shaded, share};

fn main() -> Result<()> {
    // ANCHOR: mask
    let device = Device::flex();
    // [batch, heads, seq, head_dim]: what each token looks for, and what each one offers.
    let query = Tensor::<4>::from_data([[QUERY]], &device);
    let key = Tensor::<4>::from_data([[KEY]], &device);
    let value = key.clone();

    let attend =
        |mask| scaled_dot_product_attention(query.clone(), key.clone(), value.clone(), mask);
    let (open, masked) = (attend(Mask::Full)?.weights, attend(Mask::Causal)?.weights);
    // For each row the share that the mask moves: [batch, heads, seq, 1].
    let moved = total_variation(open.clone(), masked.clone(), 3)?;
    // ANCHOR_END: mask

    let [open, masked] = [open, masked].map(rows);
    let moved: Vec<f32> = moved.into_data().iter().collect();

    let mut text = map("without a mask", &open, Mask::Full);
    text += &map("\nwith the causal mask", &masked, Mask::Causal);
    text += &format!("\n{:>8}{:>9}{:>9}\n", "", "kept", "moved");
    for (query, token) in TOKENS.iter().enumerate() {
        let kept: f32 = open[query][..=query].iter().sum();
        text += &format!("{token:>8}{:>9}{:>9}\n", share(kept), share(moved[query]));
    }
    print(&text)?;
    Ok(())
}

fn rows(weights: Tensor<4>) -> Vec<Vec<f32>> {
    let weights: Vec<f32> = weights.into_data().iter().collect();
    weights.chunks(TOKENS.len()).map(<[f32]>::to_vec).collect()
}

/// Who looks at whom. What the mask hides is a dot.
fn map(title: &str, weights: &[Vec<f32>], mask: Mask) -> String {
    let grid = mask.grid(TOKENS.len(), TOKENS.len());
    let mut text = format!("{title}\n{:8}", "");
    for token in TOKENS {
        text += &format!("{token:>9}");
    }
    text += "\n";
    for (query, row) in weights.iter().enumerate() {
        text += &format!("{:>8}", TOKENS[query]);
        for (key, weight) in row.iter().enumerate() {
            text += "  ";
            text += &match grid.sees(query, key) {
                true => shaded(&format!("{:>7}", share(*weight)), *weight),
                false => format!("{:>7}", "."),
            };
        }
        text += "\n";
    }
    text
}
