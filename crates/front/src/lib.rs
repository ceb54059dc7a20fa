//! The WebAssembly module of the front page and of chapters 1 and 2: only the door. What the widgets
//! are is in the crate `widgets`, whose `registry` says which are in this module.

#![cfg(target_arch = "wasm32")]

use wasm_bindgen::prelude::*;
use widgets::files::PageFile;
use widgets::gallery::Sentence;
use widgets::{registry, web};

#[wasm_bindgen(start)]
fn start() {
    web::start(&registry::FRONT);
}

/// One head's weights from a gallery file, `seq * (seq + 1) / 2` of them, row by row: for
/// checking that the page computes what native code does.
///
/// # Errors
/// When the file cannot be read or has no such layer or head.
#[wasm_bindgen]
pub fn weights(gallery: &[u8], layer: usize, head: usize) -> Result<Vec<f32>, String> {
    let sentence = Sentence::from_bytes(gallery).map_err(|error| error.to_string())?;
    if layer >= sentence.layers || head >= sentence.heads {
        return Err(format!("there is no layer {layer}, head {head}"));
    }
    Ok(sentence.weights(layer, head).concat())
}
