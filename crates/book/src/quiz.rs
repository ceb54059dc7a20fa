//! Questions and predictions: what `src/quizzes/chNN.toml` asks, read and checked.
//!
//! The schema is that of `mdbook-quiz` where it fits: `[[questions]]` with `type`, `prompt`,
//! `answer` and `context`. Beyond that each distractor says `because` of what it is wrong, and a
//! number may be off by `within`. How a question stands in its chapter is in `quiz_page`, and what
//! is predicted in [`crate::prediction`].

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::Problem;
use crate::contents::Page;
use crate::prediction::Prediction;
use crate::tag;

/// Where the quizzes are, from the book's root: a file a chapter.
pub const FOLDER: &str = "src/quizzes";

/// The tags that place a question, a prediction, or the answer to one.
const TAGS: [&str; 3] = ["quiz", "predict", "predicted"];

/// The name of the line that counts a chapter's answers: `{{quiz score}}`.
pub const SCORE: &str = "score";

/// How a question is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    /// By a choice among the answer and the distractors.
    MultipleChoice,
    /// By a few characters that are typed.
    ShortAnswer,
}

/// How a typed answer is compared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Response {
    /// As words, without regard to capitals and spaces.
    #[default]
    Short,
    /// As a number, which may be off by [`Answer::within`].
    Number,
    /// As a row of sizes: `[2, 3]` is `2 x 3`.
    Shape,
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prompt {
    /// The question, in Markdown.
    pub prompt: String,
    /// Wrong answers that people give.
    #[serde(default)]
    pub distractors: Vec<String>,
    /// How a typed answer is compared.
    #[serde(default)]
    pub response: Response,
}

/// The right answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// The answer, in Markdown, or a number.
    pub answer: String,
    /// By how much a number may be off.
    #[serde(default)]
    pub within: f64,
}

/// One question of a chapter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// Its name in the chapter: `rows`.
    pub id: String,
    /// How it is answered.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// What is asked.
    pub prompt: Prompt,
    /// The right answer.
    pub answer: Answer,
    /// Why the answer is right.
    pub context: String,
    /// Why each distractor is wrong, in the order of the distractors.
    #[serde(default)]
    pub because: Vec<String>,
}

/// What a chapter's file holds.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quiz {
    /// The questions.
    #[serde(default)]
    pub questions: Vec<Question>,
    /// The predictions.
    #[serde(default)]
    pub predictions: Vec<Prediction>,
}

/// A quiz, and the file that it is from.
#[derive(Debug, Clone, PartialEq)]
pub struct Source {
    /// The file, from the book's root.
    pub file: PathBuf,
    /// Its text.
    pub text: String,
    /// What it says.
    pub quiz: Quiz,
}

/// All quizzes, by chapter: `ch01`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Quizzes(pub BTreeMap<String, Source>);

/// Reads the quizzes under `root`. A book may have none.
///
/// # Errors
/// When a file cannot be read or is not what it should be.
pub fn read(root: &Path) -> Result<Quizzes> {
    let mut quizzes = BTreeMap::new();
    for entry in std::fs::read_dir(root.join(FOLDER)).into_iter().flatten() {
        let path = entry?.path();
        let chapter = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let file = Path::new(FOLDER).join(format!("{chapter}.toml"));
        let text = std::fs::read_to_string(&path)
            .with_context(|| format!("cannot read {}", path.display()))?;
        let quiz =
            toml::from_str(&text).with_context(|| format!("{} is not a quiz", file.display()))?;
        quizzes.insert(chapter, Source { file, text, quiz });
    }
    Ok(Quizzes(quizzes))
}

impl Source {
    /// A problem of what is called `id` in this file, at the line that names it.
    pub(crate) fn problem(&self, id: &str, message: &str) -> Problem {
        let offset = self.text.find(&format!("id = \"{id}\"")).unwrap_or(0);
        Problem::at(&self.file, &self.text, offset, format!("`{id}`: {message}"))
    }

    /// Every text of the file that a reader sees, each with the name that it belongs to.
    pub(crate) fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        let questions = self.quiz.questions.iter().flat_map(|question| {
            question.texts().map(|text| (question.id.as_str(), text)).collect::<Vec<_>>()
        });
        let predictions = self.quiz.predictions.iter().flat_map(|prediction| {
            prediction.texts().map(|text| (prediction.id.as_str(), text)).collect::<Vec<_>>()
        });
        questions.chain(predictions)
    }

    /// What is wrong with the file by itself.
    fn wrong(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut seen = Vec::new();
        let questions = self.quiz.questions.iter().map(|it| (&it.id, it.wrong()));
        let predictions = self.quiz.predictions.iter().map(|it| (&it.id, it.wrong()));
        for (id, wrong) in questions.chain(predictions) {
            if seen.contains(&id) {
                problems.push(self.problem(id, "there are two of this name: rename one"));
            }
            seen.push(id);
            if !is_plain(id) {
                let message = "a name is of small letters, digits and hyphens";
                problems.push(self.problem(id, message));
            }
            problems.extend(wrong.map(|message| self.problem(id, &message)));
        }
        problems
    }
}

fn is_plain(id: &str) -> bool {
    !id.is_empty() && id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

impl Question {
    /// Every text of it that a reader sees.
    pub(crate) fn texts(&self) -> impl Iterator<Item = &str> {
        let own = [&self.prompt.prompt, &self.answer.answer, &self.context];
        own.into_iter().chain(&self.prompt.distractors).chain(&self.because).map(String::as_str)
    }

    /// What is wrong with it, and what to do.
    fn wrong(&self) -> Option<String> {
        let (distractors, because) = (self.prompt.distractors.len(), self.because.len());
        if distractors != because {
            return Some(format!(
                "{distractors} distractors and {because} explanations: write a `because` for each"
            ));
        }
        if self.texts().any(|text| text.trim().is_empty()) {
            return Some("a text of it is empty: fill it or take it out".to_owned());
        }
        let choice = self.kind == Kind::MultipleChoice;
        if choice && distractors < 2 {
            return Some("a choice has at least two distractors".to_owned());
        }
        if choice && self.prompt.response != Response::Short {
            return Some("a choice has no `prompt.response`: take it out".to_owned());
        }
        if self.prompt.distractors.contains(&self.answer.answer) {
            return Some("a distractor is the answer: change one of them".to_owned());
        }
        let number = self.prompt.response == Response::Number;
        let within = self.answer.within;
        if !(within.is_finite() && within >= 0.0) || (within > 0.0 && !number) {
            return Some("`answer.within` is a positive number, for a number".to_owned());
        }
        None
    }
}

impl Quizzes {
    /// The file and the question with a full name: `ch01.rows`.
    ///
    /// # Errors
    /// When there is none.
    pub fn question(&self, name: &str) -> Result<&Question, String> {
        let (source, id) = self.source(name)?;
        source
            .quiz
            .questions
            .iter()
            .find(|it| it.id == id)
            .ok_or_else(|| format!("there is no question `{id}` in {}", source.file.display()))
    }

    /// The prediction with a full name.
    ///
    /// # Errors
    /// When there is none.
    pub fn prediction(&self, name: &str) -> Result<&Prediction, String> {
        let (source, id) = self.source(name)?;
        source
            .quiz
            .predictions
            .iter()
            .find(|it| it.id == id)
            .ok_or_else(|| format!("there is no prediction `{id}` in {}", source.file.display()))
    }

    fn source<'q, 'n>(&'q self, name: &'n str) -> Result<(&'q Source, &'n str), String> {
        let (chapter, id) = name
            .split_once('.')
            .ok_or_else(|| format!("`{name}` is not a name such as ch01.rows, nor `{SCORE}`"))?;
        let source = self.0.get(chapter);
        let source = source.ok_or_else(|| format!("there is no {FOLDER}/{chapter}.toml"))?;
        Ok((source, id))
    }

    /// What is wrong with the quizzes, and with where the `pages` place them: each question and
    /// each prediction stands once, in its own chapter.
    pub fn problems(&self, pages: &[Page]) -> Vec<Problem> {
        let mut problems: Vec<Problem> = self.0.values().flat_map(Source::wrong).collect();
        let mut placed: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        for page in pages {
            for tag in tag::find(&page.text).into_iter().filter(|tag| TAGS.contains(&tag.kind)) {
                let chapter = tag.name.split('.').next().unwrap_or("");
                if tag.name != SCORE && !page.is(chapter) {
                    let message = format!("`{}` belongs to another chapter", tag.name);
                    problems.push(Problem::at(&page.file, &page.text, tag.start, message));
                }
                *placed.entry((tag.kind, tag.name)).or_default() += 1;
            }
        }
        for (chapter, source) in &self.0 {
            let questions = source.quiz.questions.iter().map(|it| ("quiz", &it.id));
            let asked = source.quiz.predictions.iter().map(|it| ("predict", &it.id));
            let shown = source.quiz.predictions.iter().map(|it| ("predicted", &it.id));
            for (kind, id) in questions.chain(asked).chain(shown) {
                let name = format!("{chapter}.{id}");
                let times = placed.get(&(kind, name.as_str())).copied().unwrap_or(0);
                if times != 1 {
                    let message = format!(
                        "{{{{{kind} {name}}}}} stands {times} times in the book: \
                         put it into the chapter once, or take it out of this file"
                    );
                    problems.push(source.problem(id, &message));
                }
            }
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use attention::random::Random;

    use super::*;
    use crate::prediction::{Form, Range};

    /// Words, some of them with characters that TOML and HTML give a meaning.
    fn text(random: &mut Random) -> String {
        const WORDS: [&str; 10] = [
            "row",
            "*key*",
            "\"query\"",
            "a < b",
            "\\top",
            "{{fact x.y}}",
            "x & y",
            "$a_j$",
            "`[2]`",
            "’s",
        ];
        let words: Vec<&str> =
            (0..=random.below(4)).map(|_| WORDS[random.below(WORDS.len())]).collect();
        words.join(" ")
    }

    fn texts(random: &mut Random, count: usize) -> Vec<String> {
        (0..count).map(|_| text(random)).collect()
    }

    fn question(random: &mut Random, id: usize) -> Question {
        const RESPONSES: [Response; 3] = [Response::Short, Response::Number, Response::Shape];
        let wrong = 2 + random.below(3);
        Question {
            id: format!("q{id}"),
            kind: [Kind::MultipleChoice, Kind::ShortAnswer][random.below(2)],
            prompt: Prompt {
                prompt: text(random),
                distractors: texts(random, wrong),
                response: RESPONSES[random.below(3)],
            },
            answer: Answer { answer: text(random), within: random.below(9) as f64 / 16.0 },
            context: text(random),
            because: texts(random, wrong),
        }
    }

    fn prediction(random: &mut Random, id: usize) -> Prediction {
        let form = [Form::Shares, Form::Number, Form::Choice, Form::Order][random.below(4)];
        let count = 2 + random.below(4);
        let labels = texts(random, count);
        let range = (form == Form::Number).then_some(Range { least: -1.5, most: 9.0, step: 0.25 });
        let truth = texts(random, count);
        Prediction {
            id: format!("p{id}"),
            form,
            prompt: text(random),
            labels,
            truth,
            range,
            context: text(random),
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let mut random = Random::new(3);
        for _ in 0..500 {
            let (questions, predictions) = (random.below(5), random.below(3));
            let quiz = Quiz {
                questions: (0..questions).map(|id| question(&mut random, id)).collect(),
                predictions: (0..predictions).map(|id| prediction(&mut random, id)).collect(),
            };
            let written = toml::to_string(&quiz).unwrap();
            let read: Quiz =
                toml::from_str(&written).unwrap_or_else(|error| panic!("{written}{error}"));
            assert_eq!(read, quiz, "{written}");
        }
    }

    #[test]
    fn the_book_has_quizzes_and_none_has_a_mistake() {
        let quizzes = read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")).unwrap();
        for (chapter, source) in &quizzes.0 {
            assert!(source.wrong().is_empty(), "{:?}", source.wrong());
            let (asked, predicted) = (source.quiz.questions.len(), source.quiz.predictions.len());
            assert!(asked >= 8 && predicted >= 1, "{chapter}: {asked} questions, {predicted}");
        }
        assert!(quizzes.0.len() >= 4, "{} chapters have a quiz", quizzes.0.len());
    }
}
