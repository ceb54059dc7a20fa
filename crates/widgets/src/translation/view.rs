//! The translation as HTML. Each number is printed; shade only repeats it.

use maud::{Markup, html};
use translator::{HEADS, LAYERS, held_out, join};

use super::lines::Lines;
use super::{MEAN, State, Translation};
use crate::draw::picture::{Frame, layouts};
use crate::machine::Machine;
use crate::parts::{Grid, Shown, actions, legend, menu};
use crate::show::{largest_first, shade, share};

/// The whole widget.
pub(super) fn whole(widget: &Translation, state: &State) -> Markup {
    let frame = |question, picture, says, below, numbers| Frame {
        name: Translation::NAME,
        question,
        controls: controls(widget, state),
        picture,
        says,
        below,
        numbers,
        actions: actions(&widget.link(state)),
    };
    let Some(translation) = widget.written(state) else {
        let question = html! { "Where does a translator look?" };
        return frame(question, html! {}, waiting(widget), typed(state), html! {}).view();
    };
    let weights = state.weights(translation);
    let english = labels(translation);
    let lines = Lines {
        french: &state.pair.french,
        english: &english,
        weights: &weights,
        word: state.word,
    };
    let below = html! { (verdict(state, translation)) (typed(state)) };
    let numbers = html! {
        (words(state, translation, &weights))
        (row_table(widget, state, translation, &weights[state.word]))
        (map(state, translation, &weights))
        (legend("A row sums to one, up to rounding. Rows are English, columns French."))
    };
    let says = html! { (status(state, translation, &weights)) };
    let question =
        html! { "Where does the model look to write " (quoted(translation, state.word)) "?" };
    frame(question, layouts(lines.wide(), lines.narrow()), says, below, numbers).view()
}

fn controls(widget: &Translation, state: &State) -> Markup {
    let setup = &widget.setup;
    let mut examples: Vec<(String, String)> = setup
        .examples
        .iter()
        .enumerate()
        .map(|(place, example)| (place.to_string(), example.french.clone()))
        .collect();
    let sentence = join(&state.pair.french);
    let chosen = match setup.examples.iter().position(|example| example.french == sentence) {
        Some(place) => place.to_string(),
        None => {
            // The reader's own sentence has a line in the menu as long as it is shown.
            examples.push(("own".to_owned(), sentence));
            "own".to_owned()
        }
    };
    let layers: Vec<(String, String)> =
        (0..LAYERS).map(|layer| (layer.to_string(), format!("layer {layer}"))).collect();
    let mut heads = vec![(MEAN.to_owned(), format!("mean of the {HEADS} heads"))];
    heads.extend((0..HEADS).map(|head| (head.to_string(), format!("head {head}"))));
    let head = state.head.map_or(MEAN.to_owned(), |head| head.to_string());
    html! {
        (menu("French sentence", "example", &examples, &chosen))
        (menu("Layer of the decoder", "layer", &layers, &state.layer.to_string()))
        (menu("Head", "head", &heads, &head))
    }
}

/// A field for a sentence of the reader's own.
fn typed(state: &State) -> Markup {
    html! {
        label class="wide needs-script own" {
            span { "Or type one of your own" }
            input type="text" name="text" data-event="text" value=(state.typed) lang="fr"
                autocomplete="off" autocapitalize="off" spellcheck="false"
                aria-invalid=[state.problem.is_some().then_some("true")];
            @if let Some(problem) = &state.problem {
                span class="problem" { (problem) }
            }
        }
    }
}

/// The two sentences, and whether they fit each other.
fn verdict(state: &State, translation: &translator::Translation) -> Markup {
    let pair = &state.pair;
    html! {
        p class="verdict" {
            "French: " b lang="fr" { (join(&pair.french)) } ". "
            "The model writes: " b { (join(&translation.english)) } ". "
            @if translation.english == pair.english {
                "The rules of the grammar say the same."
            } @else {
                "The rules of the grammar say: " b { (join(&pair.english)) } ". The model is wrong."
            }
            @if held_out(pair) { " It never saw this sentence in training." }
        }
    }
}

/// The English words, and the end, as they are shown.
fn labels(translation: &translator::Translation) -> Vec<String> {
    let words = translation.english.iter().map(|word| (*word).to_owned());
    words.chain(["(end)".to_owned()]).collect()
}

/// The English words as a row of radio buttons, each with the French word that it looks at most.
fn words(state: &State, translation: &translator::Translation, weights: &[Vec<f32>]) -> Markup {
    let french = &state.pair.french;
    html! {
        fieldset class="tokens needs-script" {
            legend { "Tap an English word, or use the arrow keys: where did the model look to write it?" }
            @for (place, (word, row)) in labels(translation).iter().zip(weights).enumerate() {
                @let most = largest(row);
                label class={ "token " (shade(row[most])) } {
                    input type="radio" name={ (Translation::NAME) "-word" } value=(place) data-event="word"
                        checked[place == state.word] autocomplete="off";
                    span class="word" { (word) }
                    span class="weight" { (french[most]) " " (share(row[most])) }
                }
            }
        }
    }
}

/// The place of the largest weight.
fn largest(row: &[f32]) -> usize {
    (0..row.len()).max_by(|a, b| row[*a].total_cmp(&row[*b])).unwrap_or(0)
}

/// One sentence for the eye and for the screen reader: where the query looks most.
fn status(state: &State, translation: &translator::Translation, weights: &[Vec<f32>]) -> String {
    let (row, french) = (&weights[state.word], &state.pair.french);
    let order = largest_first(row);
    let mut text = format!(
        "{}: to write {}, the decoder looks most at “{}”, {}",
        here(state),
        quoted(translation, state.word),
        french[order[0]],
        share(row[order[0]])
    );
    if let Some(second) = order.get(1) {
        text += &format!(", then at “{}”, {}", french[*second], share(row[*second]));
    }
    text + "."
}

/// An English word in quotes, or the end.
fn quoted(translation: &translator::Translation, word: usize) -> String {
    translation.english.get(word).map_or("the end".to_owned(), |word| format!("“{word}”"))
}

fn here(state: &State) -> String {
    let layer = state.layer;
    match state.head {
        Some(head) => format!("layer {layer}, head {head}"),
        None => format!("layer {layer}, mean of {HEADS} heads"),
    }
}

fn waiting(widget: &Translation) -> Markup {
    html! {
        @match &widget.missing {
            Some(problem) => {
                "The model could not be loaded: " (problem) ". "
                button type="button" data-event="reset" { "Try again" }
            }
            None => "Loading the model…",
        }
    }
}

/// The chosen word's row as a table: French word, weight, and the illustration where there is one.
fn row_table(
    widget: &Translation,
    state: &State,
    translation: &translator::Translation,
    row: &[f32],
) -> Markup {
    let made_up = &widget.setup.illustration;
    let english = translation.english.get(state.word);
    let beside = english.is_some_and(|word| *word == made_up.english)
        && state.pair.french.iter().any(|word| *word == made_up.french);
    html! {
        div class="scroll" {
            table class="weights" {
                caption { "Where the decoder looked to write " (quoted(translation, state.word)) ", " (here(state)) }
                thead {
                    tr {
                        th scope="col" { "French" }
                        th scope="col" { "Trained" }
                        @if beside { th scope="col" { "Illustration" } }
                    }
                }
                tbody {
                    @for (word, weight) in state.pair.french.iter().zip(row) {
                        tr {
                            th scope="row" lang="fr" { (word) }
                            td class=(shade(*weight)) { (share(*weight)) }
                            @if beside {
                                td class="made-up" {
                                    @if *word == made_up.french { (share(made_up.weight)) } @else { "–" }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Every English word against every French one: one tab stop, arrows move.
fn map(state: &State, translation: &translator::Translation, weights: &[Vec<f32>]) -> Markup {
    let rows = labels(translation);
    let columns: Vec<String> = state.pair.french.iter().map(|word| (*word).to_owned()).collect();
    let grid = Grid {
        label: &format!(
            "Cross-attention of {}: a row for each English word, a column for each French one",
            here(state)
        ),
        corner: "looks at",
        rows: &rows,
        columns: &columns,
        stop: state.cell,
        chosen: Some(state.word),
        keys: "key",
        press: "cell",
    };
    grid.view(|row, column| {
        let weight = weights[row][column];
        let name = format!("{} looks at {}: {}", rows[row], columns[column], share(weight));
        Shown::share(Some(weight), name)
    })
}
