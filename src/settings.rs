//! One table of the config into one settings struct, with every fault of it at once.

mod fault;
mod node;
mod path;
mod unit;

use std::collections::BTreeSet;

use serde::de::DeserializeOwned;
use toml::{Table, Value};

use fault::Fault;
use node::{Node, Reading};
pub use path::TablePath;
pub use unit::{DurationText, Percent};

/// One fault of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingsFault {
    /// The key in the table, dotted; empty for the whole table.
    pub path: String,
    /// What is wrong, one sentence, never a secret.
    pub problem: String,
    /// What to write instead.
    pub hint: Option<String>,
}

impl SettingsFault {
    /// A fault without a hint.
    pub fn new(path: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { path: path.into(), problem: problem.into(), hint: None }
    }

    /// The same fault, with what to write instead.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// Collects the faults of a table while the rest of it is checked on.
#[derive(Debug, Default)]
pub struct Faults(pub Vec<SettingsFault>);

impl Faults {
    /// Adds one.
    pub fn add(&mut self, path: &str, problem: impl Into<String>, hint: &str) {
        self.0.push(SettingsFault::new(path, problem).with_hint(hint));
    }
}

/// Reads a table into its settings struct, or gives every fault of it.
///
/// A fault that only follows from another one (a key missing because its value was refused) is not repeated. Structs with
/// `flatten`, `untagged` or an inner tag lose the position of their faults; none of ours uses those.
pub fn read_table<T: DeserializeOwned>(table: Table) -> Result<T, Vec<SettingsFault>> {
    let root = Value::Table(table);
    let mut reading = Reading::default();
    let mut faults = Vec::new();
    loop {
        let outcome = T::deserialize(Node::root(&root, &reading));
        match outcome {
            Ok(settings) => {
                faults.extend(reading.unknown_keys());
                return if faults.is_empty() { Ok(settings) } else { Err(faults) };
            }
            Err(fault) => {
                faults.extend(reading.judge(&fault));
                if !reading.step_around(&fault) {
                    faults.extend(reading.unknown_keys());
                    return Err(faults);
                }
            }
        }
    }
}

/// Lists every key that the structs read for `table` know, dotted, whether the table has it or not.
///
/// Tables that `table` leaves out are not looked into.
pub fn known_keys<T: DeserializeOwned>(table: Table) -> BTreeSet<String> {
    let root = Value::Table(table);
    let reading = Reading::default();
    let outcome: Result<T, Fault> = T::deserialize(Node::root(&root, &reading));
    drop(outcome);
    reading.known_keys()
}

/// A table that was read as a reference to a secret, and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct RawReference {
    /// The key in the table, dotted.
    pub path: String,
    /// The reference itself, not the secret.
    pub table: Table,
}

/// Lists the references to secrets in `table`, as the structs read for it see them.
pub fn references<T: DeserializeOwned>(table: Table) -> Vec<RawReference> {
    let root = Value::Table(table);
    let reading = Reading::default();
    let outcome: Result<T, Fault> = T::deserialize(Node::root(&root, &reading));
    drop(outcome);
    reading.references()
}

/// Finds the word that `word` was probably meant to be.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let allowed = (word.chars().count() / 3).max(1);
    let distance = |candidate: &str| strsim::osa_distance(&word.to_lowercase(), &candidate.to_lowercase());
    known
        .into_iter()
        .map(|candidate| (distance(candidate), candidate))
        .filter(|(far, _)| *far <= allowed)
        .min()
        .map(|(_, candidate)| candidate)
}

/// The hint for a word that is not known: the nearest one, or else all of them.
pub fn suggestion<'a>(word: &str, known: impl IntoIterator<Item = &'a str> + Clone) -> String {
    match nearest(word, known.clone()) {
        Some(near) => format!("did you mean \"{near}\"?"),
        None => format!("known here: {}", known.into_iter().collect::<Vec<_>>().join(", ")),
    }
}
