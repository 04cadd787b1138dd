//! How a store's Airflow backend turns stored text into what Airflow sees, and what we store so that it does.

mod file;
mod form;
mod judge;
mod merge;
mod secrets_manager;
mod see;

use super::canonical::same_field;
use super::{Canonical, Field, Kind, ReadError, Reader, Secret, SecretName, SecretValue, Seen};

pub use file::ends_line;
pub use form::RenderFault;
pub use judge::{Difference, Judgement, Mismatch, Note, NoteKind, judge, judge_forms};
pub use merge::MergeFault;
pub use secrets_manager::{Aliases, OldForm};

/// How the Airflow backend of a store reads it; plain data, which a provider states.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dialect {
    /// How it reads connections.
    pub connection: ConnectionDialect,
    /// How it reads variables and configs.
    pub text: TextDialect,
}

/// How a backend reads a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConnectionDialect {
    /// The base class's way: stripped, then JSON if it starts with `{`, else a URI; `""` is no connection.
    Text,
    /// Vault: the stored text stands for the entry's map, as a JSON object; a `conn_uri` that is not empty wins.
    VaultMap,
    /// AWS Secrets Manager: an object's keys are words for fields, the first in the text's order winning, and all others are
    /// dropped, a description too; any other text as in [`Text`](Self::Text).
    SecretsManager(Aliases),
    /// AWS Secrets Manager as an older provider read it, in Airflow 2; only a source.
    OldSecretsManager(OldForm, Aliases),
    /// An entry of a local JSON file, as JSON: a string is a URI, an object goes to the constructor, a list holds one of them.
    FileObject,
    /// A line of a local `.env` file: always a URI.
    FileUri,
    /// A row of the metastore, as a JSON object of the eight columns, decrypted: taken as it is.
    Columns,
}

impl ConnectionDialect {
    /// The reader whose class of connections `reader` gets from this store.
    pub const fn class_for(&self, reader: Reader) -> Reader {
        match (self, reader) {
            // No other Airflow ran these providers, so what it read is what the secret means.
            (Self::OldSecretsManager(..), _) => Reader::Airflow2,
            // The backend of local files makes the server's class in a worker too.
            (Self::FileObject | Self::FileUri, Reader::Airflow3Worker) => Reader::Airflow3,
            _ => reader,
        }
    }
}

/// How a backend reads a variable or config.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextDialect {
    /// The stored text, byte for byte.
    Verbatim,
    /// Vault: the key `value` of the entry's map; an entry without it is not found.
    ValueKey,
    /// An entry of a local JSON file, as JSON: any value, as it is; null is not found.
    JsonValue,
    /// A line of a local `.env` file: the text, which is neither empty nor of several lines.
    FileLine,
    /// An environment variable: any text without NUL.
    Variable,
    /// An environment variable on a line of a `.env` file, as it stands there: one line, without NUL.
    VariableLine,
    /// An entry of an `airflow variables export` file, as JSON: what `airflow variables import` of Airflow 3 makes of it.
    ExportValue,
}

/// Why a stored text has no one meaning.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SourceFault {
    /// Two readers see different things.
    #[error("{} and {} read it differently{}", readers[0], readers[1], in_field(field))]
    Disagree {
        /// The first field they disagree in; `None` for a text.
        field: Option<Field>,
        /// The two.
        readers: [Reader; 2],
    },
    /// A reader fails.
    #[error("{reader} cannot read it: {why}")]
    Unreadable {
        /// Which one.
        reader: Reader,
        /// What it stumbles over.
        why: ReadError,
    },
}

fn in_field(field: &Option<Field>) -> String {
    field.map_or_else(String::new, |field| format!(" (field `{field}`)"))
}

impl Dialect {
    /// Tells what `reader` sees for a stored text; `Ok(None)` counts as not found.
    ///
    /// A connection whose URI Airflow cannot write is an error: Airflow writes it before it hands the object out.
    pub fn see(&self, reader: Reader, name: &SecretName, stored: &SecretValue) -> Result<Option<Seen>, ReadError> {
        match name.kind {
            Kind::Connection => see::connection(&self.connection, reader, name, stored),
            Kind::Variable | Kind::Config => see::text(self.text, reader, name.kind, stored),
        }
    }

    /// Reduces a stored text to the one meaning it has under all `readers` (none given: all three).
    ///
    /// A reader to whom the text counts as not found has no say, unless all say so: then it is `Ok(None)`. Of a
    /// metastore the row itself is the meaning, whatever a reader would make of it.
    pub fn normalise(
        &self,
        name: &SecretName,
        stored: &SecretValue,
        readers: &[Reader],
    ) -> Result<Option<Secret>, SourceFault> {
        let readers = if readers.is_empty() { &Reader::ALL } else { readers };
        if name.kind == Kind::Connection && self.connection == ConnectionDialect::Columns {
            let row = see::row(stored).and_then(|seen| seen.to_connection());
            return row
                .map(|connection| Some(Secret::Connection(connection)))
                .map_err(|why| SourceFault::Unreadable { reader: readers[0], why });
        }
        let mut meaning: Option<(Reader, Secret)> = None;
        for reader in readers.iter().copied() {
            let unreadable = |why| SourceFault::Unreadable { reader, why };
            let Some(seen) = self.see(reader, name, stored).map_err(unreadable)? else {
                continue;
            };
            let secret = seen.to_secret().map_err(unreadable)?;
            match &meaning {
                None => meaning = Some((reader, secret)),
                Some((first, known)) if Canonical::of(known) != Canonical::of(&secret) => {
                    return Err(SourceFault::Disagree {
                        field: first_difference(known, &secret),
                        readers: [*first, reader],
                    });
                }
                Some(_) => {}
            }
        }
        Ok(meaning.map(|(_, secret)| secret))
    }
}

fn first_difference(a: &Secret, b: &Secret) -> Option<Field> {
    match (a, b) {
        (Secret::Connection(a), Secret::Connection(b)) => {
            Field::ALL.into_iter().find(|field| !same_field(a, b, *field))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
