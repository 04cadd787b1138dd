//! What a reader sees of a stored text, store by store.

use crate::model::connection::{check_extra, parse_map};
use crate::model::python::{Object, Text, Value, dumps_indented, loads};
use crate::model::{Field, Kind, ReadError, Reader, SecretName, SecretValue, Seen, SeenConnection};

use super::{ConnectionDialect, OldForm, TextDialect, file, secrets_manager};

pub(super) fn connection(
    dialect: &ConnectionDialect,
    reader: Reader,
    name: &SecretName,
    stored: &SecretValue,
) -> Result<Option<Seen>, ReadError> {
    let class = dialect.class_for(reader);
    let seen = match dialect {
        ConnectionDialect::Text
        | ConnectionDialect::SecretsManager(_)
        | ConnectionDialect::OldSecretsManager(OldForm::FullUrl | OldForm::UrlEncoded, _)
            if stored.is_empty() =>
        {
            return Ok(None);
        }
        ConnectionDialect::Text => SeenConnection::parse_text(class, &Text::from(stored))?,
        ConnectionDialect::SecretsManager(aliases) => secrets_manager::connection(class, aliases, stored)?,
        ConnectionDialect::OldSecretsManager(form, aliases) => {
            secrets_manager::old_connection(class, *form, aliases, stored)?
        }
        ConnectionDialect::VaultMap => vault_map(class, map(stored)?)?,
        ConnectionDialect::FileObject => match file::connection(class, &name.id, loads(&Text::from(stored))?)? {
            Some(seen) => seen,
            None => return Ok(None),
        },
        ConnectionDialect::FileUri => file::connection_line(class, stored)?,
        ConnectionDialect::Columns => {
            let row = row(stored)?;
            check_extra(class, &row.extra)?;
            row
        }
    };
    seen.uri(class)?;
    Ok(Some(Seen::Connection(Box::new(seen))))
}

/// Vault's `get_conn_value`: `conn_uri` unless it is empty, else the map as JSON.
fn vault_map(class: Reader, map: Object) -> Result<SeenConnection, ReadError> {
    match map.get("conn_uri") {
        Some(Value::Text(text)) if !text.is_empty() => SeenConnection::parse_text(class, text),
        Some(other) if other.is_truthy() => Err(ReadError::UriNotText),
        // An empty `conn_uri` stays in the map, where it is a key like any other unknown one.
        _ => parse_map(class, map),
    }
}

/// A row of the metastore: the columns, each optional.
pub(super) fn row(stored: &SecretValue) -> Result<SeenConnection, ReadError> {
    let mut seen = SeenConnection::default();
    for (key, value) in map(stored)?.iter() {
        let field = key.as_str().and_then(Field::parse).ok_or(ReadError::UnknownKey)?;
        *seen.field_mut(field) = value.clone();
    }
    Ok(seen)
}

fn map(stored: &SecretValue) -> Result<Object, ReadError> {
    match loads(&Text::from(stored))? {
        Value::Object(map) => Ok(map),
        _ => Err(ReadError::WrongShape),
    }
}

pub(super) fn text(
    dialect: TextDialect,
    reader: Reader,
    kind: Kind,
    stored: &SecretValue,
) -> Result<Option<Seen>, ReadError> {
    let value = match dialect {
        TextDialect::Verbatim => Value::Text(Text::from(stored)),
        TextDialect::ValueKey => map(stored)?.take("value"),
        TextDialect::FileLine => file::line(reader, kind, stored)?,
        TextDialect::Variable => variable(stored)?,
        TextDialect::VariableLine => file::one_line(stored).and_then(|()| variable(stored))?,
        TextDialect::JsonValue => file::text(reader, kind, loads(&Text::from(stored))?)?,
        TextDialect::ExportValue => import(loads(&Text::from(stored))?),
    };
    Ok(if value.is_null() { None } else { Some(Seen::Value(value)) })
}

/// A process hands its environment over as texts that end at the first NUL.
fn variable(stored: &SecretValue) -> Result<Value, ReadError> {
    if stored.expose().contains('\0') { Err(ReadError::HoldsNul) } else { Ok(Value::Text(Text::from(stored))) }
}

/// `airflow variables import` of Airflow 3: an object with `value` is a wrapper; what is no text is written as JSON.
fn import(value: Value) -> Value {
    let value = match value {
        Value::Object(mut object) if object.contains("value") => object.take("value"),
        other => other,
    };
    match value {
        Value::Text(text) => Value::Text(text),
        other => Value::Text(dumps_indented(&other)),
    }
}
