//! What a PDF by Chromium says of itself: its outline, its pages, and the structure that reading
//! programs use. All of it stands there as plain objects; only the pages' drawings are packed.

use anyhow::{Context, Result, ensure};
use scraper::{Html, Selector};

use crate::site;

/// A PDF.
#[derive(Debug)]
pub struct Pdf(String);

impl Pdf {
    /// Reads it.
    ///
    /// # Errors
    /// When it is no PDF.
    pub fn new(bytes: &[u8]) -> Result<Self> {
        ensure!(bytes.starts_with(b"%PDF-"), "{} bytes that are no PDF", bytes.len());
        // Byte by byte, whatever the packed parts are.
        Ok(Self(bytes.iter().copied().map(char::from).collect()))
    }

    /// The titles in the outline, and before them that of the document.
    pub fn titles(&self) -> Vec<String> {
        self.0.split("/Title ").skip(1).filter_map(text).collect()
    }

    /// How many elements of a kind the structure has, such as `Table` or `H1`.
    pub fn elements(&self, kind: &str) -> usize {
        self.0.split(&format!("/S /{kind}")).skip(1).filter(|rest| ends_a_name(rest)).count()
    }

    /// How many pages it has.
    pub fn pages(&self) -> usize {
        self.0.split("/Type /Page").skip(1).filter(|rest| ends_a_name(rest)).count()
    }

    /// Checks that the whole book is in it: each heading of its chapters in the outline, and at least
    /// a table for each widget.
    ///
    /// # Errors
    /// With what is missing.
    pub fn holds_the_book(&self) -> Result<()> {
        let page = std::fs::read_to_string(site::book()?.join("print.html"))?;
        let page = Html::parse_document(&page);
        let all = |selector: &str| {
            let selector = Selector::parse(selector).expect("the selectors here are valid");
            let texts = page.select(&selector).map(|it| it.text().collect::<String>());
            texts.map(|text| letters(&text)).collect::<Vec<_>>()
        };
        let (chapters, headings, widgets) = (all("main h1"), all("main h2"), all("figure.widget"));
        let titles: Vec<String> = self.titles().iter().map(|title| letters(title)).collect();
        for heading in chapters.iter().chain(&headings) {
            // Chromium puts the first line of some headings before the whole.
            let found = titles.iter().any(|title| title.ends_with(heading));
            ensure!(found, "`{heading}` is missing in the outline {titles:?}");
        }
        let (tables, pages) = (self.elements("Table"), self.pages());
        println!(
            "{} chapters, {} headings, {tables} tables, {pages} pages",
            chapters.len(),
            headings.len()
        );
        ensure!(chapters.len() >= 10 && widgets.len() >= 10, "{} chapters", chapters.len());
        ensure!(tables >= widgets.len(), "{tables} tables, for {} widgets", widgets.len());
        ensure!(pages >= 5 * chapters.len(), "{} chapters on {pages} pages", chapters.len());
        Ok(())
    }
}

/// A text without its white space.
fn letters(text: &str) -> String {
    text.split_whitespace().collect()
}

/// Whether a name of PDF ends where `rest` begins.
fn ends_a_name(rest: &str) -> bool {
    !rest.starts_with(|it: char| it.is_ascii_alphanumeric())
}

/// The text that stands at the start of `rest`: in parentheses, or as UTF-16 in hexadecimal.
fn text(rest: &str) -> Option<String> {
    if let Some(hexadecimal) = rest.strip_prefix("<FEFF") {
        let digits = hexadecimal.split('>').next()?;
        let unit = |at: usize| u16::from_str_radix(digits.get(at..at + 4)?, 16).ok();
        let units: Option<Vec<u16>> = (0..digits.len()).step_by(4).map(unit).collect();
        return String::from_utf16(&units?).ok();
    }
    let (mut text, mut escaped) = (String::new(), false);
    for character in rest.strip_prefix('(')?.chars() {
        match character {
            ')' if !escaped => return Some(text),
            '\\' if !escaped => escaped = true,
            other => {
                escaped = false;
                text.push(other);
            }
        }
    }
    None
}

/// The bytes that base64 stands for. What is not of its alphabet counts as zero.
///
/// # Errors
/// When the text is not whole.
pub fn base64(text: &str) -> Result<Vec<u8>> {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    ensure!(text.len().is_multiple_of(4), "{} digits of base64 are not whole", text.len());
    let mut value = [0_u32; 256];
    for (number, digit) in (0..).zip(DIGITS) {
        value[usize::from(*digit)] = number;
    }
    let padding = text.bytes().rev().take_while(|&digit| digit == b'=').count();
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    for four in text.as_bytes().chunks(4) {
        let bits = four.iter().fold(0, |bits, &digit| bits << 6 | value[usize::from(digit)]);
        bytes.extend_from_slice(&bits.to_be_bytes()[1..]);
    }
    let whole = bytes.len().checked_sub(padding).context("nothing but padding")?;
    bytes.truncate(whole);
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outline_and_structure_are_read() -> Result<()> {
        let pdf = "%PDF-1.4\n<</Title (a \\(b\\))\n/Type /Pages>> <</Type /Page\n>> <</S /H1>> <</S /Table\n>>
            <</S /TH>> <</Title <FEFF201C03BA201D>\n>>";
        let pdf = Pdf::new(pdf.as_bytes())?;
        assert_eq!(pdf.titles(), ["a (b)", "“κ”"]);
        let counts = [pdf.pages(), pdf.elements("Table"), pdf.elements("T"), pdf.elements("H1")];
        assert_eq!(counts, [1, 1, 0, 1]);
        assert!(pdf.holds_the_book().is_err());
        assert!(Pdf::new(b"<html>").is_err());
        Ok(())
    }

    #[test]
    fn base64_is_read() -> Result<()> {
        assert_eq!(base64("JVBERi0=")?, b"%PDF-");
        assert!(base64("JVB").is_err());
        Ok(())
    }
}
