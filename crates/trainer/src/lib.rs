//! The WebAssembly module that trains the model of chapter 9 in the page.
//!
//! It runs in a worker, beside the page, so that the page stays awake meanwhile. The page asks and
//! the trainer answers, in the words of [`induction::message`]; the worker's script is
//! `theme/root/trainer/worker.js`.

use induction::message::{Answer, Ask, News, Point};
use induction::training::{EVERY, STEPS};
use induction::{CONTEXT, HEADS, LAYERS, Trainer};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen::prelude::*;

/// What a worker holds: a model in training, once it was told to start.
#[cfg_attr(target_arch = "wasm32", wasm_bindgen)]
#[derive(Default)]
pub struct Lab {
    run: u32,
    trainer: Option<Trainer>,
    training: bool,
    points: Vec<Point>,
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen)]
impl Lab {
    /// A worker that has nothing to do.
    #[cfg_attr(target_arch = "wasm32", wasm_bindgen(constructor))]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes an [`Ask`] as JSON, and answers with an [`Answer`] as JSON, if there is something to
    /// say at once.
    ///
    /// # Errors
    /// When the question makes no sense, in words.
    pub fn ask(&mut self, ask: &str) -> Result<Option<String>, String> {
        let ask = serde_json::from_str(ask).map_err(|error| error.to_string())?;
        let news = self.take(ask)?;
        news.map(|news| self.answer(news)).transpose()
    }

    /// Trains for a moment: for [`EVERY`] steps. Says whether there is more to do.
    ///
    /// # Errors
    /// When a step fails, in words.
    pub fn work(&mut self) -> Result<bool, String> {
        let Some(trainer) = self.trainer.as_mut().filter(|_| self.training) else {
            return Ok(false);
        };
        for _ in 0..EVERY {
            trainer.step().map_err(words)?;
        }
        self.points.push(trainer.point().map_err(words)?);
        self.training = trainer.steps() < STEPS;
        Ok(self.training)
    }

    /// An [`Answer`] as JSON: how training has gone on since the last report, if it has.
    ///
    /// # Errors
    /// When the model cannot be looked at, in words.
    pub fn report(&mut self) -> Result<Option<String>, String> {
        let Some(trainer) = self.trainer.as_ref().filter(|_| !self.points.is_empty()) else {
            return Ok(None);
        };
        let maps = trainer.maps().map_err(words)?;
        let points = std::mem::take(&mut self.points);
        self.answer(News::Progress { points, maps }).map(Some)
    }

    /// An [`Answer`] as JSON, when training rests or is over: what each head is worth.
    ///
    /// # Errors
    /// When the model cannot be looked at, in words.
    pub fn rest(&self) -> Result<Option<String>, String> {
        let Some(trainer) = &self.trainer else { return Ok(None) };
        let (mut loss, mut accuracy) = ([[0.0; HEADS]; LAYERS], [[0.0; HEADS]; LAYERS]);
        for layer in 0..LAYERS {
            for head in 0..HEADS {
                let found = trainer.without(Some((layer, head))).map_err(words)?;
                (loss[layer][head], accuracy[layer][head]) = found;
            }
        }
        self.answer(News::Rest { loss, accuracy }).map(Some)
    }
}

impl Lab {
    fn take(&mut self, ask: Ask) -> Result<Option<News>, String> {
        match ask {
            Ask::Start { run, seed, learning_rate } => {
                let trainer = Trainer::new(u64::from(seed), learning_rate);
                let points = vec![trainer.point().map_err(words)?];
                *self = Lab { run, trainer: Some(trainer), training: true, points };
                Ok(None)
            }
            Ask::Train => {
                let steps = self.trainer.as_ref().map_or(STEPS, Trainer::steps);
                self.training = steps < STEPS;
                Ok(None)
            }
            Ask::Pause => {
                self.training = false;
                Ok(None)
            }
            Ask::Continue { text, cut } => self.continued(text, cut).map(Some),
        }
    }

    fn continued(&self, text: String, cut: induction::Cut) -> Result<News, String> {
        let trainer = self.trainer.as_ref().ok_or("nothing has been trained yet")?;
        let letters = induction::numbers(&text).map_err(|it| format!("`{it}` is no letter"))?;
        if letters.is_empty() || letters.len() >= CONTEXT {
            return Err(format!("the text must have 1 to {} letters", CONTEXT - 1));
        }
        let added = trainer.continued(&letters, cut).map_err(words)?;
        let (letters, shares): (Vec<usize>, Vec<f32>) = added.into_iter().unzip();
        Ok(News::Continued { text, cut, added: induction::text(&letters), shares })
    }

    fn answer(&self, news: News) -> Result<String, String> {
        serde_json::to_string(&Answer { run: self.run, news }).map_err(words)
    }
}

fn words(error: impl std::fmt::Display) -> String {
    error.to_string()
}
