//! A prompt read in chunks gives the logits of the prompt read at once, whatever the chunks: long
//! ones, which take the fast attention, and short ones, which do not.

use attention::units::Bytes;
use inputs::texts::CAT;
use smollm2::Decoder;

use crate::real_model::MODEL;

/// 30 layers, keys and values, 3 heads of 64 numbers of 4 bytes.
const BYTES_A_TOKEN: u64 = 46_080;

fn prompt(tokens: usize) -> Vec<u32> {
    let text = format!("{CAT}. ").repeat(tokens / 8);
    MODEL.tokenizer().encode(&text).unwrap()[..tokens].to_vec()
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
fn chunks_of_any_length_equal_the_full_pass() {
    let ids = prompt(200);
    let full = MODEL.run_tokens(&ids).unwrap().logits;
    for chunk in [7, 63, 64, 65, 128, 200] {
        let mut decoder = Decoder::new(&MODEL);
        let mut logits = Vec::new();
        for piece in ids.chunks(chunk) {
            logits = decoder.read(piece).unwrap();
        }
        let error = difference(&logits, &full);
        println!("200 tokens in chunks of {chunk}: logits within {error:.1e} of their range");
        assert!(error <= 2e-5, "{error}");
        assert_eq!(decoder.len(), 200);
        assert_eq!(decoder.cache_bytes(), Bytes(200 * BYTES_A_TOKEN));
    }
}

#[test]
fn tokens_after_a_long_prompt_equal_the_full_pass() {
    let ids = prompt(140);
    let mut decoder = Decoder::new(&MODEL);
    decoder.read(&ids[..137]).unwrap();
    for place in 137..140 {
        let logits = decoder.read(&ids[place..=place]).unwrap();
        let full = MODEL.run_tokens(&ids[..=place]).unwrap().logits;
        let error = difference(&logits, &full);
        println!("token {place} after a prompt: logits within {error:.1e} of their range");
        assert!(error <= 2e-5, "{error}");
    }
}

#[test]
fn the_room_is_at_most_twice_what_was_held_when_it_grew() {
    let ids = prompt(40);
    let mut decoder = Decoder::new(&MODEL);
    assert_eq!(decoder.reserved_bytes(), Bytes(0));
    decoder.read(&ids[..10]).unwrap();
    assert_eq!(decoder.reserved_bytes(), Bytes(10 * BYTES_A_TOKEN));
    for (tokens, room) in [(11, 22), (22, 22), (23, 46)] {
        decoder.read(&ids[decoder.len()..tokens]).unwrap();
        assert_eq!(decoder.cache_bytes(), Bytes(tokens as u64 * BYTES_A_TOKEN));
        assert_eq!(decoder.reserved_bytes(), Bytes(room * BYTES_A_TOKEN));
    }
}
