//! The spotlight as HTML. Each number is printed; shade only repeats it.

use maud::{Markup, html};

use super::beams::Beams;
use super::{Illustration, Look, Preset, Spotlight, State};
use crate::draw::picture::{Frame, layouts};
use crate::gallery::Sentence;
use crate::machine::Machine;
use crate::parts::{Grid, Shown, actions, legend, menu};
use crate::show::{largest_first, shade, share, word};
use crate::wall::{self, Loupe, Named};

/// The whole widget.
pub(super) fn whole(spotlight: &Spotlight, state: &State) -> Markup {
    let sentence = spotlight.sentence(state);
    let weights = sentence.map(|sentence| sentence.weights(state.layer, state.head));
    let (Some(sentence), Some(weights)) = (sentence, weights) else {
        return waiting_frame(spotlight, state);
    };
    let words: Vec<String> = sentence.tokens.iter().map(|token| word(token)).collect();
    let row = &weights[state.query];
    Frame {
        name: Spotlight::NAME,
        question: html! { "Where does “" (words[state.query]) "” look?" },
        controls: controls(spotlight, state),
        picture: picture(state, sentence, &words, row),
        says: says(state, &words, row),
        below: heads(spotlight, state, sentence),
        numbers: html! {
            (row_table(spotlight, state, sentence, row))
            (map(state, sentence, &weights))
            (legend("A row sums to one, up to rounding. An empty cell is a token that comes later."))
        },
        actions: actions(&spotlight.link(state)),
    }
    .view()
}

/// The frame without a picture: the sentence is on its way, or did not come.
fn waiting_frame(spotlight: &Spotlight, state: &State) -> Markup {
    Frame {
        name: Spotlight::NAME,
        question: html! { "Where does a token look?" },
        controls: controls(spotlight, state),
        picture: html! {},
        says: waiting(spotlight, state),
        below: html! {},
        numbers: html! {},
        actions: actions(&spotlight.link(state)),
    }
    .view()
}

fn controls(spotlight: &Spotlight, state: &State) -> Markup {
    menu("Sentence", "sentence", &spotlight.setup.gallery.menu(), &state.sentence)
}

/// The beams. Where the tokens have no room beside each other, they are a row of buttons, each with
/// its weight, and beams lead to the keys that get most.
fn picture(state: &State, sentence: &Sentence, words: &[String], row: &[f32]) -> Markup {
    let look = match state.look {
        Some(Look::Key(key)) => Some(key),
        _ => None,
    };
    match Beams::all(words, row, look) {
        Some(beams) => layouts(beams.wide(), beams.narrow()),
        None => {
            let beams = Beams::strongest(words, row, look);
            html! { (tokens(state, sentence, row)) (layouts(beams.wide(), beams.narrow())) }
        }
    }
}

/// The wall of all heads, and those on it that have a name.
fn heads(spotlight: &Spotlight, state: &State, sentence: &Sentence) -> Markup {
    let setup = &spotlight.setup;
    let (layers, heads) = (setup.gallery.layers, setup.gallery.heads);
    let presets = setup.presets.iter().enumerate();
    let here: Vec<_> = presets.filter(|(_, preset)| preset.sentence == state.sentence).collect();
    let named: Vec<Named<'_>> = here
        .iter()
        .map(|(_, Preset { layer, head, label, .. })| Named { layer: *layer, head: *head, label })
        .collect();
    let pointed = match state.look {
        Some(Look::Head((layer, head))) => Some(((layer, head), sentence.weights(layer, head))),
        _ => None,
    };
    let loupe = pointed.as_ref().map(|(head, weights)| {
        let query = state.query;
        Loupe { head: *head, weights, query }
    });
    html! {
        p class="wall-caption" {
            b { "All " (layers * heads) " heads read this sentence." } " Each square is the map of one: pick it."
        }
        @if let Some((_, wall)) = &spotlight.wall {
            (wall.view((state.layer, state.head), &named, loupe.as_ref()))
        }
        (wall::steppers((state.layer, state.head), layers, heads))
        @if !here.is_empty() {
            div class="chips named-heads needs-script" role="group" aria-label="Heads that have a name" {
                @for (letter, (place, preset)) in here.iter().enumerate() {
                    @let pressed = (preset.layer, preset.head) == (state.layer, state.head);
                    button type="button" class="chip" data-event="preset" data-value=(place) aria-pressed=(pressed) {
                        b { (wall::letter(letter)) } (preset.label)
                    }
                }
            }
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
fn says(state: &State, words: &[String], row: &[f32]) -> Markup {
    let order = largest_first(row);
    let (first, second) = (order[0], order.get(1));
    html! {
        b { "Layer " (state.layer) ", head " (state.head) ":" }
        " “" (words[state.query]) "” gives " b { (share(row[first])) } " to “" (words[first]) "”"
        @match second {
            Some(second) => { ", then " (share(row[*second])) " to “" (words[*second]) "”." }
            None => { ". It has no choice." }
        }
    }
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
