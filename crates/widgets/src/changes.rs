//! What of a view is new since the last one: a page need not read again what it shows already.
//!
//! A view is a long text, of which one press changes little. Its parts are the rows of its tables
//! and the innermost groups of its pictures. A part that is as it was before stands in the text as
//! an empty element with [`SAME`], and the page leaves what it has in that place.

use std::ops::Range;

/// The attribute of an element that stands for what the page shows in its place.
pub const SAME: &str = "data-same";

/// The elements that are parts: rows of tables, and groups of pictures.
const PARTS: [&str; 2] = ["tr", "g"];

/// What a page shows.
#[derive(Debug, Clone, Default)]
pub struct Shown {
    view: String,
    found: Found,
}

impl Shown {
    /// What is new in `view` since the last call; the first time it is all of it.
    ///
    /// Where a part stands in the page is known from its place among the elements. So if those
    /// are others than before, all is new.
    pub fn changes(&mut self, view: String) -> String {
        let found = Found::new(&view);
        let mut changes = String::with_capacity(view.len());
        let mut told = 0;
        if found.shape == self.found.shape {
            for (now, before) in found.parts.iter().zip(&self.found.parts) {
                let part = &view[now.clone()];
                if part == &self.view[before.clone()] && !has_control(part) {
                    changes.push_str(&view[told..now.start]);
                    let name = name(&part[1..]);
                    changes.extend(["<", name, " ", SAME, "></", name, ">"]);
                    told = now.end;
                }
            }
        }
        changes.push_str(&view[told..]);
        *self = Self { view, found };
        changes
    }
}

/// What a view consists of.
#[derive(Debug, Clone, Default, PartialEq)]
struct Found {
    /// Where the parts are: none is in another one.
    parts: Vec<Range<usize>>,
    /// The tags outside the parts, by name and in order, and where the parts are among them.
    shape: String,
}

impl Found {
    fn new(view: &str) -> Self {
        let mut found = Self::default();
        // Where a part begins that may be an innermost one, and how long the shape was before it.
        let mut open = None;
        for (at, _) in view.match_indices('<') {
            let tag = &view[at + 1..];
            let (end, tag) = tag.strip_prefix('/').map_or((false, tag), |tag| (true, tag));
            let name = name(tag);
            let is_part = PARTS.contains(&name);
            if is_part && !end {
                open = Some((at, found.shape.len()));
            }
            found.shape.push_str(if end { "/" } else { "<" });
            found.shape.push_str(name);
            // The end of what holds another part comes when none is open.
            if let Some((start, before)) = open.take_if(|_| is_part && end) {
                found.parts.push(start..at + "</>".len() + name.len());
                found.shape.truncate(before);
                found.shape.push('=');
            }
        }
        found
    }
}

/// The name at the beginning of a tag without its `<`. Of an end it is nothing.
fn name(tag: &str) -> &str {
    let end = tag.bytes().position(|byte| !byte.is_ascii_alphanumeric() && byte != b'-');
    &tag[..end.unwrap_or(tag.len())]
}

/// What a reader has chosen in a control is not in the text, so it is always told again.
fn has_control(part: &str) -> bool {
    ["<input", "<select"].iter().any(|control| part.contains(control))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Puts the parts of `before` back into `changes`, as the page does.
    fn restored(before: &str, changes: &str) -> String {
        let parts = |view| Found::new(view).parts;
        let old: Vec<&str> = parts(before).into_iter().map(|place| &before[place]).collect();
        let mut whole = changes.to_owned();
        for (place, part) in parts(changes).into_iter().zip(old).rev() {
            if changes[place.clone()].contains(SAME) {
                whole.replace_range(place, part);
            }
        }
        whole
    }

    const BEFORE: &str = "<div><svg><g class=\"all\"><g><path d=\"M0 0\"></path></g><g></g></g></svg>\
        <table><tr><td>1</td></tr><tr><td>2</td></tr></table></div>";

    #[test]
    fn what_stays_is_not_told_again() {
        let mut shown = Shown::default();
        assert_eq!(shown.changes(BEFORE.to_owned()), BEFORE);
        let after = BEFORE.replace("<td>2", "<td>3").replace("class=\"all\"", "class=\"some\"");
        let changes = shown.changes(after.clone());
        let expected = "<div><svg><g class=\"some\"><g data-same></g><g data-same></g></g></svg>\
            <table><tr data-same></tr><tr><td>3</td></tr></table></div>";
        assert_eq!(changes, expected);
        assert_eq!(restored(BEFORE, &changes), after);
        assert!(
            shown.changes(BEFORE.to_owned()).contains("<td>2"),
            "it is compared with the last one"
        );
    }

    #[test]
    fn where_elements_come_or_go_all_is_told() {
        for (from, to) in [
            ("<table>", "<p></p><table>"),
            ("<tr><td>1</td></tr>", ""),
            ("<g></g>", ""),
            ("</svg>", "<rect></rect></svg>"),
        ] {
            let mut shown = Shown::default();
            shown.changes(BEFORE.to_owned());
            let after = BEFORE.replacen(from, to, 1);
            assert_ne!(after, BEFORE);
            assert_eq!(shown.changes(after.clone()), after);
        }
    }

    #[test]
    fn a_part_may_change_its_own_elements() {
        let mut shown = Shown::default();
        shown.changes(BEFORE.to_owned());
        let after = BEFORE.replace("<path d=\"M0 0\"></path>", "<circle></circle><line></line>");
        let changes = shown.changes(after.clone());
        assert!(
            changes.contains("<g><circle></circle><line></line></g><g data-same>"),
            "{changes}"
        );
        assert_eq!(restored(BEFORE, &changes), after);
    }

    #[test]
    fn a_part_with_a_control_is_always_told() {
        let view = "<table><tr><td><input></td></tr><tr><td>1</td></tr></table>";
        let mut shown = Shown::default();
        shown.changes(view.to_owned());
        let changes = shown.changes(view.to_owned());
        assert_eq!(changes, "<table><tr><td><input></td></tr><tr data-same></tr></table>");
    }
}
