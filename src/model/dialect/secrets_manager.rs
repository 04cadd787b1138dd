//! What Airflow's `SecretsManagerBackend` makes of a secret of AWS Secrets Manager, today's and that of older providers.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::connection::parse_map;
use crate::model::python::{
    Blank, LoneSurrogate, Object, Text, Value, dumps, float_repr, literal_eval, loads, quote, strip, unquote,
};
use crate::model::{Field, ReadError, Reader, SecretValue, SeenConnection};

/// The fields the backend looks for, in its order; a description is none of them.
const FIELDS: [Field; 7] =
    [Field::Login, Field::Password, Field::Host, Field::Port, Field::Schema, Field::ConnType, Field::Extra];

/// Under which keys of an object the backend finds the fields of a connection: Airflow's own words and a config's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Aliases(Option<Arc<BTreeMap<Field, Vec<String>>>>);

impl Aliases {
    /// Adds a config's words (`extra_conn_words`) to Airflow's own; none for a description, which has no word at all.
    pub fn with(words: impl IntoIterator<Item = (Field, Vec<String>)>) -> Self {
        let mut all: BTreeMap<Field, Vec<String>> = BTreeMap::new();
        for (field, words) in words {
            if field != Field::Description {
                all.entry(field).or_default().extend(words);
            }
        }
        Self((!all.is_empty()).then(|| Arc::new(all)))
    }

    /// The field that a key of `extra_conn_words` stands for; Airflow also says `user` for the login.
    pub fn field(word: &str) -> Option<Field> {
        if word == "user" {
            return Some(Field::Login);
        }
        Field::parse(word).filter(|field| *field != Field::Description)
    }

    /// Names the words of a config that already stand for another field, with both: whose they are, who takes them too.
    ///
    /// Airflow reads such a key into both fields.
    pub fn shared(&self) -> Vec<(&str, Field, Field)> {
        let words = self.0.iter().flat_map(|words| words.iter());
        let pairs = words.flat_map(|(field, words)| words.iter().map(move |word| (word.as_str(), *field)));
        let owner = |word: &str, taker| FIELDS.into_iter().find(|field| *field != taker && self.means(*field, word));
        pairs.filter_map(|(word, taker)| Some((word, owner(word, taker)?, taker))).collect()
    }

    /// Tells whether the backend takes a key for a field.
    fn means(&self, field: Field, key: &str) -> bool {
        let extra = self.0.as_ref().and_then(|words| words.get(&field));
        own_words(field).contains(&key) || extra.is_some_and(|words| words.iter().any(|word| word == key))
    }

    /// Tells whether the backend takes a key for any field.
    pub(in crate::model) fn is_read(&self, key: &Text) -> bool {
        key.as_str().is_some_and(|key| FIELDS.into_iter().any(|field| self.means(field, key)))
    }

    /// The fields that several keys stand for; the backend takes the first of them.
    pub(in crate::model) fn repeated(&self, object: &Object) -> Vec<Field> {
        let keys = |field| object.iter().filter(move |(key, _)| key.as_str().is_some_and(|key| self.means(field, key)));
        FIELDS.into_iter().filter(|field| keys(*field).count() > 1).collect()
    }

    /// The value of the first key, as the text has them, that stands for a field; null if there is none.
    fn first(&self, field: Field, object: &Object) -> Value {
        let mut members = object.iter();
        let found = members.find(|(key, _)| key.as_str().is_some_and(|key| self.means(field, key)));
        found.map_or(Value::Null, |(_, value)| value.clone())
    }

    /// `_standardize_secret_keys`: every field, under Airflow's own name; all other keys are dropped.
    fn standardise(&self, object: &Object) -> Object {
        FIELDS.into_iter().map(|field| (Text::from(field.as_str()), self.first(field, object))).collect()
    }

    /// Puts new fields into an object that has other words or keys: each where the backend takes it from, the rest behind.
    ///
    /// `None` where the backend would then read something else, because a key stands for two fields.
    pub(super) fn filled(&self, existing: &Object, new: &Object) -> Option<Object> {
        let mut filled = existing.clone();
        for field in FIELDS {
            let value = new.get(field.as_str()).cloned().unwrap_or_default();
            match existing.iter().find_map(|(key, _)| key.as_str().filter(|key| self.means(field, key))) {
                Some(key) => filled.set(key, value),
                None if value.is_null() => {}
                None => filled.set(field.as_str(), value),
            }
        }
        let read = |object| dumps(&Value::Object(self.standardise(object)));
        (read(&filled) == read(new)).then_some(filled)
    }
}

/// Airflow's own words.
const fn own_words(field: Field) -> &'static [&'static str] {
    match field {
        Field::Login => &["login", "user", "username", "user_name"],
        Field::Password => &["password", "pass", "key"],
        Field::Host => &["host", "remote_host", "server"],
        Field::Port => &["port"],
        Field::Schema => &["database", "schema"],
        Field::ConnType => &["conn_type", "conn_id", "connection_type", "engine"],
        Field::Extra => &["extra"],
        Field::Description => &[],
    }
}

/// How the backend of an older Amazon provider, which ran in Airflow 2 only, was told to read connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OldForm {
    /// Up to 6.x as it came (`full_url_mode = true`): the base class's way, a URI or Airflow's own JSON.
    FullUrl,
    /// Up to 4.x with `full_url_mode = false`: a Python literal, pasted into a URI as it is.
    Split,
    /// 7.x and 8.x with `are_secret_values_urlencoded = true`: every value of an object is percent-encoded.
    UrlEncoded,
}

/// `get_conn_value` and what the base class makes of it.
pub(super) fn connection(class: Reader, aliases: &Aliases, stored: &SecretValue) -> Result<SeenConnection, ReadError> {
    match object(stored)? {
        Some(object) => parse_map(class, aliases.standardise(&object)),
        None => SeenConnection::parse_text(class, &stored.into()),
    }
}

/// The same in an older provider.
pub(super) fn old_connection(
    class: Reader,
    form: OldForm,
    aliases: &Aliases,
    stored: &SecretValue,
) -> Result<SeenConnection, ReadError> {
    match (form, object(stored)) {
        (OldForm::Split, _) => SeenConnection::parse_text(class, &paste(aliases, stored)?),
        (OldForm::UrlEncoded, Ok(Some(object))) => parse_map(class, decode(aliases.standardise(&object))?),
        (OldForm::UrlEncoded, Err(fault)) => Err(fault),
        (OldForm::UrlEncoded, Ok(None)) | (OldForm::FullUrl, _) => SeenConnection::parse_text(class, &stored.into()),
    }
}

/// The object a text is that starts with `{` when it is stripped; the JSON parser itself strips less.
fn object(stored: &SecretValue) -> Result<Option<Object>, ReadError> {
    let text = Text::from(stored);
    if strip(text.as_bytes()).first() != Some(&b'{') {
        return Ok(None);
    }
    match loads(&text)? {
        Value::Object(object) => Ok(Some(object)),
        _ => Err(ReadError::WrongShape),
    }
}

/// `_remove_escaping_in_secret_dict`.
fn decode(object: Object) -> Result<Object, ReadError> {
    let decoded = FIELDS.into_iter().map(|field| {
        let value = match object.get(field.as_str()) {
            None | Some(Value::Null) => Value::Null,
            Some(Value::Text(text)) => Value::Text(unquote(text.as_bytes())),
            Some(Value::Object(extra)) if field == Field::Extra => Value::Object(extra.clone()),
            Some(_) => return Err(ReadError::WrongType(field)),
        };
        Ok((Text::from(field.as_str()), value))
    });
    decoded.collect()
}

/// `get_uri_from_secret`: what stands in the literal joins the URI unquoted, so it holds encoded values.
fn paste(aliases: &Aliases, stored: &SecretValue) -> Result<Text, ReadError> {
    let Some(Value::Object(object)) = literal_eval(&Text::from(stored)) else { return Err(ReadError::NotLiteral) };
    if object.is_empty() {
        return Err(ReadError::Blank);
    }
    let mut uri = Text::default();
    for (field, after) in [
        (Field::ConnType, "://"),
        (Field::Login, ":"),
        (Field::Password, "@"),
        (Field::Host, ":"),
        (Field::Port, "/"),
        (Field::Schema, ""),
    ] {
        // A key that is there with `None` is pasted as that word.
        if object.iter().any(|(key, _)| key.as_str().is_some_and(|key| aliases.means(field, key))) {
            uri.push_slice(python_str(field, &aliases.first(field, &object))?.as_bytes());
        }
        uri.push_str(after);
    }
    if let Some(extra) = object.get(Field::Extra.as_str()) {
        uri.push_str("?");
        uri.push_slice(urlencode(extra)?.as_bytes());
    }
    Ok(uri)
}

/// `urlencode(json.loads(extra))`.
fn urlencode(extra: &Value) -> Result<Text, ReadError> {
    let wrong = ReadError::WrongType(Field::Extra);
    let Value::Object(members) = loads(extra.as_text().ok_or(wrong)?)? else { return Err(wrong) };
    let encoded =
        |text: &Text| quote(text, Blank::Plus).map_err(|LoneSurrogate| ReadError::LoneSurrogate(Field::Extra));
    let mut query = Text::default();
    for (key, value) in members.iter() {
        if !query.is_empty() {
            query.push_str("&");
        }
        query.push_slice(encoded(key)?.as_bytes());
        query.push_str("=");
        query.push_slice(encoded(&python_str(Field::Extra, value)?)?.as_bytes());
    }
    Ok(query)
}

/// `str(value)`; of lists and dicts it is nothing that anybody meant to have in a URI.
fn python_str(field: Field, value: &Value) -> Result<Text, ReadError> {
    Ok(match value {
        Value::Null => Text::from("None"),
        Value::Bool(true) => Text::from("True"),
        Value::Bool(false) => Text::from("False"),
        Value::Integer(number) => Text::from(number.decimal().as_str()),
        Value::Float(number) => Text::from(float_repr(*number).as_str()),
        Value::Text(text) => text.clone(),
        Value::List(_) | Value::Object(_) => return Err(ReadError::WrongType(field)),
    })
}

#[cfg(test)]
mod tests;
