//! Creates, updates and deletes. The look before an update, delete or restore is the `expect` layer's; a create is guarded by AWS.

use super::SecretsManagerProvider;
use super::client::New;
use super::entry;
use crate::model::{Effect, ErrorKind, RemoteKey, Revision, State};
use crate::provider::{Entry, Error, Expect, Result};

impl SecretsManagerProvider {
    /// Writes a secret that is as `expect` says.
    pub(super) async fn put(&self, key: &RemoteKey, entry: &Entry, expect: &Expect) -> Result<Revision> {
        entry::check(&self.info.name, key, &entry.value)?;
        match expect {
            Expect::Absent => self.create(key, entry).await,
            Expect::At(_) | Expect::Holding(_) => self.update(key, entry).await,
            Expect::Deleted(_) => self.bring_back(key, entry).await,
            Expect::Anything => match self.look(key).await?.map(|listed| listed.state) {
                None => self.create(key, entry).await,
                Some(State::Deleted) => self.bring_back(key, entry).await,
                Some(State::Managed(by)) => Err(self.kept_by_others("write", key, by.explained())),
                Some(_) => self.update(key, entry).await,
            },
        }
    }

    async fn create(&self, key: &RemoteKey, entry: &Entry) -> Result<Revision> {
        let tags = self.ownership.tags(entry.mark.as_ref());
        let new = New {
            value: &entry.value,
            token: &entry.token,
            tags: &tags,
            description: entry::description(entry),
            kms_key: self.kms_key.as_deref(),
        };
        match self.client.create(key, &new).await {
            Ok(version) => Ok(Revision::new(version)),
            Err(error) if error.kind == ErrorKind::Denied && !tags.is_empty() => {
                self.create_untagged(key, new, error).await
            }
            Err(error) if matches!(error.kind, ErrorKind::Conflict | ErrorKind::Invalid) => {
                self.instead_of_create(key, entry, error).await
            }
            Err(error) => Err(error),
        }
    }

    /// Rights to create secrets, without the right to tag them, are enough to go without marks.
    async fn create_untagged(&self, key: &RemoteKey, new: New<'_>, refusal: Error) -> Result<Revision> {
        if refusal.effect == Effect::Unknown {
            return Err(refusal);
        }
        match self.client.create(key, &New { tags: &[], ..new }).await {
            Ok(version) => {
                self.ownership.refuse(&refusal);
                Ok(Revision::new(version))
            }
            Err(error) if error.kind == ErrorKind::Denied => Err(refusal),
            Err(error) => Err(error),
        }
    }

    /// Where the name is taken: one that holds nothing, as a create that was cut short leaves it, is filled.
    async fn instead_of_create(&self, key: &RemoteKey, entry: &Entry, refusal: Error) -> Result<Revision> {
        match self.look(key).await.ok().flatten().map(|listed| listed.state) {
            Some(State::Empty) => self.update(key, entry).await,
            Some(State::Deleted) => {
                let context = "the name is scheduled for deletion, and taken until then";
                let conflict = Error { kind: ErrorKind::Conflict, context: context.to_owned(), ..refusal };
                Err(conflict
                    .with_remedy("set tombstone = \"restore\" in the job's policy to take it back and write it"))
            }
            Some(_) => Err(Error { kind: ErrorKind::Conflict, ..refusal }),
            None => Err(refusal),
        }
    }

    /// The value first: it is what matters, and a mark that could not be put is only warned of.
    async fn update(&self, key: &RemoteKey, entry: &Entry) -> Result<Revision> {
        let version = match entry::description(entry) {
            Some(text) => self.client.put_described(key, &entry.value, &entry.token, text).await?,
            None => self.client.put(key, &entry.value, &entry.token).await?,
        };
        let version = version.ok_or_else(|| self.gone("write", key))?;
        if let Some(mark) = &entry.mark {
            self.mark_written(key, mark).await;
        }
        Ok(Revision::new(version))
    }

    /// From here on the old value is live again until the new one is written: an error says so.
    async fn bring_back(&self, key: &RemoteKey, entry: &Entry) -> Result<Revision> {
        self.client.restore(key).await?.ok_or_else(|| self.gone("write", key))?;
        self.update(key, entry).await.map_err(Error::of_unknown_effect)
    }

    /// Schedules a secret that is as `expect` says for deletion.
    pub(super) async fn schedule(&self, key: &RemoteKey, expect: &Expect) -> Result<Option<Revision>> {
        let revision = match expect {
            Expect::At(revision) => Some(revision.clone()),
            _ => match self.look(key).await? {
                None => return Ok(None),
                Some(listed) if listed.state == State::Deleted => return Ok(listed.revision),
                Some(listed) => match listed.state {
                    State::Managed(by) => return Err(self.kept_by_others("delete", key, by.explained())),
                    _ => listed.revision,
                },
            },
        };
        Ok(self.client.delete(key, self.recovery_window).await?.and(revision))
    }

    /// The error of a key that is not there any more.
    pub(super) fn gone(&self, operation: &'static str, key: &RemoteKey) -> Error {
        Error::new(ErrorKind::Conflict, operation, &self.info.name, "the secret is gone").about(key)
    }

    /// The error of a key that is not ours to touch.
    pub(super) fn kept_by_others(&self, operation: &'static str, key: &RemoteKey, why: &str) -> Error {
        Error::new(ErrorKind::Denied, operation, &self.info.name, why).about(key)
    }
}
