//! Which ids Airflow looks up in a store at all: its backends' lookup patterns.

use regex::Regex;

use crate::model::{Kind, SecretName};

/// The lookup patterns of a store, one a kind; without one every id is looked up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LookupPatterns {
    /// For connections.
    pub connections: Option<LookupPattern>,
    /// For variables.
    pub variables: Option<LookupPattern>,
    /// For configs.
    pub configs: Option<LookupPattern>,
}

/// A regular expression that an id must match at its start, whatever its case (Python's `re.match` with `re.IGNORECASE`).
#[derive(Debug, Clone)]
pub struct LookupPattern {
    text: String,
    regex: Regex,
}

/// Why a lookup pattern cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no regular expression without look-around and back-references, the only ones understood here")]
pub struct LookupPatternError(String);

impl LookupPatterns {
    /// The pattern that keeps Airflow from looking a name up; `None` where it does look.
    pub fn against(&self, name: &SecretName) -> Option<&LookupPattern> {
        let pattern = match name.kind {
            Kind::Connection => &self.connections,
            Kind::Variable => &self.variables,
            Kind::Config => &self.configs,
        };
        pattern.as_ref().filter(|pattern| !pattern.regex.is_match(&name.id))
    }
}

impl LookupPattern {
    /// Takes the text as Airflow's settings have it.
    pub fn parse(text: &str) -> Result<Self, LookupPatternError> {
        let at_the_start = format!(r"\A(?i:{text})");
        // Alone it must be whole too, or a stray bracket would close ours.
        let regex = Regex::new(text).and_then(|_| Regex::new(&at_the_start));
        regex.map(|regex| Self { text: text.to_owned(), regex }).map_err(|_| LookupPatternError(text.to_owned()))
    }

    /// The text as it was given.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl PartialEq for LookupPattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for LookupPattern {}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

    use super::*;

    /// Verified with Python 3.11: `re.match(pattern, id, re.IGNORECASE)`.
    #[test]
    fn matches_at_the_start_whatever_the_case() {
        let rows = [
            ("prod_", "prod_db", true),
            ("prod_", "PROD_db", true),
            ("prod_", "my_prod_db", false),
            ("a|b", "b1", true),
            ("a|b", "cb", false),
            ("^db$", "db", true),
            ("^db$", "db2", false),
            (".*_db", "x_db_y", true),
            (r"\w+$", "über", true),
            ("", "anything", true),
        ];
        for (pattern, id, found) in rows {
            let patterns =
                LookupPatterns { variables: Some(LookupPattern::parse(pattern).unwrap()), ..Default::default() };
            let name = SecretName::new(Kind::Variable, id);
            assert_eq!(patterns.against(&name).is_none(), found, "{pattern} {id}");
            assert!(patterns.against(&SecretName::new(Kind::Connection, id)).is_none(), "it is for one kind");
        }
    }

    #[test]
    fn refuses_what_it_does_not_understand() {
        for pattern in ["(?!x)", "(", "a)(b", r"(a)\1"] {
            assert!(LookupPattern::parse(pattern).is_err(), "{pattern}");
        }
    }
}
