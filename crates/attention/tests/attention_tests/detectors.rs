//! Detectors on patterns whose scores are known, and against a second implementation in f64.

use attention::Error;
use attention::detectors::{Pattern, copying};
use burn::tensor::{Device, Tensor, TensorData};
use proptest::prelude::*;

fn matrix(rows: &[Vec<f32>]) -> Tensor<2> {
    let columns = rows.first().map_or(0, Vec::len);
    Tensor::from_data(TensorData::new(rows.concat(), [rows.len(), columns]), &Device::flex())
}

fn pattern(rows: &[Vec<f32>]) -> Pattern {
    Pattern::new(matrix(rows)).unwrap()
}

/// Each query gives all its weight to the key that `target` says.
fn pointing(seq: usize, target: impl Fn(usize) -> usize) -> Vec<Vec<f32>> {
    let row = |query| (0..seq).map(|key| f32::from(u8::from(key == target(query)))).collect();
    (0..seq).map(row).collect()
}

/// Each query gives the same weight to each token that it sees.
fn uniform(seq: usize) -> Vec<Vec<f32>> {
    let weight = |query, key| if key <= query { 1.0 / (query + 1) as f32 } else { 0.0 };
    (0..seq).map(|query| (0..seq).map(|key| weight(query, key)).collect()).collect()
}

#[track_caller]
fn close(got: f64, expected: f64) {
    println!("{got} is off by {:.1e}", (got - expected).abs());
    assert!((got - expected).abs() <= 1e-6, "{got}, not {expected}");
}

#[test]
fn a_previous_token_head_is_found() {
    let head = pattern(&pointing(8, |query| query.saturating_sub(1)));
    close(head.previous_token().unwrap(), 1.0);
    // Its first two queries look at token 0, and the first is not counted.
    close(head.sink().unwrap(), 1.0 / 7.0);
    // Seven queries look one token back, and one at itself.
    close(head.mean_distance().unwrap(), 7.0 / 8.0);
    assert_eq!(head.row_entropy().unwrap(), [0.0; 8]);
}

#[test]
fn a_sink_is_found() {
    let head = pattern(&pointing(5, |_| 0));
    close(head.sink().unwrap(), 1.0);
    close(head.previous_token().unwrap(), 0.25);
    // Distances 0, 1, 2, 3 and 4.
    close(head.mean_distance().unwrap(), 2.0);
}

#[test]
fn an_induction_head_is_found() {
    // Four tokens, repeated: query 4 looks at key 1, query 7 at key 4.
    let tokens = [30, 10, 40, 20, 30, 10, 40, 20];
    let head = pattern(&pointing(8, |query| if query < 4 { query } else { query - 3 }));
    close(head.prefix_matching(&tokens).unwrap(), 1.0);
    close(head.previous_token().unwrap(), 0.0);
    // A head that looks at the previous occurrence itself finds the token, not what followed.
    let duplicate = pattern(&pointing(8, |query| if query < 4 { query } else { query - 4 }));
    close(duplicate.prefix_matching(&tokens).unwrap(), 0.0);
}

#[test]
fn the_previous_occurrence_is_the_newest() {
    // Token 5 stands at 0, 2 and 4: query 2 is after key 1, query 4 after key 3.
    let tokens = [5, 6, 5, 7, 5];
    let newest = pattern(&pointing(5, |query| if query < 2 { query } else { query - 1 }));
    close(newest.prefix_matching(&tokens).unwrap(), 1.0);
    let oldest = pattern(&pointing(5, |query| query.min(1)));
    close(oldest.prefix_matching(&tokens).unwrap(), 0.5);
}

#[test]
fn a_uniform_head_scores_what_chance_gives() {
    let head = pattern(&uniform(4));
    // 1/2, 1/3 and 1/4.
    let third_of_sum = (1.0 / 2.0 + 1.0 / 3.0 + 1.0 / 4.0) / 3.0;
    close(head.sink().unwrap(), third_of_sum);
    close(head.previous_token().unwrap(), third_of_sum);
    // Means of 0; of 1, 0; of 2, 1, 0; of 3, 2, 1, 0.
    close(head.mean_distance().unwrap(), (0.0 + 0.5 + 1.0 + 1.5) / 4.0);
    for (query, entropy) in head.row_entropy().unwrap().into_iter().enumerate() {
        close(entropy.into(), ((query + 1) as f64).ln());
    }
}

#[test]
fn late_queries_stand_beside_the_last_keys() {
    // Two queries, at places 2 and 3 of four keys.
    let late = pattern(&[vec![0.1, 0.9, 0.0, 0.0], vec![0.0, 0.2, 0.7, 0.1]]);
    close(late.previous_token().unwrap(), 0.8);
    close(late.sink().unwrap(), 0.05);
    close(late.prefix_matching(&[1, 2, 1, 2]).unwrap(), (0.9 + 0.7) / 2.0);
    // .1 * 2 + .9 * 1, and .2 * 2 + .7 * 1.
    close(late.mean_distance().unwrap(), (1.1 + 1.1) / 2.0);
}

#[test]
fn coreference_adds_up_the_tokens_of_a_noun() {
    let head = pattern(&[vec![1.0, 0.0, 0.0], vec![0.5, 0.5, 0.0], vec![0.25, 0.5, 0.25]]);
    close(head.coreference(2, 1..2).unwrap(), 0.5);
    close(head.coreference(2, 0..2).unwrap(), 0.75);
}

#[test]
fn copying_is_the_share_of_the_diagonal() {
    let effect = |rows: &[Vec<f32>]| copying(matrix(rows)).unwrap();
    close(effect(&pointing(6, |token| token)), 1.0);
    close(effect(&pointing(6, |token| (token + 1) % 6)), 0.0);
    // A level that all tokens share changes nothing.
    let raised: Vec<Vec<f32>> = pointing(6, |token| token)
        .iter()
        .map(|row| row.iter().map(|x| x + 9.0).collect())
        .collect();
    close(effect(&raised), 1.0);
    // Means 2, 2 and 0: of rows (4, 2, 0), (3, 3, 0) and (0, 0, 0), above them 2; 1 and 1; none.
    let mixed = [vec![4.0, 2.0, 0.0], vec![3.0, 3.0, 0.0], vec![0.0, 0.0, 0.0]];
    close(effect(&mixed), (1.0 + 0.5 + 0.0) / 3.0);
}

#[test]
fn a_row_that_sees_nothing_counts_as_zero() {
    let head = pattern(&[vec![0.0, 0.0], vec![1.0, 0.0]]);
    close(head.mean_distance().unwrap(), 0.5);
    assert_eq!(head.row_entropy().unwrap(), [0.0, 0.0]);
}

#[track_caller]
fn message<T: std::fmt::Debug>(result: Result<T, Error>, expected: &str) {
    assert_eq!(result.unwrap_err().to_string(), expected);
}

#[test]
fn what_is_no_pattern_is_an_error() {
    let advice = "give the weights of one head after the softmax, `[seq_q, seq_k]`";
    let new = |rows: &[Vec<f32>]| Pattern::new(matrix(rows));
    message(
        new(&[vec![1.0, 0.0], vec![0.5, 0.25]]),
        &format!("row 1 of the weights sums to 0.7500, not to 1: {advice}"),
    );
    message(
        new(&[vec![1.5, -0.5]]),
        &format!("row 0 of the weights has the weight -0.5 at key 1: {advice}"),
    );
    message(
        new(&[vec![f32::NAN, 1.0]]),
        &format!("row 0 of the weights has the weight NaN at key 0: {advice}"),
    );
    message(
        new(&[]),
        "the attention pattern cannot be measured: its shape is [0, 0]: give one row and column \
         or more",
    );
}

#[test]
fn what_cannot_be_measured_is_an_error() {
    let one = pattern(&[vec![1.0]]);
    let nothing = "no query has a token before it: give two tokens or more";
    message(
        one.previous_token(),
        &format!("the previous-token score cannot be measured: {nothing}"),
    );
    message(one.sink(), &format!("the sink score cannot be measured: {nothing}"));
    message(
        one.prefix_matching(&[1]),
        "the prefix-matching score cannot be measured: no query's token occurred before: repeat \
         the tokens",
    );
    message(
        one.prefix_matching(&[1, 2]),
        "the prefix-matching score cannot be measured: there are 2 tokens and 1 keys: give one \
         for each",
    );
    message(
        one.coreference(1, 0..1),
        "the coreference probe cannot be measured: there is no query 1: they count from 0 and \
         are 1",
    );
    for keys in [0..2, 1..1] {
        let (start, end) = (keys.start, keys.end);
        message(
            one.coreference(0, keys),
            &format!(
                "the coreference probe cannot be measured: the keys {start} to {end} (not \
                 included) are none of the 1: give a range of keys"
            ),
        );
    }
    let cross = pattern(&[vec![1.0], vec![1.0]]);
    message(
        cross.mean_distance(),
        "the mean attention distance cannot be measured: 2 queries and 1 keys are not of one \
         text: give at least as many keys as queries",
    );
    message(
        copying(matrix(&[vec![1.0, 0.0]])),
        "the copying score cannot be measured: the effect is 1 x 2: give two tokens or more, \
         squared",
    );
    message(
        copying(matrix(&[vec![1.0, 0.0], vec![f32::INFINITY, 0.0]])),
        "the copying score cannot be measured: row 1 of the effect has a number that is not \
         finite",
    );
}

prop_compose! {
    /// Random causal weights, and tokens of which some repeat.
    fn any_text()(seq in 2_usize..24)(
        raw in prop::collection::vec(0.01_f32..1.0, seq * seq),
        tokens in prop::collection::vec(0_u32..6, seq),
        seq in Just(seq),
    ) -> (Vec<Vec<f32>>, Vec<u32>) {
        let rows = (0..seq).map(|query| {
            let seen = &raw[query * seq..query * seq + query + 1];
            let total: f32 = seen.iter().sum();
            let mut row: Vec<f32> = seen.iter().map(|weight| weight / total).collect();
            row.resize(seq, 0.0);
            row
        });
        (rows.collect(), tokens)
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(500) })]

    #[test]
    fn scores_equal_loops_over_all_pairs((rows, tokens) in any_text()) {
        let seq = rows.len();
        let head = pattern(&rows);
        let (mut previous, mut sink, mut distance) = (0.0, 0.0, 0.0);
        let (mut matching, mut matched) = (0.0, 0);
        for (query, row) in rows.iter().enumerate() {
            for (key, weight) in row.iter().enumerate().take(query + 1) {
                let weight = f64::from(*weight);
                distance += weight * (query - key) as f64 / seq as f64;
                if key + 1 == query { previous += weight / (seq - 1) as f64; }
                if key == 0 && query > 0 { sink += weight / (seq - 1) as f64; }
                let repeats = |earlier: usize| tokens[earlier] == tokens[query];
                if key > 0 && repeats(key - 1) && !(key..query).any(repeats) {
                    matching += weight;
                    matched += 1;
                }
            }
        }
        for (got, expected) in [
            (head.previous_token(), previous), (head.sink(), sink), (head.mean_distance(), distance),
        ] {
            let got = got.unwrap();
            prop_assert!((got - expected).abs() <= 1e-9, "{got}, not {expected}");
        }
        match head.prefix_matching(&tokens) {
            Ok(got) => prop_assert!((got - matching / f64::from(matched)).abs() <= 1e-9),
            Err(_) => prop_assert_eq!(matched, 0),
        }
    }
}
