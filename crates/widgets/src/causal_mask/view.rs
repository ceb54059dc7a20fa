//! The causal mask as HTML.

use attention::{Mask, total_variation};
use burn::tensor::{Device, Tensor, TensorData};
use maud::{Markup, html};

use super::{CausalMask, NAME, Pass};
use crate::parts::{Grid, Shown, Slider, actions, choice, legend, menu};
use crate::show::{shade, share, signed, word};
use crate::square::Rows;

/// The head's rows in the three ways of reading, and what lies between them.
struct Readings {
    words: Vec<String>,
    open: Rows,
    masked: Rows,
    one_by_one: Rows,
    /// For each row the share on later tokens when nothing is hidden.
    future: Vec<f32>,
    /// For each row the total variation distance between open and masked.
    moved: Vec<f32>,
}

impl Readings {
    fn of(mask: &CausalMask) -> Self {
        let square = mask.square();
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
pub fn whole(mask: &CausalMask) -> Markup {
    let readings = Readings::of(mask);
    html! {
        div class={ "view " (NAME) } {
            (controls(mask, &readings))
            p class="status" role="status" { (status(mask, &readings)) }
            div class="pictures" {
                (map(mask, &readings))
                (moved_table(mask, &readings))
                (row_table(mask, &readings))
            }
            (legend(match mask.state.pass {
                Pass::Open => "Each row sums to one. Nothing is hidden.",
                Pass::Masked => "Each row sums to one. An empty cell is a later token, hidden by the mask.",
                Pass::OneByOne => "A dot has not been read yet. An empty cell came later than its row.",
            }))
        }
    }
}

fn controls(mask: &CausalMask, readings: &Readings) -> Markup {
    let state = &mask.state;
    let passes = Pass::ALL.map(|pass| (pass.name(), label(pass)));
    let seq = readings.words.len();
    html! {
        div class="controls needs-script" {
            (menu("Whose scores", "scores", &mask.setup.squares.menu(), &state.scores))
            (choice("How is the text read?", NAME, "pass", &passes, state.pass.name()))
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
                }.view())
                p class="actions" {
                    button type="button" data-event="next" {
                        @if state.read < seq { "Read “" (readings.words[state.read]) "”" } @else { "Begin again" }
                    }
                }
            }
            (actions(&mask.address()))
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
fn status(mask: &CausalMask, readings: &Readings) -> String {
    let state = &mask.state;
    let token = |place: usize| format!("“{}”", readings.words[place]);
    let query = state.query;
    let later = share(readings.future[query]);
    match state.pass {
        Pass::Open => format!(
            "Nothing hidden: {} gives {later} of its attention to later tokens.",
            token(query)
        ),
        Pass::Masked => {
            let most = (0..readings.moved.len()).fold(0, |best, row| {
                if readings.moved[row] > readings.moved[best] { row } else { best }
            });
            format!(
                "With the mask, {} of the row of {} moves to what is left. The row of {} moves most, {}.",
                share(readings.moved[query]),
                token(query),
                token(most),
                share(readings.moved[most])
            )
        }
        Pass::OneByOne => {
            let difference = readings.difference(state.read);
            let equal = if difference == 0.0 {
                "exactly 0".to_owned()
            } else {
                format!("{difference:.1e}")
            };
            format!(
                "{} of {} tokens read one by one. The largest difference from the masked rows of the one pass: {equal}.",
                state.read,
                readings.words.len()
            )
        }
    }
}

/// A change of a share, with its sign: `+.29`.
fn change(by: f32) -> String {
    signed(by, 2).replacen("0.", ".", 1)
}

/// Every query against every key, as the text is read.
fn map(mask: &CausalMask, readings: &Readings) -> Markup {
    let (state, words) = (&mask.state, &readings.words);
    let whose = &mask.square().whose;
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
        let seen = match state.pass {
            Pass::Open => Some(readings.open[row][column]),
            Pass::Masked => (column <= row).then(|| readings.masked[row][column]),
            Pass::OneByOne if row < state.read => readings.one_by_one[row].get(column).copied(),
            Pass::OneByOne => None,
        };
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
fn moved_table(mask: &CausalMask, readings: &Readings) -> Markup {
    let seq = readings.words.len();
    html! {
        div class="scroll" {
            table class="weights rows" {
                caption { "What the mask does to each row, " (mask.square().whose) }
                thead {
                    tr {
                        th scope="col" { "Row" }
                        th scope="col" { "Sees" }
                        th scope="col" { "On later tokens" }
                        th scope="col" { "Moved" }
                    }
                }
                tbody {
                    @for (query, word) in readings.words.iter().enumerate() {
                        tr class=[(query == mask.state.query).then_some("chosen")] {
                            th scope="row" { (word) }
                            td { (query + 1) " of " (seq) }
                            td { (share(readings.future[query])) }
                            td class=(shade(readings.moved[query])) { (share(readings.moved[query])) }
                        }
                    }
                }
            }
        }
    }
}

/// The chosen row, without the mask and with it.
fn row_table(mask: &CausalMask, readings: &Readings) -> Markup {
    let query = mask.state.query;
    let (open, masked) = (&readings.open[query], &readings.masked[query]);
    html! {
        div class="scroll" {
            table class="weights sides" {
                caption { "The row of “" (readings.words[query]) "”, with and without the mask" }
                thead {
                    tr {
                        th scope="col" { "Token" }
                        th scope="col" { "Without" }
                        th scope="col" { "With" }
                        th scope="col" { "Change" }
                    }
                }
                tbody {
                    @for (key, word) in readings.words.iter().enumerate() {
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
