//! Each way to break the book must fail the build, with a message that names file and line.
//! Every test takes a copy of the real book, changes one thing, and reads the message.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use book::Builder;
use tempfile::TempDir;

/// The model is loaded once for all tests.
fn builder() -> &'static Builder {
    static BUILDER: OnceLock<Builder> = OnceLock::new();
    BUILDER.get_or_init(|| {
        let builder = Builder::open().expect("the builder opens");
        assert_eq!(builder.missing(), None, "these tests need the model's weights");
        builder
    })
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("the book's root").to_owned()
}

/// A copy of what the book is built from.
fn copy() -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for part in [
        "book.toml",
        "src",
        "theme",
        "listings",
        "crates/attention/src",
        "crates/induction/src",
        "crates/inputs/src",
        "crates/kernels/src",
        "crates/smollm2/src",
        "crates/translator/src",
        "tests/tests",
    ] {
        copy_all(&root().join(part), &folder.path().join(part));
    }
    // Tests cite the claims of the chapters.
    for entry in std::fs::read_dir(root().join("crates")).unwrap() {
        let tests = entry.unwrap().path().join("tests");
        if tests.is_dir() {
            copy_all(&tests, &folder.path().join(tests.strip_prefix(root()).unwrap()));
        }
    }
    folder
}

fn copy_all(from: &Path, to: &Path) {
    if from.is_dir() {
        std::fs::create_dir_all(to).unwrap();
        for entry in std::fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            copy_all(&entry.path(), &to.join(entry.file_name()));
        }
    } else {
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::copy(from, to).unwrap();
    }
}

fn build(root: &Path) -> Result<(), String> {
    builder().build(root, &root.join("out"), None, false).map_err(|error| format!("{error:#}"))
}

/// The line of `needle` in `file`, from 1.
fn line_of(root: &Path, file: &str, needle: &str) -> usize {
    let text = std::fs::read_to_string(root.join(file)).unwrap();
    let at = text.find(needle).unwrap_or_else(|| panic!("{file} has no `{needle}`"));
    text[..at].matches('\n').count() + 1
}

/// Changes the first `old` in `file` to `new`, builds, and expects `message` at that line.
fn breaks(file: &str, old: &str, new: &str, message: &str) {
    let folder = copy();
    let line = line_of(folder.path(), file, old);
    let path = folder.path().join(file);
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replacen(old, new, 1)).unwrap();
    let error = build(folder.path()).expect_err("the build must fail");
    let expected = format!("{file}:{line}: {message}");
    assert!(error.contains(&expected), "expected `{expected}` in:\n{error}");
}

const CHAPTER: &str = "src/ch01-spotlight.md";

#[test]
fn the_book_builds() {
    let folder = copy();
    build(folder.path()).unwrap();
    let page = std::fs::read_to_string(folder.path().join("out/ch01-spotlight.html")).unwrap();
    assert!(page.contains("<attention-widget"));
    assert!(page.contains("<math"), "KaTeX writes MathML beside its HTML");
    assert!(!page.contains("{{"), "a tag was left in the page");
    assert!(folder.path().join("out/gallery/cat.bin").is_file());
}

#[test]
fn without_the_weights_the_book_builds_and_says_what_is_missing() {
    let folder = copy();
    let out = folder.path().join("out");
    let poor = Builder::without_model("the weights are not here").unwrap();
    assert_eq!(poor.missing(), Some("the weights are not here"));
    poor.build(folder.path(), &out, Some("0"), false).unwrap();
    let page = std::fs::read_to_string(out.join("ch01-spotlight.html")).unwrap();
    assert!(page.contains("built without the model"), "the widget says what is missing");
    assert!(page.contains("(needs the model)"), "and so does a figure");
    assert!(page.contains(">.42<"), "the illustration is still there");
    assert!(!page.contains("<attention-widget"), "and nothing waits to be woken");
}

#[test]
fn a_digit_in_a_chapter() {
    breaks(CHAPTER, "Ten conversations", "10 conversations", "`10` is typed in");
    breaks(CHAPTER, "{{fact illustration.it-cat}}", ".43", "`43` is typed in");
}

#[test]
fn a_digit_in_a_formula() {
    breaks(CHAPTER, "= {{num row.sum}}", "= 2", "`2` is typed in");
}

#[test]
fn a_digit_in_a_name() {
    breaks(
        CHAPTER,
        "The widget below shows what SmolLM2",
        "The widget below shows what SmolLM3",
        "`SmolLM3` is typed in",
    );
}

#[test]
fn a_facts_name() {
    breaks(
        CHAPTER,
        "{{fact spotlight.it-cat}}",
        "{{fact spotlight.it-dog}}",
        "there is no fact `spotlight.it-dog`",
    );
}

#[test]
fn an_unknown_tag() {
    breaks(CHAPTER, "{{widget spotlight}}", "{{gadget spotlight}}", "there is no tag `gadget`");
    breaks(CHAPTER, "{{widget spotlight}}", "{{widget torch}}", "there is no widget `torch`");
    breaks(
        CHAPTER,
        "{{cite vaswani2017}}",
        "{{cite vaswani2018}}",
        "there is no work `vaswani2018`",
    );
}

#[test]
fn a_work_that_lacks_its_year() {
    breaks(
        "src/references.bib",
        "@article{cherry1953,",
        "@article{x, author={A, B}, title={T}, eprint={1}}\n@article{cherry1953,",
        "the work `x` has no year",
    );
}

#[test]
fn a_bibliography_lists_what_is_cited_and_no_more() {
    let folder = copy();
    let path = folder.path().join("src/references.bib");
    let text = std::fs::read_to_string(&path).unwrap();
    let spare = "@article{spare2020, author={Spare, A.}, title={T}, year=2020, eprint={1}}\n";
    std::fs::write(&path, text + spare).unwrap();
    build(folder.path()).unwrap();
    let page = std::fs::read_to_string(folder.path().join("out/bibliography.html")).unwrap();
    assert!(page.contains("id=\"work-vaswani2017\""), "chapter 1 cites it");
    assert!(page.contains("Ashish Vaswani, Noam Shazeer"), "with full names");
    assert!(page.contains("href=\"ch01-spotlight.html\""), "and is linked");
    assert!(!page.contains("spare2020"), "no chapter cites it");
}

#[test]
fn a_term() {
    breaks(CHAPTER, "## Pitfalls", "{{term tokken}}\n\n## Pitfalls", "there is no term `tokken`");
    breaks(CHAPTER, "## Pitfalls", "{{term token|16 tokens}}\n\n## Pitfalls", "`16` is typed in");
    breaks(
        CHAPTER,
        "## Pitfalls",
        "{{term token|tokens we recieve}}\n\n## Pitfalls",
        "`recieve` is misspelt",
    );
    breaks(CHAPTER, "## Pitfalls", "## {{term token}}", "a heading is a link itself");
}

#[test]
fn a_terms_place() {
    breaks(
        "src/glossary.toml",
        "ch01#what-other-heads-do",
        "ch01#what-no-head-does",
        "the link to `ch01-spotlight.md#what-no-head-does` leads nowhere",
    );
}

#[test]
fn a_term_links_to_the_glossary() {
    let folder = copy();
    let path = folder.path().join(CHAPTER);
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text + "\n\n{{term token|Tokens}} here.\n").unwrap();
    build(folder.path()).unwrap();
    let read = |page: &str| std::fs::read_to_string(folder.path().join("out").join(page)).unwrap();
    let page = read("ch01-spotlight.html");
    assert!(page.contains("href=\"glossary.html#term-token\""), "the link");
    assert!(page.contains("data-tip=\"A piece of text"), "and what `book.js` shows");
    assert!(page.contains(">Tokens</a> here."), "the words in between");
    let glossary = read("glossary.html");
    assert!(glossary.contains("id=\"term-token\""), "where it leads");
    assert!(glossary.contains("href=\"ch01-spotlight.html#the-idea\""), "and back");
}

/// A test that cites a claim, in the copy at `root`.
fn cite_claim(root: &Path, id: &str) -> &'static str {
    let file = "crates/attention/tests/cites.rs";
    std::fs::write(root.join(file), format!("//! A test.\n\n// claim: {id}\n")).unwrap();
    file
}

/// Adds the paragraph `text` to the end of the chapter in the copy at `root`.
fn append(root: &Path, text: &str) {
    let path = root.join(CHAPTER);
    let chapter = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, format!("{chapter}\n\n{text}\n")).unwrap();
}

#[test]
fn a_claim_and_its_test() {
    let folder = copy();
    append(folder.path(), "Heads differ.{{claim heads-differ}}");
    let file = cite_claim(folder.path(), "heads-differ");
    build(folder.path()).unwrap();
    let read = |page: &str| std::fs::read_to_string(folder.path().join("out").join(page)).unwrap();
    let page = read("ch01-spotlight.html");
    assert!(page.contains("id=\"claim-heads-differ\""), "the mark");
    assert!(page.contains("href=\"claims.html#tested-heads-differ\""), "its link");
    assert!(page.contains(&format!("data-tip=\"Tested by {file}.\"")), "and what it says");
    let list = read("claims.html");
    assert!(list.contains("id=\"tested-heads-differ\"") && list.contains(file));
    assert!(list.contains("href=\"ch01-spotlight.html#claim-heads-differ\""), "and back");
}

#[test]
fn a_claim_without_a_test() {
    breaks(
        CHAPTER,
        "## Pitfalls",
        "It is so.{{claim it-is-so}}\n\n## Pitfalls",
        "no test checks the claim `it-is-so`",
    );
}

#[test]
fn a_test_of_a_claim_that_no_chapter_makes() {
    let folder = copy();
    let file = cite_claim(folder.path(), "heads-differ");
    let error = build(folder.path()).unwrap_err();
    let expected = format!("{file}:3: no chapter makes the claim `heads-differ`");
    assert!(error.contains(&expected), "{error}");
}

#[test]
fn a_claim_that_is_made_twice() {
    let folder = copy();
    append(folder.path(), "Heads differ.{{claim heads-differ}}");
    append(folder.path(), "Again, heads differ.{{claim heads-differ}}");
    cite_claim(folder.path(), "heads-differ");
    let line = line_of(folder.path(), CHAPTER, "Again, heads differ");
    let error = build(folder.path()).unwrap_err();
    let expected =
        format!("{CHAPTER}:{line}: the claim `heads-differ` is made in {CHAPTER} already");
    assert!(error.contains(&expected), "{error}");
}

#[test]
fn the_map() {
    breaks(
        "src/map.toml",
        "needs = [\"ch01\"]",
        "needs = [\"ch09\"]",
        "ch02 builds on `ch09`, which does not come before",
    );
    breaks(
        "src/map.toml",
        "[[chapter]]\nkey = \"ch01\"",
        "[[chapter]]\nkey = \"ch00\"",
        "ch01-spotlight.md is not here",
    );
}

#[test]
fn an_exercise() {
    let show = |name: &str| format!("{{{{listing listings/exercises/{name}}}}}");
    let folder = copy();
    append(folder.path(), "Run `cargo test --release --test ch04-softmax`.");
    append(folder.path(), &show("ch04-softmax/exercise.rs#exercise"));
    append(folder.path(), &show("ch04-softmax/solution.rs#solution"));
    build(folder.path()).unwrap();

    append(folder.path(), &show("ch04-softmax/grade.rs#grade"));
    let error = build(folder.path()).unwrap_err();
    assert!(error.contains("there is no anchor `listings/exercises/ch04-softmax/grade.rs#grade`"));
}

#[test]
fn an_exercise_of_a_chapter_that_is_there() {
    let folder = copy();
    let exercises = folder.path().join("listings/exercises");
    std::fs::rename(exercises.join("ch04-softmax"), exercises.join("ch01-softmax")).unwrap();
    let error = build(folder.path()).unwrap_err();
    let anchor = "listings/exercises/ch01-softmax/exercise.rs#exercise";
    assert!(error.contains(&format!("no chapter shows the anchor `{anchor}`")), "{error}");
}

#[test]
fn an_anchors_name_in_a_chapter() {
    breaks(
        CHAPTER,
        "{{listing listings/examples/ch01-spotlight.rs#row}}",
        "{{listing listings/examples/ch01-spotlight.rs#rows}}",
        "there is no anchor `listings/examples/ch01-spotlight.rs#rows`",
    );
}

#[test]
fn an_anchor_in_a_listing() {
    breaks(
        "listings/examples/ch01-spotlight.rs",
        "// ANCHOR_END: row",
        "// ANCHOR_END: rov",
        "the anchor `rov` ends and never began",
    );
    breaks(
        "listings/examples/ch01-attention.rs",
        "const CONVERSATIONS",
        "// ANCHOR: spare\n// ANCHOR_END: spare\nconst CONVERSATIONS",
        "no chapter shows the anchor `listings/examples/ch01-attention.rs#spare`",
    );
}

#[test]
fn an_output_that_is_missing() {
    let folder = copy();
    std::fs::remove_file(folder.path().join("listings/output/ch01-spotlight/it.txt")).unwrap();
    let line = line_of(folder.path(), CHAPTER, "{{output ch01-spotlight/it}}");
    let error = build(folder.path()).unwrap_err();
    assert!(
        error.contains(&format!(
            "{CHAPTER}:{line}: listings/output/ch01-spotlight/it.txt is missing"
        )),
        "{error}"
    );
}

#[test]
fn a_run_that_no_chapter_shows() {
    breaks(
        "listings/runs.toml",
        "[\"ch01-attention/party\"]",
        "[\"ch01-attention/party2\"]",
        "no chapter shows the run `ch01-attention/party2`",
    );
}

#[test]
fn a_listing_may_be_there_before_its_chapter() {
    let folder = copy();
    let listing = "fn main() {}\n// ANCHOR: spare\n// ANCHOR_END: spare\n";
    std::fs::write(folder.path().join("listings/examples/ch99-later.rs"), listing).unwrap();
    let runs = folder.path().join("listings/runs.toml");
    let text = std::fs::read_to_string(&runs).unwrap();
    std::fs::write(&runs, text + "\n[\"ch99-later/all\"]\nlisting = \"ch99-later\"\n").unwrap();
    build(folder.path()).unwrap();
}

#[test]
fn a_formula() {
    breaks(CHAPTER, "$ s_{ij} = \\frac{", "$ s_{ij} = \\frax{", "KaTeX cannot read the formula");
}

#[test]
fn a_link() {
    breaks(
        "src/index.md",
        "(ch01-spotlight.md)",
        "(ch01-limelight.md)",
        "the link to `ch01-limelight.md` leads nowhere",
    );
    breaks(
        CHAPTER,
        "(#look-through-a-real-head)",
        "(#look-through-a-fake-head)",
        "the link to `#look-through-a-fake-head` leads nowhere",
    );
}

#[test]
fn rust_that_is_no_listing() {
    breaks(
        CHAPTER,
        "## Pitfalls",
        "```rust\nlet a = b;\n```\n\n## Pitfalls",
        "Rust is shown with {{listing FILE#ANCHOR}}",
    );
}

#[test]
fn a_misspelling() {
    breaks(
        CHAPTER,
        "Psychologists have studied",
        "Psychologists recieve studied",
        "`recieve` is misspelt: receive?",
    );
}

#[test]
fn an_include_of_mdbook_that_is_missing() {
    let folder = copy();
    let path = folder.path().join(CHAPTER);
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text + "\n\n{{#include nothing.md}}\n").unwrap();
    let error = build(folder.path()).unwrap_err();
    assert!(error.contains("mdBook warned") && error.contains("nothing.md"), "{error}");
}

#[test]
fn a_chapter_that_is_missing() {
    let folder = copy();
    std::fs::remove_file(folder.path().join(CHAPTER)).unwrap();
    let error = build(folder.path()).unwrap_err();
    assert!(error.contains("ch01-spotlight.md"), "{error}");
}
