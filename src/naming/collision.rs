//! Names that meet under one key of the target, after they were renamed, spelled and folded.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{RemoteKey, SecretName};

/// Names that meet under one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Collision {
    /// The key.
    pub key: RemoteKey,
    /// The names, at least two, in order.
    pub names: Vec<SecretName>,
}

/// Finds the names that share a key, in the order of keys.
///
/// Takes each source name with the key it would be written to. One name given twice does not collide with itself.
pub fn collisions(spelled: impl IntoIterator<Item = (SecretName, RemoteKey)>) -> Vec<Collision> {
    let mut by_key: BTreeMap<RemoteKey, BTreeSet<SecretName>> = BTreeMap::new();
    for (name, key) in spelled {
        by_key.entry(key).or_default().insert(name);
    }
    by_key
        .into_iter()
        .filter(|(_, names)| names.len() > 1)
        .map(|(key, names)| Collision { key, names: names.into_iter().collect() })
        .collect()
}
