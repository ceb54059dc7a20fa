//! Every step of attention with its options, and ALiBi, against f64 on plain vectors.

use std::cell::Cell;

use crate::f64_reference::{cases, config, floats, tensor};
use attention::{
    AttentionOptions, AttentionSteps, Error, Mask, MaskGrid, alibi_bias, alibi_slopes,
    attention_steps, scaled_dot_product_attention,
};
use burn::tensor::{Device, Tensor};
use proptest::prelude::*;

#[derive(Debug, Clone)]
struct Case {
    /// `batch, heads, seq_q, seq_k, head_dim, value_dim`
    size: [usize; 6],
    query: Vec<f32>,
    key: Vec<f32>,
    value: Vec<f32>,
    scale: Option<f32>,
    soft_cap: Option<f32>,
    bias: Option<([usize; 4], Vec<f32>)>,
    sink: Option<Vec<f32>>,
    /// Visible entries, one list a mask.
    masks: Vec<Vec<bool>>,
}

fn run(case: &Case) -> AttentionSteps {
    let [batch, heads, seq_q, seq_k, head_dim, value_dim] = case.size;
    let grid = |visible: &Vec<bool>| MaskGrid::from_fn(seq_q, seq_k, |i, j| visible[i * seq_k + j]);
    let options = AttentionOptions {
        scale: case.scale,
        soft_cap: case.soft_cap,
        bias: case.bias.as_ref().map(|(shape, data)| tensor(data, *shape)),
        sink: case.sink.as_ref().map(|data| tensor(data, [heads])),
        masks: case.masks.iter().map(grid).collect(),
    };
    attention_steps(
        tensor(&case.query, [batch, heads, seq_q, head_dim]),
        tensor(&case.key, [batch, heads, seq_k, head_dim]),
        tensor(&case.value, [batch, heads, seq_k, value_dim]),
        options,
    )
    .expect("everything fits")
}

/// The steps from the raw scores to the output, by loops over every entry.
#[derive(Default)]
struct Expected {
    raw: Vec<f64>,
    scaled: Vec<f64>,
    capped: Vec<f64>,
    biased: Vec<f64>,
    masked: Vec<f64>,
    weights: Vec<f64>,
    sink: Vec<f64>,
    output: Vec<f64>,
}

fn steps_f64(case: &Case) -> Expected {
    let [batch, heads, seq_q, seq_k, head_dim, value_dim] = case.size;
    let mut all = Expected::default();
    for b in 0..batch {
        for h in 0..heads {
            let head = b * heads + h;
            for i in 0..seq_q {
                let mut row = Vec::new();
                for j in 0..seq_k {
                    let raw: f64 = (0..head_dim)
                        .map(|d| {
                            f64::from(case.query[(head * seq_q + i) * head_dim + d])
                                * f64::from(case.key[(head * seq_k + j) * head_dim + d])
                        })
                        .sum();
                    let scale = case.scale.map_or(1.0 / (head_dim as f64).sqrt(), f64::from);
                    let scaled = raw * scale;
                    let capped = case
                        .soft_cap
                        .map_or(scaled, |cap| f64::from(cap) * (scaled / f64::from(cap)).tanh());
                    let biased = capped
                        + case.bias.as_ref().map_or(0.0, |([nb, nh, nq, nk], data)| {
                            let at = ((b % nb * nh + h % nh) * nq + i % nq) * nk + j % nk;
                            f64::from(data[at])
                        });
                    let visible = match case.masks.len() {
                        0 => true,
                        masks => case.masks[b % masks][i * seq_k + j],
                    };
                    let masked = if visible { biased } else { f64::NEG_INFINITY };
                    all.raw.push(raw);
                    all.scaled.push(scaled);
                    all.capped.push(capped);
                    all.biased.push(biased);
                    row.push(masked);
                }
                let sink = case.sink.as_ref().map_or(f64::NEG_INFINITY, |sink| sink[h].into());
                let largest = row.iter().copied().fold(sink, f64::max);
                let share = |logit: f64| {
                    if logit == f64::NEG_INFINITY { 0.0 } else { (logit - largest).exp() }
                };
                let total: f64 = row.iter().map(|logit| share(*logit)).sum::<f64>() + share(sink);
                let total = if total == 0.0 { 1.0 } else { total };
                let weights: Vec<f64> = row.iter().map(|logit| share(*logit) / total).collect();
                for d in 0..value_dim {
                    let value = |j: usize| case.value[(head * seq_k + j) * value_dim + d];
                    all.output.push((0..seq_k).map(|j| weights[j] * f64::from(value(j))).sum());
                }
                all.masked.extend(row);
                all.sink.push(share(sink) / total);
                all.weights.extend(weights);
            }
        }
    }
    all
}

/// The largest error, as a part of the number where the number is above one.
fn largest_error(got: &[f32], expected: &[f64]) -> f64 {
    assert_eq!(got.len(), expected.len());
    let error = |(got, expected): (&f32, &f64)| {
        let got = f64::from(*got);
        if got == *expected { 0.0 } else { (got - expected).abs() / expected.abs().max(1.0) }
    };
    // Not f64::max, which would pass over a NaN.
    let error_or_nan = |worst: f64, error: f64| if error <= worst { worst } else { error };
    got.iter().zip(expected).map(error).fold(0.0, error_or_nan)
}

/// Extreme cases are whole numbers up to a hundred: their products, up to 10,000 and beyond,
/// are exact in f32, so that the softmax is measured and not the rounding of its input.
fn any_case() -> impl Strategy<Value = Case> {
    let size = (1_usize..4, 1_usize..4, 1_usize..9, 1_usize..9, 1_usize..9, 1_usize..9);
    (size, any::<bool>(), any::<[bool; 5]>(), 0_usize..3).prop_flat_map(
        |((batch, heads, seq_q, seq_k, head_dim, value_dim), extreme, on, masks)| {
            let number = move || {
                if extreme {
                    (-100_i16..=100).prop_map(f32::from).boxed()
                } else {
                    (-2.0_f32..2.0).boxed()
                }
            };
            let numbers = |count| prop::collection::vec(number(), count);
            let or_one = |size: usize, keep: bool| if keep { size } else { 1 };
            let bias_shape = [
                or_one(batch, on[2]),
                or_one(heads, on[3]),
                or_one(seq_q, on[4]),
                or_one(seq_k, on[2] ^ on[3]),
            ];
            let masks = [0, 1, batch][masks];
            let scale = match (extreme, on[0]) {
                (true, _) => Just(Some(1.0)).boxed(),
                (false, true) => (-2.0_f32..2.0).prop_map(Some).boxed(),
                (false, false) => Just(None).boxed(),
            };
            (
                numbers(batch * heads * seq_q * head_dim),
                numbers(batch * heads * seq_k * head_dim),
                prop::collection::vec(-2.0_f32..2.0, batch * heads * seq_k * value_dim),
                scale,
                prop::option::of(0.5_f32..60.0),
                prop::option::of(numbers(bias_shape.iter().product())),
                prop::option::of(numbers(heads)),
                prop::collection::vec(
                    prop::collection::vec(prop::bool::weighted(0.4), seq_q * seq_k),
                    masks,
                ),
            )
                .prop_map(
                    move |(query, key, value, scale, soft_cap, bias, sink, masks)| Case {
                        size: [batch, heads, seq_q, seq_k, head_dim, value_dim],
                        query,
                        key,
                        value,
                        scale,
                        soft_cap,
                        bias: bias.map(|bias| (bias_shape, bias)),
                        sink,
                        masks,
                    },
                )
        },
    )
}

#[test]
fn every_step_equals_the_f64_reference() {
    let worst = Cell::new([0.0_f64; 8]);
    let (hidden_rows, sinks, largest_score) = (Cell::new(0), Cell::new(0), Cell::new(0.0_f64));
    cases(2000, &any_case(), |case| {
        let (steps, expected) = (run(&case), steps_f64(&case));
        prop_assert_eq!(&floats(steps.query), &case.query);
        prop_assert_eq!(&floats(steps.key), &case.key);
        prop_assert_eq!(&floats(steps.value), &case.value);
        prop_assert_eq!(steps.sink_weights.is_some(), case.sink.is_some());
        let sink = steps.sink_weights.map_or(vec![0.0; expected.sink.len()], floats);
        let errors = [
            largest_error(&floats(steps.raw_scores), &expected.raw),
            largest_error(&floats(steps.scaled), &expected.scaled),
            largest_error(&floats(steps.capped), &expected.capped),
            largest_error(&floats(steps.biased), &expected.biased),
            largest_error(&floats(steps.masked), &expected.masked),
            largest_error(&floats(steps.weights), &expected.weights),
            largest_error(&sink, &expected.sink),
            largest_error(&floats(steps.output), &expected.output),
        ];
        for (error, bound) in errors.iter().zip([4e-6, 4e-6, 4e-6, 4e-6, 4e-6, 1e-5, 1e-5, 2e-5]) {
            prop_assert!(error <= &bound, "{errors:?}");
        }
        let before = worst.get();
        worst.set(std::array::from_fn(|i| before[i].max(errors[i])));
        let row_is_hidden = |row: &[f64]| row.iter().all(|score| *score == f64::NEG_INFINITY);
        let hidden = expected.masked.chunks(case.size[3]).filter(|row| row_is_hidden(row));
        hidden_rows.set(hidden_rows.get() + hidden.count());
        sinks.set(sinks.get() + usize::from(case.sink.is_some()));
        let largest = expected.scaled.iter().fold(0.0, |a: f64, b| a.max(b.abs()));
        largest_score.set(largest_score.get().max(largest));
        Ok(())
    });
    let names = ["raw", "scaled", "capped", "biased", "masked", "weights", "sink", "output"];
    for (name, error) in names.iter().zip(worst.get()) {
        println!("{name}: within {error:.1e}");
    }
    println!(
        "2000 cases, {} with a sink, {} hidden rows, scores up to {}",
        sinks.get(),
        hidden_rows.get(),
        largest_score.get()
    );
    assert!(hidden_rows.get() > 100 && largest_score.get() >= 1e4);
}

proptest! {
    #![proptest_config(config(300))]

    #[test]
    fn the_default_is_the_plain_formula(case in any_case(), causal in any::<bool>()) {
        let [batch, heads, seq_q, seq_k, head_dim, value_dim] = case.size;
        let query = tensor(&case.query, [batch, heads, seq_q, head_dim]);
        let key = tensor(&case.key, [batch, heads, seq_k, head_dim]);
        let value = tensor(&case.value, [batch, heads, seq_k, value_dim]);
        let mask = if causal && seq_q <= seq_k { Mask::Causal } else { Mask::Full };
        let plain = scaled_dot_product_attention(query.clone(), key.clone(), value.clone(), mask).unwrap();
        let options = AttentionOptions { masks: vec![mask.grid(seq_q, seq_k)], ..Default::default() };
        let steps = attention_steps(query, key, value, options).unwrap();
        prop_assert_eq!(floats(steps.masked), floats(plain.scores));
        prop_assert_eq!(floats(steps.weights), floats(plain.weights));
        prop_assert_eq!(floats(steps.output), floats(plain.output));
    }

    /// A sink works like one more key with a value of zeros and that score.
    #[test]
    fn a_sink_is_a_key_without_a_value(case in any_case(), logit in -3.0_f32..3.0) {
        let [batch, heads, seq_q, seq_k, ..] = case.size;
        let sink = Case { sink: Some(vec![logit; heads]), bias: None, soft_cap: None, ..case.clone() };
        let with_sink = run(&sink);
        let without = run(&Case { sink: None, ..sink });
        let weights = floats(with_sink.weights);
        let shares = floats(with_sink.sink_weights.expect("a sink was given"));
        let others = floats(without.weights);
        for row in 0..batch * heads * seq_q {
            let rest: f32 = weights[row * seq_k..][..seq_k].iter().sum();
            prop_assert!((rest + shares[row] - 1.0).abs() <= 2e-6);
            for j in row * seq_k..(row + 1) * seq_k {
                prop_assert!((weights[j] - others[j] * (1.0 - shares[row])).abs() <= 2e-6);
            }
        }
    }

    #[test]
    fn alibi_takes_slope_times_distance(heads in 1_usize..40, seq_q in 1_usize..12, seq_k in 1_usize..12) {
        let slopes = slopes_f64(heads);
        let got = alibi_slopes(heads).unwrap();
        prop_assert!(largest_relative(&got, &slopes) <= 1e-7);
        let bias = alibi_bias(heads, seq_q, seq_k, &Device::flex()).unwrap();
        prop_assert_eq!(bias.dims(), [1, heads, seq_q, seq_k]);
        let mut expected = Vec::new();
        for slope in slopes {
            for i in 0..seq_q {
                for j in 0..seq_k {
                    let distance = (i as f64 + seq_k as f64 - seq_q as f64 - j as f64).abs();
                    expected.push(-slope * distance);
                }
            }
        }
        prop_assert!(largest_relative(&floats(bias), &expected) <= 2e-7);
    }
}

fn largest_relative(got: &[f32], expected: &[f64]) -> f64 {
    assert_eq!(got.len(), expected.len());
    let error = |(got, expected): (&f32, &f64)| {
        if f64::from(*got) == *expected { 0.0 } else { (f64::from(*got) / expected - 1.0).abs() }
    };
    got.iter().zip(expected).map(error).fold(0.0, f64::max)
}

/// The recursion of the released code: start and ratio by repeated multiplication.
fn slopes_f64(heads: usize) -> Vec<f64> {
    if heads.is_power_of_two() {
        let start = 2_f64.powf(-(2_f64.powf(-((heads as f64).log2() - 3.0))));
        return std::iter::successors(Some(start), |slope| Some(slope * start))
            .take(heads)
            .collect();
    }
    let lower = 2_usize.pow((heads as f64).log2().floor() as u32);
    let mut slopes = slopes_f64(lower);
    slopes.extend(slopes_f64(2 * lower).into_iter().step_by(2).take(heads - lower));
    slopes
}

#[test]
fn alibi_slopes_of_the_paper() {
    // Section 3: for 8 heads from 1/2 to 1/2^8, for 16 heads from 2^-0.5 to 2^-8.
    let eight = alibi_slopes(8).unwrap();
    assert_eq!(eight, [0.5, 0.25, 0.125, 0.0625, 0.03125, 0.015625, 0.0078125, 0.00390625]);
    let sixteen = alibi_slopes(16).unwrap();
    assert!((sixteen[0] - 0.5_f32.sqrt()).abs() < 1e-7 && sixteen[15] == 0.00390625);
    // Twelve: the eight, then every other one of the sixteen.
    let twelve = alibi_slopes(12).unwrap();
    assert_eq!(twelve[..8], eight[..]);
    assert_eq!(twelve[8..], [sixteen[0], sixteen[2], sixteen[4], sixteen[6]]);
    let own_place = floats(alibi_bias(1, 1, 1, &Device::flex()).unwrap())[0];
    assert!(own_place == 0.0 && own_place.is_sign_positive());
    for error in [
        alibi_slopes(0).unwrap_err(),
        alibi_bias(0, 1, 1, &Device::flex()).map(floats).unwrap_err(),
    ] {
        assert_eq!(error.to_string(), "the number of heads is 0: it must be at least 1");
    }
}

#[test]
fn a_hidden_row_is_zeros_and_a_sink_takes_it() {
    let ones = Tensor::<4>::ones([1, 1, 1, 1], &Device::flex());
    let masks = vec![Mask::Padding { length: 0 }.grid(1, 1)];
    let options = AttentionOptions { masks, ..Default::default() };
    let steps = attention_steps(ones.clone(), ones.clone(), ones.clone(), options.clone()).unwrap();
    assert_eq!((floats(steps.weights), floats(steps.output)), (vec![0.0], vec![0.0]));

    let options = AttentionOptions { sink: Some(tensor(&[-1e4], [1])), ..options };
    let steps = attention_steps(ones.clone(), ones.clone(), ones, options).unwrap();
    assert_eq!(floats(steps.sink_weights.unwrap()), [1.0]);
    assert_eq!((floats(steps.weights), floats(steps.output)), (vec![0.0], vec![0.0]));
}

#[test]
fn a_cap_holds_the_largest_scores() {
    let x = tensor(&[1e4, -1e4], [1, 1, 2, 1]);
    let options = AttentionOptions { soft_cap: Some(50.0), ..Default::default() };
    let capped = floats(attention_steps(x.clone(), x.clone(), x, options).unwrap().capped);
    assert_eq!(capped, [50.0, -50.0, -50.0, 50.0]);
}

#[test]
fn options_that_do_not_fit_are_named() {
    let zeros = |shape: [usize; 4]| Tensor::<4>::zeros(shape, &Device::flex());
    let error = |options: AttentionOptions| {
        let [query, key] = [zeros([2, 3, 4, 1]), zeros([2, 3, 5, 1])];
        attention_steps(query, key.clone(), key, options).unwrap_err().to_string()
    };
    let plain = AttentionOptions::default;
    let mask = |seq_q, seq_k| Mask::Full.grid(seq_q, seq_k);
    for (options, expected) in [
        (AttentionOptions { scale: Some(f32::NAN), ..plain() }, "scale is NaN: it must be finite"),
        (
            AttentionOptions { soft_cap: Some(0.0), ..plain() },
            "soft_cap is 0: it must be finite and above zero",
        ),
        (
            AttentionOptions { soft_cap: Some(f32::INFINITY), scale: Some(1.0), ..plain() },
            "soft_cap is inf: it must be finite and above zero",
        ),
        (
            AttentionOptions { bias: Some(zeros([1, 3, 5, 4])), ..plain() },
            "bias has shape [1, 3, 5, 4]: it must be [2, 3, 4, 5], with 1 in place of any of them",
        ),
        (
            AttentionOptions { masks: vec![mask(4, 5); 3], ..plain() },
            "the number of masks is 3 and the batch is 2: give none, one for all, or one for each",
        ),
        (
            AttentionOptions { masks: vec![mask(4, 5), mask(5, 4)], ..plain() },
            "mask has shape [5, 4]: it must be [4, 5], queries by keys",
        ),
        (
            AttentionOptions { sink: Some(tensor(&[0.0; 2], [2])), ..plain() },
            "sink has shape [2]: it must be [3], a logit a head",
        ),
    ] {
        assert_eq!(error(options), expected);
    }
    let mismatch =
        attention_steps(zeros([1, 1, 1, 1]), zeros([2, 1, 1, 1]), zeros([2, 1, 1, 1]), plain());
    assert!(matches!(mismatch, Err(Error::Mismatch { dimension: "batch", .. })));
}
