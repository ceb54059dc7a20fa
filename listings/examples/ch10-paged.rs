//! Chapter 10: how much of a cache's room stands empty?
//!
//! Many texts grow at once, and nobody knows how long each will become. Watch the share of the
//! room that holds a token: the smaller the pages, the less is empty.

use anyhow::Result;
use attention::random::Random;
use attention::units::Bytes;
use attention::{KvCache, PagedCache};
use burn::tensor::{Device, Tensor};
use clap::Parser;
use listings::terminal::{print, share};

/// Grows many texts in one memory, in three ways, and counts the places that hold a token.
#[derive(Parser)]
struct Options {
    /// How many texts
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=256))]
    texts: u16,
    /// The longest that a text may become, in tokens
    #[arg(long, default_value_t = 1024, value_parser = clap::value_parser!(u16).range(16..=4096))]
    longest: u16,
}

fn main() -> Result<()> {
    let Options { texts, longest } = Options::parse();
    let lengths = lengths(usize::from(texts), f32::from(longest));
    let held: usize = lengths.iter().sum();

    let mut rows = vec![("the longest, for each".to_owned(), lengths.len() * usize::from(longest))];
    rows.push(("doubled when full".to_owned(), doubled(&lengths)?));
    for block in [256, 64, 16, 1] {
        rows.push((format!("pages of {block}"), paged(&lengths, block)?));
    }
    let mut text = format!("{texts} texts, {held} tokens in all\n");
    text += &format!("{:<24}{:>10}{:>16}{:>10}\n", "room", "places", "hold a token", "empty");
    for (name, places) in rows {
        let used = share(held as f32 / places as f32);
        text += &format!("{name:<24}{places:>10}{used:>16}{:>10}\n", places - held);
    }
    print(&text)?;
    Ok(())
}

/// Random lengths, from 16 tokens to the longest: each doubling of the length is as likely as any.
fn lengths(texts: usize, longest: f32) -> Vec<usize> {
    let mut random = Random::new(10);
    let mut part = || (random.number() + 1.0) / 2.0;
    (0..texts).map(|_| (16.0 * (longest / 16.0).powf(part())).round() as usize).collect()
}

/// A key or a value of one head with one number: all that a count of places needs.
fn token() -> Tensor<4> {
    Tensor::ones([1, 1, 1, 1], &Device::flex())
}

/// Places that each text's own cache has set aside at the end.
fn doubled(lengths: &[usize]) -> Result<usize> {
    let mut reserved = Bytes(0);
    for &length in lengths {
        let mut cache = KvCache::growing();
        for _ in 0..length {
            cache.append(token(), token())?;
        }
        reserved += cache.reserved_bytes();
    }
    // A place has two numbers of four bytes.
    Ok((reserved.0 / 8) as usize)
}

// ANCHOR: paged
/// Places that the texts have taken from one pool in pages, once all have grown to their lengths,
/// a token each in turn.
fn paged(lengths: &[usize], block: usize) -> Result<usize> {
    let needed: usize = lengths.iter().map(|length| length.div_ceil(block)).sum();
    let mut cache = PagedCache::new(needed, block, 1, 1)?;
    for step in 0..lengths.iter().copied().max().unwrap_or(0) {
        for (text, &length) in (0..).zip(lengths) {
            if step < length {
                cache.append(text, token(), token())?;
            }
        }
    }
    Ok(cache.places())
}
// ANCHOR_END: paged
