//! The real book builds, with the model and without it, and every lint holds.

use std::path::{Path, PathBuf};

use book::Builder;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("the book's root").to_owned()
}

/// Builds the book, and reads its chapters.
fn chapters(builder: &Builder) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    if let Err(problems) = builder.build(&root(), folder.path(), Some("0"), false) {
        panic!("{problems:#}");
    }
    let pages = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path());
    let is_chapter = |path: &PathBuf| {
        path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("ch"))
            && path.extension().is_some_and(|extension| extension == "html")
    };
    let chapters: Vec<String> =
        pages.filter(is_chapter).map(|path| std::fs::read_to_string(path).unwrap()).collect();
    assert_eq!(chapters.len(), 10);
    chapters
}

#[test]
fn with_the_model_nothing_is_missing() {
    let builder = Builder::open().unwrap();
    assert_eq!(builder.missing(), None, "this test needs the model's weights");
    for chapter in chapters(&builder) {
        assert!(chapter.contains("<attention-widget"), "a chapter has a widget");
        assert!(!chapter.contains("{{"), "a tag was left in the page");
        assert!(!chapter.contains("(needs the model)"), "a fact was left out");
    }
}

#[test]
fn without_the_model_the_pages_say_what_is_missing() {
    let poor = Builder::without_model("the weights are not here").unwrap();
    assert_eq!(poor.missing(), Some("the weights are not here"));
    let chapters = chapters(&poor);
    let saying = |words: &str| chapters.iter().filter(|page| page.contains(words)).count();
    assert!(saying("built without the model") > 0, "a widget says what is missing");
    assert!(saying("(needs the model)") > 0, "and so does a figure");
    assert!(saying("<attention-widget") > 0, "what needs no model is woken");
    assert!(saying("<attention-widget") < chapters.len(), "and nothing else");
}
