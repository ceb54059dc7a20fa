//! Each recorded run prints what its file says, to the last digit unless `listings/runs.toml` says
//! how far its numbers may be off.
//! `RECORD=1` writes the files instead: `cargo xtask record`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use inputs::texts;
use serde::Deserialize;

#[derive(Deserialize)]
struct Run {
    listing: String,
    #[serde(default)]
    args: Vec<String>,
    /// How far a number may be from the recorded one.
    #[serde(default)]
    within: f64,
}

fn folder() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn runs() -> BTreeMap<String, Run> {
    let text = std::fs::read_to_string(folder().join("runs.toml")).expect("listings/runs.toml");
    toml::from_str(&text).expect("listings/runs.toml is a table of runs")
}

/// Where cargo puts examples, beside the folder of this test.
fn examples() -> PathBuf {
    let build = Command::new(env!("CARGO"))
        .args(["build", "--release", "--quiet", "--workspace", "--examples"])
        .current_dir(folder())
        .status()
        .expect("cargo runs");
    assert!(build.success(), "the listings do not compile");
    let test = std::env::current_exe().expect("a test has a path");
    test.ancestors().nth(2).expect("target/release").join("examples")
}

fn print(examples: &Path, run: &Run) -> String {
    let output = Command::new(examples.join(&run.listing))
        .args(&run.args)
        .env("NO_COLOR", "1")
        .output()
        .unwrap_or_else(|error| panic!("cannot run the listing {}: {error}", run.listing));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{} failed: {errors}", run.listing);
    String::from_utf8(output.stdout).expect("a listing prints UTF-8")
}

/// Whether two lines are the same, but for numbers that are at most `within` apart.
fn agree(old: &str, new: &str, within: f64) -> bool {
    let near = |(old, new): (&str, &str)| match (old.parse::<f64>(), new.parse::<f64>()) {
        // Two decimals are not exact in binary.
        (Ok(old), Ok(new)) => (old - new).abs() <= within + 1e-9,
        _ => old == new,
    };
    let words = |line| str::split_whitespace(line).count();
    let pairs = old.split_whitespace().zip(new.split_whitespace());
    old == new || within > 0.0 && words(old) == words(new) && pairs.into_iter().all(near)
}

/// The first line that differs, as a compiler would name it.
fn difference(file: &Path, recorded: &str, printed: &str, within: f64) -> Option<String> {
    let same = |(old, new): &(&str, &str)| agree(old, new, within);
    let line = recorded.lines().zip(printed.lines()).take_while(same).count();
    let whole = line == recorded.lines().count() && line == printed.lines().count();
    (recorded != printed && !(within > 0.0 && whole)).then(|| {
        let shown = |text: &str| text.lines().nth(line).unwrap_or("(nothing)").to_owned();
        format!(
            "{}:{}: recorded `{}`, printed `{}`; if the new output is right: cargo xtask record",
            file.display(),
            line + 1,
            shown(recorded),
            shown(printed)
        )
    })
}

#[test]
fn the_listings_print_what_is_recorded() {
    let examples = examples();
    let mut differences = Vec::new();
    for (name, run) in runs() {
        let printed = print(&examples, &run);
        let path = folder().join("output").join(format!("{name}.txt"));
        if std::env::var_os("RECORD").is_some() {
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("can make a folder");
            std::fs::write(&path, &printed).expect("can write the record");
        }
        let recorded = std::fs::read_to_string(&path).unwrap_or_default();
        let file = Path::new("listings/output").join(format!("{name}.txt"));
        differences.extend(difference(&file, &recorded, &printed, run.within));
    }
    assert!(differences.is_empty(), "\n{}\n", differences.join("\n"));
}

#[test]
fn every_record_belongs_to_a_run() {
    let runs = runs();
    for listing in std::fs::read_dir(folder().join("output")).expect("listings/output") {
        let listing = listing.expect("an entry").path();
        for record in std::fs::read_dir(&listing).expect("a folder a listing") {
            let record = record.expect("an entry").path().with_extension("");
            let name = record.strip_prefix(folder().join("output")).expect("inside").to_owned();
            let name = name.to_str().expect("UTF-8").to_owned();
            assert!(runs.contains_key(&name), "listings/output/{name}.txt belongs to no run");
        }
    }
}

#[test]
fn every_listing_is_recorded() {
    let runs = runs();
    for listing in std::fs::read_dir(folder().join("examples")).expect("listings/examples") {
        let path = listing.expect("an entry").path();
        let name = path.file_stem().expect("a name").to_str().expect("UTF-8").to_owned();
        assert!(runs.values().any(|run| run.listing == name), "no run records the listing {name}");
    }
}

#[test]
fn the_texts_of_the_runs_are_those_of_the_book() {
    let book = [texts::CAT, texts::CAT_SAT, texts::CAT_SAT_ON, texts::CAPITAL];
    for (name, run) in runs() {
        for text in run.args.iter().filter(|arg| arg.contains(' ')) {
            assert!(book.contains(&&text[..]), "{name}: “{text}” is not in inputs::texts");
        }
    }
}

#[test]
fn a_digit_changed_in_a_record_is_told_with_its_line() {
    let name = "ch01-attention/party";
    let printed = print(&examples(), &runs()[name]);
    let file = Path::new("listings/output").join(format!("{name}.txt"));
    assert_eq!(difference(&file, &printed, &printed, 0.0), None);
    let line = printed.lines().position(|line| line.starts_with("your trip")).expect("its line");
    let changed = printed.replacen("3.01", "3.02", 1);
    let told = difference(&file, &changed, &printed, 0.0).expect("a difference");
    let place = format!("listings/output/{name}.txt:{}: recorded `your trip", line + 1);
    assert!(told.starts_with(&place), "{told}");
}

#[test]
fn a_record_that_is_cut_short_is_told() {
    let told = difference(Path::new("a.txt"), "one\n", "one\ntwo\n", 0.1).expect("a difference");
    assert!(told.starts_with("a.txt:2: recorded `(nothing)`, printed `two`"), "{told}");
}

#[test]
fn numbers_may_be_off_by_as_much_as_the_run_says() {
    let difference = |old, new, within| difference(Path::new("a.txt"), old, new, within);
    assert_eq!(difference("loss  3.46 .08\n", "loss  3.44 .07\n", 0.03), None);
    for (old, new, within) in [
        ("loss 3.46\n", "loss 3.44\n", 0.0),
        ("loss 3.46\n", "loss 3.42\n", 0.03),
        ("loss 3.46\n", "less 3.46\n", 0.03),
        ("loss 3.46\n", "loss 3.46 .08\n", 0.03),
        ("loss 3.46\n", "loss 3.46\nmore\n", 0.03),
    ] {
        assert!(difference(old, new, within).is_some(), "{old} and {new}");
    }
}
