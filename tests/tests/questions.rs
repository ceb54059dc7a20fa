//! The pictures of each chapter: how many, and which question each answers.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use reader_tests::pictures::questions;
use reader_tests::site;

/// How many pictures a chapter has at least.
const FEWEST: usize = 3;

#[test]
fn each_chapter_has_pictures_and_each_answers_a_question_of_its_own() -> Result<()> {
    let mut asked: BTreeMap<String, String> = BTreeMap::new();
    let mut few = Vec::new();
    for page in site::pages()?.into_iter().filter(|page| page.starts_with("ch")) {
        let questions = questions(&page)?;
        println!("{page}: {} pictures\n  {}", questions.len(), questions.join("\n  "));
        if questions.len() < FEWEST {
            few.push(format!("{page}: {}", questions.len()));
        }
        for question in questions {
            ensure!(question.ends_with('?'), "{page}: “{question}” is no question");
            let before = asked.insert(question.clone(), page.clone());
            ensure!(before.is_none(), "{page} asks what {before:?} asks: {question}");
        }
    }
    ensure!(few.is_empty(), "fewer than {FEWEST} pictures: {few:?}");
    Ok(())
}
