//! Temperature, entropy, top-k, top-p and the draw against f64 on plain vectors, and at their edges.

use std::cell::Cell;

use attention::sampling::{draw, top_k, top_p};
use attention::{Error, effective_tokens, entropy, softmax, softmax_with_temperature};
use burn::tensor::{Device, Tensor, TensorData};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

const HIDDEN: f32 = f32::NEG_INFINITY;

fn cases(count: u32) -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(count) }
}

fn rows(data: &[f32], width: usize) -> Tensor<2> {
    let shape = [data.len() / width, width];
    Tensor::from_data(TensorData::new(data.to_vec(), shape), &Device::flex())
}

fn floats<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_to_vec().expect("f32 tensor")
}

/// Shares of one row at a temperature; zeros if nothing is visible.
fn shares_f64(row: &[f32], temperature: f64) -> Vec<f64> {
    let scaled: Vec<f64> = row.iter().map(|x| f64::from(*x) / temperature).collect();
    let largest = scaled.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if largest == f64::NEG_INFINITY {
        return vec![0.0; row.len()];
    }
    let powers: Vec<f64> = scaled.iter().map(|x| (x - largest).exp()).collect();
    let total: f64 = powers.iter().sum();
    powers.iter().map(|power| power / total).collect()
}

fn entropy_f64(shares: &[f64]) -> f64 {
    shares.iter().filter(|p| **p > 0.0).map(|p| -p * p.ln()).sum()
}

/// The definition by counting: a token stays if fewer than `k` go before it.
fn top_k_by_rank(row: &[f32], k: usize) -> Vec<f32> {
    let goes_before = |a: usize, b: usize| row[a] > row[b] || (row[a] == row[b] && a < b);
    let rank = |token| (0..row.len()).filter(|other| goes_before(*other, token)).count();
    (0..row.len()).map(|token| if rank(token) < k { row[token] } else { HIDDEN }).collect()
}

/// The definition by sums: a token stays if those before it have not reached `p`.
fn top_p_by_sums(row: &[f32], p: f64) -> Vec<f32> {
    let shares = shares_f64(row, 1.0);
    let goes_before = |a: usize, b: usize| row[a] > row[b] || (row[a] == row[b] && a < b);
    let before = |token| -> f64 {
        (0..row.len()).filter(|other| goes_before(*other, token)).map(|other| shares[other]).sum()
    };
    (0..row.len()).map(|token| if before(token) < p { row[token] } else { HIDDEN }).collect()
}

/// Rows of whole and half numbers, so that ties are common, some of them hidden.
fn tied_rows() -> impl Strategy<Value = (Vec<f32>, usize)> {
    (1_usize..4, 1_usize..24).prop_flat_map(|(batch, vocab)| {
        let logit =
            prop_oneof![8 => (-6_i8..6).prop_map(|x| f32::from(x) / 2.0), 1 => Just(HIDDEN)];
        (prop::collection::vec(logit, batch * vocab), Just(vocab))
    })
}

fn any_rows() -> impl Strategy<Value = (Vec<f32>, usize)> {
    (1_usize..4, 1_usize..40, prop::sample::select(vec![1.0_f32, 30.0, 1e4])).prop_flat_map(
        |(batch, width, size)| {
            let logit = prop_oneof![6 => -size..size, 1 => Just(HIDDEN)];
            (prop::collection::vec(logit, batch * width), Just(width))
        },
    )
}

#[test]
fn temperature_and_entropy_equal_the_f64_reference() {
    let worst = Cell::new([0.0_f64; 3]);
    let strategy = (any_rows(), -2.3_f64..2.3, any::<bool>());
    TestRunner::new(cases(1000))
        .run(&strategy, |((data, width), power, hide_first_row)| {
            let temperature = 10_f64.powf(power);
            let mut data = data;
            if hide_first_row {
                data[..width].fill(HIDDEN);
            }
            let weights = softmax_with_temperature(rows(&data, width), temperature, 1).unwrap();
            let entropies = floats(entropy(weights.clone(), 1).unwrap());
            let tokens = floats(effective_tokens(weights.clone(), 1).unwrap());
            let weights = floats(weights);

            for (i, row) in data.chunks(width).enumerate() {
                let expected = shares_f64(row, temperature);
                let nats = entropy_f64(&expected);
                let hidden = expected.iter().all(|share| *share == 0.0);
                let count = if hidden { 0.0 } else { nats.exp() };
                let off = |got: f32, expected: f64| (f64::from(got) - expected).abs();
                let share_error = weights[i * width..][..width]
                    .iter()
                    .zip(&expected)
                    .map(|(got, expected)| off(*got, *expected))
                    .fold(0.0, f64::max);
                let errors =
                    [share_error, off(entropies[i], nats), off(tokens[i], count) / count.max(1.0)];
                for (error, bound) in errors.into_iter().zip([2e-6, 1e-5, 1e-5]) {
                    prop_assert!(error <= bound, "off by {error:.1e}, T {temperature}");
                }
                let before = worst.get();
                worst.set(std::array::from_fn(|i| before[i].max(errors[i])));
            }
            Ok(())
        })
        .unwrap();
    let [shares, nats, tokens] = worst.get();
    println!("1000 shapes: shares within {shares:.1e}, entropy within {nats:.1e} nats,");
    println!("effective tokens within {tokens:.1e} of themselves");
}

proptest! {
    #![proptest_config(cases(500))]

    #[test]
    fn temperature_one_is_the_softmax((data, width) in any_rows()) {
        let plain = floats(softmax(rows(&data, width), 1));
        let at_one = floats(softmax_with_temperature(rows(&data, width), 1.0, 1).unwrap());
        for (a, b) in plain.iter().zip(&at_one) {
            prop_assert!((a - b).abs() <= 1e-6, "{a} became {b}");
        }
    }

    #[test]
    fn a_higher_temperature_never_lowers_the_entropy((data, width) in any_rows(), low in 0.1_f64..5.0, times in 1.0_f64..5.0) {
        let at = |temperature| {
            floats(entropy(softmax_with_temperature(rows(&data, width), temperature, 1).unwrap(), 1).unwrap())
        };
        for (cold, warm) in at(low).iter().zip(&at(low * times)) {
            prop_assert!(*cold <= warm + 2e-5, "{cold} nats became {warm}");
        }
    }

    #[test]
    fn entropy_runs_along_any_dimension((data, width) in any_rows()) {
        let weights = softmax(rows(&data, width), 1);
        let along_rows = floats(entropy(weights.clone(), 1).unwrap());
        let along_columns = floats(entropy(weights.transpose(), 0).unwrap());
        for (a, b) in along_rows.iter().zip(&along_columns) {
            prop_assert!((a - b).abs() <= 5e-6, "{a} became {b}");
        }
    }

    #[test]
    fn top_k_is_exact((data, width) in tied_rows(), k in 1_usize..30) {
        let kept = floats(top_k(rows(&data, width), k).unwrap());
        let expected: Vec<f32> = data.chunks(width).flat_map(|row| top_k_by_rank(row, k)).collect();
        prop_assert_eq!(kept, expected);
    }

    /// `p` is one of so many numbers that no sum of shares comes within a rounding error of it;
    /// sums that meet `p` exactly have their own test.
    #[test]
    fn top_p_is_exact((data, width) in tied_rows(), p in 0.001_f64..0.999) {
        let kept = floats(top_p(rows(&data, width), p).unwrap());
        let expected: Vec<f32> = data.chunks(width).flat_map(|row| top_p_by_sums(row, p)).collect();
        prop_assert_eq!(kept, expected);
    }

    #[test]
    fn filters_are_idempotent_and_nested((data, width) in tied_rows(), k in 1_usize..30, p in 0.01_f64..0.99) {
        let once = top_k(rows(&data, width), k).unwrap();
        prop_assert_eq!(floats(top_k(once.clone(), k).unwrap()), floats(once.clone()));
        let more = floats(top_k(rows(&data, width), k + 1).unwrap());
        let nucleus = floats(top_p(rows(&data, width), p).unwrap());
        let wider = floats(top_p(rows(&data, width), (p + 1.0) / 2.0).unwrap());
        for (less, more) in floats(once).iter().zip(&more).chain(nucleus.iter().zip(&wider)) {
            prop_assert!(less == more || *less == HIDDEN, "{less} is missing in the larger set");
        }
    }
}

#[test]
fn ties_go_to_the_lower_index() {
    assert_eq!(floats(top_k(rows(&[1.0; 4], 4), 2).unwrap()), [1.0, 1.0, HIDDEN, HIDDEN]);
    // Zero and minus zero are equal.
    assert_eq!(floats(top_k(rows(&[-0.0, 0.0], 2), 1).unwrap()), [0.0, HIDDEN]);
    // Four equal shares: two of them reach a half exactly, and a little more needs a third.
    assert_eq!(floats(top_p(rows(&[1.0; 4], 4), 0.5).unwrap()), [1.0, 1.0, HIDDEN, HIDDEN]);
    assert_eq!(floats(top_p(rows(&[1.0; 4], 4), 0.501).unwrap()), [1.0, 1.0, 1.0, HIDDEN]);
}

#[test]
fn at_least_one_token_stays_and_p_of_one_keeps_all() {
    assert_eq!(floats(top_p(rows(&[0.0, 9.0], 2), 1e-300).unwrap()), [HIDDEN, 9.0]);
    assert_eq!(floats(top_p(rows(&[1e4, -1e4], 2), 1.0).unwrap()), [1e4, -1e4]);
    assert_eq!(floats(top_p(rows(&[1e4, -1e4], 2), 0.999).unwrap()), [1e4, HIDDEN]);
    assert_eq!(floats(top_k(rows(&[3.0], 1), 1).unwrap()), [3.0]);
    for shape in [[0, 3], [2, 0]] {
        let nothing = Tensor::<2>::zeros(shape, &Device::flex());
        assert_eq!(top_k(nothing.clone(), 1).unwrap().dims(), shape);
        assert_eq!(top_p(nothing, 0.5).unwrap().dims(), shape);
    }
}

#[test]
fn rows_without_probabilities_come_back_as_they_are() {
    let hidden = rows(&[HIDDEN; 3], 3);
    assert_eq!(floats(top_p(hidden.clone(), 0.5).unwrap()), [HIDDEN; 3]);
    assert_eq!(floats(top_k(hidden, 1).unwrap()), [HIDDEN; 3]);

    for spoiled in [f32::NAN, -f32::NAN, f32::INFINITY] {
        let data = [spoiled, 1.0, 2.0, 3.0];
        for kept in [top_k(rows(&data, 2), 1).unwrap(), top_p(rows(&data, 2), 0.1).unwrap()] {
            assert_eq!(floats(kept.clone())[1..], [1.0, HIDDEN, 3.0]);
            assert!(floats(softmax(kept, 1))[..2].iter().all(|share| share.is_nan()));
        }
    }
}

#[test]
fn the_coldest_temperature_still_works() {
    let shares = |temperature| {
        floats(softmax_with_temperature(rows(&[1e4, -1e4, HIDDEN], 3), temperature, 1).unwrap())
    };
    assert_eq!(shares(f64::MIN_POSITIVE), [1.0, 0.0, 0.0]);
    assert_eq!(shares(f64::MAX), [0.5, 0.5, 0.0]);
}

/// The token that `r` falls on, counted from the end: the last whose shares before it are at most
/// `r`. Those with no share are not there.
fn drawn_by_sums(shares: &[f64], r: f64) -> usize {
    let before = |token: usize| shares[..token].iter().sum::<f64>();
    let mut tokens = (0..shares.len()).rev();
    tokens.find(|token| shares[*token] > 0.0 && before(*token) <= r).expect("the first is at 0")
}

proptest! {
    #![proptest_config(cases(500))]

    #[test]
    fn the_draw_is_by_shares((data, width) in tied_rows(), r in 0.0_f64..1.0) {
        let shares = shares_f64(&data[..width], 1.0);
        if shares.iter().all(|share| *share == 0.0) {
            prop_assert!(draw(&shares, r).is_err());
            return Ok(());
        }
        let token = draw(&shares, r).unwrap();
        prop_assert!(shares[token] > 0.0);
        prop_assert_eq!(token, drawn_by_sums(&shares, r));
    }
}

/// What is missing to 1 belongs to the last token that may come at all.
#[test]
fn the_rest_of_the_shares_goes_to_the_last_token() {
    let shares = [0.25, 0.7499, 0.0];
    assert_eq!(draw(&shares, 0.0), Ok(0));
    assert_eq!(draw(&shares, 0.25), Ok(1));
    assert_eq!(draw(&shares, 0.99995), Ok(1));
    assert_eq!(draw(&[0.0, 1.0], 0.0), Ok(1), "a token with no share is never drawn");
    assert_eq!(draw(&[1.0001], 0.5), Ok(0));
}

#[test]
fn what_nothing_can_be_drawn_from_is_named() {
    let says = |shares: &[f64], r| draw(shares, r).unwrap_err().to_string();
    assert_eq!(says(&[1.0], 1.0), "r is 1: it must be at least 0 and below 1");
    assert_eq!(says(&[1.0], f64::NAN), "r is NaN: it must be at least 0 and below 1");
    let row = "give one row, as a softmax makes it";
    for nothing in [&[][..], &[0.0, 0.0]] {
        assert_eq!(says(nothing, 0.5), format!("the shares sum to 0.0000, not to 1: {row}"));
    }
    assert_eq!(says(&[0.5, 0.4], 0.5), format!("the shares sum to 0.9000, not to 1: {row}"));
    assert_eq!(says(&[1.5, -0.5], 0.5), format!("the shares have -0.5 at place 1: {row}"));
    assert_eq!(says(&[f64::NAN, 1.0], 0.5), format!("the shares have NaN at place 0: {row}"));
}

#[test]
fn entropy_knows_its_ends() {
    let of = |row: &[f32]| {
        let weights = rows(row, row.len());
        let tokens = floats(effective_tokens(weights.clone(), 1).unwrap())[0];
        (floats(entropy(weights, 1).unwrap())[0], tokens)
    };
    let (nats, tokens) = of(&[1.0, 0.0]);
    assert!(nats == 0.0 && nats.is_sign_positive() && tokens == 1.0);
    assert_eq!(of(&[0.0, 0.0]), (0.0, 0.0));
    let (nats, tokens) = of(&[0.125; 8]);
    assert!((nats - 8.0_f32.ln()).abs() < 1e-6 && (tokens - 8.0).abs() < 1e-5);
    let (nats, tokens) = of(&[f32::NAN, 0.0]);
    assert!(nats.is_nan() && tokens.is_nan());
}

#[test]
fn empty_rows_are_an_error_and_no_rows_are_not() {
    let nothing = |shape: [usize; 2]| Tensor::<2>::zeros(shape, &Device::flex());
    let weights = softmax_with_temperature(nothing([0, 3]), 0.5, 1).unwrap();
    assert_eq!(weights.dims(), [0, 3]);
    assert_eq!(entropy(weights.clone(), 1).unwrap().dims(), [0, 1]);
    assert_eq!(effective_tokens(weights, 1).unwrap().dims(), [0, 1]);

    let error = softmax_with_temperature(nothing([2, 0]), 0.5, 1).unwrap_err();
    assert_eq!(error.to_string(), "logits has shape [2, 0]: it must be at least 1 in dimension 1");
    let error = entropy(nothing([2, 0]), 1).unwrap_err();
    assert_eq!(error.to_string(), "weights has shape [2, 0]: it must be at least 1 in dimension 1");
    assert_eq!(effective_tokens(nothing([2, 0]), 1).unwrap_err(), error);
}

#[test]
fn bad_numbers_are_named() {
    let logits = || rows(&[1.0, 2.0], 2);
    for (temperature, text) in [(0.0, "0"), (-1.0, "-1"), (f64::NAN, "NaN"), (f64::INFINITY, "inf")]
    {
        let error = softmax_with_temperature(logits(), temperature, 1).unwrap_err();
        let expected = format!("temperature is {text}: it must be finite and above zero");
        assert_eq!(error.to_string(), expected);
    }
    assert_eq!(top_k(logits(), 0).unwrap_err().to_string(), "k is 0: it must be at least 1");
    for (p, text) in [(0.0, "0"), (-0.5, "-0.5"), (1.5, "1.5"), (f64::NAN, "NaN")] {
        let error = top_p(logits(), p).unwrap_err();
        assert_eq!(error.to_string(), format!("p is {text}: it must be above 0 and at most 1"));
    }
    let missing = Error::NoSuchDimension { dim: 2, rank: 2 };
    assert_eq!(softmax_with_temperature(logits(), 1.0, 2).unwrap_err(), missing);
    assert_eq!(entropy(logits(), 2).unwrap_err(), missing);
    assert_eq!(effective_tokens(logits(), 2).unwrap_err(), missing);
    assert_eq!(
        missing.to_string(),
        "dimension 2 of a tensor with 2: dimensions count from 0, so give one below 2"
    );
}
