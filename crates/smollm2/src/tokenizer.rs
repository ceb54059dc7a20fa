//! The tokenizer: text to tokens, and back.
//!
//! SmolLM2 uses byte-level byte-pair encoding, as GPT-2 does (Sennrich, Haddow and Birch, *Neural
//! Machine Translation of Rare Words with Subword Units*, 2016; Radford et al., *Language Models
//! are Unsupervised Multitask Learners*, 2019, section 2.2):
//!
//! 1. Special tokens such as `<|im_start|>` are cut out whole, as in the original.
//! 2. Each digit stands alone. The rest is cut into words, a word with the space before it.
//! 3. A word's bytes are merged, pair by pair, in the order in which the merges were learned.
//!
//! The algorithm is that of the `tokenizers` library, which the model's authors used. The
//! vocabulary and the merges are those of the weights file.

use tokenizers::decoders::DecoderWrapper;
use tokenizers::models::bpe::{BPE, Vocab};
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::digits::Digits;
use tokenizers::pre_tokenizers::sequence::Sequence;
use tokenizers::{AddedToken, PreTokenizerWrapper};

use crate::Error;
use crate::gguf::{Gguf, Value};

const TOKENS: &str = "tokenizer.ggml.tokens";
const TOKEN_TYPE: &str = "tokenizer.ggml.token_type";
const MERGES: &str = "tokenizer.ggml.merges";

/// A word, a piece of a word, or a mark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Its number in the vocabulary.
    pub id: u32,
    /// Its text, with the space before it: `" cat"`. A token may be a part of a character, such
    /// as one byte of an emoji; such a token reads `"\u{fffd}"`.
    pub text: String,
}

/// Turns text into tokens and back.
pub struct Tokenizer {
    bpe: tokenizers::Tokenizer,
    vocabulary: usize,
}

impl Tokenizer {
    /// Builds the tokenizer from the vocabulary and the merges in `file`.
    ///
    /// # Errors
    /// [`Error::MissingKey`] and [`Error::Setting`] when the file asks for another tokenizer;
    /// [`Error::Vocabulary`] when its lists do not fit together.
    pub fn read(file: &Gguf<'_>) -> Result<Self, Error> {
        expect(file, "tokenizer.ggml.model", "gpt2")?;
        expect(file, "tokenizer.ggml.pre", "smollm")?;
        for key in ["add_space_prefix", "add_bos_token", "add_eos_token"] {
            refuse(file, &format!("tokenizer.ggml.{key}"))?;
        }

        let tokens = file.texts(TOKENS)?;
        let model = BPE::builder()
            .vocab_and_merges(vocabulary(tokens)?, merges(file)?)
            .build()
            .map_err(|problem| vocabulary_error(MERGES, problem.to_string()))?;
        // Digits::new(true): each digit alone. ByteLevel::new(no space in front, offsets as the
        // original has them, cut by GPT-2's regular expression).
        let words = ByteLevel::new(false, true, true);
        let cuts = [PreTokenizerWrapper::from(Digits::new(true)), words.into()];

        let mut bpe = tokenizers::Tokenizer::new(model);
        bpe.with_pre_tokenizer(Some(Sequence::new(cuts.into())));
        bpe.with_decoder(Some(DecoderWrapper::from(words)));
        bpe.add_special_tokens(&special_tokens(file, tokens)?);
        Ok(Tokenizer { bpe, vocabulary: tokens.len() })
    }

    /// The tokens of a text, none added at its start or end. [`decode`](Self::decode) gives the
    /// text back exactly.
    ///
    /// # Errors
    /// [`Error::NoToken`] when a character has a byte that the vocabulary does not have: of
    /// UTF-8's bytes SmolLM2's lacks six control characters, and those that begin the unused
    /// planes from U+40000 to U+BFFFF. The original leaves such bytes out without a word.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>, Error> {
        let ids = self.ids(text)?;
        if self.decode(&ids)? == text {
            return Ok(ids);
        }
        for (offset, character) in text.char_indices() {
            let alone = character.to_string();
            if self.decode(&self.ids(&alone)?)? != alone {
                return Err(Error::NoToken { character, offset });
            }
        }
        Err(vocabulary_error(TOKENS, "its tokens do not spell what they stand for"))
    }

    fn ids(&self, text: &str) -> Result<Vec<u32>, Error> {
        match self.bpe.encode_fast(text, false) {
            Ok(encoding) => Ok(encoding.get_ids().to_vec()),
            Err(problem) => Err(vocabulary_error(TOKENS, problem.to_string())),
        }
    }

    /// The text of some tokens, special tokens included. Bytes that are not UTF-8, as when a
    /// character is cut in two, become U+FFFD.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] when a token is not in the vocabulary.
    pub fn decode(&self, ids: &[u32]) -> Result<String, Error> {
        let count = self.vocabulary;
        if let Some(&id) = ids.iter().find(|&&id| id as usize >= count) {
            return Err(Error::OutOfRange { what: "token", index: id as usize, count });
        }
        let text = self.bpe.decode(ids, false);
        text.map_err(|problem| vocabulary_error(TOKENS, problem.to_string()))
    }

    /// A token with its text.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] when it is not in the vocabulary.
    pub fn token(&self, id: u32) -> Result<Token, Error> {
        Ok(Token { id, text: self.decode(&[id])? })
    }

    /// A token as a page shows it: its text or, where it is a part of a character, its bytes in
    /// hexadecimal: `<F0 9F>`. No token of the vocabulary has such a text.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] when it is not in the vocabulary.
    pub fn spelled(&self, id: u32) -> Result<String, Error> {
        let text = self.token(id)?.text;
        if !text.contains(char::REPLACEMENT_CHARACTER) {
            return Ok(text);
        }
        let bytes: Vec<u8> =
            self.bpe.id_to_token(id).unwrap_or_default().chars().filter_map(byte).collect();
        Ok(String::from_utf8(bytes).unwrap_or_else(|part| {
            let bytes: Vec<String> =
                part.as_bytes().iter().map(|byte| format!("{byte:02X}")).collect();
            format!("<{}>", bytes.join(" "))
        }))
    }

    /// How many tokens there are.
    pub fn vocabulary(&self) -> usize {
        self.vocabulary
    }
}

/// The byte that a character of the vocabulary stands for. GPT-2 writes a byte as the character of
/// its number where that can be seen, and numbers the other bytes from 256 on.
fn byte(character: char) -> Option<u8> {
    let seen = |byte: &u8| matches!(byte, b'!'..=b'~' | 0xa1..=0xac | 0xae..);
    match u32::from(character).checked_sub(0x100) {
        Some(place) => (0..=u8::MAX).filter(|byte| !seen(byte)).nth(place as usize),
        None => u8::try_from(character).ok(),
    }
}

fn expect(file: &Gguf<'_>, key: &str, wanted: &str) -> Result<(), Error> {
    match file.text(key)? {
        found if found == wanted => Ok(()),
        found => {
            let problem = format!("is \"{found}\", and only \"{wanted}\" is known");
            Err(Error::Setting { key: key.to_owned(), problem })
        }
    }
}

fn refuse(file: &Gguf<'_>, key: &str) -> Result<(), Error> {
    match file.get(key) {
        None | Some(Value::Bool(false)) => Ok(()),
        Some(_) => {
            let problem = "is not false, as it is for SmolLM2".to_owned();
            Err(Error::Setting { key: key.to_owned(), problem })
        }
    }
}

fn vocabulary(tokens: &[&str]) -> Result<Vocab, Error> {
    let ids: Vocab = tokens.iter().map(|token| token.to_string()).zip(0..).collect();
    if ids.len() == tokens.len() {
        return Ok(ids);
    }
    Err(vocabulary_error(TOKENS, "a token is there twice"))
}

/// Each merge is written as its two halves with a space between.
fn merges(file: &Gguf<'_>) -> Result<Vec<(String, String)>, Error> {
    let halves = |merge: &&str| match merge.split_once(' ') {
        Some((left, right)) => Ok((left.to_owned(), right.to_owned())),
        None => Err(vocabulary_error(MERGES, format!("the merge {merge:?} has no two halves"))),
    };
    file.texts(MERGES)?.iter().map(halves).collect()
}

fn special_tokens(file: &Gguf<'_>, tokens: &[&str]) -> Result<Vec<AddedToken>, Error> {
    const NORMAL: i32 = 1;
    const CONTROL: i32 = 3;
    let Some(Value::Integers(types)) = file.get(TOKEN_TYPE) else {
        return Err(vocabulary_error(TOKEN_TYPE, "it is not a list of 32-bit numbers"));
    };
    if types.len() != tokens.len() {
        let problem = format!("it has {} entries for {} tokens", types.len(), tokens.len());
        return Err(vocabulary_error(TOKEN_TYPE, problem));
    }
    let mut special = Vec::new();
    for (&token, &kind) in tokens.iter().zip(types) {
        match kind {
            NORMAL => {}
            CONTROL => special.push(AddedToken::from(token, true)),
            _ => {
                let problem = format!("the token {token:?} is of type {kind}, not 1 or 3");
                return Err(vocabulary_error(TOKEN_TYPE, problem));
            }
        }
    }
    Ok(special)
}

fn vocabulary_error(key: &'static str, problem: impl Into<String>) -> Error {
    Error::Vocabulary { key, problem: problem.into() }
}
