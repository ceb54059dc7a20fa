//! Names that hold digits and are no figures: `SmolLM2`, `ch01-spotlight`.

use std::collections::BTreeSet;

/// Models, formats and the like. A digit in a chapter must be in one of these, or in a
/// listing's name, or come from a tag.
const KNOWN: &[&str] = &[
    "SmolLM2",
    "SmolLM2-135M",
    "SmolLM2-135M-Instruct",
    "GPT-2",
    "GPT-3",
    "FlashAttention-2",
    "FlashAttention-3",
    "A100",
    "H100",
    "Q4_1",
    "Q8_0",
    "fp8",
    "fp16",
    "int4",
    "f16",
    "bf16",
    "f32",
    "f64",
];

/// The words that may hold digits.
pub struct Names(BTreeSet<String>);

impl Names {
    /// The known names and those of the `listings`.
    pub fn new(listings: impl IntoIterator<Item = String>) -> Self {
        Self(KNOWN.iter().map(|name| (*name).to_owned()).chain(listings).collect())
    }

    /// The places and words of `text` that hold a digit and are no name.
    pub fn figures<'t>(&self, text: &'t str) -> Vec<(usize, &'t str)> {
        let in_word = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | ',' | '’');
        let mut found = Vec::new();
        let mut rest = text;
        while let Some(start) = rest.find(in_word) {
            let word = &rest[start..];
            let word = &word[..word.find(|c| !in_word(c)).unwrap_or(word.len())];
            let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
            let name = bare.split('’').next().unwrap_or(bare);
            if bare.chars().any(|c| c.is_ascii_digit()) && !self.0.contains(name) {
                found.push((text.len() - rest.len() + start, bare));
            }
            rest = &rest[start + word.len()..];
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::Names;

    #[test]
    fn digits_are_figures_unless_they_belong_to_a_name() {
        let names = Names::new(["ch01-spotlight".to_owned()]);
        assert!(names.figures("SmolLM2 and ch01-spotlight, and SmolLM2’s heads.").is_empty());
        assert_eq!(names.figures("a .80 here"), [(2, "80")]);
        assert_eq!(names.figures("SmolLM3, 1,024"), [(0, "SmolLM3"), (9, "1,024")]);
    }
}
