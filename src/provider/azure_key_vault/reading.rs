//! Looks and reads: one secret a call, and a second one where the first shows none.

use super::KeyVaultProvider;
use super::answer::{Held, Seen};
use super::said::Said;
use crate::model::{ErrorKind, Listed, RemoteKey, State};
use crate::provider::{Content, Error, Record, Result, Role};

impl KeyVaultProvider {
    /// Looks at one key, and notes what it shows for the change that may follow.
    pub(super) async fn stat_one(&self, key: &RemoteKey) -> Result<Option<Listed>> {
        let seen = self.find(key).await?;
        if self.role == Role::Target {
            self.looks.note(key, seen.as_ref());
        }
        Ok(seen.map(|seen| seen.listed(key, self.role)))
    }

    /// Whatever has the name: a live secret, one that is off or, in a target, one that is softly deleted.
    pub(super) async fn find(&self, key: &RemoteKey) -> Result<Option<Seen>> {
        match self.client.look(key).await? {
            Ok(seen) => Ok(Some(seen)),
            Err(said) => self.instead(key, said).await,
        }
    }

    /// Reads one key.
    pub(super) async fn read_one(&self, key: &RemoteKey) -> Result<Option<Record>> {
        match self.client.get(key, None).await? {
            Ok(held) => self.record(key, held).map(Some),
            Err(said) => {
                let seen = self.instead(key, said).await?;
                Ok(seen.map(|seen| Record { listed: seen.listed(key, self.role), content: Content::Nothing }))
            }
        }
    }

    /// What has the name where the vault shows no value. To Airflow a softly deleted secret is none, and so it is in a source.
    async fn instead(&self, key: &RemoteKey, said: Said) -> Result<Option<Seen>> {
        match (said, self.role) {
            (Said::Missing, Role::Source) => Ok(None),
            (Said::Missing | Said::Deleted, _) => match self.client.deleted(key).await {
                Ok(answer) => Ok(answer.ok()),
                // That no live secret has the name was said plainly; a create finds out if a deleted one has.
                Err(error) if error.kind == ErrorKind::Denied => Ok(None),
                Err(error) => Err(error),
            },
            (Said::Disabled, _) => self.switched_off(key).await.map(Some),
            (Said::Passing | Said::Taken, _) => {
                let context = "it is being deleted or recovered just now";
                let error = Error::new(ErrorKind::Unavailable, "read", self.client.store(), context).about(key);
                Err(error.with_remedy("run again in a minute"))
            }
        }
    }

    /// A secret whose latest version is off shows what lies beside the value only among its versions.
    pub(super) async fn switched_off(&self, key: &RemoteKey) -> Result<Seen> {
        let off = |seen| Seen { enabled: false, ..seen };
        match self.versions(key).await {
            Ok(versions) => Ok(off(versions.into_iter().max_by_key(|version| version.created).unwrap_or_default())),
            // That it is off was said plainly.
            Err(error) if error.kind == ErrorKind::Denied => Ok(off(Seen::default())),
            Err(error) => Err(error),
        }
    }

    fn record(&self, key: &RemoteKey, held: Held) -> Result<Record> {
        let listed = held.seen.listed(key, self.role);
        match (held.value, listed.state) {
            (_, State::Managed(_)) => Ok(Record { listed, content: Content::Nothing }),
            (Some(value), _) => Ok(Record { listed, content: Content::Value(value) }),
            (None, _) => {
                let context = "the answer holds no value";
                Err(Error::new(ErrorKind::Unexpected, "read", self.client.store(), context).about(key))
            }
        }
    }
}
