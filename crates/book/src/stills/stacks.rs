//! The translator's two stacks, and who asks whom: drawn from its sizes.

use anyhow::Result;
use inputs::translation::CAT;
use maud::{Markup, html};
use translator::{D_MODEL, HEADS, LAYERS, Pair};
use widgets::draw::label::fitted;
use widgets::draw::mark::{Area, line, path, rounded, text};
use widgets::draw::path::Path;
use widgets::draw::picture::svg;
use widgets::draw::role::Role;
use widgets::draw::{NARROW, Point, WIDE};

use super::frame::{Still, table};

/// From one part to the next, upwards.
const PITCH: f64 = 52.0;
/// How high a part is.
const PART: f64 = 34.0;
/// Room above the stacks.
const TOP: f64 = 64.0;

/// A part of a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Itself,
    Causal,
    Cross,
    FeedForward,
}

/// The parts of a layer of each stack, in the order in which a word meets them.
const ENCODER: [Part; 2] = [Part::Itself, Part::FeedForward];
const DECODER: [Part; 3] = [Part::Causal, Part::Cross, Part::FeedForward];

impl Part {
    fn name(self) -> [&'static str; 2] {
        match self {
            Self::Itself => ["self-attention", "sees all"],
            Self::Causal => ["self-attention", "causal mask"],
            Self::Cross => ["cross-attention", "sees all French"],
            Self::FeedForward => ["feed-forward", "each word alone"],
        }
    }

    fn sources(self) -> [&'static str; 3] {
        match self {
            Self::Itself => ["French", "French", "everybody at everybody"],
            Self::Causal => ["English", "English", "each word, and those before it"],
            Self::Cross => ["English", "French", "everybody at everybody"],
            Self::FeedForward => ["–", "–", "each word alone"],
        }
    }
}

/// The picture.
pub(super) fn still() -> Result<Still> {
    let pair = Pair::read(CAT)?;
    Ok(Still {
        question: "Where do queries, keys and values come from?",
        layouts: [drawing(&pair, &WIDE_PLAN), drawing(&pair, &NARROW_PLAN)],
        says: format!(
            "In the translator's {} self-attentions all three come from one stack. In its {LAYERS} \
             cross-attentions the queries come from the English, and keys and values from the \
             encoder's last output, the same for all layers.",
            2 * LAYERS
        ),
        numbers: numbers(),
    })
}

/// Where the two stacks stand. The encoder's rail is left of its parts, the decoder's right.
struct Plan {
    width: f64,
    encoder: f64,
    decoder: f64,
    /// How wide a part is, and how far from its rail.
    part: f64,
    away: f64,
    /// Where the keys and the values of the encoder go down.
    bus: [f64; 2],
}

const WIDE_PLAN: Plan = Plan {
    width: WIDE,
    encoder: 60.0,
    decoder: 770.0,
    part: 190.0,
    away: 54.0,
    bus: [400.0, 424.0],
};
const NARROW_PLAN: Plan = Plan {
    width: NARROW,
    encoder: 12.0,
    decoder: 334.0,
    part: 106.0,
    away: 28.0,
    bus: [162.0, 174.0],
};

/// How high both stacks are: as the decoder, which has more parts.
fn height() -> f64 {
    (LAYERS * DECODER.len()) as f64 * PITCH
}

fn drawing(pair: &Pair, plan: &Plan) -> Markup {
    let bottom = TOP + height();
    let label = format!(
        "Two stacks. The encoder: {LAYERS} layers of self-attention and feed-forward over the French. \
         The decoder: {LAYERS} layers of causal self-attention, cross-attention and feed-forward over \
         the English. Keys and values go from the encoder's top to each cross-attention; its queries \
         come from the decoder."
    );
    // The encoder's parts are spread over the same height.
    let pitch = height() / (LAYERS * ENCODER.len()) as f64;
    let encoder = (0..LAYERS * ENCODER.len()).map(|at| {
        let y = bottom - (at as f64 + 0.5) * pitch - PART / 2.0;
        (ENCODER[at % ENCODER.len()], Area::new(plan.encoder + plan.away, y, plan.part, PART))
    });
    let decoder = (0..LAYERS * DECODER.len()).map(|at| {
        let y = bottom - (at as f64 + 0.5) * PITCH - PART / 2.0;
        let x = plan.decoder - plan.away - plan.part;
        (DECODER[at % DECODER.len()], Area::new(x, y, plan.part, PART))
    });
    let (encoder, decoder): (Vec<_>, Vec<_>) = (encoder.collect(), decoder.collect());
    let marks = html! {
        (line((plan.encoder, bottom + 12.0), (plan.encoder, TOP - 14.0), "line-edge rail"))
        (path(&Path::arrow((plan.decoder, bottom + 12.0), (plan.decoder, TOP - 24.0), 8.0), "line-edge rail"))
        (bus(plan, &decoder))
        @for (part, area) in &encoder { (piece(*part, *area, plan.encoder)) }
        @for (part, area) in &decoder { (piece(*part, *area, plan.decoder)) }
        (words(pair, plan, bottom))
    };
    svg((plan.width, bottom + 66.0), "img", &label, marks)
}

/// A part, what it reads from its rail, and what it adds to it.
fn piece(part: Part, area: Area, rail: f64) -> Markup {
    let left = rail < area.x;
    let edge = if left { area.x } else { area.right() };
    let (y, bottom) = (area.y, area.bottom());
    let port = |at: f64, class: &str| {
        let y = y + at;
        path(&Path::arrow((rail, y), (edge, y), 6.0), &format!("{class} part"))
    };
    // What it adds goes back above it.
    let from = if left { area.x + 14.0 } else { area.right() - 14.0 };
    let way = [(from, y), (from, y - 7.0), (rail, y - 7.0)];
    let back = Path::bent(&way, 4.0).head(way[1], way[2], 6.0);
    let [name, note] = part.name();
    let (middle, _) = area.middle();
    html! {
        @match part {
            Part::FeedForward => (port(17.0, "line-ink")),
            Part::Cross => (port(17.0, Role::Query.line())),
            Part::Itself | Part::Causal => {
                (port(7.0, Role::Query.line()))
                (port(17.0, Role::Key.line()))
                (port(27.0, Role::Value.line()))
            }
        }
        (path(&back, &format!("{} part", Role::Output.line())))
        (rounded(Area::new(area.x, y, area.width, bottom - y), 5.0, if part == Part::Cross { "fill-lit line-accent lit" } else { "fill-bg line-edge part" }))
        (text((middle, y + 15.0), name, "mid small strong"))
        (text((middle, y + 29.0), note, if part == Part::Cross { "mid least" } else { "mid least muted" }))
    }
}

/// From the encoder's top to each cross-attention: keys and values.
fn bus(plan: &Plan, decoder: &[(Part, Area)]) -> Markup {
    let crossing: Vec<Area> =
        decoder.iter().filter(|(part, _)| *part == Part::Cross).map(|(_, area)| *area).collect();
    let ports = [(Role::Key, plan.bus[1], 10.0, 24.0), (Role::Value, plan.bus[0], 24.0, 14.0)];
    html! {
        @for (role, x, down, above) in ports {
            @for area in &crossing {
                @let top = TOP - above;
                @let end: Point = (area.x, area.y + down);
                @let way = [(plan.encoder, top), (x, top), (x, end.1), end];
                (path(&Path::bent(&way, 6.0).head(way[2], end, 7.0), &format!("{} lit", role.line())))
            }
        }
        (text((plan.bus[1] + 6.0, TOP - 24.0 + 16.0), "K", "strong ink-key halo"))
        (text((plan.bus[0] - 16.0, TOP + 8.0), "V", "strong ink-value halo"))
        @for area in &crossing {
            (text((area.right() + 5.0, area.y + 12.0), "Q", "strong small ink-query halo"))
        }
    }
}

/// The sentences below the stacks, the shapes, and the next word above.
fn words(pair: &Pair, plan: &Plan, bottom: f64) -> Markup {
    let (french, english) = (pair.french.join(" "), format!("<start> {}", pair.english.join(" ")));
    let (rows, columns) = (pair.english.len() + 1, pair.french.len());
    let room = plan.width / 2.0 - 12.0;
    let shape = |rows: usize| format!("{rows} × {D_MODEL}");
    html! {
        (text((2.0, 16.0), "encoder", "strong ink-key"))
        (text((2.0, 32.0), &format!("out: {}", shape(columns)), "small muted"))
        (text((plan.width - 2.0, 16.0), "decoder", "end strong ink-query"))
        (text((plan.width - 2.0, 32.0), "the next word", "end small muted"))
        text x="2" y=(bottom + 30.0) lang="fr" { (fitted(&french, 13.0, room)) }
        (text((2.0, bottom + 48.0), &format!("{columns} words, {}", shape(columns)), "small muted"))
        (text((plan.width - 2.0, bottom + 30.0), &fitted(&english, 13.0, room), "end"))
        (text((plan.width - 2.0, bottom + 48.0), &format!("{rows} so far, {}", shape(rows)), "end small muted"))
    }
}

fn numbers() -> Markup {
    let layers = (1..=LAYERS).flat_map(|layer| {
        let row = move |stack: &str, part: Part| {
            let name = format!("{stack} {layer}: {}", part.name()[0]);
            [vec![name], part.sources().map(str::to_owned).to_vec()].concat()
        };
        let encoder = ENCODER.into_iter().map(move |part| row("Encoder", part));
        encoder.chain(DECODER.into_iter().map(move |part| row("Decoder", part))).collect::<Vec<_>>()
    });
    let mut rows: Vec<Vec<String>> = layers.collect();
    rows.sort_by_key(|row| row[0].starts_with("Decoder"));
    let columns = ["Part", "Queries from", "Keys and values from", "Who attends to what"];
    table(
        &format!("The translator: {HEADS} heads in each attention, {D_MODEL} numbers a word"),
        &columns,
        &rows,
    )
}
