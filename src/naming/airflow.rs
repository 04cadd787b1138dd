//! Where Airflow's own secrets backends will look for a name, and which ids some part of Airflow does not take.

use super::encode::{encode, spell};
use super::error::NameError;
use super::rule::Rule;
use crate::model::{ConnectionDialect, Kind, Reader, RemoteKey, SecretName};

/// The longest id of a connection, in characters.
const MAX_CONNECTION_ID: usize = 250;
/// The longest id that Airflow's command line and REST API take.
const MAX_MANAGED_ID: usize = 200;

/// What is worth saying of an id that can be carried all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Remark {
    /// This reader hands out the connection with its `conn_id` set to null; the other fields are right.
    IdBecomesNull(Reader),
    /// A worker cannot ask Airflow's API for it: it works only as long as the secrets backend answers.
    NoWorkerFallback,
    /// Airflow's command line and REST API refuse the id, so the connection cannot be managed there.
    NotManageable,
}

impl Remark {
    /// The sentence that says so to a person.
    pub fn explained(self) -> String {
        match self {
            Self::IdBecomesNull(reader) => {
                format!("{} hands the connection out with its conn_id set to null.", reader.as_str())
            }
            Self::NoWorkerFallback => {
                "A worker cannot ask Airflow's API for an id with `/`; only the secrets backend gives it.".to_owned()
            }
            Self::NotManageable => "Airflow's command line and REST API refuse the id.".to_owned(),
        }
    }
}

/// The keys at which Airflow looks a name up, in its order; the first is the one that is written.
///
/// Airflow stops at the first that is there, so a key further down is shadowed. Refuses what [`encode`] refuses; a prefix
/// further down that cannot spell the name is left out.
pub fn lookups(rule: &Rule, name: &SecretName) -> Result<Vec<RemoteKey>, NameError> {
    let written = encode(rule, name)?;
    let further = rule.place(name.kind).prefixes().iter().skip(1).filter_map(|prefix| spell(rule, prefix, name).ok());
    Ok(std::iter::once(written).chain(further).collect())
}

/// What the given readers of a store make of an id. Variables and configs may be called anything.
pub fn remarks(name: &SecretName, store: &ConnectionDialect, readers: &[Reader]) -> Vec<Remark> {
    if name.kind != Kind::Connection {
        return Vec::new();
    }
    let mut remarks: Vec<Remark> = readers
        .iter()
        .filter(|reader| !keeps(store.class_for(**reader), &name.id))
        .map(|reader| Remark::IdBecomesNull(*reader))
        .collect();
    if name.id.contains('/') && readers.contains(&Reader::Airflow3Worker) {
        remarks.push(Remark::NoWorkerFallback);
    }
    if !is_manageable(&name.id) {
        remarks.push(Remark::NotManageable);
    }
    remarks
}

/// Whether a class of connections keeps an id: a worker's takes any, a server's those of its check.
fn keeps(class: Reader, id: &str) -> bool {
    match class {
        Reader::Airflow2 => passes(id, |letter| letter.is_ascii_alphanumeric()),
        Reader::Airflow3 => passes(id, char::is_alphanumeric),
        Reader::Airflow3Worker => true,
    }
}

/// `^[\w#!()\-.:/\\]{1,}$` up to 250 characters; what a word is made of depends: RE2 in 2.x knows ASCII only.
fn passes(id: &str, is_of_a_word: fn(char) -> bool) -> bool {
    !id.is_empty()
        && id.chars().count() <= MAX_CONNECTION_ID
        && id.chars().all(|letter| is_of_a_word(letter) || "_#!()-.:/\\".contains(letter))
}

/// The check of `airflow connections add` and of the REST API: `^[\w.-]+$` up to 200 characters, without `..`.
fn is_manageable(id: &str) -> bool {
    !id.contains("..")
        && id.chars().count() <= MAX_MANAGED_ID
        && id.chars().all(|letter| letter.is_alphanumeric() || "_.-".contains(letter))
}
