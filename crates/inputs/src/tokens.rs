//! Chapters 5 and 9: tokens in an order that means nothing, each of which comes twice. What a head
//! finds in them it finds by the pattern alone.

use attention::random::Random;

/// How many different tokens there are.
pub const COUNT: u16 = 20;

/// How far they lie apart in the vocabulary.
pub const STRIDE: u32 = 2333;

/// `count` tokens of the vocabulary, `stride` apart, and then the same ones again. The last one is
/// `count * stride`: choose them so that the vocabulary has it.
pub fn spaced_twice(count: u16, stride: u32) -> Vec<u32> {
    let once: Vec<u32> = (1..=count).map(|place| u32::from(place) * stride).collect();
    once.repeat(2)
}

/// Ids below this one are not text: ends of texts, names of files and the like.
pub const FIRST_OF_TEXT: u32 = 17;

/// `count` different tokens of a `vocabulary` that are text, and then the same ones again.
///
/// # Panics
/// If the vocabulary has fewer of them.
pub fn random_twice(seed: u64, count: usize, vocabulary: u32) -> Vec<u32> {
    let choices = vocabulary.saturating_sub(FIRST_OF_TEXT) as usize;
    assert!(count <= choices, "there are only {choices} tokens that are text, not {count}");
    let mut random = Random::new(seed);
    let mut once = Vec::new();
    while once.len() < count {
        let token = FIRST_OF_TEXT + random.below(choices) as u32;
        if !once.contains(&token) {
            once.push(token);
        }
    }
    once.repeat(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_token_comes_twice_and_in_the_same_order() {
        for tokens in [spaced_twice(COUNT, STRIDE), random_twice(1, 20, 49_152)] {
            let (once, again) = tokens.split_at(20);
            assert_eq!(once, again);
            for (place, token) in once.iter().enumerate() {
                assert!(!once[..place].contains(token), "{token} comes twice in one half");
            }
        }
        assert_eq!(spaced_twice(3, 10), [10, 20, 30, 10, 20, 30]);
    }

    #[test]
    fn random_tokens_are_text() {
        let all = random_twice(7, 3, FIRST_OF_TEXT + 3);
        let mut once = all[..3].to_vec();
        once.sort_unstable();
        assert_eq!(once, [FIRST_OF_TEXT, FIRST_OF_TEXT + 1, FIRST_OF_TEXT + 2]);
    }
}
