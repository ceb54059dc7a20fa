//! The book on this machine: served on 127.0.0.1, built again on each save, shown at once.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use axum::Router;
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::routing::get;
use notify::RecursiveMode::{NonRecursive, Recursive};
use notify_debouncer_full::{DebounceEventResult, new_debouncer};
use tokio::net::TcpListener;
use tokio::sync::broadcast;
use tokio_stream::wrappers::BroadcastStream;
use tokio_stream::{Stream, StreamExt};
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{DefaultPredicate, NotForContentType, Predicate};
use tower_http::services::{ServeDir, ServeFile};
use tower_http::set_header::SetResponseHeaderLayer;

use crate::site::{self, Site};
use xtask::{root, say};

/// How many ports are tried, from the one that was asked for.
const TRIES: u16 = 20;

/// How long the files must be quiet before the book is built again.
const QUIET: Duration = Duration::from_millis(150);

/// The folders and the file that a change of the text lies in.
const TEXT: [&str; 4] = ["src", "theme", "listings", "book.toml"];

/// The script that a page loads while the book is being written.
const RELOAD: &str = r#"// Shows the page again when the book was built, or the server is back.
const source = new EventSource(new URL("live-reload", document.currentScript.src));
let before = false;
source.onopen = () => {
  if (before) location.reload();
  before = true;
};
source.onmessage = () => location.reload();
"#;

/// Serves the files of a folder, compressed and never from a stale cache. What is not there is
/// answered with the folder's `404.html`. Weights and galleries stay as they are: they hardly
/// become smaller.
pub fn router(folder: &Path) -> Router {
    let missing = ServeFile::new(folder.join("404.html"));
    let packable =
        DefaultPredicate::new().and(NotForContentType::const_new("application/octet-stream"));
    Router::new()
        .fallback_service(ServeDir::new(folder).not_found_service(missing))
        .layer(SetResponseHeaderLayer::overriding(
            CACHE_CONTROL,
            HeaderValue::from_static("no-cache"),
        ))
        .layer(CompressionLayer::new().compress_when(packable))
}

/// As [`router`], and tells the pages when `built` says that there is a new book.
fn live_router(folder: &Path, built: broadcast::Sender<()>) -> Router {
    let script = || async { ([(CONTENT_TYPE, "text/javascript")], RELOAD) };
    Router::new()
        .route("/live-reload.js", get(script))
        .route("/live-reload", get(|| async move { news(built.subscribe()) }))
        .merge(router(folder))
}

/// A message each time that the book was built.
fn news(built: broadcast::Receiver<()>) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let events = BroadcastStream::new(built).map(|_| Ok(Event::default().data("built")));
    Sse::new(events).keep_alive(KeepAlive::default())
}

/// Builds the book, serves it from `port` or the next free one, and builds it again whenever a
/// text is saved. Ends with ctrl-c.
///
/// # Errors
/// When the first build fails or no port is free.
pub fn serve(port: u16) -> Result<()> {
    let site = Site::as_far_as_possible()?;
    let runtime = tokio::runtime::Runtime::new()?;
    let listener = runtime.block_on(bind(port))?;
    let address = listener.local_addr()?;
    let folder = root().join(format!("target/serve-{}", address.port()));
    say::step("Building the book", || site.build(&folder, true))?;

    let (built, _) = broadcast::channel(1);
    let router = live_router(&folder, built.clone());
    runtime.spawn(async move { axum::serve(listener, router).await });
    println!("\nThe book is at http://{address}/ and follows each save. End with ctrl-c.\n");
    std::thread::spawn(move || {
        if let Err(error) = follow(&site, &folder, &built) {
            eprintln!("The book no longer follows what is saved: {error:#}");
        }
    });
    runtime.block_on(tokio::signal::ctrl_c())?;
    runtime.shutdown_background();
    println!("\nEnded.");
    site::remove(&root().join(format!("target/serve-{}", address.port())))
}

/// Takes the first free port from `port` on.
async fn bind(port: u16) -> Result<TcpListener> {
    let ports = port..=port.saturating_add(TRIES - 1);
    for candidate in ports.clone() {
        match TcpListener::bind(("127.0.0.1", candidate)).await {
            Ok(listener) => return Ok(listener),
            Err(error) => println!("Port {candidate} cannot be had: {error}"),
        }
    }
    bail!("no port from {} to {} is free: choose another with --port", port, ports.end())
}

/// Builds the book again at each change, for ever.
fn follow(site: &Site, folder: &Path, built: &broadcast::Sender<()>) -> Result<()> {
    let (sender, events) = mpsc::channel();
    let mut watcher = new_debouncer(QUIET, None, sender)?;
    // Editors replace a file rather than write to it: so `book.toml` is watched by its folder.
    watcher.watch(root(), NonRecursive)?;
    for folder in ["src", "theme", "listings", "crates"] {
        let path = root().join(folder);
        watcher.watch(&path, Recursive).with_context(|| format!("cannot watch {folder}"))?;
    }
    for event in events {
        let changed = changed(event);
        let within = |folders: &[&str]| {
            changed.iter().find(|path| folders.iter().any(|folder| path.starts_with(folder)))
        };
        if let Some(path) = within(&["crates"]) {
            println!("{} changed: end with ctrl-c and start again to use it.", path.display());
        }
        if let Some(path) = within(&TEXT) {
            rebuild(site, folder, path, built);
        }
    }
    Ok(())
}

/// The files that changed, from the root of the project, without what editors leave beside them.
fn changed(event: DebounceEventResult) -> BTreeSet<PathBuf> {
    let events = event.unwrap_or_default().into_iter();
    let paths = events.filter(|event| !event.kind.is_access()).flat_map(|event| event.event.paths);
    let here = paths.filter_map(|path| Some(path.strip_prefix(root()).ok()?.to_owned()));
    here.filter(|path| !is_an_editors(path)).collect()
}

/// Whether a file is an editor's own: `.page.md.swp`, `page.md~`, `#page.md#`.
fn is_an_editors(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.starts_with(['.', '#']) || name.ends_with('~')
}

fn rebuild(site: &Site, folder: &Path, path: &Path, built: &broadcast::Sender<()>) {
    let start = Instant::now();
    match site.build(folder, true) {
        Ok(()) => {
            println!("{} changed: built in {}", path.display(), say::seconds(start));
            // Nobody listens when no page is open.
            let _ = built.send(());
        }
        Err(error) => {
            eprintln!("{} changed, and the book does not build:\n{error:#}", path.display());
            eprintln!("The last good one is still served.");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    use super::*;

    #[tokio::test]
    async fn the_next_port_is_taken_when_one_is_in_use() {
        let first = bind(43_117).await.unwrap();
        let second = bind(first.local_addr().unwrap().port()).await.unwrap();
        let port = |listener: &TcpListener| listener.local_addr().unwrap().port();
        assert!(port(&second) > port(&first));
        assert!(second.local_addr().unwrap().ip().is_loopback());
    }

    /// Sends a request to a server on a free port.
    async fn send(router: Router, path: &str, headers: &str) -> TcpStream {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await });
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request =
            format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n{headers}\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        stream
    }

    /// The whole answer, in lower case.
    async fn ask(router: Router, path: &str, headers: &str) -> String {
        let mut answer = Vec::new();
        send(router, path, headers).await.read_to_end(&mut answer).await.unwrap();
        String::from_utf8_lossy(&answer).to_lowercase()
    }

    /// Reads until `text` comes.
    async fn hear(stream: &mut TcpStream, text: &str) {
        let mut heard = String::new();
        while !heard.contains(text) {
            let mut buffer = [0; 1024];
            let read = stream.read(&mut buffer);
            let read = tokio::time::timeout(Duration::from_secs(20), read).await;
            let count = read.unwrap_or_else(|_| panic!("only heard {heard}")).unwrap();
            assert_ne!(count, 0, "the answer ends: {heard}");
            heard.push_str(&String::from_utf8_lossy(&buffer[..count]));
        }
    }

    fn site() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in [
            ("index.html", "the book"),
            ("404.html", "no such page"),
            ("module.js", "x"),
            ("module_bg.wasm", "y"),
            ("app.webmanifest", "{}"),
        ] {
            fs::write(folder.path().join(name), text.repeat(50)).unwrap();
        }
        folder
    }

    #[tokio::test]
    async fn files_have_their_types_and_are_always_asked_for_again() {
        let site = site();
        for (path, kind) in [
            ("/", "text/html"),
            ("/module.js", "text/javascript"),
            ("/module_bg.wasm", "application/wasm"),
            ("/app.webmanifest", "application/manifest+json"),
        ] {
            let answer = ask(router(site.path()), path, "").await;
            assert!(answer.starts_with("http/1.1 200"), "{path}: {answer}");
            assert!(answer.contains(&format!("content-type: {kind}")), "{path}: {answer}");
            assert!(answer.contains("cache-control: no-cache"), "{path}: {answer}");
        }
    }

    #[tokio::test]
    async fn a_missing_page_is_the_books_own() {
        let answer = ask(router(site().path()), "/gone.html", "").await;
        assert!(answer.starts_with("http/1.1 404"), "{answer}");
        assert!(answer.contains("no such page"), "{answer}");
    }

    #[tokio::test]
    async fn nothing_outside_the_folder_is_served() {
        let outer = tempfile::tempdir().unwrap();
        fs::write(outer.path().join("secret.txt"), "secret").unwrap();
        fs::create_dir(outer.path().join("site")).unwrap();
        for path in ["/../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt"] {
            let answer = ask(router(&outer.path().join("site")), path, "").await;
            assert!(!answer.contains("secret"), "{path}: {answer}");
        }
    }

    #[tokio::test]
    async fn files_are_compressed_for_those_who_can_read_it() {
        let site = site();
        for way in ["gzip", "br"] {
            let headers = format!("accept-encoding: {way}\r\n");
            let answer = ask(router(site.path()), "/module_bg.wasm", &headers).await;
            assert!(answer.contains(&format!("content-encoding: {way}")), "{answer}");
        }
    }

    #[tokio::test]
    async fn a_page_hears_of_a_new_book() {
        let (built, _) = broadcast::channel(1);
        let live = live_router(site().path(), built.clone());
        let mut stream = send(live, "/live-reload", "accept-encoding: gzip, br\r\n").await;
        hear(&mut stream, "text/event-stream").await;
        built.send(()).unwrap();
        hear(&mut stream, "data: built").await;
    }

    #[tokio::test]
    async fn the_script_that_listens_is_there_while_writing_only() {
        let (built, _) = broadcast::channel(1);
        let site = site();
        let answer = ask(live_router(site.path(), built), "/live-reload.js", "").await;
        assert!(answer.contains("eventsource"), "{answer}");
        let answer = ask(router(site.path()), "/live-reload.js", "").await;
        assert!(answer.starts_with("http/1.1 404"), "{answer}");
    }

    #[test]
    fn an_editors_files_are_not_the_books() {
        for name in ["src/.page.md.swp", "src/page.md~", "src/#page.md#"] {
            assert!(is_an_editors(Path::new(name)), "{name}");
        }
        assert!(!is_an_editors(Path::new("src/page.md")));
    }
}
