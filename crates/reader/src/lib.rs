//! The real model in the page: what a worker runs, and its door.
//!
//! The weights come in pieces of one file, in any order, are checked as a whole against the
//! checksum that the project knows, and are then read in place. The page's side is
//! `theme/root/reader/worker.js`.

use sha2::{Digest, Sha256};
use smollm2::Quantised;

use reading::{NAMED, Reading};

mod pieces;
#[cfg(target_arch = "wasm32")]
pub mod web;

pub use pieces::{Error, PIECE, Pieces};

/// The SHA-256 of some bytes, in lower-case hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    let mut digest = Sha256::new();
    // Little by little: a browser makes a function fast between two calls of it, and one call for
    // 98 MB takes ten times as long.
    bytes.chunks(1 << 14).for_each(|part| digest.update(part));
    digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Lets the model read a text, all tokens at once.
///
/// # Errors
/// Those of [`Quantised::read`].
pub fn read(model: &Quantised<'_>, text: &str) -> Result<Reading, smollm2::Error> {
    let read = model.read(text)?;
    let mut order: Vec<usize> = (0..read.logits.len()).collect();
    order.sort_by(|&a, &b| read.logits[b].total_cmp(&read.logits[a]));
    let tokens = read.tokens.iter().map(|token| model.tokenizer().spelled(token.id));
    let name = |&place: &usize| model.tokenizer().spelled(place as u32);
    let config = model.config();
    Ok(Reading {
        text: text.to_owned(),
        tokens: tokens.collect::<Result<_, _>>()?,
        layers: config.layers,
        heads: config.heads,
        kv_heads: config.kv_heads,
        head_dim: config.head_dim,
        d_model: config.d_model,
        scores: read.scores,
        one_by_one: None,
        query: read.query,
        key: read.key,
        value: read.value,
        named: order.iter().take(NAMED).map(name).collect::<Result<_, smollm2::Error>>()?,
        logits: order.iter().map(|&place| read.logits[place]).collect(),
    })
}

/// Lets the model read the text again, one token after the other. `told` hears after each how many
/// have been read.
///
/// # Errors
/// Those of [`Quantised::read_one_by_one`].
pub fn read_one_by_one(
    model: &Quantised<'_>,
    reading: &mut Reading,
    told: impl FnMut(usize),
) -> Result<(), smollm2::Error> {
    reading.one_by_one = Some(model.read_one_by_one(&reading.text, told)?);
    Ok(())
}
