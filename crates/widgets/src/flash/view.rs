//! The flash stepper as HTML. Each number is printed; shade only repeats it.

use attention::flash::Step;
use attention::units::Bytes;
use maud::{Markup, html};

use super::{FEWEST, FlashStepper};
use crate::parts::{Grid, Shown, Slider, actions, menu, switch};
use crate::show::word;

/// How many numbers of an output row are printed.
const SHOWN: usize = 4;

/// The whole widget.
pub fn whole(widget: &FlashStepper) -> Markup {
    let step = &widget.work.flash.steps[widget.state.step];
    html! {
        div class="view flash" {
            (controls(widget))
            p class="status" role="status" { (status(widget, step)) }
            div class="pictures" {
                (map(widget, step))
                (running(widget, step))
            }
            (counters(widget, step))
        }
    }
}

fn controls(widget: &FlashStepper) -> Markup {
    let state = &widget.state;
    let options: Vec<_> = widget
        .setup
        .numbers
        .iter()
        .enumerate()
        .map(|(place, numbers)| (place.to_string(), numbers.label.clone()))
        .collect();
    let tokens = widget.numbers().tokens.len();
    let last = widget.steps() - 1;
    html! {
        div class="controls needs-script" {
            (menu("Numbers", "numbers", &options, &state.numbers.to_string()))
            (size("Tokens", "seq", FEWEST, tokens, state.seq))
            (switch("Causal: hide the future", "causal", state.causal))
            (size("Queries in a tile", "block_q", 1, state.seq, state.block_q))
            (size("Keys in a tile", "block_k", 1, state.seq, state.block_k))
            div class="wide" {
                (Slider {
                    label: "Tile",
                    event: "step",
                    min: 0.0,
                    max: last as f64,
                    step: 1.0,
                    value: state.step as f64,
                    shown: &format!("{} of {}", state.step + 1, last + 1),
                    spoken: &format!("tile {} of {}", state.step + 1, last + 1),
                }.view())
            }
            p class="actions" {
                button type="button" data-event="back" aria-disabled=[(state.step == 0).then_some("true")] { "Back" }
                button type="button" data-event="next" aria-disabled=[(state.step == last).then_some("true")] { "Next tile" }
            }
            (actions(&widget.address()))
        }
    }
}

fn size(label: &str, event: &str, min: usize, max: usize, value: usize) -> Markup {
    Slider {
        label,
        event,
        min: min as f64,
        max: max as f64,
        step: 1.0,
        value: value as f64,
        shown: &value.to_string(),
        spoken: &format!("{value} {}", label.to_lowercase()),
    }
    .view()
}

/// A range of tokens, as the text counts them: from 0.
fn range(places: &std::ops::Range<usize>) -> String {
    match places.len() {
        1 => places.start.to_string(),
        _ => format!("{} to {}", places.start, places.end - 1),
    }
}

/// What this tile has done.
fn status(widget: &FlashStepper, step: &Step) -> String {
    let tile = &step.tile;
    let (queries, keys) = (range(&tile.queries), range(&tile.keys));
    let at = format!("Tile {} of {}", widget.state.step + 1, widget.steps());
    let moved = step.traffic.moved().in_gib();
    if tile.skipped {
        return format!(
            "{at}: skipped. Keys {keys} come after queries {queries}, so nothing is read. \
             Still {moved} moved."
        );
    }
    let mut text = format!("{at}: queries {queries} meet keys {keys}. {moved} moved so far.");
    if widget.state.step + 1 == widget.steps() {
        text += &format!(" {}", verdict(widget));
    }
    text
}

/// How far the result is from that of plain attention.
fn verdict(widget: &FlashStepper) -> String {
    let difference = widget.work.difference;
    match difference.ulps {
        0 => "The output is that of plain attention, bit for bit.".to_owned(),
        ulps => format!(
            "The output differs from that of plain attention by {ulps} units in the last place at most, \
             or {:.1e} of its largest number.",
            difference.relative
        ),
    }
}

/// The score matrix that never exists: which part of it is in SRAM now.
fn map(widget: &FlashStepper, step: &Step) -> Markup {
    let seq = widget.state.seq;
    let words: Vec<String> = widget.numbers().tokens[..seq].iter().map(|it| word(it)).collect();
    let grid = Grid {
        label: "The scores, a row for each query and a column for each key: the tile in SRAM holds numbers",
        corner: "query, key",
        rows: &words,
        columns: &words,
        stop: widget.state.cell,
        chosen: None,
        keys: "key",
        press: "cell",
    };
    grid.view(|row, column| cell(widget, step, (row, column), (&words[row], &words[column])))
}

fn cell(
    widget: &FlashStepper,
    step: &Step,
    (row, column): (usize, usize),
    (query, key): (&str, &str),
) -> Shown {
    let score = widget.work.scores[row * widget.state.seq + column];
    let place = widget.tile_of((row, column)).unwrap_or(0);
    let names = format!("query {query}, key {key}");
    let shown = |text: String, class: &str, name: String| Shown { text, class: class.into(), name };
    if widget.work.flash.steps[place].tile.skipped {
        return shown("×".into(), "hidden-key", format!("{names}: in a tile that is skipped"));
    }
    if step.tile.queries.contains(&row) && step.tile.keys.contains(&column) {
        let text = if score.is_finite() { format!("{score:.1}") } else { "−∞".to_owned() };
        let name = format!("{names}: in SRAM now, score {text}");
        return shown(text, "shade-60", name);
    }
    match place < widget.state.step {
        true => shown("·".into(), "shade-20", format!("{names}: seen and forgotten")),
        false => shown(String::new(), "hidden-key", format!("{names}: not read yet")),
    }
}

/// What a block of queries carries along: `m`, `l` and `O`.
fn running(widget: &FlashStepper, step: &Step) -> Markup {
    let list = |tensor: &burn::tensor::Tensor<4>| -> Vec<f32> { tensor.to_data().iter().collect() };
    let (largest, total) = (list(&step.softmax.largest), list(&step.softmax.total));
    let mixed = list(&step.softmax.normalise(step.output.clone()));
    let output = list(&step.output);
    let width = widget.numbers().head_dim;
    let shown = width.min(SHOWN);
    let rest = if width > shown { ", …" } else { "" };
    let few = |numbers: &[f32], row: usize| {
        let numbers: Vec<String> =
            numbers[row * width..row * width + shown].iter().map(|it| format!("{it:.2}")).collect();
        numbers.join(", ") + rest
    };
    html! {
        div class="scroll" {
            table class="weights" {
                caption { "In SRAM for the queries at hand, after this tile" }
                thead {
                    tr {
                        th scope="col" { "Query" }
                        th scope="col" { i { "m" } ", largest" }
                        th scope="col" { i { "l" } ", sum" }
                        th scope="col" { i { "O" } ", mixed so far" }
                        th scope="col" { i { "O" } " / " i { "l" } }
                    }
                }
                tbody {
                    @for (row, query) in step.tile.queries.clone().enumerate() {
                        tr {
                            th scope="row" { (word(&widget.numbers().tokens[query])) }
                            td { @if largest[row].is_finite() { (format!("{:.2}", largest[row])) } @else { "−∞" } }
                            td { (format!("{:.2}", total[row])) }
                            td { (few(&output, row)) }
                            td { (few(&mixed, row)) }
                        }
                    }
                }
            }
        }
    }
}

/// Bytes and operations so far, beside those of standard attention.
fn counters(widget: &FlashStepper, step: &Step) -> Markup {
    let (whole, standard) = (&widget.work.flash.traffic, &widget.work.standard);
    let skipped = widget.work.flash.steps.iter().filter(|it| it.tile.skipped).count();
    let bytes = |bytes: Bytes| bytes.in_gib();
    let matrix = widget.state.seq * widget.state.seq;
    html! {
        div class="scroll" {
            table class="weights counters" {
                caption { "Counted as the function runs, in f32" }
                thead {
                    tr {
                        th scope="col" { "" }
                        th scope="col" { "Flash, so far" }
                        th scope="col" { "Flash, in the end" }
                        th scope="col" { "Standard" }
                    }
                }
                tbody {
                    tr {
                        th scope="row" { "Read from HBM" }
                        td { (bytes(step.traffic.read)) } td { (bytes(whole.read)) } td { (bytes(standard.read)) }
                    }
                    tr {
                        th scope="row" { "Written to HBM" }
                        td { (bytes(step.traffic.written)) } td { (bytes(whole.written)) } td { (bytes(standard.written)) }
                    }
                    tr {
                        th scope="row" { "Operations in matrix products" }
                        td { (step.traffic.flops.0) } td { (whole.flops.0) } td { (standard.flops.0) }
                    }
                    tr {
                        th scope="row" { "Scores held at once" }
                        td { (step.tile.queries.len() * step.tile.keys.len()) }
                        td { (widget.state.block_q * widget.state.block_k) }
                        td { (matrix) }
                    }
                    tr {
                        th scope="row" { "Tiles skipped" }
                        td { (widget.work.flash.steps[..=widget.state.step].iter().filter(|it| it.tile.skipped).count()) }
                        td { (skipped) }
                        td { "–" }
                    }
                }
            }
        }
        p class="verdict" { (verdict(widget)) }
    }
}
