//! The calculator as HTML: the controls, the cache by kind, and the devices.

use attention::cost::Kind;
use attention::devices::{DEVICES, DeviceSpec};
use attention::presets::PRESETS;
use maud::{Markup, html};

use super::{
    CUSTOM, Cache, Field, MOST_TEXTS, MOST_TOKENS, PRECISIONS, State, WEIGHT_BITS, growth,
};
use crate::assemble::short;
use crate::draw::picture::{Frame, layouts};
use crate::machine::Machine;
use crate::parts::{Slider, actions, bar, choice, menu};
use crate::show::{grouped, significant};

/// The whole widget.
pub(super) fn whole(state: &State) -> Markup {
    let says = status(state).unwrap_or_else(|error| error.to_string());
    let label = format!(
        "The size of the cache against the tokens of a text, both on logarithmic axes: a line for \
         each model, and a dashed line for each device's memory. {says}"
    );
    let [wide, narrow] = growth::both(state, &label);
    Frame {
        name: Cache::NAME,
        question: html! { "How large does the cache grow?" },
        controls: controls(state),
        picture: layouts(wide, narrow),
        says: html! { (says) },
        below: storing(state),
        numbers: html! {
            (sizes(state))
            @match kinds(state) { Ok(table) => (table), Err(error) => p { (error) } }
            @match devices(state) { Ok(table) => (table), Err(error) => p { (error) } }
            (sources(state))
        },
        actions: actions(&Cache.link(state)),
    }
    .view()
}

/// The model, and how much text there is.
fn controls(state: &State) -> Markup {
    let model = |name: &str| (short(name), name.to_owned());
    let mut models: Vec<_> = PRESETS.iter().map(|preset| model(preset.name)).collect();
    models.push((CUSTOM.to_owned(), "Your own numbers".to_owned()));
    let power = |label, event, power: u32, most: u32, what: &str| {
        let shown = grouped(1 << power);
        Slider {
            label,
            event,
            min: 0.0,
            max: f64::from(most),
            step: 1.0,
            value: f64::from(power),
            shown: &shown,
            spoken: &format!("{shown} {what}"),
        }
        .slide()
    };
    html! {
        (menu("Model", "model", &models, &state.model))
        (power("Tokens of a text", "tokens", state.tokens, MOST_TOKENS, "tokens"))
        (power("Texts at once", "texts", state.texts, MOST_TEXTS, "texts at once"))
    }
}

/// How a number of the cache and a weight are stored.
fn storing(state: &State) -> Markup {
    let precisions = PRECISIONS.map(|(name, shown, _)| (name, shown));
    let bits = WEIGHT_BITS.map(|(bits, shown, _)| (bits, shown));
    html! {
        div class="choices needs-script" {
            (choice("A number of the cache", "cache", "precision", &precisions, &state.precision))
            (choice("Bits of a weight", "cache", "weight-bits", &bits, &state.weight_bits))
        }
    }
}

/// The model's sizes, to edit.
fn sizes(state: &State) -> Markup {
    let kinds = [("heads", "keys and values of heads"), ("latent", "one latent (MLA)")]
        .map(|(value, text)| (value.to_owned(), text.to_owned()));
    let windows = [
        ("full", "no layer"),
        ("every", "every layer"),
        ("alternate", "every second layer, from the first"),
    ]
    .map(|(value, text)| (value.to_owned(), text.to_owned()));
    html! {
        fieldset class="sizes wide needs-script" {
            legend { "The model’s sizes, to edit" }
            (menu("What is kept", "kind", &kinds, if state.latent { "latent" } else { "heads" }))
            (menu("Sliding window in", "window", &windows, &state.window))
            @for field in Field::ALL.into_iter().filter(|field| field.counts(state)) {
                @let problem = state.problem(field);
                label {
                    span { (label(field)) }
                    input type="text" inputmode="numeric" name=(field.event()) data-event=(field.event())
                        value=(state.typed[field as usize]) maxlength="12" autocomplete="off"
                        aria-invalid=(if problem.is_some() { "true" } else { "false" });
                    @if let Some(problem) = problem { span class="wrong" { (problem) } }
                }
            }
        }
    }
}

fn label(field: Field) -> &'static str {
    match field {
        Field::Layers => "Layers",
        Field::Heads => "Query heads",
        Field::KvHeads => "Key and value heads",
        Field::HeadDim => "Head dimension",
        Field::Latent => "Numbers in the latent",
        Field::Rotary => "Numbers in the rotary key",
        Field::Window => "Tokens in the window",
        Field::Millions => "Weights, in millions",
    }
}

fn name(state: &State) -> &'static str {
    state.preset().map_or("Your own numbers", |preset| preset.name)
}

fn texts(state: &State) -> String {
    let tokens = match state.token_count() {
        1 => "one token".to_owned(),
        many => format!("{} tokens", grouped(many)),
    };
    match state.text_count() {
        1 => format!("one text of {tokens}"),
        many => format!("{many} texts of {tokens} each"),
    }
}

fn status(state: &State) -> Result<String, attention::Error> {
    let cache = state.cache(&state.shape())?;
    let (weights, _) = state.weights()?;
    let (mut known, mut fits) = (0, 0);
    for device in DEVICES {
        if let (Some(texts), _) = state.on(device)? {
            known += 1;
            fits += usize::from(texts >= state.text_count());
        }
    }
    let fit = match fits {
        0 => format!("Together they fit on none of the {known} devices with a known memory."),
        all if all == known => {
            format!("Together they fit on each of the {known} devices with a known memory.")
        }
        some => format!("Together they fit on {some} of the {known} devices with a known memory."),
    };
    let longer = match state.preset() {
        Some(preset) if state.token_count() > preset.context => {
            let context = grouped(preset.context);
            format!(" The model is made for {context} tokens at most.")
        }
        _ => String::new(),
    };
    Ok(format!(
        "{}, {}: the cache takes {cache}, the weights {weights}. {fit}{longer}",
        name(state),
        texts(state)
    ))
}

/// The same model with its keys and values kept in other ways, its own marked.
fn kinds(state: &State) -> Result<Markup, attention::Error> {
    let shape = state.shape();
    let [_, heads, kv_heads, head_dim, ..] = state.numbers;
    let mut rows = vec![("MHA", heads.to_string(), Kind::Grouped { kv_heads: heads, head_dim })];
    if !state.latent && kv_heads > 1 && kv_heads < heads {
        rows.push(("GQA", kv_heads.to_string(), shape.kind));
    }
    if heads > 1 {
        rows.push(("MQA", "1".to_owned(), Kind::Grouped { kv_heads: 1, head_dim }));
    }
    if state.latent {
        rows.push(("MLA", "latent".to_owned(), shape.kind));
    }
    let largest = state.cache(&state.shape_with(rows[0].2))?;
    let mut cells = Vec::new();
    for (name, kv_heads, kind) in rows {
        let cache = state.cache(&state.shape_with(kind))?;
        cells.push((name, kv_heads, kind == shape.kind, cache));
    }
    let caption = format!(
        "The cache of {}, kept in different ways: binary units, then decimal",
        texts(state)
    );
    Ok(html! {
        div class="scroll" tabindex="0" role="group" aria-label="Kinds of cache" {
            table class="weights" {
                caption { (caption) }
                thead {
                    tr { th scope="col" { "Kind" } th scope="col" { "kv heads" }
                        th scope="col" { "Bytes" } th scope="col" { "Binary" }
                        th scope="col" { "Decimal" } th scope="col" class="bars" { "Of MHA" } }
                }
                tbody {
                    @for (name, kv_heads, current, cache) in cells {
                        tr class=[current.then_some("here")] {
                            th scope="row" { (name) @if current { " (this model)" } }
                            td { (kv_heads) }
                            td { (grouped(cache.0)) }
                            td { (cache.in_gib()) }
                            td { (cache.in_gb()) }
                            td class="bars" { (bar((cache / largest) as f32)) }
                        }
                    }
                }
            }
        }
    })
}

/// What fits on each device, and how fast it can write at most.
fn devices(state: &State) -> Result<Markup, attention::Error> {
    let mut rows = Vec::new();
    for device in DEVICES {
        let (fitting, rate) = state.on(device)?;
        let fits = fitting.is_none_or(|texts| texts >= state.text_count());
        rows.push((device, fitting, fits, rate));
    }
    let caption = format!(
        "On a device: weights and cache of {}. Bits of a weight: {}",
        texts(state),
        state.weight().0
    );
    Ok(html! {
        div class="scroll" tabindex="0" role="group" aria-label="Devices" {
            table class="weights" {
                caption { (caption) }
                thead {
                    tr { th scope="col" { "Device" } th scope="col" { "Memory" }
                        th scope="col" { "Bandwidth" } th scope="col" { "Fits" }
                        th scope="col" { "Texts at most" } th scope="col" { "Tokens/s at most" } }
                }
                tbody {
                    @for (device, fitting, fits, rate) in rows {
                        tr {
                            th scope="row" { (device.name) }
                            td { (memory(device)) }
                            td { (device.bandwidth) }
                            td { @match (fitting, fits) {
                                (None, _) => "?",
                                (_, true) => "yes",
                                (_, false) => "no",
                            } }
                            td { @match fitting { Some(texts) => (grouped(texts)), None => "?" } }
                            td { @if fits { (significant(rate)) } @else { "–" } }
                        }
                    }
                }
            }
        }
    })
}

fn memory(device: &DeviceSpec) -> String {
    device.memory.map_or_else(|| "the buyer’s choice".to_owned(), |memory| memory.bytes.in_gib())
}

/// Where the sizes come from.
fn sources(state: &State) -> Markup {
    html! {
        div class="sources" {
            p {
                @match state.preset() {
                    Some(preset) => {
                        "Sizes of " (preset.name) ": " (preset.source.title) ", " (preset.source.year)
                        ". " (sentence(preset.note))
                    }
                    None => "Sizes: your own. All weights are taken to be read for each token.",
                }
            }
            p { "Memory is what a device’s driver reports. It is not the number in its name." }
            p { "Bandwidth and memory of the devices:" }
            ul {
                @for device in DEVICES {
                    li {
                        (device.name) ": " (device.source.title) ", " (device.source.year)
                        @if let Some(memory) = device.memory {
                            "; " (memory.source.title) ", " (memory.source.year)
                        }
                    }
                }
            }
        }
    }
}

/// A note as a sentence of its own.
fn sentence(note: &str) -> String {
    let mut letters = note.chars();
    letters
        .next()
        .map_or_else(String::new, |first| format!("{}{}.", first.to_uppercase(), letters.as_str()))
}
