//! The map of the chapters: which builds on which, as a picture and as a list, and the ways
//! through them. All of it comes from one table.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Deserialize;
use widgets::transformer::{Outline, card};

use crate::contents::{self, Page};
use crate::{Problem, Problems};

/// Where the table is, from the book's root.
pub const FILE: &str = "src/map.toml";

/// The table: chapters, and ways through them.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Map {
    /// The chapters in the book's order.
    #[serde(rename = "chapter")]
    pub chapters: Vec<Chapter>,
    /// Ways through the book.
    #[serde(rename = "path")]
    pub paths: Vec<Route>,
}

/// A chapter, written already or not.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chapter {
    /// How its file's name begins: `ch04`.
    pub key: String,
    /// Its name in the picture: one short word.
    pub name: String,
    /// What it is about.
    pub about: String,
    /// The keys of the chapters that it builds on.
    pub needs: Vec<String>,
}

/// A way through the book for a reader with one question.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// The question.
    pub name: String,
    /// The keys of the chapters that answer it.
    pub goals: Vec<String>,
}

/// Reads the table under `root` and checks it against the `pages` of the book.
///
/// # Errors
/// When it cannot be read, or [`Problems`]: a chapter that builds on none that comes before it,
/// a goal that is no chapter, a chapter of the book that the map does not know.
pub fn read(root: &Path, pages: &[Page]) -> Result<Map> {
    let path = root.join(FILE);
    let text = std::fs::read_to_string(&path)
        .with_context(|| format!("cannot read {}", path.display()))?;
    let map: Map = toml::from_str(&text).with_context(|| format!("{FILE} is not a map"))?;
    Problems::none(problems(&map, &text, pages))?;
    Ok(map)
}

fn problems(map: &Map, text: &str, pages: &[Page]) -> Vec<Problem> {
    let at = |part: &str, message: String| {
        Problem::at(Path::new(FILE), text, text.find(part).unwrap_or(0), message)
    };
    let mut problems = Vec::new();
    let mut before = BTreeSet::new();
    for chapter in &map.chapters {
        for need in chapter.needs.iter().filter(|need| !before.contains(need)) {
            let message = format!("{} builds on `{need}`, which does not come before", chapter.key);
            let key = format!("key = \"{}\"", chapter.key);
            let start = text.find(&key).unwrap_or(0);
            let offset = text[start..].find("needs").map_or(start, |at| start + at);
            problems.push(Problem::at(Path::new(FILE), text, offset, message));
        }
        before.insert(&chapter.key);
    }
    for path in &map.paths {
        for goal in path.goals.iter().filter(|goal| !before.contains(goal)) {
            let message = format!("the way leads to `{goal}`, which is no chapter here");
            problems.push(at(&format!("name = \"{}\"", path.name), message));
        }
    }
    for page in pages.iter().filter(|page| page.path.to_string_lossy().starts_with("ch")) {
        if !map.chapters.iter().any(|chapter| page.is(&chapter.key)) {
            problems.push(at("[[chapter]]", format!("{} is not here", page.path.display())));
        }
    }
    problems
}

/// A box of the picture, in its own units.
struct Place {
    x: f64,
    row: usize,
}

const WIDTH: f64 = 320.0;
const ROW: f64 = 76.0;
const BOX: (f64, f64) = (72.0, 44.0);

impl Map {
    fn number(&self, key: &str) -> usize {
        self.chapters.iter().position(|chapter| chapter.key == key).map_or(0, |at| at + 1)
    }

    fn chapter(&self, key: &str) -> &Chapter {
        &self.chapters[self.number(key) - 1]
    }

    /// A place for each chapter: one row below the lowest that it builds on, and in the row as
    /// near to those as can be.
    fn places(&self) -> Vec<Place> {
        let mut rows: Vec<usize> = Vec::new();
        for chapter in &self.chapters {
            let above = chapter.needs.iter().map(|need| rows[self.number(need) - 1] + 1);
            rows.push(above.max().unwrap_or(0));
        }
        let mut places: Vec<Place> = rows.iter().map(|&row| Place { x: 0.0, row }).collect();
        for row in 0..=rows.iter().copied().max().unwrap_or(0) {
            let mut here: Vec<(f64, usize)> = (0..rows.len())
                .filter(|&at| rows[at] == row)
                .map(|at| {
                    let needs = &self.chapters[at].needs;
                    let sum: f64 = needs.iter().map(|need| places[self.number(need) - 1].x).sum();
                    (sum / needs.len().max(1) as f64, at)
                })
                .collect();
            here.sort_by(|left, right| left.partial_cmp(right).expect("places are numbers"));
            let step = WIDTH / here.len() as f64;
            for (order, (_, at)) in here.into_iter().enumerate() {
                places[at].x = step * (order as f64 + 0.5);
            }
        }
        places
    }

    /// The picture, and a card for each chapter that says the same in words and leads there. On a
    /// card is the part of the model that the chapter is about.
    pub fn html(&self, pages: &[Page], outline: &Outline) -> String {
        maud::html! {
            figure class="map" { (self.picture(pages)) }
            ol class="cards" {
                @for (at, chapter) in self.chapters.iter().enumerate() {
                    li {
                        p class="card-title" { span class="card-number" { (at + 1) } " " (self.link(chapter, pages)) }
                        @if let Some(picture) = card(at + 1, outline) { div class="drawn" { (picture) } }
                        p {
                            (chapter.about) " "
                            @if let Some(needs) = self.in_words(&chapter.needs) {
                                span class="places" { "Builds on " (needs) "." }
                            }
                        }
                    }
                }
            }
        }
        .into_string()
    }

    fn picture(&self, pages: &[Page]) -> maud::Markup {
        let places = self.places();
        let rows = places.iter().map(|place| place.row + 1).max().unwrap_or(0);
        let (width, height) = BOX;
        let top = |place: &Place| place.row as f64 * ROW + 2.0;
        let said = "Which chapter builds on which. The cards below say the same in words.";
        maud::html! {
            svg role="img" aria-label=(said)
                viewBox={ "0 0 " (WIDTH) " " ((rows - 1) as f64 * ROW + height + 4.0) } {
                @for (chapter, place) in self.chapters.iter().zip(&places) {
                    @for need in &chapter.needs {
                        @let above = &places[self.number(need) - 1];
                        line x1=(above.x) y1=(top(above) + height) x2=(place.x) y2=(top(place)) {}
                    }
                }
                @for (at, (chapter, place)) in self.chapters.iter().zip(&places).enumerate() {
                    @let there = contents::find(pages, &chapter.key).is_some();
                    g class=[(!there).then_some("later")] {
                        rect x=(place.x - width / 2.0) y=(top(place)) width=(width)
                            height=(height) rx="5" {}
                        text x=(place.x) y=(top(place) + 18.0) { (at + 1) }
                        text x=(place.x) y=(top(place) + 36.0) { (chapter.name) }
                    }
                }
            }
        }
    }

    /// The chapter's title, with a link, once it is written; before that its name.
    fn link(&self, chapter: &Chapter, pages: &[Page]) -> maud::Markup {
        maud::html! {
            @match contents::find(pages, &chapter.key) {
                Some((page, link)) => a href=(link) { (page.title) },
                None => span class="later" { (chapter.name) " (to come)" },
            }
        }
    }

    /// `chapter 5`, `chapters 5 and 6`, or nothing.
    fn in_words(&self, keys: &[String]) -> Option<String> {
        let numbers: Vec<String> = keys.iter().map(|key| self.number(key).to_string()).collect();
        match &numbers[..] {
            [] => None,
            [one] => Some(format!("chapter {one}")),
            [before @ .., last] => Some(format!("chapters {} and {last}", before.join(", "))),
        }
    }

    /// Everything that the goals build on, and they themselves, in the book's order.
    fn way(&self, goals: &[String]) -> Vec<&Chapter> {
        let mut needed: BTreeSet<usize> = BTreeSet::new();
        let mut open: Vec<&String> = goals.iter().collect();
        while let Some(key) = open.pop() {
            if needed.insert(self.number(key)) {
                open.extend(&self.chapter(key).needs);
            }
        }
        needed.into_iter().map(|number| &self.chapters[number - 1]).collect()
    }

    /// The ways through the book: for each question the chapters to read.
    pub fn paths_html(&self, pages: &[Page]) -> String {
        maud::html! {
            dl class="paths" {
                @for path in &self.paths {
                    dt { (path.name) }
                    dd {
                        @for (at, chapter) in self.way(&path.goals).into_iter().enumerate() {
                            @if at > 0 { " → " }
                            @match contents::find(pages, &chapter.key) {
                                Some((_, link)) => a href=(link) { (chapter.name) },
                                None => span class="later" { (chapter.name) },
                            }
                        }
                    }
                }
            }
        }
        .into_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_the_book() -> (Map, String) {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        (read(&root, &[]).unwrap(), std::fs::read_to_string(root.join(FILE)).unwrap())
    }

    fn page(path: &str) -> Page {
        let file = format!("src/{path}").into();
        Page { path: path.into(), file, title: "Many heads".into(), text: String::new() }
    }

    #[test]
    fn a_chapter_lies_below_those_that_it_builds_on() {
        let (map, _) = of_the_book();
        let places = map.places();
        for (chapter, place) in map.chapters.iter().zip(&places) {
            let half = BOX.0 / 2.0;
            assert!(place.x >= half && place.x <= WIDTH - half, "{} is cut", chapter.key);
            for need in &chapter.needs {
                assert!(places[map.number(need) - 1].row < place.row, "{}: {need}", chapter.key);
            }
        }
        for (at, place) in places.iter().enumerate() {
            let over = |other: &Place| other.row == place.row && (other.x - place.x).abs() < BOX.0;
            assert!(!places[..at].iter().any(over), "box {at} lies on another");
        }
    }

    #[test]
    fn a_way_holds_all_that_its_goal_builds_on() {
        let (map, _) = of_the_book();
        let keys = |goal: &str| -> Vec<&str> {
            map.way(&[goal.to_owned()]).iter().map(|chapter| chapter.key.as_str()).collect()
        };
        assert_eq!(keys("ch08"), ["ch01", "ch02", "ch03", "ch04", "ch08"]);
        assert_eq!(keys("ch10"), ["ch01", "ch02", "ch03", "ch05", "ch06", "ch10"]);
    }

    #[test]
    fn chapters_are_links_once_they_are_there() {
        let (map, _) = of_the_book();
        let outline = crate::prerender::outline(None).unwrap();
        let html = |pages: &[Page]| map.html(pages, &outline);
        assert!(!html(&[]).contains("<a") && !map.paths_html(&[]).contains("<a"));
        let pages = [page("ch05-heads.md")];
        assert!(html(&pages).contains("<a href=\"ch05-heads.md\">Many heads</a>"));
        assert_eq!(html(&pages).matches("Lit in a layer").count(), map.chapters.len());
        assert!(map.paths_html(&pages).contains("<a href=\"ch05-heads.md\">Heads</a>"));
    }

    #[test]
    fn what_does_not_fit_is_told_with_its_line() {
        let (mut map, text) = of_the_book();
        let line = |part: &str| text[..text.find(part).unwrap()].matches('\n').count() + 1;
        map.chapters[3].needs.push("ch09".into());
        map.paths[0].goals.push("ch11".into());
        let told: Vec<String> = problems(&map, &text, &[page("ch12-more.md")])
            .iter()
            .map(ToString::to_string)
            .collect();
        let chapter = line("key = \"ch04\"") + 3;
        let way = line(&map.paths[0].name);
        let first = line("[[chapter]]");
        assert_eq!(
            told,
            [
                format!("{FILE}:{chapter}: ch04 builds on `ch09`, which does not come before"),
                format!("{FILE}:{way}: the way leads to `ch11`, which is no chapter here"),
                format!("{FILE}:{first}: ch12-more.md is not here"),
            ]
        );
    }
}
