//! `backend-kwargs`: the arguments of an Airflow backend class as the config gives them, read as Airflow reads them.

use std::fmt;
use std::path::Path;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, Deserializer, MapAccess, Visitor};

use super::SettingsFault;
use crate::model::SecretValue;
use crate::model::python::{Object, Text, Value, dumps, loads};
use crate::reference::{Reference, ReferenceError};

/// The key of a store's table.
pub const BACKEND_KWARGS: &str = "backend-kwargs";

/// The text of `[secrets] backend_kwargs`, or where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BackendKwargs {
    /// The text itself; it must hold no secret.
    Text(SecretValue),
    /// Elsewhere; it may hold secrets.
    Elsewhere(Reference),
}

/// Where a secret of a store is; read afresh at each use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretPlace {
    /// Where the config's own key says.
    Reference(Reference),
    /// An id that stands in the config itself, for it is no secret.
    Here(String),
    /// In the backend's arguments.
    Kwarg {
        /// Where their text is.
        text: Reference,
        /// Its name among them.
        key: &'static str,
    },
}

/// Why a [`SecretPlace`] gave no secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlaceError {
    /// The reference leads nowhere.
    #[error(transparent)]
    Reference(#[from] ReferenceError),
    /// The text is there, but not the argument.
    #[error("{text} holds no backend_kwargs with a text under {key}")]
    NoKwarg {
        /// Where the text is.
        text: String,
        /// The argument.
        key: &'static str,
    },
}

/// The arguments while a store takes out those it knows.
pub struct Kwargs {
    left: Object,
    text: Option<Reference>,
    /// What is wrong with those taken out so far.
    pub faults: Vec<SettingsFault>,
}

impl BackendKwargs {
    /// Reads the text now.
    pub fn read(&self) -> Result<Kwargs, SettingsFault> {
        let (text, place) = match self {
            Self::Text(text) => (text.clone(), None),
            Self::Elsewhere(reference) => {
                let text =
                    reference.resolve().map_err(|error| SettingsFault::new(BACKEND_KWARGS, error.to_string()))?;
                (text, Some(reference.clone()))
            }
        };
        let Some(left) = object(&text) else {
            let fault =
                SettingsFault::new(BACKEND_KWARGS, "the text is no JSON object; Airflow would go on without any of it");
            return Err(fault.with_hint("write it as in airflow.cfg: {\"key\": \"value\", …}"));
        };
        Ok(Kwargs { left, text: place, faults: Vec::new() })
    }

    /// The same with a relative file taken from `folder`.
    #[must_use]
    pub fn relative_to(self, folder: &Path) -> Self {
        match self {
            Self::Elsewhere(reference) => Self::Elsewhere(reference.relative_to(folder)),
            text @ Self::Text(_) => text,
        }
    }
}

impl Kwargs {
    /// Takes an argument out; `None` where it is not given.
    pub fn take(&mut self, key: &str) -> Option<Value> {
        self.left.contains(key).then(|| self.left.take(key))
    }

    /// Takes a text out; null counts as not given.
    pub fn text(&mut self, key: &str) -> Option<String> {
        match self.take(key)? {
            Value::Null => None,
            Value::Text(text) if text.as_str().is_some() => text.as_str().map(str::to_owned),
            _ => self.wrong(key, "a text"),
        }
    }

    /// Looks at an argument that may be a text, and leaves it.
    pub fn peek_text(&self, key: &str) -> Option<String> {
        self.left.get(key)?.as_text()?.as_str().map(str::to_owned)
    }

    /// Takes a text out that means something of its own where it is null.
    pub fn nullable_text(&mut self, key: &str) -> Option<Option<String>> {
        match self.take(key)? {
            Value::Null => Some(None),
            value => {
                self.left.set(key, value);
                self.text(key).map(Some)
            }
        }
    }

    /// Takes a text or a list of texts out; null means something of its own.
    pub fn nullable_texts(&mut self, key: &str) -> Option<Option<Vec<String>>> {
        let one = |value: &Value| value.as_text().and_then(Text::as_str).map(str::to_owned);
        let texts = match self.take(key)? {
            Value::Null => return Some(None),
            Value::List(values) => values.iter().map(one).collect(),
            value => one(&value).map(|text| vec![text]),
        };
        match texts {
            Some(texts) => Some(Some(texts)),
            None => self.wrong(key, "a text, a list of texts, or null"),
        }
    }

    /// Takes a whole number out; null counts as not given.
    pub fn number(&mut self, key: &str) -> Option<i64> {
        match self.take(key)? {
            Value::Null => None,
            Value::Integer(number) if number.to_i64().is_some() => number.to_i64(),
            _ => self.wrong(key, "a whole number"),
        }
    }

    /// Takes a secret out: where it is, not what it is. A secret in an inline text is a fault.
    pub fn secret(&mut self, key: &'static str) -> Option<SecretPlace> {
        self.refuse_secret(key);
        let value = self.take(key)?;
        match (self.text.clone(), value) {
            (Some(text), Value::Text(secret)) if !secret.is_empty() => Some(SecretPlace::Kwarg { text, key }),
            (Some(_), value) if value.is_truthy() => self.wrong(key, "a text"),
            _ => None,
        }
    }

    /// Takes a secret out that is a JSON object, or its text: where it is, not what it is.
    pub fn secret_object(&mut self, key: &'static str) -> Option<SecretPlace> {
        self.refuse_secret(key);
        let value = self.take(key)?;
        match (self.text.clone(), value) {
            (Some(text), Value::Object(object)) if !object.is_empty() => Some(SecretPlace::Kwarg { text, key }),
            (Some(text), Value::Text(secret)) if !secret.is_empty() => Some(SecretPlace::Kwarg { text, key }),
            (Some(_), value) if value.is_truthy() => self.wrong(key, "a JSON object"),
            _ => None,
        }
    }

    /// Takes an id out that is no secret, and where it is.
    pub fn id(&mut self, key: &'static str) -> Option<(String, SecretPlace)> {
        let id = self.text(key)?;
        let place = match &self.text {
            Some(text) => SecretPlace::Kwarg { text: text.clone(), key },
            None => SecretPlace::Here(id.clone()),
        };
        Some((id, place))
    }

    /// Adds a fault where an argument that is a secret stands in an inline text.
    pub fn refuse_secret(&mut self, key: &str) {
        let is_given = self.left.get(key).is_some_and(Value::is_truthy);
        if is_given && self.text.is_none() {
            let problem = format!("{key} is a secret, which must not stand in the config as text");
            let hint = "write the whole text as a reference, backend-kwargs = { env = \
                        \"AIRFLOW__SECRETS__BACKEND_KWARGS\" } or { file = \"…\" }, or the store's own key beside it";
            self.faults.push(SettingsFault::new(BACKEND_KWARGS, problem).with_hint(hint));
        }
    }

    /// Adds what is wrong with an argument that was taken out.
    pub fn fault(&mut self, problem: impl Into<String>, hint: &str) {
        self.faults.push(SettingsFault::new(BACKEND_KWARGS, problem).with_hint(hint));
    }

    /// The names of the arguments that nobody took out.
    pub fn left(&self) -> Vec<String> {
        self.left.iter().map(|(key, _)| key.as_str().unwrap_or("\u{fffd}").to_owned()).collect()
    }

    fn wrong<T>(&mut self, key: &str, expected: &str) -> Option<T> {
        self.faults.push(SettingsFault::new(BACKEND_KWARGS, format!("{key}: expected {expected}")));
        None
    }
}

impl SecretPlace {
    /// Reads the secret now.
    pub fn resolve(&self) -> Result<SecretValue, PlaceError> {
        let (text, key) = match self {
            Self::Reference(reference) => return Ok(reference.resolve()?),
            Self::Here(id) => return Ok(SecretValue::from(id.as_str())),
            Self::Kwarg { text, key } => (text, *key),
        };
        let found = object(&text.resolve()?).and_then(|mut kwargs| match kwargs.take(key) {
            Value::Text(secret) => secret.to_secret(),
            whole @ Value::Object(_) => dumps(&whole).to_secret(),
            _ => None,
        });
        found.filter(|found| !found.is_empty()).ok_or_else(|| PlaceError::NoKwarg { text: text.to_string(), key })
    }
}

impl From<Reference> for SecretPlace {
    fn from(reference: Reference) -> Self {
        Self::Reference(reference)
    }
}

impl fmt::Display for SecretPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reference(reference) => reference.fmt(f),
            Self::Here(id) => f.write_str(id),
            Self::Kwarg { text, key } => write!(f, "{key} in {text}"),
        }
    }
}

impl fmt::Debug for Kwargs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kwargs").field("left", &self.left()).finish_non_exhaustive()
    }
}

impl<'de> Deserialize<'de> for BackendKwargs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(KwargsVisitor)
    }
}

struct KwargsVisitor;

impl<'de> Visitor<'de> for KwargsVisitor {
    type Value = BackendKwargs;

    // It begins as every reference's does: what stands in a table here may be a secret, and is never shown.
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a reference, { env = \"NAME\" } or { file = \"path\" }, or a JSON text")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<BackendKwargs, E> {
        Ok(BackendKwargs::Text(SecretValue::from(text)))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<BackendKwargs, A::Error> {
        Reference::deserialize(MapAccessDeserializer::new(map)).map(BackendKwargs::Elsewhere)
    }
}

fn object(text: &SecretValue) -> Option<Object> {
    match loads(&Text::from(text)) {
        Ok(Value::Object(object)) => Some(object),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

    use super::*;

    fn inline(text: &str) -> Kwargs {
        BackendKwargs::Text(SecretValue::from(text)).read().unwrap()
    }

    #[test]
    fn arguments_are_taken_out_by_their_kind() {
        let mut kwargs = inline(
            r#"{"url": "https://v", "none": null, "paths": ["a", "b"], "path": "a", "off": null, "version": 2, "x": 1}"#,
        );
        assert_eq!(
            (kwargs.text("url").as_deref(), kwargs.text("none"), kwargs.text("absent")),
            (Some("https://v"), None, None)
        );
        assert_eq!(kwargs.nullable_texts("paths"), Some(Some(vec!["a".to_owned(), "b".to_owned()])));
        assert_eq!(kwargs.nullable_texts("path"), Some(Some(vec!["a".to_owned()])));
        assert_eq!((kwargs.nullable_text("off"), kwargs.nullable_text("absent")), (Some(None), None));
        assert_eq!(kwargs.number("version"), Some(2));
        assert_eq!((kwargs.left(), kwargs.faults.len()), (vec!["x".to_owned()], 0));
        let mut kwargs = inline(r#"{"url": 1, "version": "2", "paths": [1]}"#);
        assert_eq!((kwargs.text("url"), kwargs.number("version"), kwargs.nullable_texts("paths")), (None, None, None));
        let problems: Vec<_> = kwargs.faults.iter().map(|fault| fault.problem.as_str()).collect();
        let expected = [
            "url: expected a text",
            "version: expected a whole number",
            "paths: expected a text, a list of texts, or null",
        ];
        assert_eq!(problems, expected);
    }

    #[test]
    fn what_is_no_object_is_refused_without_being_repeated() {
        for text in ["", "{", "[]", "\"canary\"", "{'canary': 1}"] {
            let fault = BackendKwargs::Text(SecretValue::from(text)).read().unwrap_err();
            assert!(fault.problem.contains("no JSON object") && !format!("{fault:?}").contains("canary"), "{text}");
        }
    }

    #[test]
    fn a_secret_in_an_inline_text_is_refused() {
        let mut kwargs = inline(r#"{"token": "canary", "password": null, "secret_id": ""}"#);
        assert_eq!([kwargs.secret("token"), kwargs.secret("password"), kwargs.secret("secret_id")], [None, None, None]);
        assert_eq!(kwargs.faults.len(), 1);
        assert!(!format!("{:?}", kwargs.faults).contains("canary"));
        assert!(kwargs.faults[0].hint.as_ref().unwrap().contains("{ env = "));
    }

    #[test]
    fn a_secret_may_be_a_whole_object() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("kwargs"), r#"{"key": {"private_key": "x\ny"}, "empty": {}, "number": 1}"#)
            .unwrap();
        let elsewhere = BackendKwargs::Elsewhere(Reference::File(folder.path().join("kwargs")));
        let mut kwargs = elsewhere.read().unwrap();
        let place = kwargs.secret_object("key").unwrap();
        assert_eq!(place.resolve().unwrap().expose(), r#"{"private_key": "x\ny"}"#);
        assert_eq!((kwargs.secret_object("empty"), kwargs.secret_object("number")), (None, None));
        assert_eq!(kwargs.faults.len(), 1);
        let mut kwargs = inline(r#"{"key": {"private_key": "canary"}}"#);
        assert_eq!(kwargs.secret_object("key"), None);
        assert!(kwargs.faults.len() == 1 && !format!("{:?}", kwargs.faults).contains("canary"));
    }

    #[test]
    fn a_secret_elsewhere_is_read_at_each_use() {
        let folder = tempfile::tempdir().unwrap();
        let write = |text: &str| std::fs::write(folder.path().join("kwargs"), text).unwrap();
        write(r#"{"token": "one"}"#);
        let kwargs = BackendKwargs::Elsewhere(Reference::File("kwargs".into())).relative_to(folder.path());
        let place = kwargs.read().unwrap().secret("token").unwrap();
        assert_eq!(place.resolve().unwrap().expose(), "one");
        write(r#"{"token": "two"}"#);
        assert_eq!(place.resolve().unwrap().expose(), "two");
        for text in ["{}", "canary", r#"{"token": 1}"#, r#"{"token": ""}"#] {
            write(text);
            let error = place.resolve().unwrap_err().to_string();
            assert!(error.contains("under token") && !error.contains("canary"), "{error}");
        }
    }
}
