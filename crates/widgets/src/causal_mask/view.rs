//! The causal mask as HTML.

use attention::{Mask, total_variation};
use burn::tensor::{Device, Tensor, TensorData};
use maud::{Markup, html};

use super::picture::Picture;
use super::{CausalMask, Pass, State};
use crate::draw::picture::{Frame, layouts};
use crate::machine::Machine;
use crate::parts::{Grid, Shown, Slider, actions, chips, legend, menu};
use crate::show::{shade, share, signed, word};
use crate::square::Rows;

/// The head's rows in the three ways of reading, and what lies between them.
pub(super) struct Weights {
    /// The words as they are printed.
    pub(super) words: Vec<String>,
    open: Rows,
    masked: Rows,
    one_by_one: Rows,
    /// For each row the share on later tokens when nothing is hidden.
    pub(super) future: Vec<f32>,
    /// For each row the total variation distance between open and masked.
    moved: Vec<f32>,
}

impl Weights {
    fn of(mask: &CausalMask, state: &State) -> Self {
        let square = mask.square(state);
        let open = square.steps(Mask::Full).weights;
        let masked = square.steps(Mask::Causal).weights;
        let later = |(query, row): (usize, &Vec<f32>)| {
            row[query + 1..].iter().fold(0.0, |sum, weight| sum + weight)
        };
        Self {
            words: square.tokens.iter().map(|token| word(token)).collect(),
            one_by_one: square.weights_one_by_one(),
            future: open.iter().enumerate().map(later).collect(),
            moved: distances(&open, &masked),
            open,
            masked,
        }
    }

    /// What a query gives to a key, as the text is read. `None` where it cannot look.
    pub(super) fn seen(&self, state: &State, row: usize, column: usize) -> Option<f32> {
        match state.pass {
            Pass::Open => Some(self.open[row][column]),
            Pass::Masked => (column <= row).then(|| self.masked[row][column]),
            Pass::OneByOne if row < state.read => self.one_by_one[row].get(column).copied(),
            Pass::OneByOne => None,
        }
    }

    /// The largest difference between rows read at once and rows read one by one.
    fn difference(&self, read: usize) -> f32 {
        let pairs = self.masked.iter().zip(&self.one_by_one).take(read);
        let numbers = pairs.flat_map(|(at_once, alone)| at_once.iter().zip(alone));
        numbers.map(|(one, other)| (one - other).abs()).fold(0.0, f32::max)
    }
}

/// How far each row of one is from that of the other.
fn distances(one: &Rows, other: &Rows) -> Vec<f32> {
    let seq = one.len();
    let tensor = |rows: &Rows| {
        Tensor::<2>::from_data(TensorData::new(rows.concat(), [seq, seq]), &Device::flex())
    };
    let distances =
        total_variation(tensor(one), tensor(other), 1).expect("two squares of one size");
    distances.into_data().iter().collect()
}

/// The whole widget.
pub(super) fn whole(mask: &CausalMask, state: &State) -> Markup {
    let weights = Weights::of(mask, state);
    let picture = Picture { weights: &weights, state };
    Frame {
        name: CausalMask::NAME,
        question: html! { "What does each token see, and what does the mask take from it?" },
        controls: controls(mask, state, &weights),
        picture: layouts(picture.wide(), picture.narrow()),
        says: html! { (status(state, &weights)) },
        below: html! {},
        numbers: html! {
            (moved_table(mask, state, &weights))
            (row_table(state, &weights))
            (map(mask, state, &weights))
            (legend(match state.pass {
                Pass::Open => "Each row sums to one. Nothing is hidden.",
                Pass::Masked => "Each row sums to one. An empty cell is a later token, hidden by the mask.",
                Pass::OneByOne => "A dot has not been read yet. An empty cell came later than its row.",
            }))
        },
        actions: actions(&mask.link(state)),
    }
    .view()
}

fn controls(mask: &CausalMask, state: &State, weights: &Weights) -> Markup {
    let passes = Pass::ALL.map(|pass| (pass.name().to_owned(), label(pass).to_owned()));
    let seq = weights.words.len();
    html! {
        (menu("Whose scores", "scores", &mask.squares.menu(), &state.scores))
        (chips("Read", CausalMask::NAME, "pass", &passes, state.pass.name()))
        @if state.pass == Pass::OneByOne {
            (Slider {
                label: "Tokens read",
                event: "read",
                min: 1.0,
                max: seq as f64,
                step: 1.0,
                value: state.read as f64,
                shown: &format!("{} of {seq}", state.read),
                spoken: &format!("{} of {seq} tokens read", state.read),
            }.slide())
            button type="button" data-event="next" {
                @if state.read < seq { "Read “" (weights.words[state.read]) "”" } @else { "Begin again" }
            }
        }
    }
}

fn label(pass: Pass) -> &'static str {
    match pass {
        Pass::Open => "At once, nothing hidden",
        Pass::Masked => "At once, with the mask",
        Pass::OneByOne => "One by one",
    }
}

/// What the chosen way of reading does to the rows, in a sentence or two.
fn status(state: &State, weights: &Weights) -> String {
    let token = |place: usize| format!("“{}”", weights.words[place]);
    let query = state.query;
    let later = share(weights.future[query]);
    match state.pass {
        Pass::Open => format!(
            "Nothing hidden: {} gives {later} of its attention to later tokens.",
            token(query)
        ),
        Pass::Masked => {
            let most = (0..weights.moved.len()).fold(0, |best, row| {
                if weights.moved[row] > weights.moved[best] { row } else { best }
            });
            format!(
                "With the mask, {} of the row of {} moves to what is left. The row of {} moves most, {}.",
                share(weights.moved[query]),
                token(query),
                token(most),
                share(weights.moved[most])
            )
        }
        Pass::OneByOne => {
            let difference = weights.difference(state.read);
            let equal = if difference == 0.0 {
                "exactly 0".to_owned()
            } else {
                format!("{difference:.1e}")
            };
            format!(
                "{} of {} tokens read one by one. The largest difference from the masked rows of the one pass: {equal}.",
                state.read,
                weights.words.len()
            )
        }
    }
}

/// A change of a share, with its sign: `+.29`.
fn change(by: f32) -> String {
    signed(by, 2).replacen("0.", ".", 1)
}

/// Every query against every key, as the text is read.
fn map(mask: &CausalMask, state: &State, weights: &Weights) -> Markup {
    let words = &weights.words;
    let whose = &mask.square(state).whose;
    let grid = Grid {
        label: &format!(
            "Attention weights, {whose}: a row for each token that looks, a column for each that is looked at"
        ),
        corner: "looks at",
        rows: words,
        columns: words,
        stop: state.cell,
        chosen: Some(state.query),
        keys: "key",
        press: "cell",
    };
    grid.view(|row, column| {
        let (query, key) = (&words[row], &words[column]);
        let seen = weights.seen(state, row, column);
        let unread = state.pass == Pass::OneByOne && row.max(column) >= state.read;
        match seen {
            Some(weight) => {
                Shown::share(Some(weight), format!("{query} looks at {key}: {}", share(weight)))
            }
            None if unread => Shown {
                text: "·".to_owned(),
                class: "hidden-key".to_owned(),
                name: format!("{query} to {key}: not read yet"),
            },
            None => Shown::share(None, format!("{query} cannot look at {key}: it comes later")),
        }
    })
}

/// What each row loses, in the order of the text.
fn moved_table(mask: &CausalMask, state: &State, weights: &Weights) -> Markup {
    let seq = weights.words.len();
    html! {
        div class="scroll" {
            table class="weights rows" {
                caption { "What the mask does to each row, " (mask.square(state).whose) }
                thead {
                    tr {
                        th scope="col" { "Row" }
                        th scope="col" { "Sees" }
                        th scope="col" { "On later tokens" }
                        th scope="col" { "Moved" }
                    }
                }
                tbody {
                    @for (query, word) in weights.words.iter().enumerate() {
                        tr class=[(query == state.query).then_some("chosen")] {
                            th scope="row" { (word) }
                            td { (query + 1) " of " (seq) }
                            td { (share(weights.future[query])) }
                            td class=(shade(weights.moved[query])) { (share(weights.moved[query])) }
                        }
                    }
                }
            }
        }
    }
}

/// The chosen row, without the mask and with it.
fn row_table(state: &State, weights: &Weights) -> Markup {
    let query = state.query;
    let (open, masked) = (&weights.open[query], &weights.masked[query]);
    html! {
        div class="scroll" {
            table class="weights sides" {
                caption { "The row of “" (weights.words[query]) "”, with and without the mask" }
                thead {
                    tr {
                        th scope="col" { "Token" }
                        th scope="col" { "Without" }
                        th scope="col" { "With" }
                        th scope="col" { "Change" }
                    }
                }
                tbody {
                    @for (key, word) in weights.words.iter().enumerate() {
                        tr {
                            th scope="row" { (word) }
                            td class=(shade(open[key])) { (share(open[key])) }
                            @if key <= query {
                                td class=(shade(masked[key])) { (share(masked[key])) }
                            } @else {
                                td class="hidden-key" { "hidden" }
                            }
                            td { (change(masked[key] - open[key])) }
                        }
                    }
                }
                tfoot {
                    tr {
                        th scope="row" { "Sum" }
                        td { (share(open.iter().sum())) }
                        td { (share(masked.iter().sum())) }
                        td {}
                    }
                }
            }
        }
    }
}
