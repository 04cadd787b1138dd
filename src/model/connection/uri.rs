//! A connection as a URI: Airflow's `_parse_from_uri` and `get_uri`, which no general URL library agrees with.

use crate::model::python::{
    Blank, JsonError, LoneSurrogate, Object, Text, Value, drop_first, dumps, find, float_repr, loads, loads_slice,
    partition, quote, replace, rpartition, unquote,
};
use crate::model::{Field, ReadError, Reader, SeenConnection};

use super::split::{Authority, Split, split_login_and_host, urlsplit};

/// The parameter that carries a whole extra.
const EXTRA_KEY: &str = "__extra__";

/// Reads a URI; the description stays null, and the models' setters are still to come.
pub(super) fn parse_uri(reader: Reader, uri: &Text) -> Result<SeenConnection, ReadError> {
    let uri = uri.as_bytes();
    let protocols = uri.windows(3).filter(|window| *window == b"://").count();
    if protocols > 2 {
        return Err(ReadError::Protocols);
    }
    let scheme = urlsplit(uri)?.scheme;
    let mut prefix = scheme.clone();
    prefix.push_str("://");
    // Every occurrence goes, and as the scheme is lower-cased by now, one in capitals stays.
    let rest = if protocols == 2 {
        let rest = replace(uri, prefix.as_bytes(), b"");
        check_host_protocol(rest.as_bytes())?;
        rest
    } else {
        replace(uri, prefix.as_bytes(), b"//")
    };
    let parts = urlsplit(rest.as_bytes())?;
    let authority = split_login_and_host(parts.authority.as_bytes())?;
    let host = read_host(&parts, &authority, protocols == 2);
    Ok(SeenConnection {
        conn_type: Value::Text(normalise_type(&scheme)),
        description: Value::Null,
        host: Value::Text(host),
        login: authority.login.map_or(Value::Null, |login| Value::Text(unquote(login))),
        password: authority.password.map_or(Value::Null, |password| Value::Text(unquote(password))),
        schema: Value::Text(unquote(drop_first(parts.path.as_bytes()))),
        port: authority.port.map_or(Value::Null, |port| Value::from(i64::from(port))),
        extra: read_extra(reader, parts.query.as_bytes())?,
    })
}

/// `_normalize_conn_type` of a text.
pub(in crate::model) fn normalise_type(conn_type: &Text) -> Text {
    if *conn_type == *"postgresql" { Text::from("postgres") } else { replace(conn_type.as_bytes(), b"-", b"_") }
}

fn check_host_protocol(rest: &[u8]) -> Result<(), ReadError> {
    let protocol = &rest[..find(rest, b"://").unwrap_or(rest.len())];
    if protocol.contains(&b'@') || protocol.contains(&b':') { Err(ReadError::Protocols) } else { Ok(()) }
}

fn read_host(parts: &Split, authority: &Authority<'_>, with_protocol: bool) -> Text {
    let mut host = unquote(authority.host.as_bytes());
    if host.as_bytes().contains(&b'/') {
        // A path in the host keeps its capitals.
        let (_, address) = rpartition(parts.authority.as_bytes(), b'@');
        host = unquote(partition(address, b':').0);
    }
    if host.is_empty() || !with_protocol || parts.scheme.is_empty() {
        return host;
    }
    let mut whole = parts.scheme.clone();
    whole.push_str("://");
    whole.push_slice(host.as_bytes());
    whole
}

fn read_extra(reader: Reader, query: &[u8]) -> Result<Value, ReadError> {
    if query.is_empty() {
        return Ok(Value::Null);
    }
    let mut parameters: Object = parse_query(query).collect();
    if parameters.contains(EXTRA_KEY) {
        return Ok(parameters.take(EXTRA_KEY));
    }
    if reader == Reader::Airflow3 {
        parameters = parameters
            .iter()
            .map(|(key, value)| Ok((key.clone(), decode_parameter(value)?)))
            .collect::<Result<Object, JsonError>>()?;
    }
    Ok(Value::Text(dumps(&Value::Object(parameters))))
}

/// The server of Airflow 3 takes every parameter that is JSON for what it says.
fn decode_parameter(value: &Value) -> Result<Value, JsonError> {
    match value {
        Value::Text(text) if !text.is_empty() => match loads(text) {
            Err(JsonError::Syntax) => Ok(value.clone()),
            other => other,
        },
        other => Ok(other.clone()),
    }
}

/// `parse_qsl(query, keep_blank_values=True)`.
fn parse_query(query: &[u8]) -> impl Iterator<Item = (Text, Value)> {
    query.split(|byte| *byte == b'&').filter(|parameter| !parameter.is_empty()).map(|parameter| {
        let (key, value) = partition(parameter, b'=');
        (unquote_plus(key), Value::Text(unquote_plus(value.unwrap_or_default())))
    })
}

fn unquote_plus(slice: &[u8]) -> Text {
    unquote(replace(slice, b"+", b" ").as_bytes())
}

/// `get_uri()`; fails where Python raises, and then Airflow treats the connection as missing.
pub(in crate::model) fn write_uri(reader: Reader, seen: &SeenConnection) -> Result<Text, ReadError> {
    let mut uri = Text::default();
    if seen.conn_type.is_truthy() {
        let conn_type = text_of(seen, Field::ConnType)?.lower();
        uri.push_slice(replace(conn_type.as_bytes(), b"_", b"-").as_bytes());
        uri.push_str("://");
    } else {
        uri.push_str("//");
    }
    let (protocol, host) = split_host(reader, seen)?;
    if !protocol.is_empty() {
        uri.push_slice(protocol.as_bytes());
        uri.push_str("://");
    }
    let user = write_user(seen)?;
    uri.push_slice(user.as_bytes());
    let host = quoted(&host, Field::Host)?;
    uri.push_slice(host.as_bytes());
    if seen.port.is_truthy() {
        uri.push_str(if host.is_empty() && user.is_empty() { "@:" } else { ":" });
        uri.push_slice(shown(&seen.port).as_bytes());
    }
    let with_schema = seen.schema.is_truthy();
    if with_schema {
        uri.push_str("/");
        uri.push_slice(quoted(text_of(seen, Field::Schema)?, Field::Schema)?.as_bytes());
    }
    if seen.extra.is_truthy() {
        uri.push_str(if with_schema { "?" } else { "/?" });
        uri.push_slice(write_extra(seen)?.as_bytes());
    }
    Ok(uri)
}

fn text_of(seen: &SeenConnection, field: Field) -> Result<&Text, ReadError> {
    seen.field(field).as_text().ok_or(ReadError::NoUri(field))
}

fn quoted(text: &Text, field: Field) -> Result<Text, ReadError> {
    quote(text, Blank::Percent).map_err(|LoneSurrogate| ReadError::NoUri(field))
}

/// The protocol that is written unencoded, and the rest of the host.
fn split_host(reader: Reader, seen: &SeenConnection) -> Result<(Text, Text), ReadError> {
    if !seen.host.is_truthy() {
        return Ok((Text::default(), Text::default()));
    }
    let host = text_of(seen, Field::Host)?;
    let Some(index) = find(host.as_bytes(), b"://") else {
        return Ok((Text::default(), host.clone()));
    };
    let (protocol, rest) = host.as_bytes().split_at(index);
    let is_own_type = seen.conn_type.as_text().is_some_and(|conn_type| conn_type.as_bytes() == protocol);
    if is_own_type && reader != Reader::Airflow2 {
        return Ok((Text::default(), host.clone()));
    }
    Ok((Text::from_slice(protocol), Text::from_slice(&rest[3..])))
}

/// `login:password@`, or nothing.
fn write_user(seen: &SeenConnection) -> Result<Text, ReadError> {
    let mut user = Text::default();
    if !seen.login.is_null() {
        user.push_slice(quoted(text_of(seen, Field::Login)?, Field::Login)?.as_bytes());
    }
    if !seen.password.is_null() {
        user.push_str(":");
        user.push_slice(quoted(text_of(seen, Field::Password)?, Field::Password)?.as_bytes());
    }
    if !user.is_empty() {
        user.push_str("@");
    }
    Ok(user)
}

/// `extra_dejson`: what the extra parses to, an empty object if it is no JSON.
pub(super) fn load_extra(seen: &SeenConnection) -> Result<Value, ReadError> {
    if !seen.extra.is_truthy() {
        return Ok(Value::Object(Object::default()));
    }
    match loads_slice(text_of(seen, Field::Extra)?.as_bytes()) {
        Err(JsonError::Syntax) => Ok(Value::Object(Object::default())),
        other => Ok(other?),
    }
}

/// The query: one parameter for each member of an object of texts, else the extra verbatim in `__extra__`.
fn write_extra(seen: &SeenConnection) -> Result<Text, ReadError> {
    let failed = |LoneSurrogate| ReadError::NoUri(Field::Extra);
    let plus = |text: &Text| quote(text, Blank::Plus).map_err(failed);
    let mut query = Text::default();
    let mut all_texts = true;
    if let Value::Object(members) = load_extra(seen)? {
        for (key, value) in members.iter() {
            // Python encodes every key before it finds out that a later value is no text, so each one can fail.
            let key = plus(key)?;
            let Value::Text(value) = value else {
                all_texts = false;
                continue;
            };
            if !query.is_empty() {
                query.push_str("&");
            }
            query.push_slice(key.as_bytes());
            query.push_str("=");
            query.push_slice(plus(value)?.as_bytes());
        }
    }
    if query.is_empty() || !all_texts {
        query = Text::from(EXTRA_KEY);
        query.push_str("=");
        query.push_slice(plus(text_of(seen, Field::Extra)?)?.as_bytes());
    }
    Ok(query)
}

/// `str(value)` of a port; only local files give another type than a number, and nothing parses that again.
fn shown(port: &Value) -> Text {
    match port {
        Value::Text(text) => text.clone(),
        Value::Bool(true) => Text::from("True"),
        Value::Float(number) => Text::from(float_repr(*number).as_str()),
        other => dumps(other),
    }
}
