//! An Airflow connection: eight fields, and the forms a secret is written in.

mod address;
mod construct;
mod json;
mod split;
mod uri;

use std::fmt;

use super::SecretValue;
use super::python::{Object, Text, Value};

pub(super) use construct::{check_extra, construct};
pub(super) use json::{parse_json, parse_map, write_json};
pub(super) use split::is_uri;
pub(super) use uri::{normalise_type, write_uri};

/// What Airflow knows of a connection besides its id; `None` is SQL's and JSON's null.
///
/// Equality is exact: `None` is not `""`. Whether two connections mean the same is what
/// [`Canonical`](super::Canonical) tells.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Connection {
    /// The type, which chooses the hook: `postgres`, `aws`, …
    pub conn_type: Option<SecretValue>,
    /// A remark for people; only the metastore and JSON carry it.
    pub description: Option<SecretValue>,
    /// The host, at times with a protocol in front or several hosts joined.
    pub host: Option<SecretValue>,
    /// The login.
    pub login: Option<SecretValue>,
    /// The password.
    pub password: Option<SecretValue>,
    /// The schema: a database, a path, …
    pub schema: Option<SecretValue>,
    /// The port; the metastore checks no range.
    pub port: Option<i64>,
    /// More parameters: the text of a JSON object (Airflow 2 takes any text).
    pub extra: Option<SecretValue>,
}

impl Connection {
    /// The text of a field; `None` for null and for the port.
    pub fn text(&self, field: Field) -> Option<&SecretValue> {
        match field {
            Field::ConnType => self.conn_type.as_ref(),
            Field::Description => self.description.as_ref(),
            Field::Host => self.host.as_ref(),
            Field::Login => self.login.as_ref(),
            Field::Password => self.password.as_ref(),
            Field::Schema => self.schema.as_ref(),
            Field::Port => None,
            Field::Extra => self.extra.as_ref(),
        }
    }

    /// The place of a field's text; `None` for the port.
    pub fn text_mut(&mut self, field: Field) -> Option<&mut Option<SecretValue>> {
        match field {
            Field::ConnType => Some(&mut self.conn_type),
            Field::Description => Some(&mut self.description),
            Field::Host => Some(&mut self.host),
            Field::Login => Some(&mut self.login),
            Field::Password => Some(&mut self.password),
            Field::Schema => Some(&mut self.schema),
            Field::Port => None,
            Field::Extra => Some(&mut self.extra),
        }
    }

    /// The Python value of a field: text, the number of the port, or null.
    pub fn value(&self, field: Field) -> Value {
        match field {
            Field::Port => self.port.map_or(Value::Null, Value::from),
            _ => self.text(field).map_or(Value::Null, |text| Value::Text(Text::from(text))),
        }
    }

    /// The fields as a Python dict, nulls left out.
    pub fn to_object(&self) -> Object {
        Field::ALL
            .into_iter()
            .map(|field| (Text::from(field.as_str()), self.value(field)))
            .filter(|(_, value)| !value.is_null())
            .collect()
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not even which fields are set: an absent password is worth hiding too.
        f.write_str("Connection(redacted)")
    }
}

/// A field of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// `conn_type`
    ConnType,
    /// `description`
    Description,
    /// `host`
    Host,
    /// `login`
    Login,
    /// `password`
    Password,
    /// `schema`
    Schema,
    /// `port`
    Port,
    /// `extra`
    Extra,
}

impl Field {
    /// Every field, in the order of Airflow's own JSON.
    pub const ALL: [Self; 8] = [
        Self::ConnType,
        Self::Description,
        Self::Host,
        Self::Login,
        Self::Password,
        Self::Schema,
        Self::Port,
        Self::Extra,
    ];

    /// Airflow's name of the field.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ConnType => "conn_type",
            Self::Description => "description",
            Self::Host => "host",
            Self::Login => "login",
            Self::Password => "password",
            Self::Schema => "schema",
            Self::Port => "port",
            Self::Extra => "extra",
        }
    }

    /// Parses Airflow's name; `None` for any other word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.as_str() == word)
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How a secret is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Form {
    /// A connection as the fields of the store's own key/value map.
    Fields,
    /// A connection as a JSON object.
    Json,
    /// A connection as a URI.
    Uri,
    /// A variable or config: the text itself.
    Text,
}

impl Form {
    /// Every form.
    pub const ALL: [Self; 4] = [Self::Fields, Self::Json, Self::Uri, Self::Text];

    /// The word used in configs and reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fields => "fields",
            Self::Json => "json",
            Self::Uri => "uri",
            Self::Text => "text",
        }
    }

    /// Parses the word; `None` for any other.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|form| form.as_str() == word)
    }
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
