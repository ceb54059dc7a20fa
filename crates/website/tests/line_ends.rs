//! A checkout has the repository's bytes on every machine: see `.gitattributes`.

use std::path::Path;
use std::process::Command;

fn git(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git").args(arguments).current_dir(folder).output();
    let output = output.expect("git is installed");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "git {arguments:?}: {errors}");
    String::from_utf8(output.stdout).expect("git prints UTF-8")
}

/// Git on Windows is often set to write `\r\n`. Outputs and records are compared byte for byte, and
/// the weights have checksums.
#[test]
fn a_checkout_that_turns_line_ends_keeps_ours() {
    let clone = tempfile::tempdir().expect("a temporary folder");
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = git(here, &["rev-parse", "--show-toplevel"]);
    let to = clone.path().to_str().expect("a path in UTF-8");
    git(here, &["clone", "--quiet", "-c", "core.autocrlf=true", root.trim(), to]);

    // `i/lf w/lf attr/text=auto eol=lf  README.md`: in the repository, and in the checkout.
    let files = git(clone.path(), &["ls-files", "--eol"]);
    assert!(files.lines().count() > 100, "{files}");
    for file in files.lines() {
        let mut ends = file.split_whitespace();
        let [inside, outside] = [ends.next(), ends.next()].map(|end| end.unwrap_or_default());
        assert_eq!(inside.trim_start_matches("i/"), outside.trim_start_matches("w/"), "{file}");
        assert!(["i/lf", "i/-text", "i/none"].contains(&inside), "{file}");
    }
    let outputs = clone.path().join("listings/output");
    let mut seen = 0;
    for listing in std::fs::read_dir(outputs).expect("recorded outputs") {
        for run in std::fs::read_dir(listing.expect("a listing").path()).expect("its runs") {
            let output = std::fs::read(run.expect("a run").path()).expect("an output");
            assert!(!output.contains(&b'\r'));
            seen += 1;
        }
    }
    assert!(seen > 40, "{seen} recorded outputs");
}
