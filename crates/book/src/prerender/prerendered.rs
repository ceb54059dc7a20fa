//! A widget with its first view.

use anyhow::Result;
use serde::Serialize;
use widgets::{Widget, own};

/// A widget, ready to be put into a page.
pub(crate) struct Prerendered {
    /// Its name, as the text calls it.
    pub(crate) name: &'static str,
    /// The setup that the page hands to it, as JSON. `None` for a picture that stays still.
    setup: Option<String>,
    /// Its first view.
    view: String,
    /// The files that it loads in the page: path from the site's root, and contents.
    pub(crate) files: Vec<(String, Vec<u8>)>,
}

impl Prerendered {
    /// A widget that comes alive in the page.
    ///
    /// # Errors
    /// When the setup cannot be written as JSON.
    pub(super) fn live(
        name: &'static str,
        setup: &impl Serialize,
        widget: &dyn Widget,
    ) -> Result<Self> {
        let setup = Some(serde_json::to_string(setup)?);
        Ok(Self { name, setup, view: widget.view(), files: Vec::new() })
    }

    /// A picture that stays as it is: what a book without the model shows.
    pub(super) fn still(name: &'static str, view: String) -> Self {
        Self { name, setup: None, view, files: Vec::new() }
    }

    /// The widget as HTML. `module_version` is that of the WebAssembly module, when there is
    /// one.
    pub(crate) fn html(&self, module_version: Option<&str>) -> String {
        let view = maud::PreEscaped(&self.view);
        maud::html! {
            figure class="widget" {
                @match &self.setup {
                    Some(setup) => attention-widget name=(self.name) data-version=[module_version]
                        data-setup=(setup) { (view) },
                    None => (view),
                }
                @if let Some(version) = module_version
                    && self.setup.is_some()
                    && own::TAKERS.contains(&self.name)
                {
                    (own::panel(self.name, version, smollm2::BYTES, smollm2::quantised::LONGEST))
                }
            }
        }
        .into_string()
    }
}
