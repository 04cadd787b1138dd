//! Creates, updates and deletes. Key Vault compares nothing: the look before a change is the `expect` layer's.

use std::time::Duration;

use tokio::time::sleep;

use super::KeyVaultProvider;
use super::answer::{Seen, Tags};
use super::client::New;
use super::entry::{self, check_name, check_value};
use super::said::Said;
use super::settling::patiently;
use crate::model::{ErrorKind, RemoteKey, Revision, State};
use crate::provider::{Entry, Error, Expect, Result, Role};

/// How long a write waits for the next second to begin, and how often it looks whether it has.
const A_MOMENT: Duration = Duration::from_millis(350);
const MOMENTS: usize = 4;

impl KeyVaultProvider {
    /// Writes a secret that is as `expect` says.
    pub(super) async fn put(&self, key: &RemoteKey, entry: &Entry, expect: &Expect) -> Result<Revision> {
        check_name(&self.info.name, "write", key)?;
        check_value(&self.info.name, key, &entry.value)?;
        match expect {
            Expect::Absent => self.create(key, entry).await,
            Expect::Deleted(_) => self.bring_back(key, entry).await,
            Expect::At(_) | Expect::Holding(_) => {
                let seen = self.known(key).await?.ok_or_else(|| self.gone("write", key))?;
                self.update(key, entry, &seen).await
            }
            Expect::Anything => match self.find(key).await? {
                None => self.create(key, entry).await,
                Some(seen) => match seen.listed(key, self.role).state {
                    State::Deleted => self.bring_back(key, entry).await,
                    State::Managed(by) => Err(self.kept_by_others("write", key, by.explained())),
                    _ => self.update(key, entry, &seen).await,
                },
            },
        }
    }

    /// What the look just before this change has shown; looks where nobody has.
    pub(super) async fn known(&self, key: &RemoteKey) -> Result<Option<Seen>> {
        match self.looks.take(key) {
            Some(seen) => Ok(Some(seen)),
            None => self.find(key).await,
        }
    }

    async fn create(&self, key: &RemoteKey, entry: &Entry) -> Result<Revision> {
        let none = Tags::new();
        let tags = entry.mark.as_ref().and_then(|mark| entry::marked(&none, mark)).unwrap_or_default();
        let new = New {
            value: &entry.value,
            tags: &tags,
            content_type: self.content_type.as_deref(),
            expires: None,
            not_before: None,
        };
        let seen = self.set("write", key, &new).await?;
        self.revision("write", key, &seen)
    }

    /// What is kept beside the value belongs to its owner: a new version has none of it unless it is sent along.
    async fn update(&self, key: &RemoteKey, entry: &Entry, before: &Seen) -> Result<Revision> {
        let tags = match &entry.mark {
            None => before.tags.clone(),
            Some(mark) => entry::marked(&before.tags, mark).unwrap_or_else(|| {
                self.no_room(key, before);
                before.tags.clone()
            }),
        };
        let new = New {
            value: &entry.value,
            tags: &tags,
            content_type: before.content_type.as_deref().or(self.content_type.as_deref()),
            expires: before.expires,
            not_before: before.not_before,
        };
        let seen = self.set("write", key, &new).await?;
        let seen = self.told_apart(key, &tags, before, seen).await;
        self.revision("write", key, &seen)
    }

    /// From here on the old value is live again until the new one is written: an error says so.
    async fn bring_back(&self, key: &RemoteKey, entry: &Entry) -> Result<Revision> {
        let before = self.take_back("write", key).await?;
        self.update(key, entry, &before).await.map_err(Error::of_unknown_effect)
    }

    /// Adds a version.
    pub(super) async fn set(&self, operation: &'static str, key: &RemoteKey, new: &New<'_>) -> Result<Seen> {
        let said = match patiently(|| self.client.set(key, new)).await? {
            Ok(seen) => return Ok(seen),
            Err(said) => said,
        };
        match said {
            Said::Passing => Err(self.between(operation, key)),
            Said::Deleted | Said::Taken => Err(self.taken(operation, key)),
            Said::Missing | Said::Disabled => {
                let context = "the vault refuses it in a way that is not documented";
                Err(Error::new(ErrorKind::Unexpected, operation, &self.info.name, context).about(key))
            }
        }
    }

    /// A listing tells versions apart by the second they were written in: one that falls into the second of the version before
    /// is touched once more, in the next.
    pub(super) async fn told_apart(&self, key: &RemoteKey, tags: &Tags, before: &Seen, written: Seen) -> Seen {
        if written.updated.is_none() || written.updated != before.updated {
            return written;
        }
        for _ in 0..MOMENTS {
            sleep(A_MOMENT).await;
            match self.client.retag(key, tags).await {
                Ok(Ok(again)) if again.updated != written.updated => return again,
                Ok(Ok(_)) => {}
                // The value is written; that is what counts.
                Ok(Err(_)) | Err(_) => break,
            }
        }
        written
    }

    /// Deletes a secret softly, and waits until that is done.
    pub(super) async fn bury(&self, key: &RemoteKey) -> Result<Option<Revision>> {
        let seen = match self.known(key).await? {
            None => return Ok(None),
            Some(seen) => seen,
        };
        match seen.listed(key, Role::Target).state {
            State::Deleted => return Ok(seen.revision()),
            State::Managed(by) => return Err(self.kept_by_others("delete", key, by.explained())),
            _ if seen.is_final() => return Err(self.without_return(key)),
            _ => {}
        }
        match patiently(|| self.client.delete(key)).await? {
            Ok(deleted) => {
                self.settle_deleted(key).await;
                Ok(deleted.revision())
            }
            Err(Said::Missing | Said::Deleted) => Ok(None),
            Err(_) => Err(self.between("delete", key)),
        }
    }

    /// What the vault says of the write, as a later listing will say it.
    pub(super) fn revision(&self, operation: &'static str, key: &RemoteKey, seen: &Seen) -> Result<Revision> {
        seen.revision().ok_or_else(|| {
            let context = "the answer does not say when it was written";
            Error::new(ErrorKind::Unexpected, operation, &self.info.name, context).about(key).of_unknown_effect()
        })
    }

    /// The error of a key that is not there any more.
    pub(super) fn gone(&self, operation: &'static str, key: &RemoteKey) -> Error {
        Error::new(ErrorKind::Conflict, operation, &self.info.name, "the secret is gone").about(key)
    }

    /// The error of a key that is not ours to touch.
    pub(super) fn kept_by_others(&self, operation: &'static str, key: &RemoteKey, why: &str) -> Error {
        Error::new(ErrorKind::Denied, operation, &self.info.name, why).about(key)
    }

    fn taken(&self, operation: &'static str, key: &RemoteKey) -> Error {
        let context = "the name belongs to a softly deleted secret, and is taken until that is recovered or purged";
        Error::new(ErrorKind::Conflict, operation, &self.info.name, context)
            .about(key)
            .with_remedy("set tombstone = \"restore\" in the job's policy to recover it and write it")
    }

    fn without_return(&self, key: &RemoteKey) -> Error {
        let context = "the vault keeps nothing of what is deleted (its recovery level is Purgeable)";
        Error::new(ErrorKind::Unsupported, "delete", &self.info.name, context)
            .about(key)
            .with_remedy("switch soft delete on: `az keyvault update --name <vault> --enable-soft-delete true`")
    }
}
