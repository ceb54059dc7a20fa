//! A second implementation, in f64 on plain vectors, that shares no code with the library.
//! Each test prints the largest error that it saw.

use std::cell::Cell;

use attention::{Mask, scaled_dot_product_attention, softmax};
use burn::tensor::{Device, Tensor, TensorData};
use proptest::prelude::*;

/// Softmax of one row, the textbook way.
fn softmax_f64(row: &[f64]) -> Vec<f64> {
    let largest = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let powers: Vec<f64> = row.iter().map(|x| (x - largest).exp()).collect();
    let total: f64 = powers.iter().sum();
    powers.iter().map(|power| power / total).collect()
}

struct Case {
    heads: usize,
    seq_q: usize,
    seq_k: usize,
    head_dim: usize,
    query: Vec<f32>,
    key: Vec<f32>,
    value: Vec<f32>,
    causal: bool,
}

/// Weights and output, by loops over every entry.
fn attention_f64(case: &Case) -> (Vec<f64>, Vec<f64>) {
    let at = |data: &[f32], seq: usize, head: usize, row: usize, column: usize| {
        f64::from(data[(head * seq + row) * case.head_dim + column])
    };
    let (mut all_weights, mut output) = (Vec::new(), Vec::new());
    for head in 0..case.heads {
        for i in 0..case.seq_q {
            let last = if case.causal { i + case.seq_k - case.seq_q } else { case.seq_k - 1 };
            let scores: Vec<f64> = (0..=last)
                .map(|j| {
                    let dot: f64 = (0..case.head_dim)
                        .map(|d| {
                            at(&case.query, case.seq_q, head, i, d)
                                * at(&case.key, case.seq_k, head, j, d)
                        })
                        .sum();
                    dot / (case.head_dim as f64).sqrt()
                })
                .collect();
            let mut weights = softmax_f64(&scores);
            weights.resize(case.seq_k, 0.0);
            for d in 0..case.head_dim {
                output.push(
                    (0..case.seq_k)
                        .map(|j| weights[j] * at(&case.value, case.seq_k, head, j, d))
                        .sum(),
                );
            }
            all_weights.extend(weights);
        }
    }
    (all_weights, output)
}

fn tensor(data: &[f32], shape: [usize; 4]) -> Tensor<4> {
    Tensor::from_data(TensorData::new(data.to_vec(), shape), &Device::flex())
}

fn floats<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_to_vec().expect("f32 tensor")
}

fn run(case: &Case) -> (Vec<f32>, Vec<f32>) {
    let Case { heads, seq_q, seq_k, head_dim, .. } = *case;
    let attention = scaled_dot_product_attention(
        tensor(&case.query, [1, heads, seq_q, head_dim]),
        tensor(&case.key, [1, heads, seq_k, head_dim]),
        tensor(&case.value, [1, heads, seq_k, head_dim]),
        if case.causal { Mask::Causal } else { Mask::Full },
    )
    .expect("shapes fit");
    (floats(attention.weights), floats(attention.output))
}

fn largest_error(got: &[f32], expected: &[f64]) -> f64 {
    assert_eq!(got.len(), expected.len());
    got.iter().zip(expected).map(|(g, e)| (f64::from(*g) - e).abs()).fold(0.0, f64::max)
}

prop_compose! {
    fn any_case()(
        heads in 1_usize..4, seq_q in 1_usize..20, more in 0_usize..20, head_dim in 1_usize..40,
        causal in any::<bool>(), wide in any::<bool>(),
    )(
        query in prop::collection::vec(-4.0_f32..4.0, heads * seq_q * head_dim),
        key in prop::collection::vec(-4.0_f32..4.0, heads * (seq_q + more) * head_dim),
        value in prop::collection::vec(-4.0_f32..4.0, heads * (seq_q + more) * head_dim),
        heads in Just(heads), seq_q in Just(seq_q), more in Just(more), head_dim in Just(head_dim),
        causal in Just(causal), wide in Just(wide),
    ) -> Case {
        // Without a causal mask there may also be more queries than keys.
        if causal || !wide {
            Case { heads, seq_q, seq_k: seq_q + more, head_dim, query, key, value, causal }
        } else {
            Case { heads, seq_q: seq_q + more, seq_k: seq_q, head_dim, query: key, key: query,
                   value: value[..heads * seq_q * head_dim].to_vec(), causal }
        }
    }
}

impl std::fmt::Debug for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "heads {} seq_q {} seq_k {} head_dim {} causal {}",
            self.heads, self.seq_q, self.seq_k, self.head_dim, self.causal
        )
    }
}

#[test]
fn attention_equals_the_f64_reference() {
    let worst = Cell::new((0.0_f64, 0.0_f64));
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(1000)
    });
    runner
        .run(&any_case(), |case| {
            let (weights, output) = run(&case);
            let (expected_weights, expected_output) = attention_f64(&case);
            let (w, o) = (
                largest_error(&weights, &expected_weights),
                largest_error(&output, &expected_output),
            );
            let before = worst.get();
            worst.set((before.0.max(w), before.1.max(o)));
            prop_assert!(w <= 1e-5, "weights are off by {w:.1e}");
            prop_assert!(o <= 4e-5, "output is off by {o:.1e}");
            Ok(())
        })
        .unwrap();
    let (weights, output) = worst.get();
    println!("1000 shapes: weights within {weights:.1e}, output within {output:.1e}");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(500) })]

    #[test]
    fn softmax_equals_the_f64_reference(row in prop::collection::vec(-80.0_f32..80.0, 1..64)) {
        let got = floats(softmax(Tensor::<1>::from_floats(&row[..], &Device::flex()), 0));
        let expected = softmax_f64(&row.iter().map(|x| f64::from(*x)).collect::<Vec<_>>());
        let error = largest_error(&got, &expected);
        prop_assert!(error <= 1e-6, "off by {error:.1e}");
    }

    #[test]
    fn rows_sum_to_one(row in prop::collection::vec(-1e4_f32..1e4, 1..64)) {
        let total: f32 = floats(softmax(Tensor::<1>::from_floats(&row[..], &Device::flex()), 0)).iter().sum();
        prop_assert!((total - 1.0).abs() <= 2e-6, "sums to {total}");
    }

    #[test]
    fn a_shift_changes_nothing(row in prop::collection::vec(-8.0_f32..8.0, 1..64), shift in -64_i32..64) {
        // A power of two a step keeps the shifted logits exact to about 4e-6.
        let shifted: Vec<f32> = row.iter().map(|x| x + shift as f32).collect();
        let device = Device::flex();
        let plain = floats(softmax(Tensor::<1>::from_floats(&row[..], &device), 0));
        let moved = floats(softmax(Tensor::<1>::from_floats(&shifted[..], &device), 0));
        for (a, b) in plain.iter().zip(&moved) {
            prop_assert!((a - b).abs() <= 1e-5, "{a} became {b}");
        }
    }

    #[test]
    fn other_rows_do_not_matter(rows in prop::collection::vec(-8.0_f32..8.0, 6), spoiled in prop::sample::select(vec![f32::NAN, f32::INFINITY])) {
        let device = Device::flex();
        let mut data = rows.clone();
        data[1] = spoiled;
        let clean = floats(softmax(Tensor::<2>::from_data(TensorData::new(rows, [2, 3]), &device), 1));
        let mixed = floats(softmax(Tensor::<2>::from_data(TensorData::new(data, [2, 3]), &device), 1));
        prop_assert!(mixed[..3].iter().all(|x| x.is_nan()), "{mixed:?}");
        prop_assert_eq!(&mixed[3..], &clean[3..]);
    }

    /// Reorder keys and values alike, and the output stays; reorder queries, and it follows.
    #[test]
    fn permutations_pass_through(case in any_case(), turn in 0_usize..20) {
        prop_assume!(!case.causal);
        let rotated = |data: &[f32], seq: usize| -> Vec<f32> {
            data.chunks(seq * case.head_dim)
                .flat_map(|head| {
                    let mut head = head.to_vec();
                    head.rotate_left((turn % seq) * case.head_dim);
                    head
                })
                .collect()
        };
        let (_, output) = run(&case);
        let same = Case { key: rotated(&case.key, case.seq_k), value: rotated(&case.value, case.seq_k), query: case.query.clone(), ..case };
        let (_, unmoved) = run(&same);
        for (a, b) in output.iter().zip(&unmoved) {
            prop_assert!((a - b).abs() <= 2e-5, "keys reordered: {a} became {b}");
        }
        let moved = Case { query: rotated(&case.query, case.seq_q), ..same };
        let (_, followed) = run(&moved);
        for (a, b) in rotated(&unmoved, case.seq_q).iter().zip(&followed) {
            prop_assert!((a - b).abs() <= 2e-5, "queries reordered: {a} became {b}");
        }
    }
}
