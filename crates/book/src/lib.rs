//! The book's machinery: what stands between the text and the pages.
//!
//! A chapter is Markdown with tags, and each tag names something that code computes or checks:
//!
//! | tag | becomes |
//! |---|---|
//! | `{{fact NAME}}` | a computed value, with its full precision in the page's source |
//! | `{{num NAME}}` | the same as bare digits, for formulas and code |
//! | `{{given 512}}` | a number that the text sets, and no program found |
//! | `{{head 13 8}}` | “layer 13, head 8”, of the real model |
//! | `{{listing FILE#ANCHOR}}` | the lines between two anchors of a source file |
//! | `{{output LISTING/RUN}}` | the command of a recorded run, and what it printed |
//! | `{{measured NAME}}` | a table of what was measured: errors, times or registers |
//! | `{{figure roofline}}` | a computed drawing, with the table that says the same |
//! | `{{figure transformer ch04}}` | the small picture of the model, with the chapter's part lit |
//! | `{{figure ring-attention}}` | a picture that stays still, in the widgets' frame: see `stills` |
//! | `{{widget NAME}}` | a widget's first view, which WebAssembly takes over in the page |
//! | `{{cite KEY}}` | a work of the bibliography, with its link |
//! | `{{term KEY}}`, `{{term KEY\|shown words}}` | a word of the glossary, with its definition |
//! | `{{claim ID}}` | the mark of a claim about models that a test checks |
//! | `{{step ID}}` | the mark of a step in a widget that a test replays |
//! | `{{bibliography}}`, `{{glossary}}`, `{{claims}}`, `{{steps}}` | the lists of all these |
//! | `{{quiz ch01.rows}}` | a question of the chapter's quiz, with its answers under a fold |
//! | `{{quiz score}}` | how many of the page's questions were answered rightly |
//! | `{{predict ch01.shares}}` | the fields in which a prediction is made |
//! | `{{predicted ch01.shares}}` | what was predicted, beside what is true |
//! | `{{progress}}`, `{{review}}` | how far the reader is; what is to be asked again |
//! | `{{map}}`, `{{paths}}` | which chapter builds on which, and ways through the book |
//! | `{{repository}}` | the book's repository, with its address if the configuration has one |
//!
//! A tag that names nothing is a [`Problem`] with file and line, and so is a result that is typed
//! in, a fact that nobody uses, a formula that KaTeX refuses, and a link that leads nowhere. A test
//! finds misspellings.

pub mod bibliography;
mod builder;
mod circuits;
pub mod contents;
mod counted_model;
pub mod definitions;
mod every_head;
pub mod exercises;
pub mod fact;
pub mod facts;
mod flash_numbers;
mod flash_traffic;
pub mod glossary;
mod heads;
mod highlight;
mod link;
pub mod lint;
pub mod literature;
pub mod map;
mod memo;
mod memoised_katex;
mod memoised_model;
mod names;
pub mod next_token;
mod numbers;
mod place;
pub mod prediction;
mod prediction_page;
mod prerender;
pub mod problem;
mod progress;
pub mod quiz;
mod quiz_page;
pub mod records;
pub mod roofline;
pub mod runs;
mod score_matrices;
mod sentences;
pub mod sources;
pub mod steps;
mod stills;
pub mod strict;
pub mod tag;
pub mod tested;
mod uniform_heads;

pub use builder::Builder;
pub use memoised_model::MemoisedModel;
pub use problem::{Problem, Problems};
