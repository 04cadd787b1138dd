//! Text files with entries by id, whatever their format: read whole, replaced whole, changed by one task each.
//!
//! Knows no format: [`Format`] and [`Document`] are what a provider brings.

mod drawer;
mod fault;
mod findings;
mod history;
pub mod lines;
mod scribe;
#[cfg(test)]
mod tests;
mod text_file;

use std::fmt;

use zeroize::Zeroizing;

use findings::findings;
use history::{History, Versions};
use scribe::{Change, Scribe, Verdict, Wanted};
use text_file::{FileError, TextFile};

use super::contract::{Content, Quarantine};

pub use drawer::Drawer;
pub use text_file::real_path;

/// How the text of a file is taken apart.
pub trait Format: fmt::Debug + Send + Sync {
    /// A file without entries, as it is written anew.
    fn empty(&self) -> Box<dyn Document>;

    /// Takes a text apart.
    fn parse(&self, text: &str) -> Result<Box<dyn Document>, Malformed>;
}

/// The text of a file, changed entry by entry; every byte of the other entries stays as it is.
pub trait Document: Send {
    /// Every id once, in the order of the file.
    fn ids(&self) -> Vec<&str>;

    /// What stands under an id.
    fn find(&self, id: &str) -> Option<Found<'_>>;

    /// Puts a value under an id: in its place, or at the end. Of several entries of that id one stays.
    fn put(&mut self, id: &str, value: &str) -> Result<(), Unwritable>;

    /// Takes every entry of an id away.
    fn remove(&mut self, id: &str);

    /// The whole text; refuses one that would not be read back as it is meant.
    fn text(&self) -> Result<Zeroizing<String>, Unwritable>;

    /// What is worth saying of the file beside its entries.
    fn remarks(&self) -> Vec<Remark> {
        Vec::new()
    }
}

/// What stands under an id. Has no `Debug`: it is a secret's text.
#[derive(Clone, PartialEq, Eq)]
pub enum Found<'a> {
    /// One value: its text.
    Value(&'a str),
    /// Several; how many.
    Several(usize),
    /// One that cannot be understood; said in words, without it.
    Unreadable(&'a str),
}

impl From<Found<'_>> for Content {
    fn from(found: Found<'_>) -> Self {
        match found {
            Found::Value(text) => Self::Value(text.into()),
            Found::Several(count) => Self::Quarantined(Quarantine::Duplicate(count)),
            Found::Unreadable(why) => Self::Quarantined(Quarantine::Malformed(why.to_owned())),
        }
    }
}

/// Why a text cannot be taken apart, and where; never says what was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Malformed {
    /// From 1.
    pub line: usize,
    /// In characters, from 1; `None` for the whole line.
    pub column: Option<usize>,
    /// What is wrong there.
    pub problem: String,
    /// What to do about it, where that is more than mending the file.
    pub remedy: Option<&'static str>,
}

/// Why a change cannot be written into a file of this format, in words without the value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unwritable(pub String);

/// One thing worth saying of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// From 1.
    pub line: usize,
    /// A word in kebab-case by which machines know it.
    pub code: &'static str,
    /// What was found, one sentence, without values.
    pub message: String,
    /// What to do about it.
    pub remedy: String,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}", self.line)?;
        if let Some(column) = self.column {
            write!(f, ", column {column}")?;
        }
        write!(f, ": {}", self.problem)
    }
}
