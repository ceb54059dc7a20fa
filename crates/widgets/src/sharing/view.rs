//! The sharing as HTML: a picture, the same as a table, and what each kind keeps.

use maud::{Markup, html};

use super::{HEAD_DIM, Kind, MOST_HEADS, Sharing, State, divisors};
use crate::machine::Machine;
use crate::parts::{Slider, actions, menu, places};
use crate::show::grouped;

/// The whole widget.
pub(super) fn whole(state: &State) -> Markup {
    html! {
        div class="view sharing" {
            (controls(state))
            p class="status" role="status" { (status(state)) }
            (picture(state))
            div class="pictures" {
                (readers(state))
                (kinds(state))
            }
        }
    }
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
    html! {
        div class="controls needs-script" {
            (slider.view())
            (places("Follow query head", "head", head as usize, heads as usize))
            (menu("Key and value heads", "share", &options, &kind.short()))
            (actions(&Sharing.link(state)))
        }
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

/// The width that a head has in the picture.
const STEP: u64 = 40;

fn centre(place: u64, count: u64, heads: u64) -> u64 {
    (2 * place + 1) * heads * STEP / (2 * count)
}

/// Query heads above, keys and values below, a line from each head to what it reads. The table
/// below says the same.
fn picture(state: &State) -> Markup {
    let State { heads, kind, head } = *state;
    let boxes = state.boxes();
    let read_by = |head| state.read_by(head).unwrap_or_default();
    let followed = read_by(head);
    let label = if kind == Kind::Latent { "c" } else { "kv" };
    html! {
        div class="heads-picture" aria-hidden="true" {
            svg viewBox=(format!("0 0 {} 150", heads * STEP)) {
                @for place in 0..heads {
                    line x1=(centre(place, heads, heads)) y1="40"
                        x2=(centre(read_by(place), boxes, heads)) y2="110"
                        class=[(place == head).then_some("own")] {}
                }
                @for place in 0..heads {
                    @let x = centre(place, heads, heads);
                    g class=(if place == head { "query own" } else { "query" }) {
                        circle cx=(x) cy="22" r="17" {}
                        text x=(x) y="27" text-anchor="middle" { "q" (place) }
                    }
                }
                @for place in 0..boxes {
                    @let x = centre(place, boxes, heads);
                    g class=(if place == followed { "stored own" } else { "stored" }) {
                        rect x=(x.saturating_sub(18)) y="110" width="36" height="34" rx="4" {}
                        text x=(x) y="132" text-anchor="middle" {
                            (label) @if kind != Kind::Latent { (place) }
                        }
                    }
                }
            }
        }
    }
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
