//! What serde has to say of a value, in words for a person, and where it happened.

use std::fmt;

use serde::de::{self, Expected, Unexpected};

use super::path::TablePath;
use super::{SettingsFault, suggestion};

/// One refusal of a value; the path is filled in by the node it passes first.
#[derive(Debug)]
pub(super) struct Fault {
    kind: FaultKind,
    path: Option<TablePath>,
    problem: String,
    hint: Option<String>,
}

/// How a fault can be stepped around.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum FaultKind {
    /// The value at the path is refused.
    Value,
    /// The struct at the path lacks a required key.
    Missing(&'static str),
    /// The struct at the path takes no such key.
    Unknown(String),
}

pub(super) const UNKNOWN_KEY: &str = "unknown key";

impl Fault {
    /// The same fault, at `path` if it had no place yet. A missing or unknown key stands below the struct that says so.
    pub(super) fn at(mut self, path: &TablePath) -> Self {
        let key = match &self.kind {
            FaultKind::Value => None,
            FaultKind::Missing(key) => Some(*key),
            FaultKind::Unknown(key) => Some(key.as_str()),
        };
        let place = || match key {
            Some(key) if path.last_key() != Some(key) => path.key(key),
            _ => path.clone(),
        };
        self.path = Some(self.path.unwrap_or_else(place));
        self
    }

    /// Where it happened.
    pub(super) fn path(&self) -> TablePath {
        self.path.clone().unwrap_or_default()
    }

    /// Whether a required key is missing.
    pub(super) fn is_missing_key(&self) -> bool {
        matches!(self.kind, FaultKind::Missing(_))
    }

    /// The fault for a person.
    pub(super) fn told(&self) -> SettingsFault {
        SettingsFault { path: self.path().to_string(), problem: self.problem.clone(), hint: self.hint.clone() }
    }

    /// A refusal that says only what should have stood there.
    pub(super) fn expected(expected: &str) -> Self {
        Self::new(FaultKind::Value, format!("expected {expected}"))
    }

    fn new(kind: FaultKind, problem: String) -> Self {
        Self { kind, path: None, problem, hint: None }
    }
}

impl de::Error for Fault {
    fn custom<T: fmt::Display>(problem: T) -> Self {
        Self::new(FaultKind::Value, problem.to_string())
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let expected = spelled(expected);
        let found = if is_reference(&expected) { shape(found) } else { shown(found) };
        Self::new(FaultKind::Value, format!("expected {expected}, found {found}"))
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::invalid_type(found, expected)
    }

    fn invalid_length(length: usize, expected: &dyn Expected) -> Self {
        Self::new(FaultKind::Value, format!("expected {}, found {length} of them", spelled(expected)))
    }

    fn unknown_variant(word: &str, expected: &'static [&'static str]) -> Self {
        let known = expected.iter().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(", ");
        let mut fault = Self::new(FaultKind::Value, format!("expected one of {known}, found another word"));
        fault.hint = super::nearest(word, expected.iter().copied()).map(|near| format!("did you mean \"{near}\"?"));
        fault
    }

    fn unknown_field(key: &str, expected: &'static [&'static str]) -> Self {
        let mut fault = Self::new(FaultKind::Unknown(key.to_owned()), UNKNOWN_KEY.to_owned());
        fault.hint = Some(suggestion(key, expected.iter().copied()));
        fault
    }

    fn missing_field(key: &'static str) -> Self {
        Self::new(FaultKind::Missing(key), "this key is required".to_owned())
    }

    fn duplicate_field(key: &'static str) -> Self {
        Self::new(FaultKind::Value, format!("{key} is given twice, once under another spelling"))
    }
}

/// Tells whether a secret's place is meant, by what its visitor expects.
pub(super) fn is_reference(expected: &str) -> bool {
    expected.starts_with("a reference")
}

// Serde's names of Rust types mean nothing to whoever writes a config.
fn spelled(expected: &dyn Expected) -> String {
    let text = expected.to_string();
    let plain = match text.as_str() {
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number, 0 or more",
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number",
        "f32" | "f64" => "a number",
        "a boolean" => "true or false",
        "a sequence" => "a list",
        "a map" => "a table",
        _ if text.starts_with("struct ") => "a table",
        _ if text.starts_with("enum ") || text == "string or map" => "a word",
        _ if text.starts_with("a nonzero ") => "a whole number, 1 or more",
        _ => return text,
    };
    plain.to_owned()
}

// A text is never repeated: it may be a secret that stands in the wrong place.
fn shown(found: Unexpected<'_>) -> String {
    match found {
        Unexpected::Bool(flag) => flag.to_string(),
        Unexpected::Signed(number) => format!("integer {number}"),
        Unexpected::Unsigned(number) => format!("integer {number}"),
        Unexpected::Float(number) => format!("number {number}"),
        other => shape(other),
    }
}

fn shape(found: Unexpected<'_>) -> String {
    match found {
        Unexpected::Bool(_) => "true or false",
        Unexpected::Signed(_) | Unexpected::Unsigned(_) => "an integer",
        Unexpected::Float(_) => "a number",
        Unexpected::Str(_) | Unexpected::Char(_) => "a text",
        Unexpected::Seq => "a list",
        Unexpected::Other(what) => what,
        _ => "a table",
    }
    .to_owned()
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.problem)
    }
}

impl std::error::Error for Fault {}
