//! Our marks in a secret's tags, beside other people's.

use super::KeyVaultProvider;
use super::answer::{Seen, Tags};
use super::entry;
use crate::model::{ErrorKind, Event, Finding, Mark, RemoteKey, Revision, Severity};
use crate::provider::{Error, Result};

const MAKE_ROOM: &str = "take tags off the secret: a mark needs five of the fifteen that Key Vault keeps";

impl KeyVaultProvider {
    /// Puts the mark on a secret.
    pub(super) async fn put_mark(&self, key: &RemoteKey, mark: &Mark) -> Result<Revision> {
        let seen = self.known(key).await?.ok_or_else(|| self.gone("claim", key))?;
        let tags = entry::marked(&seen.tags, mark).ok_or_else(|| {
            let context = format!("there is no room for a mark beside its {} tags", seen.tags.len());
            let error = Error::new(ErrorKind::Unsupported, "claim", &self.info.name, context).about(key);
            error.with_remedy(MAKE_ROOM)
        })?;
        self.retag("claim", key, &tags).await
    }

    /// Takes the mark off a secret that carries exactly it.
    pub(super) async fn take_mark(&self, key: &RemoteKey, mark: &Mark) -> Result<Revision> {
        let seen = self.known(key).await?.ok_or_else(|| self.gone("release", key))?;
        if seen.listed(key, self.role).mark.as_ref() == Some(mark) {
            return self.retag("release", key, &entry::unmarked(&seen.tags)).await;
        }
        self.revision("release", key, &seen)
    }

    async fn retag(&self, operation: &'static str, key: &RemoteKey, tags: &Tags) -> Result<Revision> {
        let answer = self.client.retag(key, tags).await?;
        let seen = answer.map_err(|_| self.gone(operation, key))?;
        self.revision(operation, key, &seen)
    }

    /// Says that a secret is written without our mark, as its tags are others' and full.
    pub(super) fn no_room(&self, key: &RemoteKey, seen: &Seen) {
        let message =
            format!("the value is written, its ownership mark is not: it has {} tags already", seen.tags.len());
        let subject = format!("{} {key}", self.info.name);
        let finding = Finding::new(Severity::Warning, "mark-missed", subject, message);
        self.observer.observe(&Event::Found(finding.with_remedy(MAKE_ROOM)));
    }
}
