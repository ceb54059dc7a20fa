//! What can go wrong in a widget, in words for the page.

/// Why a widget could not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No widget has this name.
    #[error("there is no widget called `{name}`")]
    Unknown {
        /// The name that was asked for.
        name: String,
    },
    /// The setup in the page is not what this version of the widget reads.
    #[error("the page's setup for the widget cannot be read: {reason}")]
    Setup {
        /// What is wrong with it.
        reason: String,
    },
    /// An event with an unknown name, or a value that is out of range.
    #[error("the event `{name}` with the value `{value}` means nothing here")]
    Event {
        /// The event's name.
        name: String,
        /// Its value.
        value: String,
    },
    /// A file, or a text of the reader's own, that is damaged or not of this page.
    #[error("this file cannot be used: {reason}")]
    File {
        /// What is wrong with it.
        reason: String,
    },
    /// A text of the reader's own that is too short for the widget.
    #[error("it is {tokens} token long, and this widget shows {fewest} or more")]
    Short {
        /// How many tokens it has.
        tokens: usize,
        /// How many it needs.
        fewest: usize,
    },
}

impl Error {
    pub(crate) fn setup(reason: impl Into<String>) -> Self {
        Error::Setup { reason: reason.into() }
    }

    pub(crate) fn file(reason: impl Into<String>) -> Self {
        Error::File { reason: reason.into() }
    }

    /// A file that nobody asked for.
    pub(crate) fn unasked(path: &str) -> Self {
        Error::file(format!("nobody asked for `{path}`"))
    }

    /// A text of the reader's own where none is shown.
    pub(crate) fn no_text() -> Self {
        Error::file("this widget shows no text of the reader's")
    }
}
