//! A text of the reader's own, which the real model reads in the page.
//!
//! The model runs in a worker, from a module of its own: see the crate `reader`. What it makes of
//! a text comes here as a [`Reading`], and each widget takes from it what it shows.

use maud::{Markup, html};
use reading::Reading;

use crate::Error;
use crate::flash::{self, Numbers};
use crate::gallery::Sentence;
use crate::next_token::NextToken;
use crate::readings::{Entry, Gallery};
use crate::show::{grouped, word};
use crate::square::{Square, Squares};
use crate::stepper::real::{Place, RealHead};
use crate::token_kind;

/// What a widget calls the reader's text: its name in menus.
pub const NAME: &str = "own";

/// The most memory that the model takes in a page, in bytes: a test of the page measures it.
pub const MEMORY: u64 = 200_000_000;

/// The widgets that take a text.
pub const TAKERS: [&str; 7] = [
    crate::spotlight::NAME,
    crate::stepper::NAME,
    crate::score_matrix::NAME,
    crate::temperature::NAME,
    crate::heads::NAME,
    crate::causal_mask::NAME,
    crate::flash::NAME,
];

/// The widget for which a text is read once more, one token after the other. It takes longer.
const ONE_BY_ONE: &str = crate::causal_mask::NAME;

/// The text as a sentence of the gallery, if the model is the gallery's.
///
/// # Errors
/// [`Error::Gallery`] when it has other layers or heads.
pub(crate) fn sentence(reading: &Reading, gallery: &Gallery) -> Result<(Entry, Sentence), Error> {
    let (layers, heads) = (gallery.layers, gallery.heads);
    if (reading.layers, reading.heads) != (layers, heads) {
        let reason = format!("the model has not {layers} layers of {heads} heads");
        return Err(Error::Gallery { reason });
    }
    let seq = reading.tokens.len();
    let rows = reading.scores.chunks(seq).enumerate();
    let sentence = Sentence {
        name: NAME.to_owned(),
        text: reading.text.clone(),
        tokens: reading.tokens.clone(),
        layers,
        heads,
        scores: rows.flat_map(|(row, keys)| &keys[..=row % seq]).copied().collect(),
    };
    let entry =
        Entry { name: NAME.to_owned(), text: reading.text.clone(), query: seq - 1, tokens: seq };
    Ok((entry, sentence))
}

/// What comes after the text.
pub(crate) fn next_token(reading: &Reading) -> NextToken {
    NextToken {
        name: NAME.to_owned(),
        text: reading.text.clone(),
        named: reading.named.clone(),
        logits: reading.logits.clone(),
    }
}

/// One head at work on the text.
///
/// # Errors
/// [`Error::Gallery`] when the model has no such head.
pub(crate) fn head(reading: &Reading, layer: usize, head: usize) -> Result<RealHead, Error> {
    has(reading, layer, head)?;
    let group = reading.heads / reading.kv_heads;
    let kv_head = head / group;
    let size = reading.tokens.len() * reading.head_dim;
    let part = |numbers: &[f32], place: usize| numbers[place * size..(place + 1) * size].to_vec();
    let shared = layer * reading.kv_heads + kv_head;
    Ok(RealHead {
        place: Place { text: reading.text.clone(), layer, head },
        tokens: reading.tokens.clone(),
        head_dim: reading.head_dim,
        d_model: reading.d_model,
        kv_head,
        shared_by: (kv_head * group..(kv_head + 1) * group).collect(),
        query: part(&reading.query, layer * reading.heads + head),
        key: part(&reading.key, shared),
        value: part(&reading.value, shared),
    })
}

/// One head's numbers, ready for attention, and its line of the menu.
///
/// # Errors
/// [`Error::Short`] when the text is too short to be cut, [`Error::Gallery`] when the model has no
/// such head or its numbers are not sound.
pub(crate) fn numbers(
    reading: &Reading,
    layer: usize,
    place: usize,
) -> Result<(flash::Entry, Numbers), Error> {
    let (tokens, fewest) = (reading.tokens.len(), flash::FEWEST);
    if tokens < fewest {
        return Err(Error::Short { tokens, fewest });
    }
    let RealHead { head_dim, query, key, value, .. } = head(reading, layer, place)?;
    let name = format!("{NAME}-{layer}-{place}");
    let label = label(reading, layer, place);
    let entry = flash::Entry { name: name.clone(), label, layer, head: place, tokens };
    let numbers = Numbers { name, tokens: reading.tokens.clone(), head_dim, query, key, value };
    numbers.check().map_err(|reason| Error::Gallery { reason })?;
    Ok((entry, numbers))
}

/// The scores on the text of each head that is among the `known` ones: one at least.
///
/// # Errors
/// [`Error::File`] when there is none, [`Error::Gallery`] when the model has not all of them.
pub(crate) fn squares(reading: &Reading, known: &Squares) -> Result<Vec<Square>, Error> {
    let heads = known.heads().into_iter();
    let squares = heads.map(|(layer, head)| square(reading, layer, head));
    let squares: Vec<Square> = squares.collect::<Result<_, _>>()?;
    if squares.is_empty() { Err(refused()) } else { Ok(squares) }
}

/// The scores of one head on the text, later keys included, and those of the text read one by
/// one, if it was.
fn square(reading: &Reading, layer: usize, head: usize) -> Result<Square, Error> {
    has(reading, layer, head)?;
    let scale = (reading.head_dim as f32).sqrt();
    let raw = |scores: &[f32]| scores.iter().map(|score| score * scale).collect();
    let square = Square {
        name: format!("{NAME}-{layer}-{head}"),
        label: label(reading, layer, head),
        whose: format!("layer {layer}, head {head} of SmolLM2"),
        tokens: reading.tokens.clone(),
        masked: true,
        query: reading.tokens.len() - 1,
        head_dim: reading.head_dim,
        raw: raw(reading.head_scores(layer, head)),
        one_by_one: reading.head_one_by_one(layer, head).map(raw).unwrap_or_default(),
    };
    if square.is_sound() {
        return Ok(square);
    }
    Err(Error::Gallery { reason: format!("layer {layer}, head {head} has a score beyond measure") })
}

/// What a menu calls a head that has read the text.
fn label(reading: &Reading, layer: usize, head: usize) -> String {
    format!("Your text, layer {layer}, head {head}: {}", reading.text)
}

fn has(reading: &Reading, layer: usize, head: usize) -> Result<(), Error> {
    if layer < reading.layers && head < reading.heads {
        return Ok(());
    }
    Err(Error::Gallery { reason: format!("the model has no layer {layer}, head {head}") })
}

/// What a widget says that shows no text.
pub(crate) fn refused() -> Error {
    Error::File { reason: "this widget shows no text of the reader's".to_owned() }
}

/// What was read, in a few sentences.
pub fn summary(reading: &Reading) -> String {
    let next: Vec<String> =
        reading.named.iter().take(3).map(|token| format!("“{}”", word(token))).collect();
    let (count, next) = (reading.tokens.len(), next.join(", "));
    let tokens = if count == 1 { "token" } else { "tokens" };
    let odd = token_kind::explanation(&reading.tokens);
    format!("{count} {tokens}. Likeliest to come next: {next}.{odd}")
}

/// The panel below the widget called `name`: what the model weighs, and then a field for a text.
/// The page's part is `theme/own-text.js`. `bytes` is the size of the weights, and `longest` the
/// most tokens.
pub fn panel(name: &str, version: &str, bytes: u64, longest: usize) -> Markup {
    let one_by_one = name == ONE_BY_ONE;
    let megabytes = format!("{:.1} MB", bytes as f64 / 1e6);
    let memory = MEMORY / 1_000_000;
    html! {
        own-text class="needs-script" data-version=(version) data-bytes=(bytes)
            data-memory=(memory) data-one-by-one[one_by_one] {
            details {
                summary { "A text of your own" }
                p data-part="offer" {
                    "SmolLM2 can read a text of yours here, in your browser; what you type stays in it. \
                     Its weights are " strong { (megabytes) } " (" (grouped(bytes)) " bytes). They are \
                     fetched when you press the button, once, and then kept by your browser, until you \
                     remove them or it makes room: Safari forgets what a site keeps after seven days \
                     without a visit, others when the disk is full. While it runs it takes up to " (memory)
                    " MB of memory."
                    @if one_by_one {
                        " Here it reads your text twice: at once, and then one token after the other, \
                         which takes longer."
                    }
                }
                p class="actions" {
                    button type="button" data-press="load" { "Load the model, " (megabytes) }
                    button type="button" data-press="cancel" hidden { "Stop loading" }
                    button type="button" data-press="remove" hidden { "Remove it from this browser" }
                }
                progress max="100" value="0" hidden aria-label="How far the model is" {}
                form data-part="text" hidden {
                    label class="wide" {
                        span { "Your text, up to " (longest) " tokens" }
                        input type="text" name="own-text" autocomplete="off" spellcheck="false" maxlength="600";
                    }
                    p class="field-problem" data-part="problem" hidden {}
                    p class="actions" { button type="submit" { "Read it" } }
                }
                p class="status" role="status" data-part="said" {}
            }
        }
    }
}
