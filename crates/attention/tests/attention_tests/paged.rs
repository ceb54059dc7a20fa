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

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    /// No block belongs to two texts, none is lost, and no text has more than it needs.
    #[test]
    fn blocks_are_dealt_out_once(moves in prop::collection::vec((0_u64..5, 0_u8..12), 1..120)) {
        let mut random = Random::new(6);
        let mut paged = PagedCache::new(9, 3, KV_HEADS, HEAD_DIM).unwrap();
        for (text, what) in moves {
            if what == 0 {
                paged.finish(text);
            } else {
                let before = paged.tokens();
                let done = paged.append(text, token(&mut random), token(&mut random));
                prop_assert_eq!(paged.tokens(), before + usize::from(done.is_ok()));
            }
            let tables: Vec<_> = (0..5).filter_map(|text| paged.table(text)).collect();
            let mut taken: Vec<usize> = tables.iter().flat_map(|t| t.blocks.clone()).collect();
            for table in tables {
                prop_assert_eq!(table.blocks.len(), table.tokens.div_ceil(3));
            }
            prop_assert_eq!(taken.len() + paged.free_blocks(), 9);
            taken.sort_unstable();
            taken.dedup();
            prop_assert_eq!(taken.len() + paged.free_blocks(), 9);
        }
    }
}
