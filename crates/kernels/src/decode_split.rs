//! One decoding step, first half: each cube takes a share of the keys.
//!
//! A decoding step has one query a head, so there are no blocks of queries to keep a card busy
//! with: batch times heads is too few. The keys are cut into **splits** instead, which know
//! nothing of each other (Dao et al., *Flash-Decoding for long-context inference*, 2023). The
//! second half, [`decode_merge`](crate::decode_merge), puts their results together.
//!
//! The step takes as long as its keys and values take to be read. The query heads that share a
//! key and value head (Ainslie et al., *GQA*, 2023) are therefore worked for in one cube: each
//! number that is read meets all of them.

#![allow(missing_docs, reason = "the macro makes items that have none")]

use cubecl::ir::ElemType;
use cubecl::prelude::*;

use crate::score::{LOWEST, score};
use crate::tiles::DecodeTiles;

/// Threads that look for a head's largest score, each in a part of them.
const SEEKERS: usize = 16;

/// Attention of one query a head to a share of the keys, not yet divided.
///
/// - `query`: `[batch, heads, 1, head_dim]`
/// - `key_pages`, `value_pages`: `[pages, kv_heads, page_size, head_dim]`, laid out alike
/// - `block_table`: `[batch, pages of a text]`: key `j` of a text lies in page
///   `block_table[text, j / page_size]`, row `j % page_size` (Kwon et al., *Efficient Memory
///   Management for Large Language Model Serving with PagedAttention*, 2023, section 4)
/// - `lengths`: `[batch]`, the keys of each text
/// - `sums`: `[batch, heads, splits, head_dim]`, the sum of `exp(score - largest) · value`
/// - `largests`, `totals`: `[batch, heads, splits]`, the largest score, and the sum of
///   `exp(score - largest)`; the lowest number and 0 for a split without keys
/// - `before`: how many keys before the last one the query sees
///
/// A thread reads a key alone, so it reads `N` of its numbers at once: 16 bytes, if the device can.
/// For the values, neighbours read neighbouring numbers, one of 2 or 4 bytes a thread: reads of 8 or
/// 16 bytes a thread would serve more numbers with each request, and are not made.
///
/// Launched with a cube for each split, each block of `tiles.heads` query heads of each key and
/// value head, and each text; a cube has `tiles.threads` threads.
#[cube(launch)]
pub fn decode_split<F: Float, N: Size>(
    query: &Tensor<F>,
    key_pages: &Tensor<Vector<F, N>>,
    value_pages: &Tensor<F>,
    block_table: &Tensor<u32>,
    lengths: &Tensor<u32>,
    sums: &mut Tensor<f32>,
    largests: &mut Tensor<f32>,
    totals: &mut Tensor<f32>,
    scale: f32,
    soft_cap: f32,
    before: usize,
    #[comptime] head_dim: usize,
    #[comptime] capped: bool,
    #[comptime] tiles: DecodeTiles,
    #[define(F)] _dtype: ElemType,
) {
    let heads = comptime!(tiles.heads);
    let slices = comptime!(tiles.slices);
    let threads = comptime!(tiles.threads);
    let width = N::value().comptime();
    let thread = UNIT_POS_X as usize;
    let split = CUBE_POS_X as usize;
    let batch = CUBE_POS_Z as usize;

    // The cube's query heads, and the key and value head that they share.
    let group = query.shape(1) / key_pages.shape(1);
    let blocks = group.div_ceil(heads);
    let kv_head = CUBE_POS_Y as usize / blocks;
    let first_member = CUBE_POS_Y as usize % blocks * heads;
    let first_head = kv_head * group + first_member;
    let live_heads = min(heads, group - first_member);

    // The split's keys: whole rounds of as many keys as the cube has threads.
    let length = lengths[batch * lengths.stride(0)] as usize;
    let first_key = usize::saturating_sub(length, before + 1);
    let rounds = (length - first_key).div_ceil(threads).div_ceil(sums.shape(2));
    let from = first_key + split * rounds * threads;
    let to = min(length, from + rounds * threads);

    let page_size = key_pages.shape(2);
    let head_at = kv_head * key_pages.stride(1);
    let table_at = batch * block_table.stride(0);

    let mut queries = Shared::<[f32]>::new_slice(heads * head_dim);
    let mut powers = Shared::<[f32]>::new_slice(heads * threads);
    let mut places = Shared::<[u32]>::new_slice(threads);
    let mut parts = Shared::<[f32]>::new_slice(heads * comptime!(max(SEEKERS, slices)));

    let mut index = thread;
    while index < heads * head_dim {
        let member = index / head_dim;
        let mut number = f32::new(0.0);
        if member < live_heads {
            let at = batch * query.stride(0) + (first_head + member) * query.stride(1);
            number = f32::cast_from(query[at + index % head_dim]);
        }
        queries[index] = number;
        index += threads;
    }

    // This thread's number of each head's output, over its slice of the keys.
    let slice = thread / head_dim;
    let d = thread % head_dim;
    let mut own_sums = Array::<f32>::new(heads);
    let mut own_totals = Array::<f32>::new(heads);
    let mut own_scores = Array::<f32>::new(heads);
    let mut largest = Array::<f32>::new(heads);
    #[unroll]
    for member in 0..heads {
        own_sums[member] = f32::new(0.0);
        own_totals[member] = f32::new(0.0);
        largest[member] = f32::new(LOWEST);
    }

    let mut start = from;
    while start < to {
        let count = min(threads, to - start);
        sync_cube();

        // A thread has a key: its scores with all heads.
        if thread < count {
            let key = start + thread;
            let page = block_table[table_at + key / page_size] as usize;
            let place =
                page * key_pages.stride(0) + key % page_size * key_pages.stride(2) + head_at;
            places[thread] = place as u32;
            #[unroll]
            for member in 0..heads {
                own_scores[member] = f32::new(0.0);
            }
            for piece in 0..comptime!(head_dim / width) {
                let numbers = Vector::<f32, N>::cast_from(key_pages[place / width + piece]);
                #[unroll]
                for lane in 0..width {
                    let number = numbers.extract(lane);
                    #[unroll]
                    for member in 0..heads {
                        own_scores[member] +=
                            queries[member * head_dim + piece * width + lane] * number;
                    }
                }
            }
            #[unroll]
            for member in 0..heads {
                let score = score(own_scores[member], scale, soft_cap, capped);
                own_scores[member] = score;
                powers[member * threads + thread] = score;
            }
        }
        sync_cube();

        // The largest score of each head: first of parts, then of all.
        if thread < heads * SEEKERS {
            let member = thread / SEEKERS;
            let mut part = f32::new(LOWEST);
            let mut key = thread % SEEKERS;
            while key < count {
                part = max(part, powers[member * threads + key]);
                key += SEEKERS;
            }
            parts[thread] = part;
        }
        sync_cube();
        #[unroll]
        for member in 0..heads {
            let mut new_largest = largest[member];
            for seeker in 0..SEEKERS {
                new_largest = max(new_largest, parts[member * SEEKERS + seeker]);
            }
            let correction = (largest[member] - new_largest).exp();
            own_sums[member] *= correction;
            own_totals[member] *= correction;
            largest[member] = new_largest;
            if thread < count {
                powers[member * threads + thread] = (own_scores[member] - new_largest).exp();
            }
        }
        sync_cube();

        // A thread has a number of the output: every `slices`-th key adds to it.
        let mut key = slice;
        while key < count {
            let number = f32::cast_from(value_pages[places[key] as usize + d]);
            #[unroll]
            for member in 0..heads {
                let power = powers[member * threads + key];
                own_sums[member] += power * number;
                own_totals[member] += power;
            }
            key += slices;
        }
        start += threads;
    }

    // The slices' sums come together.
    sync_cube();
    #[unroll]
    for member in 0..heads {
        powers[member * threads + thread] = own_sums[member];
        if d == 0usize {
            parts[member * slices + slice] = own_totals[member];
        }
    }
    sync_cube();
    if thread < head_dim {
        #[unroll]
        for member in 0..heads {
            if member < live_heads {
                let head = first_head + member;
                let mut sum = f32::new(0.0);
                let mut total = f32::new(0.0);
                for slice in 0..slices {
                    sum += powers[member * threads + slice * head_dim + thread];
                    total += parts[member * slices + slice];
                }
                let at = batch * sums.stride(0) + head * sums.stride(1) + split * sums.stride(2);
                sums[at + thread] = sum;
                if thread == 0usize {
                    let at = batch * totals.stride(0) + head * totals.stride(1) + split;
                    totals[at] = total;
                    largests[at] = largest[member];
                }
            }
        }
    }
}
