//! What a cache holds while it reads a text in pieces. `equivalence` compares what the queries
//! find in it with the text read at once.

use std::ops::Range;

use crate::f64_reference::{
    Array, Bound, Expected, Random, attention, cases, floats, largest_difference, largest_error,
};
use attention::units::Bytes;
use attention::{Attention, Error, KvCache, Mask, Rope, grouped_query_attention};
use burn::tensor::{Device, FloatDType, Tensor, TensorData};
use proptest::prelude::*;

#[derive(Debug, Clone, Copy)]
struct Case {
    seed: u64,
    batch: usize,
    kv_heads: usize,
    group: usize,
    seq: usize,
    head_dim: usize,
    value_dim: usize,
}

prop_compose! {
    fn any_case()(
        seed in any::<u64>(), batch in 1_usize..3, kv_heads in 1_usize..4, group in 1_usize..4,
        seq in 1_usize..16, head_dim in 1_usize..16, value_dim in 1_usize..16,
    ) -> Case {
        Case { seed, batch, kv_heads, group, seq, head_dim, value_dim }
    }
}

impl Case {
    fn arrays(&self) -> (Array, Array, Array) {
        let Case { batch, kv_heads, group, seq, head_dim, value_dim, .. } = *self;
        let mut random = Random::new(self.seed);
        (
            random.array([batch, kv_heads * group, seq, head_dim]),
            random.array([batch, kv_heads, seq, head_dim]),
            random.array([batch, kv_heads, seq, value_dim]),
        )
    }

    /// The text cut into pieces of at most `longest` tokens.
    fn pieces(&self, longest: usize) -> Vec<Range<usize>> {
        let mut random = Random::new(!self.seed);
        let (mut pieces, mut start) = (Vec::new(), 0);
        while start < self.seq {
            let end = self.seq.min(start + 1 + random.below(longest));
            pieces.push(start..end);
            start = end;
        }
        pieces
    }
}

fn part(x: &Tensor<4>, piece: &Range<usize>) -> Tensor<4> {
    x.clone().narrow(2, piece.start, piece.len())
}

/// What `expected` says of the queries in `piece` and the keys at `keys`. Other keys must be
/// hidden.
fn rows(expected: &Array, piece: &Range<usize>, keys: Range<usize>) -> Vec<f64> {
    let [batch, heads, _, seq_k] = expected.shape;
    let mut numbers = Vec::new();
    for (b, h) in (0..batch).flat_map(|b| (0..heads).map(move |h| (b, h))) {
        for query in piece.clone() {
            let row = expected.row(b, h, query);
            assert!((0..seq_k).all(|key| keys.contains(&key) || row[key] == 0.0));
            numbers.extend(&row[keys.clone()]);
        }
    }
    numbers
}

/// Reads the text of `case` piece by piece. `check` sees each piece, what the cache computed for
/// it, and what the f64 reference says of the whole text.
fn read(
    case: Case,
    longest: usize,
    window: Option<usize>,
    check: impl Fn(&Range<usize>, Attention, &Expected) -> Result<(), TestCaseError>,
) -> Result<(), TestCaseError> {
    let (query, key, value) = case.arrays();
    let sees = |_, query: usize, key: usize| {
        key <= query && window.is_none_or(|window| query - key < window)
    };
    let expected = attention(&query, &key, &value, sees);
    let (query, key, value) = (query.tensor(), key.tensor(), value.tensor());
    let mut cache = match window {
        None => KvCache::growing(),
        Some(window) => KvCache::sliding(window).unwrap(),
    };
    prop_assert!(cache.is_empty() && cache.bytes() == Bytes(0));
    for piece in case.pieces(longest) {
        prop_assert_eq!(cache.next_position(), piece.start);
        let part = |x| part(x, &piece);
        let found = cache.attend(part(&query), part(&key), part(&value)).unwrap();
        check(&piece, found, &expected)?;

        let kept = window.map_or(piece.end, |window| window.min(piece.end));
        let held = piece.end - kept..piece.end;
        prop_assert_eq!(cache.positions(), held.clone());
        prop_assert_eq!(cache.len(), kept);
        prop_assert_eq!(floats(cache.keys().unwrap()), floats(self::part(&key, &held)));
        prop_assert_eq!(floats(cache.values().unwrap()), floats(self::part(&value, &held)));
        let numbers = case.batch * case.kv_heads * kept * (case.head_dim + case.value_dim);
        prop_assert_eq!(cache.bytes(), Bytes(4 * numbers as u64));
    }
    Ok(())
}

/// What the cache holds and says of itself after each piece, and which keys the weights are of.
#[test]
fn the_cache_holds_what_later_queries_may_see() {
    let weights = Bound::new("weights", 2e-6);
    let windows = prop::option::of(1_usize..8);
    cases(400, &(any_case(), 1_usize..9, windows), |(case, longest, window)| {
        read(case, longest, window, |piece, found, expected| {
            let first = piece.end - found.weights.dims()[3];
            let expected = rows(&expected.weights, piece, first..piece.end);
            weights.check(largest_error(&floats(found.weights), &expected))
        })
    });
    weights.print();
}

/// The same against the library's own full pass, with positions: each piece is rotated by its
/// place in the text, and kept rotated.
#[test]
fn rotated_pieces_equal_the_rotated_text() {
    let bound = Bound::new("cache with RoPE against the full pass", 4e-6);
    cases(300, &(any_case(), 1_usize..9), |(case, pairs)| {
        let case = Case { head_dim: 2 * pairs, ..case };
        let (query, key, value) = case.arrays();
        let (query, key, value) = (query.tensor(), key.tensor(), value.tensor());
        let rope = Rope::new(case.head_dim, 10_000.0).unwrap();
        let turn = |x: Tensor<4>, first| rope.rotate(x, first).unwrap();
        let full = grouped_query_attention(
            turn(query.clone(), 0),
            turn(key.clone(), 0),
            value.clone(),
            Mask::Causal,
        );
        let full = full.unwrap().output;

        let mut cache = KvCache::growing();
        for piece in case.pieces(4) {
            let first = cache.next_position();
            let found = cache.attend(
                turn(part(&query, &piece), first),
                turn(part(&key, &piece), first),
                part(&value, &piece),
            );
            let (found, full) = (floats(found.unwrap().output), floats(part(&full, &piece)));
            bound.check(largest_difference(&found, &full))?;
        }
        Ok(())
    });
    bound.print();
}

/// `append` returns what the new queries may see, and holds no more than the window.
#[test]
fn append_returns_what_may_be_seen() {
    let numbers = |tensor: Option<Tensor<4>>| floats(tensor.unwrap());
    let tokens = |range: Range<usize>| {
        let values: Vec<f32> = range.map(|x| x as f32).collect();
        Tensor::<1>::from_floats(&values[..], &Device::flex()).reshape([1, 1, values.len(), 1])
    };
    let mut cache = KvCache::sliding(3).unwrap();
    let (keys, _) = cache.append(tokens(0..5), tokens(10..15)).unwrap();
    assert_eq!(floats(keys), [0.0, 1.0, 2.0, 3.0, 4.0]);
    assert_eq!(numbers(cache.keys()), [2.0, 3.0, 4.0]);
    assert_eq!(numbers(cache.values()), [12.0, 13.0, 14.0]);
    let (keys, values) = cache.append(tokens(5..7), tokens(15..17)).unwrap();
    assert_eq!(floats(keys), [3.0, 4.0, 5.0, 6.0]);
    assert_eq!(floats(values), [13.0, 14.0, 15.0, 16.0]);
    assert_eq!(cache.positions(), 4..7);
    assert_eq!(cache.next_position(), 7);
}

/// The size follows the numbers' type: half precision takes half the bytes.
#[test]
fn half_precision_takes_half_the_bytes() {
    let x = Random::new(1).array([2, 3, 5, 8]).tensor();
    for (dtype, bytes) in [(FloatDType::F32, 4), (FloatDType::F16, 2), (FloatDType::BF16, 2)] {
        let x = x.clone().cast(dtype);
        let mut cache = KvCache::growing();
        cache.attend(x.clone(), x.clone(), x.clone()).unwrap();
        cache.attend(x.clone(), x.clone(), x).unwrap();
        assert_eq!(cache.bytes(), Bytes(2 * 2 * 3 * 10 * 8 * bytes));
    }
}

fn zeros(shape: [usize; 4]) -> Tensor<4> {
    Tensor::zeros(shape, &Device::flex())
}

#[test]
fn a_window_of_nothing_is_an_error() {
    assert_eq!(
        KvCache::sliding(0).unwrap_err().to_string(),
        "the window of the cache is 0: it must be at least 1, for a query sees its own token"
    );
}

#[test]
fn what_does_not_fit_is_an_error_and_leaves_the_cache_alone() {
    let shape = [1, 2, 3, 4];
    let mut cache = KvCache::growing();
    cache.append(zeros(shape), zeros(shape)).unwrap();

    for (key, value, left, dimension) in [
        ([2, 2, 1, 4], [2, 2, 1, 4], "key", "batch"),
        ([1, 1, 1, 4], [1, 1, 1, 4], "key", "heads"),
        ([1, 2, 1, 5], [1, 2, 1, 4], "key", "head_dim"),
        ([1, 2, 1, 4], [1, 2, 1, 5], "value", "head_dim"),
    ] {
        let found = if left == "key" { key } else { value };
        assert_eq!(
            cache.append(zeros(key), zeros(value)).unwrap_err().to_string(),
            format!(
                "{left} has shape {found:?} and the cached {left} has shape {shape:?}: they must \
                 have the same {dimension}"
            )
        );
    }
    let error = cache.append(zeros([1, 2, 1, 4]), zeros([1, 2, 2, 4])).unwrap_err();
    assert!(matches!(error, Error::Mismatch { dimension: "seq", .. }), "{error}");
    let error = cache.append(zeros([1, 2, 0, 4]), zeros([1, 2, 0, 4])).unwrap_err();
    assert!(matches!(error, Error::Empty { tensor: "key", dimension: "seq", .. }), "{error}");

    // Two queries for one new token, and query heads that cannot be shared.
    let one = [1, 2, 1, 4];
    let error = cache.attend(zeros([1, 2, 2, 4]), zeros(one), zeros(one)).unwrap_err();
    assert!(matches!(error, Error::Mismatch { left: "query", dimension: "seq", .. }), "{error}");
    let error = cache.attend(zeros([1, 3, 1, 4]), zeros(one), zeros(one)).unwrap_err();
    assert_eq!(error, Error::HeadsNotShared { heads: 3, kv_heads: 2 });

    assert_eq!(cache.positions(), 0..3);
    cache.attend(zeros([1, 4, 1, 4]), zeros(one), zeros(one)).unwrap();
    assert_eq!(cache.positions(), 0..4);
}

/// Plain numbers in the order of the tokens: what is read must be what was written.
fn numbered(tokens: Range<usize>) -> Tensor<4> {
    let numbers: Vec<f32> = tokens.clone().map(|token| token as f32).collect();
    Tensor::from_data(TensorData::new(numbers, [1, 1, tokens.len(), 1]), &Device::flex())
}

#[test]
fn room_doubles_and_a_window_keeps_to_its_room() {
    let mut growing = KvCache::growing();
    for token in 0..100 {
        growing.append(numbered(token..token + 1), numbered(token..token + 1)).unwrap();
        assert_eq!(growing.bytes(), Bytes(8 * (token as u64 + 1)));
        let room = growing.reserved_bytes().0;
        assert!(growing.bytes().0 <= room && room <= 2 * growing.bytes().0 + 8, "{room}");
    }
    let mut sliding = KvCache::sliding(5).unwrap();
    for token in 0..100_usize {
        sliding.append(numbered(token..token + 1), numbered(token..token + 1)).unwrap();
        let held = token.saturating_sub(4)..token + 1;
        assert_eq!(sliding.positions(), held);
        assert_eq!(floats(sliding.keys().unwrap()), floats(numbered(held)));
        assert!(sliding.reserved_bytes() <= Bytes(8 * 2 * 6));
    }
}

#[test]
fn what_append_returned_stays_what_it_was() {
    let mut cache = KvCache::growing();
    cache.append(numbered(0..4), numbered(0..4)).unwrap();
    let (early, _) = cache.append(numbered(4..5), numbered(4..5)).unwrap();
    let held = cache.keys().unwrap();
    cache.truncate(2).unwrap();
    cache.append(numbered(70..75), numbered(70..75)).unwrap();
    assert_eq!(floats(early), [0.0, 1.0, 2.0, 3.0, 4.0]);
    assert_eq!(floats(held), [0.0, 1.0, 2.0, 3.0, 4.0]);
    assert_eq!(floats(cache.keys().unwrap()), [0.0, 1.0, 70.0, 71.0, 72.0, 73.0, 74.0]);
}

#[test]
fn a_truncated_cache_goes_on_as_if_nothing_had_been() {
    let mut cache = KvCache::sliding(3).unwrap();
    cache.append(numbered(0..9), numbered(0..9)).unwrap();
    // The token at 8 would see 6, 7 and 8; 6 is held. The one at 7 would see 5.
    let error = cache.truncate(7).unwrap_err().to_string();
    assert_eq!(
        error,
        "the position to truncate at is 7: it must be at most the next position, and within what \
         the window still holds"
    );
    assert!(cache.truncate(10).is_err());
    cache.truncate(8).unwrap();
    assert_eq!(cache.positions(), 6..8);
    let (keys, _) = cache.append(numbered(20..21), numbered(20..21)).unwrap();
    assert_eq!(floats(keys), [6.0, 7.0, 20.0]);

    let mut cache = KvCache::sliding(1).unwrap();
    cache.append(numbered(0..9), numbered(0..9)).unwrap();
    cache.truncate(8).unwrap();
    assert!(cache.is_empty() && cache.keys().is_none());
    let (keys, _) = cache.append(numbered(30..32), numbered(30..32)).unwrap();
    assert_eq!(floats(keys), [30.0, 31.0]);
}

/// Longer pieces than the other cases, so that the fast attention has its turn.
#[test]
fn the_output_alone_is_that_of_attend() {
    let mut random = Random::new(9);
    let query = random.array([2, 4, 230, 8]).tensor();
    let (key, value) =
        (random.array([2, 2, 230, 8]).tensor(), random.array([2, 2, 230, 5]).tensor());
    for window in [None, Some(1), Some(70)] {
        let cache =
            || window.map_or(KvCache::growing(), |window| KvCache::sliding(window).unwrap());
        let (mut one, mut other) = (cache(), cache());
        for piece in [0..3, 3..103, 103..166, 166..230] {
            let parts = || (part(&query, &piece), part(&key, &piece), part(&value, &piece));
            let (q, k, v) = parts();
            let expected = one.attend(q, k, v).unwrap().output;
            let (q, k, v) = parts();
            let found = other.attend_output(q, k, v).unwrap();
            let error = largest_difference(&floats(found), &floats(expected));
            println!("window {window:?}, tokens {piece:?}: output alone within {error:.1e}");
            assert!(error <= 4e-6, "{error}");
            assert_eq!(one.positions(), other.positions());
        }
    }
}

/// Texts of different lengths in one batch, with padding in front of the shorter ones. Each gets
/// what it gets alone, with its positions counted from its own start.
#[test]
fn a_padded_text_gets_what_it_gets_alone() {
    let bound = Bound::new("a padded text against the text alone", 4e-6);
    let windows = prop::option::of(1_usize..8);
    let padding = prop::collection::vec(0_usize..12, 2);
    cases(300, &(any_case(), 1_usize..9, windows, padding), |(case, longest, window, padding)| {
        let case = Case { batch: 2, head_dim: 2 * case.head_dim, ..case };
        let padding: Vec<usize> = padding.into_iter().map(|p| p.min(case.seq)).collect();
        let (query, key, value) = case.arrays();
        let (query, key, value) = (query.tensor(), key.tensor(), value.tensor());
        let rope = Rope::new(case.head_dim, 10_000.0).unwrap();
        let turn = |x: Tensor<4>, first| rope.rotate(x, first).unwrap();
        let empty =
            || window.map_or(KvCache::growing(), |window| KvCache::sliding(window).unwrap());

        let mut cache = empty().with_padding(padding.clone());
        let mut outputs = Vec::new();
        for piece in case.pieces(longest) {
            let [query, key] = [&query, &key].map(|x| turn(part(x, &piece), piece.start));
            outputs.push(cache.attend_output(query, key, part(&value, &piece)).unwrap());
        }
        let outputs = Tensor::cat(outputs, 2);
        for (text, padding) in padding.into_iter().enumerate() {
            let row = |x: &Tensor<4>| x.clone().narrow(0, text, 1);
            if padding > 0 {
                let hidden = floats(part(&row(&outputs), &(0..padding)));
                prop_assert!(hidden.iter().all(|number| *number == 0.0));
            }
            if padding == case.seq {
                continue;
            }
            let own = |x: &Tensor<4>| part(&row(x), &(padding..case.seq));
            let alone =
                empty().attend_output(turn(own(&query), 0), turn(own(&key), 0), own(&value));
            let found = floats(own(&outputs));
            bound.check(largest_difference(&found, &floats(alone.unwrap())))?;
        }
        Ok(())
    });
    bound.print();
}

#[test]
fn padding_is_one_number_a_text() {
    let mut cache = KvCache::growing().with_padding(vec![1, 0, 2]);
    let x = || zeros([2, 1, 80, 4]);
    let expected = Error::LengthCount { lengths: 3, batch: 2 };
    assert_eq!(cache.attend(x(), x(), x()).unwrap_err(), expected);
    assert_eq!(cache.attend_output(x(), x(), x()).unwrap_err(), expected);
    assert!(cache.is_empty() && cache.keys().is_none());
    // The same cache without a mistake, and more padding than there are tokens.
    let mut cache = cache.with_padding(vec![usize::MAX, 0]);
    let weights = cache.attend(x(), x(), x()).unwrap().weights.sum_dim(3);
    let sums: Vec<f32> = floats(weights);
    assert!(sums[..80].iter().all(|sum| *sum == 0.0));
    // Eighty shares, each rounded.
    assert!(sums[80..].iter().all(|sum| (sum - 1.0).abs() < 1e-5));
}
