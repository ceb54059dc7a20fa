//! How wide a text is, and where labels go so that none covers another.

use super::Point;
use super::mark::Area;

/// How wide a text is at `size`, in units of the picture. The page's own font is not known when
/// the picture is made, so this errs on the broad side.
///
/// ```
/// use widgets::draw::label::width;
///
/// assert!(width("mat", 13.0) < width("because", 13.0));
/// ```
pub fn width(text: &str, size: f64) -> f64 {
    text.chars().map(advance).sum::<f64>() * size
}

/// The text, or as much of its beginning as has room at `size`, and then an ellipsis. Nothing,
/// where not even a letter has room.
///
/// ```
/// use widgets::draw::label::fitted;
///
/// assert_eq!(fitted("because", 13.0, 80.0), "because");
/// assert_eq!(fitted("internationalisation", 13.0, 80.0), "internatio…");
/// assert_eq!(fitted("because", 13.0, 5.0), "");
/// ```
pub fn fitted(text: &str, size: f64, room: f64) -> String {
    if width(text, size) <= room {
        return text.to_owned();
    }
    let mut left = room - width("…", size);
    let fits = |letter: &char| {
        left -= advance(*letter) * size;
        left >= 0.0
    };
    let kept: String = text.chars().take_while(fits).collect();
    if kept.is_empty() { kept } else { kept + "…" }
}

/// A letter's width as a part of the font's size, in the widest of the fonts that pages use.
fn advance(letter: char) -> f64 {
    match letter {
        'i' | 'j' | 'l' | '\'' | '|' | '.' | ',' | ':' | ';' | '!' | '‘' | '’' => 0.31,
        'f' | 't' | 'r' | 'I' | ' ' | '(' | ')' | '[' | ']' | '-' | '/' | '“' | '”' => 0.41,
        'm' | 'w' | 'M' | 'W' | '%' | '@' | '—' => 0.95,
        'A'..='Z' | '+' | '=' | '−' | '×' | '<' | '>' => 0.74,
        other if other.is_ascii() => 0.62,
        other if (other as u32) < 0x2000 => 0.66,
        _ => 1.0,
    }
}

/// A label that looks for a place.
#[derive(Debug, Clone, PartialEq)]
pub struct Label<'a> {
    /// What it says.
    pub text: &'a str,
    /// The size of its letters.
    pub size: f64,
    /// What it names.
    pub at: Point,
    /// How far it keeps from what it names.
    pub gap: f64,
}

/// Where a label went: its base line begins at `start`, and it fills `area`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Placed {
    /// Where its first letter stands.
    pub start: Point,
    /// The box that it fills.
    pub area: Area,
    /// Whether it had to be put over something else, since there was no free place.
    pub crowded: bool,
}

/// Directions in which a label may lie from what it names, best first: right, left, above, below,
/// and the corners.
const SIDES: [Point; 8] = [
    (1.0, 0.0),
    (-1.0, 0.0),
    (0.0, -1.0),
    (0.0, 1.0),
    (1.0, -1.0),
    (-1.0, -1.0),
    (1.0, 1.0),
    (-1.0, 1.0),
];

/// Finds a place for each label within `bounds`, over none of `taken` and over no other label.
/// Labels are placed in their order, so the important ones come first. One that finds no free
/// place is put where it covers least, and says so.
pub fn place(labels: &[Label<'_>], bounds: Area, taken: &[Area]) -> Vec<Placed> {
    let mut taken = taken.to_vec();
    labels
        .iter()
        .map(|label| {
            let placed = best(label, bounds, &taken);
            taken.push(placed.area);
            placed
        })
        .collect()
}

fn best(label: &Label<'_>, bounds: Area, taken: &[Area]) -> Placed {
    let candidates =
        (1..=3).flat_map(|ring| SIDES.map(|side| beside(label, side, f64::from(ring))));
    let mut least: Option<(f64, Area)> = None;
    for area in candidates {
        let area = within(area, bounds);
        let covered: f64 = taken.iter().map(|other| overlap(&area, other)).sum();
        if covered == 0.0 {
            return placed(label, area, false);
        }
        if least.is_none_or(|(best, _)| covered < best) {
            least = Some((covered, area));
        }
    }
    let (_, area) = least.expect("there are candidates");
    placed(label, area, true)
}

fn placed(label: &Label<'_>, area: Area, crowded: bool) -> Placed {
    Placed { start: (area.x, area.bottom() - label.size * 0.28), area, crowded }
}

/// The box of a label that lies to a side of what it names.
fn beside(label: &Label<'_>, (right, down): Point, ring: f64) -> Area {
    let (width, height) = (width(label.text, label.size), label.size * 1.2);
    let far = label.gap * ring;
    let corner = if right != 0.0 && down != 0.0 { far * 0.7 } else { far };
    let x = label.at.0 + right * corner + (right - 1.0) / 2.0 * width;
    let y = label.at.1 + down * corner + (down - 1.0) / 2.0 * height;
    Area::new(x, y, width, height)
}

/// The box pushed back within the bounds.
fn within(area: Area, bounds: Area) -> Area {
    let x = area.x.min(bounds.right() - area.width).max(bounds.x);
    let y = area.y.min(bounds.bottom() - area.height).max(bounds.y);
    Area::new(x, y, area.width, area.height)
}

fn overlap(one: &Area, other: &Area) -> f64 {
    let width = one.right().min(other.right()) - one.x.max(other.x);
    let height = one.bottom().min(other.bottom()) - one.y.max(other.y);
    if width > 0.0 && height > 0.0 { width * height } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Area = Area { x: 0.0, y: 0.0, width: 300.0, height: 200.0 };

    fn label(text: &str, at: Point) -> Label<'_> {
        Label { text, size: 13.0, at, gap: 8.0 }
    }

    #[test]
    fn labels_that_share_a_point_do_not_share_a_place() {
        let labels: Vec<_> =
            ["one", "two", "three", "four"].map(|word| label(word, (150.0, 100.0))).into();
        let placed = place(&labels, BOUNDS, &[]);
        for (at, one) in placed.iter().enumerate() {
            assert!(!one.crowded);
            assert!(placed[at + 1..].iter().all(|other| !one.area.meets(&other.area)));
        }
    }

    #[test]
    fn a_label_at_the_edge_stays_within() {
        for at in [(0.0, 0.0), (300.0, 200.0), (299.0, 3.0)] {
            let area = place(&[label("because", at)], BOUNDS, &[])[0].area;
            assert!(area.x >= 0.0 && area.y >= 0.0);
            assert!(area.right() <= 300.0 && area.bottom() <= 200.0);
        }
    }

    #[test]
    fn where_there_is_no_room_it_says_so() {
        let full = place(&[label("word", (150.0, 100.0))], BOUNDS, &[BOUNDS]);
        assert!(full[0].crowded);
    }
}
