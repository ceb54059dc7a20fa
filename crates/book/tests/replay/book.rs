//! The book as the tests need it: opened once, for it takes seconds.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::OnceLock;

use book::Builder;
use book::contents::Page;
use scraper::{Html, Selector};

/// What the steps of all chapters need.
pub(crate) struct Book {
    /// Each fact as it is printed.
    pub facts: BTreeMap<String, String>,
    /// Names with digits, such as a model's.
    pub names: Vec<String>,
    /// The pages, with their tags.
    pub pages: Vec<Page>,
    /// The setup that a page hands to each widget.
    pub setups: BTreeMap<String, String>,
    /// The files that widgets ask for, by path.
    pub files: BTreeMap<String, Vec<u8>>,
}

/// The book, with the model's weights.
pub(crate) fn book() -> &'static Book {
    static BOOK: OnceLock<Book> = OnceLock::new();
    BOOK.get_or_init(|| {
        let builder = Builder::open().expect("the book opens");
        assert_eq!(builder.missing(), None, "these tests need the model's weights");
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("the root");
        let definitions = builder.definitions(root, Some("0")).expect("the book can be read");
        let live = Selector::parse("attention-widget").expect("a selector");
        // A picture that stays still has none.
        let setup = |html: &String| -> Option<String> {
            let html = Html::parse_fragment(html);
            let widget = html.select(&live).next()?;
            Some(widget.attr("data-setup").expect("a setup").to_owned())
        };
        Book {
            facts: builder.facts().map(|(name, shown, _)| (name.into(), shown.into())).collect(),
            setups: definitions
                .widgets
                .iter()
                .filter_map(|(name, html)| Some(((*name).into(), setup(html)?)))
                .collect(),
            files: builder.files().collect(),
            names: names(root),
            pages: definitions.pages,
        }
    })
}

/// The names that `src/names.toml` lists.
fn names(root: &Path) -> Vec<String> {
    let file = std::fs::read_to_string(root.join("src/names.toml")).expect("the list of names");
    let lists: BTreeMap<String, Vec<String>> = toml::from_str(&file).expect("lists of names");
    lists.into_values().flatten().collect()
}
