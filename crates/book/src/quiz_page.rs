//! A question as it stands in its chapter: fields to answer it, and the answers under a fold.
//!
//! Everything that the page may say is in it when it is built. The script `theme/answers.js`
//! compares what the reader chose with the answers under the fold, and repeats what one of them
//! says. No element has an id, so a question can stand on several pages.

use maud::{Markup, PreEscaped, html};
use mdbook_katex::cfg::KatexConfig;
use mdbook_katex::preprocess::{Render, get_render_tasks};
use pulldown_cmark::{Options, Parser};

use crate::quiz::{Kind, Question, Quizzes, Response};
use crate::tag::{self, Fill};

/// The tags that a question or a prediction may hold.
const INSIDE: [&str; 5] = ["fact", "num", "given", "head", "term"];

/// What stands in a formula's place while Markdown is read.
const FORMULA: char = '\u{e000}';

/// The question called `name`, as HTML in one line.
///
/// # Errors
/// When there is none, or one of its texts cannot be filled in.
pub(crate) fn question(quizzes: &Quizzes, tags: &dyn Fill, name: &str) -> Result<String, String> {
    let question = quizzes.question(name)?;
    let answers = answers(tags, question)?;
    let prompt = inline(tags, &question.prompt.prompt)?;
    let choice = question.kind == Kind::MultipleChoice;
    let comparable = answers.iter().all(|it| it.value.is_some());
    let form = html! {
        form class="quiz-question" method="dialog" data-question=(name) data-answered-by=(answered_by(question)) {
            fieldset {
                legend { span class="quiz-kind" { "Question" } " " (prompt) }
                @if choice {
                    @for (place, answer) in answers.iter().enumerate() {
                        label class="answer-choice" {
                            input type="radio" name=(name) value=(place);
                            span { (answer.shown) }
                        }
                    }
                } @else if comparable {
                    label class="answer-typed needs-script" {
                        "Your answer "
                        input type="text" name=(name) autocomplete="off" spellcheck="false";
                    }
                }
            }
            @if !comparable { p class="missing" { "(needs the model)" } }
            @else { p class="needs-script" { button type="submit" { "Check" } } }
            div class="answer-verdict" role="status" {}
            details class="answer-fold" {
                summary { "Answer" }
                ul { @for answer in &answers { (answer.html(question.answer.within)) } }
            }
        }
    };
    Ok(block(&form.into_string()))
}

/// The line that counts the answers of a chapter, and asks again what was answered wrongly.
pub(crate) fn score() -> String {
    let score = html! {
        div class="quiz-score needs-script" hidden {
            p role="status" {}
            p { button type="button" { "Ask me again what I got wrong" } }
        }
    };
    block(&score.into_string())
}

/// HTML that stands in Markdown as a block of its own.
pub(crate) fn block(html: &str) -> String {
    format!("\n\n{}\n\n", html.replace('\n', " "))
}

/// An answer, right or wrong.
struct Shown {
    /// What a script compares: nothing when the model is needed for it.
    value: Option<String>,
    /// As a reader sees it.
    shown: Markup,
    /// What there is to say of it.
    because: Markup,
    right: bool,
    /// Whether it is words to choose, which stand in quotes under the fold.
    choice: bool,
}

impl Shown {
    fn html(&self, within: f64) -> Markup {
        let within = (within > 0.0).then_some(within);
        html! {
            li data-value=[&self.value] data-within=[within] data-right[self.right] {
                @if self.right { strong { "Right: " (self.shown) "." } }
                @else if self.choice { "Not “" (self.shown) "”:" }
                @else { "Not " (self.shown) ":" }
                " " span class="answer-because" { (self.because) }
            }
        }
    }
}

/// The answers to a question, in the order in which they are shown.
fn answers(tags: &dyn Fill, question: &Question) -> Result<Vec<Shown>, String> {
    let right = (&question.answer.answer, &question.context);
    let mut texts: Vec<_> = question.prompt.distractors.iter().zip(&question.because).collect();
    let choice = question.kind == Kind::MultipleChoice;
    // A choice hides the answer among the others, always in the same place.
    let place = if choice { place(&question.id, texts.len() + 1) } else { 0 };
    texts.insert(place, right);
    let shown = |(at, (answer, because)): (usize, (&String, &String))| {
        let value = if choice { Some(at.to_string()) } else { value(tags, question, answer)? };
        Ok(Shown {
            value,
            shown: inline(tags, answer)?,
            because: inline(tags, because)?,
            right: at == place,
            choice,
        })
    };
    texts.into_iter().enumerate().map(shown).collect()
}

/// What a typed answer is compared with, or nothing when the model is needed for it.
fn value(tags: &dyn Fill, question: &Question, answer: &str) -> Result<Option<String>, String> {
    let plain = plain(tags, answer)?;
    if question.prompt.response != Response::Number {
        return Ok(Some(plain));
    }
    if plain.contains('?') {
        return Ok(None);
    }
    number(&plain).map(Some)
}

/// A number as a script reads it: `49,152` is `49152`, and `1/4` is `0.25`.
///
/// # Errors
/// When it is none.
pub(crate) fn number(text: &str) -> Result<String, String> {
    let digits = text.replace([',', ' '], "").replace('\u{2212}', "-");
    let (top, bottom) = digits.split_once('/').unwrap_or((&digits, "1"));
    let parse = |digits: &str| {
        let number = digits.parse::<f64>().ok().filter(|number| number.is_finite());
        number.ok_or_else(|| format!("`{text}` is no number: write `{{{{num NAME}}}}`"))
    };
    Ok((parse(top)? / parse(bottom)?).to_string())
}

/// A place for the answer among `count`, from the question's name.
fn place(id: &str, count: usize) -> usize {
    let sum = id.bytes().fold(7_usize, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
    sum / 7 % count
}

fn answered_by(question: &Question) -> &'static str {
    match (question.kind, question.prompt.response) {
        (Kind::MultipleChoice, _) => "choice",
        (_, Response::Short) => "short",
        (_, Response::Number) => "number",
        (_, Response::Shape) => "shape",
    }
}

/// `text` with its tags filled in, without any markup: `{{num NAME}}` and what is typed.
pub(crate) fn plain(tags: &dyn Fill, text: &str) -> Result<String, String> {
    let text = text.replace("{{fact ", "{{num ");
    Ok(fill(tags, &text)?.replace(['`', '*'], "").trim().to_owned())
}

fn fill(tags: &dyn Fill, text: &str) -> Result<String, String> {
    let (mut filled, mut done) = (String::new(), 0);
    for tag in tag::find(text) {
        if !INSIDE.contains(&tag.kind) {
            return Err(format!("a question holds no `{}`: only {}", tag.kind, INSIDE.join(", ")));
        }
        filled += &text[done..tag.start];
        filled += &tags.fill(tag)?;
        done = tag.end;
    }
    Ok(filled + &text[done..])
}

/// One line of Markdown as HTML, with its tags filled in. Formulas stay for KaTeX.
///
/// # Errors
/// When a tag cannot be filled in.
pub(crate) fn inline(tags: &dyn Fill, text: &str) -> Result<Markup, String> {
    Ok(PreEscaped(to_html(&fill(tags, text)?)))
}

fn to_html(text: &str) -> String {
    let mut formulas = Vec::new();
    let mut hidden = String::new();
    for task in get_render_tasks(text, "", &KatexConfig::default().build_extra_opts()) {
        match task {
            Render::Text(words) => hidden += words,
            Render::InlineTask(formula) => {
                formulas.push(format!("${formula}$"));
                hidden.push(FORMULA);
            }
            Render::DisplayTask(formula) => {
                formulas.push(format!("$${formula}$$"));
                hidden.push(FORMULA);
            }
        }
    }
    let mut html = String::new();
    let parser = Parser::new_ext(&hidden, Options::ENABLE_SMART_PUNCTUATION);
    pulldown_cmark::html::push_html(&mut html, parser);
    let html = html.trim().replace('\n', " ");
    let html = html.strip_prefix("<p>").and_then(|it| it.strip_suffix("</p>")).unwrap_or(&html);
    let mut formulas = formulas.into_iter();
    html.chars().fold(String::new(), |done, c| match c {
        FORMULA => done + &formulas.next().unwrap_or_default(),
        _ => done + c.encode_utf8(&mut [0; 4]),
    })
}
