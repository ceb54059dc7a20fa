//! Every widget, in one table.

use crate::error::Error;
use crate::machine::{Machine, Opened, UserText, Widget};
use crate::{
    assemble, cache, causal_mask, decode, flash, gpu, heads, induction, patterns, plane, scale,
    score_matrix, sharing, spotlight, stepper, temperature, transformer, translation,
};

/// Makes a widget from its setup and the page's address.
type Open = fn(setup: &str, query: &str) -> Result<Box<dyn Widget>, Error>;

/// A widget of the table.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// Its name: see [`Machine::NAME`].
    pub name: &'static str,
    /// Whether it shows a text of the reader's own.
    pub user_text: UserText,
    open: Open,
}

/// All widgets, in the order of their chapters.
pub static ALL: [Entry; 18] = [
    entry::<transformer::Transformer>(),
    entry::<spotlight::Spotlight>(),
    entry::<plane::PlaneWidget>(),
    entry::<stepper::Stepper>(),
    entry::<score_matrix::ScoreMatrix>(),
    entry::<temperature::Temperature>(),
    entry::<scale::Scale>(),
    entry::<heads::Heads>(),
    entry::<assemble::Assemble>(),
    entry::<causal_mask::CausalMask>(),
    entry::<translation::Translation>(),
    entry::<flash::Flash>(),
    entry::<gpu::Gpu>(),
    entry::<patterns::Patterns>(),
    entry::<induction::Induction>(),
    entry::<decode::Decode>(),
    entry::<sharing::Sharing>(),
    entry::<cache::Cache>(),
];

const fn entry<M: Machine + 'static>() -> Entry {
    Entry {
        name: M::NAME,
        user_text: M::USER_TEXT,
        open: |setup, query| Ok(Box::new(Opened::<M>::open(setup, query)?)),
    }
}

/// The widget of the table called `name`.
pub fn find(name: &str) -> Option<&'static Entry> {
    ALL.iter().find(|entry| entry.name == name)
}

/// Makes the widget called `name` from its setup (text from the page, see [`setup`](crate::setup)) and the page's address
/// query, such as `?spotlight=cat_13_8_7`.
///
/// # Errors
/// [`Error::Unknown`] for a name that no widget has, [`Error::Setup`] for a setup that cannot
/// be read. An address that makes no sense is ignored: the widget opens as usual.
pub fn open(name: &str, setup: &str, query: &str) -> Result<Box<dyn Widget>, Error> {
    let entry = find(name).ok_or_else(|| Error::Unknown { name: name.to_owned() })?;
    (entry.open)(setup, query)
}
