//! Flash attention on the reader's card: the kernels in the page.

use crate::page::{Page, number};

/// The times of a column, by the tokens that have one.
fn times(page: &Page, column: &str) -> Vec<Option<f64>> {
    let table = page.table("medians in ms");
    let times = table.column(column).into_iter();
    times.map(|it| crate::page::is_number(it).then(|| number(it))).collect()
}

#[test]
fn on_a_card() {
    // Without a card the widget shows the recorded run.
    let mut page = Page::open("gpu");
    page.step("flash-on-your-card.causal", |page, words| {
        let full = ["Standard", "Flash"].map(|column| times(page, column));
        page.tick(words.say("Causal"));
        let causal = ["Standard", "Flash"].map(|column| times(page, column));
        // At the longest text that was timed with the mask and without.
        let ratio = |way: usize| {
            let mut both = full[way].iter().zip(&causal[way]).rev();
            both.find_map(|(full, causal)| Some((*causal)? / (*full)?)).expect("a length")
        };
        assert!((0.8..1.3).contains(&ratio(0)) && (0.4..0.65).contains(&ratio(1)));
    });
    page.step("flash-on-your-card.four-times", |page, _| {
        let table = page.table("medians in ms");
        let scores: Vec<f64> = table.column("Scores").into_iter().map(number).collect();
        for pair in scores.windows(2) {
            assert!((pair[1] / pair[0] - 4.0).abs() < 0.05, "{scores:?}");
        }
    });
}
