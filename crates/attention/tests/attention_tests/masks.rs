//! Masks against a predicate written out for each, and their counts against closed formulas.

use crate::f64_reference::config;
use crate::f64_reference::masks::predicate;
use attention::{Error, Mask, MaskGrid, scaled_dot_product_attention};
use burn::tensor::{Device, Tensor};
use proptest::prelude::*;

fn size() -> impl Strategy<Value = usize> {
    prop_oneof![9 => 0_usize..12, 1 => Just(usize::MAX)]
}

fn any_mask() -> impl Strategy<Value = Mask> {
    prop_oneof![
        Just(Mask::Full),
        Just(Mask::Causal),
        (size(), size()).prop_map(|(before, after)| Mask::SlidingWindow { before, after }),
        (size(), size(), size()).prop_map(|(before, after, gap)| Mask::Dilated {
            before,
            after,
            gap
        }),
        size().prop_map(|stride| Mask::Strided { stride }),
        size().prop_map(|tokens| Mask::Global { tokens }),
        (size(), size(), size()).prop_map(|(before, after, global)| Mask::Longformer {
            before,
            after,
            global
        }),
        size().prop_map(|length| Mask::Padding { length }),
    ]
}

fn hidden_entries(mask: Mask, seq_q: usize, seq_k: usize) -> Vec<bool> {
    match mask.hidden(seq_q, seq_k, &Device::flex()) {
        None => vec![false; seq_q * seq_k],
        Some(hidden) => hidden.into_data().iter::<bool>().collect(),
    }
}

proptest! {
    #![proptest_config(config(1000))]

    #[test]
    fn every_entry_equals_the_predicate(mask in any_mask(), seq_q in 1_usize..20, seq_k in 1_usize..20) {
        let grid = mask.grid(seq_q, seq_k);
        let hidden = hidden_entries(mask, seq_q, seq_k);
        let mut count = 0;
        for i in 0..seq_q {
            for j in 0..seq_k {
                let expected = predicate(mask, i, j, seq_q, seq_k).expect("not drawn at random");
                prop_assert_eq!(grid.sees(i, j), expected, "query {} key {}\n{}", i, j, &grid);
                prop_assert_eq!(hidden[i * seq_k + j], !expected, "tensor, query {} key {}", i, j);
                count += usize::from(expected);
            }
        }
        prop_assert_eq!(grid.count(), count);
        prop_assert_eq!(grid.dims(), [seq_q, seq_k]);
        prop_assert_eq!(grid.to_string().matches('#').count(), count);
    }

    /// The queries of a decode step see what the last rows of the whole text see.
    #[test]
    fn fewer_queries_are_the_last_rows(mask in any_mask(), seq in 1_usize..20, few in 1_usize..20) {
        let few = few.min(seq);
        let (whole, last) = (mask.grid(seq, seq), mask.grid(few, seq));
        for i in 0..few {
            for j in 0..seq {
                prop_assert_eq!(last.sees(i, j), whole.sees(seq - few + i, j));
            }
        }
    }

    #[test]
    fn composition_is_entry_by_entry(a in any_mask(), b in any_mask(), seq_q in 1_usize..14, seq_k in 1_usize..14) {
        let (a, b) = (a.grid(seq_q, seq_k), b.grid(seq_q, seq_k));
        let (both, any) = (a.and(&b).unwrap(), a.or(&b).unwrap());
        for i in 0..seq_q {
            for j in 0..seq_k {
                prop_assert_eq!(both.sees(i, j), a.sees(i, j) && b.sees(i, j));
                prop_assert_eq!(any.sees(i, j), a.sees(i, j) || b.sees(i, j));
            }
        }
        prop_assert_eq!(both.count() + any.count(), a.count() + b.count());
        prop_assert_eq!(&both, &b.and(&a).unwrap());
        prop_assert_eq!(&a, &a.and(&a.or(&b).unwrap()).unwrap());
    }

    #[test]
    fn counts_follow_closed_formulas(n in 1_usize..60, more in 0_usize..20, before in 0_usize..60, after in 0_usize..60, gap in 0_usize..5) {
        let m = n + more;
        let (before, after) = (before.min(n - 1), after.min(n - 1));
        let triangle = |k: usize| k * (k + 1) / 2;
        let window = |n: usize, b: usize, a: usize| n * (1 + b + a) - triangle(b) - triangle(a);
        let count = |mask: Mask| mask.grid(n, n).count();

        prop_assert_eq!(Mask::Full.grid(n, m).count(), n * m);
        prop_assert_eq!(Mask::Causal.grid(n, m).count(), n * m - triangle(n - 1));
        prop_assert_eq!(count(Mask::SlidingWindow { before, after }), window(n, before, after));

        let step = gap + 1;
        let reach = |steps: usize| steps.min((n - 1) / step);
        let side = |steps: usize| reach(steps) * n - step * triangle(reach(steps));
        prop_assert_eq!(count(Mask::Dilated { before, after, gap }), n + side(before) + side(after));

        // The last `stride` keys and itself, then every stride-th from the second stride on.
        let stride = before;
        let far = (n - 1).checked_div(stride).map_or(0, |steps| {
            steps * n - stride * triangle(steps) - steps.min(1) * (n - stride)
        });
        prop_assert_eq!(count(Mask::Strided { stride }), window(n, stride, 0) + far);

        let tokens = after;
        let rest = n - tokens;
        prop_assert_eq!(count(Mask::Global { tokens }), n * n - rest * rest);
        // Global rows and columns are full; what is left is a smaller window.
        let (b, a) = (before.min(rest - 1), after.min(rest - 1));
        prop_assert_eq!(
            count(Mask::Longformer { before: b, after: a, global: tokens }),
            n * n - rest * rest + window(rest, b, a)
        );
        prop_assert_eq!(Mask::Padding { length: before }.grid(n, m).count(), n * before);
        prop_assert_eq!(Mask::Random { keys: before, seed: 7 }.grid(n, m).count(), n * before);
        prop_assert_eq!(Mask::Random { keys: usize::MAX, seed: 7 }.grid(n, m).count(), n * m);
    }

    #[test]
    fn big_bird_is_window_or_global_or_random(
        seq_q in 1_usize..20, seq_k in 1_usize..20,
        before in size(), after in size(), global in size(), random in size(), seed in any::<u64>(),
    ) {
        let whole = Mask::BigBird { before, after, global, random, seed }.grid(seq_q, seq_k);
        let parts = [
            Mask::SlidingWindow { before, after },
            Mask::Global { tokens: global },
            Mask::Random { keys: random, seed },
        ];
        let union = parts.map(|mask| mask.grid(seq_q, seq_k)).into_iter().reduce(|a, b| a.or(&b).unwrap());
        prop_assert_eq!(whole.clone(), union.unwrap());
        let hidden = Mask::BigBird { before, after, global, random, seed };
        let hidden = hidden_entries(hidden, seq_q, seq_k);
        prop_assert_eq!(hidden.iter().filter(|hidden| !**hidden).count(), whole.count());
    }

    #[test]
    fn every_random_row_has_its_number_of_keys(seq_q in 1_usize..20, seq_k in 1_usize..20, keys in 0_usize..25, seed in any::<u64>()) {
        let grid = Mask::Random { keys, seed }.grid(seq_q, seq_k);
        for i in 0..seq_q {
            prop_assert_eq!((0..seq_k).filter(|j| grid.sees(i, *j)).count(), keys.min(seq_k));
        }
        prop_assert_eq!(&grid, &Mask::Random { keys, seed }.grid(seq_q, seq_k));
    }

    #[test]
    fn padding_hides_what_follows_each_text(lengths in prop::collection::vec(0_usize..9, 0..5), seq_q in 1_usize..6, more in 0_usize..4) {
        let seq_k = lengths.iter().copied().max().unwrap_or(0) + more;
        let masks = MaskGrid::padding(&lengths, seq_q, seq_k).unwrap();
        prop_assert_eq!(masks.len(), lengths.len());
        for (mask, length) in masks.iter().zip(lengths) {
            prop_assert_eq!(mask, &Mask::Padding { length }.grid(seq_q, seq_k));
            prop_assert_eq!(mask.count(), seq_q * length);
        }
    }
}

/// Each key is drawn about as often as any other, and each pair of rows apart.
#[test]
fn the_lot_is_fair() {
    let (rows, keys, drawn) = (4000, 16, 3);
    let grid = Mask::Random { keys: drawn, seed: 1 }.grid(rows, keys);
    let expected = (rows * drawn) as f64 / keys as f64;
    let spread: f64 = (0..keys)
        .map(|j| {
            let seen = (0..rows).filter(|i| grid.sees(*i, j)).count() as f64;
            (seen - expected).powi(2) / expected
        })
        .sum();
    println!("chi-squared over {keys} keys: {spread:.1}");
    // 15 degrees of freedom: one fair draw in a thousand exceeds 37.7.
    assert!(spread < 37.7, "{spread}");

    let same = (1..rows).filter(|i| (0..keys).all(|j| grid.sees(*i, j) == grid.sees(i - 1, j)));
    let same = same.count() as f64 / (rows - 1) as f64;
    // 560 ways to draw 3 of 16.
    println!("rows like the one before: {same:.4}, fair is {:.4}", 1.0 / 560.0);
    assert!(same < 0.005);
    let other = Mask::Random { keys: drawn, seed: 2 }.grid(rows, keys);
    let agree = grid.and(&other).unwrap().count() as f64 / grid.count() as f64;
    println!("two seeds agree on {agree:.3} of the keys, fair is {:.3}", 3.0 / 16.0);
    assert!((agree - 3.0 / 16.0).abs() < 0.015);
}

#[test]
fn masks_draw_themselves() {
    let draw = |mask: Mask| mask.grid(6, 6).to_string();
    assert_eq!(
        draw(Mask::SlidingWindow { before: 2, after: 0 }),
        "#.....\n##....\n###...\n.###..\n..###.\n...###"
    );
    assert_eq!(
        draw(Mask::Dilated { before: 1, after: 1, gap: 1 }),
        "#.#...\n.#.#..\n#.#.#.\n.#.#.#\n..#.#.\n...#.#"
    );
    assert_eq!(draw(Mask::Strided { stride: 2 }), "#.....\n##....\n###...\n.###..\n#.###.\n.#.###");
    assert_eq!(
        draw(Mask::Longformer { before: 1, after: 1, global: 1 }),
        "######\n###...\n####..\n#.###.\n#..###\n#...##"
    );
    assert_eq!(Mask::Full.grid(0, 3).to_string(), "");
    assert_eq!(Mask::Full.grid(1, 1).to_string(), "#");
    assert!(!Mask::Full.grid(1, 1).sees(0, 1) && !Mask::Full.grid(1, 1).sees(1, 0));
}

#[test]
fn a_row_that_sees_nothing_gets_zeros() {
    let ones = Tensor::<4>::ones([1, 1, 3, 2], &Device::flex());
    for (mask, expected) in [
        (Mask::Padding { length: 0 }, [0.0; 6]),
        (Mask::Random { keys: 0, seed: 3 }, [0.0; 6]),
        (Mask::Global { tokens: 1 }, [1.0; 6]),
    ] {
        let attention =
            scaled_dot_product_attention(ones.clone(), ones.clone(), ones.clone(), mask).unwrap();
        let output: Vec<f32> = attention.output.into_data().try_to_vec().unwrap();
        for (got, expected) in output.iter().zip(expected) {
            assert!((got - expected).abs() < 1e-6, "{mask:?}: {got} instead of {expected}");
        }
    }
    // More queries than keys: the first stand before the first key.
    let few = ones.clone().narrow(2, 0, 1);
    let mask = Mask::SlidingWindow { before: 5, after: 0 };
    let attention = scaled_dot_product_attention(ones, few.clone(), few, mask).unwrap();
    assert_eq!(attention.weights.into_data().try_to_vec::<f32>().unwrap(), [0.0, 0.0, 1.0]);
}

#[test]
fn bad_masks_are_named() {
    let error = Mask::Full.grid(2, 3).and(&Mask::Full.grid(3, 2)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the other mask has shape [3, 2]: it must be [2, 3], as the first mask"
    );
    assert_eq!(Mask::Full.grid(2, 3).or(&Mask::Full.grid(3, 2)).unwrap_err(), error);
    let error = MaskGrid::padding(&[2, 5], 1, 4).unwrap_err();
    assert_eq!(error, Error::PaddingTooLong { text: 1, length: 5, seq_k: 4 });
    assert_eq!(
        error.to_string(),
        "text 1 has length 5 and there are only 4 keys: give lengths from 0 to 4"
    );
}
