//! What every widget is: a machine with a state, the events that change it, and a view.
//!
//! A widget implements [`Machine`]. What all have in common, from the setup to the address, is
//! here once, in [`Opened`], and the page sees it as a [`Widget`].

use std::fmt::Debug;

use maud::Markup;
use reading::Reading;
use serde::de::DeserializeOwned;

use crate::address::{self, Fields};
use crate::error::Error;
use crate::setup;

/// The event that goes back to the beginning: every widget has it.
pub const RESET: &str = "reset";

/// A widget as plain data and functions. The data are what it was given and what has arrived
/// since; what the reader has chosen is a state beside it.
pub trait Machine: Sized {
    /// The widget's name, in the text, in the page and in addresses.
    const NAME: &'static str;

    /// Whether the widget shows a text of the reader's own, and how the model reads it.
    const USER_TEXT: UserText = UserText::None;

    /// What the page tells the widget when it opens.
    type Setup: DeserializeOwned;

    /// What the reader has chosen.
    type State: Clone + PartialEq + Debug;

    /// What a reader can do, and what the page answers.
    type Event: Debug;

    /// The widget, and the state that it opens in and that Reset goes back to.
    ///
    /// # Errors
    /// [`Error::Setup`] when the setup contradicts itself.
    fn new(setup: Self::Setup) -> Result<(Self, Self::State), Error>;

    /// The event that the page calls `name`, with its `value` as text. `None` for an unknown name
    /// or a value that is not of the event's kind.
    fn parse(name: &str, value: &str) -> Option<Self::Event>;

    /// The state that an event leads to. It need not be sound: what names something that is not
    /// there is refused.
    ///
    /// # Errors
    /// [`Refusal`] when the event leads nowhere.
    fn apply(&self, state: &Self::State, event: &Self::Event) -> Result<Self::State, Refusal>;

    /// Whether everything that a state names is there.
    fn is_sound(&self, state: &Self::State) -> bool;

    /// The state as fields for an address: see [`address::join`].
    fn address(&self, state: &Self::State) -> String;

    /// The state that the fields of an address stand for. It need not be sound.
    fn read_address(&self, fields: &mut Fields<'_>) -> Option<Self::State>;

    /// The whole widget as HTML.
    fn view(&self, state: &Self::State) -> Markup;

    /// Prepares what the view of a state needs, and brings into range what lies outside. Called
    /// whenever the state or the data are new.
    fn settle(&mut self, _state: &mut Self::State) {}

    /// What follows from an event beside the new state: a run on the card, a message to a worker.
    fn react(&mut self, _event: &Self::Event, _state: &Self::State) {}

    /// Forgets what followed from events, when the reader goes back to the beginning.
    fn reset(&mut self) {}

    /// A file that the state waits for: its path from the site's root.
    fn wants(&self, _state: &Self::State) -> Option<String> {
        None
    }

    /// Takes a file.
    ///
    /// # Errors
    /// [`Error::File`] when it is not what it should be, or when nobody asked for it. The widget
    /// shows that.
    fn receive(&mut self, _state: &Self::State, path: &str, _bytes: &[u8]) -> Result<(), Error> {
        Err(Error::unasked(path))
    }

    /// Told that a file could not be had, and why. The widget shows that.
    fn failed(&mut self, _state: &Self::State, _path: &str, _reason: &str) {}

    /// The reader goes on after a failure: what was missing may be asked for once more.
    fn retry(&mut self) {}

    /// Takes what the real model made of a text of the reader's own, and says which state shows it.
    ///
    /// # Errors
    /// [`Error::File`] when this widget shows no such text or not this one. All is then as it was.
    fn take_text(
        &mut self,
        _state: &Self::State,
        _reading: &Reading,
    ) -> Result<Self::State, Error> {
        Err(Error::no_text())
    }

    /// What the widget has to say to a worker: see [`Widget::post`].
    fn post(&mut self) -> Option<Post> {
        None
    }

    /// What the widget wants done on the graphics card: see [`Widget::task`].
    fn task(&self) -> Option<String> {
        None
    }

    /// The numbers that a task calls by a name.
    fn numbers(&self, _name: &str) -> Vec<f32> {
        Vec::new()
    }

    /// The sound state that an event leads to.
    ///
    /// # Errors
    /// As [`apply`](Self::apply), and when the state is not sound.
    fn next(&self, state: &Self::State, event: &Self::Event) -> Result<Self::State, Refusal> {
        let next = self.apply(state, event)?;
        if self.is_sound(&next) { Ok(next) } else { Err(Refusal::Invalid) }
    }

    /// The sound state that an address asks for, such as `?spotlight=cat_13_8_7`.
    fn at(&self, query: &str) -> Option<Self::State> {
        let mut fields = Fields::new(address::value(query, Self::NAME)?);
        let state = self.read_address(&mut fields)?;
        (fields.is_empty() && self.is_sound(&state)).then_some(state)
    }

    /// The address that leads to a state.
    fn link(&self, state: &Self::State) -> String {
        format!("?{}={}", Self::NAME, self.address(state))
    }
}

/// Why an event leads to no new state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// It names what is not there. The page says so.
    Invalid,
    /// It means nothing here, as a key that a grid does not use: the browser may have it.
    Ignored,
}

/// Whether a widget shows a text of the reader's own, and how the model reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserText {
    /// It shows none.
    None,
    /// It shows what the model makes of all tokens at once.
    AtOnce,
    /// The model reads the text a second time, one token after the other. It takes longer.
    TokenByToken,
}

/// A message to a worker, which the page starts when the first one comes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Post {
    /// The worker's name: the folder of its script and its module in the site.
    pub worker: &'static str,
    /// What it is told.
    pub message: String,
}

/// What the page needs from a widget.
pub trait Widget {
    /// Applies the event `name` with its `value`, both as the page sends them: the element's
    /// `data-event`, and what was chosen, pressed or typed. Says whether the event meant
    /// anything here; a key that did not is left to the browser.
    ///
    /// # Errors
    /// [`Error::Event`] when the event is unknown or its value makes no sense. All is then as it
    /// was.
    fn update(&mut self, name: &str, value: &str) -> Result<bool, Error>;

    /// The widget's HTML, the whole of it.
    fn view(&self) -> String;

    /// Where the widget stands, as an address's query: opened with it, it stands there again.
    fn address(&self) -> String;

    /// Goes where an address leads. One that makes no sense leaves the widget where it is.
    fn go(&mut self, query: &str);

    /// A file that the widget waits for: its path from the site's root.
    fn wants(&self) -> Option<String>;

    /// Takes the file that it asked for.
    ///
    /// # Errors
    /// [`Error::File`] when the file is not what it should be. The widget shows that.
    fn receive(&mut self, path: &str, bytes: &[u8]) -> Result<(), Error>;

    /// Told that a file could not be had, and why. The widget shows that.
    fn failed(&mut self, path: &str, reason: &str);

    /// Takes and shows what the real model made of a text of the reader's own.
    ///
    /// # Errors
    /// [`Error::File`] when this widget shows no such text or not this one. All is then as it was.
    fn take_text(&mut self, reading: &Reading) -> Result<(), Error>;

    /// What the widget has to say to a worker of the page, each message once and in order. What
    /// the worker says comes back as the event `worker`, and that it failed, and why, as the
    /// event `worker-failed`.
    fn post(&mut self) -> Option<Post>;

    /// What the widget wants done on the reader's graphics card, as JSON, or nothing. The page
    /// answers with the event `answer`, or brings a file.
    fn task(&self) -> Option<String>;

    /// The numbers that a task calls by a name.
    fn numbers(&self, name: &str) -> Vec<f32>;
}

/// A machine at work: its data, the state it is in, and the one it began in.
#[derive(Debug, Clone)]
pub struct Opened<M: Machine> {
    machine: M,
    opening: M::State,
    state: M::State,
}

impl<M: Machine> Opened<M> {
    /// The widget as it opens.
    ///
    /// # Errors
    /// [`Error::Setup`] when the setup contradicts itself, or opens on what is not there.
    pub fn new(setup: M::Setup) -> Result<Self, Error> {
        let (machine, opening) = M::new(setup)?;
        if !machine.is_sound(&opening) {
            return Err(Error::setup("it opens on what is not there"));
        }
        let mut opened = Self { machine, state: opening.clone(), opening };
        opened.machine.settle(&mut opened.state);
        Ok(opened)
    }

    /// The widget in a page, from its setup as text and the page's address. An address that makes
    /// no sense is ignored.
    ///
    /// # Errors
    /// [`Error::Setup`] as for [`new`](Self::new), and when the text is not that of a setup.
    pub fn open(setup: &str, query: &str) -> Result<Self, Error> {
        let mut opened = Self::new(setup::read(setup)?)?;
        opened.go(query);
        Ok(opened)
    }

    /// What the reader has chosen.
    pub fn state(&self) -> &M::State {
        &self.state
    }

    /// What the widget was given, and what has arrived.
    pub fn machine(&self) -> &M {
        &self.machine
    }

    /// Goes to a sound state.
    pub fn enter(&mut self, state: M::State) {
        self.state = state;
        self.machine.settle(&mut self.state);
    }

    /// Applies one event.
    ///
    /// # Errors
    /// [`Refusal`] when it leads nowhere. All is then as it was.
    pub fn apply(&mut self, event: &M::Event) -> Result<(), Refusal> {
        let next = self.machine.next(&self.state, event)?;
        self.machine.retry();
        self.machine.react(event, &next);
        self.enter(next);
        Ok(())
    }

    fn reset(&mut self) {
        self.machine.retry();
        self.machine.reset();
        self.enter(self.opening.clone());
    }
}

impl<M: Machine> Widget for Opened<M> {
    fn update(&mut self, name: &str, value: &str) -> Result<bool, Error> {
        if name == RESET {
            self.reset();
            return Ok(true);
        }
        let event = M::parse(name, value).ok_or(Refusal::Invalid);
        match event.and_then(|event| self.apply(&event)) {
            Ok(()) => Ok(true),
            Err(Refusal::Ignored) => Ok(false),
            Err(Refusal::Invalid) => {
                Err(Error::Event { name: name.to_owned(), value: value.to_owned() })
            }
        }
    }

    fn view(&self) -> String {
        self.machine.view(&self.state).into_string()
    }

    fn address(&self) -> String {
        self.machine.link(&self.state)
    }

    fn go(&mut self, query: &str) {
        if let Some(state) = self.machine.at(query) {
            self.enter(state);
        }
    }

    fn wants(&self) -> Option<String> {
        self.machine.wants(&self.state)
    }

    fn receive(&mut self, path: &str, bytes: &[u8]) -> Result<(), Error> {
        let received = self.machine.receive(&self.state, path, bytes);
        self.machine.settle(&mut self.state);
        received
    }

    fn failed(&mut self, path: &str, reason: &str) {
        self.machine.failed(&self.state, path, reason);
    }

    fn take_text(&mut self, reading: &Reading) -> Result<(), Error> {
        let state = self.machine.take_text(&self.state, reading)?;
        self.machine.retry();
        self.enter(state);
        Ok(())
    }

    fn post(&mut self) -> Option<Post> {
        self.machine.post()
    }

    fn task(&self) -> Option<String> {
        self.machine.task()
    }

    fn numbers(&self, name: &str) -> Vec<f32> {
        self.machine.numbers(name)
    }
}
