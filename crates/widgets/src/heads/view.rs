//! The heads as HTML. Each number is printed; shade only repeats it.

use maud::{Markup, html};

use super::{Heads, Overview, Scores, Show, State};
use crate::machine::Machine;
use crate::parts::{Grid, Shown, actions, menu, scale};
use crate::show::{shade, share, word};

/// The shares from which a cell of a small map is drawn darker, with the class of each.
const LEVELS: [(f32, &str); 3] = [(0.5, "strong"), (0.2, "middling"), (0.07, "weak")];

/// The whole widget.
pub(super) fn whole(heads: &Heads, state: &State) -> Markup {
    html! {
        div class="view heads" {
            (controls(heads, state))
            @match heads.overview(state) {
                Some(overview) => {
                    @let scores = overview.scores(state.show, state.pair);
                    p class="status" role="status" { (status(heads, state, overview, &scores)) }
                    div class="pictures" {
                        (all_heads(heads, state, overview, &scores))
                        (opened(state, overview))
                    }
                    (legend(state.show, overview))
                    (detectors(heads, state, overview))
                }
                None => p class="status" role="status" { (waiting(heads, state)) }
            }
        }
    }
}

/// What stands in the widget's place without the model.
pub(super) fn missing(why: &str) -> Markup {
    html! {
        div class="view heads" { p class="status" role="status" { (why) } }
    }
}

fn controls(heads: &Heads, state: &State) -> Markup {
    let setup = &heads.setup;
    let named = setup.named.iter().position(|named| named.view == *state);
    let words = |show: Show| {
        let note = if show == Show::Pair { ": choose the pair in the map" } else { "" };
        (show.key().to_owned(), sentence_case(&label(heads, state, show)) + note)
    };
    html! {
        div class="controls needs-script" {
            (menu("Sentence", "sentence", &setup.gallery.menu(), &state.sentence))
            label class="wide" {
                span { "A head with a name" }
                select name="named" data-event="named" autocomplete="off" {
                    @if named.is_none() {
                        option value="" selected disabled { "none of these views: " (here(state)) }
                    }
                    @for (place, head) in setup.named.iter().enumerate() {
                        option value=(place) selected[named == Some(place)] {
                            "layer " (head.view.head.0) ", head " (head.view.head.1) ": " (head.label)
                        }
                    }
                }
            }
            (menu("Each cell shows", "show", &Show::ALL.map(words), state.show.key()))
            (actions(&heads.link(state)))
        }
    }
}

/// What is measured, in words: “the weight of “it” on “cat””.
fn label(heads: &Heads, state: &State, show: Show) -> String {
    match show {
        Show::Previous => "the mean weight on the previous token".to_owned(),
        Show::First => "the mean weight on the first token (sink)".to_owned(),
        Show::Prefix => {
            "the mean weight on what followed the same token before (induction)".to_owned()
        }
        Show::Pair => match heads.overview(state) {
            Some(overview) => {
                let (query, key) = state.pair;
                let token = |place: usize| word(&overview.tokens[place]);
                format!("the weight of “{}” on “{}”", token(query), token(key))
            }
            None => "the weight of one token on another".to_owned(),
        },
        Show::Entropy => "the mean entropy of a row, in nats: how evenly it looks".to_owned(),
        Show::Maps => "its map, small".to_owned(),
    }
}

fn sentence_case(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn here(state: &State) -> String {
    name(state.head)
}

fn name((layer, head): (usize, usize)) -> String {
    format!("layer {layer}, head {head}")
}

/// What the opened head has of what is shown, and where its chosen token looks.
fn status(heads: &Heads, state: &State, overview: &Overview, scores: &Scores) -> String {
    let here = sentence_case(&here(state));
    let looks = looks(state, overview, state.head);
    let show = state.show;
    match scores {
        _ if show == Show::Maps => format!("{here}: {looks}."),
        Ok(scores) => {
            let this = scores[place(heads, state.head)];
            let (count, what) = (scores.len(), label(heads, state, show));
            format!(
                "{here}: {what} is {}, rank {} of {count}; the head in the middle has {}. Here {looks}.",
                show.printed(this),
                rank(scores, this),
                show.printed(middle(scores)),
            )
        }
        Err(reason) => {
            format!("Not measurable on this sentence: {reason}. {here}: {looks}.")
        }
    }
}

/// Where the chosen token looks most in a head.
fn looks(state: &State, overview: &Overview, (layer, head): (usize, usize)) -> String {
    let query = state.pair.0;
    let row = &overview.weights(layer, head)[query];
    let token = |place: usize| word(&overview.tokens[place]);
    let most = (0..row.len()).max_by(|a, b| row[*a].total_cmp(&row[*b]).then(b.cmp(a)));
    let most = most.expect("a token sees itself");
    format!("“{}” looks most at “{}”, {}", token(query), token(most), share(row[most]))
}

/// The place of a head among all.
fn place(heads: &Heads, (layer, head): (usize, usize)) -> usize {
    layer * heads.setup.gallery.heads + head
}

/// One for the highest number.
fn rank(scores: &[f64], this: f64) -> usize {
    1 + scores.iter().filter(|score| **score > this).count()
}

/// The number in the middle: as many heads have more as have less.
fn middle(scores: &[f64]) -> f64 {
    let mut sorted = scores.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

fn waiting(heads: &Heads, state: &State) -> Markup {
    html! {
        @match heads.overviews.problem() {
            Some(problem) => {
                "This sentence could not be loaded: " (problem) ". Choose another one, or try again. "
                button type="button" data-event="sentence" data-value=(state.sentence) { "Try again" }
            }
            None => "Loading the sentence…",
        }
    }
}

/// All heads: a row a layer, a column a head.
fn all_heads(heads: &Heads, state: &State, overview: &Overview, scores: &Scores) -> Markup {
    let show = state.show;
    let (layers, columns) = (heads.setup.gallery.layers, heads.setup.gallery.heads);
    let count = |count: usize| (0..count).map(|at| at.to_string()).collect::<Vec<_>>();
    let grid = Grid {
        label: "All heads: a row for each layer, a column for each head of it. Moving opens a head.",
        corner: "head",
        rows: &count(layers),
        columns: &count(columns),
        stop: state.head,
        chosen: None,
        keys: "head-key",
        press: "head",
    };
    let most = if show == Show::Entropy { overview.most_entropy() } else { 1.0 };
    let cell = |layer: usize, head: usize| {
        let at = (layer, head);
        let (text, class, value) = match scores {
            _ if show == Show::Maps => {
                (String::new(), "small-map".to_owned(), looks(state, overview, at))
            }
            Ok(scores) => {
                let score = scores[place(heads, at)];
                let shown = show.printed(score);
                (shown.clone(), shade((score / most) as f32), shown)
            }
            Err(_) => ("–".to_owned(), "hidden-key".to_owned(), "not measurable".to_owned()),
        };
        let open = if state.head == at { " open" } else { "" };
        Shown { text, class: class + open, name: format!("{}: {value}", name(at)) }
    };
    let inside = |layer: usize, head: usize, shown: &Shown| match show {
        Show::Maps => small_map(overview.weights(layer, head)),
        _ => html! { (shown.text) },
    };
    html! {
        div class="overview" {
            p { "All " (layers * columns) " heads, a row a layer: " (label(heads, state, show)) }
            (grid.draw(cell, inside))
        }
    }
}

/// A head's map as a picture of a few paths: the larger the share, the darker.
fn small_map(rows: &[Vec<f32>]) -> Markup {
    let level = |weight: f32| LEVELS.iter().position(|(least, _)| weight >= *least);
    let cells = |wanted: usize| -> String {
        let cells = rows.iter().enumerate().flat_map(|(row, weights)| {
            let marked = weights.iter().enumerate();
            marked
                .filter(|(_, weight)| level(**weight) == Some(wanted))
                .map(move |(column, _)| format!("M{column} {row}h1v1h-1z"))
        });
        cells.collect()
    };
    let seq = rows.len();
    html! {
        svg viewBox=(format!("0 0 {seq} {seq}")) aria-hidden="true" focusable="false" {
            @for (at, (_, class)) in LEVELS.iter().enumerate() { path class=(class) d=(cells(at)) {} }
        }
    }
}

/// The opened head: its map.
fn opened(state: &State, overview: &Overview) -> Markup {
    let (layer, head) = state.head;
    let weights = overview.weights(layer, head);
    let words: Vec<String> = overview.tokens.iter().map(|token| word(token)).collect();
    let grid = Grid {
        label: &format!(
            "Attention of {}: a row for each token that looks, a column for each that is looked at",
            here(state)
        ),
        corner: "looks at",
        rows: &words,
        columns: &words,
        stop: state.pair,
        chosen: Some(state.pair.0),
        keys: "pair-key",
        press: "pair",
    };
    let cell = |row: usize, column: usize| {
        let weight = weights[row].get(column).copied();
        let (looking, seen) = (&words[row], &words[column]);
        let name = match weight {
            Some(weight) => format!("{looking} looks at {seen}: {}", share(weight)),
            None => format!("{looking} cannot look at {seen}: it comes later"),
        };
        Shown::share(weight, name)
    };
    html! {
        div class="opened" {
            p { "Opened: " (here(state)) }
            (grid.view(cell))
        }
    }
}

/// What each detector says of the opened head, and its rank among all.
fn detectors(heads: &Heads, state: &State, overview: &Overview) -> Markup {
    let count = heads.setup.gallery.layers * heads.setup.gallery.heads;
    html! {
        div class="scroll" {
            table class="weights" {
                caption { "What the detectors say of " (here(state)) " on this sentence" }
                thead {
                    tr { th scope="col" { "Measured" } th scope="col" { "Score" } th scope="col" { "Rank of " (count) } }
                }
                tbody {
                    @for show in Show::ALL.into_iter().filter(|show| *show != Show::Maps) {
                        tr {
                            th scope="row" { (sentence_case(&label(heads, state, show))) }
                            @match overview.scores(show, state.pair) {
                                Ok(scores) => {
                                    @let this = scores[place(heads, state.head)];
                                    td { (show.printed(this)) }
                                    td { (rank(&scores, this)) }
                                }
                                Err(reason) => td colspan="2" class="reason" { "not here: " (reason) },
                            }
                        }
                    }
                }
            }
        }
    }
}

fn legend(show: Show, overview: &Overview) -> Markup {
    let note = "Shade repeats the number. The head with a frame is opened.";
    match show {
        Show::Entropy => scale("0.00", &format!("{:.2}", overview.most_entropy()), note),
        Show::Maps => html! {
            p class="legend" {
                "Each small map: rows look, columns are looked at; dark is " (share(LEVELS[0].0))
                " or more, faint is " (share(LEVELS[2].0)) " or more. The head with a frame is opened."
            }
        },
        _ => scale(&share(0.0), &share(1.0), note),
    }
}
