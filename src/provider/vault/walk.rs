//! Walks folders down to their leaves: Vault lists one folder at a time, names only.

use std::collections::BTreeSet;

use futures::stream::{FuturesOrdered, StreamExt};
use serde::Deserialize;

use super::client::Method;
use super::layout::{Area, Spot, api, is_legal_segment};
use super::requests::{Ask, Reply, Requests};
use crate::model::Family;
use crate::provider::{Repeat, Result};

/// A walk over one mount.
#[derive(Clone, Copy)]
pub(super) struct Walk<'a> {
    /// Who asks.
    pub requests: &'a Requests,
    /// The mount.
    pub mount: &'a str,
    /// The part of the API that lists: `metadata/`, or nothing for KV v1.
    pub area: Area,
    /// How many folders are asked at once.
    pub width: usize,
}

#[derive(Deserialize)]
struct Names {
    data: Keys,
}

#[derive(Deserialize)]
struct Keys {
    keys: Vec<String>,
}

/// What a folder holds.
#[derive(Debug, Default, PartialEq, Eq)]
struct Sorted {
    leaves: Vec<String>,
    folders: Vec<String>,
}

impl Walk<'_> {
    /// Every path below `roots`, folders that hold other folders of the list walked once; the empty root is the mount itself.
    pub async fn leaves(&self, roots: &[&str]) -> Result<BTreeSet<String>> {
        let mut waiting = topmost(roots);
        let mut found = BTreeSet::new();
        let mut asked = FuturesOrdered::new();
        loop {
            while asked.len() < self.width
                && let Some(folder) = waiting.pop()
            {
                asked.push_back(self.folder(folder));
            }
            let Some(sorted) = asked.next().await else { return Ok(found) };
            let Sorted { leaves, folders } = sorted?;
            found.extend(leaves);
            waiting.extend(folders);
        }
    }

    async fn folder(&self, folder: String) -> Result<Sorted> {
        let spot = Spot { mount: self.mount, path: &folder };
        let path = api(self.area, spot);
        let shown = super::layout::below(self.area, self.mount, &folder, "*");
        let ask = Ask {
            operation: "list",
            family: Family::List,
            repeat: Repeat::Safe,
            method: Method::List,
            path: format!("{path}/"),
            body: None,
            right: (shown, &["list"]),
            key: None,
        };
        match self.requests.ask(&ask).await? {
            Reply::Missing(_) => Ok(Sorted::default()),
            Reply::Done(answer) => {
                let names: Names = self.requests.parse(&ask, &answer)?;
                Ok(sorted(&folder, names.data.keys))
            }
        }
    }
}

// A name may be a folder and a leaf at once; Vault then lists it twice. A folder that no URL can enter is handed on as
// it stands: whoever decodes the listing sees a key that cannot be read, instead of nothing.
fn sorted(folder: &str, names: Vec<String>) -> Sorted {
    let mut sorted = Sorted::default();
    for name in names {
        let path = if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
        match name.strip_suffix('/') {
            Some(inner) if is_legal_segment(inner) => sorted.folders.push(path.trim_end_matches('/').to_owned()),
            _ => sorted.leaves.push(path),
        }
    }
    sorted
}

fn topmost(roots: &[&str]) -> Vec<String> {
    let is_below = |root: &str, other: &str| {
        other.is_empty() || root == other || root.strip_prefix(other).is_some_and(|rest| rest.starts_with('/'))
    };
    let mut kept: Vec<String> = Vec::new();
    let mut ordered = roots.to_vec();
    ordered.sort_unstable_by_key(|root| root.len());
    for root in ordered {
        if !kept.iter().any(|other| is_below(root, other)) {
            kept.push(root.to_owned());
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_into_leaves_and_folders() {
        let names = ["a", "a/", "b c", "/", "../", "", "..", "d%2F/"].map(str::to_owned).to_vec();
        let expected = Sorted {
            leaves: ["x/a", "x/b c", "x//", "x/../", "x/", "x/.."].map(str::to_owned).to_vec(),
            folders: ["x/a", "x/d%2F"].map(str::to_owned).to_vec(),
        };
        assert_eq!(sorted("x", names), expected);
        assert_eq!(sorted("", vec!["a/".to_owned()]).folders, ["a"]);
    }

    #[test]
    fn nested_roots_are_walked_once() {
        let rows: [(&[&str], &[&str]); 4] = [
            (&["a", "b"], &["a", "b"]),
            (&["a/b", "a", "ab"], &["a", "ab"]),
            (&["a", "", "b"], &[""]),
            (&["a", "a"], &["a"]),
        ];
        for (roots, expected) in rows {
            assert_eq!(topmost(roots), expected, "{roots:?}");
        }
    }
}
