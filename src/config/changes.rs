//! What differs between two configs, by the names of keys: what stands there may be anybody's business, so it is not kept.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};
use toml::{Table, Value};

use super::check::Config;
use crate::settings::TablePath;

/// Keys that only a start looks at.
const AT_START: [&str; 4] = ["ledger", "daemon.listen", "daemon.tls", "daemon.lease"];

/// What was written at each key of a file, as digests.
#[derive(Debug, Default)]
pub(super) struct Written(BTreeMap<Vec<String>, [u8; 32]>);

impl Written {
    /// Notes every key of the file.
    pub(super) fn of(root: &Table) -> Self {
        let mut written = Self::default();
        written.add(&[], root);
        written
    }

    fn add(&mut self, above: &[String], table: &Table) {
        for (key, value) in table {
            let path: Vec<_> = above.iter().chain([key]).cloned().collect();
            // A whole `[jobs.x]` comes and goes by its own name, so tables count too.
            let is_table = value.as_table().inspect(|below| self.add(&path, below)).is_some();
            let text = if is_table { String::new() } else { Value::to_string(value) };
            self.0.insert(path, Sha256::digest(text.as_bytes()).into());
        }
    }

    /// Tells whether the table above a key is there; of one that is not, the key's own coming and going is no news.
    fn has_above(&self, path: &[String]) -> bool {
        path.len() < 2 || self.0.contains_key(&path[..path.len() - 1])
    }
}

impl Config {
    /// The keys that differ in `new`, dotted, each with what became of it; never what stands there.
    pub fn changes_to(&self, new: &Self) -> Vec<String> {
        let (old, new) = (&self.written, &new.written);
        let mut changes = BTreeMap::new();
        for (path, digest) in &new.0 {
            match old.0.get(path) {
                None if old.has_above(path) => drop(changes.insert(path, "added")),
                Some(before) if before != digest => drop(changes.insert(path, "changed")),
                _ => {}
            }
        }
        let gone = old.0.keys().filter(|path| !new.0.contains_key(*path) && new.has_above(path));
        changes.extend(gone.map(|path| (path, "removed")));
        changes.into_iter().map(|(path, what)| told(path, what)).collect()
    }

    /// The same config, with what only a start looks at taken from the one that is worked by.
    #[must_use]
    pub fn started_as(mut self, old: &Self) -> Self {
        self.ledger = old.ledger.clone();
        self.daemon.listen = old.daemon.listen;
        self.daemon.tls.clone_from(&old.daemon.tls);
        self.daemon.lease = old.daemon.lease;
        // What lies in the file is another thing than what is worked by: the next look must find the difference again.
        for (path, digest) in old.written.0.iter().filter(|(path, _)| is_at_start(path)) {
            self.written.0.insert(path.clone(), *digest);
        }
        self.written.0.retain(|path, _| !is_at_start(path) || old.written.0.contains_key(path));
        self
    }
}

fn told(path: &[String], what: &str) -> String {
    let later = if is_at_start(path) { ", from the next start on" } else { "" };
    format!("{} {what}{later}", dotted(path))
}

fn dotted(path: &[String]) -> String {
    path.iter().fold(TablePath::default(), |above, key| above.key(key)).to_string()
}

fn is_at_start(path: &[String]) -> bool {
    let path = dotted(path);
    let is_below = |key: &str| path.strip_prefix(key).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    AT_START.into_iter().any(is_below)
}
