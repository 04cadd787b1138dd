//! Earlier versions: which are kept, the way back to one, and the end of those that nobody wants to pay for.

use super::SecretManagerProvider;
use super::answer::{Number, Version, VersionState, number, revision};
use super::client::Which;
use super::reading::may_be_unreadable;
use crate::model::{ErrorKind, Event, Finding, Mark, RemoteKey, Revision, Severity};
use crate::provider::pages::follow;
use crate::provider::{Error, Expect, Result};

impl SecretManagerProvider {
    /// Tells whether a version can still be read, and so be written anew.
    pub(super) async fn keeps_version(&self, key: &RemoteKey, revision: &Revision) -> Result<bool> {
        let Some(number) = number(revision) else { return Ok(false) };
        let version = self.client.version(key, Which::Number(number)).await?;
        Ok(version.is_some_and(|version| version.state == VersionState::Enabled))
    }

    /// Writes what `back_to` held as a new version of a key that is as `expect` says: Google's newest is what counts.
    pub(super) async fn go_back(&self, key: &RemoteKey, back_to: &Revision, expect: &Expect) -> Result<Revision> {
        let _turn = self.turns.take(key).await;
        self.ownership.take(key);
        if matches!(expect, Expect::At(current) if current == back_to) {
            return Ok(back_to.clone());
        }
        let earlier = number(back_to).ok_or_else(|| self.lost(key))?;
        let held = match self.client.value(key, Which::Number(earlier)).await {
            Ok(held) => held.ok_or_else(|| self.lost(key))?,
            Err(error) if may_be_unreadable(&error) => return Err(self.lost(key)),
            Err(error) => return Err(error),
        };
        let before = match expect {
            Expect::At(at) | Expect::Deleted(at) => number(at),
            Expect::Absent | Expect::Holding(_) | Expect::Anything => None,
        };
        let text = held.text.ok_or_else(|| self.lost(key))?;
        self.add(key, &text, before).await.map(revision)
    }

    fn lost(&self, key: &RemoteKey) -> Error {
        let context = "that version cannot be read any more: it was switched off or destroyed, or never was text";
        Error::new(ErrorKind::Unsupported, "restore", &self.info.name, context).about(key)
    }

    /// Destroys what is older than the versions to keep, where the table says how many, and where the secret is ours.
    pub(super) async fn prune(&self, key: &RemoteKey, mark: &Mark, newest: Number) {
        let Some(kept) = self.keep_versions else { return };
        if let Err(error) = self.destroy_superseded(key, mark, newest, usize::from(kept)).await {
            let subject = format!("{} {key}", self.info.name);
            let message = format!("the value is written, older versions are not destroyed: {error}");
            let finding = Finding::new(Severity::Warning, "versions-kept", subject, message);
            let remedy = error.remedy.as_deref().unwrap_or("the next write of the key tries again");
            self.observer.observe(&Event::Found(finding.with_remedy(remedy)));
        }
    }

    async fn destroy_superseded(&self, key: &RemoteKey, mark: &Mark, newest: Number, kept: usize) -> Result<()> {
        let Some(seen) = self.client.look(key).await?.filter(|seen| seen.mark().as_ref() == Some(mark)) else {
            return Ok(());
        };
        let versions = self.versions(key).await?;
        for number in superseded(&versions, newest, kept).filter(|number| !seen.aliased.contains(number)) {
            self.client.destroy(key, number).await?;
        }
        Ok(())
    }

    async fn versions(&self, key: &RemoteKey) -> Result<Vec<Version>> {
        let broken = || {
            let context = "the versions cannot be followed to their end";
            Error::new(ErrorKind::Unexpected, "list versions", &self.info.name, context).about(key)
        };
        let ask = |token: Option<String>| async move { self.client.versions(key, token.as_deref()).await };
        let pages = follow(ask, |page| page.as_ref()?.next.clone(), broken).await?;
        let versions = pages.into_iter().flatten().flat_map(|page| page.items);
        versions.collect::<Option<_>>().ok_or_else(broken)
    }
}

/// The versions beyond the newest `kept`, the one just written among these; a listing may not show it yet.
fn superseded(versions: &[Version], newest: Number, kept: usize) -> impl Iterator<Item = Number> {
    let left = versions.iter().filter(|version| version.state != VersionState::Destroyed);
    let mut older: Vec<Number> = left.map(|version| version.number).filter(|number| *number < newest).collect();
    older.sort_unstable_by(|one, other| other.cmp(one));
    older.into_iter().skip(kept.saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_lies_beyond_the_newest_is_superseded() {
        use VersionState::{Destroyed, Disabled, Enabled};
        let version = |(number, state)| Version { number, state, made: None };
        let five = [(5, Enabled), (4, Enabled), (3, Disabled), (2, Destroyed), (1, Enabled)].map(version);
        let rows: [(&[Version], Number, usize, &[Number]); 6] = [
            (&five, 5, 1, &[4, 3, 1]),
            (&five, 5, 2, &[3, 1]),
            (&five, 5, 4, &[]),
            // The listing lags behind: version 6 was written just now.
            (&five, 6, 2, &[4, 3, 1]),
            // Somebody wrote after us.
            (&five, 4, 1, &[3, 1]),
            (&[], 1, 1, &[]),
        ];
        for (versions, newest, kept, expected) in rows {
            let found: Vec<Number> = superseded(versions, newest, kept).collect();
            assert_eq!(found, expected, "{newest} {kept}");
        }
    }
}
