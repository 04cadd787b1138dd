//! Keys of a store's entry that are not ours: shown by name, and kept where Airflow still reads the entry right.

use crate::model::python::{Object, Text, Value, dumps, loads};
use crate::model::{Field, Kind, SecretValue};

use super::{ConnectionDialect, Dialect, TextDialect};

/// Why new content cannot join what an entry holds already.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MergeFault {
    /// Airflow refuses connection fields beside other keys, and we drop no key that is not ours.
    #[error("the entry also holds keys that are no fields of a connection: {}", .0.join(", "))]
    OtherKeys(Vec<String>),
}

impl Dialect {
    /// Tells whether an entry is a map of keys, in which others than ours may stand.
    pub fn is_map(&self) -> bool {
        self.connection == ConnectionDialect::VaultMap || self.text == TextDialect::ValueKey
    }

    /// Names the keys of a stored entry that are not ours; empty where an entry is one text.
    pub fn other_keys(&self, kind: Kind, stored: &SecretValue) -> Vec<String> {
        self.others(kind, stored).iter().map(|(key, _)| String::from_utf8_lossy(key.as_bytes()).into_owned()).collect()
    }

    /// Joins new content with the other keys of the existing entry; refuses where Airflow could then not read it.
    ///
    /// Beside `value` and `conn_uri` other keys do no harm; beside connection fields one makes the entry unreadable.
    pub fn merge(&self, kind: Kind, new: SecretValue, existing: &SecretValue) -> Result<SecretValue, MergeFault> {
        let others = self.others(kind, existing);
        if others.is_empty() {
            return Ok(new);
        }
        let Ok(Value::Object(mut map)) = loads(&Text::from(&new)) else {
            return Ok(new);
        };
        if kind == Kind::Connection && !map.contains("conn_uri") {
            return Err(MergeFault::OtherKeys(self.other_keys(kind, existing)));
        }
        map = map.iter().chain(others.iter()).map(|(key, value)| (key.clone(), value.clone())).collect();
        let merged = dumps(&Value::Object(map)).to_secret();
        Ok(merged.expect("JSON is ASCII"))
    }

    fn others(&self, kind: Kind, stored: &SecretValue) -> Object {
        let is_ours = match (kind, self.connection, self.text) {
            (Kind::Connection, ConnectionDialect::VaultMap, _) => is_connection_key,
            (Kind::Variable | Kind::Config, _, TextDialect::ValueKey) => is_value_key,
            _ => return Object::default(),
        };
        match loads(&Text::from(stored)) {
            Ok(Value::Object(map)) => map
                .iter()
                .filter(|(key, _)| !key.as_str().is_some_and(is_ours))
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect(),
            _ => Object::default(),
        }
    }
}

fn is_connection_key(key: &str) -> bool {
    key == "conn_uri" || Field::parse(key).is_some()
}

fn is_value_key(key: &str) -> bool {
    key == "value"
}
