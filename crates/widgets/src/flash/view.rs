//! Flash attention as HTML. Each number is printed; shade only repeats it.

use std::ops::Range;

use attention::flash::Step;
use attention::traffic::Traffic;
use maud::{Markup, html};

use super::race::standard_is;
use super::tiles::{BROAD, SLIM, Tiles, span};
use super::work::{Row, Work};
use super::{FEWEST, Flash, State, exponents};
use crate::draw::picture::{Frame, layouts};
use crate::machine::Machine;
use crate::parts::{Grid, Shown, Slider, actions, back_next, bar, menu, play, switch};
use crate::show::{grouped, number, share, word};

/// At most so many rows and columns of a tile are printed.
const SHOWN: usize = 8;

/// So many numbers of an output are printed.
const OUTPUTS: usize = 2;

/// The whole widget.
pub(super) fn whole(widget: &Flash, state: &State) -> Markup {
    let question = html! { "Must all scores ever exist at once?" };
    let frame = Frame {
        name: Flash::NAME,
        question,
        controls: controls(state),
        picture: html! {},
        says: html! {},
        below: cutting(widget, state),
        numbers: html! {},
        actions: actions(&widget.link(state)),
    };
    let Some(work) = widget.work() else {
        return Frame { says: waiting(widget, state), ..frame }.view();
    };
    let rows = work.rows(state.step);
    let words: Vec<String> = widget.tokens(state).iter().map(|token| word(token)).collect();
    let says = status(state, work, &rows, &words);
    let label = format!("Two memories, and what travels between them. {says}");
    let tiles = Tiles { state, work, words: &words, rows: &rows, label: &label };
    Frame {
        picture: layouts(tiles.view(&BROAD), tiles.view(&SLIM)),
        says: html! { (says) },
        numbers: html! {
            (tables(widget, state, work))
            (counters(state, work))
            p class="verdict" { (verdict(work)) }
            (history(widget, state, work))
        },
        ..frame
    }
    .view()
}

/// What walks through the tiles.
fn controls(state: &State) -> Markup {
    let (last, at) = (state.tiles() - 1, state.step);
    let shown = format!("{} of {}", at + 1, last + 1);
    html! {
        (back_next(at, last, "Next tile", play("play", at == last)))
        (switch("Causal", "causal", state.causal))
        (Slider {
            label: "Tile",
            event: "step",
            min: 0.0,
            max: last as f64,
            step: 1.0,
            value: at as f64,
            shown: &shown,
            spoken: &format!("tile {shown}"),
        }.slide())
    }
}

/// Whose numbers, how many of them, and how they are cut.
fn cutting(widget: &Flash, state: &State) -> Markup {
    let setup = &widget.setup;
    let toy = (setup.toy.name.clone(), "Made-up numbers, two in a query".to_owned());
    let heads = setup.heads.iter().map(|entry| (entry.name.clone(), entry.label.clone()));
    let options: Vec<_> = heads.chain([toy]).collect();
    let most = widget.token_count(&state.numbers).unwrap_or(state.seq);
    let tokens = state.seq.to_string();
    html! {
        div class="choices needs-script" {
            (menu("Queries, keys and values", "numbers", &options, &state.numbers))
            (Slider {
                label: "Tokens",
                event: "seq",
                min: FEWEST as f64,
                max: most as f64,
                step: 1.0,
                value: state.seq as f64,
                shown: &tokens,
                spoken: &format!("{tokens} tokens"),
            }.slide())
            (block("Queries in a tile", "block-q", state.seq, state.block_q))
            (block("Keys in a tile", "block-k", state.seq, state.block_k))
        }
    }
}

/// A slider over the powers of two.
fn block(label: &str, event: &str, seq: usize, block: usize) -> Markup {
    let (least, most) = exponents(seq);
    Slider {
        label,
        event,
        min: f64::from(least),
        max: f64::from(most),
        step: 1.0,
        value: f64::from(block.ilog2()),
        shown: &block.to_string(),
        spoken: &format!("{block} {}", label.to_ascii_lowercase()),
    }
    .slide()
}

fn waiting(widget: &Flash, state: &State) -> Markup {
    html! {
        @match widget.numbers.problem() {
            Some(problem) => {
                "The numbers of this head could not be loaded: " (problem)
                ". Choose others, or try again. "
                button type="button" data-event="numbers" data-value=(state.numbers) {
                    "Try again"
                }
            }
            None => "Loading the numbers of this head…",
        }
    }
}

/// Places as the text counts them, from 0: `4 to 7`.
fn range(places: &Range<usize>) -> String {
    match places.len() {
        1 => places.start.to_string(),
        _ => format!("{} to {}", places.start, places.end - 1),
    }
}

/// What this tile has done, in words.
fn status(state: &State, work: &Work, rows: &[Row], words: &[String]) -> String {
    let at = state.step;
    let tile = &work.flash.steps[at].tile;
    let (queries, keys) = (range(&tile.queries), range(&tile.keys));
    let place = format!("Tile {} of {}", at + 1, work.flash.steps.len());
    let moved = work.so_far(at).moved();
    let traffic = match at + 1 == work.flash.steps.len() {
        true => format!(
            "{} moved, {} by standard attention. {}",
            moved.in_gb(),
            work.standard.moved().in_gb(),
            exactly(work)
        ),
        false => format!(
            "{} moved so far; after as many, standard attention {}.",
            moved.in_gb(),
            standard_is(state, work, moved.0)
        ),
    };
    if tile.skipped {
        return format!(
            "{place} is skipped: keys {keys} come after queries {queries}, so they are not even \
             read. {traffic}"
        );
    }
    format!("{place}: queries {queries} meet keys {keys}. {}. {traffic}", story(rows, words))
}

/// What happened to the largest scores, and to what was held.
fn story(rows: &[Row], words: &[String]) -> String {
    let rose = rows.iter().filter_map(|row| Some((row, row.kept.filter(|kept| *kept < 1.0)?)));
    let rose: Vec<_> = rose.collect();
    let most = rose.iter().min_by(|(_, one), (_, other)| one.total_cmp(other));
    match (rows.first().and_then(|row| row.kept), most) {
        (None, _) => "Each maximum is the first".to_owned(),
        (_, None) => "No maximum rises, so nothing is scaled down".to_owned(),
        (_, Some((row, kept))) => format!(
            "The maximum rises for {} of {}: what “{}” held shrinks to {} of itself",
            rose.len(),
            rows.len(),
            words[row.query],
            share(*kept)
        ),
    }
}

/// How far the result is from that of plain attention. A browser adds up in another order than
/// the machine that built the page, so below a millionth no digits are given here.
fn verdict(work: &Work) -> String {
    let far = match work.difference.relative {
        relative if relative < 1e-6 => "less than a millionth".to_owned(),
        relative => format!("{relative:.1e}"),
    };
    format!(
        "In the end the largest difference from plain attention is {far} of the largest number."
    )
}

/// The same, digit by digit, once the last tile is done.
fn exactly(work: &Work) -> String {
    let difference = work.difference;
    match difference.ulps {
        0 => "The output is that of plain attention, bit for bit.".to_owned(),
        ulps => format!(
            "No number of the output is more than {} from that of plain attention; the largest \
             distance is {:.1e} of the largest number.",
            units(ulps),
            difference.relative
        ),
    }
}

fn units(ulps: u32) -> String {
    match ulps {
        1 => "1 unit in the last place".to_owned(),
        ulps => format!("{} units in the last place", grouped(ulps.into())),
    }
}

/// The map of tiles, the tile in SRAM, and what its queries carry along.
fn tables(widget: &Flash, state: &State, work: &Work) -> Markup {
    let step = &work.flash.steps[state.step];
    html! {
        div class="pictures" {
            div {
                (map(state, work))
                p class="legend" {
                    span { "● in SRAM now" }
                    span { "✓ done and forgotten" }
                    span { "× skipped" }
                }
            }
            @if !step.tile.skipped { (tile(widget, state, work, step)) }
        }
        (carried(widget, state, &work.rows(state.step)))
    }
}

/// The score matrix that never exists, tile by tile.
fn map(state: &State, work: &Work) -> Markup {
    let (rows, columns) = state.blocks();
    let steps = &work.flash.steps;
    let names = |count: usize, places: &dyn Fn(usize) -> Range<usize>| -> Vec<String> {
        (0..count).map(|at| span(&places(at))).collect()
    };
    let row_names = names(rows, &|row| steps[row * columns].tile.queries.clone());
    let column_names = names(columns, &|column| steps[column].tile.keys.clone());
    let grid = Grid {
        label: "The tiles of the score matrix: a row for each block of queries, a column for each \
                block of keys",
        corner: "queries, keys",
        rows: &row_names,
        columns: &column_names,
        stop: state.cell(),
        chosen: Some(state.cell().0),
        keys: "tile-key",
        press: "tile",
    };
    grid.view(|row, column| {
        cell(&steps[row * columns + column], row * columns + column, state.step)
    })
}

fn cell(step: &Step, at: usize, now: usize) -> Shown {
    let tile = &step.tile;
    let place = format!("queries {}, keys {}", range(&tile.queries), range(&tile.keys));
    let (text, class, state) = match at {
        at if at == now && tile.skipped => ("×", "hidden-key now", "now, and skipped"),
        at if at == now => ("●", "shade-60 now", "in SRAM now"),
        _ if tile.skipped => ("×", "hidden-key", "skipped"),
        at if at < now => ("✓", "shade-20", "done and forgotten"),
        _ => ("", "hidden-key", "not read yet"),
    };
    Shown { text: text.into(), class: class.into(), name: format!("{place}: {state}") }
}

/// The scores of the tile that is in SRAM.
fn tile(widget: &Flash, state: &State, work: &Work, step: &Step) -> Markup {
    let tokens = widget.tokens(state);
    let (queries, keys) = (&step.tile.queries, &step.tile.keys);
    let (rows, columns) = (few(queries), few(keys));
    let all = queries.len() <= SHOWN && keys.len() <= SHOWN;
    html! {
        div class="scroll" {
            table class="weights" {
                caption {
                    "Scores in SRAM: " (queries.len()) " by " (keys.len())
                    @if !all { ", of which the first " (rows.len()) " by " (columns.len()) }
                }
                thead {
                    tr {
                        th scope="col" { "query, key" }
                        @for key in columns.clone() { th scope="col" { (word(&tokens[key])) } }
                    }
                }
                tbody {
                    @for query in rows {
                        tr {
                            th scope="row" { (word(&tokens[query])) }
                            @for key in columns.clone() {
                                td { (number(work.scores[query * state.seq + key], 2)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The first few of some places.
fn few(places: &Range<usize>) -> Range<usize> {
    places.start..places.end.min(places.start + SHOWN)
}

/// What a block of queries carries along: `m`, `l` and `O`.
fn carried(widget: &Flash, state: &State, rows: &[Row]) -> Markup {
    let tokens = widget.tokens(state);
    let shown = &rows[..rows.len().min(SHOWN)];
    html! {
        div class="scroll" tabindex="0" role="group" aria-label="What the queries carry" {
            table class="weights" {
                caption {
                    "What the queries carry along, after this tile"
                    @if shown.len() < rows.len() {
                        " (the first " (shown.len()) " of " (rows.len()) ")"
                    }
                }
                thead { (headings("Query")) }
                tbody { @for row in shown { (line(&word(&tokens[row.query]), row)) } }
            }
        }
    }
}

fn headings(first: &str) -> Markup {
    html! {
        tr {
            th scope="col" { (first) }
            th scope="col" { i { "m" } ", largest" }
            th scope="col" { "older sums times" }
            th scope="col" { i { "l" } ", sum" }
            th scope="col" { i { "O" } ", mixed" }
            th scope="col" { i { "O" } " / " i { "l" } }
        }
    }
}

fn line(first: &str, row: &Row) -> Markup {
    let list = |numbers: &[f32]| {
        let shown = numbers.iter().take(OUTPUTS).map(|it| number(*it, 2));
        let rest = (numbers.len() > OUTPUTS).then(|| "…".to_owned());
        shown.chain(rest).collect::<Vec<_>>().join(", ")
    };
    html! {
        tr {
            th scope="row" { (first) }
            td { (number(row.largest, 2)) }
            td { @match row.kept { Some(kept) => (share(kept)), None => "–" } }
            td { (number(row.total, 2)) }
            td { (list(&row.output)) }
            td { (list(&row.mixed)) }
        }
    }
}

/// Bytes and operations so far, beside those of standard attention.
fn counters(state: &State, work: &Work) -> Markup {
    let (at, whole, standard) = (state.step, &work.flash.traffic, &work.standard);
    let last = work.flash.steps.len() - 1;
    let (rows, columns) = (state.block_q.min(state.seq), state.block_k.min(state.seq));
    let lines = [
        ("Flash, so far", work.so_far(at), rows * columns, work.skipped(at)),
        ("Flash, in the end", *whole, rows * columns, work.skipped(last)),
        ("Standard", *standard, state.seq * state.seq, 0),
    ];
    let most = whole.moved().0.max(standard.moved().0) as f32;
    let part = |traffic: &Traffic| traffic.moved().0 as f32 / most;
    html! {
        div class="scroll" tabindex="0" role="group" aria-label="Traffic" {
            table class="weights" {
                caption { "Between HBM and SRAM, counted as the function runs, in f32" }
                thead {
                    tr {
                        @for name in ["", "read", "written", "moved"] {
                            @if name.is_empty() { td {} } @else { th scope="col" { (name) } }
                        }
                        td class="bars" {}
                        @for name in ["operations", "scores at once", "tiles skipped"] {
                            th scope="col" { (name) }
                        }
                    }
                }
                tbody {
                    @for (name, traffic, scores, skipped) in &lines {
                        tr {
                            th scope="row" { (name) }
                            td { (traffic.read.in_gb()) }
                            td { (traffic.written.in_gb()) }
                            td { (traffic.moved().in_gb()) }
                            td class="bars" { (bar(part(traffic))) }
                            td { (grouped(traffic.flops.0)) }
                            td { (grouped(*scores as u64)) }
                            td { (skipped) }
                        }
                    }
                }
            }
        }
    }
}

/// The last query on its way through the tiles: for paper, and for a page without scripts.
fn history(widget: &Flash, state: &State, work: &Work) -> Markup {
    let columns = state.blocks().1;
    let tiles = work.flash.steps.len() - columns..work.flash.steps.len();
    let last = state.seq - 1;
    let token = widget.tokens(state).get(last).map_or(String::new(), |token| word(token));
    html! {
        div class="every-step" {
            div class="scroll" {
                table class="weights" {
                    caption { "The last query, “" (token) "”, after each of its tiles" }
                    thead { (headings("Keys")) }
                    tbody {
                        @for at in tiles {
                            @if let Some(row) = work.rows(at).last() {
                                (line(&range(&work.flash.steps[at].tile.keys), row))
                            }
                        }
                    }
                }
            }
        }
    }
}
