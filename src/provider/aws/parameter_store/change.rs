//! Changes of parameters: create, overwrite, mark, delete, bring back.

use futures::stream::{self, StreamExt as _};
use tokio::time::sleep;

use super::client::{Decryption, Kind, Over, Put, Version};
use super::stamp::Stamp;
use super::{MARKS, ParameterStoreProvider, entry};
use crate::model::{ErrorKind, Mark, RemoteKey, Revision, SecretValue};
use crate::provider::aws::session::SETTLING;
use crate::provider::{Entry, Error, Expect, Result};

impl ParameterStoreProvider {
    /// Writes a parameter. That it still is as expected was looked at just before; a create AWS guards itself.
    pub(super) async fn put(&self, key: &RemoteKey, entry: &Entry, expect: &Expect) -> Result<Revision> {
        entry::check(self.client.store(), key, &entry.value, self.tier)?;
        let _turn = self.turns.take(key).await;
        if *expect == Expect::Absent {
            return self.create(key, entry).await;
        }
        let past = self.client.past(key.as_str()).await.map_err(|error| error.about(key))?;
        let version = self.overwrite(key, "write", &entry.value, newest(&past)).await?;
        if let Some(mark) = &entry.mark {
            // The value is written already: only reading tells what became of the whole.
            self.ensure_mark(key, mark).await.map_err(Error::of_unknown_effect)?;
        }
        Ok(self.revision_of(key, version).await)
    }

    async fn create(&self, key: &RemoteKey, entry: &Entry) -> Result<Revision> {
        let tags = entry.mark.as_ref().map(|mark| mark.pairs(&MARKS)).unwrap_or_default();
        let put = Put {
            name: key.as_str(),
            value: &entry.value,
            tier: self.tier.asked_for(None),
            kms_key_id: self.kms_key_id.as_deref(),
            over: Over::Nothing(&tags),
        };
        let version = self.client.put(put).await.map_err(|error| error.about(key))?;
        Ok(self.revision_of(key, version).await)
    }

    /// Makes `value` the newest version of what is there, under the key and in the tier it has.
    async fn overwrite(
        &self,
        key: &RemoteKey,
        operation: &'static str,
        value: &SecretValue,
        existing: Option<&Version>,
    ) -> Result<i64> {
        if existing.is_some_and(|existing| existing.kind == Kind::Plain) {
            let context = "it is a String or StringList, and AWS never changes a parameter's type";
            return Err(self
                .refuse(ErrorKind::Invalid, operation, key, context)
                .with_remedy("delete the parameter, or exclude the name: only SecureString is written here"));
        }
        let put = Put {
            name: key.as_str(),
            value,
            tier: self.tier.asked_for(existing.and_then(|existing| existing.tier.as_ref())),
            kms_key_id: self.kms_key(existing),
            over: Over::Whatever(existing),
        };
        self.client.put(put).await.map_err(|error| error.about(key))
    }

    // Without one AWS would take the account's default key, whatever key the parameter had.
    fn kms_key<'k>(&'k self, existing: Option<&'k Version>) -> Option<&'k str> {
        self.kms_key_id.as_deref().or_else(|| existing?.kms_key_id.as_deref())
    }

    /// The revision of a version just written: the answer to a write does not say when it was made, a look does.
    ///
    /// A look that fails, or finds another version, leaves the number alone: the next run then reads the value once.
    async fn revision_of(&self, key: &RemoteKey, version: i64) -> Revision {
        for pause in SETTLING {
            sleep(pause).await;
            let Ok(batch) = self.client.get(&[key.as_str()], Decryption::Unwanted).await else { break };
            match batch.found.first().map(|got| got.stamp) {
                Some(stamp) if stamp.version == version => return stamp.revision(),
                Some(stamp) if stamp.version > version => break,
                // The write has not come to all of AWS yet.
                Some(_) | None => {}
            }
        }
        Stamp { version, made: None }.revision()
    }

    /// Puts a mark on a key that does not carry exactly that, and takes what another mark leaves over.
    async fn ensure_mark(&self, key: &RemoteKey, mark: &Mark) -> Result<()> {
        let name = key.as_str();
        let tags = self.client.tags(name).await.map_err(|error| error.about(key))?;
        let Some(tags) = tags else { return Err(self.gone("mark", key)) };
        let pairs = mark.pairs(&MARKS);
        let is_ours = |tag: &(String, String)| pairs.iter().any(|(name, _)| *name == tag.0);
        let stale: Vec<_> = tags.iter().filter(|tag| Mark::owns_key(&tag.0) && !is_ours(tag)).collect();
        let missing: Vec<_> = pairs.iter().filter(|pair| !tags.contains(pair)).cloned().collect();
        if !stale.is_empty() {
            let stale = stale.into_iter().map(|(name, _)| name.clone()).collect();
            self.client.remove_tags(name, stale).await.map_err(|error| error.about(key))?;
        }
        if !missing.is_empty() {
            self.client.add_tags(name, &missing).await.map_err(|error| error.about(key))?;
        }
        Ok(())
    }

    /// Puts our mark on a key; gives the revision, which marks do not change.
    pub(super) async fn adopt(&self, key: &RemoteKey, mark: &Mark) -> Result<Revision> {
        let _turn = self.turns.take(key).await;
        let revision = self.current(key, "mark").await?;
        self.ensure_mark(key, mark).await?;
        Ok(revision)
    }

    /// Takes our mark off a key that carries exactly that; gives the revision.
    pub(super) async fn give_up(&self, key: &RemoteKey, mark: &Mark) -> Result<Revision> {
        let _turn = self.turns.take(key).await;
        let revision = self.current(key, "release").await?;
        if self.mark_of(key).await?.as_ref() == Some(mark) {
            let keys = mark.pairs(&MARKS).into_iter().map(|(name, _)| name).collect();
            self.client.remove_tags(key.as_str(), keys).await.map_err(|error| error.about(key))?;
        }
        Ok(revision)
    }

    /// Deletes a parameter with all its versions.
    pub(super) async fn remove(&self, key: &RemoteKey) -> Result<()> {
        let _turn = self.turns.take(key).await;
        self.client.delete(key.as_str()).await.map_err(|error| error.about(key))
    }

    /// Tells which versions AWS still has.
    pub(super) async fn kept(&self, versions: &[(RemoteKey, Revision)]) -> Vec<Result<bool>> {
        let asked: Vec<_> = versions.iter().map(|(key, revision)| self.has(key, revision)).collect();
        stream::iter(asked).buffered(self.capabilities.width).collect().await
    }

    async fn has(&self, key: &RemoteKey, revision: &Revision) -> Result<bool> {
        let past = self.client.past(key.as_str()).await.map_err(|error| error.about(key))?;
        Ok(Stamp::parse(revision).is_some_and(|wanted| past.iter().any(|version| version.stamp.is(wanted))))
    }

    /// Writes what a key held at `revision` as its newest version; labels stay where they are.
    pub(super) async fn bring_back(&self, key: &RemoteKey, revision: &Revision) -> Result<Revision> {
        let _turn = self.turns.take(key).await;
        let gone = || self.refuse(ErrorKind::Unsupported, "restore", key, "AWS does not have that version any more");
        let past = self.client.past(key.as_str()).await.map_err(|error| error.about(key))?;
        let wanted = Stamp::parse(revision).ok_or_else(gone)?;
        let wanted = past.iter().map(|version| version.stamp).find(|stamp| stamp.is(wanted)).ok_or_else(gone)?;
        let newest = newest(&past);
        if newest.is_some_and(|newest| newest.stamp == wanted) {
            return Ok(wanted.revision());
        }
        let old = self.client.get_version(key.as_str(), wanted.version).await.map_err(|error| error.about(key))?;
        let version = self.overwrite(key, "restore", &old.ok_or_else(gone)?.value, newest).await?;
        Ok(self.revision_of(key, version).await)
    }

    async fn current(&self, key: &RemoteKey, operation: &'static str) -> Result<Revision> {
        let batch = self.client.get(&[key.as_str()], Decryption::Unwanted).await.map_err(|error| error.about(key))?;
        batch.found.first().map(|got| got.stamp.revision()).ok_or_else(|| self.gone(operation, key))
    }

    fn gone(&self, operation: &'static str, key: &RemoteKey) -> Error {
        self.refuse(ErrorKind::Conflict, operation, key, "the parameter is gone")
    }

    fn refuse(&self, kind: ErrorKind, operation: &'static str, key: &RemoteKey, context: &str) -> Error {
        Error::new(kind, operation, self.client.store(), context).about(key)
    }
}

fn newest(past: &[Version]) -> Option<&Version> {
    past.iter().max_by_key(|version| version.stamp.version)
}
