//! Where the built book lies, and the server and the driver that the tests share.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use anyhow::{Context, Result, bail};
use axum::extract::Request;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::middleware::{Next, from_fn};
use axum::response::IntoResponse;
use tokio::runtime::Runtime;

/// The folder of the built book.
///
/// # Errors
/// When the book has not been built.
pub fn book() -> Result<PathBuf> {
    let book = Path::new(env!("CARGO_MANIFEST_DIR")).join("../book");
    if !book.join("index.html").is_file() {
        bail!("build the book first: cargo xtask build");
    }
    Ok(book.canonicalize()?)
}

/// The paths of all pages below the site's root, sorted.
///
/// # Errors
/// As [`book`].
pub fn pages() -> Result<Vec<String>> {
    let alone = |path: &String| path.starts_with(website::alone::FOLDER);
    Ok(files(&book()?, "html")?.into_iter().filter(|path| !alone(path)).collect())
}

/// The pages with one picture each, and nothing else of the book.
///
/// # Errors
/// As [`pages`].
pub fn pictures() -> Result<Vec<String>> {
    let root = book()?;
    let pages = files(&root.join(website::alone::FOLDER), "html")?;
    Ok(pages.into_iter().map(|page| format!("{}/{page}", website::alone::FOLDER)).collect())
}

/// The paths of all files below `root` that end in `.extension`, with `/` between folders.
///
/// # Errors
/// When a folder cannot be read.
pub fn files(root: &Path, extension: &str) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for entry in walkdir::WalkDir::new(root).sort_by_file_name() {
        let entry = entry?;
        if entry.path().extension().is_some_and(|ending| ending == extension) {
            let path = entry.path().strip_prefix(root)?;
            found.push(path.to_string_lossy().replace('\\', "/"));
        }
    }
    Ok(found)
}

/// The book, served on a free port of this machine until it is dropped.
#[derive(Debug)]
pub struct Server {
    /// `http://127.0.0.1:PORT`, without a slash at the end.
    pub origin: String,
    runtime: Option<Runtime>,
}

impl Server {
    /// Serves the folder as `cargo xtask serve` does.
    ///
    /// # Errors
    /// When no port can be had.
    pub fn start(folder: &Path) -> Result<Self> {
        Self::start_with(website::serve::router(folder))
    }

    /// Serves what a router of the test's own answers.
    ///
    /// # Errors
    /// When no port can be had.
    pub fn start_with(router: axum::Router) -> Result<Self> {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).context("no free port")?;
        listener.set_nonblocking(true)?;
        let origin = format!("http://{}", listener.local_addr()?);
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        runtime.spawn(async move {
            let listener = tokio::net::TcpListener::from_std(listener)?;
            axum::serve(listener, router).await
        });
        Ok(Self { origin, runtime: Some(runtime) })
    }
}

impl Drop for Server {
    /// Closes the port and every open connection.
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// What a server does wrong with a file.
#[derive(Debug, Clone, Copy)]
pub enum Fault {
    /// It answers with this status.
    Status(StatusCode),
    /// It never answers.
    Silence,
    /// It has another script in the file's place.
    Script(&'static str),
}

/// The files that a server does wrong, by how their paths begin: `/front/module.js`.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    files: Arc<Mutex<BTreeMap<&'static str, Fault>>>,
    silences: Arc<AtomicUsize>,
}

impl Faults {
    /// From now on these files fail.
    pub fn put(&self, start: &'static str, fault: Fault) {
        self.lock().insert(start, fault);
    }

    /// From now on all is well.
    pub fn mend(&self) {
        self.lock().clear();
    }

    /// How often a file was asked for that the server keeps silent about.
    pub fn silences(&self) -> usize {
        self.silences.load(Ordering::Relaxed)
    }

    /// The book, served with these faults, and without the service worker, which would answer in
    /// the server's place.
    ///
    /// # Errors
    /// As [`Server::start`], or when the book has not been built.
    pub fn serve(&self) -> Result<Server> {
        let faults = self.clone();
        let answer = move |request: Request, next: Next| {
            let fault = faults.find(request.uri().path());
            let silences = faults.silences.clone();
            async move {
                match fault {
                    None => next.run(request).await,
                    Some(Fault::Status(status)) => status.into_response(),
                    Some(Fault::Silence) => {
                        silences.fetch_add(1, Ordering::Relaxed);
                        std::future::pending().await
                    }
                    Some(Fault::Script(text)) => {
                        ([(CONTENT_TYPE, "text/javascript")], text).into_response()
                    }
                }
            }
        };
        Server::start_with(website::serve::router(&book()?).layer(from_fn(answer)))
    }

    fn find(&self, path: &str) -> Option<Fault> {
        if path == "/sw.js" {
            return Some(Fault::Status(StatusCode::NOT_FOUND));
        }
        let faults = self.lock();
        faults.iter().find(|(start, _)| path.starts_with(**start)).map(|(_, fault)| *fault)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<&'static str, Fault>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A running chromedriver, ended when it is dropped.
#[derive(Debug)]
pub struct Driver {
    /// Where it takes orders.
    pub address: String,
    /// The browser that it is to start.
    pub chromium: PathBuf,
    process: Child,
}

impl Driver {
    /// Starts chromedriver on a port of its own choice.
    ///
    /// # Errors
    /// When there is no browser, or chromedriver does not start.
    pub fn start() -> Result<Self> {
        let browser = website::browser::find()?;
        let mut process = Command::new(&browser.chromedriver)
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("{} does not start", browser.chromedriver.display()))?;
        let mut lines = BufReader::new(process.stdout.take().context("no output")?).lines();
        let port = lines.by_ref().map_while(Result::ok).find_map(|line| port(&line));
        let Some(port) = port else {
            process.kill()?;
            bail!("{} ended without naming its port", browser.chromedriver.display());
        };
        // What it says later is read and dropped: a full pipe would stop it.
        std::thread::spawn(move || lines.for_each(drop));
        let address = format!("http://127.0.0.1:{port}");
        Ok(Self { address, chromium: browser.chromium, process })
    }
}

/// The port in `ChromeDriver was started successfully on port 39181.`
fn port(line: &str) -> Option<u16> {
    line.split_once("started successfully on port ")?.1.trim_end_matches('.').parse().ok()
}

impl Drop for Driver {
    fn drop(&mut self) {
        // An error here means that it has ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The server and the driver that all tests of one program use at the same time.
#[derive(Debug)]
pub struct Stand {
    /// The book, served.
    pub server: Server,
    /// The browser's driver.
    pub driver: Driver,
}

impl Stand {
    /// The stand that the other tests use now, or a new one. It ends with its last user.
    ///
    /// # Errors
    /// As [`book`], [`Server::start`] and [`Driver::start`].
    pub fn shared() -> Result<Arc<Self>> {
        static STAND: Mutex<Weak<Stand>> = Mutex::new(Weak::new());
        let mut shared = STAND.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if let Some(stand) = shared.upgrade() {
            return Ok(stand);
        }
        let stand = Arc::new(Self { server: Server::start(&book()?)?, driver: Driver::start()? });
        *shared = Arc::downgrade(&stand);
        Ok(stand)
    }
}

#[cfg(test)]
mod tests {
    use super::port;

    #[test]
    fn the_drivers_port_is_read_from_its_greeting() {
        assert_eq!(port("ChromeDriver was started successfully on port 39181."), Some(39181));
        assert_eq!(port("Starting ChromeDriver 156.0 on port 0"), None);
    }
}
