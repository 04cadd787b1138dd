//! The constructors of Airflow's three connection classes.

use crate::model::python::{JsonError, Object, Value, dumps, loads};
use crate::model::{Field, ReadError, Reader, SeenConnection};

use super::uri::parse_uri;

/// Calls the constructor of the reader's class with keyword arguments, the id aside.
pub(in crate::model) fn construct(reader: Reader, mut keywords: Object) -> Result<SeenConnection, ReadError> {
    refuse_unknown(reader, &keywords)?;
    match reader {
        Reader::Airflow2 | Reader::Airflow3 => construct_model(reader, keywords),
        Reader::Airflow3Worker => {
            // Here the mere presence of another keyword counts, null or not.
            let has_others = keywords.iter().any(|(key, _)| *key != *"uri");
            match keywords.take("uri") {
                Value::Null => Ok(take_fields(keywords)),
                _ if has_others => Err(ReadError::MixedUri),
                Value::Text(uri) => parse_uri(reader, &uri),
                _ => Err(ReadError::UriNotText),
            }
        }
    }
}

fn refuse_unknown(reader: Reader, keywords: &Object) -> Result<(), ReadError> {
    for (key, _) in keywords.iter() {
        match key.as_str() {
            Some("uri") => {}
            Some("team_name") if reader == Reader::Airflow3 => {}
            Some("conn_id") => return Err(ReadError::RepeatedId),
            Some(word) if Field::parse(word).is_some() => {}
            _ => return Err(ReadError::UnknownKey),
        }
    }
    Ok(())
}

fn take_fields(mut keywords: Object) -> SeenConnection {
    let mut seen = SeenConnection::default();
    for field in Field::ALL {
        *seen.field_mut(field) = keywords.take(field.as_str());
    }
    seen
}

fn construct_model(reader: Reader, mut keywords: Object) -> Result<SeenConnection, ReadError> {
    let uri = keywords.take("uri");
    let mut seen = take_fields(keywords);
    if seen.extra.is_truthy() && seen.extra.as_text().is_none() {
        seen.extra = Value::Text(dumps(&seen.extra));
    }
    if uri.is_truthy() {
        let mixed = Field::ALL.into_iter().any(|field| field != Field::Description && seen.field(field).is_truthy());
        if mixed {
            return Err(ReadError::MixedUri);
        }
        let uri = uri.as_text().ok_or(ReadError::UriNotText)?;
        let description = seen.description;
        seen = parse_uri(reader, uri)?;
        seen.description = description;
    }
    set_password(&mut seen)?;
    check_extra(reader, &seen.extra)?;
    Ok(seen)
}

/// The models' password setter: empty things are ignored, the rest is encoded.
fn set_password(seen: &mut SeenConnection) -> Result<(), ReadError> {
    if !seen.password.is_truthy() {
        seen.password = Value::Null;
        return Ok(());
    }
    let text = seen.password.as_text().ok_or(ReadError::WrongType(Field::Password))?;
    match text.as_str() {
        Some(_) => Ok(()),
        None => Err(ReadError::LoneSurrogate(Field::Password)),
    }
}

/// The models' extra setter: Airflow 2 only warns of what is no JSON object, Airflow 3 refuses it, and it is encoded.
pub(in crate::model) fn check_extra(reader: Reader, extra: &Value) -> Result<(), ReadError> {
    if !extra.is_truthy() {
        return Ok(());
    }
    let text = extra.as_text().ok_or(ReadError::WrongType(Field::Extra))?;
    match loads(text) {
        Ok(Value::Object(_)) => {}
        Ok(_) | Err(JsonError::Syntax) if reader == Reader::Airflow2 => {}
        Ok(_) | Err(JsonError::Syntax) => return Err(ReadError::ExtraNotObject),
        Err(error) => return Err(error.into()),
    }
    match text.as_str() {
        Some(_) => Ok(()),
        None => Err(ReadError::LoneSurrogate(Field::Extra)),
    }
}
