//! Reading a widget's view, and what the tests of every widget share.

use scraper::{ElementRef, Html, Selector};
use serde::Serialize;
use widgets::{Error, Machine, Opened, Widget};

/// Every element that a selector finds.
pub(crate) fn all<'h>(html: &'h Html, selector: &str) -> Vec<ElementRef<'h>> {
    html.select(&Selector::parse(selector).unwrap()).collect()
}

/// All text in an element.
pub(crate) fn text(element: &ElementRef<'_>) -> String {
    element.text().collect::<String>().trim().to_owned()
}

/// What a widget shows, parsed.
pub(crate) fn view(widget: &dyn Widget) -> Html {
    Html::parse_fragment(&widget.view())
}

/// What a widget tells a screen reader.
pub(crate) fn status(widget: &dyn Widget) -> String {
    text(&all(&view(widget), "[role=status]")[0])
}

/// The texts of the cells, row by row, of what a selector finds.
pub(crate) fn cells(html: &Html, rows: &str, cells: &str) -> Vec<Vec<String>> {
    let cells = Selector::parse(cells).unwrap();
    let row = |row: &ElementRef<'_>| row.select(&cells).map(|cell| text(&cell)).collect();
    all(html, rows).iter().map(row).collect()
}

/// Checks how many elements each selector finds.
pub(crate) fn counts(html: &Html, expected: &[(&str, usize)]) -> Result<(), String> {
    for (selector, expected) in expected {
        let found = all(html, selector).len();
        if found != *expected {
            return Err(format!("{found} of {selector}, not {expected}"));
        }
    }
    Ok(())
}

/// Checks that the printed shares of each row sum to one. Each is rounded to a hundredth.
pub(crate) fn sums_to_one(rows: &[Vec<String>]) -> Result<(), String> {
    for row in rows {
        let shares: Vec<f32> = row.iter().filter_map(|cell| cell.parse().ok()).collect();
        let sum: f32 = shares.iter().sum();
        if !shares.is_empty() && (sum - 1.0).abs() > 0.005 * shares.len() as f32 + 1e-6 {
            return Err(format!("a row sums to {sum}: {shares:?}"));
        }
    }
    Ok(())
}

/// Sends events, each of which must mean something.
pub(crate) fn send(widget: &mut dyn Widget, events: &[(&str, &str)]) {
    for (name, value) in events {
        assert_eq!(widget.update(name, value), Ok(true), "{name} {value}");
    }
}

/// Checks that each event is refused under its own name, and that nothing changes.
pub(crate) fn refuses(widget: &mut dyn Widget, events: &[(&str, &str)]) {
    let before = widget.view();
    for (name, value) in events {
        let (name, value) = ((*name).to_owned(), (*value).to_owned());
        assert_eq!(widget.update(&name, &value), Err(Error::Event { name, value }));
    }
    assert_eq!(widget.view(), before);
}

/// The widget that a setup and an address open, as in a page.
pub(crate) fn opens<M: Machine>(setup: &M::Setup, address: &str) -> Opened<M>
where
    M::Setup: Serialize,
{
    Opened::open(&widgets::setup::write(setup), address).unwrap()
}

/// Checks that a page ignores each of these addresses.
pub(crate) fn ignores<M: Machine>(setup: &M::Setup, addresses: &[&str])
where
    M::Setup: Serialize,
{
    let usual = opens::<M>(setup, "");
    for address in addresses {
        assert_eq!(opens::<M>(setup, address).state(), usual.state(), "{address}");
    }
}

/// Checks that each setup is refused, and an empty one too.
pub(crate) fn refuses_setups<M: Machine>(setups: impl IntoIterator<Item = M::Setup>) {
    for (place, setup) in setups.into_iter().enumerate() {
        let refused = Opened::<M>::new(setup).map(|opened| opened.view());
        assert!(matches!(refused, Err(Error::Setup { .. })), "{place}: {refused:?}");
    }
    assert!(matches!(widgets::open(M::NAME, "{}", ""), Err(Error::Setup { .. })));
}

/// Checks that bytes are refused, or read as something that holds what it must.
pub(crate) fn reads_or_refuses<T>(
    read: impl Fn(&[u8]) -> Result<T, Error>,
    bytes: &[u8],
    holds: impl Fn(&T) -> bool,
) {
    match read(bytes) {
        Ok(file) => assert!(holds(&file), "what was read of {bytes:?} is not sound"),
        Err(Error::File { reason }) => assert!(!reason.is_empty()),
        Err(other) => panic!("{other}"),
    }
}
