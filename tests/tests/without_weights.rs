//! A site without the model's weights is whole, and offers nothing that it has not.
//!
//! `cargo xtask build --without-weights` would compute every fact of the book again, half a minute
//! for what the built book has already: until its last step it builds the same files. So the test
//! takes a copy of those, and lets that step, [`withdraw`], make of it a site without weights.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use reader_tests::browser::browse_at;
use reader_tests::site::{self, Driver, Server};
use reader_tests::widget::{self, Widget};
use website::weights::withdraw;
use widgets::machine::UserText;
use widgets::registry;

/// A copy of the built book without its weights.
fn copy() -> Result<PathBuf> {
    let (book, folder) = (site::book()?, xtask::root().join("target/site-without-weights"));
    website::site::remove(&folder)?;
    for path in website::finish::files(&book)? {
        let name = path.strip_prefix(&book)?;
        if !name.starts_with("weights") {
            let to = folder.join(name);
            fs::create_dir_all(to.parent().context("a file lies in a folder")?)?;
            fs::copy(&path, &to)?;
        }
    }
    Ok(folder)
}

#[test]
fn without_weights_nothing_is_offered_and_all_else_works() -> Result<()> {
    let folder = copy()?;
    withdraw(&folder)?;
    for page in site::files(&folder, "html")? {
        let html = fs::read_to_string(folder.join(&page))?;
        for offer in ["<own-text", "A text of your own"] {
            ensure!(!html.contains(offer), "{page} has `{offer}`");
        }
    }
    let driver = Driver::start()?;
    let server = Server::start(&folder)?;
    let takes = |entry: &registry::Entry| entry.user_text != UserText::None;
    let takers =
        widget::all()?.into_iter().filter(|it| registry::find(&it.name).is_some_and(takes));
    let takers: Vec<_> = takers.collect();
    let names: BTreeSet<_> = takers.iter().map(|place| place.name.as_str()).collect();
    let expected = registry::all().filter(|entry| takes(entry)).count();
    ensure!(names.len() == expected, "{takers:?}");
    browse_at(&driver, &server.origin, async |tab| {
        for place in takers {
            Widget::open(tab, &place.page, &place.name, "").await?;
            let panels = tab.js("return document.querySelectorAll('own-text').length").await?;
            ensure!(panels == 0, "{} has a panel", place.page);
            let said = tab.console().await?;
            ensure!(said.is_empty(), "{}: {}", place.page, said.join("\n"));
            let asked = tab.requests().await?;
            let module = registry::module_of(&place.name).context("a widget has a module")?;
            let module = format!("/{}/module_bg.wasm", module.name);
            ensure!(asked.iter().any(|it| it.contains(&module)), "{} is not awake", place.page);
            let model = |it: &&String| it.contains("/weights/") || it.contains("/reader/");
            let model: Vec<_> = asked.iter().filter(model).collect();
            ensure!(model.is_empty(), "{} asks for {model:?}", place.page);
        }
        Ok(())
    })?;
    website::site::remove(&folder)
}
