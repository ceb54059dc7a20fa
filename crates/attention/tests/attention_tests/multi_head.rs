//! What must not change multi-head and cross-attention, and their errors. `equivalence` compares
//! both with f64.

use crate::f64_reference::{config, floats, largest_error, tensor};
use attention::{
    AttentionOptions, Error, Mask, MultiHeadAttention, attention_steps, cross_attention,
    merge_heads, scaled_dot_product_attention, split_heads,
};
use burn::tensor::{Device, Tensor};
use proptest::prelude::*;

fn zeros<const D: usize>(shape: [usize; D]) -> Tensor<D> {
    Tensor::zeros(shape, &Device::flex())
}

/// A layer, a target and a source with their lengths.
#[derive(Debug, Clone)]
struct Case {
    heads: usize,
    head_dim: usize,
    value_dim: usize,
    d_target: usize,
    d_source: usize,
    d_out: usize,
    seq_q: usize,
    seq_k: usize,
    lengths: Vec<usize>,
    w_query: Vec<f32>,
    w_key: Vec<f32>,
    w_value: Vec<f32>,
    w_output: Vec<f32>,
    target: Vec<f32>,
    source: Vec<f32>,
}

impl Case {
    fn layer(&self) -> MultiHeadAttention {
        let (width, value_width) = (self.heads * self.head_dim, self.heads * self.value_dim);
        MultiHeadAttention::new(
            tensor(&self.w_query, [self.d_target, width]),
            tensor(&self.w_key, [self.d_source, width]),
            tensor(&self.w_value, [self.d_source, value_width]),
            tensor(&self.w_output, [value_width, self.d_out]),
            self.heads,
        )
        .expect("weights fit")
    }

    fn target(&self) -> Tensor<3> {
        tensor(&self.target, [self.lengths.len(), self.seq_q, self.d_target])
    }

    fn source(&self) -> Tensor<3> {
        tensor(&self.source, [self.lengths.len(), self.seq_k, self.d_source])
    }

    /// Weights of the heads and output of the layer.
    fn run(&self) -> (Vec<f32>, Vec<f32>) {
        let steps = cross_attention(&self.layer(), self.target(), self.source(), &self.lengths);
        let steps = steps.expect("everything fits");
        (floats(steps.heads.weights), floats(steps.output))
    }
}

fn any_case() -> impl Strategy<Value = Case> {
    let widths = (1_usize..5, 1_usize..7, 1_usize..7, 1_usize..9, 1_usize..9, 1_usize..9);
    (widths, 1_usize..8, 1_usize..8, 1_usize..4).prop_flat_map(
        |((heads, head_dim, value_dim, d_target, d_source, d_out), seq_q, seq_k, batch)| {
            let numbers = |count| prop::collection::vec(-1.0_f32..1.0, count);
            (
                prop::collection::vec(0..=seq_k, batch),
                numbers(d_target * heads * head_dim),
                numbers(d_source * heads * head_dim),
                numbers(d_source * heads * value_dim),
                numbers(heads * value_dim * d_out),
                numbers(batch * seq_q * d_target),
                numbers(batch * seq_k * d_source),
            )
                .prop_map(
                    move |(lengths, w_query, w_key, w_value, w_output, target, source)| Case {
                        heads,
                        head_dim,
                        value_dim,
                        d_target,
                        d_source,
                        d_out,
                        seq_q,
                        seq_k,
                        lengths,
                        w_query,
                        w_key,
                        w_value,
                        w_output,
                        target,
                        source,
                    },
                )
        },
    )
}

proptest! {
    #![proptest_config(config(300))]

    #[test]
    fn one_head_is_plain_attention(case in any_case(), causal in any::<bool>()) {
        let case = Case { w_query: case.w_query[..case.d_target * case.head_dim].to_vec(),
            w_key: case.w_key[..case.d_source * case.head_dim].to_vec(),
            w_value: case.w_value[..case.d_source * case.value_dim].to_vec(),
            w_output: case.w_output[..case.value_dim * case.d_out].to_vec(),
            heads: 1, ..case };
        let [target, source] = [case.target(), case.source()];
        let mask = if causal && case.seq_q <= case.seq_k { Mask::Causal } else { Mask::Full };
        let options = AttentionOptions { masks: vec![mask.grid(case.seq_q, case.seq_k)], ..Default::default() };
        let many = case.layer().attend(target.clone(), source.clone(), options).unwrap();

        let weight = |data: &[f32], height| tensor(data, [1, height, data.len() / height]);
        let query = target.matmul(weight(&case.w_query, case.d_target));
        let key = source.clone().matmul(weight(&case.w_key, case.d_source));
        let value = source.matmul(weight(&case.w_value, case.d_source));
        let single = scaled_dot_product_attention(
            query.unsqueeze_dim(1), key.unsqueeze_dim(1), value.unsqueeze_dim(1), mask).unwrap();
        let output = single.output.squeeze_dim::<3>(1).matmul(weight(&case.w_output, case.value_dim));
        prop_assert_eq!(floats(many.heads.weights), floats(single.weights));
        prop_assert_eq!(floats(many.output), floats(output));
    }

    #[test]
    fn merge_undoes_split(batch in 1_usize..4, seq in 1_usize..6, heads in 1_usize..6, head_dim in 1_usize..6) {
        let data: Vec<f32> = (0..batch * seq * heads * head_dim).map(|x| x as f32).collect();
        let x = tensor(&data, [batch, seq, heads * head_dim]);
        let split = split_heads(x, heads).unwrap();
        prop_assert_eq!(split.dims(), [batch, heads, seq, head_dim]);
        let entries = floats(split.clone());
        for b in 0..batch { for h in 0..heads { for s in 0..seq { for d in 0..head_dim {
            let got = entries[((b * heads + h) * seq + s) * head_dim + d];
            prop_assert_eq!(got, data[(b * seq + s) * heads * head_dim + h * head_dim + d]);
        }}}}
        prop_assert_eq!(floats(merge_heads(split)), data);
    }

    /// Self-attention without a mask does not know the order of the tokens.
    #[test]
    fn reordered_tokens_give_reordered_outputs(case in any_case(), turn in 0_usize..8) {
        let case = Case { d_source: case.d_target, seq_k: case.seq_q,
            w_key: case.w_query.clone(),
            w_value: case.w_query.iter().map(|x| x - 0.5).collect(),
            value_dim: case.head_dim,
            w_output: case.target.iter().cycle().take(case.heads * case.head_dim * case.d_out).copied().collect(),
            source: case.target.clone(), ..case };
        let rotated = |data: &[f32], width: usize| -> Vec<f32> {
            let rotate = |text: &[f32]| { let mut text = text.to_vec(); text.rotate_left((turn % case.seq_q) * width); text };
            data.chunks(case.seq_q * width).flat_map(rotate).collect()
        };
        let run = |data: &[f32]| {
            let x = tensor(data, [case.lengths.len(), case.seq_q, case.d_target]);
            floats(case.layer().forward(x, AttentionOptions::default()).unwrap().output)
        };
        let expected = rotated(&run(&case.target), case.d_out);
        for (a, b) in expected.iter().zip(&run(&rotated(&case.target, case.d_target))) {
            prop_assert!((a - b).abs() <= 2e-5, "{a} became {b}");
        }
    }

    /// Reorder the heads in all four weights, and the output stays.
    #[test]
    fn the_order_of_heads_does_not_matter(case in any_case(), turn in 0_usize..5) {
        let turn = turn % case.heads;
        let columns = |w: &[f32], height: usize| -> Vec<f32> {
            let width = w.len() / height;
            let rotate = |row: &[f32]| { let mut row = row.to_vec(); row.rotate_left(turn * width / case.heads); row };
            w.chunks(width).flat_map(rotate).collect()
        };
        let mut w_output = case.w_output.clone();
        w_output.rotate_left(turn * case.value_dim * case.d_out);
        let moved = Case { w_query: columns(&case.w_query, case.d_target), w_key: columns(&case.w_key, case.d_source),
            w_value: columns(&case.w_value, case.d_source), w_output, ..case.clone() };
        for (a, b) in case.run().1.iter().zip(&moved.run().1) {
            prop_assert!((a - b).abs() <= 2e-5, "{a} became {b}");
        }
    }

    // claim: heads-add-up
    /// The output is the sum of what each head adds: its output times its own rows of W_O.
    #[test]
    fn heads_add_up(case in any_case()) {
        let steps = cross_attention(&case.layer(), case.target(), case.source(), &case.lengths);
        let steps = steps.unwrap();
        let (rows, outputs) = (case.value_dim, floats(steps.heads.output));
        let mut sum = vec![0.0_f64; case.lengths.len() * case.seq_q * case.d_out];
        for (place, total) in sum.iter_mut().enumerate() {
            let (text, column) = (place / case.d_out, place % case.d_out);
            let (batch, query) = (text / case.seq_q, text % case.seq_q);
            for head in 0..case.heads {
                let own = &outputs[((batch * case.heads + head) * case.seq_q + query) * rows..][..rows];
                let band = &case.w_output[head * rows * case.d_out..];
                *total += own.iter().enumerate()
                    .map(|(row, number)| f64::from(*number) * f64::from(band[row * case.d_out + column]))
                    .sum::<f64>();
            }
        }
        let error = largest_error(&floats(steps.output), &sum);
        prop_assert!(error <= 1e-5, "off by {error:.1e}");
    }

    /// What stands in the padding changes nothing, not even the last bit.
    #[test]
    fn padding_does_not_matter(case in any_case()) {
        let mut other = case.clone();
        for (b, length) in case.lengths.iter().enumerate() {
            let text = &mut other.source[b * case.seq_k * case.d_source..][..case.seq_k * case.d_source];
            text[length * case.d_source..].fill(1e4);
        }
        prop_assert_eq!(case.run(), other.run());
    }

    #[test]
    fn the_order_of_the_source_does_not_matter(case in any_case()) {
        let case = Case { lengths: vec![case.seq_k; case.lengths.len()], ..case };
        let mut backwards = case.clone();
        for text in backwards.source.chunks_mut(case.seq_k * case.d_source) {
            let rows: Vec<Vec<f32>> = text.chunks(case.d_source).rev().map(<[f32]>::to_vec).collect();
            text.copy_from_slice(&rows.concat());
        }
        for (a, b) in case.run().1.iter().zip(&backwards.run().1) {
            prop_assert!((a - b).abs() <= 2e-5, "{a} became {b}");
        }
    }
}

#[test]
fn self_attention_takes_the_options() {
    // W_Q, W_K, W_V and W_O are all the identity: two heads of one dimension each.
    let eye = || tensor(&[1.0, 0.0, 0.0, 1.0], [2, 2]);
    let layer = MultiHeadAttention::new(eye(), eye(), eye(), eye(), 2).unwrap();
    let x = tensor(&[1.0, 2.0, 3.0, 4.0], [1, 2, 2]);
    let causal = || AttentionOptions {
        masks: vec![Mask::Causal.grid(2, 2)],
        sink: Some(tensor(&[1.0, 4.0], [2])),
        ..Default::default()
    };
    let steps = layer.forward(x.clone(), causal()).unwrap();
    // The first token meets itself alone, and the sink has the same score: one half each.
    assert_eq!(floats(steps.output.clone())[..2], [0.5, 1.0]);
    let split = split_heads(x, 2).unwrap();
    let alone = attention_steps(split.clone(), split.clone(), split, causal()).unwrap();
    assert_eq!(floats(steps.heads.output), floats(alone.output.clone()));
    assert_eq!(floats(steps.merged), floats(merge_heads(alone.output)));
}

#[test]
fn what_does_not_fit_is_named() {
    let new = |q: [usize; 2], k: [usize; 2], v: [usize; 2], o: [usize; 2], heads| {
        MultiHeadAttention::new(zeros(q), zeros(k), zeros(v), zeros(o), heads)
            .map(|_| ())
            .unwrap_err()
            .to_string()
    };
    let four = [4, 4];
    assert_eq!(new(four, four, four, four, 0), "the number of heads is 0: it must be at least 1");
    assert_eq!(
        new(four, four, four, four, 3),
        "W_Q is 4 wide, which 3 heads cannot share: give a multiple of 3"
    );
    assert_eq!(
        new(four, four, [4, 3], [3, 4], 2),
        "W_V is 3 wide, which 2 heads cannot share: give a multiple of 2"
    );
    assert_eq!(
        new(four, [5, 4], four, four, 2),
        "W_K has shape [5, 4]: it must be [4, 4], as W_V high, as W_Q wide"
    );
    assert_eq!(
        new(four, four, four, [3, 4], 2),
        "W_O has shape [3, 4]: it must be [4, 4], as high as W_V is wide"
    );
    assert_eq!(
        split_heads(zeros([1, 2, 4]), 3).map(floats).unwrap_err().to_string(),
        "the tensor to split is 4 wide, which 3 heads cannot share: give a multiple of 3"
    );

    let layer =
        MultiHeadAttention::new(zeros(four), zeros([6, 4]), zeros([6, 4]), zeros(four), 2).unwrap();
    let error = |target: [usize; 3], source: [usize; 3], lengths: &[usize]| {
        cross_attention(&layer, zeros(target), zeros(source), lengths).map(|_| ()).unwrap_err()
    };
    assert_eq!(
        error([1, 2, 5], [1, 3, 6], &[3]).to_string(),
        "the target has shape [1, 2, 5]: it must be [batch, seq, 4], as wide as its weights are high"
    );
    assert_eq!(
        error([1, 2, 4], [1, 3, 4], &[3]).to_string(),
        "the source has shape [1, 3, 4]: it must be [batch, seq, 6], as wide as its weights are high"
    );
    assert_eq!(
        error([2, 2, 4], [2, 3, 6], &[3]).to_string(),
        "the number of lengths is 1 and the batch is 2: give one for each"
    );
    assert_eq!(
        error([1, 2, 4], [1, 3, 6], &[4]),
        Error::PaddingTooLong { text: 0, length: 4, seq_k: 3 }
    );
    assert!(matches!(
        error([2, 2, 4], [1, 3, 6], &[3]),
        Error::Mismatch { dimension: "batch", .. }
    ));
    for (target, source, name) in [
        ([1, 0, 4], [1, 3, 6], "the target has shape [1, 0, 4]"),
        ([1, 2, 4], [1, 0, 6], "the source has shape [1, 0, 6]"),
        ([1, 2, 0], [1, 3, 6], "the target has shape [1, 2, 0]"),
    ] {
        let expected = format!("{name}: it must be at least 1 in every dimension");
        assert_eq!(error(target, source, &[0]).to_string(), expected);
    }
    assert!(matches!(error([0, 2, 4], [0, 3, 6], &[]), Error::Shape { .. }));
    assert_eq!(
        new([0, 4], [0, 4], [0, 4], four, 2),
        "W_Q has shape [0, 4]: it must be at least 1 in every dimension"
    );
    let empty = split_heads(zeros([1, 0, 4]), 2).unwrap();
    assert_eq!(empty.dims(), [1, 2, 0, 2]);
    assert_eq!(merge_heads(empty).dims(), [1, 0, 4]);
}
