//! The tokenizer against an independent one, `tests/oracle/tokenize.py`, which wrote
//! `tests/oracle/tokens.json` from the same weights file.

use std::fs;
use std::sync::LazyLock;

use proptest::prelude::*;
use serde::Deserialize;
use smollm2::gguf::Gguf;
use smollm2::{Error, Tokenizer, locate};

static TOKENIZER: LazyLock<Tokenizer> = LazyLock::new(|| {
    let path = locate().unwrap_or_else(|error| panic!("{error}"));
    let bytes = fs::read(path).unwrap();
    Tokenizer::read(&Gguf::parse(&bytes).unwrap()).unwrap()
});

#[derive(Deserialize)]
struct Oracle {
    accepted: Vec<Case>,
    refused: Vec<String>,
}

#[derive(Deserialize)]
struct Case {
    text: String,
    ids: Vec<u32>,
}

static ORACLE: LazyLock<Oracle> =
    LazyLock::new(|| serde_json::from_str(include_str!("oracle/tokens.json")).unwrap());

#[test]
fn hundreds_of_texts_have_the_same_tokens() {
    assert!(ORACLE.accepted.len() >= 500, "{}", ORACLE.accepted.len());
    let mut wrong = Vec::new();
    for Case { text, ids } in &ORACLE.accepted {
        match TOKENIZER.encode(text) {
            Ok(ours) if ours == *ids => {}
            ours => wrong.push(format!("{text:?}: {ours:?}, not {ids:?}")),
        }
    }
    assert!(wrong.is_empty(), "{} texts differ:\n{}", wrong.len(), wrong.join("\n"));
    println!("{} texts have the same tokens", ORACLE.accepted.len());
}

#[test]
fn the_other_tokenizers_tokens_read_as_the_text() {
    for Case { text, ids } in &ORACLE.accepted {
        assert_eq!(TOKENIZER.decode(ids).unwrap(), *text);
    }
}

#[test]
fn what_cannot_be_spelled_is_refused_and_named() {
    assert!(!ORACLE.refused.is_empty());
    for text in &ORACLE.refused {
        let error = TOKENIZER.encode(text).unwrap_err();
        let Error::NoToken { character, offset } = error else { panic!("{text:?}: {error}") };
        assert!(text[offset..].starts_with(character), "{text:?}: {character:?} at {offset}");
        assert!(ORACLE.refused.contains(&text.clone()), "{text:?}");
    }
    assert_eq!(
        TOKENIZER.encode("ab\u{6}").unwrap_err().to_string(),
        "the text has '\\u{6}' at byte 2, and SmolLM2's vocabulary has no token for it: take it out"
    );
}

#[test]
fn tokens_read_as_their_text() {
    let token = |id| TOKENIZER.token(id).unwrap().text;
    assert_eq!(token(2644), " cat");
    assert_eq!(token(1), "<|im_start|>");
    assert_eq!(token(198), "\n");
    // An emoji is several tokens, and none is a whole character.
    let ids = TOKENIZER.encode("\u{1f431}").unwrap();
    assert!(ids.len() > 1);
    assert!(ids.iter().any(|&id| token(id).contains('\u{fffd}')));
    let bytes: Vec<String> = ids.iter().map(|&id| TOKENIZER.spelled(id).unwrap()).collect();
    assert!(bytes.iter().all(|part| part.starts_with('<') && part.ends_with('>')), "{bytes:?}");
    assert_eq!(bytes.join(" ").replace(['<', '>'], ""), "F0 9F 90 B1");
    assert!(TOKENIZER.encode("").unwrap().is_empty());
    assert!(matches!(TOKENIZER.token(49_152), Err(Error::OutOfRange { .. })));
    assert!(matches!(TOKENIZER.decode(&[0, u32::MAX]), Err(Error::OutOfRange { .. })));
    assert_eq!(TOKENIZER.vocabulary(), 49_152);
}

#[test]
fn every_token_can_be_read() {
    for id in 0..49_152 {
        let text = TOKENIZER.token(id).unwrap().text;
        let spelled = TOKENIZER.spelled(id).unwrap();
        assert!(!text.is_empty(), "{id}");
        assert!(!spelled.contains('\u{fffd}') || spelled == "\u{fffd}", "{id}: {spelled:?}");
        assert!(spelled == text || text.contains('\u{fffd}'), "{id}: {spelled:?}, not {text:?}");
    }
}

/// The text comes back exactly, or its first character without a token is named.
fn comes_back(text: &str) -> Result<(), TestCaseError> {
    let unspellable = |character: char| {
        let missing = [0x04, 0x06, 0x13, 0x14, 0x16, 0x1d, 0xf1, 0xf2];
        character.to_string().bytes().any(|byte| missing.contains(&byte))
    };
    let first = text.char_indices().find(|&(_, character)| unspellable(character));
    match (TOKENIZER.encode(text), first) {
        (Ok(ids), None) => prop_assert_eq!(TOKENIZER.decode(&ids).unwrap(), text),
        (Err(Error::NoToken { character, offset }), Some(first)) => {
            prop_assert_eq!((offset, character), first);
        }
        (result, first) => prop_assert!(false, "{:?}: {:?}, {:?}", text, result, first),
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_comes_back(text in any::<String>()) {
        comes_back(&text)?;
    }

    #[test]
    fn plain_text_comes_back(text in "[ -~\t\n\r]{0,200}") {
        comes_back(&text)?;
    }

    #[test]
    fn mixed_text_comes_back(
        parts in prop::collection::vec(
            prop_oneof!["[a-z' ]{1,9}", "[0-9]{1,5}", "\\s{1,5}", "\\PC{1,5}", "<\\|im_(start|end)\\|>"],
            0..12,
        )
    ) {
        comes_back(&parts.concat())?;
    }

    #[test]
    fn any_tokens_can_be_read(ids in prop::collection::vec(any::<u32>(), 0..8)) {
        let known = ids.iter().all(|&id| id < 49_152);
        prop_assert_eq!(TOKENIZER.decode(&ids).is_ok(), known);
    }
}
