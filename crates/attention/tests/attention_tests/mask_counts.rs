//! Masks counted without a grid: against a grid of predicates, and against closed formulas where
//! no grid would fit.

use std::cell::Cell;
use std::time::Instant;

use crate::f64_reference::cases;
use crate::f64_reference::masks::predicate;
use attention::{Mask, MaskGrid};
use proptest::prelude::*;

/// Nothing, one, a few, as many as there are tokens, far too many.
fn size() -> impl Strategy<Value = usize> {
    prop_oneof![8 => 0_usize..8, 6 => 0_usize..70, 2 => Just(usize::MAX), 1 => any::<usize>()]
}

/// Every kind of mask, and one more of each that is drawn at random: it draws as another.
fn masks() -> impl Strategy<Value = [Mask; 12]> {
    (proptest::array::uniform13(size()), any::<[u64; 2]>()).prop_map(|(sizes, seeds)| {
        let [a, b, c, d, e, stride, tokens, f, g, global, keys, random, length] = sizes;
        let seed = seeds[0];
        [
            Mask::Full,
            Mask::Causal,
            Mask::SlidingWindow { before: a, after: b },
            Mask::Dilated { before: c, after: d, gap: e },
            Mask::Strided { stride },
            Mask::Global { tokens },
            Mask::Random { keys, seed },
            Mask::Longformer { before: f, after: g, global },
            Mask::BigBird { before: f, after: b, global, random, seed: seeds[1] },
            Mask::Padding { length },
            Mask::Random { keys: random, seed: seeds[1] },
            Mask::BigBird { before: a, after: g, global: tokens, random: keys, seed },
        ]
    })
}

/// The mask by its definition. What is drawn at random comes from the library, key by key.
fn reference(mask: Mask, seq_q: usize, seq_k: usize) -> MaskGrid {
    let by_rule = |mask| {
        let sees = |i, j| predicate(mask, i, j, seq_q, seq_k).expect("not drawn at random");
        MaskGrid::from_fn(seq_q, seq_k, sees)
    };
    match mask {
        Mask::Random { .. } => mask.grid(seq_q, seq_k),
        Mask::BigBird { before, after, global, random, seed } => {
            let drawn = Mask::Random { keys: random, seed }.grid(seq_q, seq_k);
            by_rule(Mask::Longformer { before, after, global }).or(&drawn).unwrap()
        }
        mask => by_rule(mask),
    }
}

#[test]
fn counts_are_those_of_the_grids_for_every_pair_of_masks() {
    let (counts, more_queries) = (Cell::new(0_u64), Cell::new(0_u64));
    cases(600, &(masks(), 0_usize..61, 0_usize..61), |(masks, seq_q, seq_k)| {
        let grids = masks.map(|mask| reference(mask, seq_q, seq_k));
        more_queries.set(more_queries.get() + u64::from(seq_q > seq_k));
        for (one, ones) in masks.iter().zip(&grids) {
            prop_assert_eq!(&one.grid(seq_q, seq_k), ones, "{:?}", one);
            prop_assert_eq!(one.count(seq_q, seq_k), ones.count() as u64, "{:?}", one);
            for (two, twos) in masks.iter().zip(&grids) {
                let both = ones.and(twos).unwrap().count() as u64;
                let either = ones.or(twos).unwrap().count() as u64;
                prop_assert_eq!(one.count_both(*two, seq_q, seq_k), both, "{:?} {:?}", one, two);
                prop_assert_eq!(
                    one.count_either(*two, seq_q, seq_k),
                    either,
                    "{:?} {:?}",
                    one,
                    two
                );
                counts.set(counts.get() + 2);
            }
        }
        Ok(())
    });
    let (counts, more) = (counts.get(), more_queries.get());
    println!("{counts} counts of two masks, {more} of 600 cases with more queries than keys");
}

/// Random keys are counted in blocks of rows. These texts have more of them than fit in one.
#[test]
fn lots_are_counted_alike_in_many_blocks() {
    for (seq_q, seq_k, keys) in [(700, 700, 2), (1500, 300, 40), (40, 3000, 2999), (33, 2100, 700)]
    {
        let one = Mask::BigBird { before: 3, after: 9, global: 2, random: keys, seed: 5 };
        let same = Mask::Random { keys, seed: 5 };
        let other = Mask::Random { keys: keys / 2 + 1, seed: 6 };
        for two in [same, other, Mask::Strided { stride: 7 }, one] {
            let [ones, twos] = [one, two].map(|mask| mask.grid(seq_q, seq_k));
            let both = ones.and(&twos).unwrap().count() as u64;
            assert_eq!(one.count_both(two, seq_q, seq_k), both, "{two:?}");
            let either = ones.or(&twos).unwrap().count() as u64;
            assert_eq!(two.count_either(one, seq_q, seq_k), either, "{two:?}");
            println!("{seq_q} x {seq_k}, {keys} keys: {both} in both, {either} in either");
        }
    }
}

#[test]
fn counts_follow_closed_formulas_where_no_grid_fits() {
    for n in [1_usize << 20, (1 << 31) - 1] {
        let m = n as u64;
        let count = |mask: Mask| mask.count(n, n);
        let triangle = |k: u64| k * (k + 1) / 2;
        assert_eq!(count(Mask::Full), m * m);
        assert_eq!(count(Mask::Causal), triangle(m));
        let window = Mask::SlidingWindow { before: 6, after: 3 };
        assert_eq!(count(window), 10 * m - triangle(6) - triangle(3));
        let dilated = Mask::Dilated { before: 6, after: 3, gap: 1 };
        assert_eq!(count(dilated), 10 * m - 2 * triangle(6) - 2 * triangle(3));
        let causal_window = 7 * m - triangle(6);
        assert_eq!(window.count_both(Mask::Causal, n, n), causal_window);
        assert_eq!(
            window.count_either(Mask::Causal, n, n),
            triangle(m) + count(window) - causal_window
        );
        // Every second key of the dilated window is in the window: 0, 2, 4, 6 back, 2 ahead.
        assert_eq!(window.count_both(dilated, n, n), 5 * m - 2 * triangle(3) - 2);
        assert_eq!(count(Mask::Global { tokens: 5 }), m * m - (m - 5) * (m - 5));
        assert_eq!(Mask::Padding { length: 9 }.count_both(Mask::Causal, n, n), 9 * m - triangle(8));
        // Itself and `stride` back, then every stride-th.
        let stride = n.isqrt();
        let (s, steps) = (stride as u64, (m - 1) / stride as u64);
        let far = steps * m - s * triangle(steps) - (m - s);
        let near = (s + 1) * m - triangle(s);
        assert_eq!(count(Mask::Strided { stride }), near + far);
        println!("{n} tokens: causal {}, strided {}", triangle(m), near + far);
    }
}

/// Not a test of time. What it asserts is that each query gets its keys.
#[test]
fn a_million_rows_are_drawn_and_counted() {
    let (n, seed) = (1_usize << 20, 7);
    let big_bird = |random| Mask::BigBird { before: 6, after: 6, global: 1, random, seed };
    let drawn = Mask::Random { keys: 2, seed };
    assert_eq!(drawn.count(n, n), 2 * n as u64);
    // A key is drawn for each query, and few of them lie where the bands are.
    let longformer = big_bird(0).count(n, n);
    let extra = big_bird(2).count(n, n) - longformer;
    let expected = 2.0 * (n as f64 - 14.0);
    assert!((extra as f64 - expected).abs() < 40.0, "{extra} keys beyond the bands");
    for (name, other) in [
        ("itself", big_bird(2)),
        ("random", drawn),
        ("another draw", Mask::Random { keys: 2, seed: 8 }),
        ("longformer", Mask::Longformer { before: 6, after: 6, global: 1 }),
        ("strided", Mask::Strided { stride: n.isqrt() }),
    ] {
        let start = Instant::now();
        let either = big_bird(2).count_either(other, n, n);
        println!("big bird or {name:<12} {either:>10} in {:>5.1?}", start.elapsed());
        assert!(either >= longformer + extra);
    }
}
