//! What a cargo command prints, passed on line by line, and what it tells about time.

use std::io::{BufRead, BufReader, PipeReader, pipe};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::system;

/// How long lines may still come after the command has ended: a browser that a test has started
/// may outlive it, and holds the pipe open.
const AFTER: Duration = Duration::from_secs(1);

/// Where the time of the commands went.
#[derive(Debug, Default)]
pub struct Times {
    /// Until the first test ran, or the command ended, in seconds.
    pub compiling: f64,
    /// Each file of tests, with its seconds.
    pub tests: Vec<(String, f64)>,
}

/// Runs a command to its end and passes on what it prints. Adds to `times`.
///
/// # Errors
/// As [`system::run`].
pub fn run(command: &mut Command, times: &mut Times) -> Result<()> {
    let shown = system::typed(command);
    let start = Instant::now();
    let (child, lines) = start_piped(command).with_context(|| format!("cannot start `{shown}`"))?;
    let mut reading = Reading::default();
    let status = follow(child, &lines, |line| {
        println!("{line}");
        reading.take(line, start.elapsed());
    })?;
    times.compiling += reading.first_test.unwrap_or(start.elapsed()).as_secs_f64();
    times.tests.append(&mut reading.tests);
    if !status.success() {
        bail!("`{shown}` failed: {status}");
    }
    Ok(())
}

fn start_piped(command: &mut Command) -> Result<(Child, Receiver<String>)> {
    let (reader, writer) = pipe()?;
    command.stdout(writer.try_clone()?).stderr(writer);
    let child = command.spawn();
    // The command holds ends of the pipe too. While it does, the reader waits for more.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    Ok((child?, lines_of(reader)))
}

fn lines_of(reader: PipeReader) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(reader).split(b'\n').map_while(std::io::Result::ok) {
            if sender.send(String::from_utf8_lossy(&line).into_owned()).is_err() {
                return;
            }
        }
    });
    receiver
}

/// Hands every line to `each` until the command has ended.
fn follow(
    mut child: Child,
    lines: &Receiver<String>,
    mut each: impl FnMut(&str),
) -> Result<std::process::ExitStatus> {
    let mut ended: Option<Instant> = None;
    loop {
        match lines.recv_timeout(Duration::from_millis(100)) {
            Ok(line) => each(&line),
            Err(RecvTimeoutError::Disconnected) => return Ok(child.wait()?),
            Err(RecvTimeoutError::Timeout) if child.try_wait()?.is_some() => {
                if ended.get_or_insert_with(Instant::now).elapsed() > AFTER {
                    return Ok(child.wait()?);
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
}

/// What the lines so far have told.
#[derive(Debug, Default)]
struct Reading {
    first_test: Option<Duration>,
    running: Option<String>,
    tests: Vec<(String, f64)>,
}

impl Reading {
    fn take(&mut self, line: &str, now: Duration) {
        if let Some(name) = running(line) {
            self.first_test.get_or_insert(now);
            self.running = Some(name);
        } else if let Some(seconds) = finished(line)
            && let Some(name) = self.running.clone()
        {
            self.tests.push((name, seconds));
        }
    }
}

/// The tests that cargo says it runs now.
fn running(line: &str) -> Option<String> {
    let line = line.trim_start();
    if let Some(name) = line.strip_prefix("Doc-tests ") {
        return Some(format!("{name}, documentation"));
    }
    // `Running unittests src/lib.rs (target/release/deps/attention-0a1b)`
    let (path, program) = line.strip_prefix("Running ")?.split_once(" (")?;
    let program = program.strip_suffix(')')?.rsplit(['/', '\\']).next()?;
    let name = program.rsplit_once('-').map_or(program, |(name, _)| name);
    Some(if path.starts_with("unittests") {
        format!("{name}, unit tests")
    } else {
        name.to_owned()
    })
}

/// The seconds in `test result: ok. 3 passed; ...; finished in 1.25s`.
fn finished(line: &str) -> Option<f64> {
    if !line.starts_with("test result: ") {
        return None;
    }
    line.rsplit_once("finished in ")?.1.trim_end().strip_suffix('s')?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargo_tells_which_tests_run_and_how_long() {
        let mut reading = Reading::default();
        let lines = [
            "   Compiling attention v0.1.0",
            "     Running unittests src/lib.rs (target/release/deps/attention-0a1b)",
            "test softmax::tests::sums ... ok",
            "test result: ok. 3 passed; 0 failed; 0 ignored; finished in 1.25s",
            "     Running tests/rope.rs (target/release/deps/rope-9f)",
            "test result: FAILED. 1 passed; 1 failed; finished in 0.50s",
            "   Doc-tests attention",
            "test result: ok. 40 passed; 0 failed; finished in 30.00s",
            "finished in 9s",
        ];
        for (at, line) in lines.into_iter().enumerate() {
            reading.take(line, Duration::from_secs(at as u64));
        }
        assert_eq!(reading.first_test, Some(Duration::from_secs(1)));
        let expected =
            [("attention, unit tests", 1.25), ("rope", 0.5), ("attention, documentation", 30.0)];
        let expected = expected.map(|(name, seconds)| (name.to_owned(), seconds));
        assert_eq!(reading.tests, expected);
    }

    #[test]
    fn a_command_is_followed_to_its_end_and_its_failure_is_shown() {
        let mut times = Times::default();
        let script = "echo '   Running tests/a.rs (deps/a-1)'; echo 'test result: ok. finished in 2.00s' >&2; exit 3";
        let error = run(Command::new("sh").args(["-c", script]), &mut times).unwrap_err();
        assert!(error.to_string().contains("exit 3") && error.to_string().contains('3'), "{error}");
        assert_eq!(times.tests, [("a".to_owned(), 2.0)]);
    }

    #[test]
    fn what_outlives_the_command_is_not_waited_for() {
        let start = Instant::now();
        run(Command::new("sh").args(["-c", "sleep 60 & echo done"]), &mut Times::default())
            .unwrap();
        assert!(start.elapsed() < Duration::from_secs(30));
    }
}
