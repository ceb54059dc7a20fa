//! A reader's hands and eyes: what can be done with a widget in the page, and what it shows.
//!
//! Whatever is done goes through a control that the widget shows at that moment, found by the
//! label that a reader sees, and sends what the page would send.

use scraper::{ElementRef, Html, Selector};
use trainer::Lab;
use widgets::Widget;

use crate::book::book;
use crate::words::Words;

/// A widget in a page.
pub(crate) struct Page {
    name: String,
    widget: Box<dyn Widget>,
    /// The worker of chapter 9.
    lab: Lab,
}

/// A slider as it stands.
struct Slider {
    event: String,
    min: f64,
    max: f64,
    step: f64,
    value: f64,
    shown: String,
}

/// A table that a widget shows.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Table {
    /// The words of its last line of headings.
    pub head: Vec<String>,
    /// All lines below, each with its own heading first.
    pub rows: Vec<Vec<String>>,
}

impl Page {
    /// The widget called `name`, as a chapter opens it.
    pub(crate) fn open(name: &str) -> Self {
        let setup = book().setups.get(name).unwrap_or_else(|| panic!("there is no `{name}`"));
        let widget = widgets::open(name, setup, "").expect("the widget opens");
        let mut page = Self { name: name.to_owned(), widget, lab: Lab::new() };
        page.settle();
        page
    }

    /// Takes a step of the text: `replay` does what its words say, and looks at all that they
    /// promise.
    pub(crate) fn step(&mut self, id: &str, replay: impl FnOnce(&mut Page, &Words)) {
        let words = Words::of(id);
        let chapter = id.split('.').next().unwrap_or(id);
        let tag = format!("{{{{widget {}}}}}", self.name);
        let has = book().pages.iter().any(|page| page.is(chapter) && page.text.contains(&tag));
        assert!(has, "{id}: the chapter has no {tag}");
        replay(self, &words);
        words.done();
    }

    // ---- What a reader does

    /// Moves a slider until it shows this value.
    pub(crate) fn slide(&mut self, label: &str, shown: &str) {
        self.slide_left(label);
        while self.slider(label).shown != shown {
            assert!(self.slide_on(label), "the slider “{label}” never shows {shown}");
        }
    }

    /// Moves a slider to its left end.
    pub(crate) fn slide_left(&mut self, label: &str) {
        let Slider { event, min, .. } = self.slider(label);
        self.send(&event, &min.to_string());
    }

    /// Moves a slider to its right end.
    pub(crate) fn slide_right(&mut self, label: &str) {
        let Slider { event, max, .. } = self.slider(label);
        self.send(&event, &max.to_string());
    }

    /// Moves a slider by one step to the right. Says whether there was one.
    pub(crate) fn slide_on(&mut self, label: &str) -> bool {
        let Slider { event, max, step, value, .. } = self.slider(label);
        if value + step > max {
            return false;
        }
        self.send(&event, &(value + step).to_string());
        true
    }

    /// Moves a slider from its left end to its right, and looks at each place.
    pub(crate) fn slide_through(&mut self, label: &str, mut look: impl FnMut(&mut Page)) {
        self.slide_left(label);
        look(self);
        while self.slide_on(label) {
            look(self);
        }
    }

    /// What a slider shows beside its label.
    pub(crate) fn slider_shows(&self, label: &str) -> String {
        self.slider(label).shown
    }

    fn slider(&self, label: &str) -> Slider {
        let html = self.html();
        let (_, input) = labelled(&html, "input[type=range]", label);
        let number = |name: &str| input.attr(name).unwrap().parse::<f64>().unwrap();
        let output = input.parent().and_then(ElementRef::wrap).unwrap();
        Slider {
            event: event(&input),
            min: number("min"),
            max: number("max"),
            step: number("step"),
            value: number("value"),
            shown: text(&all(output, "output")[0]),
        }
    }

    /// Chooses the one option that has these words, in a menu or among radio buttons.
    pub(crate) fn choose(&mut self, label: &str, option: &str) {
        let (event, value) = {
            let html = self.html();
            let groups = all(html.root_element(), "fieldset:is(.choice, .chips)");
            let group = groups.iter().find(|group| text(&all(**group, "legend")[0]) == label);
            match group {
                Some(group) => {
                    let (_, input) = labelled_in(*group, "input[type=radio]", option);
                    (event(&input), input.attr("value").unwrap().to_owned())
                }
                None => {
                    let (_, menu) = labelled(&html, "select", label);
                    let option = one(all(menu, "option"), option, |it| text(it));
                    assert!(option.attr("disabled").is_none(), "{option:?} cannot be chosen");
                    (event(&menu), option.attr("value").unwrap().to_owned())
                }
            }
        };
        self.send(&event, &value);
    }

    /// What is chosen in a menu or among radio buttons.
    pub(crate) fn chosen(&self, label: &str) -> String {
        let html = self.html();
        let groups = all(html.root_element(), "fieldset:is(.choice, .chips)");
        match groups.iter().find(|group| text(&all(**group, "legend")[0]) == label) {
            Some(group) => text(&all(*group, "label:has(input[checked])")[0]),
            None => text(&all(labelled(&html, "select", label).1, "option[selected]")[0]),
        }
    }

    /// The options of a menu, in order.
    pub(crate) fn options(&self, label: &str) -> Vec<String> {
        let html = self.html();
        let (_, menu) = labelled(&html, "select", label);
        all(menu, "option").iter().map(text).collect()
    }

    /// Presses a checkbox.
    pub(crate) fn tick(&mut self, label: &str) {
        let event = event(&labelled(&self.html(), "input[type=checkbox]", label).1);
        self.send(&event, "");
    }

    /// Whether a checkbox is on.
    pub(crate) fn is_on(&self, label: &str) -> bool {
        labelled(&self.html(), "input[type=checkbox]", label).1.attr("checked").is_some()
    }

    /// Presses a button.
    pub(crate) fn press(&mut self, words: &str) {
        let event = {
            let html = self.html();
            let button = one(all(html.root_element(), "button"), words, |it| text(it));
            for off in ["disabled", "aria-disabled"] {
                assert!(button.attr(off).is_none(), "the button “{words}” is off");
            }
            event(&button)
        };
        self.send(&event, "");
    }

    /// Types into a field, over what stands there.
    pub(crate) fn fill(&mut self, label: &str, typed: &str) {
        let event = event(&labelled(&self.html(), "input[type=text]", label).1);
        self.send(&event, typed);
    }

    /// What stands in a field.
    pub(crate) fn field(&self, label: &str) -> String {
        let html = self.html();
        let value = labelled(&html, "input[type=text]", label).1.attr("value");
        value.unwrap_or_default().to_owned()
    }

    /// Presses a word in the row of words: the `nth` that reads so, from 0.
    pub(crate) fn tap_word(&mut self, word: &str, nth: usize) {
        let (event, value) = {
            let html = self.html();
            let words = all(html.root_element(), ".tokens .token");
            let reads = |it: &&ElementRef<'_>| text(&all(**it, ".word")[0]) == word;
            let found = words.iter().filter(reads).nth(nth);
            let token = found.unwrap_or_else(|| panic!("there is no “{word}” number {nth}"));
            let input = all(*token, "input")[0];
            (event(&input), input.attr("value").unwrap().to_owned())
        };
        self.send(&event, &value);
    }

    /// Presses the first cell of the map in a row and a column that are called so.
    pub(crate) fn tap(&mut self, row: &str, column: &str) {
        let (event, value) = {
            let html = self.html();
            let cell = cell(&html, row, column);
            (event(&cell), cell.attr("data-value").unwrap().to_owned())
        };
        self.send(&event, &value);
    }

    // ---- What a reader sees

    /// The sentence that the widget says about itself.
    pub(crate) fn status(&self) -> String {
        self.text_of("[role=status]")
    }

    /// All words of the first element that a selector finds.
    pub(crate) fn text_of(&self, selector: &str) -> String {
        let texts = self.texts_of(selector);
        texts.into_iter().next().unwrap_or_else(|| panic!("there is no `{selector}`"))
    }

    /// All words of each element that a selector finds.
    pub(crate) fn texts_of(&self, selector: &str) -> Vec<String> {
        all(self.html().root_element(), selector).iter().map(text).collect()
    }

    /// How many elements a selector finds.
    pub(crate) fn count(&self, selector: &str) -> usize {
        all(self.html().root_element(), selector).len()
    }

    /// An attribute of each element that a selector finds.
    pub(crate) fn attributes(&self, selector: &str, name: &str) -> Vec<String> {
        let html = self.html();
        let found = all(html.root_element(), selector);
        found.iter().map(|it| it.attr(name).unwrap_or_default().to_owned()).collect()
    }

    /// What stands in a cell of the map.
    pub(crate) fn cell(&self, row: &str, column: &str) -> String {
        text(&cell(&self.html(), row, column))
    }

    /// What stands in the cells of a map, row by row: of the one in what `within` finds.
    pub(crate) fn map(&self, within: &str) -> Vec<Vec<String>> {
        let html = self.html();
        let rows = all(html.root_element(), &format!("{within} [role=grid] tbody tr"));
        rows.iter().map(|row| all(*row, "[role=gridcell]").iter().map(text).collect()).collect()
    }

    /// The table whose caption has these words.
    pub(crate) fn table(&self, caption: &str) -> Table {
        let html = self.html();
        let tables = all(html.root_element(), "table:has(caption)");
        let table = one(tables, caption, |it| text(&all(*it, "caption")[0]));
        let cells = |row: &ElementRef<'_>| all(*row, "th, td").iter().map(text).collect();
        let lines = |part: &str| -> Vec<Vec<String>> {
            all(table, part).iter().map(cells).filter(|row: &Vec<_>| !row.is_empty()).collect()
        };
        Table {
            head: lines("thead tr").pop().unwrap_or_default(),
            rows: lines("tbody tr, tfoot tr"),
        }
    }

    // ---- The page's part

    /// Trains the model of chapter 9 to the end, as the page's worker does.
    pub(crate) fn train_to_the_end(&mut self) {
        let mut more = true;
        while more {
            more = self.lab.work().expect("a step of training");
            let report = self.lab.report().expect("a report").expect("there is news");
            self.send("worker", &report);
        }
        let rest = self.lab.rest().expect("a report").expect("there is a model");
        self.send("worker", &rest);
    }

    /// Sends an event, which must mean something, and brings what the widget asks for.
    fn send(&mut self, event: &str, value: &str) {
        match self.widget.update(event, value) {
            Ok(true) => self.settle(),
            Ok(false) => panic!("`{event}` with `{value}` means nothing here"),
            Err(error) => panic!("{error}"),
        }
    }

    fn settle(&mut self) {
        while let Some(path) = self.widget.wants() {
            let file = book().files.get(&path).unwrap_or_else(|| panic!("there is no {path}"));
            self.widget.receive(&path, file).expect("the file is one of this widget");
        }
        while let Some(post) = self.widget.post() {
            assert_eq!(post.worker, "trainer");
            if let Some(answer) = self.lab.ask(&post.message).expect("a question that makes sense")
            {
                self.widget.update("worker", &answer).expect("an answer");
            }
        }
    }

    fn html(&self) -> Html {
        Html::parse_fragment(&self.widget.view())
    }
}

impl Table {
    /// What stands in the row and the column that are called so.
    pub(crate) fn at(&self, row: &str, column: &str) -> &str {
        let found = self.rows.iter().find(|cells| cells[0] == row);
        let cells = found.unwrap_or_else(|| panic!("there is no row “{row}” in {self:?}"));
        &cells[self.place(column)]
    }

    /// All that stands in the column that is called so, from above.
    pub(crate) fn column(&self, column: &str) -> Vec<&str> {
        let place = self.place(column);
        self.rows.iter().map(|cells| cells[place].as_str()).collect()
    }

    /// What the row is called that has the largest number of a column, and the number.
    pub(crate) fn largest(&self, column: &str) -> (&str, &str) {
        let place = self.place(column);
        let rows = self.rows.iter().filter(|cells| is_number(&cells[place]) && cells[0] != "Sum");
        let largest = rows.max_by(|a, b| number(&a[place]).total_cmp(&number(&b[place])));
        let cells = largest.unwrap_or_else(|| panic!("no number in “{column}” of {self:?}"));
        (&cells[0], &cells[place])
    }

    fn place(&self, column: &str) -> usize {
        let found = self.head.iter().position(|name| name == column);
        found.unwrap_or_else(|| panic!("there is no column “{column}” in {:?}", self.head))
    }
}

/// A printed number: `.83`, `−1.58`, `49,152`, or the one at the beginning of `2.15 GB`.
pub(crate) fn number(shown: &str) -> f64 {
    let plain = shown.trim().replace('−', "-").replace(',', "");
    let plain = plain.strip_prefix('+').unwrap_or(&plain);
    let end = plain.find(|it: char| !(it.is_ascii_digit() || "-.".contains(it)));
    let digits = plain[..end.unwrap_or(plain.len())].trim_end_matches('.');
    digits.parse().unwrap_or_else(|_| panic!("“{shown}” is no number"))
}

/// Whether this is a number and no more: `.83`, but not `hidden`.
pub(crate) fn is_number(shown: &str) -> bool {
    shown.replace(['−', '+', ','], "").parse::<f64>().is_ok()
}

/// All words in an element, with single spaces.
fn text(element: &ElementRef<'_>) -> String {
    let text: String = element.text().collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn all<'h>(element: ElementRef<'h>, selector: &str) -> Vec<ElementRef<'h>> {
    element.select(&Selector::parse(selector).expect("a selector")).collect()
}

/// The one element whose words are these or, if none is so called, have these in them.
fn one<'h>(
    elements: Vec<ElementRef<'h>>,
    words: &str,
    called: impl Fn(&ElementRef<'h>) -> String,
) -> ElementRef<'h> {
    let exact: Vec<_> = elements.iter().filter(|it| called(it) == words).collect();
    let partly = || elements.iter().filter(|it| called(it).contains(words)).collect();
    let found: Vec<_> = if exact.is_empty() { partly() } else { exact };
    let names: Vec<String> = elements.iter().map(&called).collect();
    assert_eq!(found.len(), 1, "“{words}” should be one of {names:?}");
    *found[0]
}

/// The control of one kind that has this label: the label's words without those of an output.
fn labelled<'h>(html: &'h Html, kind: &str, label: &str) -> (ElementRef<'h>, ElementRef<'h>) {
    labelled_in(html.root_element(), kind, label)
}

fn labelled_in<'h>(
    within: ElementRef<'h>,
    kind: &str,
    label: &str,
) -> (ElementRef<'h>, ElementRef<'h>) {
    let labels: Vec<_> = all(within, "label");
    let labels = labels.into_iter().filter(|label| !all(*label, kind).is_empty()).collect();
    let called = |label: &ElementRef<'h>| {
        let name = all(*label, "span").first().map(text).unwrap_or_default();
        let output = all(*label, "output").first().map(text).unwrap_or_default();
        name.strip_suffix(&output).unwrap_or(&name).trim().to_owned()
    };
    let label = one(labels, label, called);
    let control = all(label, kind)[0];
    assert!(control.attr("disabled").is_none(), "{control:?} is off");
    (label, control)
}

fn event(control: &ElementRef<'_>) -> String {
    control.attr("data-event").expect("a control that says something").to_owned()
}

/// The cell of a map in the first row and the first column that are called so.
fn cell<'h>(html: &'h Html, row: &str, column: &str) -> ElementRef<'h> {
    let find = |grid: ElementRef<'h>| {
        let columns = all(grid, "thead th").into_iter().skip(1);
        let at = columns.map(|it| text(&it)).position(|name| name == column)?;
        let rows = all(grid, "tbody tr");
        let row = rows.into_iter().find(|it| text(&all(*it, "th")[0]) == row)?;
        all(row, "[role=gridcell]").get(at).copied()
    };
    let grids = all(html.root_element(), "[role=grid]");
    let found = grids.into_iter().find_map(find);
    found.unwrap_or_else(|| panic!("no map has the row “{row}” and the column “{column}”"))
}
