//! Chapter 4: how far the scaled scores of a row spread in each head of the trained model.

use anyhow::Result;
use widgets::show::significant;

use super::frame::{Still, table};
use super::scatter::Scatter;
use crate::memoised_model::MemoisedModel;
use crate::sentences;

pub(super) fn still(model: &MemoisedModel) -> Result<Still> {
    let read = sentences::read(model, "cat")?;
    let last = read.forward.tokens.len() - 1;
    let heads: Vec<Vec<f64>> = read
        .forward
        .scores
        .iter()
        .map(|scores| {
            let rows = scores.clone().narrow(1, last, 1).var(2).sqrt();
            rows.into_data().iter::<f32>().map(f64::from).collect()
        })
        .collect();
    let all = || heads.iter().flatten().copied();
    let (least, most) =
        all().fold((f64::MAX, 0.0_f64), |(low, high), it| (low.min(it), high.max(it)));
    let above = all().filter(|it| *it > 1.0).count();
    let find = |wanted: f64| {
        let layer = heads.iter().position(|row| row.contains(&wanted)).expect("it is one of them");
        (layer, heads[layer].iter().position(|it| *it == wanted).expect("it is one of them"))
    };
    let named = [find(least), find(most)];
    let says = format!(
        "A point is a head. Independent numbers of variance one would have a standard deviation of \
         1, the dashed line. {above} of the {} heads lie above it: training has spread their \
         scores. The widest is layer {}, head {}, with {}.",
        all().count(),
        named[1].0,
        named[1].1,
        significant(most)
    );
    let scatter = Scatter {
        label: &says,
        upward: "standard deviation of the scaled scores of “tired”",
        heads: &heads,
        ends: [0.2, 20.0],
        logarithmic: true,
        ticks: &[0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0],
        shown: |number| format!("{number}"),
        named: &named,
        across: ("random", 1.0),
    };
    let rows: Vec<Vec<String>> = heads
        .iter()
        .enumerate()
        .map(|(layer, row)| {
            let mean = row.iter().sum::<f64>() / row.len() as f64;
            let low = row.iter().copied().fold(f64::MAX, f64::min);
            let high = row.iter().copied().fold(0.0, f64::max);
            let mut cells = vec![layer.to_string()];
            cells.extend([low, mean, high].map(|it| format!("{it:.2}")));
            cells
        })
        .collect();
    Ok(Still {
        question: "How far do the scores of trained heads spread?",
        layouts: [scatter.wide(), scatter.narrow()],
        numbers: table(
            "Standard deviation of the scores of a row, in each layer",
            &["Layer", "Least", "Mean", "Most"],
            &rows,
        ),
        says,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The axis has room for each head, so that no point is moved to an end of it.
    #[test]
    fn no_head_lies_beyond_the_axis() {
        let path = smollm2::locate().unwrap_or_else(|error| panic!("{error}"));
        let model = MemoisedModel::open(&path).unwrap();
        let numbers = still(&model).unwrap().numbers.into_string();
        let cells = numbers.split("<td>").skip(1).map(|it| it.split('<').next().unwrap());
        let cells: Vec<f64> = cells.map(|it| it.parse().unwrap()).collect();
        assert_eq!(cells.len(), 90);
        assert!(cells.iter().all(|it| (0.2..20.0).contains(it)), "{cells:?}");
    }
}
