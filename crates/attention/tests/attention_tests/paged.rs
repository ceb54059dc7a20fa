//! A cache in pages holds what a cache in one piece holds, and deals out its blocks rightly.

use attention::random::Random;
use attention::units::Bytes;
use attention::{Error, KvCache, PagedCache, grouped_query_attention};
use burn::tensor::Tensor;
use proptest::prelude::*;

const KV_HEADS: usize = 2;
const HEAD_DIM: usize = 4;

fn token(random: &mut Random) -> Tensor<4> {
    random.tensor([1, KV_HEADS, 1, HEAD_DIM])
}

fn floats(x: Tensor<4>) -> Vec<f32> {
    x.into_data().try_to_vec().unwrap()
}

/// Three texts grow in turn, so that their blocks lie between each other's.
// claim: pages-hold-the-same
#[test]
fn attention_over_pages_is_attention_over_one_piece_to_the_last_bit() {
    let mut random = Random::new(3);
    let mut paged = PagedCache::new(12, 4, KV_HEADS, HEAD_DIM).unwrap();
    let mut whole = [KvCache::growing(), KvCache::growing(), KvCache::growing()];
    for turn in 0..27 {
        let text = turn % 3;
        let (key, value) = (token(&mut random), token(&mut random));
        paged.append(text as u64, key.clone(), value.clone()).unwrap();
        whole[text].append(key, value).unwrap();
    }
    assert_eq!(paged.table(0).unwrap().blocks, [0, 3, 6]);
    assert_eq!((paged.tokens(), paged.places(), paged.free_blocks()), (27, 36, 3));
    for (text, whole) in whole.iter().enumerate() {
        let [keys, values] = paged.read(text as u64).unwrap();
        let query = random.tensor([1, 6, 1, HEAD_DIM]);
        let mask = attention::Mask::Causal;
        let expected = grouped_query_attention(
            query.clone(),
            whole.keys().unwrap(),
            whole.values().unwrap(),
            mask,
        );
        let found = grouped_query_attention(query, keys, values, mask).unwrap();
        assert_eq!(floats(found.output), floats(expected.unwrap().output), "text {text}");
    }
    // Two pools of 12 blocks, 2 heads, 4 tokens, 4 numbers of 4 bytes.
    assert_eq!(paged.bytes(), Bytes(2 * 12 * 2 * 4 * 4 * 4));
}

#[test]
fn a_full_pool_says_so_and_a_finished_text_makes_room() {
    let mut random = Random::new(4);
    let mut paged = PagedCache::new(2, 2, KV_HEADS, HEAD_DIM).unwrap();
    let mut append =
        |paged: &mut PagedCache, text| paged.append(text, token(&mut random), token(&mut random));
    for text in [7, 8, 7] {
        append(&mut paged, text).unwrap();
    }
    let full = append(&mut paged, 7).unwrap_err();
    assert_eq!(full, Error::NoBlocks { needed: 1, free: 0 });
    assert_eq!(append(&mut paged, 9).unwrap_err(), full);
    assert_eq!((paged.tokens(), paged.table(9)), (3, None));
    append(&mut paged, 8).unwrap();
    assert!(paged.finish(8) && !paged.finish(8));
    assert!(paged.read(8).is_none());
    append(&mut paged, 9).unwrap();
    assert_eq!(paged.table(9).unwrap().blocks, [1], "the block of the text that is gone");
}

#[test]
fn what_does_not_fit_is_an_error_and_changes_nothing() {
    let mut random = Random::new(5);
    let mut paged = PagedCache::new(2, 2, KV_HEADS, HEAD_DIM).unwrap();
    for shape in [[2, 2, 1, 4], [1, 3, 1, 4], [1, 2, 2, 4], [1, 2, 1, 5], [1, 2, 0, 4]] {
        for (key, value) in [(shape, [1, 2, 1, 4]), ([1, 2, 1, 4], shape)] {
            let refused = paged.append(1, random.tensor(key), random.tensor(value));
            assert!(matches!(refused, Err(Error::Mismatch { .. })), "{shape:?}");
        }
    }
    assert_eq!((paged.tokens(), paged.free_blocks()), (0, 2));
    for sizes in [[0, 1, 1, 1], [1, 0, 1, 1], [1, 1, 0, 1], [1, 1, 1, 0]] {
        let [blocks, block, kv_heads, head_dim] = sizes;
        let refused = PagedCache::new(blocks, block, kv_heads, head_dim);
        assert!(matches!(refused, Err(Error::OutOfRange { .. })), "{sizes:?}");
    }
}

/// Six tokens in blocks of four, then two texts go on from them in their own ways.
// claim: forked-texts-share-blocks
#[test]
fn texts_that_begin_alike_share_blocks_until_one_writes_into_them() {
    let mut random = Random::new(8);
    let mut paged = PagedCache::new(4, 4, KV_HEADS, HEAD_DIM).unwrap();
    let mut whole = [KvCache::growing(), KvCache::growing()];
    for _ in 0..6 {
        let (key, value) = (token(&mut random), token(&mut random));
        paged.append(0, key.clone(), value.clone()).unwrap();
        for cache in &mut whole {
            cache.append(key.clone(), value.clone()).unwrap();
        }
    }
    assert!(paged.fork(0, 1) && !paged.fork(0, 1) && !paged.fork(5, 6));
    assert_eq!((paged.table(1), paged.free_blocks()), (paged.table(0), 2), "nothing is copied");
    assert_eq!((paged.tokens(), paged.places()), (12, 8));
    for text in [1, 0, 1] {
        let (key, value) = (token(&mut random), token(&mut random));
        paged.append(text as u64, key.clone(), value.clone()).unwrap();
        whole[text].append(key, value).unwrap();
    }
    // The full block is still one. Of the other, the text that wrote first has a copy.
    assert_eq!(paged.table(0).unwrap().blocks, [0, 1]);
    assert_eq!(paged.table(1).unwrap().blocks, [0, 2]);
    assert_eq!([0, 1, 2, 3, 4].map(|block| paged.owners(block)), [2, 1, 1, 0, 0]);
    for (text, whole) in (0..).zip(&whole) {
        let [keys, values] = paged.read(text).unwrap();
        assert_eq!(floats(keys), floats(whole.keys().unwrap()), "text {text}");
        assert_eq!(floats(values), floats(whole.values().unwrap()), "text {text}");
    }
    assert!(paged.finish(0));
    assert_eq!((paged.free_blocks(), paged.owners(0)), (2, 1), "the other text has its blocks");
}

#[test]
fn a_copy_that_finds_no_block_changes_nothing() {
    let mut random = Random::new(9);
    let mut paged = PagedCache::new(1, 2, KV_HEADS, HEAD_DIM).unwrap();
    let mut append =
        |paged: &mut PagedCache, text| paged.append(text, token(&mut random), token(&mut random));
    append(&mut paged, 0).unwrap();
    assert!(paged.fork(0, 1));
    assert_eq!(append(&mut paged, 1), Err(Error::NoBlocks { needed: 1, free: 0 }));
    assert_eq!((paged.tokens(), paged.owners(0)), (2, 2));
    assert!(paged.finish(0));
    append(&mut paged, 1).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    /// No block is lost, each knows how many tables name it, no text has more than it needs, and
    /// each holds what was written into it, whoever shares it.
    #[test]
    fn blocks_are_dealt_out_once(moves in prop::collection::vec((0_u64..5, 0_u8..12), 1..120)) {
        let mut random = Random::new(6);
        let mut paged = PagedCache::new(9, 3, KV_HEADS, HEAD_DIM).unwrap();
        let mut written: [Vec<f32>; 5] = Default::default();
        for (text, what) in moves {
            let (at, next) = (text as usize, (text as usize + 1) % 5);
            match what {
                0 => {
                    prop_assert_eq!(paged.finish(text), !written[at].is_empty());
                    written[at].clear();
                }
                1 => {
                    let can = !written[at].is_empty() && written[next].is_empty();
                    prop_assert_eq!(paged.fork(text, next as u64), can);
                    if can {
                        written[next] = written[at].clone();
                    }
                }
                _ => {
                    let key = token(&mut random);
                    if paged.append(text, key.clone(), token(&mut random)).is_ok() {
                        // Of the key's numbers the first tells it from others.
                        written[at].push(floats(key)[0]);
                    }
                }
            }
            let tables: Vec<_> = (0..5).filter_map(|text| paged.table(text)).collect();
            let mut taken: Vec<usize> = tables.iter().flat_map(|t| t.blocks.clone()).collect();
            for block in 0..9 {
                let names = taken.iter().filter(|it| **it == block).count();
                prop_assert_eq!(paged.owners(block), names);
            }
            for table in tables {
                prop_assert_eq!(table.blocks.len(), table.tokens.div_ceil(3));
            }
            taken.sort_unstable();
            taken.dedup();
            prop_assert_eq!(taken.len() + paged.free_blocks(), 9);
            prop_assert_eq!(paged.places(), taken.len() * 3);
            for (text, expected) in (0..).zip(&written) {
                let keys = paged.read(text).map(|[keys, _]| floats(keys.narrow(1, 0, 1).narrow(3, 0, 1)));
                prop_assert_eq!(&keys.unwrap_or_default(), expected);
            }
        }
    }
}
