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
    /// Tells whether an entry of a kind may be a map of keys, in which others than ours may stand.
    pub fn is_map(&self, kind: Kind) -> bool {
        match kind {
            Kind::Connection => {
                matches!(self.connection, ConnectionDialect::VaultMap | ConnectionDialect::SecretsManager(_))
            }
            Kind::Variable | Kind::Config => self.text == TextDialect::ValueKey,
        }
    }

    /// Names the keys of a stored entry that are not ours; empty where an entry is one text.
    pub fn other_keys(&self, kind: Kind, stored: &SecretValue) -> Vec<String> {
        self.others(kind, stored).iter().map(|(key, _)| String::from_utf8_lossy(key.as_bytes()).into_owned()).collect()
    }

    /// Joins new content with the other keys of the existing entry; refuses where Airflow could then not read it.
    ///
    /// Beside `value` and `conn_uri` other keys do no harm; beside the connection fields of a Vault entry one makes it
    /// unreadable. In Secrets Manager every key stays under the name it has, as others may read it too; a URI leaves no
    /// place for any.
    pub fn merge(&self, kind: Kind, new: SecretValue, existing: &SecretValue) -> Result<SecretValue, MergeFault> {
        let others = self.others(kind, existing);
        if others.is_empty() {
            return Ok(new);
        }
        let refused = || MergeFault::OtherKeys(self.other_keys(kind, existing));
        let merged = match (kind, &self.connection, object(&new)) {
            (Kind::Connection, ConnectionDialect::SecretsManager(aliases), new) => {
                aliases.filled(&object(existing).unwrap_or_default(), &new.ok_or_else(refused)?).ok_or_else(refused)?
            }
            (_, _, None) => return Ok(new),
            (Kind::Connection, _, Some(map)) if !map.contains("conn_uri") => return Err(refused()),
            (_, _, Some(map)) => {
                map.iter().chain(others.iter()).map(|(key, value)| (key.clone(), value.clone())).collect()
            }
        };
        Ok(dumps(&Value::Object(merged)).to_secret().expect("JSON is ASCII"))
    }

    fn others(&self, kind: Kind, stored: &SecretValue) -> Object {
        let is_ours = match (kind, &self.connection, self.text) {
            (Kind::Connection, ConnectionDialect::VaultMap, _) => is_connection_key,
            (Kind::Connection, ConnectionDialect::SecretsManager(_), _) => is_written_key,
            (Kind::Variable | Kind::Config, _, TextDialect::ValueKey) => is_value_key,
            _ => return Object::default(),
        };
        let map = object(stored).unwrap_or_default();
        let others = map.iter().filter(|(key, _)| !key.as_str().is_some_and(is_ours));
        others.map(|(key, value)| (key.clone(), value.clone())).collect()
    }
}

fn object(stored: &SecretValue) -> Option<Object> {
    match loads(&Text::from(stored)) {
        Ok(Value::Object(map)) => Some(map),
        _ => None,
    }
}

fn is_connection_key(key: &str) -> bool {
    key == "conn_uri" || Field::parse(key).is_some()
}

/// A key that we write in Secrets Manager, which drops a description.
fn is_written_key(key: &str) -> bool {
    Field::parse(key).is_some_and(|field| field != Field::Description)
}

fn is_value_key(key: &str) -> bool {
    key == "value"
}
