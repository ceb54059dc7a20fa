//! A text read through the cache gives the logits of the text read at once.

use attention::units::Bytes;
use inputs::texts::{CAPITAL, CAT, TROPHY_BIG};
use smollm2::{Decoder, Error};

use crate::real_model::MODEL;

fn ids(text: &str) -> Vec<u32> {
    MODEL.tokenizer().encode(text).unwrap()
}

/// The largest difference, as a share of the range of the logits.
fn difference(found: &[f32], expected: &[f32]) -> f32 {
    assert_eq!(found.len(), expected.len());
    let lowest = expected.iter().copied().fold(f32::INFINITY, f32::min);
    let highest = expected.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let error_or_nan = |worst: f32, error: f32| if error <= worst { worst } else { error };
    let largest = found.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, error_or_nan);
    largest / (highest - lowest)
}

/// Lengths of the pieces in which a text is read.
fn pieces(ids: &[u32], longest: usize) -> impl Iterator<Item = &[u32]> {
    let mut start = 0;
    // Longer and shorter in turn, and a tail.
    (0..).map_while(move |turn| {
        let end = ids.len().min(start + longest - turn % longest);
        let piece = (start < end).then(|| &ids[start..end]);
        start = end;
        piece
    })
}

/// After every piece the logits are those of the full pass over all tokens so far.
#[test]
fn any_pieces_equal_the_full_pass() {
    println!("SmolLM2-135M, logits against those of the full pass, as a part of their range:");
    println!("{:>6}  {:>14}  {:>7}", "tokens", "pieces of", "error");
    for text in ["The", CAPITAL, CAT, TROPHY_BIG] {
        let ids = ids(text);
        let full: Vec<Vec<f32>> =
            (1..=ids.len()).map(|end| MODEL.run_tokens(&ids[..end]).unwrap().logits).collect();
        for longest in [1, 3, 7].into_iter().filter(|&longest| longest <= ids.len()) {
            let mut decoder = Decoder::new(&MODEL);
            assert!(decoder.is_empty());
            let mut largest = 0.0_f32;
            for piece in pieces(&ids, longest) {
                let logits = decoder.read(piece).unwrap();
                largest = largest.max(difference(&logits, &full[decoder.len() - 1]));
            }
            assert_eq!(decoder.len(), ids.len());
            // 30 layers, keys and values, 3 heads of 64 numbers of 4 bytes: 46,080 bytes a token.
            assert_eq!(decoder.cache_bytes(), Bytes(46_080 * ids.len() as u64));
            println!("{:>6}  {:>14}  {largest:.1e}", ids.len(), format!("1 to {longest}"));
            assert!(largest <= 2e-5, "{text}: {largest}");
        }
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
