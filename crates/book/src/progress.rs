//! How far a reader is: what there is to read, predict, answer and do, counted when the book is
//! built. What was done is known to the reader's browser only, and `theme/progress.js` shows it.

use maud::html;

use crate::contents::Page;
use crate::quiz::Quizzes;
use crate::quiz_page::block;

/// What a chapter has.
struct Counts {
    sections: usize,
    predictions: usize,
    questions: usize,
    exercises: usize,
}

fn count(page: &Page, quizzes: &Quizzes) -> Counts {
    let chapter = page.path.to_string_lossy();
    let chapter = chapter.split('-').next().unwrap_or_default();
    let quiz = quizzes.0.get(chapter).map(|source| &source.quiz);
    Counts {
        sections: page.text.matches("\n## ").count(),
        predictions: quiz.map_or(0, |quiz| quiz.predictions.len()),
        questions: quiz.map_or(0, |quiz| quiz.questions.len()),
        exercises: page.text.matches("<details class=\"solution\">").count(),
    }
}

fn chapters(pages: &[Page]) -> impl Iterator<Item = &Page> {
    pages.iter().filter(|page| page.path.to_string_lossy().starts_with("ch"))
}

/// The line on the front page: what was done of all there is, and where to go on.
pub(crate) fn line(pages: &[Page], quizzes: &Quizzes) -> String {
    let counts: Vec<Counts> = chapters(pages).map(|page| count(page, quizzes)).collect();
    let sum = |of: fn(&Counts) -> usize| counts.iter().map(of).sum::<usize>();
    let line = html! {
        p class="progress-line needs-script" hidden data-sections=(sum(|it| it.sections))
            data-predictions=(sum(|it| it.predictions)) data-questions=(sum(|it| it.questions))
            data-exercises=(sum(|it| it.exercises)) {}
    };
    block(&line.into_string())
}

/// The page of the reader's progress: a line a chapter, what is to be asked again, and the file.
pub(crate) fn page(pages: &[Page], quizzes: &Quizzes) -> String {
    let page = html! {
        div class="review needs-script" {
            p class="review-count" role="status" {}
            p { button type="button" data-do="ask" { "Ask me" } }
            div class="review-questions" {}
            ul class="progress-chapters" {
                @for page in chapters(pages) {
                    @let counts = count(page, quizzes);
                    li data-page=(page.path.with_extension("html").display())
                        data-sections=(counts.sections) data-predictions=(counts.predictions)
                        data-questions=(counts.questions) data-exercises=(counts.exercises) {
                        a href=(page.path.display()) { (page.title) } " " span {}
                    }
                }
            }
            p class="record-file" {
                button type="button" data-do="save" { "Save to a file" } " "
                label class="button" { "Load from a file " input type="file" class="unseen" accept=".json,application/json"; } " "
                button type="button" data-do="forget" { "Forget all" }
            }
            p class="record-said" role="status" {}
        }
        p class="no-script" { "This page needs scripts. The questions stand in their chapters, each with its answer under a fold." }
    };
    block(&page.into_string())
}
