//! What a person should hear about a secret's content before it is copied; never the content itself.

mod stored;

use std::fmt;

use super::canonical::member_path;
use super::python::{Text, Value, find, loads, strip};
use super::{Field, Secret, SecretValue};

pub use stored::source_oddities;

/// The mask that Airflow's own screens and logs put in place of a secret.
const MASK: &str = "***";

/// Something odd about a secret; fields are named by path, as in `extra.token`, a variable's text is `value`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Oddity {
    /// The whole text is `***`: somebody saved what a screen had masked.
    Poisoned {
        /// Where.
        field: String,
    },
    /// `***` stands inside of a longer text.
    MaskInside {
        /// Where.
        field: String,
    },
    /// The text looks like a Fernet token: an encrypted value taken for a plain one.
    LooksEncrypted {
        /// Where.
        field: String,
    },
    /// The text starts with a byte order mark, which Airflow takes for content.
    ByteOrderMark {
        /// Where.
        field: String,
    },
    /// The text ends with a line end, which Airflow keeps.
    TrailingNewline {
        /// Where.
        field: String,
    },
    /// The stored connection ends with a line end, which Airflow drops.
    LineEndDropped,
    /// The stored connection is in quotes, so Airflow reads neither URI nor JSON.
    QuotedText,
    /// The stored connection has an empty key: a console's key/value form filled in without a key.
    EmptyKeyObject,
    /// The stored connection is neither an object nor a URI: another secret that got under the prefix.
    NoConnection,
    /// The stored object has keys, and none that Airflow takes for a field: it reads an empty connection.
    NoField,
    /// The stored object has keys that Airflow drops.
    IgnoredKeys {
        /// Those with well-known names, and how many more.
        keys: String,
    },
    /// Several keys of the stored object stand for one field, and Airflow takes the first.
    RepeatedField {
        /// Where.
        field: String,
    },
    /// `airflow variables export` had decoded the JSON, so blanks, number spelling and repeated keys are gone.
    Reencoded,
    /// The value was taken out of a `{"value": …}` wrapper, as `airflow variables import` of Airflow 3 does.
    Unwrapped,
}

impl Oddity {
    /// The code used in reports.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Poisoned { .. } => "poisoned",
            Self::MaskInside { .. } => "mask-inside",
            Self::LooksEncrypted { .. } => "looks-encrypted",
            Self::ByteOrderMark { .. } => "byte-order-mark",
            Self::TrailingNewline { .. } => "trailing-newline",
            Self::LineEndDropped => "line-end-dropped",
            Self::QuotedText => "quoted-text",
            Self::EmptyKeyObject => "empty-key-object",
            Self::NoConnection => "no-connection",
            Self::NoField => "no-field",
            Self::IgnoredKeys { .. } => "ignored-keys",
            Self::RepeatedField { .. } => "repeated-field",
            Self::Reencoded => "reencoded",
            Self::Unwrapped => "unwrapped",
        }
    }

    /// The path of the field; `None` if it is about the stored text as a whole.
    pub fn field(&self) -> Option<&str> {
        match self {
            Self::Poisoned { field }
            | Self::MaskInside { field }
            | Self::LooksEncrypted { field }
            | Self::ByteOrderMark { field }
            | Self::TrailingNewline { field }
            | Self::RepeatedField { field } => Some(field),
            _ => None,
        }
    }
}

impl fmt::Display for Oddity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Poisoned { .. } => "is ***",
            Self::MaskInside { .. } => "has *** inside",
            Self::LooksEncrypted { .. } => "looks like a Fernet token, though it is stored as plain text",
            Self::ByteOrderMark { .. } => "begins with a byte-order mark, which Airflow takes for content",
            Self::TrailingNewline { .. } => "ends with a line end, which Airflow keeps",
            Self::LineEndDropped => "ends with a line end, which Airflow drops",
            Self::QuotedText => "stands in quotes, which Airflow takes for content",
            Self::EmptyKeyObject => "has an empty key, as a console's form leaves it that was filled in without one",
            Self::NoConnection => {
                "is no connection: Airflow takes it for a URI, and there is no type with :// in front"
            }
            Self::NoField => "is no connection: none of its keys is a field that Airflow knows",
            Self::IgnoredKeys { keys } => return write!(f, "has keys that Airflow does not read: {keys}"),
            Self::RepeatedField { .. } => "is given by several keys, of which Airflow takes the first",
            Self::Reencoded => {
                "was decoded by `airflow variables export`: blanks, number spelling and repeated keys are gone"
            }
            Self::Unwrapped => "was taken out of a {\"value\": …} wrapper, as `airflow variables import` does",
        })?;
        self.field().map_or(Ok(()), |field| write!(f, " ({field})"))
    }
}

/// Looks for oddities in a secret as we know it, whichever store it came from and whatever its name.
pub fn oddities(secret: &Secret) -> Vec<Oddity> {
    let mut found = Vec::new();
    match secret {
        Secret::Text(text) => {
            look_at_text(text, "value", &mut found);
            let text = Text::from(text);
            look_at_masks(&text, "value", &mut found);
            found.extend(quotes(&text));
            found.extend(empty_key(&text));
        }
        Secret::Connection(connection) => {
            for field in Field::ALL {
                let Some(text) = connection.text(field) else {
                    continue;
                };
                if field != Field::Description {
                    look_at_text(text, field.as_str(), &mut found);
                }
                match field {
                    Field::Extra => look_at_masks(&Text::from(text), field.as_str(), &mut found),
                    _ => look_at_mask(text.expose().as_bytes(), field.as_str(), &mut found),
                }
            }
        }
    }
    found
}

fn look_at_text(text: &SecretValue, field: &str, found: &mut Vec<Oddity>) {
    let text = text.expose();
    let field = || field.to_owned();
    if is_fernet_token(text) {
        found.push(Oddity::LooksEncrypted { field: field() });
    }
    if text.starts_with('\u{feff}') {
        found.push(Oddity::ByteOrderMark { field: field() });
    }
    if text.ends_with('\n') {
        found.push(Oddity::TrailingNewline { field: field() });
    }
}

/// Version byte 0x80 and a time before the year 2106 make a token start so; 100 characters are the shortest.
fn is_fernet_token(text: &str) -> bool {
    let text = text.trim_end();
    let in_alphabet = |byte: u8| byte.is_ascii_alphanumeric() || b"-_=".contains(&byte);
    text.starts_with("gAAAAA") && text.len() >= 100 && text.len().is_multiple_of(4) && text.bytes().all(in_alphabet)
}

/// Looks into JSON, leaf by leaf, and at any other text as a whole.
fn look_at_masks(text: &Text, path: &str, found: &mut Vec<Oddity>) {
    match loads(text) {
        Ok(value @ (Value::Text(_) | Value::List(_) | Value::Object(_))) => look_at_leaves(&value, path, found),
        _ => look_at_mask(text.as_bytes(), path, found),
    }
}

fn look_at_leaves(value: &Value, path: &str, found: &mut Vec<Oddity>) {
    match value {
        Value::Text(text) => look_at_mask(text.as_bytes(), path, found),
        Value::List(items) => {
            for (index, item) in items.iter().enumerate() {
                look_at_leaves(item, &format!("{path}[{index}]"), found);
            }
        }
        Value::Object(object) => {
            for (key, value) in object.iter() {
                look_at_leaves(value, &member_path(path, key), found);
            }
        }
        _ => {}
    }
}

fn look_at_mask(text: &[u8], field: &str, found: &mut Vec<Oddity>) {
    let field = || field.to_owned();
    if text == MASK.as_bytes() {
        found.push(Oddity::Poisoned { field: field() });
    } else if find(text, MASK.as_bytes()).is_some() {
        found.push(Oddity::MaskInside { field: field() });
    }
}

fn quotes(text: &Text) -> Option<Oddity> {
    let quoted = matches!(strip(text.as_bytes()), [b'"', .., b'"'] | [b'\'', .., b'\'']);
    quoted.then_some(Oddity::QuotedText)
}

fn empty_key(text: &Text) -> Option<Oddity> {
    let value = loads(&Text::from_slice(strip(text.as_bytes()))).ok()?;
    let object = value.as_object()?;
    // A `conn_uri` is read whatever stands beside it.
    (object.contains("") && !object.contains("conn_uri")).then_some(Oddity::EmptyKeyObject)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Connection;

    pub(super) fn codes(found: &[Oddity]) -> Vec<String> {
        let code = |oddity: &Oddity| match oddity.field() {
            Some(field) => format!("{} ({field})", oddity.as_str()),
            None => oddity.as_str().to_owned(),
        };
        found.iter().map(code).collect()
    }

    #[test]
    fn of_texts() {
        let check = |text: &str, wanted: &[&str]| {
            assert_eq!(codes(&oddities(&Secret::Text(SecretValue::from(text)))), wanted, "{text}");
        };
        check("plain", &[]);
        check("***", &["poisoned (value)"]);
        check("\"***\"", &["poisoned (value)", "quoted-text"]);
        check(r#"{"": "postgres://h"}"#, &["empty-key-object"]);
        check("a***b", &["mask-inside (value)"]);
        check(
            r#"{"a": "***", "b": ["x", "****"], "c.d": {"e": "***"}}"#,
            &["poisoned (value.a)", "mask-inside (value.b[1])", "poisoned (value.\"c.d\".e)"],
        );
        check("\u{feff}x\n", &["byte-order-mark (value)", "trailing-newline (value)"]);
        check(&format!("gAAAAA{}", "A".repeat(94)), &["looks-encrypted (value)"]);
        check("gAAAAABshort", &[]);
    }

    #[test]
    fn of_connections() {
        let connection = Connection {
            password: Some(SecretValue::from("***")),
            host: Some(SecretValue::from("h\n")),
            extra: Some(SecretValue::from(r#"{"token": "***", "note": "see *** there"}"#)),
            ..Connection::default()
        };
        assert_eq!(
            codes(&oddities(&Secret::Connection(connection))),
            ["trailing-newline (host)", "poisoned (password)", "poisoned (extra.token)", "mask-inside (extra.note)"]
        );
    }
}
