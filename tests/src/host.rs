//! A web host that a test makes silent, breaks, stops, or deploys a new build to, while pages of
//! the book are open; and the two builds that it has.
//!
//! To compile the book twice would take minutes. So the builds are two copies of the built book
//! that differ in a few bytes, and the last step of a build, [`seal`], makes a build of each.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use anyhow::{Context, Result, ensure};
use axum::extract::Request;
use axum::http::{StatusCode, Uri};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use website::seal::{PLACEHOLDER, seal};
use widgets::spotlight::Setup;

use crate::site::{self, Server};

/// A build of the book.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Build {
    /// The book as it is.
    A,
    /// The same book later: the opening of the first widget has changed, and a sentence of the
    /// gallery cannot be read any more.
    B,
}

impl Build {
    /// What its pages have as `data-of`, and its module sets as `moduleOf`.
    pub fn name(self) -> &'static str {
        match self {
            Self::A => "A",
            Self::B => "B",
        }
    }
}

/// The sentence that build B has broken.
pub const BROKEN: &str = "capital";

/// How the host answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conduct {
    /// With the files of a build.
    Serves(Build),
    /// It takes a request and never answers.
    Silent,
    /// With the status 503.
    Broken,
}

#[derive(Debug)]
struct State {
    conduct: Conduct,
    /// Paths that are answered otherwise.
    exceptions: BTreeMap<String, Conduct>,
    /// Every path that was asked for.
    asked: Vec<String>,
}

/// The host. It ends when it is dropped.
#[derive(Debug)]
pub struct Host {
    /// Where the book is, without a slash at the end.
    pub origin: String,
    server: Option<Server>,
    state: Arc<Mutex<State>>,
}

impl Host {
    /// Starts a host of build A, with the book in the folder `prefix`: `/some/folder`, or nothing.
    ///
    /// # Errors
    /// When the book has not been built, or no port can be had.
    pub fn start(prefix: &'static str) -> Result<Self> {
        let state = Arc::new(Mutex::new(State {
            conduct: Conduct::Serves(Build::A),
            exceptions: BTreeMap::new(),
            asked: Vec::new(),
        }));
        let shared = Arc::clone(&state);
        let answer = move |request: Request, next: Next| {
            let path = request.uri().path().strip_prefix(prefix).map(str::to_owned);
            let conduct = path.as_ref().map(|path| {
                let mut state = shared.lock().expect("no holder panics");
                state.asked.push(path.clone());
                state.exceptions.get(path).copied().unwrap_or(state.conduct)
            });
            respond(request, next, path, conduct)
        };
        let router = website::serve::router(&builds()?).layer(from_fn(answer));
        let server = Server::start_with(router)?;
        Ok(Self { origin: format!("{}{prefix}", server.origin), server: Some(server), state })
    }

    /// From now on the host answers so.
    pub fn now(&self, conduct: Conduct) {
        self.state.lock().expect("no holder panics").conduct = conduct;
    }

    /// From now on it answers so to one path, such as `/index.html`; with `None`, as to others.
    pub fn to(&self, path: &str, conduct: Option<Conduct>) {
        let exceptions = &mut self.state.lock().expect("no holder panics").exceptions;
        match conduct {
            Some(conduct) => drop(exceptions.insert(path.to_owned(), conduct)),
            None => drop(exceptions.remove(path)),
        }
    }

    /// Closes the port and every open connection.
    pub fn stop(&mut self) {
        drop(self.server.take());
    }

    /// Every path that was asked for since the last time.
    pub fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.state.lock().expect("no holder panics").asked)
    }
}

async fn respond(
    mut request: Request,
    next: Next,
    path: Option<String>,
    conduct: Option<Conduct>,
) -> Response {
    let (Some(path), Some(conduct)) = (path, conduct) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    match conduct {
        Conduct::Silent => std::future::pending().await,
        Conduct::Broken => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        Conduct::Serves(build) => {
            // As many hosts do, it finds a page without its extension.
            let page = path.starts_with("/ch") && !path.contains('.');
            let file = format!("/{}{path}{}", build.name(), if page { ".html" } else { "" });
            *request.uri_mut() = file.parse::<Uri>().expect("a path of files");
            next.run(request).await
        }
    }
}

/// The folder with both builds, made once in a program.
fn builds() -> Result<PathBuf> {
    static MADE: Mutex<bool> = Mutex::new(false);
    let mut made = MADE.lock().expect("a build is made");
    let folder = xtask::root().join("target/two-builds");
    if !*made {
        website::site::remove(&folder)?;
        for build in [Build::A, Build::B] {
            make(build, &folder.join(build.name()))?;
        }
        *made = true;
    }
    Ok(folder)
}

fn make(build: Build, folder: &Path) -> Result<()> {
    copy_unsealed(folder)?;
    let mark = build.name();
    for page in site::files(folder, "html")? {
        edit(&folder.join(page), "<html ", &format!("<html data-of=\"{mark}\" "))?;
    }
    let module = folder.join("front/module.js");
    let script = fs::read_to_string(&module).context("the book has live widgets")?;
    fs::write(&module, format!("globalThis.moduleOf = '{mark}';\n{script}"))?;
    if build == Build::B {
        fs::write(folder.join(format!("gallery/{BROKEN}.bin")), "not a sentence")?;
        open_on_another_head(&folder.join("ch01-spotlight.html"))?;
    }
    seal(folder).map(drop)
}

/// Has the chapter's widget open on layer 3 in the place of layer 13.
fn open_on_another_head(page: &Path) -> Result<()> {
    let html = fs::read_to_string(page)?;
    let (_, widget) = html.split_once("name=\"spotlight\"").context("no spotlight")?;
    let (_, setup) = widget.split_once("data-setup=\"").context("no setup")?;
    let (setup, _) = setup.split_once('"').context("the setup does not end")?;
    let mut later: Setup = widgets::setup::read(setup)?;
    ensure!(later.opening.layer == 13, "it opens on layer {}", later.opening.layer);
    later.opening.layer = 3;
    edit(page, setup, &widgets::setup::write(&later))
}

/// Copies the built book without its weights, and takes back what `seal` did.
fn copy_unsealed(folder: &Path) -> Result<()> {
    let book = site::book()?;
    for path in website::finish::files(&book)? {
        let name = path.strip_prefix(&book)?;
        if !name.starts_with(website::weights::FOLDER) {
            let to = folder.join(name);
            fs::create_dir_all(to.parent().context("a file lies in a folder")?)?;
            fs::copy(&path, &to)?;
        }
    }
    let worker = fs::read_to_string(folder.join("sw.js"))?;
    let id = worker.split("const BUILD = \"").nth(1).and_then(|rest| rest.split('"').next());
    let id = id.context("the worker has no build")?;
    for page in site::files(folder, "html")? {
        let page = folder.join(page);
        fs::write(&page, fs::read_to_string(&page)?.replace(id, PLACEHOLDER))?;
    }
    fs::copy(xtask::root().join("theme/root/sw.js"), folder.join("sw.js"))?;
    Ok(())
}

fn edit(file: &Path, before: &str, after: &str) -> Result<()> {
    let text = fs::read_to_string(file)?;
    ensure!(text.contains(before), "{} has no `{before}`", file.display());
    Ok(fs::write(file, text.replacen(before, after, 1))?)
}
