//! Every widget, in one table for each WebAssembly module.
//!
//! A page has the widgets of one chapter, and fetches the module that they are in. A module is a
//! crate that names its table: `front`, `early`, `middle` and `late`. What the widgets of a table do not
//! use is not in its module; the late ones, for example, do without tensors.

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

/// The widgets of the front page and of chapters 1 and 2: what attention is.
pub static FRONT: [Entry; 4] = [
    entry::<transformer::Transformer>(),
    entry::<spotlight::Spotlight>(),
    entry::<plane::PlaneWidget>(),
    entry::<stepper::Stepper>(),
];

/// The widgets of chapters 3 to 6: scores, shares, heads and masks.
pub static EARLY: [Entry; 6] = [
    entry::<score_matrix::ScoreMatrix>(),
    entry::<temperature::Temperature>(),
    entry::<scale::Scale>(),
    entry::<heads::Heads>(),
    entry::<assemble::Assemble>(),
    entry::<causal_mask::CausalMask>(),
];

/// The widgets of chapters 7 and 8: two texts, and tiles.
pub static MIDDLE: [Entry; 3] =
    [entry::<translation::Translation>(), entry::<flash::Flash>(), entry::<gpu::Gpu>()];

/// The widgets of chapters 9 and 10: patterns, and the cache.
pub static LATE: [Entry; 5] = [
    entry::<patterns::Patterns>(),
    entry::<induction::Induction>(),
    entry::<decode::Decode>(),
    entry::<sharing::Sharing>(),
    entry::<cache::Cache>(),
];

/// A module of the site, with the widgets that are in it.
#[derive(Debug, Clone, Copy)]
pub struct Module {
    /// The name of its crate, and of its folder in the site.
    pub name: &'static str,
    /// Its widgets.
    pub widgets: &'static [Entry],
}

/// Every module that has widgets. Each widget is in one of them.
pub static MODULES: [Module; 4] = [
    Module { name: "front", widgets: &FRONT },
    Module { name: "early", widgets: &EARLY },
    Module { name: "middle", widgets: &MIDDLE },
    Module { name: "late", widgets: &LATE },
];

/// All widgets, in the order of their chapters.
pub fn all() -> impl Iterator<Item = &'static Entry> {
    MODULES.iter().flat_map(|module| module.widgets)
}

const fn entry<M: Machine + 'static>() -> Entry {
    Entry {
        name: M::NAME,
        user_text: M::USER_TEXT,
        open: |setup, query| Ok(Box::new(Opened::<M>::open(setup, query)?)),
    }
}

/// The widget called `name`, of all.
pub fn find(name: &str) -> Option<&'static Entry> {
    all().find(|entry| entry.name == name)
}

/// The module that the widget called `name` is in.
pub fn module_of(name: &str) -> Option<&'static Module> {
    MODULES.iter().find(|module| module.widgets.iter().any(|entry| entry.name == name))
}

/// Makes the widget called `name` from its setup (text from the page, see [`setup`](crate::setup)) and the page's address
/// query, such as `?spotlight=cat_13_8_7`.
///
/// # Errors
/// [`Error::Unknown`] for a name that no widget has, [`Error::Setup`] for a setup that cannot
/// be read. An address that makes no sense is ignored: the widget opens as usual.
pub fn open(name: &str, setup: &str, query: &str) -> Result<Box<dyn Widget>, Error> {
    let module = module_of(name).ok_or_else(|| Error::Unknown { name: name.to_owned() })?;
    open_of(module.widgets, name, setup, query)
}

/// As [`open`], of the widgets of one table.
///
/// # Errors
/// As [`open`].
pub fn open_of(
    table: &[Entry],
    name: &str,
    setup: &str,
    query: &str,
) -> Result<Box<dyn Widget>, Error> {
    let entry = table.iter().find(|entry| entry.name == name);
    (entry.ok_or_else(|| Error::Unknown { name: name.to_owned() })?.open)(setup, query)
}
