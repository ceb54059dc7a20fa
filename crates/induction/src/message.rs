//! What a page and the trainer in its worker say to each other, as JSON.

use serde::{Deserialize, Serialize};

use crate::{HEADS, LAYERS};

/// A number for each head of each layer.
pub type EachHead<T> = [[T; HEADS]; LAYERS];

/// What a page asks of the trainer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Ask {
    /// Begin anew. Answers to earlier questions are then of no use: they carry another `run`.
    Start {
        /// Which training this is, for the page to tell answers apart.
        run: u32,
        /// What the first weights and the words follow from.
        seed: u32,
        /// How large the steps are.
        learning_rate: f64,
    },
    /// Train on.
    Train,
    /// Stop training.
    Pause,
    /// Go on writing a text, with all heads or without one of them.
    Continue {
        /// The text so far, letters from `a` to `z`.
        text: String,
        /// The head to leave out: layer and head, from 0.
        cut: Option<(usize, usize)>,
    },
}

/// What the trainer answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// The training that this is about.
    pub run: u32,
    /// What is known now.
    pub news: News,
}

/// What there is to say.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum News {
    /// Training went on.
    Progress {
        /// How the model did, at each point since the last answer.
        points: Vec<Point>,
        /// Where each head looked at the end, on one word: row by row under the diagonal.
        maps: EachHead<Vec<f32>>,
    },
    /// Training is over, or rests: what the model would do without each head.
    Rest {
        /// The loss without that head.
        loss: EachHead<f32>,
        /// The part of the letters that it then gets right.
        accuracy: EachHead<f32>,
    },
    /// How the text goes on.
    Continued {
        /// The text that was to be continued.
        text: String,
        /// The head that was left out.
        cut: Option<(usize, usize)>,
        /// The letters that the model added, each the likeliest.
        added: String,
        /// How likely each was.
        shares: Vec<f32>,
    },
}

/// How the model does at one point of its training, on words that it is not trained on.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// How many steps it has made.
    pub step: u32,
    /// The mean of `-ln p(next letter)`, in nats, where the next letter can be known.
    pub loss: f32,
    /// How many of those letters it gets right, from 0 to 1.
    pub accuracy: f32,
    /// The previous-token score of each head.
    pub previous: EachHead<f32>,
    /// The prefix-matching score of each head.
    pub induction: EachHead<f32>,
}
