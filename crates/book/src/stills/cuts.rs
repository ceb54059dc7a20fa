//! Chapter 9: what the small model loses without each of its heads.

use anyhow::{Context, Result};
use induction::message::Record;
use induction::{CONTEXT, HEADS, LAYERS, LETTERS, record};
use maud::{Markup, html};
use widgets::draw::mark::{Area, line, rect, text};
use widgets::draw::picture::svg;
use widgets::draw::scale::Scale;
use widgets::draw::{NARROW, WIDE};
use widgets::show::{number, share};

use super::frame::{Still, table};

/// How high a row is.
const PITCH: f64 = 23.0;

/// One experiment: what is cut, what the head did, and the loss without it.
struct Row {
    name: String,
    short: String,
    does: Option<(&'static str, f32)>,
    loss: f32,
}

fn rows(record: &Record) -> Result<Vec<Row>> {
    let last = record.progress.points.last().context("the training has points")?;
    let row = |name: &str, short: &str, loss| Row {
        name: name.to_owned(),
        short: short.to_owned(),
        does: None,
        loss,
    };
    let mut rows = vec![row("nothing", "nothing", last.loss)];
    for layer in 0..LAYERS {
        for head in 0..HEADS {
            let does = match layer {
                0 => ("looks back", last.previous[0][head]),
                _ => ("induction", last.induction[layer][head]),
            };
            rows.push(Row {
                name: format!("layer {layer}, head {head}"),
                short: format!("{layer}.{head}"),
                does: Some(does),
                loss: record.rest.loss[layer][head],
            });
        }
    }
    let working = record.silenced.cut.concat().into_iter().filter(|cut| *cut).count();
    rows.push(row(
        &format!("all {working} that do induction"),
        &format!("all {working}"),
        record.silenced.loss,
    ));
    Ok(rows)
}

pub(super) fn still() -> Result<Still> {
    let rows = rows(&record())?;
    let guess = (LETTERS as f64).ln();
    let label = format!(
        "The loss of the small model without a head, a bar for each. {}",
        rows.iter()
            .map(|row| format!("Without {}: {}", row.name, number(row.loss, 2)))
            .collect::<Vec<_>>()
            .join("; ")
    );
    let costly: Vec<&str> = rows
        .iter()
        .filter(|row| f64::from(row.loss) > (CONTEXT as f64 / 2.0).ln())
        .map(|row| &*row.name)
        .collect();
    let [wide, narrow] = [false, true].map(|narrow| picture(&rows, guess, narrow, &label));
    Ok(Still {
        question: "Which heads does the small model miss?",
        layouts: [wide, narrow],
        says: format!(
            "Only two cuts are felt: {}. All others leave the loss at nearly nothing.",
            costly.join(", and ")
        ),
        numbers: numbers(&rows),
    })
}

fn picture(rows: &[Row], guess: f64, narrow: bool, label: &str) -> Markup {
    let (width, does, start, end) =
        if narrow { (NARROW, 54.0, 152.0, 304.0) } else { (WIDE, 186.0, 310.0, 770.0) };
    let scale = Scale::linear([0.0, 4.0], [start, end]);
    let (top, bottom) = (26.0, 30.0 + PITCH * rows.len() as f64);
    let at = scale.place(guess);
    let marks = html! {
        (text((0.0, 11.0), "cut out", "small muted"))
        (text((does, 11.0), if narrow { "score" } else { "its score" }, "small muted"))
        (text((at, 11.0), if narrow { "blind guess" } else { "a blind guess" }, "small muted mid"))
        (line((at, top - 8.0), (at, bottom), "line-accent dashed"))
        @for (place, row) in rows.iter().enumerate() {
            @let y = top + PITCH * place as f64;
            @let long = scale.place(f64::from(row.loss)) - start;
            (text((0.0, y + 14.0), if narrow { &row.short } else { &row.name }, ""))
            @if let Some((what, score)) = row.does {
                (text((does, y + 14.0), &format!("{what} {}", share(score)), "small muted"))
            }
            (rect(Area::new(start, y + 2.0, long.max(1.0), 15.0), "fill-edge"))
            (text((start + long + 6.0, y + 14.0), &number(row.loss, 2), "small strong halo"))
        }
        (line((start, top - 4.0), (start, bottom), "line-edge"))
        (text((start, bottom + 14.0), "loss in nats", "small muted"))
    };
    svg((width, bottom + 20.0), "img", label, marks)
}

fn numbers(rows: &[Row]) -> Markup {
    let cells: Vec<Vec<String>> = rows
        .iter()
        .map(|row| {
            let does = row
                .does
                .map_or_else(|| "–".to_owned(), |(what, score)| format!("{what} {}", share(score)));
            vec![row.name.clone(), does, number(row.loss, 2)]
        })
        .collect();
    table(
        "The recorded training: the loss without a head",
        &["Cut out", "Its score", "Loss"],
        &cells,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_cuts_that_the_sentence_names_are_the_two_that_cost() {
        let rows = rows(&record()).unwrap();
        assert_eq!(rows.len(), 1 + LAYERS * HEADS + 1);
        let costly: Vec<&Row> = rows.iter().filter(|row| row.loss > 1.0).collect();
        assert_eq!(costly.len(), 2);
        assert!(costly[0].name.starts_with("layer 0") && costly[1].name.starts_with("all"));
        let says = still().unwrap().says;
        assert!(costly.iter().all(|row| says.contains(&row.name)), "{says}");
        // The cheap ones are cheap enough to be called nothing, the costly ones near a guess.
        assert!(rows.iter().filter(|row| row.loss <= 1.0).all(|row| row.loss < 0.1));
        assert!(costly.iter().all(|row| row.loss > 3.0));
    }
}
