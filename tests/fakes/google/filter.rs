//! Filters of listings, as far as this stand-in knows them: `name:part`, `labels.key=value`, `labels.key:*` and
//! `state:STATE`, joined by `AND` or by `OR`. Anything else is refused rather than misread.
//!
//! <https://cloud.google.com/secret-manager/docs/filtering>

use super::refused::Refused;

/// What one term asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Term {
    Name(String),
    Label(String, Option<String>),
    State(String),
}

/// A filter that was read.
#[derive(Debug, Clone)]
pub struct Filter {
    terms: Vec<Term>,
    is_any: bool,
}

impl Filter {
    /// Reads one; nothing is a filter that lets everything through.
    pub fn read(text: &str) -> Result<Self, Refused> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let (terms, joints): (Vec<_>, Vec<_>) = words.iter().enumerate().partition(|(index, _)| index % 2 == 0);
        let is_any = joints.iter().any(|(_, joint)| **joint == "OR");
        let is_all = joints.iter().any(|(_, joint)| **joint == "AND");
        let is_joined = joints.iter().all(|(_, joint)| ["AND", "OR"].contains(joint));
        if (is_any && is_all) || !is_joined || (!words.is_empty() && words.len().is_multiple_of(2)) {
            return Err(unknown(text));
        }
        let terms =
            terms.into_iter().map(|(_, word)| term(word).ok_or_else(|| unknown(text))).collect::<Result<_, _>>()?;
        Ok(Self { terms, is_any })
    }

    /// Whether it lets something of a name, with labels or in a state, through.
    pub fn admits(&self, name: &str, labels: &[(&str, &str)], state: &str) -> bool {
        let is_met = |term: &Term| match term {
            Term::Name(part) => name.to_lowercase().contains(&part.to_lowercase()),
            Term::Label(key, value) => {
                labels.iter().any(|(own, found)| own == key && value.as_deref().is_none_or(|value| value == *found))
            }
            Term::State(wanted) => state == wanted,
        };
        self.terms.is_empty() || if self.is_any { self.terms.iter().any(is_met) } else { self.terms.iter().all(is_met) }
    }
}

fn term(word: &str) -> Option<Term> {
    let plain = |text: &str| text.trim_matches('"').to_owned();
    if let Some(part) = word.strip_prefix("name:") {
        return (!part.contains('*')).then(|| Term::Name(plain(part)));
    }
    if let Some(state) = word.strip_prefix("state:") {
        return Some(Term::State(plain(state)));
    }
    let label = word.strip_prefix("labels.")?;
    match (label.split_once('='), label.strip_suffix(":*")) {
        (Some((key, value)), _) => Some(Term::Label(key.to_owned(), Some(plain(value)))),
        (None, Some(key)) => Some(Term::Label(key.to_owned(), None)),
        (None, None) => None,
    }
}

fn unknown(filter: &str) -> Refused {
    Refused::invalid(format!("this stand-in does not know the filter [{filter}]"))
}
