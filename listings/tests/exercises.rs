//! Each exercise fails as it is given and can be done: the same grade fails on `exercise.rs` and
//! passes on `solution.rs`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn folder() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The exercises' folders, which are named as their grades.
fn exercises() -> BTreeSet<String> {
    let entries = std::fs::read_dir(folder().join("exercises")).expect("listings/exercises");
    let name = |entry: std::io::Result<std::fs::DirEntry>| {
        entry.expect("an entry").file_name().into_string().expect("UTF-8")
    };
    entries.map(name).collect()
}

/// Compiles the grades. Returns their programs by name.
fn grades(names: &BTreeSet<String>) -> BTreeMap<String, PathBuf> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["test", "--release", "--workspace", "--no-run", "--message-format", "json"]);
    for name in names {
        cargo.args(["--test", name]);
    }
    let output = cargo.current_dir(folder()).output().expect("cargo runs");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "the grades do not compile:\n{errors}");
    let mut programs = BTreeMap::new();
    for line in output.stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let message: serde_json::Value = serde_json::from_slice(line).expect("JSON of cargo");
        let name = message["target"]["name"].as_str().unwrap_or_default();
        if let Some(program) = message["executable"].as_str().filter(|_| names.contains(name)) {
            programs.insert(name.to_owned(), program.into());
        }
        let warning = message["message"]["rendered"].as_str();
        assert!(warning.is_none() || !names.contains(name), "{}", warning.unwrap_or_default());
    }
    programs
}

fn run(program: &Path, graded: &str) -> Output {
    Command::new(program).env("GRADE", graded).output().expect("a grade runs")
}

#[test]
fn each_exercise_fails_as_given_and_its_solution_passes() {
    let names = exercises();
    let programs = grades(&names);
    let mut wrong = Vec::new();
    for name in names {
        let Some(program) = programs.get(&name) else {
            wrong.push(format!("{name}: no [[test]] of listings/Cargo.toml is called so"));
            continue;
        };
        let given = run(program, "exercise");
        let told = String::from_utf8_lossy(&given.stdout).into_owned();
        if given.status.success() {
            wrong.push(format!("{name}: exercise.rs passes as it is: is it solved already?"));
        } else if !told.contains("expected: ") && !told.contains("your turn") {
            wrong.push(format!("{name}: fails without saying what was expected:\n{told}"));
        }
        let solved = run(program, "solution");
        if !solved.status.success() {
            let told = String::from_utf8_lossy(&solved.stdout).into_owned();
            wrong.push(format!("{name}: solution.rs fails:\n{told}"));
        }
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn no_grade_runs_unless_it_is_named() {
    let manifest = std::fs::read_to_string(folder().join("Cargo.toml")).expect("Cargo.toml");
    let manifest: toml::Value = toml::from_str(&manifest).expect("a manifest");
    let tests = manifest["test"].as_array().expect("[[test]]");
    let mut named = BTreeSet::new();
    for test in tests {
        let name = test["name"].as_str().expect("a name");
        let path = format!("exercises/{name}/grade.rs");
        assert_eq!(test["path"].as_str(), Some(path.as_str()), "the path of {name}");
        assert_eq!(test["test"].as_bool(), Some(false), "{name} needs `test = false`");
        named.insert(name.to_owned());
    }
    assert_eq!(named, exercises(), "left: listings/Cargo.toml, right: listings/exercises");
}
