//! A glob over ids, of one kind or of any: `db_*`, `connections/db_*`.

use std::fmt;

use globset::{Glob, GlobMatcher};

use super::filter::PatternError;
use super::mapping::Renamed;
use crate::model::{Kind, SecretName};

/// What a setting of a job is about.
#[derive(Debug, Clone)]
pub struct Pattern {
    about: Renamed,
    matcher: GlobMatcher,
}

impl Pattern {
    /// Reads `x` or `connections/x`; the id may be a glob, as `include` takes them.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        let about = Renamed::parse(text);
        let wrong =
            |error: globset::Error| PatternError { pattern: text.to_owned(), problem: error.kind().to_string() };
        let matcher = Glob::new(&about.id).map_err(wrong)?.compile_matcher();
        Ok(Self { about, matcher })
    }

    /// The kind it is about; `None` for any.
    pub fn kind(&self) -> Option<Kind> {
        self.about.kind
    }

    /// Tells whether a name matches.
    pub fn is(&self, name: &SecretName) -> bool {
        self.about.is_of(name.kind) && self.matcher.is_match(&name.id)
    }

    /// The id it names, where it names one and is no glob.
    pub fn literal(&self) -> Option<&str> {
        literal(&self.about.id)
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.about == other.about
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.about.fmt(f)
    }
}

/// The text of a glob that matches itself alone.
pub fn literal(glob: &str) -> Option<&str> {
    (!glob.contains(['*', '?', '[', ']', '{', '}', '\\'])).then_some(glob)
}
