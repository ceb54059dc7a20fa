//! Rotary positions against f64, and the properties that they are made for.

use crate::f64_reference::{
    Bound, Random, cases, dot, floats, largest_difference, largest_error, neighbours, rotate,
};
use attention::{Pairing, Rope};
use burn::tensor::{Device, Tensor};
use proptest::prelude::*;

const BASE: f32 = 10_000.0;

fn rope(head_dim: usize) -> Rope {
    Rope::new(head_dim, BASE).unwrap()
}

/// The place in a half-split head of each number of an interleaved head.
fn half_split_order(head_dim: usize) -> Vec<usize> {
    let half = head_dim / 2;
    (0..half).map(|i| 2 * i).chain((0..half).map(|i| 2 * i + 1)).collect()
}

fn reorder(x: &[f32], order: &[usize]) -> Vec<f32> {
    x.chunks(order.len()).flat_map(|head| order.iter().map(|&place| head[place])).collect()
}

fn tensor(x: &[f32], shape: [usize; 4]) -> Tensor<4> {
    Tensor::<1>::from_floats(x, &Device::flex()).reshape(shape)
}

#[test]
fn both_pairings_equal_the_f64_reference() {
    let sizes = (any::<u64>(), 1_usize..3, 1_usize..4, 1_usize..9, 1_usize..20, 0_usize..100_000);
    let bound = Bound::new("RoPE, positions to 100,000", 1e-6);
    cases(1000, &sizes, |(seed, batch, heads, seq, pairs, first)| {
        let head_dim = 2 * pairs;
        let x = Random::new(seed).array([batch, heads, seq, head_dim]);
        let halves: Vec<(usize, usize)> = (0..pairs).map(|i| (i, i + pairs)).collect();
        for (pairing, pairs) in
            [(Pairing::Interleaved, neighbours(head_dim)), (Pairing::HalfSplit, halves)]
        {
            let found = rope(head_dim).with_pairing(pairing).rotate(x.tensor(), first).unwrap();
            let expected: Vec<f64> = x
                .numbers
                .chunks(head_dim)
                .enumerate()
                .flat_map(|(row, x)| rotate(x, &pairs, BASE.into(), first + row % seq))
                .collect();
            bound.check(largest_error(&floats(found), &expected))?;
        }
        Ok(())
    });
    bound.print();
}

/// Reorder the numbers of each head, and one pairing becomes the other, to the last bit.
#[test]
fn a_reordering_makes_the_pairings_equal() {
    let sizes = (any::<u64>(), 1_usize..4, 1_usize..9, 1_usize..20, 0_usize..10_000);
    cases(1000, &sizes, |(seed, heads, seq, pairs, first)| {
        let head_dim = 2 * pairs;
        let shape = [1, heads, seq, head_dim];
        let order = half_split_order(head_dim);
        let x = floats(Random::new(seed).array(shape).tensor());

        let interleaved = floats(rope(head_dim).rotate(tensor(&x, shape), first).unwrap());
        let rope = rope(head_dim).with_pairing(Pairing::HalfSplit);
        let half_split = rope.rotate(tensor(&reorder(&x, &order), shape), first).unwrap();
        prop_assert_eq!(floats(half_split), reorder(&interleaved, &order));
        Ok(())
    });
}

/// The score of a query and a key depends on how far apart they are, and not on where.
#[test]
fn scores_depend_on_the_distance_alone() {
    let sizes = (any::<u64>(), 1_usize..33, 0_usize..500, 0_usize..500, 0_usize..7000);
    let bound = Bound::new("RoPE moved, score a pair", 2e-6);
    cases(1000, &sizes, |(seed, pairs, key, apart, shift)| {
        let head_dim = 2 * pairs;
        let mut random = Random::new(seed);
        let (q, k) = (random.array([1, 1, 1, head_dim]), random.array([1, 1, 1, head_dim]));
        for pairing in [Pairing::Interleaved, Pairing::HalfSplit] {
            let rope = rope(head_dim).with_pairing(pairing);
            let turned = |x: &crate::f64_reference::Array, position| -> Vec<f64> {
                let turned = floats(rope.rotate(x.tensor(), position).unwrap());
                turned.into_iter().map(f64::from).collect()
            };
            let score = |shift| dot(&turned(&q, key + apart + shift), &turned(&k, key + shift));
            bound.check((score(0) - score(shift)).abs() / pairs as f64)?;
        }
        Ok(())
    });
    bound.print();
}

/// A token rotated on its own, at its position, is the token rotated in its text.
#[test]
fn a_later_part_continues_the_text() {
    let sizes = (any::<u64>(), 1_usize..9, 1_usize..9, 1_usize..20, 0_usize..10_000);
    cases(1000, &sizes, |(seed, before, after, pairs, first)| {
        let x = Random::new(seed).array([1, 2, before + after, 2 * pairs]).tensor();
        let rope = rope(2 * pairs);
        let whole = rope.rotate(x.clone(), first).unwrap();
        let start = rope.rotate(x.clone().narrow(2, 0, before), first).unwrap();
        let end = rope.rotate(x.narrow(2, before, after), first + before).unwrap();
        prop_assert_eq!(floats(whole), floats(Tensor::cat(vec![start, end], 2)));
        Ok(())
    });
}

#[test]
fn position_zero_changes_nothing_and_lengths_stay() {
    let x = Random::new(1).array([2, 3, 1, 64]);
    let turned = |first| floats(rope(64).rotate(x.tensor(), first).unwrap());
    assert_eq!(turned(0), floats(x.tensor()));
    let lengths = |x: &[f32]| -> Vec<f32> {
        x.chunks(64).map(|x| x.iter().map(|x| x * x).sum::<f32>().sqrt()).collect()
    };
    let error = largest_difference(&lengths(&turned(777)), &lengths(&turned(0)));
    println!("lengths near 10: largest error {error:.1e}");
    assert!(error <= 1e-5, "{error}");
}

#[test]
fn bad_sizes_and_bases_are_errors() {
    let message = |head_dim, base| Rope::new(head_dim, base).unwrap_err().to_string();
    let pairs = "it must be even and above zero, as rotary positions turn pairs of numbers";
    assert_eq!(message(3, BASE), format!("head_dim is 3: {pairs}"));
    assert_eq!(message(0, BASE), format!("head_dim is 0: {pairs}"));
    for (base, shown) in [(0.0, "0"), (-1.0, "-1"), (f32::NAN, "NaN"), (f32::INFINITY, "inf")] {
        assert_eq!(
            message(2, base),
            format!(
                "the base of the rotary positions is {shown}: it must be finite and above zero, \
                 such as 10000"
            )
        );
    }
}

#[test]
fn a_tensor_that_does_not_fit_is_an_error() {
    let message = |shape| {
        let x = Tensor::<4>::zeros(shape, &Device::flex());
        rope(4).rotate(x, 0).unwrap_err().to_string()
    };
    assert_eq!(
        message([1, 2, 3, 6]),
        "the tensor to rotate has shape [1, 2, 3, 6]: it must be [batch, heads, seq, 4]"
    );
    assert_eq!(
        message([1, 2, 0, 4]),
        "the tensor to rotate has shape [1, 2, 0, 4]: its seq is zero, and attention needs at \
         least one"
    );
}
