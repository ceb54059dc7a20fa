//! Chapter 10: a ring of devices, and what each has to do in each step. The pairs are counted in
//! the causal mask.

use anyhow::Result;
use attention::{Mask, MaskGrid};
use maud::{Markup, html};
use widgets::draw::mark::{Area, rect, text};
use widgets::draw::picture::svg;
use widgets::draw::role::{heat_fill, heat_ink};
use widgets::draw::{NARROW, WIDE};

use super::frame::{Still, table};

const DEVICES: usize = 4;

/// Tokens that a device holds.
const HELD: usize = 8;

/// How high a step is.
const CELL: f64 = 40.0;

/// A way to deal out the text, and the pairs that each device computes in each step.
struct Deal {
    title: &'static str,
    short: &'static str,
    pairs: Vec<Vec<usize>>,
}

impl Deal {
    fn new(title: &'static str, short: &'static str, held: impl Fn(usize) -> Vec<usize>) -> Self {
        let causal = Mask::Causal.grid(DEVICES * HELD, DEVICES * HELD);
        let pairs = (0..DEVICES)
            .map(|device| {
                let queries = held(device);
                let step = |step| pairs(&causal, &queries, &held(comes_by(device, step)));
                (0..DEVICES).map(step).collect()
            })
            .collect();
        Self { title, short, pairs }
    }

    /// All steps, each as long as its busiest device.
    fn time(&self) -> usize {
        (0..DEVICES)
            .map(|step| self.pairs.iter().map(|device| device[step]).max().unwrap_or(0))
            .sum()
    }
}

/// Whose keys and values are at a device in a step: its own first, then those of its neighbours.
fn comes_by(device: usize, step: usize) -> usize {
    (device + DEVICES - step) % DEVICES
}

/// Pairs that the mask lets see each other.
fn pairs(mask: &MaskGrid, queries: &[usize], keys: &[usize]) -> usize {
    let sees = |query: &usize| keys.iter().filter(|key| mask.sees(*query, **key)).count();
    queries.iter().map(sees).sum()
}

fn deals() -> [Deal; 2] {
    let half = HELD / 2;
    let part = |at: usize| at * half..(at + 1) * half;
    let pieces = move |device: usize| part(2 * device).chain(part(2 * device + 1)).collect();
    let ends = move |device: usize| part(device).chain(part(2 * DEVICES - 1 - device)).collect();
    [
        Deal::new("A piece for each device", "a piece each", pieces),
        Deal::new("An early and a late piece for each", "early and late", ends),
    ]
}

pub(super) fn still() -> Result<Still> {
    let deals = deals();
    let [pieces, ends] = deals.each_ref().map(Deal::time);
    let label = format!(
        "Four devices in four steps, and the pairs that each computes. With a piece each, the \
         first device waits in all steps but one; all steps together last as long as {pieces} \
         pairs. With an early and a late piece each, all have the same to do: {ends} pairs."
    );
    let says = format!(
        "A text of {} tokens, causal. In each step the keys and values go on to the next device, \
         and a step lasts as long as its busiest device. A piece each: as long as {pieces} pairs. \
         An early and a late piece each: as long as {ends}.",
        DEVICES * HELD
    );
    let wide = html! {
        (Panel { deal: &deals[0], at: (0.0, 0.0), names: 68.0, cell: 80.0 }.view())
        (Panel { deal: &deals[1], at: (434.0, 0.0), names: 68.0, cell: 80.0 }.view())
    };
    let narrow = html! {
        (Panel { deal: &deals[0], at: (0.0, 0.0), names: 62.0, cell: 70.0 }.view())
        (Panel { deal: &deals[1], at: (0.0, 240.0), names: 62.0, cell: 70.0 }.view())
    };
    Ok(Still {
        question: "What does each device of the ring have to do?",
        layouts: [
            svg((WIDE, 216.0), "img", &label, wide),
            svg((NARROW, 456.0), "img", &label, narrow),
        ],
        says,
        numbers: numbers(&deals),
    })
}

/// The steps of one way to deal: a row for each device, a column for each step.
struct Panel<'a> {
    deal: &'a Deal,
    at: (f64, f64),
    /// Room for the devices' names, and how wide a step is.
    names: f64,
    cell: f64,
}

impl Panel<'_> {
    fn view(&self) -> Markup {
        let (left, top) = self.at;
        html! {
            (text((left, top + 13.0), self.deal.title, "strong"))
            @for step in 0..DEVICES {
                @let middle = left + self.names + self.cell * (step as f64 + 0.5);
                (text((middle, top + 38.0), &format!("step {}", step + 1), "small mid muted"))
            }
            @for device in 0..DEVICES {
                @let y = top + 46.0 + (CELL + 2.0) * device as f64;
                (text((left, y + CELL / 2.0 + 4.5), &format!("device {device}"), "small"))
                @for step in 0..DEVICES { (self.cell(device, step, y)) }
            }
        }
    }

    fn cell(&self, device: usize, step: usize, y: f64) -> Markup {
        let pairs = self.deal.pairs[device][step];
        let x = self.at.0 + self.names + self.cell * step as f64;
        let area = Area::new(x + 1.0, y, self.cell - 2.0, CELL);
        let share = pairs as f32 / (HELD * HELD) as f32;
        let ink = heat_ink(share);
        let does = if pairs == 0 { "waits".to_owned() } else { format!("{pairs} pairs") };
        let from = format!("keys of {}", comes_by(device, step));
        html! {
            (rect(area, &format!("{} line-edge", heat_fill(share))))
            (text((area.middle().0, y + 16.0), &from, &format!("least mid {ink}")))
            (text((area.middle().0, y + 32.0), &does, &format!("least mid strong {ink}")))
        }
    }
}

fn numbers(deals: &[Deal]) -> Markup {
    let mut rows: Vec<Vec<String>> = Vec::new();
    for deal in deals {
        for (device, pairs) in deal.pairs.iter().enumerate() {
            let name = format!("{}, device {device}", deal.short);
            let steps = pairs.iter().map(usize::to_string);
            let sum = pairs.iter().sum::<usize>().to_string();
            rows.push(std::iter::once(name).chain(steps).chain([sum]).collect());
        }
    }
    let columns = ["Deal and device", "Step 1", "Step 2", "Step 3", "Step 4", "Together"];
    table("Pairs that each device computes", &columns, &rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_deals_compute_each_pair_once_and_the_second_is_even() {
        let [pieces, ends] = deals();
        let tokens = DEVICES * HELD;
        for deal in [&pieces, &ends] {
            let all: usize = deal.pairs.iter().flatten().sum();
            assert_eq!(all, tokens * (tokens + 1) / 2, "{}", deal.title);
        }
        // By hand: a triangle of 8, then squares of 8 by 8 or nothing.
        assert_eq!(pieces.pairs[0], [36, 0, 0, 0]);
        assert_eq!(pieces.pairs[3], [36, 64, 64, 64]);
        // Two triangles of 4 and a square of 4 by 4; then half of each square.
        assert!(ends.pairs.iter().all(|steps| *steps == [36, 32, 32, 32]), "{:?}", ends.pairs);
        assert_eq!([pieces.time(), ends.time()], [36 + 3 * 64, 36 + 3 * 32]);
    }
}
