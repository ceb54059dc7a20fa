//! The large picture in its frame.

use maud::{Markup, html};

use super::part::{About, CHAPTERS, Part};
use super::pieces::Pieces;
use super::{State, Transformer, WHOLE};
use crate::draw::picture::{Frame, layouts};
use crate::machine::Machine;
use crate::parts::{actions, menu};
use crate::show::{share, word};

/// What the picture says when no part is chosen.
const THREE: &str = "Every part reads a rail and adds to it. Rails meet in attention, and nowhere \
                     else. One run makes one token, so a text takes many runs.";

/// The whole widget.
pub(super) fn whole(widget: &Transformer, state: &State) -> Markup {
    let setup = &widget.setup;
    let about = state.here().map(|part| part.about(setup));
    let pieces = Pieces { setup, state };
    Frame {
        name: Transformer::NAME,
        question: html! { "What happens between a text and its next token?" },
        controls: controls(widget, state),
        picture: html! {
            (layouts(pieces.wide(), pieces.narrow()))
            (name(about.as_ref()))
        },
        says: html! { (about.as_ref().map_or(THREE, |about| &about.does)) },
        below: html! {},
        numbers: html! { (parts(widget)) (map(widget)) (next(widget)) },
        actions: actions(&widget.link(state)),
    }
    .view()
}

/// All parts as a menu: the same as a press in the picture, for a finger too.
fn controls(widget: &Transformer, state: &State) -> Markup {
    let option = |part: Part| (part.id().to_owned(), part.about(&widget.setup).name.to_owned());
    let whole = (WHOLE.to_owned(), "the whole".to_owned());
    let options: Vec<_> = [whole].into_iter().chain(Part::ALL.map(option)).collect();
    menu("Part", "part", &options, state.part.map_or(WHOLE, Part::id))
}

/// The name of the part that is told about, its shape, and its chapter.
fn name(about: Option<&About>) -> Markup {
    html! {
        p class="part-name" {
            @match about {
                Some(about) => {
                    b { (about.name) } " " span class="part-shape" { (about.shape) } " "
                    (chapter(about, "It has no chapter of its own."))
                }
                None => { b { "Three things to see" } }
            }
        }
    }
}

/// A link to the chapter that explains a part.
fn chapter(about: &About, none: &str) -> Markup {
    let chapter = about.chapter.and_then(|number| Some((number, CHAPTERS.get(number - 1)?)));
    html! {
        @match chapter {
            Some((number, (page, title))) => a href={ (page) ".html" } { "Chapter " (number) ": " (title) },
            None => span class="part-shape" { (none) },
        }
    }
}

fn parts(widget: &Transformer) -> Markup {
    html! {
        div class="scroll" {
            table class="parts" {
                caption { "All parts, with their shapes in " (widget.setup.model) ". A text has n tokens." }
                thead { tr { @for head in ["Part", "Shape", "What it does", "Chapter"] { th scope="col" { (head) } } } }
                tbody {
                    @for part in Part::ALL {
                        @let about = part.about(&widget.setup);
                        tr { th scope="row" { (about.name) } td { (about.shape) } td { (about.does) } td { (chapter(&about, "")) } }
                    }
                }
            }
        }
    }
}

/// The map that the picture shows as shades.
fn map(widget: &Transformer) -> Markup {
    let setup = &widget.setup;
    let (layer, head) = (setup.map.layer, setup.map.head);
    html! {
        div class="scroll" {
            table class="weights" {
                caption { "The attention weights of layer " (layer) ", head " (head) ": a row for each token that looks" }
                thead { tr {
                    th scope="col" { "Token" } th scope="col" { "Number" }
                    @for (text, _) in &setup.tokens { th scope="col" { (word(text)) } }
                } }
                tbody {
                    @for (row, (text, id)) in setup.tokens.iter().enumerate() {
                        tr {
                            th scope="row" { (word(text)) } td { (id) }
                            @for key in 0..setup.tokens.len() {
                                td { (setup.map.weights[row].get(key).map_or(String::new(), |weight| share(*weight))) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn next(widget: &Transformer) -> Markup {
    html! {
        div class="scroll" {
            table class="weights" {
                caption { "The likeliest next tokens" }
                thead { tr { th scope="col" { "Token" } th scope="col" { "Share" } } }
                tbody {
                    @for (text, chance) in &widget.setup.next {
                        tr { th scope="row" { (word(text)) } td { (share(*chance)) } }
                    }
                }
            }
        }
    }
}

/// Why there is no picture.
pub(super) fn missing(missing: &str) -> Markup {
    html! { div class="view transformer" { p class="status" role="status" { (missing) } } }
}
