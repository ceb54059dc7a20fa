//! What a page shows and how it answers.
//!
//! A widget is plain data and pure functions: a state, the events that change it, and a view
//! that turns it into HTML. The book calls the view when it is built, so a page is complete
//! before any script runs. In the page the same code, compiled to WebAssembly, takes events
//! and hands back new HTML. Nothing here touches a browser, but for the module
//! `web`, which is only compiled for one.

pub mod address;
pub mod assemble;
pub mod cache;
pub mod causal_mask;
mod error;
pub mod flash;
pub mod gallery;
pub mod gpu;
pub mod grid;
pub mod heads;
pub mod induction;
pub mod next_token;
pub mod own;
pub mod parts;
pub mod patterns;
pub mod readings;
pub mod scale;
pub mod score_matrix;
pub mod sharing;
pub mod show;
pub mod spotlight;
pub mod square;
pub mod stepper;
pub mod temperature;
mod token_kind;
pub mod translation;
#[cfg(target_arch = "wasm32")]
pub mod web;

pub use error::Error;
use reading::Reading;

/// What the page needs from a widget.
pub trait Widget {
    /// Applies the event `name` with its `value`, both as the page sends them: the element's
    /// `data-event`, and what was chosen, pressed or typed. Says whether the event meant
    /// anything here; a key that did not is left to the browser.
    ///
    /// # Errors
    /// [`Error::Event`] when the event is unknown or its value makes no sense. The state is
    /// then as it was.
    fn update(&mut self, name: &str, value: &str) -> Result<bool, Error>;

    /// The widget's HTML, the whole of it.
    fn view(&self) -> String;

    /// Where the widget stands, as an address's query: [`open`] with it leads back here.
    fn address(&self) -> String;

    /// A file that the widget waits for: its path from the site's root.
    fn wants(&self) -> Option<String>;

    /// Takes the file that it asked for.
    ///
    /// # Errors
    /// [`Error::Gallery`] or [`Error::File`] when the file is not what it should be. The widget
    /// shows that.
    fn receive(&mut self, path: &str, bytes: &[u8]) -> Result<(), Error>;

    /// Told that a file could not be had, and why. The widget shows that.
    fn failed(&mut self, path: &str, reason: &str);

    /// Takes and shows what the real model made of a text of the reader's own: see [`own`].
    ///
    /// # Errors
    /// [`Error::File`] when this widget shows no such text, [`Error::Gallery`] when it is not
    /// from the widget's model. All is then as it was.
    fn own(&mut self, _reading: &Reading) -> Result<(), Error> {
        Err(own::refused())
    }

    /// What the widget has to say to a worker of the page, each message once and in order. What
    /// the worker says comes back as the event `worker`, and that it failed, and why, as the
    /// event `worker-failed`.
    fn post(&mut self) -> Option<Post> {
        None
    }

    /// What the widget wants done on the reader's graphics card, as JSON, or nothing. The page
    /// answers with the event `answer`, or brings a file. Few widgets want anything.
    fn task(&self) -> Option<String> {
        None
    }

    /// The numbers that a task calls by a name.
    fn numbers(&self, name: &str) -> Vec<f32> {
        let _ = name;
        Vec::new()
    }
}

/// A message to a worker, which the page starts when the first one comes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Post {
    /// The worker's name: the folder of its script and its module in the site.
    pub worker: &'static str,
    /// What it is told.
    pub message: String,
}

/// Makes the widget called `name` from its setup (JSON, from the page) and the page's address
/// query, such as `?spotlight=cat.13.8.7`.
///
/// # Errors
/// [`Error::Unknown`] for a name that no widget has, [`Error::Setup`] for a setup that cannot
/// be read. An address that makes no sense is ignored: the widget opens as usual.
pub fn open(name: &str, setup: &str, address: &str) -> Result<Box<dyn Widget>, Error> {
    match name {
        causal_mask::NAME => Ok(Box::new(causal_mask::CausalMask::open(setup, address)?)),
        score_matrix::NAME => Ok(Box::new(score_matrix::ScoreMatrix::open(setup, address)?)),
        spotlight::NAME => Ok(Box::new(spotlight::Spotlight::open(setup, address)?)),
        flash::NAME => Ok(Box::new(flash::FlashStepper::open(setup, address)?)),
        gpu::NAME => Ok(Box::new(gpu::Gpu::open(setup, address)?)),
        heads::NAME => Ok(Box::new(heads::Heads::open(setup, address)?)),
        assemble::NAME => Ok(Box::new(assemble::Assemble::open(setup, address)?)),
        temperature::NAME => Ok(Box::new(temperature::Temperature::open(setup, address)?)),
        scale::NAME => Ok(Box::new(scale::Scale::open(setup, address)?)),
        translation::NAME => Ok(Box::new(translation::TranslationWidget::open(setup, address)?)),
        induction::NAME => Ok(Box::new(induction::Induction::open(setup, address)?)),
        patterns::NAME => Ok(Box::new(patterns::Patterns::open(setup, address)?)),
        stepper::NAME => Ok(Box::new(stepper::Stepper::open(setup, address)?)),
        sharing::NAME => Ok(Box::new(sharing::SharingWidget::open(setup, address)?)),
        cache::NAME => Ok(Box::new(cache::Cache::open(setup, address)?)),
        _ => Err(Error::Unknown { name: name.to_owned() }),
    }
}
