//! The picture: one token goes through the heads of a layer. Each reads the whole of its vector, and
//! what each adds is as long as the whole again.

use maud::{Markup, PreEscaped, html};

use super::{Flow, Sizes};
use crate::draw::mark::{Area, circle, path, rect, rounded, text};
use crate::draw::path::Path;
use crate::draw::picture::svg;
use crate::draw::{NARROW, Point, WIDE, coordinate};
use crate::show::share;
use crate::wall;

/// A number of this size, in hundredths, fills the height of its bar. What is larger is cut.
const TALL: f64 = 1400.0;

/// What heads add is drawn so many times as tall as the vector that they add to.
const TIMES: f64 = 5.0;

/// Sizes of queries and outputs that fill their boxes, in hundredths.
const QUERY: f64 = 550.0;
const OUTPUT: f64 = 110.0;

/// A number that is so much larger than its bar gets a cap, so that nobody takes it for less.
const CUT: f64 = 1.4;

/// A flow with its bars drawn once: they are the same whichever head is followed.
#[derive(Debug, Clone)]
pub(super) struct Drawn {
    flow: Flow,
    sizes: Sizes,
    x: Bar,
    after: Bar,
    sum: Bar,
    added: Vec<Bar>,
    query: Vec<Bar>,
    output: Vec<Bar>,
    maps: Vec<String>,
}

/// Numbers as upright bars from a middle line: up is more than zero. One number is one unit wide,
/// and the half height is `steps` units. Their outline is one path: a bar that goes up and comes
/// down again would say each height twice.
#[derive(Debug, Clone)]
struct Bar {
    outline: Path,
    count: usize,
    steps: f64,
    /// The numbers that are cut, and whether they are above zero.
    cut: Vec<(usize, bool)>,
}

impl Bar {
    fn new(numbers: &[i16], tall: f64, steps: f64) -> Self {
        let mut outline = Path::new((0.0, 0.0));
        let (mut at, mut wide) = (0.0, 0.0);
        for number in numbers {
            let high = ((f64::from(*number) / tall).clamp(-1.0, 1.0) * steps).round();
            if high != at {
                if wide > 0.0 {
                    outline = outline.across(wide);
                }
                outline = outline.down(at - high);
                (at, wide) = (high, 0.0);
            }
            wide += 1.0;
        }
        let outline = outline.across(wide).down(at).closed();
        let far = |number: &i16| f64::from(*number).abs() > tall * CUT;
        let cut = numbers.iter().enumerate().filter(|(_, number)| far(number));
        let cut = cut.map(|(at, number)| (at, *number > 0)).collect();
        Self { outline, count: numbers.len(), steps, cut }
    }

    /// The bar in a box, in the colour of a role: its middle line runs through the middle of the
    /// box.
    fn view(&self, area: Area, role: &str) -> Markup {
        let (step, half) = (area.width / self.count as f64, area.height / 2.0);
        let place = format!(
            "translate({} {})scale({step:.4} {:.4})",
            coordinate(area.x),
            coordinate(area.y + half),
            half / self.steps
        );
        let caps = self.cut.iter().fold(Path::default(), |caps, (at, above)| {
            let x = area.x + (*at as f64 + 0.5) * step;
            let y = if *above { area.y - 1.0 } else { area.bottom() + 1.0 };
            caps.jump((x - 2.2, y)).across(4.4)
        });
        html! {
            g transform=(place) { (path(&self.outline, &format!("fill-{role}"))) }
            (path(&caps, &format!("line-{role}")))
        }
    }
}

/// Where things stand in a layout.
struct Places {
    size: Point,
    /// The bars of the whole: left edge and width.
    left: f64,
    width: f64,
    gap: f64,
    /// The line that goes around the heads.
    rail: f64,
    /// Half heights: of x, and of a query or an output.
    tall: f64,
    box_high: f64,
    kv_high: f64,
    /// From one head's row to the next.
    pitch: f64,
    /// Down: x, the funnels' two ends, queries, keys and values, maps, outputs, the two ends of
    /// what widens, the first row, the sum, and the vector after.
    x: f64,
    read: [f64; 2],
    kv: f64,
    maps: f64,
    output: f64,
    write: [f64; 2],
    rows: f64,
    sum: f64,
    after: f64,
}

const ON_WIDE: Places = Places {
    size: (WIDE, 490.0),
    left: 146.0,
    width: 640.0,
    gap: 8.0,
    rail: 815.0,
    tall: 15.0,
    box_high: 22.0,
    kv_high: 28.0,
    pitch: 12.5,
    x: 18.0,
    read: [36.0, 82.0],
    kv: 112.0,
    maps: 147.0,
    output: 218.0,
    write: [241.0, 285.0],
    rows: 289.0,
    sum: 424.0,
    after: 470.0,
};

const ON_NARROW: Places = Places {
    size: (NARROW, 477.0),
    left: 0.0,
    width: 322.0,
    gap: 3.6,
    rail: 337.0,
    tall: 13.0,
    box_high: 16.0,
    kv_high: 22.0,
    pitch: 10.8,
    x: 31.0,
    read: [46.0, 92.0],
    kv: 126.0,
    maps: 167.0,
    output: 219.0,
    write: [236.0, 284.0],
    rows: 288.0,
    sum: 412.0,
    after: 460.0,
};

impl Places {
    fn slot(&self, heads: usize) -> f64 {
        (self.width - self.gap * (heads - 1) as f64) / heads as f64
    }

    fn at(&self, head: usize, heads: usize) -> f64 {
        self.left + head as f64 * (self.slot(heads) + self.gap)
    }

    fn end(&self) -> f64 {
        self.left + self.width
    }

    /// How far a number of what is added reaches from its middle line, per pixel of x.
    fn row(&self, head: usize) -> f64 {
        self.rows + self.pitch * (head as f64 + 0.5)
    }

    fn whole(&self, y: f64, half: f64) -> Area {
        Area::new(self.left, y - half, self.width, 2.0 * half)
    }
}

impl Drawn {
    pub(super) fn new(flow: Flow) -> Self {
        let sizes = Sizes::of(&flow.model).expect("a whole flow names a model of the table");
        let bars = |rows: &[Vec<i16>], tall: f64| -> Vec<Bar> {
            rows.iter().map(|row| Bar::new(row, tall, 12.0)).collect()
        };
        let weights = |map: &Vec<Vec<i16>>| -> Vec<Vec<f32>> {
            map.iter().map(|row| row.iter().map(|it| f32::from(*it) / 100.0).collect()).collect()
        };
        Self {
            x: Bar::new(&flow.x, TALL, 25.0),
            after: Bar::new(&flow.after, TALL, 25.0),
            // The half heights are 12 and 6.25 where that of x is 15.
            sum: Bar::new(&flow.sum, TALL * 12.0 / 15.0 / TIMES, 20.0),
            added: bars(&flow.added, TALL * 6.25 / 15.0 / TIMES),
            query: bars(&flow.query, QUERY),
            output: bars(&flow.output, OUTPUT),
            maps: flow.weights.iter().map(|map| wall::map(&weights(map)).into_string()).collect(),
            sizes,
            flow,
        }
    }

    pub(super) fn is_of(&self, model: &str) -> bool {
        self.flow.model == model
    }

    fn heads(&self) -> usize {
        self.flow.added.len()
    }

    /// The key and value head that a head asks.
    fn group(&self, head: usize) -> usize {
        head / (self.heads() / self.groups())
    }

    fn groups(&self) -> usize {
        self.sizes.kv_heads as usize
    }

    fn word(&self) -> &str {
        &self.flow.words[self.flow.place]
    }

    /// The token's row of weights in a head, in hundredths.
    fn row(&self, head: usize) -> &[i16] {
        &self.flow.weights[head][self.flow.place]
    }

    /// What the picture shows when `head` is followed.
    pub(super) fn said(&self, head: usize) -> Markup {
        let others: Vec<String> = (0..self.heads())
            .filter(|other| *other != head && self.group(*other) == self.group(head))
            .map(|other| other.to_string())
            .collect();
        let row = self.row(head);
        let most = (0..row.len()).max_by_key(|key| (row[*key], usize::MAX - key)).unwrap_or(0);
        html! {
            b { "No: head " (head) " reads all " (self.flow.x.len()) " numbers." }
            @if !others.is_empty() {
                " It shares keys and values with head" @if others.len() > 1 { "s" } " " (others.join(" and ")) ","
            } @else { " It" }
            " looks most at “" (self.flow.words[most]) "” (" b { (hundredth(row[most])) } "), and adds a row of length "
            b { (length(&self.flow.added[head])) } " to one of " (length(&self.flow.x)) "."
        }
    }

    pub(super) fn wide(&self, head: usize) -> Markup {
        let (word, places) = (self.word(), &ON_WIDE);
        let sizes = &self.sizes;
        let (wide, narrow) = (sizes.d_model, sizes.head_dim);
        let pair = |y: f64, name: &str, ink: &str, notes: &[String]| {
            html! {
                (text((0.0, y), name, &format!("strong {ink}")))
                @for (at, note) in notes.iter().enumerate() {
                    (text((0.0, y + 15.0 + 15.0 * at as f64), note, "small muted"))
                }
            }
        };
        let note = |text: &str| text.to_owned();
        let labels = html! {
            (pair(15.0, &format!("x of “{word}”"), "", &[format!("{wide} numbers, layer {}", self.flow.layer)]))
            (pair(49.0, "reads all of x", "ink-query", &[note("through its own"), format!("W_Q: {wide} × {narrow}")]))
            (pair(96.0, "query", "ink-query", &[]))
            (text((50.0, 96.0), &format!("{narrow} numbers"), "small muted"))
            (text((0.0, 124.0), "keys", "strong ink-key")) (text((36.0, 124.0), "and", "")) (text((66.0, 124.0), "values", "strong ink-value"))
            (text((0.0, 139.0), &format!("{} for {} heads", sizes.kv_heads, sizes.heads), "small muted"))
            (pair(175.0, "weights", "", &[note("framed: the row"), format!("of “{word}”")]))
            (pair(233.0, "output", "ink-output", &[]))
            (text((56.0, 233.0), &format!("{narrow} numbers"), "small muted"))
            (pair(259.0, "writes to all of it", "ink-output", &[format!("W_O: {narrow} × {wide}")]))
            @for other in 0..self.heads() {
                @let class = if other == head { "strong ink-output" } else { "muted" };
                (text((138.0, places.row(other) + 4.0), &format!("head {other}"), &format!("least end {class}")))
            }
            (pair(421.0, "added up", "ink-output", &[note("drawn 5 times as tall")]))
            (pair(467.0, "x + their sum", "", &[note("what goes on from here")]))
        };
        self.picture(head, places, &labels)
    }

    pub(super) fn narrow(&self, head: usize) -> Markup {
        let (word, places) = (self.word(), &ON_NARROW);
        let sizes = &self.sizes;
        let pair = |x: f64, y: f64, name: &str, ink: &str, note: &str| {
            html! {
                (text((0.0, y), name, &format!("small strong halo {ink}")))
                (text((x, y), note, "small muted halo"))
            }
        };
        let (wide, narrow) = (sizes.d_model, sizes.head_dim);
        let each = format!("{narrow} numbers each");
        let middle = places.width / 2.0;
        let labels = html! {
            (pair(80.0, 11.0, &format!("x of “{word}”"), "", &format!("{wide} numbers, layer {}", self.flow.layer)))
            (text((middle, 63.0), &format!("each head reads all {wide}"), "mid small strong ink-query halo"))
            (pair(60.0, 121.0, "queries", "ink-query", &each))
            (text((0.0, 162.0), "keys", "small strong ink-key halo"))
            (pair(90.0, 162.0, "", "", &format!("{} for {} heads", sizes.kv_heads, sizes.heads)))
            (text((36.0, 162.0), "values", "small strong ink-value halo"))
            (pair(62.0, 214.0, "outputs", "ink-output", &each))
            (text((middle, 268.0), &format!("each head writes to all {wide}"), "mid small strong ink-output halo"))
            (pair(72.0, 397.0, "added up", "ink-output", "drawn 5 times as tall"))
            (pair(100.0, 440.0, "x + their sum", "", "what goes on from here"))
        };
        self.picture(head, places, &labels)
    }

    fn picture(&self, head: usize, places: &Places, labels: &Markup) -> Markup {
        let heads = self.heads();
        let label = format!(
            "One layer for one token: {heads} heads each read all {} numbers of “{}”, and each adds as many. Followed: head {head}",
            self.flow.x.len(),
            self.word()
        );
        let marks = html! {
            (self.around(places))
            (self.reads(head, places))
            (self.columns(head, places))
            (self.writes(head, places))
            (labels)
            @for head in 0..heads { (self.hits(head, places)) }
        };
        svg(places.size, "img", &label, marks)
    }

    /// The vector before and after, and the line from one to the other.
    fn around(&self, places: &Places) -> Markup {
        let Places { rail, tall, x, sum, after, .. } = *places;
        let end = places.end();
        let way = Path::new((end, x))
            .line((rail - 8.0, x))
            .curve((rail - 3.0, x), (rail, x + 3.0), (rail, x + 8.0))
            .line((rail, after - 8.0))
            .curve((rail, after - 3.0), (rail - 3.0, after), (rail - 8.0, after))
            .line((end + 4.0, after));
        let plus = Path::new((rail - 4.5, sum)).across(9.0).jump((rail, sum - 4.5)).down(9.0);
        html! {
            (path(&way, "line-ink rail"))
            (path(&Path::default().head((end + 20.0, after), (end + 3.0, after), 8.0), "line-ink bold"))
            @for (y, bar) in [(x, &self.x), (after, &self.after)] {
                (rect(places.whole(y, tall + 2.0), "fill-bg line-edge thin"))
                (bar.view(places.whole(y, tall), "ink"))
            }
            (rect(places.whole(sum, tall * 0.8 + 1.0), "fill-bg line-edge thin"))
            (self.sum.view(places.whole(sum, tall * 0.8), "output"))
            (path(&Path::new((end + 6.0, sum)).line((rail - 8.0, sum)), "line-output part"))
            (circle((rail, sum), 7.5, "fill-panel line-ink lit"))
            (path(&plus, "line-ink lit"))
        }
    }

    /// All heads' funnels from the whole of x, and the followed one filled.
    fn reads(&self, head: usize, places: &Places) -> Markup {
        let [top, bottom] = places.read;
        self.funnels(head, places, top, bottom, "tint-query line-query lit")
    }

    fn funnels(&self, head: usize, places: &Places, whole: f64, part: f64, class: &str) -> Markup {
        let heads = self.heads();
        let (left, end, slot) = (places.left, places.end(), places.slot(heads));
        let ghosts = (0..heads).fold(Path::default(), |ghosts, other| {
            let at = places.at(other, heads);
            ghosts.jump((left, whole)).line((at, part)).jump((end, whole)).line((at + slot, part))
        });
        let at = places.at(head, heads);
        let own = [(left, whole), (end, whole), (at + slot, part), (at, part)];
        html! {
            (path(&Path::through(own).closed(), &format!("move funnel {class}")))
            (path(&ghosts, "ghost"))
        }
    }

    /// Queries, keys and values, maps and outputs: a column a head.
    fn columns(&self, head: usize, places: &Places) -> Markup {
        let heads = self.heads();
        let (slot, high) = (places.slot(heads), places.box_high);
        let area =
            |head: usize, y: f64, high: f64| Area::new(places.at(head, heads), y, slot, high);
        let inner =
            |area: Area| Area::new(area.x + 1.0, area.y + 2.0, area.width - 2.0, area.height - 4.0);
        let queries = places.read[1] + 1.0;
        let boxed = |bar: &Bar, area: Area, on: bool, class: [&str; 2]| {
            html! {
                (rounded(area, 2.0, if on { class[0] } else { "fill-bg line-edge thin" }))
                (bar.view(inner(area), if on { class[1] } else { "edge" }))
            }
        };
        let links = (0..heads).fold(Path::default(), |links, head| {
            let x = places.at(head, heads) + slot / 2.0;
            [
                (queries + high, places.kv),
                (places.kv + places.kv_high, places.maps),
                (places.maps + slot, places.output),
            ]
            .into_iter()
            .fold(links, |links, (from, to)| links.jump((x, from)).line((x, to)))
        });
        let frame = area(head, places.maps, slot).grown(1.5);
        let cell = slot / self.flow.words.len() as f64;
        let row = Area::new(
            places.at(head, heads) - 1.0,
            places.maps + cell * self.flow.place as f64 - 0.5,
            cell * (self.flow.place + 1) as f64 + 2.0,
            cell + 1.0,
        );
        html! {
            (path(&links, "ghost"))
            @for other in 0..heads {
                (boxed(&self.query[other], area(other, queries, high), other == head, ["tint-query line-query part", "query"]))
                (boxed(&self.output[other], area(other, places.output, high), other == head, ["tint-output line-output part", "output"]))
            }
            @for group in 0..self.groups() { (self.shared(group, group == self.group(head), places)) }
            @for other in 0..heads {
                @let area = area(other, places.maps, slot);
                (rect(area, "fill-bg"))
                g transform=(format!("translate({} {})scale({cell:.3})", coordinate(area.x), coordinate(area.y)))
                    class=(if other == head { "move" } else { "move pale" }) aria-hidden="true" {
                    (PreEscaped(&self.maps[other]))
                }
            }
            (rect(frame, "line-ink lit move"))
            (rect(row, "line-query lit move"))
        }
    }

    /// Keys and values that several heads share.
    fn shared(&self, group: usize, own: bool, places: &Places) -> Markup {
        let heads = self.heads();
        let sharers = heads / self.groups();
        let left = places.at(group * sharers, heads);
        let right = places.at(group * sharers + sharers - 1, heads) + places.slot(heads);
        let (y, high) = (places.kv, places.kv_high);
        let half = (right - left - 6.0) / 2.0;
        let key = Path::through([
            (left + 2.0, y + 3.0),
            (left + half - 6.0, y + 3.0),
            (left + half, y + high / 2.0),
            (left + half - 6.0, y + high - 3.0),
            (left + 2.0, y + high - 3.0),
        ]);
        let value = Area::new(left + half + 6.0, y + 3.0, half - 2.0, high - 6.0);
        let class = |own_class: &str| match own {
            true => format!("{own_class} part"),
            false => "fill-bg line-edge thin".to_owned(),
        };
        let ink = if own { "mid slanted strong" } else { "mid slanted strong muted" };
        let middle = y + high / 2.0 + 4.5;
        html! {
            (rounded(Area::new(left - 2.0, y, right - left + 4.0, high), 4.0, if own { "line-ink part" } else { "line-hair" }))
            (path(&key.closed(), &class("tint-key line-key")))
            (rounded(value, (high - 6.0) / 2.0, &class("tint-value line-value")))
            (text((left + half / 2.0, middle), "k", ink))
            (text((value.middle().0, middle), "v", ink))
        }
    }

    /// What each head adds, a row a head, and the line that gathers them.
    fn writes(&self, head: usize, places: &Places) -> Markup {
        let heads = self.heads();
        let [top, bottom] = places.write;
        let half = places.tall * 6.25 / 15.0;
        let end = places.end();
        let gather = (0..heads).fold(Path::default(), |gather, head| {
            gather.jump((end + 2.0, places.row(head))).across(4.0)
        });
        let gather = gather.jump((end + 6.0, places.row(0))).line((end + 6.0, places.sum));
        html! {
            (self.funnels(head, places, bottom, top, "tint-output line-output lit"))
            (rect(places.whole(places.row(head), half + 0.5), "tint-output line-output move"))
            @for other in 0..heads {
                (self.added[other].view(places.whole(places.row(other), half), if other == head { "output" } else { "edge" }))
            }
            (path(&gather, "line-output"))
        }
    }

    /// Where a pointer may choose a head: its column, and its row.
    fn hits(&self, head: usize, places: &Places) -> Markup {
        let heads = self.heads();
        let top = places.read[1] - 4.0;
        let column = Area::new(
            places.at(head, heads) - places.gap / 2.0,
            top,
            places.slot(heads) + places.gap,
            places.write[0] + 4.0 - top,
        );
        let row = Area::new(0.0, places.row(head) - places.pitch / 2.0, places.end(), places.pitch);
        html! {
            @for area in [column, row] {
                rect class="hit" x=(coordinate(area.x)) y=(coordinate(area.y)) width=(coordinate(area.width))
                    height=(coordinate(area.height)) data-event="head" data-value=(head) {}
            }
        }
    }

    /// The numbers of all heads: where they look, and how long what they add is.
    pub(super) fn table(&self, followed: usize) -> Markup {
        let seen = &self.flow.words[..=self.flow.place];
        html! {
            div class="scroll" {
                table class="weights" {
                    caption { "What each head of layer " (self.flow.layer) " does at “" (self.word()) "”" }
                    thead { tr {
                        th scope="col" { "Head" }
                        th scope="col" { "Keys, values" }
                        @for word in seen { th scope="col" { "on “" (word) "”" } }
                        th scope="col" { "Adds, length" }
                    } }
                    tbody {
                        @for (head, added) in self.flow.added.iter().enumerate() {
                            tr class=[(head == followed).then_some("chosen")] {
                                th scope="row" { (head) }
                                td { (self.group(head)) }
                                @for weight in self.row(head) { td { (hundredth(*weight)) } }
                                td { (length(added)) }
                            }
                        }
                        tr {
                            th scope="row" { "sum" }
                            td {}
                            @for _ in seen { td {} }
                            td { (length(&self.flow.sum)) }
                        }
                    }
                }
            }
        }
    }
}

/// A number of hundredths, as a share is printed.
fn hundredth(number: i16) -> String {
    share(f32::from(number) / 100.0)
}

/// How long a vector is, with one decimal.
fn length(numbers: &[i16]) -> String {
    let squares: f64 = numbers.iter().map(|number| f64::from(*number).powi(2)).sum();
    format!("{:.1}", squares.sqrt() / 100.0)
}
