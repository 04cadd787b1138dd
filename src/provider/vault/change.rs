//! What KV v2 may change: each change is held against what the caller expects, and guarded by compare-and-set.

use super::entry;
use super::kv2::{Held, Kv2};
use super::version::{Seen, number};
use crate::model::{ErrorKind, Mark, RemoteKey, Revision, SecretValue, State};
use crate::provider::{Entry, Error, Expect, Result};

/// The compare-and-set number of a name that has no version yet.
const NO_VERSION: u64 = 0;

impl Kv2 {
    /// Writes a new version, provided the key still is as `expect` says.
    pub async fn write(&self, key: &RemoteKey, entry: &Entry, expect: &Expect) -> Result<Revision> {
        entry::check(self.requests.store(), key, &entry.value)?;
        entry::check_numbers(self.requests.store(), key, &entry.value)?;
        match expect {
            Expect::Absent => self.put_marked(key, entry, NO_VERSION).await,
            Expect::At(revision) => self.put_marked(key, entry, self.version_of(key, revision)?).await,
            Expect::Deleted(_) => {
                let seen = self.expected(key, "write", expect).await?;
                self.put_marked(key, entry, current(seen.as_ref())).await
            }
            Expect::Holding(text) => self.put_marked(key, entry, self.holding(key, text).await?).await,
            Expect::Anything => self.put_marked(key, entry, current(self.metadata(key).await?.as_ref())).await,
        }
    }

    /// Puts our mark on a key, provided it still is as `expect` says.
    pub async fn claim(&self, key: &RemoteKey, mark: &Mark, expect: &Expect) -> Result<Revision> {
        let seen = match expect {
            Expect::Holding(text) => {
                self.holding(key, text).await?;
                self.metadata(key).await?
            }
            _ => self.expected(key, "mark", expect).await?,
        };
        let Some(seen) = seen else { return Err(self.conflict(key, "mark", "the key is gone")) };
        self.mark_existing(key, mark, &seen.custom).await?;
        Ok(seen.revision)
    }

    /// Takes our mark off a key that carries it, provided the key still is as `expect` says.
    pub async fn release(&self, key: &RemoteKey, mark: &Mark, expect: &Expect) -> Result<Revision> {
        let Some(seen) = self.expected(key, "release", expect).await? else {
            return Err(self.conflict(key, "release", "the key is gone"));
        };
        self.unmark_existing(key, mark, &seen.custom).await?;
        Ok(seen.revision)
    }

    /// Deletes the current version softly, provided the key still is as `expect` says; by number, so that a version which
    /// somebody adds meanwhile stays.
    pub async fn delete(&self, key: &RemoteKey, expect: &Expect) -> Result<Option<Revision>> {
        let seen = match expect {
            Expect::Holding(text) => {
                self.holding(key, text).await?;
                self.metadata(key).await?
            }
            _ => self.metadata(key).await?,
        };
        let seen = match seen {
            None => return Ok(None),
            Some(seen) if seen.state == State::Empty => return Ok(None),
            Some(seen) => seen,
        };
        self.hold_against(key, "delete", expect, Some(&seen))?;
        if seen.state != State::Live {
            return Ok(Some(seen.revision));
        }
        self.delete_version(key, seen.current).await?;
        match self.metadata(key).await? {
            Some(left) if left.current != seen.current => {
                Err(self.conflict(key, "delete", "somebody wrote a newer version meanwhile; it stays"))
            }
            left => Ok(left.map(|left| left.revision)),
        }
    }

    /// Tells whether a version can be made current again; costs one look at the key.
    pub async fn keeps(&self, key: &RemoteKey, revision: &Revision) -> Result<bool> {
        let Some(wanted) = number(revision) else { return Ok(false) };
        Ok(self.history(key).await?.is_some_and(|history| history.keeps(wanted)))
    }

    /// Makes a version current again: takes its deletion back, or writes what it held as a new version.
    pub async fn restore(&self, key: &RemoteKey, revision: &Revision, expect: &Expect) -> Result<Revision> {
        let wanted = self.version_of(key, revision)?;
        let seen = self.expected(key, "restore", expect).await?;
        let Some(seen) = seen else { return Err(self.conflict(key, "restore", "the key and its versions are gone")) };
        if wanted == seen.current {
            return self.undeleted(key, seen).await;
        }
        let value = self.old_value(key, wanted).await?;
        Ok(self.put(key, &value, seen.current).await?.revision())
    }

    // The value goes first: `cas` proves that the version is ours to mark, and `metadata/` has no write that only creates.
    // The answer carries the custom metadata, so a key that has our mark already costs one call.
    async fn put_marked(&self, key: &RemoteKey, entry: &Entry, cas: u64) -> Result<Revision> {
        let version = self.put(key, &entry.value, cas).await?;
        if let Some(mark) = &entry.mark {
            let custom = version.custom_metadata.clone().unwrap_or_default();
            // The value is written: a mark that could not be is no reason to call the write failed.
            if let Err(error) = self.mark_existing(key, mark, &custom).await {
                self.ownership.missed(self.requests.store(), key, &error);
            }
        }
        Ok(version.revision())
    }

    async fn undeleted(&self, key: &RemoteKey, seen: Seen) -> Result<Revision> {
        match seen.state {
            State::Live => return Ok(seen.revision),
            State::Deleted => self.undelete_version(key, seen.current).await?,
            _ => return Err(self.lost(key)),
        }
        match self.metadata(key).await? {
            Some(left) if left.current == seen.current && left.state == State::Live => Ok(left.revision),
            _ => Err(self.conflict(key, "restore", "the key was changed meanwhile")),
        }
    }

    async fn old_value(&self, key: &RemoteKey, version: u64) -> Result<SecretValue> {
        let held = self.data(key, Some(version)).await?;
        match held {
            Some(Held { value: Some(value), .. }) => return Ok(value),
            Some(Held { seen, .. }) if seen.state == State::Deleted => self.undelete_version(key, version).await?,
            _ => return Err(self.lost(key)),
        }
        let held = self.data(key, Some(version)).await?;
        held.and_then(|held| held.value).ok_or_else(|| self.lost(key))
    }

    async fn holding(&self, key: &RemoteKey, text: &SecretValue) -> Result<u64> {
        match self.data(key, None).await? {
            Some(Held { seen, value: Some(value) }) if value == *text => Ok(seen.current),
            _ => Err(self.conflict(key, "compare", "the key does not hold what was expected")),
        }
    }

    async fn expected(&self, key: &RemoteKey, operation: &'static str, expect: &Expect) -> Result<Option<Seen>> {
        let seen = self.metadata(key).await?;
        self.hold_against(key, operation, expect, seen.as_ref())?;
        Ok(seen)
    }

    fn hold_against(
        &self,
        key: &RemoteKey,
        operation: &'static str,
        expect: &Expect,
        seen: Option<&Seen>,
    ) -> Result<()> {
        let state = seen.map(|seen| seen.state);
        let at = |revision: &Revision| seen.is_some_and(|seen| seen.revision == *revision);
        let met = match expect {
            Expect::Absent => matches!(state, None | Some(State::Empty)),
            Expect::Deleted(revision) => matches!(state, Some(State::Deleted | State::Destroyed)) && at(revision),
            Expect::At(revision) => state == Some(State::Live) && at(revision),
            Expect::Holding(_) | Expect::Anything => true,
        };
        if met { Ok(()) } else { Err(self.conflict(key, operation, "the key is not as it was planned against")) }
    }

    fn version_of(&self, key: &RemoteKey, revision: &Revision) -> Result<u64> {
        number(revision).ok_or_else(|| {
            Error::new(ErrorKind::Invalid, "compare", self.requests.store(), "the revision is none of KV v2").about(key)
        })
    }

    /// The error of a key that is not as expected.
    pub(super) fn conflict(&self, key: &RemoteKey, operation: &'static str, context: &str) -> Error {
        Error::new(ErrorKind::Conflict, operation, self.requests.store(), context).about(key)
    }

    fn lost(&self, key: &RemoteKey) -> Error {
        let context = "that version is gone: destroyed, or pushed out by newer ones (max_versions)";
        Error::new(ErrorKind::Unsupported, "restore", self.requests.store(), context).about(key)
    }
}

fn current(seen: Option<&Seen>) -> u64 {
    seen.map_or(NO_VERSION, |seen| seen.current)
}
