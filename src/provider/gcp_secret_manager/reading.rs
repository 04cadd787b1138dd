//! Looks and reads: one secret a call, each with its own answer; what cannot be read is told apart from what is not there.

use futures::stream::{self, StreamExt};

use super::SecretManagerProvider;
use super::answer::{Held, Seen, Version, VersionState, revision};
use super::client::Which;
use crate::model::{ErrorKind, Listed, Manager, RemoteKey, State};
use crate::provider::{Content, Error, Quarantine, Record, Result, Role};

impl SecretManagerProvider {
    /// Looks at a secret and its newest version.
    pub(super) async fn look(&self, key: &RemoteKey) -> Result<Option<Listed>> {
        let Some(seen) = self.client.look(key).await? else { return Ok(None) };
        let newest = self.newest(key).await?;
        Ok(Some(self.listed(key, &seen, newest)))
    }

    fn listed(&self, key: &RemoteKey, seen: &Seen, newest: Option<Version>) -> Listed {
        let listed = seen.listed(self.role);
        let state = match (listed.state, newest) {
            (managed @ State::Managed(_), _) => managed,
            (_, None) => State::Empty,
            (_, Some(version)) => version.state.of_key(),
        };
        let changed = newest.and_then(|version| version.made).or(listed.changed);
        Listed { key: key.clone(), state, revision: newest.map(Version::revision), mark: listed.mark, changed }
    }

    /// The newest version: that of the alias, or ours where the alias does not know it yet.
    async fn newest(&self, key: &RemoteKey) -> Result<Option<Version>> {
        let said = self.client.version(key, Which::Latest).await?;
        match self.latest.newer_than(key, said.map(|version| version.number)) {
            // Where ours is gone, the secret was deleted and made anew.
            Some(own) => Ok(self.client.version(key, Which::Number(own)).await?.or(said)),
            None => Ok(said),
        }
    }

    /// Reads keys, in their order. Whoever reads one key of a target wants to know what became of it: whose mark it carries,
    /// too, which no value comes with.
    pub(super) async fn read_all(&self, keys: &[RemoteKey]) -> Vec<Result<Option<Record>>> {
        if let ([key], Role::Target) = (keys, self.role) {
            return vec![self.read_alone(key).await];
        }
        let asked: Vec<_> = keys.iter().map(|key| self.read_one(key)).collect();
        stream::iter(asked).buffered(self.capabilities.width).collect().await
    }

    async fn read_alone(&self, key: &RemoteKey) -> Result<Option<Record>> {
        let record = match self.read_one(key).await? {
            Some(record) if record.listed.mark.is_none() => record,
            other => return Ok(other),
        };
        match self.client.look(key).await {
            Ok(Some(seen)) => {
                let told = seen.listed(self.role);
                let is_kept = matches!(told.state, State::Managed(_)) && record.listed.state == State::Live;
                let state = if is_kept { told.state } else { record.listed.state };
                let content = if is_kept { Content::Nothing } else { record.content };
                Ok(Some(Record { listed: Listed { state, mark: told.mark, ..record.listed }, content }))
            }
            Ok(None) => Ok(None),
            Err(error) if error.kind == ErrorKind::Denied => Ok(Some(record)),
            Err(error) => Err(error),
        }
    }

    async fn read_one(&self, key: &RemoteKey) -> Result<Option<Record>> {
        let said = match self.client.value(key, Which::Latest).await {
            Ok(Some(held)) => Some(held),
            Ok(None) => None,
            Err(error) if may_be_unreadable(&error) => return self.unreadable(key, error).await,
            Err(error) => return Err(error),
        };
        let held = match self.latest.newer_than(key, said.as_ref().map(|held| held.number)) {
            Some(own) => match self.client.value(key, Which::Number(own)).await {
                Ok(held) => held.or(said),
                Err(error) if may_be_unreadable(&error) => return self.unreadable(key, error).await,
                Err(error) => return Err(error),
            },
            None => said,
        };
        match held {
            Some(held) => Ok(Some(self.record(key, held))),
            None => self.without_version(key).await,
        }
    }

    /// Google says of a version that it cannot be read as it is: switched off, or gone. Airflow does not fall back to an
    /// older one, nor do we.
    async fn unreadable(&self, key: &RemoteKey, error: Error) -> Result<Option<Record>> {
        match self.newest(key).await {
            Ok(Some(version)) if version.state != VersionState::Enabled => {
                let state = version.state.of_key();
                let listed = Listed { state, revision: Some(version.revision()), ..Listed::live(key.clone()) };
                Ok(Some(Record { listed, content: Content::Nothing }))
            }
            Ok(None) => self.without_version(key).await,
            Ok(Some(_)) | Err(_) => Err(error),
        }
    }

    /// Google says alike that there is no secret and that it has no version.
    async fn without_version(&self, key: &RemoteKey) -> Result<Option<Record>> {
        let seen = match self.client.look(key).await {
            Ok(seen) => seen,
            // That there is nothing to read was said plainly; what the name is like we may not know.
            Err(error) if error.kind == ErrorKind::Denied => None,
            Err(error) => return Err(error),
        };
        Ok(seen.map(|seen| Record { listed: self.listed(key, &seen, None), content: Content::Nothing }))
    }

    fn record(&self, key: &RemoteKey, held: Held) -> Record {
        let live = Listed { revision: Some(revision(held.number)), ..Listed::live(key.clone()) };
        match (held.text, self.role) {
            (Some(text), _) => Record { listed: live, content: Content::Value(text) },
            (None, Role::Target) => {
                let listed = Listed { state: State::Managed(Manager::Bytes), ..live };
                Record { listed, content: Content::Nothing }
            }
            (None, Role::Source) => {
                let why = "it holds bytes that are no text (UTF-8), of which Airflow reads nothing".to_owned();
                Record { listed: live, content: Content::Quarantined(Quarantine::Malformed(why)) }
            }
        }
    }
}

/// Tells whether the service may have said that the version is switched off or destroyed.
pub(super) const fn may_be_unreadable(error: &Error) -> bool {
    matches!(error.kind, ErrorKind::Conflict | ErrorKind::Invalid)
}
