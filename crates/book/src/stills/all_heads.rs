//! Chapter 1: what each head of the model gives from "it" to "cat". One head was picked for its
//! picture, and this shows from how many.

use anyhow::Result;
use widgets::show::share;

use super::frame::{Still, table};
use super::scatter::Scatter;
use crate::memoised_model::MemoisedModel;
use crate::sentences;

const IT: usize = 7;
const CAT: usize = 1;

/// A head with this weight or more has its name in the picture.
const MUCH: f64 = 0.4;

/// Where the weights are counted apart.
const BOUNDS: [f64; 6] = [0.0, 0.05, 0.1, 0.2, 0.4, 1.01];

pub(super) fn still(model: &MemoisedModel) -> Result<Still> {
    let maps = sentences::read(model, "cat")?.forward.attention();
    let heads: Vec<Vec<f64>> = maps
        .iter()
        .map(|layer| layer.iter().map(|map| f64::from(map[IT][CAT])).collect())
        .collect();
    let all = || heads.iter().flatten().copied();
    let count = all().count();
    let mean = all().sum::<f64>() / count as f64;
    let mut named = Vec::new();
    for (layer, row) in heads.iter().enumerate() {
        named.extend((0..row.len()).filter(|head| row[*head] >= MUCH).map(|head| (layer, head)));
    }
    let much = named.len();
    let mean_shown = share(mean as f32);
    let across = format!("mean {mean_shown}");
    let says = format!(
        "A point is a head: {count} in all. {much} of them give “cat” {} or more, each named by \
         its layer and its place in it; the mean of all is {mean_shown}.",
        share(MUCH as f32)
    );
    let scatter = Scatter {
        label: &says,
        upward: "attention weight from “it” to “cat”",
        heads: &heads,
        ends: [0.0, 1.0],
        logarithmic: false,
        ticks: &[0.0, 0.2, 0.4, 0.6, 0.8, 1.0],
        shown: |weight| share(weight as f32),
        named: &named,
        across: (&across, mean),
    };
    let mut rows: Vec<Vec<String>> = BOUNDS
        .windows(2)
        .map(|ends| {
            let within = all().filter(|weight| (ends[0]..ends[1]).contains(weight)).count();
            let [from, to] = [ends[0], ends[1].min(1.0)].map(|end| share(end as f32));
            vec![format!("{from} to {to}"), within.to_string()]
        })
        .collect();
    rows.extend(named.iter().map(|&(layer, head)| {
        vec![format!("layer {layer}, head {head}"), share(heads[layer][head] as f32)]
    }));
    Ok(Still {
        question: "How much does each head give from “it” to “cat”?",
        layouts: [scatter.wide(), scatter.narrow()],
        numbers: table(
            "How many heads give so much, and the weights of those with most",
            &["Weight, or head", "Heads, or weight"],
            &rows,
        ),
        says,
    })
}
