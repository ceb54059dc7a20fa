//! The model's sizes, read from the file's settings and checked.

use crate::Error;
use crate::gguf::{Gguf, Value};

/// The sizes of a model. For SmolLM2-135M the numbers in brackets.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Config {
    /// Layers, one after the other (30).
    pub layers: usize,
    /// Query heads in a layer (9).
    pub heads: usize,
    /// Key and value heads in a layer (3): each serves `heads / kv_heads` query heads.
    pub kv_heads: usize,
    /// Numbers that describe a token (576).
    pub d_model: usize,
    /// Numbers in a query, a key or a value (64): `d_model / heads`, and even.
    pub head_dim: usize,
    /// Numbers inside the feed-forward part of a layer (1536).
    pub d_ff: usize,
    /// Tokens that the model knows (49,152).
    pub vocabulary: usize,
    /// The longest text that the model was trained for, in tokens (8192).
    pub context: usize,
    /// Keeps RMSNorm from dividing by zero (1e-5).
    pub rms_epsilon: f32,
    /// The base of the rotary positions' wavelengths (100,000).
    pub rope_base: f32,
}

/// The settings of the model itself that this crate follows. To pass over any other could
/// give wrong numbers.
const KNOWN: [&str; 12] = [
    "llama.attention.head_count",
    "llama.attention.head_count_kv",
    "llama.attention.key_length",
    "llama.attention.layer_norm_rms_epsilon",
    "llama.attention.value_length",
    "llama.block_count",
    "llama.context_length",
    "llama.embedding_length",
    "llama.feed_forward_length",
    "llama.rope.dimension_count",
    "llama.rope.freq_base",
    "llama.vocab_size",
];

/// No size of a small model is larger. It keeps products of two sizes from overflowing.
const LARGEST: usize = 1 << 24;

impl Config {
    /// Reads the sizes of the model in `file`.
    ///
    /// # Errors
    /// [`Error::Architecture`] when it is no Llama; [`Error::MissingKey`] and
    /// [`Error::Setting`] when a setting is missing or cannot be.
    pub fn read(file: &Gguf<'_>) -> Result<Self, Error> {
        let architecture = file.text("general.architecture")?;
        if architecture != "llama" {
            return Err(Error::Architecture { found: architecture.to_owned() });
        }
        refuse_unknown(file)?;

        let heads = file.size("llama.attention.head_count")?;
        let d_model = file.size("llama.embedding_length")?;
        let config = Config {
            layers: file.size("llama.block_count")?,
            heads,
            kv_heads: file.size("llama.attention.head_count_kv")?,
            d_model,
            head_dim: d_model / heads,
            d_ff: file.size("llama.feed_forward_length")?,
            vocabulary: file.texts("tokenizer.ggml.tokens")?.len(),
            context: file.size("llama.context_length")?,
            rms_epsilon: file.positive("llama.attention.layer_norm_rms_epsilon")?,
            rope_base: file.positive("llama.rope.freq_base")?,
        };
        config.check(file)?;
        Ok(config)
    }

    fn check(&self, file: &Gguf<'_>) -> Result<(), Error> {
        if !self.d_model.is_multiple_of(self.heads) || !self.head_dim.is_multiple_of(2) {
            let (d_model, heads) = (self.d_model, self.heads);
            let problem = format!("is {d_model}: {heads} heads cannot have the same even share");
            return Err(setting("llama.embedding_length", problem));
        }
        if !self.heads.is_multiple_of(self.kv_heads) {
            let (heads, kv_heads) = (self.heads, self.kv_heads);
            let problem = format!("is {kv_heads}: {heads} query heads cannot share them evenly");
            return Err(setting("llama.attention.head_count_kv", problem));
        }
        // What the file says twice must agree.
        for (key, size) in [
            ("llama.attention.key_length", self.head_dim),
            ("llama.attention.value_length", self.head_dim),
            ("llama.rope.dimension_count", self.head_dim),
            ("llama.vocab_size", self.vocabulary),
        ] {
            if file.get(key).is_some() && file.size(key)? != size {
                let problem =
                    format!("is {}, and the rest of the file asks for {size}", file.size(key)?);
                return Err(setting(key, problem));
            }
        }
        Ok(())
    }
}

fn refuse_unknown(file: &Gguf<'_>) -> Result<(), Error> {
    match file.keys().find(|key| key.starts_with("llama.") && !KNOWN.contains(key)) {
        None => Ok(()),
        Some(key) => Err(setting(key, "is one that this crate does not follow")),
    }
}

fn setting(key: &str, problem: impl Into<String>) -> Error {
    Error::Setting { key: key.to_owned(), problem: problem.into() }
}

/// Settings by type: each says what is wrong with a value of another one.
impl<'a> Gguf<'a> {
    fn required(&self, key: &str) -> Result<&Value<'a>, Error> {
        self.get(key).ok_or_else(|| Error::MissingKey { key: key.to_owned() })
    }

    /// A text.
    ///
    /// # Errors
    /// [`Error::MissingKey`], or [`Error::Setting`] when the value is of another type.
    pub fn text(&self, key: &str) -> Result<&'a str, Error> {
        match self.required(key)? {
            Value::String(text) => Ok(text),
            _ => Err(setting(key, "is not a text")),
        }
    }

    /// A list of texts.
    ///
    /// # Errors
    /// [`Error::MissingKey`], or [`Error::Setting`] when the value is of another type.
    pub fn texts(&self, key: &str) -> Result<&[&'a str], Error> {
        match self.required(key)? {
            Value::Strings(texts) => Ok(texts),
            _ => Err(setting(key, "is not a list of texts")),
        }
    }

    /// A size: a whole number from 1 to 2^24.
    ///
    /// # Errors
    /// [`Error::MissingKey`], or [`Error::Setting`] when the value is something else.
    pub fn size(&self, key: &str) -> Result<usize, Error> {
        match *self.required(key)? {
            Value::Integer(size) if (1..=LARGEST as i128).contains(&size) => Ok(size as usize),
            Value::Integer(size) => {
                Err(setting(key, format!("is {size}, not a number from 1 to {LARGEST}")))
            }
            _ => Err(setting(key, "is not a whole number")),
        }
    }

    /// A number above zero that is finite.
    ///
    /// # Errors
    /// [`Error::MissingKey`], or [`Error::Setting`] when the value is something else.
    pub fn positive(&self, key: &str) -> Result<f32, Error> {
        match *self.required(key)? {
            Value::Float(number) if (number as f32).is_finite() && number as f32 > 0.0 => {
                Ok(number as f32)
            }
            Value::Float(number) => Err(setting(key, format!("is {number}, not above zero"))),
            _ => Err(setting(key, "is not a number with a fraction")),
        }
    }
}
