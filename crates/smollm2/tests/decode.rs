//! A text read through the cache gives the logits of the text read at once.

use std::sync::LazyLock;

use attention::units::Bytes;
use smollm2::{Decoder, Error, Model, locate};

static MODEL: LazyLock<Model> = LazyLock::new(|| {
    let path = locate().unwrap_or_else(|error| panic!("{error}"));
    Model::open(&path).unwrap_or_else(|error| panic!("{error}"))
});

const CAT: &str = "The cat sat on the mat because it was tired";

fn ids(text: &str) -> Vec<u32> {
    MODEL.tokenizer().encode(text).unwrap()
}

/// The largest difference, as a share of the range of the logits.
fn difference(found: &[f32], expected: &[f32]) -> f32 {
    assert_eq!(found.len(), expected.len());
    let lowest = expected.iter().copied().fold(f32::INFINITY, f32::min);
    let highest = expected.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let largest = found.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    largest / (highest - lowest)
}

#[test]
fn token_by_token_equals_the_full_pass_after_every_token() {
    let ids = ids(CAT);
    let mut decoder = Decoder::new(&MODEL);
    assert!(decoder.is_empty());
    let mut largest = 0.0_f32;
    for (place, id) in ids.iter().enumerate() {
        let logits = decoder.read(&[*id]).unwrap();
        let full = MODEL.run_tokens(&ids[..=place]).unwrap().logits;
        largest = largest.max(difference(&logits, &full));
        assert_eq!(decoder.len(), place + 1);
    }
    println!("decoding the cat: logits within {largest:.1e} of their range");
    assert!(largest <= 2e-5, "{largest}");
    // 30 layers, keys and values, 3 heads of 64 numbers of 4 bytes: 46,080 bytes a token.
    assert_eq!(decoder.cache_bytes(), Bytes(46_080 * ids.len() as u64));
}

#[test]
fn chunks_equal_the_full_pass() {
    let ids = ids(CAT);
    let full = MODEL.run(CAT).unwrap().logits;
    for cut in [1, 4, ids.len() - 1] {
        let mut decoder = Decoder::new(&MODEL);
        decoder.read(&ids[..cut]).unwrap();
        let error = difference(&decoder.read(&ids[cut..]).unwrap(), &full);
        println!("{cut} tokens, then the rest: logits within {error:.1e} of their range");
        assert!(error <= 2e-5, "{error}");
    }
}

/// Longer than a map could be: read in pieces, wherever the pieces end.
#[test]
fn a_long_text_does_not_depend_on_its_pieces() {
    let text = CAT.repeat(60);
    let ids = &ids(&text)[..600];
    let mut whole = Decoder::new(&MODEL);
    let expected = whole.read(ids).unwrap();
    let mut halves = Decoder::new(&MODEL);
    halves.read(&ids[..290]).unwrap();
    let error = difference(&halves.read(&ids[290..]).unwrap(), &expected);
    println!("600 tokens: logits within {error:.1e} of their range");
    assert!(error <= 1e-4, "{error}");
    assert_eq!(whole.len(), 600);
}

#[test]
fn bad_input_is_an_error_and_leaves_the_text_alone() {
    let mut decoder = Decoder::new(&MODEL);
    let ids = ids(CAT);
    decoder.read(&ids[..4]).unwrap();
    assert!(matches!(decoder.read(&[]), Err(Error::EmptyText)));
    assert_eq!(
        decoder.read(&[ids[4], 49_152]).unwrap_err().to_string(),
        "there is no token 49152: they count from 0 and there are 49152"
    );
    let message = decoder.read(&[1; 8189]).unwrap_err().to_string();
    assert!(message.contains("8193 tokens, and at most 8192"), "{message}");
    assert_eq!(decoder.len(), 4);
    let error = difference(&decoder.read(&ids[4..]).unwrap(), &MODEL.run(CAT).unwrap().logits);
    assert!(error <= 2e-5, "{error}");
}
