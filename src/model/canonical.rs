//! Canonical form v1: the one text that all spellings of a secret share, and what fingerprints are made over.
//!
//! Frozen: `docs/formats.md` states it with test vectors, and a change needs a new version beside this one.

use std::fmt;

use super::connection::normalise_type;
use super::python::{Object, Text, Value, dumps_canonical, loads};
use super::{Connection, Field, Secret, SecretValue};

/// The canonical form of a secret: equal for two secrets that mean the same to Airflow, and for no others.
#[derive(Clone, PartialEq, Eq)]
pub struct Canonical {
    bytes: Text,
    parts: Vec<(String, SecretValue)>,
}

impl Canonical {
    /// The version, which the bytes begin with.
    pub const VERSION: u32 = 1;

    /// Reduces a secret.
    pub fn of(secret: &Secret) -> Self {
        match secret {
            Secret::Connection(connection) => Self::of_connection(connection),
            Secret::Text(text) => {
                let mut bytes = head("text");
                bytes.push_str(text.expose());
                let parts = vec![("value".to_owned(), text.clone())];
                Self { bytes, parts }
            }
        }
    }

    fn of_connection(connection: &Connection) -> Self {
        let fields: Object = Field::ALL
            .into_iter()
            .filter_map(|field| canonical_field(connection, field))
            .map(|(key, value)| (Text::from(key), value))
            .collect();
        let parts = fields.iter().flat_map(|(key, value)| parts_of(key, value)).collect();
        let mut bytes = head("connection");
        bytes.push_slice(dumps_canonical(&Value::Object(fields)).as_bytes());
        Self { bytes, parts }
    }

    /// The form itself; as secret as the value it is made from.
    pub fn bytes(&self) -> &[u8] {
        self.bytes.as_bytes()
    }

    /// The parts by path, for digests of single fields: `host`, `extra.sslmode`, …; `value` for a text.
    ///
    /// Every part of a connection is canonical JSON; the members of `extra` stand alone, deeper ones do not. A path
    /// is unique: a key that is not plain is quoted, as in `extra."a.b"`.
    pub fn parts(&self) -> &[(String, SecretValue)] {
        &self.parts
    }
}

impl fmt::Debug for Canonical {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Canonical(redacted)")
    }
}

fn head(kind: &str) -> Text {
    Text::from(format!("secretferry/canonical/{}/{kind}\n", Canonical::VERSION).as_str())
}

/// The key and value of a field; `None` if it says nothing: null, `""`, port 0, an extra of `{}`.
fn canonical_field(connection: &Connection, field: Field) -> Option<(&'static str, Value)> {
    let value = connection.value(field);
    match (field, value) {
        (_, value) if !value.is_truthy() => None,
        (Field::ConnType, Value::Text(text)) => Some((field.as_str(), Value::Text(normalise_type(&text)))),
        (Field::Extra, Value::Text(text)) => match loads(&text) {
            Ok(Value::Object(members)) if members.is_empty() => None,
            Ok(Value::Object(members)) => Some((field.as_str(), Value::Object(members))),
            // Under another key, for `"{}"` as JSON text and `{}` as an object are not the same.
            _ => Some(("extra_text", Value::Text(text))),
        },
        (_, value) => Some((field.as_str(), value)),
    }
}

fn parts_of(key: &Text, value: &Value) -> Vec<(String, SecretValue)> {
    let key = key.as_str().unwrap_or_default();
    match value {
        Value::Object(members) => {
            members.iter().map(|(member, value)| (member_path(key, member), as_part(value))).collect()
        }
        value => vec![(key.to_owned(), as_part(value))],
    }
}

fn as_part(value: &Value) -> SecretValue {
    dumps_canonical(value).to_secret().expect("canonical JSON is ASCII")
}

/// Tells whether a field of two connections means the same.
pub(super) fn same_field(a: &Connection, b: &Connection, field: Field) -> bool {
    let text = |connection| canonical_field(connection, field).map(|(key, value)| (key, dumps_canonical(&value)));
    text(a) == text(b)
}

/// The path of a member: its key after a dot, quoted unless it is plain.
pub(super) fn member_path(path: &str, key: &Text) -> String {
    match key.as_str() {
        Some(plain) if is_plain(plain) => format!("{path}.{plain}"),
        _ => {
            let quoted = dumps_canonical(&Value::Text(key.clone()));
            format!("{path}.{}", quoted.as_str().expect("JSON is ASCII"))
        }
    }
}

fn is_plain(key: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    !key.is_empty() && key.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::panic, reason = "a test that fails says why")]

    use super::*;

    /// The vectors of `docs/formats.md`: `in`, `canonical` and, for some, the `paths` of the parts.
    fn vectors() -> Vec<Object> {
        let page = include_str!("../../docs/formats.md");
        let lines = page.lines().filter(|line| line.starts_with("{\"kind\""));
        lines
            .map(|line| match loads(&Text::from(line)) {
                Ok(Value::Object(row)) => row,
                _ => panic!("a vector is no JSON object: {line}"),
            })
            .collect()
    }

    fn text<'a>(row: &'a Object, key: &str) -> &'a str {
        row.get(key).and_then(Value::as_text).and_then(Text::as_str).expect("a text")
    }

    fn secret(row: &Object) -> Secret {
        let input = row.get("in").expect("a vector has an input");
        match input.as_object() {
            None => Secret::Text(input.as_text().and_then(Text::to_secret).expect("a text")),
            Some(fields) => {
                let mut seen = crate::model::SeenConnection::default();
                for (key, value) in fields.iter() {
                    let field = key.as_str().and_then(Field::parse).expect("a field");
                    *seen.field_mut(field) = value.clone();
                }
                Secret::Connection(seen.to_connection().expect("our types"))
            }
        }
    }

    #[test]
    fn vectors_of_the_page() {
        let rows = vectors();
        assert!(rows.len() > 20, "the page lost its vectors");
        for row in &rows {
            let canonical = Canonical::of(&secret(row));
            let wanted = format!("secretferry/canonical/1/{}\n{}", text(row, "kind"), text(row, "canonical"));
            assert_eq!(String::from_utf8_lossy(canonical.bytes()), wanted);
            if let Some(Value::List(paths)) = row.get("paths") {
                let wanted: Vec<_> = paths.iter().filter_map(|path| path.as_text()?.as_str()).collect();
                let got: Vec<_> = canonical.parts().iter().map(|(path, _)| path.as_str()).collect();
                assert_eq!(got, wanted);
            }
        }
    }

    #[test]
    fn debug_shows_nothing() {
        let secret = Secret::Text(SecretValue::from("canary"));
        assert!(!format!("{:?} {:?}", secret, Canonical::of(&secret)).contains("canary"));
    }
}
