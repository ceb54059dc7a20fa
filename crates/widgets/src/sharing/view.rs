//! The sharing as HTML: a picture, the same as a table, and what each kind keeps.

use maud::{Markup, html};

use super::{HEAD_DIM, Kind, MOST_HEADS, Sharing, State, divisors, shares};
use crate::draw::picture::{Frame, layouts};
use crate::machine::Machine;
use crate::parts::{Slider, actions, menu};
use crate::show::grouped;

/// The whole widget.
pub(super) fn whole(state: &State) -> Markup {
    let says = status(state);
    let label =
        format!("Query heads, and a line from each to the keys and values it reads. {says}");
    let [wide, narrow] = shares::both(state, &label);
    Frame {
        name: Sharing::NAME,
        question: html! { "Must each head keep keys and values of its own?" },
        controls: controls(state),
        picture: layouts(wide, narrow),
        says: html! { (says) },
        below: html! {},
        numbers: html! {
            div class="pictures" {
                (readers(state))
                (kinds(state))
            }
        },
        actions: actions(&Sharing.link(state)),
    }
    .view()
}

fn controls(state: &State) -> Markup {
    let State { heads, kind, head } = *state;
    let mut options: Vec<(String, String)> = divisors(heads)
        .map(|kv_heads| {
            let name = Kind::Grouped(kv_heads).name(heads);
            (kv_heads.to_string(), format!("{kv_heads} ({name})"))
        })
        .collect();
    options.push(("latent".to_owned(), "one latent (MLA)".to_owned()));
    let slider = Slider {
        label: "Query heads",
        event: "heads",
        min: 1.0,
        max: MOST_HEADS as f64,
        step: 1.0,
        value: heads as f64,
        shown: &heads.to_string(),
        spoken: &format!("{heads} query heads"),
    };
    let follow = Slider {
        label: "Follow query head",
        event: "head",
        min: 0.0,
        max: (heads - 1) as f64,
        step: 1.0,
        value: head as f64,
        shown: &head.to_string(),
        spoken: &format!("head {head}"),
    };
    html! {
        (menu("Key and value heads", "share", &options, &kind.short()))
        (slider.slide())
        (follow.slide())
    }
}

/// The query heads that read the same box as the followed one, itself among them.
fn together(state: &State, kv_head: u64) -> Vec<u64> {
    (0..state.heads).filter(|head| state.read_by(*head) == Ok(kv_head)).collect()
}

fn listed(heads: &[u64]) -> String {
    heads.iter().map(u64::to_string).collect::<Vec<_>>().join(", ")
}

fn status(state: &State) -> String {
    let State { heads, kind, head } = *state;
    let name = kind.name(heads);
    let followed = state.read_by(head).unwrap_or_default();
    let readers = together(state, followed);
    let reads = match (kind, readers.len()) {
        (Kind::Latent, _) => {
            format!(
                "Query head {head} reads the one latent, as all do, through matrices of its own"
            )
        }
        (_, 1) => format!("Query head {head} reads key and value head {followed}, alone"),
        _ => format!(
            "Query head {head} reads key and value head {followed}, which answers query heads {}",
            listed(&readers)
        ),
    };
    let kept = match (kind.numbers(heads), Kind::Grouped(heads).numbers(heads)) {
        (Ok(kept), Ok(all)) => {
            format!("A layer keeps {} numbers of each token, {}", grouped(kept), against(kept, all))
        }
        (Err(error), _) | (_, Err(error)) => error.to_string(),
    };
    format!("{name}. {reads}. {kept}.")
}

/// `4 times less than MHA`.
fn against(kept: u64, all: u64) -> String {
    if kept == all {
        return "as many as MHA".to_owned();
    }
    let (more, less, word) = if kept < all { (all, kept, "less") } else { (kept, all, "more") };
    let times = if more.is_multiple_of(less) {
        (more / less).to_string()
    } else {
        format!("{:.1}", more as f64 / less as f64)
    };
    format!("{times} times {word} than MHA")
}

/// Who reads what.
fn readers(state: &State) -> Markup {
    let followed = state.read_by(state.head).unwrap_or_default();
    let latent = state.kind == Kind::Latent;
    html! {
        div class="scroll" {
            table class="weights" {
                caption { "Who reads what" }
                thead { tr { th scope="col" { "Kept" } th scope="col" { "Read by query heads" } } }
                tbody {
                    @for place in 0..state.boxes() {
                        tr class=[(place == followed).then_some("here")] {
                            th scope="row" {
                                @if latent { "the latent" } @else { "kv head " (place) }
                            }
                            td { (listed(&together(state, place))) }
                        }
                    }
                }
            }
        }
    }
}

/// What each way to share keeps.
fn kinds(state: &State) -> Markup {
    let State { heads, kind, .. } = *state;
    let all = divisors(heads).map(Kind::Grouped).chain([Kind::Latent]);
    let whole = Kind::Grouped(heads).numbers(heads).unwrap_or(1);
    html! {
        div class="scroll" {
            table class="weights" {
                caption {
                    "What one layer keeps of a token: " (heads) " query heads of " (HEAD_DIM)
                }
                thead {
                    tr { th scope="col" { "Kind" } th scope="col" { "kv heads" }
                        th scope="col" { "Numbers" } th scope="col" { "Against MHA" } }
                }
                tbody {
                    @for one in all {
                        @let numbers = one.numbers(heads).unwrap_or_default();
                        tr class=[(one == kind).then_some("here")] {
                            th scope="row" { (one.name(heads)) }
                            td { @match one {
                                Kind::Grouped(kv_heads) => (kv_heads),
                                Kind::Latent => "latent",
                            } }
                            td { (grouped(numbers)) }
                            td { (against(numbers, whole).replace(" than MHA", "").replace(" as MHA", "")) }
                        }
                    }
                }
            }
        }
    }
}
