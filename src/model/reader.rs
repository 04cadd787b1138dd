//! The three Airflows that read what we write, what they see, and what they stumble over.

use std::fmt;

use super::connection::{construct, parse_json, write_json, write_uri};
use super::python::{JsonError, Object, Text, Value, strip};
use super::{Connection, Field, SecretValue};

/// An Airflow that must read a secret right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reader {
    /// Airflow 2 everywhere: `airflow.models.Connection` of 2.11.
    Airflow2,
    /// The API server, scheduler and CLI of Airflow 3: `airflow.models.Connection` of 3.3.
    Airflow3,
    /// Workers, DAG processor and triggerer of Airflow 3: `airflow.sdk.Connection` of 3.3.
    Airflow3Worker,
}

impl Reader {
    /// Every reader.
    pub const ALL: [Self; 3] = [Self::Airflow2, Self::Airflow3, Self::Airflow3Worker];

    /// The word used in configs and reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Airflow2 => "airflow-2",
            Self::Airflow3 => "airflow-3",
            Self::Airflow3Worker => "airflow-3-worker",
        }
    }

    /// Parses the word; `None` for any other.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reader| reader.as_str() == word)
    }
}

impl fmt::Display for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a reader stumbles over; never a value, nor a key that may be one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// Nothing is stored but blanks.
    #[error("the text holds nothing but blanks")]
    Blank,
    /// The text starts like JSON and is none.
    #[error("the text is no valid JSON")]
    NotJson,
    /// The text is no Python literal of a dict.
    #[error("the text is no dict as Python writes it, which `full_url_mode = false` takes")]
    NotLiteral,
    /// Python converts no integer that long.
    #[error("the JSON holds an integer of more than 4300 digits")]
    NumberTooLong,
    /// Python's parser would run out of stack.
    #[error("the JSON is nested too deeply")]
    TooDeep,
    /// The JSON is something else than this store's backend takes.
    #[error("the JSON is neither an object nor whatever else this store's backend takes")]
    WrongShape,
    /// A key that is no field of a connection.
    #[error("there is a key that is no field of a connection")]
    UnknownKey,
    /// The id is given in the object, where Airflow passes it already.
    #[error("`conn_id` stands among the fields, and Airflow takes it only once")]
    RepeatedId,
    /// The id in the object is another one than the key of the file.
    #[error("`conn_id` among the fields is not the id the connection is filed under")]
    OtherId,
    /// `uri` together with fields.
    #[error("`uri` stands beside other fields, and Airflow takes one or the other")]
    MixedUri,
    /// `extra` together with `extra_dejson`.
    #[error("`extra` and `extra_dejson` are both given")]
    TwoExtras,
    /// More than one value under one id.
    #[error("there are several values under one id")]
    SeveralValues,
    /// A field of a type that Airflow cannot work with.
    #[error("the field `{0}` is of the wrong type")]
    WrongType(Field),
    /// `uri` or `conn_uri` is no text.
    #[error("the URI is no text")]
    UriNotText,
    /// A port that makes no integer.
    #[error("the port is no integer")]
    BadPort,
    /// A port outside of what a URI can hold.
    #[error("the port in the URI is no number from 0 to 65535")]
    PortRange,
    /// `://` more than twice, or with `@` or `:` before the second.
    #[error("`://` stands in the URI more often than Airflow can tell apart")]
    Protocols,
    /// Brackets that do not pair, or hold no IPv6 address.
    #[error("the brackets in the URI hold no IPv6 address")]
    Brackets,
    /// A character of the authority that Unicode folds to a delimiter.
    #[error("a character before the path folds to a delimiter of URIs")]
    FoldedDelimiter,
    /// An extra that is no JSON object, which Airflow 3 demands.
    #[error("`extra` is no JSON object")]
    ExtraNotObject,
    /// A lone surrogate, which UTF-8 has no bytes for.
    #[error("the field `{0}` holds half of a surrogate pair")]
    LoneSurrogate(Field),
    /// The object is made, but Airflow needs its URI before handing it out, and making that one fails.
    #[error("Airflow cannot write the connection as a URI, which it does before handing it out (field `{0}`)")]
    NoUri(Field),
    /// The value of a variable or config is no text.
    #[error("the value is no text")]
    NotText,
    /// A line end in a value that must stand on one line.
    #[error("it has several lines, and here a value stands on one")]
    SeveralLines,
    /// A NUL, at which an environment variable ends.
    #[error("it holds a NUL character, at which an environment variable ends")]
    HoldsNul,
}

impl From<JsonError> for ReadError {
    fn from(error: JsonError) -> Self {
        match error {
            JsonError::Syntax => Self::NotJson,
            JsonError::NumberTooLong => Self::NumberTooLong,
            JsonError::TooDeep => Self::TooDeep,
        }
    }
}

/// A connection object as a reader holds it: usually text and a number, but Python checks no types.
#[derive(Debug, Clone, Default)]
pub struct SeenConnection {
    /// `conn_type`
    pub conn_type: Value,
    /// `description`
    pub description: Value,
    /// `host`
    pub host: Value,
    /// `login`
    pub login: Value,
    /// `password`
    pub password: Value,
    /// `schema`
    pub schema: Value,
    /// `port`
    pub port: Value,
    /// `extra`
    pub extra: Value,
}

impl SeenConnection {
    /// Calls the constructor of the reader's class with keyword arguments.
    pub fn construct(reader: Reader, keywords: Object) -> Result<Self, ReadError> {
        construct(reader, keywords)
    }

    /// Reads a stored text as the backends' base class does: stripped, then JSON if it starts with `{`, else a URI.
    pub fn parse_text(reader: Reader, text: &Text) -> Result<Self, ReadError> {
        let stripped = strip(text.as_bytes());
        match stripped.first() {
            None => Err(ReadError::Blank),
            Some(b'{') => parse_json(reader, stripped),
            Some(_) => Self::parse_uri(reader, &Text::from_slice(stripped)),
        }
    }

    /// Reads a URI, whatever it starts with.
    pub fn parse_uri(reader: Reader, uri: &Text) -> Result<Self, ReadError> {
        let mut keywords = Object::default();
        keywords.set("uri", Value::Text(uri.clone()));
        construct(reader, keywords)
    }

    /// Reads `from_json`'s argument.
    pub fn parse_json(reader: Reader, text: &Text) -> Result<Self, ReadError> {
        parse_json(reader, text.as_bytes())
    }

    /// Takes the fields as they are, as a database row gives them.
    pub fn of(connection: &Connection) -> Self {
        let mut seen = Self::default();
        for field in Field::ALL {
            *seen.field_mut(field) = connection.value(field);
        }
        seen
    }

    /// `get_uri()`.
    pub fn uri(&self, reader: Reader) -> Result<Text, ReadError> {
        write_uri(reader, self)
    }

    /// `as_json()`.
    pub fn json(&self) -> Result<Text, ReadError> {
        write_json(self)
    }

    /// The value of a field.
    pub fn field(&self, field: Field) -> &Value {
        match field {
            Field::ConnType => &self.conn_type,
            Field::Description => &self.description,
            Field::Host => &self.host,
            Field::Login => &self.login,
            Field::Password => &self.password,
            Field::Schema => &self.schema,
            Field::Port => &self.port,
            Field::Extra => &self.extra,
        }
    }

    pub(super) fn field_mut(&mut self, field: Field) -> &mut Value {
        match field {
            Field::ConnType => &mut self.conn_type,
            Field::Description => &mut self.description,
            Field::Host => &mut self.host,
            Field::Login => &mut self.login,
            Field::Password => &mut self.password,
            Field::Schema => &mut self.schema,
            Field::Port => &mut self.port,
            Field::Extra => &mut self.extra,
        }
    }

    /// Our connection; fails for a field that is of another type or no UTF-8.
    pub fn to_connection(&self) -> Result<Connection, ReadError> {
        let text = |field| as_secret(field, self.field(field));
        Ok(Connection {
            conn_type: text(Field::ConnType)?,
            description: text(Field::Description)?,
            host: text(Field::Host)?,
            login: text(Field::Login)?,
            password: text(Field::Password)?,
            schema: text(Field::Schema)?,
            port: as_port(&self.port)?,
            // Airflow takes every empty thing for no extra (`if self.extra`), so `{}` and `[]` lose nothing here.
            extra: match &self.extra {
                Value::Text(_) => text(Field::Extra)?,
                other if !other.is_truthy() => None,
                _ => return Err(ReadError::WrongType(Field::Extra)),
            },
        })
    }
}

fn as_secret(field: Field, value: &Value) -> Result<Option<SecretValue>, ReadError> {
    match value {
        Value::Null => Ok(None),
        Value::Text(text) => text.to_secret().map(Some).ok_or(ReadError::LoneSurrogate(field)),
        _ => Err(ReadError::WrongType(field)),
    }
}

fn as_port(value: &Value) -> Result<Option<i64>, ReadError> {
    match value {
        Value::Null => Ok(None),
        Value::Integer(number) => number.to_i64().map(Some).ok_or(ReadError::BadPort),
        _ => Err(ReadError::WrongType(Field::Port)),
    }
}

/// A secret as we know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Secret {
    /// A connection.
    Connection(Connection),
    /// A variable or config, byte for byte.
    Text(SecretValue),
}

impl Secret {
    /// The description of a connection, which few stores have a place for.
    pub fn description(&self) -> Option<&SecretValue> {
        match self {
            Self::Connection(connection) => connection.description.as_ref(),
            Self::Text(_) => None,
        }
    }
}

/// A secret as a reader sees it.
#[derive(Debug, Clone)]
pub enum Seen {
    /// A connection object.
    Connection(Box<SeenConnection>),
    /// The value of a variable or config; some backends return other things than text.
    Value(Value),
}

impl Seen {
    /// Our secret; fails for what no text can hold.
    pub fn to_secret(&self) -> Result<Secret, ReadError> {
        match self {
            Self::Connection(seen) => seen.to_connection().map(Secret::Connection),
            Self::Value(Value::Text(text)) => text.to_secret().map(Secret::Text).ok_or(ReadError::NotText),
            Self::Value(_) => Err(ReadError::NotText),
        }
    }
}
