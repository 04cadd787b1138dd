//! What KV v2 says of a key's versions, and the revision and state we make of it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;

use crate::model::{Listed, Mark, RemoteKey, Revision, State};

/// Custom metadata: ours and other people's.
pub(super) type Custom = BTreeMap<String, String>;

/// One version, as answers of `data/` describe it.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Version {
    /// Its number, from 1.
    pub version: u64,
    created_time: String,
    #[serde(default)]
    deletion_time: String,
    #[serde(default)]
    destroyed: Destroyed,
    /// The key's custom metadata.
    #[serde(default)]
    pub custom_metadata: Option<Custom>,
}

/// All versions of a key, as `metadata/` describes them.
#[derive(Debug, Deserialize)]
struct History {
    current_version: u64,
    #[serde(default)]
    custom_metadata: Option<Custom>,
    #[serde(default)]
    versions: BTreeMap<String, Entry>,
}

#[derive(Debug, Clone, Deserialize)]
struct Entry {
    created_time: String,
    #[serde(default)]
    deletion_time: String,
    #[serde(default)]
    destroyed: Destroyed,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "bool")]
enum Destroyed {
    #[default]
    No,
    Yes,
}

impl From<bool> for Destroyed {
    fn from(flag: bool) -> Self {
        if flag { Self::Yes } else { Self::No }
    }
}

/// A key as a look at it found it.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    /// The number of its current version; 0 where there is none.
    pub current: u64,
    /// What became of it.
    pub state: State,
    /// The current version's revision.
    pub revision: Revision,
    /// When the current version was written.
    pub written: Option<Timestamp>,
    /// Its custom metadata.
    pub custom: Custom,
}

/// The answer of `metadata/`.
#[derive(Debug, Deserialize)]
pub(super) struct MetadataAnswer {
    data: History,
}

impl MetadataAnswer {
    /// Whether a version is there, deleted softly or not: what was destroyed or pushed out cannot be had back.
    pub fn keeps(&self, version: u64) -> bool {
        self.data.versions.get(&version.to_string()).is_some_and(|entry| entry.destroyed == Destroyed::No)
    }

    /// The key at `now`; `None` where the current version is not described.
    pub fn seen(self, now: Timestamp) -> Option<Seen> {
        let current = self.data.current_version;
        let custom = self.data.custom_metadata;
        if current == 0 {
            let custom = custom.unwrap_or_default();
            return Some(Seen { current, state: State::Empty, revision: Revision::new("0"), written: None, custom });
        }
        let Entry { created_time, deletion_time, destroyed } = self.data.versions.get(&current.to_string())?.clone();
        let version = Version { version: current, created_time, deletion_time, destroyed, custom_metadata: custom };
        Some(version.seen(now))
    }
}

impl Version {
    /// The revision: changes with every write, soft delete, undelete and destruction of the current version.
    pub fn revision(&self) -> Revision {
        let destroyed = if self.destroyed == Destroyed::Yes { "destroyed" } else { "" };
        Revision::new(format!("{};{};{};{destroyed}", self.version, self.created_time, self.deletion_time))
    }

    /// The key whose current version this is, at `now`.
    pub fn seen(self, now: Timestamp) -> Seen {
        Seen {
            current: self.version,
            state: self.state(now),
            revision: self.revision(),
            written: self.created_time.parse().ok(),
            custom: self.custom_metadata.unwrap_or_default(),
        }
    }

    // `delete_version_after` sets a deletion time that is still to come.
    fn state(&self, now: Timestamp) -> State {
        if self.destroyed == Destroyed::Yes {
            return State::Destroyed;
        }
        match self.deletion_time.parse::<Timestamp>() {
            Ok(deletion) if deletion > now => State::Live,
            Ok(_) => State::Deleted,
            Err(_) => State::Live,
        }
    }
}

impl Seen {
    /// The mark among the custom metadata.
    pub fn mark(&self) -> Option<Mark> {
        find_mark(&self.custom)
    }

    /// What a listing says of the key.
    pub fn listed(&self, key: &RemoteKey) -> Listed {
        let revision = Some(self.revision.clone());
        Listed { key: key.clone(), state: self.state, revision, mark: self.mark(), changed: self.written }
    }
}

/// Finds a mark in custom metadata.
pub(super) fn find_mark(custom: &Custom) -> Option<Mark> {
    Mark::find(custom.iter().map(|(key, value)| (key.as_str(), value.as_str())))
}

/// The version number in a revision of ours; `None` for any other text.
pub(super) fn number(revision: &Revision) -> Option<u64> {
    revision.as_str().split(';').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

    use super::*;

    fn seen(current: u64, deletion: &str, destroyed: bool) -> Seen {
        let json = serde_json::json!({"data": {
            "current_version": current,
            "custom_metadata": null,
            "versions": {"2": {"created_time": "2026-01-01T00:00:00.5Z", "deletion_time": deletion, "destroyed": destroyed}},
        }});
        let answer: MetadataAnswer = serde_json::from_value(json).unwrap();
        answer.seen("2026-06-01T00:00:00Z".parse().unwrap()).unwrap()
    }

    #[test]
    fn the_state_is_the_current_versions() {
        let rows = [
            (0, "", false, State::Empty),
            (2, "", false, State::Live),
            (2, "2026-05-31T23:59:59.9Z", false, State::Deleted),
            (2, "2026-06-01T00:00:01Z", false, State::Live),
            (2, "", true, State::Destroyed),
            (2, "2026-05-01T00:00:00Z", true, State::Destroyed),
        ];
        for (current, deletion, destroyed, expected) in rows {
            assert_eq!(seen(current, deletion, destroyed).state, expected, "{current} {deletion} {destroyed}");
        }
    }

    #[test]
    fn every_change_of_the_current_version_is_another_revision() {
        let texts = [seen(0, "", false), seen(2, "", false), seen(2, "2026-05-01T00:00:00Z", false), seen(2, "", true)];
        for (index, one) in texts.iter().enumerate() {
            assert!(texts[index + 1..].iter().all(|other| other.revision != one.revision));
            assert_eq!(number(&one.revision), Some(one.current));
        }
        assert_eq!(number(&Revision::new("abc")), None);
    }
}
