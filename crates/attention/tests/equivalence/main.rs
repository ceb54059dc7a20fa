//! The same weights through every way to compute attention, against one reference in f64.
//! `RECORD=1` writes the errors into `equivalence.toml`, from which the book quotes them.

mod case;
#[path = "../attention_tests/f64_reference/mod.rs"]
mod f64_reference;
mod paths;
mod record;

use burn::tensor::FloatDType::{self, BF16, F16, F32};
use case::Case;
use record::Row;

const CASES: u64 = 1000;

/// A way to compute, what it is compared with, and the bound for each type it is run with.
struct Pair {
    name: &'static str,
    against: &'static str,
    bounds: &'static [(FloatDType, f64)],
    note: &'static str,
    error: fn(Case) -> f64,
}

const fn pair(
    name: &'static str,
    error: fn(Case) -> f64,
    bounds: &'static [(FloatDType, f64)],
    note: &'static str,
) -> Pair {
    Pair { name, against: "f64 reference", bounds, note, error }
}

/// Computed in f32, where it is some thirty times the epsilon, and rounded once, by half an epsilon
/// at most: 5e-4 in f16 and 4e-3 in bf16.
const ONCE: &[(FloatDType, f64)] = &[(F32, 4e-6), (F16, 8e-4), (BF16, 6e-3)];
/// The projections are rounded too. In 16 bits a query and a key are off by half a unit in their last
/// place, and a weight by as much of itself as their score is off.
const PROJECTED: &[(FloatDType, f64)] = &[(F32, 4e-6), (F16, 6e-3), (BF16, 5e-2)];
const IN_F32: &[(FloatDType, f64)] = &[(F32, 4e-6)];

#[rustfmt::skip]
const PAIRS: [Pair; 29] = [
    pair("plain", paths::plain, ONCE, "every key in sight"),
    pair("masked", paths::any_mask, ONCE, "masks of every kind in turn"),
    pair("causal", paths::causal, IN_F32, "scaled_dot_product_attention"),
    pair("sliding window", paths::masked::<0>, IN_F32, "scaled_dot_product_attention"),
    pair("dilated", paths::masked::<1>, IN_F32, "scaled_dot_product_attention"),
    pair("strided", paths::masked::<2>, IN_F32, "scaled_dot_product_attention"),
    pair("global", paths::masked::<3>, IN_F32, "scaled_dot_product_attention"),
    pair("random", paths::masked::<4>, IN_F32, "scaled_dot_product_attention"),
    pair("longformer", paths::masked::<5>, IN_F32, "scaled_dot_product_attention"),
    pair("big bird", paths::masked::<6>, IN_F32, "scaled_dot_product_attention"),
    pair("padding", paths::masked::<7>, IN_F32, "some texts are all padding"),
    pair("mask of one's own", paths::own_mask, ONCE, "a third of the queries see nothing"),
    pair("multi-head", paths::multi_head, PROJECTED, "with its four matrices, and masks of every kind"),
    pair("cross-attention", paths::cross, PROJECTED, "with its four matrices, and padding"),
    pair("flash", paths::flash, ONCE, "blocks from 1 to all, uneven tails"),
    pair("flash, causal", paths::flash_causal, ONCE, "blocks from 1 to all, uneven tails"),
    pair("flash for processors", paths::cpu_flash, ONCE, "grouped heads"),
    pair("flash for processors, causal", paths::cpu_flash_causal, ONCE, "grouped heads"),
    pair("grouped-query", paths::grouped, ONCE, "masks of every kind"),
    pair("multi-query", paths::multi_query, ONCE, "masks of every kind"),
    pair("cache, token by token", paths::decode, ONCE, "against the whole text at once"),
    pair("cache, in chunks", paths::prefill, ONCE, "chunks of 1 to 9 tokens"),
    pair("sliding cache, token by token", paths::window_decode, ONCE, "windows of 1 to 12 tokens"),
    pair("sliding cache, in chunks", paths::window_prefill, ONCE, "windows of 1 to 12 tokens"),
    pair("burn's attention", paths::burns, ONCE, "burn 0.22, grouped heads"),
    pair("burn's attention, causal", paths::burns_causal, ONCE, "burn 0.22, grouped heads"),
    pair("burn's attention, masked", paths::burns_masked, ONCE, "a third of the queries see nothing"),
    Pair {
        name: "flash backward",
        against: "central differences in f64",
        bounds: IN_F32,
        note: "every number of query, key and value moved by 1e-5 both ways",
        error: paths::backward_against_differences,
    },
    Pair {
        name: "flash backward",
        against: "burn's autodiff",
        bounds: IN_F32,
        note: "burn's goes back through plain attention",
        error: paths::backward_against_autodiff,
    },
];

/// Runs every case and keeps the largest error, with the case that had it.
fn measure(pair: &Pair, dtype: FloatDType) -> (f64, Case) {
    let errors = (0..CASES).map(|number| {
        let case = Case::new(number, dtype);
        ((pair.error)(case.clone()), case)
    });
    errors.max_by(|left, right| left.0.total_cmp(&right.0)).expect("there are cases")
}

#[test]
fn every_way_is_within_its_bound_and_in_the_table() {
    let recording = std::env::var_os("RECORD").is_some();
    let recorded = if recording { Vec::new() } else { record::read() };
    let (mut rows, mut wrong) = (Vec::new(), Vec::new());
    println!("{:<31} {:<27} type  measured  recorded  bound", "", "against");
    for pair in &PAIRS {
        for &(dtype, bound) in pair.bounds {
            let (error, worst) = measure(pair, dtype);
            if error > bound {
                wrong.push(format!("{}: {error:.1e} exceeds {bound:.0e}: {worst:?}", pair.name));
            }
            let row = Row {
                name: pair.name.to_owned(),
                against: pair.against.to_owned(),
                dtype: format!("{dtype:?}").to_lowercase(),
                cases: CASES,
                measured: record::rounded_up(error),
                bound,
                note: pair.note.to_owned(),
            };
            let before = recorded.get(rows.len()).map(|row: &Row| row.measured);
            println!(
                "{:<31} {:<27} {:<5} {:<9.1e} {:<9} {bound:.0e}",
                row.name,
                row.against,
                row.dtype,
                row.measured,
                before.map_or("none".to_owned(), |error| format!("{error:.1e}")),
            );
            rows.push(row);
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    if recording {
        return record::write(&rows);
    }
    assert!(recorded.iter().all(|row| row.measured <= row.bound), "{recorded:#?}");
    // What was measured may differ from machine to machine, and nothing else may.
    let but_measured = |row: &Row| Row { measured: 0.0, ..row.clone() };
    let [recorded, measured] =
        [&recorded, &rows].map(|rows| rows.iter().map(but_measured).collect::<Vec<_>>());
    assert_eq!(recorded, measured, "record the table again: RECORD=1");
}

#[test]
fn errors_are_rounded_up() {
    for (error, rounded) in [(0.0, 0.0), (1.01e-6, 1.1e-6), (1.1e-6, 1.1e-6), (9.91e-3, 1e-2)] {
        assert_eq!(record::rounded_up(error), rounded);
    }
}

#[test]
fn days_are_counted_from_1970() {
    for (days, date) in [(0, [1970, 1, 1]), (59, [1970, 3, 1]), (11_016, [2000, 2, 29])] {
        assert_eq!(record::date(days), date);
    }
    assert_eq!([20_453, 20_454].map(record::date), [[2025, 12, 31], [2026, 1, 1]]);
}

/// What the head of the table says of the cases.
#[test]
fn the_cases_are_as_the_table_says() {
    let count = |what: fn(&Case) -> bool| (0..CASES).filter(|&n| what(&Case::new(n, F32))).count();
    assert_eq!(count(|case| case.extreme), 250);
    assert_eq!(count(|case| case.head_dim.max(case.value_dim) > 64), 50);
    assert_eq!(count(|case| case.seq_k.max(case.seq_q) > 500), 4);
    assert!(count(|case| case.seq_q == 1 || case.seq_k == 1) > 50);
    for (dtype, top) in [(F32, 1e4), (F16, 8192.0), (BF16, 8192.0)] {
        let extreme = (0..CASES).map(|number| Case::new(number, dtype)).filter(|case| case.extreme);
        let scores = extreme.map(|case| {
            let [query, key, value] = case.arrays();
            f64_reference::attention(&query, &key, &value, |_, _, _| true).scores.numbers
        });
        let scores = scores.collect::<Vec<_>>().concat();
        assert_eq!(scores.iter().copied().fold(0.0, f64::max), top);
        assert_eq!(scores.iter().copied().fold(0.0, f64::min), -top);
    }
}
