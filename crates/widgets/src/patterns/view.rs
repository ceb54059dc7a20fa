//! The patterns as HTML. A cell's number says through how many layers it takes.

use maud::{Markup, html};

use super::picture::Picture;
use super::{DEEPEST, JOINS, PATTERNS, POWERS, Patterns, State, TOKENS, WIDEST, hops};
use crate::draw::picture::{Frame, layouts};
use crate::machine::Machine;
use crate::parts::{Grid, Shown, Slider, actions, chips, menu};
use crate::show::{grouped, shade};

/// The whole widget.
pub(super) fn whole(state: &State) -> Markup {
    let (short, longer) = (state.tokens, 1 << state.power);
    let hops = hops(&state.grid(short), state.layers);
    let last = hops.last().expect("a text has tokens");
    let reached = last.iter().flatten().count();
    let picture = Picture::new(state);
    Frame {
        name: Patterns::NAME,
        question: html! { "How much must be computed, and how far does it reach?" },
        controls: controls(state),
        picture: layouts(picture.wide(), picture.narrow()),
        says: html! {
            (name(state)) " over " (short) " tokens: " (seen(state, short)) ". Over "
            (grouped(longer as u64)) ": " (seen(state, longer)) ". Through "
            (layers(state.layers)) " the last token is reached by " (reached) " of " (short) "."
        },
        below: html! { div class="beginning needs-script" { (sizes(state)) } },
        numbers: html! {
            (through(state, &hops))
            (map(state, &hops))
            p class="legend" {
                "A row is a query, a column a key. The number is the least number of layers through which the key "
                "reaches the query, up to those chosen; an empty cell is not reached."
            }
        },
        actions: actions(&Patterns.link(state)),
    }
    .view()
}

fn controls(state: &State) -> Markup {
    let patterns = PATTERNS.map(|(name, text)| (name.to_owned(), text.to_owned()));
    let joins = JOINS.map(|(name, text)| (name.to_owned(), text.to_owned()));
    html! {
        (menu("Pattern", "first", &patterns, PATTERNS[state.first].0))
        (chips("With a second pattern", Patterns::NAME, "join", &joins, JOINS[state.join].0))
        @if state.join > 0 { (menu("Second pattern", "second", &patterns, PATTERNS[state.second].0)) }
        (slider("Layers", "layers", [1, DEEPEST], state.layers, &state.layers.to_string(), &layers(state.layers)))
    }
}

/// How large the text and the windows are.
fn sizes(state: &State) -> Markup {
    let longer = grouped(1 << state.power);
    let [tokens, window] = [state.tokens, state.window].map(|it| it.to_string());
    html! {
        (slider("Tokens drawn", "tokens", TOKENS, state.tokens, &tokens, &format!("{tokens} tokens")))
        (slider("Window on each side", "window", [1, WIDEST], state.window, &window, &format!("{window} on each side")))
        (slider("Longer text", "power", POWERS.map(|it| it as usize), state.power as usize, &longer, &format!("{longer} tokens")))
    }
}

fn slider(
    label: &str,
    event: &str,
    range: [usize; 2],
    value: usize,
    shown: &str,
    spoken: &str,
) -> Markup {
    let [min, max] = range.map(|end| end as f64);
    Slider { label, event, min, max, step: 1.0, value: value as f64, shown, spoken }.slide()
}

fn name(state: &State) -> String {
    let first = PATTERNS[state.first].1;
    match state.join {
        0 => first.to_owned(),
        join => {
            format!("{first} {} {}", JOINS[join].0, PATTERNS[state.second].1.to_ascii_lowercase())
        }
    }
}

fn layers(count: usize) -> String {
    if count == 1 { "1 layer".to_owned() } else { format!("{count} layers") }
}

/// How many pairs see each other over `n` tokens, and what part of all pairs that is.
fn seen(state: &State, n: usize) -> String {
    let (count, all) = (state.count(n), (n as u64).pow(2));
    format!("{} of {} pairs, {}", grouped(count), grouped(all), part(count, all))
}

/// In percent, or one of so many where too little is left for a percentage to tell.
fn part(count: u64, all: u64) -> String {
    let times = all as f64 / count as f64;
    if count > 0 && times > 1000.0 {
        format!("1 of every {}", grouped(times.round() as u64))
    } else {
        format!("{:.1} %", 100.0 * count as f64 / all as f64)
    }
}

fn map(state: &State, hops: &[Vec<Option<usize>>]) -> Markup {
    let places: Vec<String> = (0..state.tokens).map(|place| place.to_string()).collect();
    let label = format!("{}: a row for each query, a column for each key", name(state));
    let grid = Grid {
        label: &label,
        corner: "sees",
        rows: &places,
        columns: &places,
        stop: state.cell,
        chosen: None,
        keys: "key",
        press: "cell",
    };
    grid.view(|query, key| match hops[query][key] {
        Some(hop) => Shown {
            text: hop.to_string(),
            class: shade(1.0 / hop as f32),
            name: format!("query {query}, key {key}: reached through {}", layers(hop)),
        },
        None => Shown {
            text: String::new(),
            class: "hidden-key".to_owned(),
            name: format!("query {query}, key {key}: not reached"),
        },
    })
}

/// What is reached through each number of layers.
fn through(state: &State, hops: &[Vec<Option<usize>>]) -> Markup {
    let all = state.tokens * state.tokens;
    let within = |hop: &&Option<usize>, layer: usize| hop.is_some_and(|hop| hop <= layer);
    html! {
        div class="scroll" {
            table class="weights" {
                caption { "What is reached, of " (all) " pairs" }
                thead {
                    tr {
                        th scope="col" { "Layers" }
                        th scope="col" { "Pairs" }
                        th scope="col" { "Of all" }
                        th scope="col" { "Reach the last token" }
                    }
                }
                tbody {
                    @for layer in 1..=state.layers {
                        @let pairs = hops.iter().flatten().filter(|hop| within(hop, layer)).count();
                        @let last = hops[state.tokens - 1].iter().filter(|hop| within(hop, layer)).count();
                        tr {
                            th scope="row" { (layer) }
                            td { (pairs) }
                            td { (part(pairs as u64, all as u64)) }
                            td { (last) }
                        }
                    }
                }
            }
        }
    }
}
