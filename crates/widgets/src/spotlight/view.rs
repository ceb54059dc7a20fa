//! The spotlight as HTML. Each number is printed; shade only repeats it.

use maud::{Markup, html};

use super::{Illustration, Spotlight, State};
use crate::gallery::Sentence;
use crate::machine::Machine;
use crate::parts::{Grid, Shown, actions, legend, menu, places};
use crate::show::{shade, share, word};

/// The whole widget.
pub(super) fn whole(spotlight: &Spotlight, state: &State) -> Markup {
    let weights =
        spotlight.sentence(state).map(|sentence| sentence.weights(state.layer, state.head));
    html! {
        div class="view spotlight" {
            (controls(spotlight, state))
            @match (spotlight.sentence(state), &weights) {
                (Some(sentence), Some(weights)) => {
                    (tokens(state, sentence, &weights[state.query]))
                    p class="status" role="status" { (status(state, sentence, &weights[state.query])) }
                    div class="pictures" {
                        (row_table(spotlight, state, sentence, &weights[state.query]))
                        (map(state, sentence, weights))
                    }
                    (legend("A row sums to one, up to rounding. An empty cell is a token that comes later."))
                }
                _ => p class="status" role="status" { (waiting(spotlight, state)) }
            }
        }
    }
}

fn controls(spotlight: &Spotlight, state: &State) -> Markup {
    let setup = &spotlight.setup;
    let named = setup.presets.iter().position(|preset| {
        (preset.layer, preset.head, &preset.sentence) == (state.layer, state.head, &state.sentence)
    });
    html! {
        div class="controls needs-script" {
            (menu("Sentence", "sentence", &setup.gallery.menu(), &state.sentence))
            label class="wide" {
                span { "A head with a name" }
                select name="preset" data-event="preset" autocomplete="off" {
                    @if named.is_none() {
                        option value="" selected disabled { "none of these: " (here(state)) }
                    }
                    @for (place, preset) in setup.presets.iter().enumerate() {
                        option value=(place) selected[named == Some(place)] {
                            "layer " (preset.layer) ", head " (preset.head) ": " (preset.label)
                        }
                    }
                }
            }
            (places("Layer", "layer", state.layer, setup.gallery.layers))
            (places("Head", "head", state.head, setup.gallery.heads))
            (actions(&spotlight.link(state)))
        }
    }
}

/// The sentence as a row of radio buttons: one tab stop, and arrows move the spotlight.
fn tokens(state: &State, sentence: &Sentence, row: &[f32]) -> Markup {
    let query = state.query;
    html! {
        fieldset class="tokens needs-script" {
            legend { "Tap a token, or use the arrow keys: where does it look?" }
            @for (place, token) in sentence.tokens.iter().enumerate() {
                label class={ "token " (row.get(place).map_or("hidden-key".to_owned(), |weight| shade(*weight))) } {
                    input type="radio" name={ (Spotlight::NAME) "-query" } value=(place) data-event="query"
                        checked[place == query] autocomplete="off";
                    span class="word" { (word(token)) }
                    span class="weight" { (row.get(place).map_or("–".to_owned(), |weight| share(*weight))) }
                }
            }
        }
    }
}

/// One sentence for the eye and for the screen reader: where the query looks most.
fn status(state: &State, sentence: &Sentence, row: &[f32]) -> String {
    let token = |place: usize| format!("“{}”", word(&sentence.tokens[place]));
    let mut order: Vec<usize> = (0..row.len()).collect();
    order.sort_by(|a, b| row[*b].total_cmp(&row[*a]));
    let query = state.query;
    let mut text = format!(
        "{}: {} gives most to {}, {}",
        here(state),
        token(query),
        token(order[0]),
        share(row[order[0]])
    );
    if let Some(second) = order.get(1) {
        text += &format!(", then to {}, {}", token(*second), share(row[*second]));
    }
    text + "."
}

fn here(state: &State) -> String {
    format!("layer {}, head {}", state.layer, state.head)
}

fn waiting(spotlight: &Spotlight, state: &State) -> Markup {
    html! {
        @match spotlight.sentences.problem() {
            Some(problem) => {
                "This sentence could not be loaded: " (problem) ". Choose another one, or try again. "
                button type="button" data-event="sentence" data-value=(state.sentence) { "Try again" }
            }
            None => "Loading the sentence…",
        }
    }
}

/// The chosen query's row as a table: key, weight, and the illustration where there is one.
fn row_table(spotlight: &Spotlight, state: &State, sentence: &Sentence, row: &[f32]) -> Markup {
    let query = word(&sentence.tokens[state.query]);
    let made_up = &spotlight.setup.illustration;
    let beside = made_up.sentence == sentence.name && made_up.query == state.query;
    html! {
        div class="scroll" {
            table class="weights" {
                caption { "What “" (query) "” looks at, " (here(state)) " of SmolLM2" }
                thead {
                    tr {
                        th scope="col" { "Token" }
                        th scope="col" { "Measured" }
                        @if beside { th scope="col" { "Illustration" } }
                    }
                }
                tbody {
                    @for (place, token) in sentence.tokens.iter().enumerate() {
                        @let weight = row.get(place).copied();
                        tr {
                            th scope="row" { (word(token)) }
                            @match weight {
                                Some(weight) => td class=(shade(weight)) { (share(weight)) },
                                None => td class="hidden-key" { "not yet seen" },
                            }
                            @if beside {
                                td class="made-up" { (made_up.weights.get(place).map_or("–".to_owned(), |weight| share(*weight))) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Every query against every key: one tab stop, arrows move.
fn map(state: &State, sentence: &Sentence, weights: &[Vec<f32>]) -> Markup {
    let words: Vec<String> = sentence.tokens.iter().map(|token| word(token)).collect();
    let grid = Grid {
        label: &format!(
            "Attention of {}: a row for each token that looks, a column for each that is looked at",
            here(state)
        ),
        corner: "looks at",
        rows: &words,
        columns: &words,
        stop: state.cell,
        chosen: Some(state.query),
        keys: "key",
        press: "cell",
    };
    grid.view(|row, column| {
        let weight = weights[row].get(column).copied();
        Shown::share(weight, cell_name(&words[row], &words[column], weight))
    })
}

fn cell_name(looking: &str, seen: &str, weight: Option<f32>) -> String {
    match weight {
        Some(weight) => format!("{looking} looks at {seen}: {}", share(weight)),
        None => format!("{looking} cannot look at {seen}: it comes later"),
    }
}

/// The illustration with no model beside it.
pub(super) fn illustration_alone(
    illustration: &Illustration,
    tokens: &[String],
    missing: &str,
) -> Markup {
    html! {
        div class="view spotlight" {
            p class="status" role="status" { (missing) }
            table class="weights" {
                caption { "An illustration: nobody measured these weights" }
                thead { tr { th scope="col" { "Token" } th scope="col" { "Illustration" } } }
                tbody {
                    @for (token, weight) in tokens.iter().zip(&illustration.weights) {
                        tr { th scope="row" { (word(token)) } td class="made-up" { (share(*weight)) } }
                    }
                }
            }
        }
    }
}
