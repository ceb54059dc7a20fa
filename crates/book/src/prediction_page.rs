//! A prediction as it stands in its chapter: first the fields to make it, and later what was
//! predicted beside what is true.
//!
//! Both sleep until `theme/answers.js` wakes them. Without it the chapter has its question all the
//! same, as a paragraph, and the truth in its text.

use maud::{Markup, html};

use crate::prediction::{Form, Prediction};
use crate::quiz::Quizzes;
use crate::quiz_page::{block, inline, number, plain};
use crate::tag::Fill;

/// The fields in which the prediction called `name` is made.
///
/// # Errors
/// When there is none, or one of its texts cannot be filled in.
pub(crate) fn asked(quizzes: &Quizzes, tags: &dyn Fill, name: &str) -> Result<String, String> {
    let prediction = quizzes.prediction(name)?;
    let labels = labels(tags, prediction)?;
    let fields = match prediction.form {
        Form::Shares => shares(&labels),
        Form::Number => slider(prediction),
        Form::Choice => choices(name, &labels),
        Form::Order => order(&labels),
    };
    let form = html! {
        form class="prediction-form needs-script" method="dialog" data-prediction=(name) data-form=(form_name(prediction.form)) {
            fieldset {
                legend { (inline(tags, &prediction.prompt)?) }
                (fields)
            }
            p { button type="submit" { "Keep my prediction" } }
            p class="answer-verdict" role="status" {}
        }
    };
    Ok(block(&form.into_string()))
}

/// What was predicted beside the truth. It is hidden until there is a prediction.
///
/// # Errors
/// As [`asked`], or when a truth that should be a number is none.
pub(crate) fn shown(quizzes: &Quizzes, tags: &dyn Fill, name: &str) -> Result<String, String> {
    let prediction = quizzes.prediction(name)?;
    let rows = rows(tags, prediction)?;
    let by_row = matches!(prediction.form, Form::Shares);
    let table = html! {
        div class="predicted needs-script" hidden data-predicted=(name) data-form=(form_name(prediction.form)) {
            table {
                caption { "Your prediction" }
                thead { tr {
                    @if by_row { th scope="col" { "of" } }
                    th scope="col" { "you" }
                    th scope="col" { "the truth" }
                } }
                tbody { @for row in rows { tr {
                    @if by_row { th scope="row" { (row.label) } }
                    td class="yours" {}
                    td data-truth=[row.value] { (row.shown) }
                } } }
            }
            p class="gap" {}
            p { (inline(tags, &prediction.context)?) }
        }
    };
    Ok(block(&table.into_string()))
}

/// A line of the table.
struct Row {
    label: Markup,
    /// The truth as a script reads it: nothing when the model is needed for it.
    value: Option<String>,
    shown: Markup,
}

fn rows(tags: &dyn Fill, prediction: &Prediction) -> Result<Vec<Row>, String> {
    let labels = labels(tags, prediction)?;
    let truth = |(place, truth): (usize, &String)| {
        let plain = plain(tags, truth)?;
        let value = match prediction.form {
            Form::Shares | Form::Number if plain.contains('?') => None,
            Form::Shares | Form::Number => Some(number(&plain)?),
            Form::Choice | Form::Order => {
                let place = prediction.labels.iter().position(|label| label == truth);
                place.map(|place| place.to_string())
            }
        };
        let label = match prediction.form {
            Form::Shares => labels[place].clone(),
            _ => html! {},
        };
        Ok(Row { label, value, shown: inline(tags, truth)? })
    };
    prediction.truth.iter().enumerate().map(truth).collect()
}

fn labels(tags: &dyn Fill, prediction: &Prediction) -> Result<Vec<Markup>, String> {
    prediction.labels.iter().map(|label| inline(tags, label)).collect()
}

fn form_name(form: Form) -> &'static str {
    match form {
        Form::Shares => "shares",
        Form::Number => "number",
        Form::Choice => "choice",
        Form::Order => "order",
    }
}

/// A slider a label, in hundredths. They begin equal, and the script keeps their sum at one.
fn shares(labels: &[Markup]) -> Markup {
    let (each, rest) = (100 / labels.len(), 100 % labels.len());
    html! {
        @for (place, label) in labels.iter().enumerate() {
            @let share = each + usize::from(place < rest);
            label class="answer-slider" {
                span { (label) }
                input type="range" min="0" max="100" step="1" value=(share) autocomplete="off";
                output { "." (format!("{share:02}")) }
            }
        }
    }
}

fn slider(prediction: &Prediction) -> Markup {
    let Some(range) = prediction.range else { return html! {} };
    let steps = ((range.most - range.least) / range.step / 2.0).round();
    let middle = range.least + steps * range.step;
    html! {
        label class="answer-slider" {
            span { "Your number" }
            input type="range" min=(range.least) max=(range.most) step=(range.step) value=(middle) autocomplete="off";
            output { (middle) }
        }
    }
}

fn choices(name: &str, labels: &[Markup]) -> Markup {
    html! {
        @for (place, label) in labels.iter().enumerate() {
            label class="answer-choice" {
                input type="radio" name={ (name) ".choice" } value=(place) autocomplete="off";
                span { (label) }
            }
        }
    }
}

/// The labels as a list, each with a button that moves it up.
fn order(labels: &[Markup]) -> Markup {
    html! {
        ol class="answer-order" {
            @for (place, label) in labels.iter().enumerate() {
                li data-value=(place) {
                    span { (label) } " "
                    button type="button" data-move="up" { "Up" span class="unseen" { ": " (label) } }
                }
            }
        }
    }
}
