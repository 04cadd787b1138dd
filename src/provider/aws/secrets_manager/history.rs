//! Earlier versions: which are kept, and the way back to one. AWS moves its own label, and what Airflow then reads proves it.

use std::collections::BTreeSet;

use tokio::time::sleep;
use uuid::Uuid;

use super::SecretsManagerProvider;
use super::client::Which;
use crate::model::{ErrorKind, Listed, RemoteKey, Revision, State};
use crate::provider::aws::session::SETTLING;
use crate::provider::pages::follow;
use crate::provider::{Error, Expect, RequestToken, Result};

impl SecretsManagerProvider {
    /// Tells whether AWS still keeps a version. A look shows those with a label, the last two among them; of the others AWS
    /// keeps about a hundred, and drops none on its first day.
    pub(super) async fn keeps_version(&self, key: &RemoteKey, revision: &Revision) -> Result<bool> {
        let Some(seen) = self.client.describe(key).await? else { return Ok(false) };
        if seen.labelled.iter().any(|version| version == revision.as_str()) {
            return Ok(true);
        }
        match self.version_ids(key).await {
            Ok(ids) => Ok(ids.contains(revision.as_str())),
            // As AWS may answer of a secret that is scheduled for deletion.
            Err(error) if matches!(error.kind, ErrorKind::Invalid | ErrorKind::Conflict) => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn version_ids(&self, key: &RemoteKey) -> Result<BTreeSet<String>> {
        let circular = || {
            let context = "the versions cannot be followed: they ask for a page that was there before";
            Error::new(ErrorKind::Unexpected, "list versions", &self.info.name, context).about(key)
        };
        let ask = |token: Option<String>| async move { self.client.versions(key, token.as_deref()).await };
        let pages = follow(ask, |page| page.as_ref()?.next.clone(), circular).await?;
        Ok(pages.into_iter().flatten().flat_map(|page| page.ids).collect())
    }

    /// Makes `revision` the current version of a key that is as `expect` says, and takes a deletion back first.
    pub(super) async fn go_back(&self, key: &RemoteKey, revision: &Revision, expect: &Expect) -> Result<Revision> {
        let found = match expect {
            Expect::At(current) => Listed { revision: Some(current.clone()), ..Listed::live(key.clone()) },
            Expect::Deleted(left) => {
                Listed { revision: Some(left.clone()), state: State::Deleted, ..Listed::live(key.clone()) }
            }
            _ => self.look(key).await?.ok_or_else(|| self.gone("restore", key))?,
        };
        match found.state {
            State::Managed(by) => Err(self.kept_by_others("restore", key, by.explained())),
            State::Deleted => {
                self.client.restore(key).await?.ok_or_else(|| self.gone("restore", key))?;
                self.make_current(key, found.revision.as_ref(), revision).await.map_err(Error::of_unknown_effect)
            }
            _ => self.make_current(key, found.revision.as_ref(), revision).await,
        }
    }

    async fn make_current(&self, key: &RemoteKey, from: Option<&Revision>, to: &Revision) -> Result<Revision> {
        let Some(from) = from else { return Err(self.lost(key)) };
        if from == to {
            return Ok(to.clone());
        }
        match self.client.move_current(key, from.as_str(), to.as_str()).await {
            Ok(Some(())) => self.proved(key, from, to).await,
            // AWS says alike that the version is gone, that the secret is, and that another version is the current one by now.
            Ok(None) => Err(self.why_not(key, from).await),
            Err(error) if error.kind == ErrorKind::Invalid => {
                Err(Error { effect: error.effect, ..self.why_not(key, from).await })
            }
            Err(error) => Err(error),
        }
    }

    /// Reads the secret as Airflow does, and drops the value. Where that goes on giving another version than the label says, as
    /// emulators do, the earlier value is written as a new version.
    async fn proved(&self, key: &RemoteKey, from: &Revision, to: &Revision) -> Result<Revision> {
        for pause in SETTLING {
            sleep(pause).await;
            match self.client.value(key, Which::Unsaid).await {
                Ok(Some(held)) if held.version.as_deref() != Some(to.as_str()) => {}
                // What cannot be read proves nothing against the word of AWS.
                _ => return Ok(to.clone()),
            }
        }
        let earlier = self.client.value(key, Which::Version(to.as_str())).await.map_err(Error::of_unknown_effect)?;
        let Some(text) = earlier.and_then(|held| held.text) else { return Ok(to.clone()) };
        // The label goes back to where the service believes it to be, or two versions would carry it.
        self.client.move_current(key, to.as_str(), from.as_str()).await.map_err(Error::of_unknown_effect)?;
        let token = RequestToken(Uuid::new_v4().to_string());
        let written = self.client.put(key, &text, &token).await.map_err(Error::of_unknown_effect)?;
        written.map(Revision::new).ok_or_else(|| self.gone("restore", key).of_unknown_effect())
    }

    async fn why_not(&self, key: &RemoteKey, from: &Revision) -> Error {
        match self.look(key).await {
            Ok(Some(listed)) if listed.revision.as_ref() == Some(from) => self.lost(key),
            Ok(Some(_)) => {
                let context = "somebody wrote a newer version meanwhile; it stays";
                Error::new(ErrorKind::Conflict, "restore", &self.info.name, context).about(key)
            }
            Ok(None) => self.gone("restore", key),
            Err(error) => error,
        }
    }

    fn lost(&self, key: &RemoteKey) -> Error {
        let context = "that version is gone: AWS drops versions without a label beyond about a hundred";
        Error::new(ErrorKind::Unsupported, "restore", &self.info.name, context).about(key)
    }
}
