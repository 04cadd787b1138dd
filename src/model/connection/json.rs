//! A connection as JSON: Airflow's `from_json` and `as_json`.

use crate::model::python::{Integer, Object, Text, Value, dumps, loads_slice};
use crate::model::{Field, ReadError, Reader, SeenConnection};

use super::construct;
use super::uri::load_extra;

/// `from_json(text)`.
pub(in crate::model) fn parse_json(reader: Reader, text: &[u8]) -> Result<SeenConnection, ReadError> {
    match loads_slice(text)? {
        Value::Object(map) => parse_map(reader, map),
        _ => Err(ReadError::WrongShape),
    }
}

/// `from_json` of an object that is parsed already.
pub(in crate::model) fn parse_map(reader: Reader, mut keywords: Object) -> Result<SeenConnection, ReadError> {
    let extra = keywords.take("extra");
    if extra.is_truthy() {
        let text = match extra {
            Value::Text(text) => text,
            other => dumps(&other),
        };
        keywords.set("extra", Value::Text(text));
    }
    let conn_type = keywords.take("conn_type");
    if conn_type.is_truthy() {
        keywords.set("conn_type", normalise_type(conn_type)?);
    }
    let port = keywords.take("port");
    if port.is_truthy() {
        keywords.set("port", Value::Integer(to_integer(&port)?));
    }
    construct(reader, keywords)
}

/// `_normalize_conn_type`, which asks `"-" in conn_type` of whatever it gets.
fn normalise_type(conn_type: Value) -> Result<Value, ReadError> {
    let has_dash = match &conn_type {
        Value::Text(text) => return Ok(Value::Text(super::uri::normalise_type(text))),
        Value::List(items) => items.iter().any(|item| item.as_text().is_some_and(|text| *text == *"-")),
        Value::Object(object) => object.contains("-"),
        _ => true,
    };
    if has_dash { Err(ReadError::WrongType(Field::ConnType)) } else { Ok(conn_type) }
}

/// `int(port)`.
fn to_integer(port: &Value) -> Result<Integer, ReadError> {
    match port {
        Value::Integer(number) => Ok(number.clone()),
        Value::Bool(value) => Ok(Integer::from(i64::from(*value))),
        Value::Float(number) => Integer::truncate(*number).ok_or(ReadError::BadPort),
        Value::Text(text) => Integer::parse(text).ok_or(ReadError::BadPort),
        Value::Null | Value::List(_) | Value::Object(_) => Err(ReadError::BadPort),
    }
}

/// `as_json()`: nulls left out, `extra` as what it parses to, left out if that is empty.
pub(in crate::model) fn write_json(seen: &SeenConnection) -> Result<Text, ReadError> {
    let mut object = Object::default();
    for field in Field::ALL {
        let value = seen.field(field);
        if field != Field::Extra && !value.is_null() {
            object.set(field.as_str(), prune(value));
        }
    }
    let extra = load_extra(seen)?;
    if extra.is_truthy() {
        object.set(Field::Extra.as_str(), extra);
    }
    Ok(dumps(&Value::Object(object)))
}

/// `prune_dict`: drops nulls inside of a field that is a list or dict, as only a wrongly typed one is.
fn prune(value: &Value) -> Value {
    match value {
        Value::List(items) => Value::List(items.iter().filter(|item| !item.is_null()).map(prune).collect()),
        Value::Object(object) => Value::Object(
            object
                .iter()
                .filter(|(_, value)| !value.is_null())
                .map(|(key, value)| (key.clone(), prune(value)))
                .collect(),
        ),
        other => other.clone(),
    }
}
