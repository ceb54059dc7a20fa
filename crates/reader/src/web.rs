//! The door between the worker's script and the model.

use smollm2::Quantised;
use wasm_bindgen::prelude::*;

use crate::Pieces;

fn message(error: impl std::error::Error) -> JsError {
    JsError::new(&error.to_string())
}

/// The weights on their way. See [`Pieces`].
#[wasm_bindgen]
pub struct Weights(Pieces);

#[wasm_bindgen]
impl Weights {
    /// Sets memory aside for the file of SmolLM2-135M.
    ///
    /// # Errors
    /// When there is not enough.
    #[wasm_bindgen(constructor)]
    pub fn new() -> Result<Weights, JsError> {
        let pieces = Pieces::new(smollm2::BYTES as usize, smollm2::SHA256);
        pieces.map(Weights).map_err(message)
    }

    /// See [`Pieces::count`].
    pub fn count(&self) -> usize {
        self.0.count()
    }

    /// See [`Pieces::put`].
    ///
    /// # Errors
    /// As [`Pieces::put`].
    pub fn put(&mut self, piece: usize, bytes: &[u8]) -> Result<(), JsError> {
        self.0.put(piece, bytes).map_err(message)
    }

    /// See [`Pieces::sha256`].
    ///
    /// # Errors
    /// As [`Pieces::sha256`].
    pub fn sha256(&self, piece: usize) -> Result<String, JsError> {
        self.0.sha256(piece).map_err(message)
    }

    /// Whether all is there and as expected.
    pub fn sound(&mut self) -> bool {
        self.0.check().is_ok()
    }

    /// See [`Pieces::model`].
    ///
    /// # Errors
    /// As [`Pieces::model`].
    pub fn model(self) -> Result<Model, JsError> {
        self.0.model().map(Model).map_err(message)
    }
}

/// The model, ready to read.
#[wasm_bindgen]
pub struct Model(Quantised<'static>);

#[wasm_bindgen]
impl Model {
    /// Reads a text, all tokens at once.
    ///
    /// # Errors
    /// When the text is empty, too long, or cannot be spelled.
    pub fn read(&self, text: &str) -> Result<Reading, JsError> {
        crate::read(&self.0, text).map(Reading).map_err(message)
    }

    /// Reads a text that was read, one token after the other. `told` is called after each with how
    /// many have been read, and how many there are.
    ///
    /// # Errors
    /// When the model computes what is not a number.
    pub fn read_one_by_one(&self, reading: &mut Reading, told: &Told) -> Result<(), JsError> {
        let total = reading.0.tokens.len();
        let told = |tokens| told.call(&JsValue::UNDEFINED, tokens, total);
        crate::read_one_by_one(&self.0, &mut reading.0, told).map_err(message)
    }
}

#[wasm_bindgen]
extern "C" {
    /// A function of the worker's script.
    pub type Told;

    /// Calls it, with `this` and two numbers.
    #[wasm_bindgen(method)]
    fn call(function: &Told, this: &JsValue, tokens: usize, total: usize);
}

/// What the model made of a text: see [`reading::Reading`].
#[wasm_bindgen]
pub struct Reading(reading::Reading);

#[wasm_bindgen]
impl Reading {
    /// The bytes for a widget.
    pub fn bytes(self) -> Vec<u8> {
        self.0.to_bytes()
    }
}
