//! A tag in a text: what the text asks the code for.

/// A tag in a text: `{{kind name}}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tag<'t> {
    /// Its first byte.
    pub start: usize,
    /// The byte after its last.
    pub end: usize,
    /// What is asked for: `fact`, `listing`, …
    pub kind: &'t str,
    /// Its name.
    pub name: &'t str,
}

/// The tags of `text`, in order. mdBook's own, which begin with `{{#`, are not among them.
pub fn find(text: &str) -> Vec<Tag<'_>> {
    let mut tags = Vec::new();
    let mut from = 0;
    while let Some(start) = text[from..].find("{{").map(|at| from + at) {
        let Some(length) = text[start..].find("}}") else { break };
        let end = start + length + 2;
        let inside = text[start + 2..end - 2].trim();
        if !inside.starts_with('#') {
            let (kind, name) = inside.split_once(char::is_whitespace).unwrap_or((inside, ""));
            tags.push(Tag { start, end, kind, name: name.trim() });
        }
        from = end;
    }
    tags
}

/// Knows what to put in a tag's place.
pub trait Fill {
    /// What stands in the place of `tag`.
    ///
    /// # Errors
    /// Why nothing can: the tag names something that is not there.
    fn fill(&self, tag: Tag<'_>) -> Result<String, String>;
}

#[cfg(test)]
mod tests {
    use super::find;

    #[test]
    fn tags_have_a_kind_and_a_name() {
        let tags = find("a {{fact x.y}} b {{#include z}} {{ num  q }}");
        let seen: Vec<_> = tags.iter().map(|tag| (tag.start, tag.kind, tag.name)).collect();
        assert_eq!(seen, [(2, "fact", "x.y"), (32, "num", "q")]);
    }

    #[test]
    fn a_tag_that_never_ends_is_left_alone() {
        assert!(find("{{fact x").is_empty());
    }
}
