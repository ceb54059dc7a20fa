//! Chapter 10: texts that share the blocks of their beginning, and the copy that a writer gets. The
//! blocks are those that the library's paged cache deals out.

use anyhow::{Result, ensure};
use attention::PagedCache;
use burn::tensor::{Device, Tensor};
use maud::{Markup, html};
use widgets::draw::mark::{Area, circle, line, path, rect, rounded, text};
use widgets::draw::path::Path;
use widgets::draw::picture::svg;
use widgets::draw::{NARROW, WIDE};

use super::frame::{Still, table};

/// Tokens of a block, blocks of the pool, and tokens that all texts begin with.
const BLOCK: usize = 4;
const BLOCKS: usize = 7;
const BEGINNING: usize = 10;

/// What each text adds, in the order in which they write.
const ADDED: [(u64, usize); 3] = [(1, 3), (2, 1), (0, 4)];

const TEXTS: [&str; 3] = ["A", "B", "C"];

/// Who wrote a token: the beginning that all have, or one of the texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Writer {
    Beginning,
    Text(u64),
}

/// The pool at one moment.
struct Moment {
    title: &'static str,
    /// The blocks of each text, in order; none for a text that is not there yet.
    tables: Vec<Vec<usize>>,
    /// What stands in each block.
    held: Vec<Vec<Writer>>,
    owners: Vec<usize>,
}

fn token(writer: Writer) -> Tensor<4> {
    let mark = match writer {
        Writer::Beginning => 0.0,
        Writer::Text(text) => 1.0 + text as f32,
    };
    Tensor::full([1, 1, 1, 1], mark, &Device::flex())
}

impl Moment {
    fn new(title: &'static str, cache: &PagedCache) -> Result<Self> {
        let mut held = vec![Vec::new(); BLOCKS];
        let mut tables = Vec::new();
        for text in 0..TEXTS.len() as u64 {
            let Some((table, [keys, _])) = cache.table(text).zip(cache.read(text)) else {
                tables.push(Vec::new());
                continue;
            };
            let marks: Vec<f32> = keys.into_data().iter().collect();
            let writers = marks.iter().map(|mark| match *mark as u64 {
                0 => Writer::Beginning,
                more => Writer::Text(more - 1),
            });
            let writers: Vec<Writer> = writers.collect();
            for (block, part) in table.blocks.iter().zip(writers.chunks(BLOCK)) {
                held[*block] = part.to_vec();
            }
            tables.push(table.blocks.clone());
        }
        let owners = (0..BLOCKS).map(|block| cache.owners(block)).collect();
        Ok(Self { title, tables, held, owners })
    }
}

fn moments() -> Result<[Moment; 3]> {
    let mut cache = PagedCache::new(BLOCKS, BLOCK, 1, 1)?;
    let append =
        |cache: &mut PagedCache, text, writer| cache.append(text, token(writer), token(writer));
    for _ in 0..BEGINNING {
        append(&mut cache, 0, Writer::Beginning)?;
    }
    let alone = Moment::new("1. One text has begun", &cache)?;
    ensure!(cache.fork(0, 1) && cache.fork(0, 2), "a text can be forked");
    let forked = Moment::new("2. Two more begin with it", &cache)?;
    for (text, count) in ADDED {
        for _ in 0..count {
            append(&mut cache, text, Writer::Text(text))?;
        }
    }
    Ok([alone, forked, Moment::new("3. Each goes on by itself", &cache)?])
}

pub(super) fn still() -> Result<Still> {
    let moments = moments()?;
    let last = &moments[2];
    let shared: Vec<String> = shared(last);
    let alone: usize = last.tables.iter().map(Vec::len).sum();
    let taken = last.owners.iter().filter(|owners| **owners > 0).count();
    let label = format!(
        "Three moments of a pool of {BLOCKS} blocks with {BLOCK} places each. The tables of the \
         texts in the end: {}. Blocks {} belong to all three.",
        named(last).join("; "),
        shared.join(" and ")
    );
    let says = format!(
        "All three texts begin with the same {BEGINNING} tokens. To begin a second and a third \
         copies nothing. Who first writes into the half full block gets a copy of it. In the end \
         {taken} blocks do the work of {alone}."
    );
    let at = |place: usize| (281.0 * place as f64, 0.0);
    let wide = html! { @for (place, moment) in moments.iter().enumerate() { (Panel { moment, at: at(place), pitch: 36.0 }.view()) } };
    let below = |place: usize| (0.0, 176.0 * place as f64);
    let narrow = html! { @for (place, moment) in moments.iter().enumerate() { (Panel { moment, at: below(place), pitch: 44.0 }.view()) } };
    Ok(Still {
        question: "Who has which block?",
        layouts: [
            svg((WIDE, 168.0), "img", &label, wide),
            svg((NARROW, 520.0), "img", &label, narrow),
        ],
        says,
        numbers: numbers(&moments),
    })
}

/// The blocks that all texts have.
fn shared(moment: &Moment) -> Vec<String> {
    let owners = moment.owners.iter().enumerate();
    owners.filter(|(_, owners)| **owners == TEXTS.len()).map(|(at, _)| at.to_string()).collect()
}

/// Each text with its table.
fn named(moment: &Moment) -> Vec<String> {
    let tables = moment.tables.iter().zip(TEXTS).filter(|(table, _)| !table.is_empty());
    tables
        .map(|(table, name)| {
            let blocks: Vec<String> = table.iter().map(usize::to_string).collect();
            format!("{name} has {}", blocks.join(", "))
        })
        .collect()
}

/// One moment: the blocks above, and below a line for each text that meets its blocks.
struct Panel<'a> {
    moment: &'a Moment,
    at: (f64, f64),
    /// How far apart the blocks are.
    pitch: f64,
}

impl Panel<'_> {
    fn x(&self, block: usize) -> f64 {
        self.at.0 + 20.0 + self.pitch * block as f64
    }

    fn view(&self) -> Markup {
        let (left, top) = self.at;
        html! {
            (text((left, top + 13.0), self.moment.title, "strong"))
            @for block in 0..BLOCKS { (self.block(block)) }
            @for (place, blocks) in self.moment.tables.iter().enumerate() {
                (self.table(place, blocks, top + 100.0 + 24.0 * place as f64))
            }
        }
    }

    /// A block with its places, and its number below.
    fn block(&self, block: usize) -> Markup {
        let (x, y) = (self.x(block), self.at.1 + 26.0);
        let free = self.moment.owners[block] == 0;
        let middle = x + 16.0;
        html! {
            (rounded(Area::new(x, y, 32.0, 36.0), 3.0, if free { "line-edge dotted" } else { "fill-bg line-ink" }))
            @for (place, writer) in self.moment.held[block].iter().enumerate() {
                @let corner = (x + 1.5 + 15.0 * (place % 2) as f64, y + 2.5 + 16.0 * (place / 2) as f64);
                @let area = Area::new(corner.0, corner.1, 14.0, 15.0);
                @match writer {
                    Writer::Beginning => (rect(area, "fill-edge")),
                    Writer::Text(text_id) => {
                        (rect(area, "fill-lit line-edge thin"))
                        (text((area.middle().0, area.y + 11.5), TEXTS[*text_id as usize], "least mid"))
                    }
                }
            }
            (text((middle, y + 52.0), &block.to_string(), "least mid muted"))
        }
    }

    /// A text's blocks in order, joined by a line.
    fn table(&self, place: usize, blocks: &[usize], y: f64) -> Markup {
        let points: Vec<_> = blocks.iter().map(|block| (self.x(*block) + 16.0, y)).collect();
        let name = if blocks.is_empty() { "small muted" } else { "strong" };
        let end = self.x(BLOCKS - 1) + 32.0;
        html! {
            (text((self.at.0, y + 4.5), TEXTS[place], name))
            (line((self.x(0), y), (end, y), "line-hair"))
            (path(&Path::through(points.clone()), "line-ink lit"))
            @for point in points { (circle(point, 5.0, "fill-ink")) }
        }
    }
}

fn numbers(moments: &[Moment]) -> Markup {
    let rows: Vec<Vec<String>> = moments
        .iter()
        .map(|moment| {
            let taken = moment.owners.iter().filter(|owners| **owners > 0).count();
            vec![moment.title.to_owned(), named(moment).join("; "), taken.to_string()]
        })
        .collect();
    table("The tables of the texts", &["Moment", "Tables", "Blocks taken"], &rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beginning_is_shared_and_each_writer_has_what_it_wrote() {
        let [alone, forked, last] = moments().unwrap();
        assert_eq!(alone.owners, [1, 1, 1, 0, 0, 0, 0]);
        assert_eq!(forked.owners, [3, 3, 3, 0, 0, 0, 0], "nothing is copied");
        // The first two blocks are full and stay shared. The third is copied for B and for C, and
        // the last who has it writes into it.
        assert_eq!(last.tables, [vec![0, 1, 2, 6], vec![0, 1, 3, 4], vec![0, 1, 5]]);
        assert_eq!(last.owners, [3, 3, 1, 1, 1, 1, 1]);
        let (old, own) = (Writer::Beginning, Writer::Text);
        assert_eq!(last.held[3], [old, old, own(1), own(1)]);
        assert_eq!(last.held[4], [own(1)]);
        assert_eq!(last.held[5], [old, old, own(2)]);
        assert_eq!(last.held[2], [old, old, own(0), own(0)]);
        assert_eq!(shared(&last), ["0", "1"]);
    }
}
