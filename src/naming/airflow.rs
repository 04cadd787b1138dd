//! Where Airflow's own secrets backends will look for a name, and which ids some part of Airflow does not take.

use super::encode::{encode, spell};
use super::error::NameError;
use super::rule::Rule;
use crate::model::{Kind, Reader, RemoteKey, SecretName};

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

/// What the given readers make of an id. Variables and configs may be called anything.
pub fn remarks(name: &SecretName, readers: &[Reader]) -> Vec<Remark> {
    if name.kind != Kind::Connection {
        return Vec::new();
    }
    let mut remarks: Vec<Remark> = readers
        .iter()
        .filter(|reader| !keeps(**reader, &name.id))
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

/// The check of Airflow's connection object, `^[\w#!()\-.:/\\]{1,}$` up to 250 characters; RE2 in 2.x knows ASCII only.
fn keeps(reader: Reader, id: &str) -> bool {
    let is_word = |letter: char| match reader {
        Reader::Airflow2 => letter.is_ascii_alphanumeric() || letter == '_',
        Reader::Airflow3 | Reader::Airflow3Worker => letter.is_alphanumeric() || letter == '_',
    };
    !id.is_empty()
        && id.chars().count() <= MAX_CONNECTION_ID
        && id.chars().all(|letter| is_word(letter) || "#!()-.:/\\".contains(letter))
}

/// The check of `airflow connections add` and of the REST API: `^[\w.-]+$` up to 200 characters, without `..`.
fn is_manageable(id: &str) -> bool {
    !id.contains("..")
        && id.chars().count() <= MAX_MANAGED_ID
        && id.chars().all(|letter| letter.is_alphanumeric() || "_.-".contains(letter))
}
