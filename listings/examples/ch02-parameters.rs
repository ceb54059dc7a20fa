//! Chapter 2: what attention learns, counted.
//!
//! Watch the last line of each block: attention learns four matrices, not three. In SmolLM2
//! the keys and values are three times narrower than the queries, for three heads share them.
//! GPT-3's figures follow from its published sizes; SmolLM2's are counted in the file.

use anyhow::{Context, Result};
use attention::cost::Kind;
use attention::presets::{Preset, preset};
use inputs::projections::{W_K, W_O, W_Q, W_V};
use listings::terminal::print;
use smollm2::gguf::Gguf;

/// A matrix: its name, and how many numbers go in and come out.
type Matrix = (&'static str, [u64; 2]);

fn main() -> Result<()> {
    let file = std::fs::read(smollm2::locate()?)?;
    let file = Gguf::parse(&file)?;

    let toy = [("W_Q", size(&W_Q)), ("W_K", size(&W_K)), ("W_V", size(&W_V)), ("W_O", size(&W_O))];
    let mut text = format!("the toy of the stepper\n{}", table(&toy));
    text += &format!("\nSmolLM2-135M, one layer\n{}", table(&layer(&file, 0)?));

    let layers = (0..).take_while(|number| layer(&file, *number).is_ok());
    let layers: Vec<[Matrix; 4]> =
        layers.map(|number| layer(&file, number)).collect::<Result<_>>()?;
    let attention: u64 = layers.iter().map(|layer| learned(layer)).sum();
    let all = all_parameters(&file)?;
    text += &format!("\nSmolLM2-135M, all {} layers\n", layers.len());
    text += &format!("{:<26}{attention:>12}\n{:<26}{all:>12}\n", "attention", "the whole model");
    text += &format!("attention's part{:>21.1}%\n", 100.0 * attention as f64 / all as f64);
    text += &format!("biases in attention{:>19}\n", biases(&file));

    let gpt3 = preset("GPT-3 175B").context("the library has its sizes")?;
    let large = sized(gpt3).context("its heads are all alike")?;
    text += &format!("\nGPT-3, one layer\n{}", table(&large));
    let all = gpt3.shape.layers * learned(&large);
    text += &format!("\nGPT-3, all {} layers\n{:<22}{all:>16}\n", gpt3.shape.layers, "attention");
    print(&text)?;
    Ok(())
}

/// How many numbers go into a typed matrix and come out.
fn size<const IN: usize, const OUT: usize>(_: &[[f32; OUT]; IN]) -> [u64; 2] {
    [IN as u64, OUT as u64]
}

// ANCHOR: count
/// The four matrices of a layer, as the file lists them: `[in, out]`.
fn layer(file: &Gguf<'_>, number: usize) -> Result<[Matrix; 4]> {
    let shape = |part: &str| -> Result<[u64; 2]> {
        let info = file.tensor(&format!("blk.{number}.attn_{part}.weight"))?;
        Ok(info.shape.as_slice().try_into()?)
    };
    Ok([
        ("W_Q", shape("q")?),
        ("W_K", shape("k")?),
        ("W_V", shape("v")?),
        ("W_O", shape("output")?),
    ])
}

/// The four matrices of a layer, from a model's sizes: `[in, out]`.
fn sized(model: &Preset) -> Option<[Matrix; 4]> {
    let Kind::Grouped { kv_heads, head_dim } = model.shape.kind else { return None };
    let (d_model, wide) = (model.shape.d_model, model.shape.heads * head_dim);
    let narrow = kv_heads * head_dim;
    Some([
        ("W_Q", [d_model, wide]),
        ("W_K", [d_model, narrow]),
        ("W_V", [d_model, narrow]),
        ("W_O", [wide, d_model]),
    ])
}

/// Each number of a matrix is learned.
fn learned(matrices: &[Matrix]) -> u64 {
    matrices.iter().map(|(_, [inputs, outputs])| inputs * outputs).sum()
}
// ANCHOR_END: count

fn all_parameters(file: &Gguf<'_>) -> Result<u64> {
    let mut sum = 0;
    for name in file.tensor_names() {
        sum += file.tensor(name)?.shape.iter().product::<u64>();
    }
    Ok(sum)
}

fn biases(file: &Gguf<'_>) -> usize {
    file.tensor_names().filter(|name| name.contains("attn") && name.ends_with("bias")).count()
}

fn table(matrices: &[Matrix]) -> String {
    let all = learned(matrices);
    let mut text = format!("{:<6}{:>8}{:>8}{:>12}{:>8}\n", "", "in", "out", "learned", "part");
    for (name, [inputs, outputs]) in matrices {
        let part = 100.0 * (inputs * outputs) as f64 / all as f64;
        text += &format!("{name:<6}{inputs:>8}{outputs:>8}{:>12}{part:>7.1}%\n", inputs * outputs);
    }
    let three = learned(&matrices[..3]);
    text + &format!("without W_O {three:>22}\nwith W_O {all:>25}\n")
}
