//! Earlier versions: which are kept, and the way back to one. Key Vault keeps all, and makes none of them the latest again:
//! its value is written anew.

use super::KeyVaultProvider;
use super::answer::Seen;
use super::client::New;
use crate::model::{ErrorKind, RemoteKey, Revision, State};
use crate::provider::pages::follow;
use crate::provider::{Error, Result, Role};

impl KeyVaultProvider {
    /// Every version of a secret, in no order.
    pub(super) async fn versions(&self, key: &RemoteKey) -> Result<Vec<Seen>> {
        let circular = || {
            let context = "the versions cannot be followed: they ask for a page that was there before";
            Error::new(ErrorKind::Unexpected, "list versions", &self.info.name, context).about(key)
        };
        let ask = |link: Option<String>| async move { self.client.versions(key, link.as_deref()).await };
        let pages = follow(ask, |page| page.next.clone(), circular).await?;
        Ok(pages.into_iter().flat_map(|page| page.secrets).collect())
    }

    /// Tells whether a version is still there. Those of a deleted secret show again once it is recovered; the last one is told.
    pub(super) async fn keeps_version(&self, key: &RemoteKey, revision: &Revision) -> Result<bool> {
        let is_it = |seen: &Seen| seen.revision().as_ref() == Some(revision);
        if self.versions(key).await?.iter().any(is_it) {
            return Ok(true);
        }
        Ok(self.client.deleted(key).await?.is_ok_and(|deleted| is_it(&deleted)))
    }

    /// Makes a secret hold what it held at `revision`, and takes a deletion back first.
    pub(super) async fn go_back(&self, key: &RemoteKey, revision: &Revision) -> Result<Revision> {
        let found = self.known(key).await?.ok_or_else(|| self.gone("restore", key))?;
        let is_latest = found.revision().as_ref() == Some(revision);
        match found.listed(key, Role::Target).state {
            State::Managed(by) => Err(self.kept_by_others("restore", key, by.explained())),
            State::Deleted => {
                let back = self.take_back("restore", key).await?;
                if is_latest {
                    return self.revision("restore", key, &back);
                }
                self.renew(key, &back, revision).await.map_err(Error::of_unknown_effect)
            }
            _ if is_latest => Ok(revision.clone()),
            _ => self.renew(key, &found, revision).await,
        }
    }

    /// Writes the value of an earlier version as a new one; marks, and all other tags, stay as they are.
    async fn renew(&self, key: &RemoteKey, latest: &Seen, revision: &Revision) -> Result<Revision> {
        let wanted = self.version_at(key, revision).await?;
        let held = match self.client.get(key, wanted.version.as_deref()).await? {
            Ok(held) => held,
            Err(_) => return Err(self.lost(key, "that version cannot be read: it is switched off, or gone")),
        };
        let value = held.value.ok_or_else(|| self.lost(key, "that version holds no value"))?;
        let new = New {
            value: &value,
            tags: &latest.tags,
            content_type: held.seen.content_type.as_deref(),
            expires: held.seen.expires,
            not_before: held.seen.not_before,
        };
        let written = self.set("restore", key, &new).await?;
        let written = self.told_apart(key, &latest.tags, latest, written).await;
        self.revision("restore", key, &written)
    }

    async fn version_at(&self, key: &RemoteKey, revision: &Revision) -> Result<Seen> {
        let versions = self.versions(key).await?;
        let mut fitting = versions.into_iter().filter(|version| version.revision().as_ref() == Some(revision));
        match (fitting.next(), fitting.next()) {
            (Some(only), None) if only.version.is_some() => Ok(only),
            (Some(_), Some(_)) => Err(self.lost(key, "two versions were written in the second that is asked for")),
            _ => Err(self.lost(key, "that version is gone, or what is kept beside it was changed since")),
        }
    }

    fn lost(&self, key: &RemoteKey, context: &str) -> Error {
        let error = Error::new(ErrorKind::Unsupported, "restore", &self.info.name, context).about(key);
        error.with_remedy("`az keyvault secret list-versions` shows those that are there; set the value of one by hand")
    }
}
