//! A silenced head against a model whose file has zeros in that head's place, and the surprise
//! against the logits of each beginning of the text.

use crate::common::{Stored, Tiny};
use smollm2::{Error, Model};

const HEADS: usize = 2;
const HEAD_DIM: usize = 16;
const D_MODEL: usize = 32;
const F32: u32 = 0;

/// The output matrix in plain numbers, `[d_model, heads · head_dim]`, with zeros in the columns of
/// the heads that are `silent`.
fn output_matrix(stored: &mut Stored, silent: &[usize]) {
    let number = |at: usize| {
        let head = at % D_MODEL / HEAD_DIM;
        if silent.contains(&head) { 0.0 } else { (at as f32 * 0.37).sin() }
    };
    stored.code = F32;
    stored.bytes = (0..D_MODEL * D_MODEL).flat_map(|at| number(at).to_le_bytes()).collect();
}

fn model(silent: &[usize]) -> Model {
    let tiny = Tiny::new();
    let tiny = tiny.with("blk.0.attn_output.weight", |stored| output_matrix(stored, silent));
    Model::from_bytes(&tiny.write()).unwrap()
}

const IDS: [u32; 7] = [5, 80, 7, 99, 5, 80, 7];

#[test]
fn a_silenced_head_is_one_whose_part_of_the_output_is_zero() {
    let whole = model(&[]);
    let before = whole.run_tokens(&IDS).unwrap().logits;
    for silent in [vec![0], vec![1], vec![0, 1], vec![]] {
        let heads: Vec<(usize, usize)> = silent.iter().map(|head| (0, *head)).collect();
        let got = whole.without(&heads).unwrap().run_tokens(&IDS).unwrap();
        let expected = model(&silent).run_tokens(&IDS).unwrap();
        assert_eq!(got.logits, expected.logits, "{silent:?}");
        assert_eq!(got.attention(), expected.attention(), "it still looks");
        assert_eq!(got.logits == before, silent.is_empty(), "{silent:?}");
    }
    assert_eq!(whole.run_tokens(&IDS).unwrap().logits, before, "the model itself stays whole");
}

#[test]
fn what_is_not_there_cannot_be_silenced() {
    for head in [(1, 0), (0, HEADS)] {
        let refused = model(&[]).without(&[(0, 0), head]);
        assert!(matches!(refused, Err(Error::OutOfRange { .. })), "{head:?}");
    }
}

#[test]
fn surprise_is_that_of_each_beginning() {
    let model = model(&[]);
    let surprise = model.surprise(&IDS).unwrap();
    assert_eq!(surprise.len(), IDS.len() - 1);
    let mut largest = 0.0_f64;
    for (at, surprise) in surprise.iter().enumerate() {
        let beginning = model.run_tokens(&IDS[..=at]).unwrap();
        let next = beginning.probabilities()[IDS[at + 1] as usize];
        largest = largest.max((surprise + f64::from(next).ln()).abs());
    }
    println!("largest error {largest:.1e} nats");
    assert!(largest <= 1e-5, "{largest}");
    assert!(model.surprise(&IDS[..1]).unwrap().is_empty(), "one token surprises nobody");
    assert!(matches!(model.surprise(&[]), Err(Error::EmptyText)));
    assert!(matches!(model.surprise(&[1; 17]), Err(Error::TooLong { .. })));
    assert!(matches!(model.surprise(&[100_000]), Err(Error::OutOfRange { .. })));
}
