//! A text of the reader's own, which the real model reads in the page.
//!
//! The model runs in a worker, from a module of its own: see the crate `reader`. What it makes of
//! a text comes here as a [`Reading`], and each widget takes from it what it shows: see
//! [`Machine::take_text`](crate::Machine::take_text).

use maud::{Markup, html};
use reading::Reading;

use crate::error::Error;
use crate::machine::UserText;
use crate::show::{grouped, word};
use crate::token_kind;

/// What a widget calls the reader's text: its name in menus.
pub const NAME: &str = "own";

/// The most memory that the model takes in a page, in bytes: a test of the page measures it.
pub const MEMORY: u64 = 200_000_000;

/// What a widget calls a head that has read the text.
pub(crate) fn name(layer: usize, head: usize) -> String {
    format!("{NAME}-{layer}-{head}")
}

/// What a menu calls a head that has read the text.
pub(crate) fn label(reading: &Reading, layer: usize, head: usize) -> String {
    format!("Your text, layer {layer}, head {head}: {}", reading.text)
}

/// Checks that the model has a head.
///
/// # Errors
/// [`Error::File`] when it has not.
pub(crate) fn check_head(reading: &Reading, layer: usize, head: usize) -> Result<(), Error> {
    if layer < reading.layers && head < reading.heads {
        return Ok(());
    }
    Err(Error::file(format!("the model has no layer {layer}, head {head}")))
}

/// A head's query, key and value, each `[seq, head_dim]`, and which key and value head it reads.
///
/// # Errors
/// [`Error::File`] when the model has no such head.
pub(crate) fn head(
    reading: &Reading,
    layer: usize,
    head: usize,
) -> Result<([Vec<f32>; 3], usize), Error> {
    check_head(reading, layer, head)?;
    let kv_head = head / (reading.heads / reading.kv_heads);
    let size = reading.tokens.len() * reading.head_dim;
    let part = |numbers: &[f32], place: usize| numbers[place * size..(place + 1) * size].to_vec();
    let shared = layer * reading.kv_heads + kv_head;
    let query = part(&reading.query, layer * reading.heads + head);
    Ok(([query, part(&reading.key, shared), part(&reading.value, shared)], kv_head))
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

/// The panel below a widget: what the model weighs, and then a field for a text; nothing below a
/// widget that shows no such text. The page's part is `theme/own-text.js`. `bytes` is the size of
/// the weights, and `longest` the most tokens.
pub fn panel(shows: UserText, version: &str, bytes: u64, longest: usize) -> Markup {
    if shows == UserText::None {
        return html! {};
    }
    let one_by_one = shows == UserText::TokenByToken;
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
