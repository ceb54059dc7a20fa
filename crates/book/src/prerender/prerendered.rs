//! A widget with its first view.

use anyhow::Result;
use serde::Serialize;
use widgets::{Machine, Opened, Widget, registry, setup, user_text};

/// A widget, ready to be put into a page.
pub(crate) struct Prerendered {
    /// Its name, as the text calls it.
    pub(crate) name: &'static str,
    /// The setup that the page hands to it, as text. `None` for a picture that stays still.
    setup: Option<String>,
    /// Its first view.
    view: String,
    /// The files that it loads in the page: path from the site's root, and contents.
    pub(crate) files: Vec<(String, Vec<u8>)>,
}

impl Prerendered {
    /// A widget that comes alive in the page. Its first view has what is in the `first` files.
    ///
    /// # Errors
    /// When the setup contradicts itself, or a file is not of it.
    pub(super) fn live<M: Machine>(setup: M::Setup, first: &[(String, Vec<u8>)]) -> Result<Self>
    where
        M::Setup: Serialize,
    {
        let text = setup::write(&setup);
        let mut widget = Opened::<M>::new(setup)?;
        for (path, bytes) in first {
            widget.receive(path, bytes)?;
        }
        Ok(Self { name: M::NAME, setup: Some(text), view: widget.view(), files: Vec::new() })
    }

    /// A picture that stays as it is: what a book without the model shows.
    pub(crate) fn still(name: &'static str, view: String) -> Self {
        Self { name, setup: None, view, files: Vec::new() }
    }

    /// The widget as HTML. `module_version` is that of the WebAssembly module, when there is
    /// one.
    pub(crate) fn html(&self, module_version: Option<&str>) -> String {
        let view = maud::PreEscaped(&self.view);
        let module = module_version.and(registry::module_of(self.name)).map(|module| module.name);
        maud::html! {
            figure class="widget" {
                @match &self.setup {
                    Some(setup) => attention-widget name=(self.name) data-version=[module_version]
                        data-module=[module] data-setup=(setup) { (view) },
                    None => (view),
                }
                @if let (Some(version), Some(_), Some(widget)) =
                    (module_version, &self.setup, registry::find(self.name))
                {
                    (user_text::panel(widget.user_text, version, smollm2::BYTES, smollm2::quantised::LONGEST))
                }
            }
        }
        .into_string()
    }
}
