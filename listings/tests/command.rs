//! The listing of chapter 1 as a command: its JSON, its map, and its errors.

use std::process::{Command, Output};

fn spotlight(args: &[&str]) -> Output {
    Command::new(env!("CARGO"))
        .args(["run", "--release", "--quiet", "--example", "ch01-spotlight", "--"])
        .args(args)
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .output()
        .expect("cargo runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

#[test]
fn json_is_one_object_with_every_head() {
    let output = spotlight(&["The cat sat on the mat because it was tired", "--json"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let all: serde_json::Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
    assert_eq!(all["text"], "The cat sat on the mat because it was tired");
    assert_eq!(all["tokens"][7]["text"], " it");
    assert!(all["tokens"][7]["id"].is_u64());
    assert_eq!(all["attention"].as_array().unwrap().len(), 30);
    assert_eq!(all["attention"][0].as_array().unwrap().len(), 9);
    assert_eq!(all["attention"][0][0].as_array().unwrap().len(), 10);
    assert_eq!(all["attention"][0][0][9].as_array().unwrap().len(), 10);
    assert_eq!(all["logits"].as_array().unwrap().len(), 49_152);
    let weight = all["attention"][13][8][7][1].as_f64().unwrap();
    assert!((weight - 0.80).abs() < 0.005, "it to cat is {weight}");
}

#[test]
fn a_pipe_gets_plain_text() {
    let output = spotlight(&["a b"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(!text(&output.stdout).contains('\u{1b}'));
}

#[test]
fn colour_can_be_forced() {
    let output = Command::new(env!("CARGO"))
        .args(["run", "--release", "--quiet", "--example", "ch01-spotlight", "--", "a b"])
        .env("CLICOLOR_FORCE", "1")
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .output()
        .expect("cargo runs");
    assert!(text(&output.stdout).contains('\u{1b}'));
}

#[test]
fn bad_input_is_told() {
    for (args, expected) in [
        (&["   ", "--layer", "30"][..], "layer"),
        (&["a b", "--head", "9"], "head"),
        (&[""], "empty"),
        (&["a b", "--query", "c"], "no token `c` among: a | b"),
        (&["a b", "--layer", "x"], "invalid value"),
    ] {
        let output = spotlight(args);
        let error = text(&output.stderr);
        assert!(!output.status.success(), "{args:?} succeeded");
        assert!(error.contains(expected), "{args:?} said: {error}");
        assert!(!error.contains("panicked"), "{args:?} panicked: {error}");
    }
}
