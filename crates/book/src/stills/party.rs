//! Chapter 1: the way from scores to shares, at the party of the listing `ch01-attention`.

use maud::{Markup, html};
use widgets::draw::mark::{Area, rect, text};
use widgets::draw::picture::svg;
use widgets::draw::{NARROW, Point, WIDE};
use widgets::show::share;

use super::frame::{Still, table};

/// What each conversation is about: its name and its key.
const CONVERSATIONS: [(&str, [f64; 2]); 3] =
    [("work", [2.0, 0.0]), ("football", [0.0, 0.9]), ("your trip", [0.5, 2.0])];

/// What the listener cares about.
const QUERY: [f64; 2] = [0.5, 2.0];

/// What a bar shows, and the class of its fill.
const PANELS: [(&str, &str); 3] =
    [("score", "fill-key"), ("exponential", "fill-edge"), ("share", "fill-accent")];

/// Score, exponential and share of each conversation.
fn computed() -> [[f64; 3]; 3] {
    let scores = CONVERSATIONS
        .map(|(_, key)| (QUERY[0] * key[0] + QUERY[1] * key[1]) / (QUERY.len() as f64).sqrt());
    let total: f64 = scores.iter().map(|score| score.exp()).sum();
    scores.map(|score| [score, score.exp(), score.exp() / total])
}

fn shown(panel: usize, value: f64) -> String {
    if panel == 2 { share(value as f32) } else { format!("{value:.2}") }
}

pub(super) fn still() -> Still {
    let rows = computed();
    let total: f64 = rows.iter().map(|row| row[1]).sum();
    let says = format!(
        "The exponentials sum to {total:.2}. Each divided by that is a share: {}, {} and {}.",
        share(rows[0][2] as f32),
        share(rows[1][2] as f32),
        share(rows[2][2] as f32)
    );
    let numbers: Vec<Vec<String>> = CONVERSATIONS
        .iter()
        .zip(&rows)
        .map(|((name, _), row)| {
            let cells = row.iter().enumerate().map(|(panel, value)| shown(panel, *value));
            [(*name).to_owned()].into_iter().chain(cells).collect()
        })
        .collect();
    let places = |names: f64, panel: f64, bar: f64| Places { names, panel, bar };
    Still {
        question: "How do scores become shares?",
        layouts: [
            bars(&rows, &says, (WIDE, 150.0), places(92.0, 246.0, 180.0)),
            bars(&rows, &says, (NARROW, 150.0), places(66.0, 93.0, 50.0)),
        ],
        numbers: table(
            "One listener and three conversations",
            &["Conversation", "Score", "Exponential", "Share"],
            &numbers,
        ),
        says,
    }
}

/// Where things lie: room for the names, for a panel, and for its longest bar.
struct Places {
    names: f64,
    panel: f64,
    bar: f64,
}

fn bars(rows: &[[f64; 3]; 3], says: &str, size: Point, places: Places) -> Markup {
    svg(
        size,
        "img",
        says,
        html! {
            @for (at, (name, _)) in CONVERSATIONS.iter().enumerate() {
                (text((places.names - 10.0, 56.0 + 38.0 * at as f64), name, "end small"))
            }
            @for (panel, (title, class)) in PANELS.iter().enumerate() {
                @let x = places.names + places.panel * panel as f64;
                @let most = rows.iter().map(|row| row[panel]).fold(0.0, f64::max);
                (text((x, 18.0), title, "small strong"))
                @for (at, row) in rows.iter().enumerate() {
                    @let y = 40.0 + 38.0 * at as f64;
                    @let wide = places.bar * row[panel] / most;
                    (rect(Area::new(x, y, wide, 24.0), class))
                    (text((x + wide + 5.0, y + 16.0), &shown(panel, row[panel]), "small"))
                }
            }
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is drawn is what the listing printed.
    #[test]
    fn the_shares_are_those_of_the_recorded_listing() {
        let root = env!("CARGO_MANIFEST_DIR");
        let path = format!("{root}/../../listings/output/ch01-attention/party.txt");
        let text = std::fs::read_to_string(path).unwrap();
        for ((name, _), row) in CONVERSATIONS.iter().zip(computed()) {
            let line = text.lines().find(|line| line.starts_with(name)).unwrap();
            let cells: Vec<&str> = line[name.len()..].split_whitespace().collect();
            assert_eq!(cells, [shown(0, row[0]), shown(2, row[2])], "{name}");
        }
    }
}
