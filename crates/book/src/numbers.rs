//! The digit rule: no result is typed.
//!
//! What a program finds comes from a program, as a fact. A number that the text itself sets may
//! be typed, where nobody can take it for a result: in a formula, in code, in an exercise, as a
//! year, in a name, or below ten. Anywhere else it says what it is: `{{given 512}}`.

use std::ops::Range;

use crate::highlight::escape;
use crate::names;

/// The first and the last year that may be typed.
const YEARS: Range<u32> = 1900..2040;

/// Number words above twelve, each the beginning of more: `sixty-four`, `fourteenth`.
const WORDS: &[&str] = &[
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
    "twenty",
    "thirty",
    "forty",
    "fifty",
    "sixty",
    "seventy",
    "eighty",
    "ninety",
];

/// Number words that may also stand behind a number: `135 million`.
const SCALES: &[&str] = &["hundred", "thousand", "million", "billion", "trillion"];

/// What stands in a tag's place while numbers are looked for.
pub(crate) const TAG: char = '#';

/// The numbers that are typed in a part of a chapter: where, and what to do about it. In `text`
/// the formulas and the names are blank, and each tag is a row of [`TAG`]. In an exercise whole
/// numbers may be given.
pub(crate) fn typed(text: &str, part: Range<usize>, exercise: bool) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut at = part.start;
    while at < part.end {
        let rest = &text[at..part.end];
        let length = rest.find(|c| !in_word(c)).unwrap_or(rest.len());
        if let Some(message) = wrong(&text[..at], &rest[..length], exercise) {
            found.push((at, message));
        }
        let between = rest[length..].chars().next().map_or(0, char::len_utf8);
        at += length + between;
    }
    found
}

/// Why `word` may not stand after `before`.
fn wrong(before: &str, word: &str, exercise: bool) -> Option<String> {
    let word = word.trim_start_matches(['_', ',']).trim_end_matches(['_', ',', '.']);
    let (digit, letter) = (word.contains(|c: char| c.is_ascii_digit()), word.contains(is_letter));
    if digit && letter {
        return Some(format!(
            "`{word}` is typed in: a name with a digit stands in {}, and code in `…`",
            names::FILE
        ));
    }
    let allowed =
        if digit { is_harmless(word, exercise) } else { exercise || !is_large(before, word) };
    (!allowed).then(|| {
        format!(
            "`{word}` is typed in: a result is a fact ({{{{fact NAME}}}}), \
             and what the text sets is {{{{given {word}}}}}"
        )
    })
}

/// Whether nobody can take the number for a result.
fn is_harmless(number: &str, exercise: bool) -> bool {
    if number.contains('.') {
        return false;
    }
    match number.replace(',', "").parse::<u32>() {
        Ok(value) if value < 10 => true,
        Ok(value) if YEARS.contains(&value) && !number.contains(',') => true,
        _ => exercise,
    }
}

/// Whether `word` is a number above twelve, or a part of one.
fn is_large(before: &str, word: &str) -> bool {
    let word = word.to_lowercase();
    let stem = word.strip_suffix("ths").or_else(|| word.strip_suffix("th")).unwrap_or(&word);
    let stem = stem.strip_suffix("ie").map_or(stem.to_owned(), |tens| format!("{tens}y"));
    let counted = before.trim_end().ends_with(|c: char| c == TAG || c.is_ascii_digit());
    WORDS.contains(&stem.as_str()) || (SCALES.contains(&stem.as_str()) && !counted)
}

fn is_letter(c: char) -> bool {
    c.is_alphabetic() || c == '_'
}

fn in_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '.' | ',')
}

/// A number that the text sets: `{{given 512}}`, `{{given a hundred}}`.
///
/// # Errors
/// When there is no number in it that would have to be explained.
pub(crate) fn given(number: &str) -> Result<String, String> {
    if typed(number, 0..number.len(), false).is_empty() {
        return Err(format!("`{number}` needs no tag: write it as it is"));
    }
    Ok(escape(number))
}

/// The decimals in a formula, of which the tags are blank: where, and what to do. A formula may
/// count and define with whole numbers; a decimal is a result.
pub(crate) fn decimals(formula: &str) -> Vec<(usize, String)> {
    let is_digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
    formula
        .match_indices('.')
        .filter(|(at, _)| is_digit(formula[at + 1..].chars().next()))
        .map(|(at, _)| {
            let message = "a decimal is typed into a formula: a result is {{num NAME}}";
            (at, message.to_owned())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `typed` finds in prose: places, and the first word of the message.
    fn found(text: &str, exercise: bool) -> Vec<(usize, String)> {
        let found = typed(text, 0..text.len(), exercise).into_iter();
        found.map(|(at, message)| (at, message.split('`').nth(1).unwrap().to_owned())).collect()
    }

    fn prose(text: &str) -> Vec<(usize, String)> {
        found(text, false)
    }

    fn one(at: usize, word: &str) -> Vec<(usize, String)> {
        vec![(at, word.to_owned())]
    }

    #[test]
    fn a_decimal_is_a_result() {
        assert_eq!(prose("a share of .80."), one(11, ".80"));
        assert_eq!(prose("a share of .8"), one(11, ".8"));
        assert_eq!(prose("it takes 3.5 ms"), one(9, "3.5"));
        assert_eq!(found("given are 0.5 and 2", true), one(10, "0.5"));
    }

    #[test]
    fn a_whole_number_is_small_or_a_result() {
        assert_eq!(prose("3 of 9, and then 4."), []);
        assert_eq!(prose("in 10 heads"), one(3, "10"));
        assert_eq!(prose("about 49,152, or so"), one(6, "49,152"));
        assert_eq!(prose("8-bit numbers, 64-bit numbers"), one(15, "64"));
        assert_eq!(found("64 tokens in 12 heads", true), []);
    }

    #[test]
    fn a_year_is_no_result() {
        assert_eq!(prose("In 2017, after 1989."), []);
        assert_eq!(prose("2048 tokens, 1024 of them"), [(0, "2048".into()), (13, "1024".into())]);
        assert_eq!(prose("2,017 tokens"), one(0, "2,017"));
    }

    #[test]
    fn a_digit_in_a_word_wants_a_name() {
        assert_eq!(prose("SmolLM3 reads"), one(0, "SmolLM3"));
        assert_eq!(prose("of layer2_head"), one(3, "layer2_head"));
    }

    #[test]
    fn a_number_word_above_twelve_is_typed_too() {
        assert_eq!(prose("Twelve heads, ten of them, a seventh, hundreds more, one month"), []);
        assert_eq!(prose("thirteen"), one(0, "thirteen"));
        assert_eq!(prose("the Fourteenth layer"), one(4, "Fourteenth"));
        assert_eq!(prose("sixty-four"), one(0, "sixty"));
        assert_eq!(prose("two twentieths"), one(4, "twentieths"));
        assert_eq!(prose("a hundred people"), one(2, "hundred"));
        assert_eq!(found("a hundred people", true), []);
    }

    #[test]
    fn a_scale_may_follow_a_number() {
        assert_eq!(prose("##### million parameters, and 3 billion"), []);
        assert_eq!(prose("ten million"), one(4, "million"));
    }

    #[test]
    fn what_is_given_is_a_number_that_needs_it() {
        assert_eq!(given("512").unwrap(), "512");
        assert_eq!(given("a hundred & more").unwrap(), "a hundred &amp; more");
        assert!(given("7").unwrap_err().contains("needs no tag"));
        assert!(given("").is_err());
    }

    #[test]
    fn a_formula_counts_in_whole_numbers() {
        assert!(decimals(r"\frac{2 \cdot 128}{64}, \quad a_{1.} \; n^2.").is_empty());
        assert_eq!(decimals(r"a = .5").len(), 1);
        assert_eq!(decimals(r"e^{1.5} = 4.48").len(), 2);
    }
}
