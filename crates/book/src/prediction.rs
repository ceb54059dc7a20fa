//! A prediction: what a chapter asks before it shows the answer, and the answer.
//!
//! It is asked by `{{predict ch01.shares}}`, and `{{predicted ch01.shares}}` shows what was
//! predicted beside what is true. How both look is in `prediction_page`.

use serde::{Deserialize, Serialize};

/// The form that a prediction takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Form {
    /// A share for each label; together they are one.
    Shares,
    /// A number between two bounds.
    Number,
    /// One of the labels.
    Choice,
    /// The labels, put in order.
    Order,
}

/// The bounds of a number that is predicted.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Range {
    /// The smallest number that can be chosen.
    pub least: f64,
    /// The largest.
    pub most: f64,
    /// From one number to the next.
    pub step: f64,
}

/// One prediction of a chapter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prediction {
    /// Its name in the chapter: `shares`.
    pub id: String,
    /// The form that it takes.
    pub form: Form,
    /// What is asked, in a line.
    pub prompt: String,
    /// What gets a share, can be chosen, or is to be put in order.
    #[serde(default)]
    pub labels: Vec<String>,
    /// What is true: a share for each label, a number, the right label, or all labels in order.
    pub truth: Vec<String>,
    /// The bounds of a number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub range: Option<Range>,
    /// A sentence that goes with the truth.
    pub context: String,
}

impl Prediction {
    /// Every text of it that a reader sees.
    pub(crate) fn texts(&self) -> impl Iterator<Item = &str> {
        [&self.prompt, &self.context]
            .into_iter()
            .chain(&self.labels)
            .chain(&self.truth)
            .map(String::as_str)
    }

    /// What is wrong with it, and what to do.
    pub(crate) fn wrong(&self) -> Option<String> {
        if self.texts().any(|text| text.trim().is_empty()) {
            return Some("a text of it is empty: fill it or take it out".to_owned());
        }
        let (labels, truths) = (self.labels.len(), self.truth.len());
        let mut message = match self.form {
            Form::Number => self.wrong_number(),
            Form::Shares if labels < 2 || labels != truths => {
                Some("shares want two labels or more, and a `truth` for each".to_owned())
            }
            Form::Choice if labels < 2 || truths != 1 || !self.labels.contains(&self.truth[0]) => {
                Some("a choice wants two labels or more, and one of them as `truth`".to_owned())
            }
            Form::Order if labels < 2 || !is_permutation(&self.labels, &self.truth) => {
                Some("an order wants the same labels in `labels` and in `truth`".to_owned())
            }
            _ => None,
        };
        if self.form != Form::Number && self.range.is_some() {
            message = Some("only a number has a `range`: take it out".to_owned());
        }
        message
    }

    fn wrong_number(&self) -> Option<String> {
        let sound = self.range.is_some_and(|Range { least, most, step }| {
            least.is_finite() && most.is_finite() && least < most && step > 0.0
        });
        if !sound {
            let message = "a number wants `range = { least = 0, most = 1, step = 0.1 }`";
            return Some(message.to_owned());
        }
        (self.truth.len() != 1 || !self.labels.is_empty())
            .then(|| "a number wants one `truth` and no labels".to_owned())
    }
}

fn is_permutation(one: &[String], other: &[String]) -> bool {
    let sorted = |texts: &[String]| {
        let mut sorted = texts.to_vec();
        sorted.sort();
        sorted
    };
    sorted(one) == sorted(other)
}
