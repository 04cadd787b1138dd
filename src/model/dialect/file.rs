//! What Airflow's `LocalFilesystemBackend` makes of an entry of its files.

use crate::model::connection::construct;
use crate::model::python::{Object, Text, Value, dumps};
use crate::model::{Kind, ReadError, Reader, SecretValue, SeenConnection};

/// The value under an id in a connections file; `None` for an empty list.
pub(super) fn connection(class: Reader, id: &str, value: Value) -> Result<Option<SeenConnection>, ReadError> {
    match value {
        Value::List(mut items) => match items.len() {
            0 => Ok(None),
            1 => entry(class, id, items.remove(0)).map(Some),
            _ => Err(ReadError::SeveralValues),
        },
        other => entry(class, id, other).map(Some),
    }
}

/// `_create_connection`.
fn entry(class: Reader, id: &str, value: Value) -> Result<SeenConnection, ReadError> {
    match value {
        // Always a URI, also where it starts with `{`.
        Value::Text(uri) => SeenConnection::parse_uri(class, &uri),
        Value::Object(object) => construct(class, keywords(id, object)?),
        _ => Err(ReadError::WrongShape),
    }
}

/// Makes the constructor's arguments: nothing is converted, but `extra_dejson` becomes `extra`.
fn keywords(id: &str, mut object: Object) -> Result<Object, ReadError> {
    if object.contains("extra_dejson") {
        if object.contains("extra") {
            return Err(ReadError::TwoExtras);
        }
        let extra = dumps(&object.take("extra_dejson"));
        object.set("extra", Value::Text(extra));
    }
    if object.contains("conn_id") {
        match object.take("conn_id") {
            Value::Text(own) if own == *id => {}
            _ => return Err(ReadError::OtherId),
        }
    }
    Ok(object)
}

/// What follows `=` on a line of a connections file of the `.env` kind.
pub(super) fn connection_line(class: Reader, stored: &SecretValue) -> Result<SeenConnection, ReadError> {
    if stored.is_empty() {
        return Err(ReadError::Blank);
    }
    one_line(stored)?;
    SeenConnection::parse_uri(class, &stored.expose().into())
}

/// What follows `=` on a line of a variables or configs file of the `.env` kind.
pub(super) fn line(reader: Reader, kind: Kind, stored: &SecretValue) -> Result<Value, ReadError> {
    one_line(stored)?;
    text(reader, kind, Value::Text(Text::from(stored)))
}

/// Fails for a text that a file of lines would cut.
pub(super) fn one_line(stored: &SecretValue) -> Result<(), ReadError> {
    if stored.expose().contains(ends_line) { Err(ReadError::SeveralLines) } else { Ok(()) }
}

/// Tells whether Python's `str.splitlines` ends a line at a character.
pub fn ends_line(character: char) -> bool {
    matches!(character, '\n'..='\r' | '\u{1c}'..='\u{1e}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// The value under a key in a variables or configs file; null is not found.
///
/// Airflow 2 unwraps lists of one; Airflow 3 keeps them, but in a configs file. Airflow 2 reads no configs from files.
pub(super) fn text(reader: Reader, kind: Kind, value: Value) -> Result<Value, ReadError> {
    let unwraps = match (reader, kind) {
        (Reader::Airflow2, Kind::Config) => return Ok(Value::Null),
        (Reader::Airflow2, _) | (_, Kind::Config) => true,
        _ => false,
    };
    match value {
        Value::List(mut items) if unwraps => match items.len() {
            1 => Ok(items.remove(0)),
            _ => Err(ReadError::SeveralValues),
        },
        other => Ok(other),
    }
}
