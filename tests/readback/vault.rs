//! What lies in a Vault, as Vault itself tells.

use std::collections::BTreeMap;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

pub use crate::server::Vault;

/// A path's own slashes stay, all else that is not plain is encoded.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// A path as a URL takes it.
pub fn encoded(path: &str) -> String {
    utf8_percent_encode(path, PATH).to_string()
}

impl Vault {
    /// All that lies below `root`, a listing's path with a slash at its end: paths without the root.
    pub async fn keys(&self, root: &str) -> Vec<String> {
        let (mut folders, mut keys) = (vec![String::new()], Vec::new());
        while let Some(folder) = folders.pop() {
            let (status, answer) = self.ask("LIST", &encoded(&format!("{root}{folder}")), Value::Null).await;
            assert!(status == 200 || status == 404 && folder.is_empty(), "LIST {root}{folder}: HTTP {status}");
            for name in answer["data"]["keys"].as_array().into_iter().flatten() {
                let path = format!("{folder}{}", name.as_str().unwrap());
                if path.ends_with('/') { folders.push(path) } else { keys.push(path) }
            }
        }
        keys.sort();
        keys
    }

    /// What Vault says of every key below `root`: of a versioned engine its versions and marks, else its content.
    pub async fn survey(&self, root: &str) -> BTreeMap<String, Value> {
        let mut found = BTreeMap::new();
        for key in self.keys(root).await {
            let mut answer = self.must("GET", &encoded(&format!("{root}{key}")), Value::Null).await;
            found.insert(key, answer["data"].take());
        }
        found
    }
}
