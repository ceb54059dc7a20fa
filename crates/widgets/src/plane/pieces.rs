//! How much: the scores become pieces of one column, which is 1 high.

use maud::{Markup, html};

use super::WORDS;
use super::view::Scene;
use crate::draw::mark::{Area, gliding, line, path, rect, text};
use crate::draw::path::Path;
use crate::draw::role::{heat_fill, heat_ink};
use crate::show::{number, share};

/// The scores as bars, and a band from each to its piece of the column.
pub(super) fn view(scene: &Scene<'_>, area: Area, narrow: bool) -> Markup {
    let answer = &scene.answer;
    let (column, bands, thick) = if narrow { (22.0, 14.0, 9.0) } else { (34.0, 24.0, 13.0) };
    let bars = area.width - column - bands - 34.0;
    let (top, height) = (area.y + 20.0, area.height - 38.0);
    let row = height / WORDS.len() as f64;
    // The longest bar fills its side; zero lies where there is room for the negative ones.
    let zero = area.x + bars * 0.4;
    let longest =
        answer.scores.iter().fold(3.2_f64, |most, score| most.max(*score).max(-score * 0.6 / 0.4));
    let length = |score: f64| score / longest * bars * 0.6;
    let (left, right) = (area.right() - column - bands, area.right() - column);
    let mut sum = 0.0;
    let froms = answer.shares.map(|share| {
        sum += share;
        top + (sum - share) * height
    });
    html! {
        (text((zero, area.y + 8.0), "score", "small mid muted"))
        (text((area.right(), area.y + 8.0), "share", "small end muted"))
        (line((zero, top), (zero, top + height), "line-edge part"))
        (text((zero, top + height + 15.0), "0", "small mid muted"))
        @for (word, from) in froms.iter().enumerate() {
            @let (score, weight) = (answer.scores[word], answer.shares[word]);
            @let middle = top + row * (word as f64 + 0.5);
            @let (reach, piece) = (length(score), weight * height);
            @let looked = word == scene.look;
            g data-look=(word) {
                (rect(Area::new(area.x, middle - row / 2.0, left - area.x, row), "hit"))
                (text((zero + 5.0, middle - 4.0), WORDS[word], "strong ink-key"))
                (text((zero - 5.0, middle - 4.0), &number(score as f32, 2), "small end"))
                (rect(Area::new(zero.min(zero + reach), middle + 1.0, reach.abs(), thick), "fill-edge move"))
                (text((left - 3.0, middle + 5.0), &share(weight as f32), "strong end"))
                (path(&Path::ribbon_right(([middle - 10.0, middle + 10.0], left), ([*from, from + piece], right)), if looked { "fill-hair move" } else { "fill-hair shadow move" }))
                (rect(Area::new(right, *from, column, piece), &format!("{} move", heat_fill(weight as f32))))
                (line((right, *from), (right + column, *from), "line-panel lit move"))
                @let room = piece > 15.0 && !narrow;
                (gliding((right + column / 2.0, from + piece / 2.0 + 4.0), WORDS[word], &format!("least mid {}{}", heat_ink(weight as f32), if room { "" } else { " gone" })))
            }
        }
        (rect(Area::new(right, top, column, height), "line-edge part"))
        (text((area.right(), top + height + 15.0), "together 1", "small strong end"))
    }
}
