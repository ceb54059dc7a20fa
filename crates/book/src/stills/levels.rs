//! The memories of a card: a bar a level, as long as it is fast.

use attention::levels::{Level, a100};
use maud::{Markup, html};
use widgets::draw::mark::{Area, line, rect, text};
use widgets::draw::picture::svg;
use widgets::draw::scale::Scale;
use widgets::draw::{NARROW, WIDE};

use super::frame::{Still, table};

/// The picture.
pub(super) fn still() -> Still {
    let levels = a100();
    let fastest = levels[0].bandwidth.0;
    let rows = levels
        .map(|level| [level.name.to_owned(), holds(&level), rate(&level), level.how.to_owned()]);
    let [_, _, l2, hbm] = levels;
    let says = format!(
        "An A100 reads its L2 cache {:.1} times as fast as its HBM, and its registers {:.0} times.",
        l2.bandwidth.0 / hbm.bandwidth.0,
        fastest / hbm.bandwidth.0
    );
    Still {
        question: "How fast is each memory of a card, and how much does it hold?",
        layouts: [drawn(&levels, WIDE, &says), drawn(&levels, NARROW, &says)],
        says,
        numbers: table(
            "An A100 with 40 GB, the whole chip",
            &["memory", "holds", "read at", "how that comes about"],
            &rows,
        ),
    }
}

fn holds(level: &Level) -> String {
    level.bytes.in_gib()
}

fn rate(level: &Level) -> String {
    format!("{:.1} TB/s", level.bandwidth.0 / 1e12)
}

/// Names stand left of the bars where there is room, and above them where there is not.
fn drawn(levels: &[Level], width: f64, says: &str) -> Markup {
    let wide = width == WIDE;
    let (left, pitch, top) = if wide { (190.0, 44.0, 8.0) } else { (4.0, 58.0, 24.0) };
    let scale = Scale::linear([0.0, levels[0].bandwidth.0], [left, width - 96.0]);
    let height = top + levels.len() as f64 * pitch;
    let label = format!("A bar for each memory of an A100, as long as it is fast. {says}");
    let marks = html! {
        (line((left, top - 4.0), (left, height - 8.0), "line-edge part"))
        @for (at, level) in levels.iter().enumerate() {
            @let y = top + at as f64 * pitch;
            @let end = scale.place(level.bandwidth.0);
            @if wide {
                (text((left - 10.0, y + 13.0), level.name, "end strong"))
                (text((left - 10.0, y + 29.0), &holds(level), "end small muted"))
            } @else {
                (text((left, y - 8.0), &format!("{}, {}", level.name, holds(level)), "strong small"))
            }
            (rect(Area::new(left, y, end - left, 28.0), "fill-accent"))
            (text((end + 8.0, y + 18.5), &rate(level), ""))
        }
    };
    svg((width, height), "img", &label, marks)
}
