//! Creates, updates and deletes. The look before an update, delete or restore is the `expect` layer's; a create is guarded by Google.

use tokio::time::sleep;

use super::SecretManagerProvider;
use super::answer::{Number, number, revision};
use super::client::{New, Which};
use super::entry;
use super::ownership::LABELS;
use crate::model::{Effect, ErrorKind, Mark, RemoteKey, Revision, SecretValue, State};
use crate::provider::{Entry, Error, Expect, Result};

/// Before each look for a version whose answer was lost.
const LOOKS: [std::time::Duration; 3] =
    [std::time::Duration::ZERO, std::time::Duration::from_millis(200), std::time::Duration::from_secs(1)];

impl SecretManagerProvider {
    /// Writes a secret that is as `expect` says.
    pub(super) async fn put(&self, key: &RemoteKey, entry: &Entry, expect: &Expect) -> Result<Revision> {
        entry::check(&self.info.name, key, &entry.value)?;
        let _turn = self.turns.take(key).await;
        let found = self.ownership.take(key);
        match expect {
            Expect::Absent => self.create(key, entry).await,
            Expect::At(at) | Expect::Deleted(at) => self.update(key, entry, found, number(at)).await,
            Expect::Holding(_) => self.update(key, entry, found, None).await,
            Expect::Anything => match self.look(key).await? {
                None => self.create(key, entry).await,
                Some(listed) => match listed.state {
                    State::Managed(by) => Err(self.kept_by_others("write", key, by.explained())),
                    _ => self.update(key, entry, listed.mark, listed.revision.as_ref().and_then(number)).await,
                },
            },
        }
    }

    async fn create(&self, key: &RemoteKey, entry: &Entry) -> Result<Revision> {
        let annotations = self.ownership.annotations(entry.mark.as_ref());
        let labels = if annotations.is_empty() { &[][..] } else { &LABELS[..] };
        let new = New { annotations: &annotations, labels, homes: &self.homes };
        match self.client.create(key, &new).await {
            Ok(()) => self.add(key, &entry.value, Some(0)).await.map(revision),
            Err(error) if error.kind == ErrorKind::Conflict => self.instead_of_create(key, entry, error).await,
            Err(error) => Err(error),
        }
    }

    /// Where the name is taken: one that never had a version, as a create that was cut short leaves it, is filled.
    async fn instead_of_create(&self, key: &RemoteKey, entry: &Entry, refusal: Error) -> Result<Revision> {
        let listed = match self.look(key).await {
            Ok(Some(listed)) if listed.state == State::Empty => listed,
            _ => return Err(refusal),
        };
        // By its number, for the alias may not know a version that was added just now.
        match self.client.version(key, Which::Number(1)).await {
            Ok(None) => self.update(key, entry, listed.mark, Some(0)).await,
            _ => Err(refusal),
        }
    }

    /// The value first: it is what matters, and a mark that could not be put is only warned of.
    async fn update(
        &self,
        key: &RemoteKey,
        entry: &Entry,
        found: Option<Mark>,
        before: Option<Number>,
    ) -> Result<Revision> {
        let written = self.add(key, &entry.value, before).await?;
        if let Some(mark) = &entry.mark {
            self.mark_written(key, found.as_ref(), mark).await;
            self.prune(key, mark, written).await;
        }
        Ok(revision(written))
    }

    /// Adds a version behind `before`, and reads it back by its number.
    pub(super) async fn add(&self, key: &RemoteKey, value: &SecretValue, before: Option<Number>) -> Result<Number> {
        let added = match self.client.add(key, value).await {
            Ok(added) => added.ok_or_else(|| self.gone("write", key))?,
            Err(error) if error.effect == Effect::Unknown => self.arrived(key, value, before).await.ok_or(error)?,
            Err(error) => return Err(error),
        };
        self.latest.note(key, added);
        self.proved(key, value, added).await
    }

    /// The version that a request whose answer was lost has added, if it has by now: sent again, it would add another.
    async fn arrived(&self, key: &RemoteKey, value: &SecretValue, before: Option<Number>) -> Option<Number> {
        let mut next = before? + 1;
        for pause in LOOKS {
            sleep(pause).await;
            while let Ok(Some(held)) = self.client.value(key, Which::Number(next)).await {
                if held.text.is_some_and(|text| text.expose() == value.expose()) {
                    return Some(next);
                }
                next += 1;
            }
        }
        None
    }

    /// Google answers for a number as of now, whatever its alias says. Where we may not read, its word has to do.
    async fn proved(&self, key: &RemoteKey, value: &SecretValue, added: Number) -> Result<Number> {
        let is_ours = match self.client.value(key, Which::Number(added)).await {
            Ok(held) => held.and_then(|held| held.text).is_some_and(|text| text.expose() == value.expose()),
            Err(_) => true,
        };
        if is_ours {
            return Ok(added);
        }
        let context = format!("version {added}, read back, is not what was written");
        Err(Error::new(ErrorKind::Unexpected, "write", &self.info.name, context).about(key).of_unknown_effect())
    }

    /// Deletes a secret that is as `expect` says, with all its versions; nothing is left behind.
    pub(super) async fn remove(&self, key: &RemoteKey, expect: &Expect) -> Result<Option<Revision>> {
        let _turn = self.turns.take(key).await;
        self.ownership.take(key);
        if !matches!(expect, Expect::At(_)) {
            match self.look(key).await?.map(|listed| listed.state) {
                None => return Ok(None),
                Some(State::Managed(by)) => return Err(self.kept_by_others("delete", key, by.explained())),
                Some(_) => {}
            }
        }
        self.client.delete(key).await?;
        self.latest.forget(key);
        Ok(None)
    }

    /// The error of a key that is not there any more.
    pub(super) fn gone(&self, operation: &'static str, key: &RemoteKey) -> Error {
        Error::new(ErrorKind::Conflict, operation, &self.info.name, "the secret is gone").about(key)
    }

    fn kept_by_others(&self, operation: &'static str, key: &RemoteKey, why: &str) -> Error {
        Error::new(ErrorKind::Denied, operation, &self.info.name, why).about(key)
    }
}
