//! Steps: what the text tells a reader to do with a widget, and what the widget then shows.
//!
//! `{{step ID}}` stands behind what a step promises, and a test replays it: see [`crate::tested`].
//! Here is what belongs to a step, and the lint that finds advice that is no step.

use std::ops::Range;

use crate::contents::Page;
use crate::{Problem, tag};

/// How a paragraph begins that tells what to try.
const TRY: &str = "**Try this";

/// What an exercise calls a widget.
const WIDGETS: [&str; 2] = ["widget", "calculator"];

/// A step of a chapter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step<'t> {
    /// Its id: the chapter, a point and a name, as in `ch01.layer-slider`.
    pub id: &'t str,
    /// Its words: from the step before, or from the beginning of the paragraph or list item, to
    /// the tag.
    pub words: Range<usize>,
}

/// The steps of `text`, in order.
pub fn find(text: &str) -> Vec<Step<'_>> {
    let mut steps = Vec::new();
    let mut before = 0;
    for tag in tag::find(text).into_iter().filter(|tag| tag.kind == "step") {
        let start = before.max(block(text, tag.start));
        steps.push(Step { id: tag.name, words: start..tag.start });
        before = tag.end;
    }
    steps
}

/// Where the paragraph or list item begins that holds the byte `at`.
fn block(text: &str, at: usize) -> usize {
    let paragraph = text[..at].rfind("\n\n").map_or(0, |end| end + 2);
    let item = text[paragraph..at].rfind("\n- ").map_or(paragraph, |end| paragraph + end + 1);
    item.max(paragraph)
}

/// The paragraphs and list items of `text`, each with its first byte.
fn blocks(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    text.split("\n\n").flat_map(move |paragraph| {
        let start = at;
        at += paragraph.len() + 2;
        let mut inside = start;
        paragraph.split_inclusive('\n').fold(Vec::<(usize, &str)>::new(), |mut items, line| {
            match items.last_mut() {
                Some((first, item)) if !line.starts_with("- ") => {
                    *item = &text[*first..inside + line.len()];
                }
                _ => items.push((inside, line)),
            }
            inside += line.len();
            items
        })
    })
}

/// What a chapter advises and no step covers, and steps that are called after another chapter.
pub fn problems(page: &Page) -> Vec<Problem> {
    let text = &page.text;
    let mut problems: Vec<Problem> = find(text)
        .iter()
        .filter(|step| !page.is(step.id.split('.').next().unwrap_or("")))
        .map(|step| {
            let message = format!("the step `{}` must begin with its chapter: ch01.name", step.id);
            Problem::at(&page.file, text, step.words.end, message)
        })
        .collect();
    let uncovered = tried(text).into_iter().chain(exercises(text)).map(|(at, what)| {
        let message = format!("{what} ends without {{{{step ID}}}}: no test replays it");
        Problem::at(&page.file, text, at, message)
    });
    problems.extend(uncovered);
    problems
}

/// Paragraphs that say what to try, and the items of a list behind one, that do not end with a
/// step.
fn tried(text: &str) -> Vec<(usize, &'static str)> {
    let mut found = Vec::new();
    let mut listed = false;
    for (at, block) in blocks(text) {
        let begins = block.contains(TRY);
        listed = listed && block.starts_with("- ");
        if (begins || listed) && !ends_with_step(block) {
            // “Try this, in order:” is only the heading of its list.
            let heading = begins && block.trim_end().ends_with(':');
            if !heading {
                found.push((at, "what is to be tried"));
            }
        }
        listed = listed || begins && block.trim_end().ends_with(':');
    }
    found
}

fn ends_with_step(block: &str) -> bool {
    let last = tag::find(block).into_iter().rfind(|tag| tag.kind == "step");
    last.is_some_and(|tag| block[tag.end..].trim().is_empty())
}

/// Exercises that send the reader to a widget and have no step, neither in the question nor in
/// the solution.
fn exercises(text: &str) -> Vec<(usize, &'static str)> {
    let Some(start) = text.find("<div class=\"exercises\">") else { return Vec::new() };
    let mut found = Vec::new();
    let mut at = start;
    for exercise in text[start..].split_inclusive("</details>\n") {
        let question = exercise.split("<details").next().unwrap_or(exercise);
        let sends = WIDGETS.iter().any(|widget| question.contains(widget));
        if sends && !tag::find(exercise).iter().any(|tag| tag.kind == "step") {
            let first = question.find("**").unwrap_or(0);
            found.push((at + first, "an exercise with a widget"));
        }
        at += exercise.len();
    }
    found
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::{find, problems};
    use crate::contents::Page;

    fn wrong(text: &str) -> Vec<String> {
        let page = Page {
            path: PathBuf::from("ch01-spotlight.md"),
            file: PathBuf::from("src/ch01-spotlight.md"),
            title: "Spotlight".to_owned(),
            text: text.to_owned(),
        };
        problems(&page).iter().map(|problem| format!("{problem}")).collect()
    }

    #[test]
    fn a_step_has_the_words_before_its_tag() {
        let text = "Before.\n\n**Try this.** Tap *it*.{{step ch01.it}} Then *tired*.{{step \
                    ch01.tired}}\n\n- One.\n- Two.{{step ch01.two}}\n";
        let words: Vec<_> = find(text).iter().map(|step| &text[step.words.clone()]).collect();
        assert_eq!(words, ["**Try this.** Tap *it*.", " Then *tired*.", "- Two."]);
    }

    #[test]
    fn advice_without_a_step_is_told_with_its_line() {
        assert!(wrong("**Try this.** Tap it.{{step ch01.it}}\n").is_empty());
        let untested = "what is to be tried ends without {{step ID}}: no test replays it";
        let half = "A.\n\n**Try this.** Tap it.{{step ch01.it}} Then tap it again.\n";
        assert_eq!(wrong(half), [format!("src/ch01-spotlight.md:3: {untested}")]);
        let list = "**Try this**:\n\n- One.{{step ch01.one}}\n- Two.\n\nAnd so on.\n";
        assert_eq!(wrong(list), [format!("src/ch01-spotlight.md:4: {untested}")]);
    }

    #[test]
    fn an_exercise_with_a_widget_wants_a_step() {
        let exercise = |question: &str, solution: &str| {
            format!(
                "<div class=\"exercises\">\n\n**Recall.** {question}\n\n<details \
                 class=\"solution\">\n\n{solution}\n\n</details>\n\n</div>\n"
            )
        };
        assert!(wrong(&exercise("Think.", "In the widget.")).is_empty());
        assert!(wrong(&exercise("Ask the widget.", "Two.{{step ch01.two}}")).is_empty());
        let untested = "an exercise with a widget ends without {{step ID}}: no test replays it";
        let told = format!("src/ch01-spotlight.md:3: {untested}");
        assert_eq!(wrong(&exercise("Ask the widget.", "Two.")), [told]);
    }

    #[test]
    fn a_step_is_called_after_its_chapter() {
        let told = "src/ch01-spotlight.md:1: the step `ch02.it` must begin with its chapter: \
                    ch01.name";
        assert_eq!(wrong("Tap it.{{step ch02.it}}"), [told]);
    }
}
