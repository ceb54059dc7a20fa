//! The WebAssembly module of chapters 3 to 6: only the door. What the widgets are is in
//! the crate `widgets`, whose `registry` says which are in this module.

#![cfg(target_arch = "wasm32")]

use wasm_bindgen::prelude::*;
use widgets::{registry, web};

#[wasm_bindgen(start)]
fn start() {
    web::start(&registry::EARLY);
}
