//! A site that was built without the model's weights, as `cargo xtask build --without-weights`
//! builds it: it is whole, and offers nothing that it has not.

use std::fs;

use anyhow::{Result, ensure};
use reader_tests::browser::browse_at;
use reader_tests::site::{self, Driver, Server};
use reader_tests::widget;
use widgets::own;
use xtask::site::{Site, remove};

#[test]
fn without_weights_nothing_is_offered_and_all_else_works() -> Result<()> {
    let folder = xtask::root().join("target/site-without-weights");
    Site::whole()?.without_weights().build(&folder, false)?;
    ensure!(!folder.join("weights").exists(), "the site has weights");
    for page in site::files(&folder, "html")? {
        let html = fs::read_to_string(folder.join(&page))?;
        for offer in ["<own-text", "A text of your own"] {
            ensure!(!html.contains(offer), "{page} has `{offer}`");
        }
    }
    let driver = Driver::start()?;
    let server = Server::start(&folder)?;
    let takers = widget::all()?.into_iter().filter(|it| own::TAKERS.contains(&&*it.name));
    let takers: Vec<_> = takers.collect();
    ensure!(takers.len() == own::TAKERS.len(), "{takers:?}");
    browse_at(&driver, &server.origin, async |tab| {
        for place in takers {
            widget::Widget::open(tab, &place.page, &place.name, "").await?;
            let panels = tab.js("return document.querySelectorAll('own-text').length").await?;
            ensure!(panels == 0, "{} has a panel", place.page);
            let said = tab.console().await?;
            ensure!(said.is_empty(), "{}: {}", place.page, said.join("\n"));
            let asked = tab.requests().await?;
            let module = "/widgets/module_bg.wasm";
            ensure!(asked.iter().any(|it| it.contains(module)), "{} is not awake", place.page);
            let model = |it: &&String| it.contains("/weights/") || it.contains("/reader/");
            let model: Vec<_> = asked.iter().filter(model).collect();
            ensure!(model.is_empty(), "{} asks for {model:?}", place.page);
        }
        Ok(())
    })?;
    remove(&folder)
}
