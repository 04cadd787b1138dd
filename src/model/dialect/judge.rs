//! Judges a write before it is made: rendered, then read back by the rules of every reader.

use std::fmt;

use crate::model::canonical::same_field;
use crate::model::{Connection, Field, Form, ReadError, Reader, Secret, SecretName, SecretValue};

use super::{Dialect, RenderFault};

/// Whether a secret can be written so that every reader gets what is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Judgement {
    /// It can.
    Fits {
        /// The text to store.
        stored: SecretValue,
        /// What the first reader sees; the others see the same by meaning.
        meaning: Box<Secret>,
        /// What comes back in another spelling, or not at all by the nature of the form; none means *exact*.
        notes: Vec<Note>,
    },
    /// It cannot.
    Blocked(Vec<Difference>),
}

impl Judgement {
    /// Tells whether every reader sees every field exactly as it is.
    pub fn is_exact(&self) -> bool {
        matches!(self, Self::Fits { notes, .. } if notes.is_empty())
    }

    /// Tells whether the secret may be written.
    pub fn fits(&self) -> bool {
        matches!(self, Self::Fits { .. })
    }
}

/// A field that some reader sees in another spelling of the same meaning, or not at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Note {
    /// The field.
    pub field: Field,
    /// What happens to it.
    pub kind: NoteKind,
}

/// What happens to a noted field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NoteKind {
    /// The form, or the store's backend, has no place for it.
    NotReturned,
    /// Null becomes `""`, or `""` null.
    NullAgainstEmpty,
    /// The port 0 becomes null.
    PortZero,
    /// `-` becomes `_`, or `postgresql` becomes `postgres`.
    TypeSpelling,
    /// Another spelling of the same JSON object, or `{}` becomes null.
    ExtraSpelling,
}

impl NoteKind {
    /// The code used in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotReturned => "not-returned",
            Self::NullAgainstEmpty => "null-against-empty",
            Self::PortZero => "port-zero",
            Self::TypeSpelling => "type-spelling",
            Self::ExtraSpelling => "extra-spelling",
        }
    }
}

impl NoteKind {
    const fn explained(self) -> &'static str {
        match self {
            Self::NotReturned => "Airflow does not get it back from here",
            Self::NullAgainstEmpty => "null and \"\" are one here",
            Self::PortZero => "port 0 is read as none",
            Self::TypeSpelling => "read in Airflow's spelling of the type",
            Self::ExtraSpelling => "read in another spelling of the same JSON",
        }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.kind.explained())
    }
}

/// Why a write is blocked: who would see something else, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Difference {
    /// The reader; `None` if the form cannot even be rendered.
    pub reader: Option<Reader>,
    /// The field; `None` for a text, or if nothing is read.
    pub field: Option<Field>,
    /// What is wrong.
    pub what: Mismatch,
}

/// What is wrong with a blocked write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Mismatch {
    /// The form cannot be rendered.
    #[error("{0}")]
    NotRendered(RenderFault),
    /// The reader fails.
    #[error("it cannot be read: {0}")]
    Unreadable(ReadError),
    /// To the reader it counts as not found.
    #[error("it counts as not found")]
    NotFound,
    /// The reader sees another value.
    #[error("it is read as another value")]
    Altered,
}

impl Mismatch {
    /// The code used in reports.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::NotRendered(RenderFault::NotCarried(_)) => "not-carried",
            Self::NotRendered(RenderFault::NoUri(_)) => "no-uri",
            Self::Unreadable(_) => "unreadable",
            Self::NotFound => "not-found",
            Self::Altered => "altered",
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(reader) = self.reader {
            write!(f, "{reader}: ")?;
        }
        if let Some(field) = self.field {
            write!(f, "field `{field}`: ")?;
        }
        write!(f, "{}", self.what)
    }
}

/// Judges a write: renders, then reads back by the rules of every reader (none given: all three).
pub fn judge(name: &SecretName, secret: &Secret, dialect: &Dialect, form: Form, readers: &[Reader]) -> Judgement {
    let stored = match dialect.render(secret, form) {
        Ok(stored) => stored,
        Err(fault) => {
            return Judgement::Blocked(vec![Difference {
                reader: None,
                field: None,
                what: Mismatch::NotRendered(fault),
            }]);
        }
    };
    let readers = if readers.is_empty() { &Reader::ALL } else { readers };
    let mut verdict = Verdict::default();
    for reader in readers.iter().copied() {
        match read_back(reader, name, dialect, &stored) {
            Ok(seen) => verdict.compare(reader, secret, seen),
            Err(what) => verdict.differences.push(Difference { reader: Some(reader), field: None, what }),
        }
    }
    match verdict.meaning {
        Some(meaning) if verdict.differences.is_empty() => Judgement::Fits { stored, meaning, notes: verdict.notes },
        _ => Judgement::Blocked(verdict.differences),
    }
}

/// Judges every form the store carries and chooses: the first that is exact, else the first that fits.
///
/// `None` if no form fits; then [`judge`] with a form tells why.
pub fn judge_forms(
    name: &SecretName,
    secret: &Secret,
    dialect: &Dialect,
    readers: &[Reader],
) -> Option<(Form, Judgement)> {
    let judged = dialect.forms(name.kind).iter().map(|form| (*form, judge(name, secret, dialect, *form, readers)));
    let mut fitting: Vec<(Form, Judgement)> = judged.filter(|(_, judgement)| judgement.fits()).collect();
    let best = fitting.iter().position(|(_, judgement)| judgement.is_exact()).unwrap_or(0);
    (best < fitting.len()).then(|| fitting.swap_remove(best))
}

fn read_back(reader: Reader, name: &SecretName, dialect: &Dialect, stored: &SecretValue) -> Result<Secret, Mismatch> {
    let seen = dialect.see(reader, name, stored).map_err(Mismatch::Unreadable)?;
    seen.ok_or(Mismatch::NotFound)?.to_secret().map_err(Mismatch::Unreadable)
}

#[derive(Default)]
struct Verdict {
    meaning: Option<Box<Secret>>,
    notes: Vec<Note>,
    differences: Vec<Difference>,
}

impl Verdict {
    fn compare(&mut self, reader: Reader, secret: &Secret, seen: Secret) {
        let altered = |field| Difference { reader: Some(reader), field, what: Mismatch::Altered };
        match (secret, &seen) {
            (Secret::Connection(given), Secret::Connection(back)) => {
                for field in Field::ALL {
                    match compare_field(given, back, field) {
                        Comparison::Exact => {}
                        Comparison::Noted(kind) => self.note(Note { field, kind }),
                        Comparison::Altered => self.differences.push(altered(Some(field))),
                    }
                }
            }
            (given, back) if given == back => {}
            _ => self.differences.push(altered(None)),
        }
        self.meaning.get_or_insert(Box::new(seen));
    }

    fn note(&mut self, note: Note) {
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }
}

enum Comparison {
    Exact,
    Noted(NoteKind),
    Altered,
}

fn compare_field(given: &Connection, back: &Connection, field: Field) -> Comparison {
    let is_exact = match field {
        Field::Port => given.port == back.port,
        _ => given.text(field) == back.text(field),
    };
    if is_exact {
        return Comparison::Exact;
    }
    if same_field(given, back, field) {
        return Comparison::Noted(spelling(given, back, field));
    }
    if field == Field::Description && back.description.is_none() {
        return Comparison::Noted(NoteKind::NotReturned);
    }
    Comparison::Altered
}

/// How two values of a field that mean the same differ.
fn spelling(given: &Connection, back: &Connection, field: Field) -> NoteKind {
    let is_empty = |connection: &Connection| connection.text(field).is_none_or(SecretValue::is_empty);
    match field {
        Field::Port => NoteKind::PortZero,
        _ if is_empty(given) && is_empty(back) => NoteKind::NullAgainstEmpty,
        Field::ConnType => NoteKind::TypeSpelling,
        _ => NoteKind::ExtraSpelling,
    }
}
