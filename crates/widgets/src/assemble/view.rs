//! The assembly as HTML: each step with its shape.

use maud::{Markup, html};

use super::{Assemble, MOST_TOKENS, Sizes, State, short};
use crate::draw::picture::{Frame, layouts};
use crate::machine::Machine;
use crate::parts::{Slider, actions, chips, menu, places};
use crate::show::grouped;

/// So many heads can be chosen by a button each.
const FEW: u64 = 12;

/// The whole widget.
pub(super) fn whole(assemble: &Assemble, state: &State) -> Markup {
    let drawn = assemble.drawn.as_ref().filter(|drawn| drawn.is_of(&state.model));
    Frame {
        name: Assemble::NAME,
        question: match drawn {
            Some(_) => html! { "Does each head get a part of x?" },
            None => html! { "Which part belongs to a head?" },
        },
        controls: heads(state),
        picture: match drawn {
            Some(drawn) => {
                layouts(drawn.wide(state.head as usize), drawn.narrow(state.head as usize))
            }
            None => strip(state),
        },
        says: match drawn {
            Some(drawn) => drawn.said(state.head as usize),
            None => html! { (status(state)) },
        },
        below: html! {
            @if drawn.is_some() { p class="wall-caption" { (merged(state)) } }
            (controls(state))
        },
        numbers: html! {
            @if let Some(drawn) = drawn { (drawn.table(state.head as usize)) }
            (steps(state))
        },
        actions: actions(&assemble.link(state)),
    }
    .view()
}

/// Which head is followed.
fn heads(state: &State) -> Markup {
    let count = state.sizes().heads;
    if count > FEW {
        return places("Head", "head", state.head as usize, count as usize);
    }
    let names: Vec<(String, String)> =
        (0..count).map(|head| (head.to_string(), head.to_string())).collect();
    chips("Follow head", Assemble::NAME, "head", &names, &state.head.to_string())
}

/// Other sizes than those of the picture.
fn controls(state: &State) -> Markup {
    let name = |sizes: Sizes| (short(sizes.preset.name), sizes.preset.name.to_owned());
    let models: Vec<(String, String)> = Sizes::all().map(name).collect();
    let tokens = Slider {
        label: "Tokens",
        event: "tokens",
        min: 1.0,
        max: MOST_TOKENS as f64,
        step: 1.0,
        value: state.tokens as f64,
        shown: &state.tokens.to_string(),
        spoken: &format!("{} tokens", state.tokens),
    };
    html! {
        div class="choices needs-script" {
            (menu("Model", "model", &models, &state.model))
            (tokens.slide())
        }
    }
}

/// The numbers of the followed head in the merged row: the first and the last.
fn merged_places(state: &State) -> (u64, u64) {
    let (head, width) = (state.head, state.sizes().head_dim);
    (head * width, (head + 1) * width - 1)
}

fn status(state: &State) -> String {
    let Sizes { preset, d_model, heads, head_dim, .. } = state.sizes();
    let merged = state.sizes().merged();
    let width = match merged.cmp(&d_model) {
        std::cmp::Ordering::Equal => format!("exactly d_model, {d_model}"),
        std::cmp::Ordering::Less => format!("fewer than d_model, {d_model}"),
        std::cmp::Ordering::Greater => format!("more than d_model, {d_model}"),
    };
    format!(
        "{}: {heads} heads of {head_dim} make {merged} numbers for each token, {width}. {}",
        preset.name,
        self::merged(state)
    )
}

/// Where the followed head stands in the merged row.
fn merged(state: &State) -> String {
    let (first, last) = merged_places(state);
    format!(
        "Head {} fills places {first} to {last} of the merged row and meets rows {first} to {last} of W_O.",
        state.head
    )
}

/// The merged row of one token, cut where the heads meet.
fn strip(state: &State) -> Markup {
    html! {
        div class="strip" aria-hidden="true" {
            @for head in 0..state.sizes().heads {
                span class=[(head == state.head).then_some("own")] {}
            }
        }
    }
}

/// The steps in their order, each with its shape and how many numbers it holds.
fn steps(state: &State) -> Markup {
    let Sizes { preset, d_model, heads, kv_heads, head_dim } = state.sizes();
    let (n, merged) = (state.tokens, state.sizes().merged());
    let [w_q, w_k, w_v, w_o] = state.sizes().matrices();
    let learned = |(name, shape): (&str, [u64; 2])| (format!("{name}, learned"), shape.to_vec());
    let head = state.head;
    let rows = [
        ("x: the tokens".to_owned(), vec![n, d_model]),
        learned(w_q),
        ("queries: x · W_Q, split".to_owned(), vec![heads, n, head_dim]),
        learned(w_k),
        ("keys: x · W_K, split".to_owned(), vec![kv_heads, n, head_dim]),
        learned(w_v),
        ("values: x · W_V, split".to_owned(), vec![kv_heads, n, head_dim]),
        ("weights: a map for each head".to_owned(), vec![heads, n, n]),
        ("outputs of the heads".to_owned(), vec![heads, n, head_dim]),
        ("merged: side by side".to_owned(), vec![n, merged]),
        learned(w_o),
        ("output: merged · W_O".to_owned(), vec![n, d_model]),
        (format!("head {head} alone: its output"), vec![n, head_dim]),
        (format!("head {head} alone: its rows of W_O"), vec![head_dim, d_model]),
        (format!("head {head} alone: what it adds"), vec![n, d_model]),
    ];
    html! {
        div class="scroll" {
            table class="weights" {
                caption { "One layer of " (preset.name) ", " (preset.shape.layers) " layers in all" }
                thead {
                    tr { th scope="col" { "Step" } th scope="col" { "Shape" } th scope="col" { "Numbers" } }
                }
                tbody {
                    @for (name, shape) in rows {
                        tr {
                            th scope="row" { (name) }
                            td { (shape.iter().map(u64::to_string).collect::<Vec<_>>().join(" × ")) }
                            td { (grouped(shape.iter().product())) }
                        }
                    }
                }
            }
        }
    }
}
