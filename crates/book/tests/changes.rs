//! Each way to break the book must fail the build, with a message that names file and line.
//! Every test takes a copy of the small book in `fixture`, changes one thing, and reads the
//! message. The real book has a test of its own, `the_book`.

use std::path::{Path, PathBuf};

use book::Builder;
use book::fact::Fact;
use book::facts::Facts;
use tempfile::TempDir;

/// The facts of the small book.
fn facts() -> Facts {
    let mut facts = Facts::default();
    facts.add("shares.largest", Fact::share(0.801, "the listing ch01-shares"));
    facts
}

fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixture")
}

/// A copy of the small book.
fn copy() -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    copy_all(&fixture(), folder.path());
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
        std::fs::copy(from, to).unwrap();
    }
}

fn build_with(facts: Facts, root: &Path) -> Result<(), String> {
    let builder = Builder::with_facts(facts).expect("the model's sizes are known");
    builder.build(root, &root.join("out"), None, false).map_err(|error| format!("{error:#}"))
}

fn build(root: &Path) -> Result<(), String> {
    build_with(facts(), root)
}

/// A page of the built book.
fn page(root: &Path, name: &str) -> String {
    std::fs::read_to_string(root.join("out").join(name)).unwrap()
}

/// The line of `needle` in `file`, from 1.
fn line_of(root: &Path, file: &str, needle: &str) -> usize {
    let text = std::fs::read_to_string(root.join(file)).unwrap();
    let at = text.find(needle).unwrap_or_else(|| panic!("{file} has no `{needle}`"));
    text[..at].matches('\n').count() + 1
}

/// Changes the first `old` in `file` to `new`.
fn change(root: &Path, file: &str, old: &str, new: &str) {
    let text = std::fs::read_to_string(root.join(file)).unwrap();
    assert!(text.contains(old), "{file} has no `{old}`");
    std::fs::write(root.join(file), text.replacen(old, new, 1)).unwrap();
}

/// Adds `text` to the end of `file`.
fn append(root: &Path, file: &str, text: &str) {
    let before = std::fs::read_to_string(root.join(file)).unwrap();
    std::fs::write(root.join(file), before + text).unwrap();
}

/// Changes the first `old` in `file` to `new`, builds, and expects `message` at that line.
fn breaks(file: &str, old: &str, new: &str, message: &str) {
    let folder = copy();
    let line = line_of(folder.path(), file, old);
    change(folder.path(), file, old, new);
    let error = build(folder.path()).expect_err("the build must fail");
    let expected = format!("{file}:{line}: {message}");
    assert!(error.contains(&expected), "expected `{expected}` in:\n{error}");
}

/// Puts `sentence` into the running text of the chapter, and expects `message` at that line.
fn refuses(sentence: &str, message: &str) {
    breaks(CHAPTER, "Rows sum to one, and columns need not.", sentence, message);
}

/// Puts `sentence` into the running text of the chapter, and expects a book.
fn accepts(sentence: &str) {
    let folder = copy();
    change(folder.path(), CHAPTER, "Rows sum to one, and columns need not.", sentence);
    build(folder.path()).unwrap();
}

const CHAPTER: &str = "src/ch01-shares.md";

#[test]
fn the_small_book_builds() {
    let folder = copy();
    build(folder.path()).unwrap();
    let chapter = page(folder.path(), "ch01-shares.html");
    assert!(chapter.contains("<math"), "KaTeX writes MathML beside its HTML");
    assert!(!chapter.contains("{{"), "a tag was left in the page");
    assert!(chapter.contains(">.80<"), "a fact is shown");
    assert!(chapter.contains("In layer 13, head 8 of SmolLM2"), "a head has its name");
    assert!(chapter.contains("a row of 64 keys"), "what is given is shown");
    assert!(chapter.contains("a token looks at others"), "the chapter's part of the model is lit");
    assert!(chapter.contains("href=\"index.html#the-whole-model\""), "and leads to the whole");
}

const QUIZ: &str = "src/quizzes/ch01.toml";

#[test]
fn a_question_stands_in_its_chapter_with_every_answer() {
    let folder = copy();
    build(folder.path()).unwrap();
    let chapter = scraper::Html::parse_document(&page(folder.path(), "ch01-shares.html"));
    let all = |selector: &str| -> Vec<scraper::ElementRef<'_>> {
        chapter.select(&scraper::Selector::parse(selector).unwrap()).collect()
    };
    assert_eq!(all("[data-question='ch01.rows'] input[type=radio]").len(), 3);
    let legend = all("[data-question='ch01.rows'] legend")[0].inner_html();
    assert!(legend.contains("<em>row</em>") && legend.contains("<math"), "{legend}");
    assert_eq!(all("[data-question='ch01.rows'] li[data-right]").len(), 1);
    let [right, wrong] = all("[data-question='ch01.rest'] li")[..] else { panic!("two answers") };
    assert_eq!(right.attr("data-value"), Some("0.8"), "the fact is compared");
    assert_eq!(right.attr("data-within"), Some("0.01"));
    assert_eq!(wrong.attr("data-value"), Some("0.015625"), "1/64 is a number");
    assert_eq!(all("[data-predicted] [data-truth='0.8']").len(), 1);
    assert!(
        all(".quiz-question [id], .prediction-form [id]").is_empty(),
        "a question may stand on several pages"
    );
}

/// Changes the first `old` of the quiz to `new`, builds, and expects `message` about `id`.
fn quiz_breaks(id: &str, old: &str, new: &str, message: &str) {
    let folder = copy();
    change(folder.path(), QUIZ, old, new);
    let line = line_of(folder.path(), QUIZ, &format!("id = \"{id}\""));
    let error = build(folder.path()).expect_err("the build must fail");
    let expected = format!("{QUIZ}:{line}: `{id}`: {message}");
    assert!(error.contains(&expected), "expected `{expected}` in:\n{error}");
}

#[test]
fn a_quiz_with_a_mistake_in_it() {
    let typed = "`.8` is typed in: a result is a fact";
    quiz_breaks("rest", "It was measured.", "It was .8.", typed);
    let fact = "there is no fact `no.fact`";
    quiz_breaks("rest", "It was measured.", "It was {{fact no.fact}}.", fact);
    let formula = "KaTeX cannot read the formula";
    quiz_breaks("rows", "$a_j$", "$\\\\frac{a}$", formula);
    let missing = "2 distractors and 1 explanations: write a `because` for each";
    quiz_breaks("rows", ", \"That is a column.\"", "", missing);
    quiz_breaks("rows", "\"One\"", "\"The number of keys\"", "a distractor is the answer");
    quiz_breaks("rest", "within = 0.01", "within = -1.0", "`answer.within` is a positive number");
    let unplaced = "{{quiz ch01.sum}} stands 0 times in the book";
    quiz_breaks("sum", "id = \"rows\"", "id = \"sum\"", unplaced);
    quiz_breaks(
        "largest",
        "{ least = 0, most = 1",
        "{ least = 1, most = 1",
        "a number wants `range",
    );
    quiz_breaks("largest", "form = \"number\"", "form = \"order\"", "only a number has a `range`");
}

#[test]
fn a_quiz_that_is_none() {
    let folder = copy();
    change(folder.path(), QUIZ, "context = \"Shares", "contxt = \"Shares");
    let error = build(folder.path()).expect_err("the build must fail");
    assert!(error.contains("src/quizzes/ch01.toml is not a quiz"), "{error}");
    assert!(error.contains("unknown field `contxt`"), "{error}");
}

#[test]
fn a_question_in_the_wrong_place() {
    breaks(
        CHAPTER,
        "{{quiz ch01.rest}}",
        "{{quiz ch02.rest}}",
        "there is no src/quizzes/ch02.toml",
    );
    breaks(CHAPTER, "{{quiz ch01.rest}}", "{{quiz ch01.sums}}", "there is no question `sums`");
    breaks(
        CHAPTER,
        "{{quiz ch01.rest}}",
        "{{quiz rest}}",
        "`rest` is not a name such as ch01.rows",
    );
}

#[test]
fn a_decimal() {
    refuses("It is .80 here.", "`.80` is typed in: a result is a fact");
    refuses("It is 0.8 here.", "`0.8` is typed in");
    refuses("It is {{fact shares.largest}} and 3.5 here.", "`3.5` is typed in");
}

#[test]
fn a_number_of_ten_or_more() {
    refuses("There are 10 rows.", "`10` is typed in: a result is a fact");
    refuses("There are 49,152 rows.", "`49,152` is typed in");
    refuses("### After 16 rows", "`16` is typed in");
    refuses("| 16 rows |\n|---|\n| two |", "`16` is typed in");
}

#[test]
fn a_number_in_what_a_program_seems_to_print() {
    let folder = copy();
    append(folder.path(), CHAPTER, "\n## After\n\n```text\n16 rows\n```\n");
    let error = build(folder.path()).unwrap_err();
    assert!(error.contains("`16` is typed in"), "{error}");
}

#[test]
fn a_number_word_above_twelve() {
    refuses("There are thirteen rows.", "`thirteen` is typed in: a result is a fact");
    refuses("There are a hundred rows.", "`hundred` is typed in");
    refuses("Of sixty-four rows.", "`sixty` is typed in");
}

#[test]
fn numbers_that_may_be_typed() {
    accepts("The 3 rows of 2017 are twelve.");
    accepts("A shape `[batch, 64]`, and `--temperature 0.5`.");
    accepts("Tiles of $128 \\times 128$.");
    accepts("There are {{given 1024}} rows, and {{given a hundred}} more.");
    accepts("There are {{fact shares.largest}} million of them.");
    accepts("```console\ncargo run -- --rows 64\n```");
}

#[test]
fn a_number_that_is_given_without_need() {
    refuses("There are {{given 3}} rows.", "`3` needs no tag: write it as it is");
}

#[test]
fn a_decimal_in_an_exercise() {
    breaks(CHAPTER, "16 equal scores", "scores of 0.5", "`0.5` is typed in");
}

#[test]
fn a_decimal_in_a_formula() {
    breaks(CHAPTER, "= {{num shares.largest}}$", "= .8$", "a decimal is typed into a formula");
}

#[test]
fn a_digit_in_a_name() {
    breaks(CHAPTER, "of SmolLM2 the", "of SmolLM2, not SmolLM3, the", "`SmolLM3` is typed in");
}

#[test]
fn a_name_that_nobody_uses() {
    breaks(
        "src/names.toml",
        "[\"SmolLM2\"]",
        "[\"SmolLM2\", \"SmolLM3\"]",
        "no chapter uses the name `SmolLM3`",
    );
}

#[test]
fn a_drawing_that_is_not_there() {
    breaks(CHAPTER, "{{figure transformer ch01}}", "{{figure skyline}}", "there is no drawing");
    breaks(CHAPTER, "{{figure transformer ch01}}", "{{figure transformer}}", "there is no drawing");
    let nowhere = "there is no place in the model for `ch11`";
    breaks(CHAPTER, "{{figure transformer ch01}}", "{{figure transformer ch11}}", nowhere);
}

#[test]
fn a_head_that_the_model_does_not_have() {
    breaks(CHAPTER, "{{head 13 8}}", "{{head 30 8}}", "SmolLM2-135M has no layer 30, head 8");
    breaks(CHAPTER, "{{head 13 8}}", "{{head 13 9}}", "SmolLM2-135M has no layer 13, head 9");
    breaks(CHAPTER, "{{head 13 8}}", "{{head 13.8}}", "`13.8` is no head");
}

#[test]
fn a_facts_name() {
    breaks(
        CHAPTER,
        "{{fact shares.largest}}",
        "{{fact shares.smallest}}",
        "there is no fact `shares.smallest`",
    );
}

#[test]
fn a_fact_that_nobody_uses() {
    let folder = copy();
    let mut facts = facts();
    let line = line!() + 1;
    facts.add("shares.spare", Fact::count(3, "nobody asked"));
    let error = build_with(facts, folder.path()).unwrap_err();
    let expected = format!("{}:{line}: no chapter uses the fact `shares.spare`", file!());
    assert!(error.contains(&expected), "{error}");
}

#[test]
fn an_unknown_tag() {
    refuses("{{gadget spotlight}}", "there is no tag `gadget`");
    refuses("{{widget torch}}", "there is no widget `torch`");
    refuses("{{cite vaswani2018}}", "there is no work `vaswani2018`");
}

#[test]
fn a_work_that_lacks_its_year() {
    breaks(
        "src/references.bib",
        "@article{vaswani2017,",
        "@article{x, author={A, B}, title={T}, eprint={1}}\n@article{vaswani2017,",
        "the work `x` has no year",
    );
}

#[test]
fn a_bibliography_lists_what_is_cited_and_no_more() {
    let folder = copy();
    let spare = "@article{spare2020, author={Spare, A.}, title={T}, year=2020, eprint={1}}\n";
    append(folder.path(), "src/references.bib", spare);
    build(folder.path()).unwrap();
    let list = page(folder.path(), "bibliography.html");
    assert!(list.contains("id=\"work-vaswani2017\""), "the chapter cites it");
    assert!(list.contains("Ashish Vaswani and Noam Shazeer"), "with full names");
    assert!(list.contains("href=\"ch01-shares.html\""), "and is linked");
    assert!(!list.contains("spare2020"), "no chapter cites it");
}

#[test]
fn a_term() {
    refuses("{{term sharre}}", "there is no term `sharre`");
    refuses("{{term share|16 shares}}", "`16` is typed in");
    refuses("## {{term share}}", "a heading is a link itself");
}

#[test]
fn a_terms_place() {
    breaks(
        "src/glossary.toml",
        "ch01#the-mathematics",
        "ch01#the-physics",
        "the link to `ch01-shares.md#the-physics` leads nowhere",
    );
}

#[test]
fn a_term_links_to_the_glossary() {
    let folder = copy();
    append(folder.path(), CHAPTER, "\n\n{{term share|Shares}} here.\n");
    build(folder.path()).unwrap();
    let chapter = page(folder.path(), "ch01-shares.html");
    assert!(chapter.contains("href=\"glossary.html#term-share\""), "the link");
    assert!(chapter.contains("data-tip=\"A part of one."), "and what `book.js` shows");
    assert!(chapter.contains(">Shares</a> here."), "the words in between");
    let glossary = page(folder.path(), "glossary.html");
    assert!(glossary.contains("id=\"term-share\""), "where it leads");
    assert!(glossary.contains("href=\"ch01-shares.html#the-mathematics\""), "and back");
}

/// A test that cites a claim, in the copy at `root`.
fn cite_claim(root: &Path, id: &str) -> &'static str {
    let file = "crates/toy/tests/cites.rs";
    std::fs::create_dir_all(root.join(file).parent().unwrap()).unwrap();
    std::fs::write(root.join(file), format!("//! A test.\n\n// claim: {id}\n")).unwrap();
    file
}

#[test]
fn a_claim_and_its_test() {
    let folder = copy();
    append(folder.path(), CHAPTER, "\n\nHeads differ.{{claim heads-differ}}\n");
    let file = cite_claim(folder.path(), "heads-differ");
    build(folder.path()).unwrap();
    let chapter = page(folder.path(), "ch01-shares.html");
    assert!(chapter.contains("id=\"claim-heads-differ\""), "the mark");
    assert!(chapter.contains("href=\"claims.html#tested-heads-differ\""), "its link");
    assert!(chapter.contains(&format!("data-tip=\"Tested by {file}.\"")), "and what it says");
    let list = page(folder.path(), "claims.html");
    assert!(list.contains("id=\"tested-heads-differ\"") && list.contains(file));
    assert!(list.contains("href=\"ch01-shares.html#claim-heads-differ\""), "and back");
}

#[test]
fn a_claim_without_a_test() {
    refuses("It is so.{{claim it-is-so}}", "no test checks the claim `it-is-so`");
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
    append(folder.path(), CHAPTER, "\n\nHeads differ.{{claim heads-differ}}\n");
    append(folder.path(), CHAPTER, "\n\nAgain, heads differ.{{claim heads-differ}}\n");
    cite_claim(folder.path(), "heads-differ");
    let line = line_of(folder.path(), CHAPTER, "Again, heads differ");
    let error = build(folder.path()).unwrap_err();
    let expected =
        format!("{CHAPTER}:{line}: the claim `heads-differ` is made in {CHAPTER} already");
    assert!(error.contains(&expected), "{error}");
}

/// A test that takes a step, in the copy at `root`.
fn take_step(root: &Path, id: &str) -> String {
    let file = format!("{}/ch01.rs", book::tested::STEPS);
    std::fs::create_dir_all(root.join(&file).parent().unwrap()).unwrap();
    let test = format!("//! A test.\n\npage.step(\"{id}\", |page, words| {{}});\n");
    std::fs::write(root.join(&file), test).unwrap();
    file
}

#[test]
fn a_step_and_its_test() {
    let folder = copy();
    append(folder.path(), CHAPTER, "\n\n**Try this.** Tap it.{{step ch01.tap}}\n");
    let file = take_step(folder.path(), "ch01.tap");
    build(folder.path()).unwrap();
    let chapter = page(folder.path(), "ch01-shares.html");
    assert!(chapter.contains("id=\"step-ch01.tap\""), "the mark");
    assert!(chapter.contains("href=\"claims.html#tested-step-ch01.tap\""), "its link");
    let list = page(folder.path(), "claims.html");
    assert!(list.contains("id=\"tested-step-ch01.tap\"") && list.contains(&file));
}

#[test]
fn a_step_without_a_test() {
    refuses("Tap it.{{step ch01.tap}}", "no test replays the step `ch01.tap`");
    refuses("**Try this.** Tap it.", "what is to be tried ends without {{step ID}}");
}

#[test]
fn a_test_of_a_step_that_is_gone() {
    let folder = copy();
    let file = take_step(folder.path(), "ch01.tap");
    let error = build(folder.path()).unwrap_err();
    let expected = format!("{file}:3: no chapter has the step `ch01.tap`");
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
        "ch01-shares.md is not here",
    );
}

#[test]
fn an_exercise() {
    let exercise = "{{listing listings/exercises/ch02-mean/exercise.rs#exercise}}";
    let grade = "{{listing listings/exercises/ch02-mean/grade.rs#grade}}";
    breaks(
        "src/ch02-means.md",
        exercise,
        grade,
        "there is no anchor `listings/exercises/ch02-mean/grade.rs#grade`",
    );
}

#[test]
fn an_exercise_that_no_chapter_shows() {
    let folder = copy();
    let exercises = folder.path().join("listings/exercises");
    copy_all(&exercises.join("ch02-mean"), &exercises.join("ch01-mean"));
    let error = build(folder.path()).unwrap_err();
    let anchor = "listings/exercises/ch01-mean/exercise.rs#exercise";
    assert!(error.contains(&format!("no chapter shows the anchor `{anchor}`")), "{error}");
}

#[test]
fn an_anchors_name_in_a_chapter() {
    breaks(
        CHAPTER,
        "{{listing listings/examples/ch01-shares.rs#shares}}",
        "{{listing listings/examples/ch01-shares.rs#parts}}",
        "there is no anchor `listings/examples/ch01-shares.rs#parts`",
    );
}

#[test]
fn an_anchor_in_a_listing() {
    let listing = "listings/examples/ch01-shares.rs";
    breaks(
        listing,
        "// ANCHOR_END: shares",
        "// ANCHOR_END: parts",
        "the anchor `parts` ends and never began",
    );
    breaks(
        listing,
        "fn main()",
        "// ANCHOR: spare\n// ANCHOR_END: spare\nfn main()",
        "no chapter shows the anchor `listings/examples/ch01-shares.rs#spare`",
    );
}

#[test]
fn an_output_that_is_missing() {
    let folder = copy();
    let output = "listings/output/ch01-shares/row.txt";
    std::fs::remove_file(folder.path().join(output)).unwrap();
    let line = line_of(folder.path(), CHAPTER, "{{output ch01-shares/row}}");
    let error = build(folder.path()).unwrap_err();
    assert!(error.contains(&format!("{CHAPTER}:{line}: {output} is missing")), "{error}");
}

#[test]
fn a_run_that_no_chapter_shows() {
    breaks(
        "listings/runs.toml",
        "[\"ch01-shares/row\"]",
        "[\"ch01-shares/spare\"]",
        "no chapter shows the run `ch01-shares/spare`",
    );
}

#[test]
fn a_listing_may_be_there_before_its_chapter() {
    let folder = copy();
    let listing = "fn main() {}\n// ANCHOR: spare\n// ANCHOR_END: spare\n";
    std::fs::write(folder.path().join("listings/examples/ch99-later.rs"), listing).unwrap();
    let run = "\n[\"ch99-later/all\"]\nlisting = \"ch99-later\"\n";
    append(folder.path(), "listings/runs.toml", run);
    build(folder.path()).unwrap();
}

#[test]
fn a_formula() {
    breaks(CHAPTER, "$ a_j = \\frac{", "$ a_j = \\frax{", "KaTeX cannot read the formula");
}

#[test]
fn a_link() {
    breaks(
        "src/index.md",
        "(ch01-shares.md)",
        "(ch01-chairs.md)",
        "the link to `ch01-chairs.md` leads nowhere",
    );
    breaks(
        CHAPTER,
        "(#the-mathematics)",
        "(#the-physics)",
        "the link to `#the-physics` leads nowhere",
    );
}

#[test]
fn rust_that_is_no_listing() {
    refuses("```rust\nlet a = b;\n```", "Rust is shown with {{listing FILE#ANCHOR}}");
}

#[test]
fn an_include_of_mdbook_that_is_missing() {
    let folder = copy();
    append(folder.path(), CHAPTER, "\n\n{{#include nothing.md}}\n");
    let error = build(folder.path()).unwrap_err();
    assert!(error.contains("mdBook warned") && error.contains("nothing.md"), "{error}");
}

#[test]
fn a_chapter_that_is_missing() {
    let folder = copy();
    std::fs::remove_file(folder.path().join(CHAPTER)).unwrap();
    let error = build(folder.path()).unwrap_err();
    assert!(error.contains("ch01-shares.md"), "{error}");
}
