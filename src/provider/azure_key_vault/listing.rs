//! Listings: the whole vault, to the last page or not at all; of a target what is softly deleted, too.

use std::collections::BTreeMap;

use super::KeyVaultProvider;
use super::answer::{Page, Seen};
use crate::model::{ErrorKind, Event, Finding, Kind, Listed, RemoteKey, Scope, Severity};
use crate::naming::candidates;
use crate::provider::pages::follow;
use crate::provider::{Error, Result, Role};

impl KeyVaultProvider {
    /// Every key in scope. Key Vault lists all of a vault, whatever is asked for.
    pub(super) async fn listing(&self, scope: &Scope) -> Result<Vec<Listed>> {
        if scope.kinds.iter().all(|kind| self.rule.place(*kind).prefixes().is_empty()) {
            return Ok(Vec::new());
        }
        let mut seen = BTreeMap::new();
        if self.role == Role::Target {
            let ask = |link: Option<String>| async move { self.client.deleted_page(link.as_deref()).await };
            seen = self.followed(ask).await?;
        }
        let ask = |link: Option<String>| async move { self.client.page(link.as_deref()).await };
        // A secret that is recovered meanwhile is live.
        seen.extend(self.followed(ask).await?);
        let certificates = self.leave_certificates(&mut seen, &scope.kinds);
        if certificates > 0 {
            self.observer.observe(&Event::Found(self.left(certificates)));
        }
        let keys = seen.into_iter().map(|(name, seen)| (RemoteKey::new(name), seen));
        let keys = keys.filter(|(key, _)| self.is_asked_for(key, &scope.kinds));
        Ok(keys.map(|(key, seen)| seen.listed(&key, self.role)).collect())
    }

    // A secret that is made or deleted meanwhile may shift the pages, so that one shows twice.
    async fn followed<F>(&self, ask: impl Fn(Option<String>) -> F) -> Result<BTreeMap<String, Seen>>
    where
        F: Future<Output = Result<Page>>,
    {
        let circular = || self.broken("it asks for a page that was there before");
        let pages = follow(ask, |page| page.next.clone(), circular).await?;
        let all = pages.into_iter().flat_map(|page| page.secrets);
        let all: BTreeMap<_, _> = all.map(|seen| (seen.name.clone(), seen)).collect();
        if all.contains_key("") { Err(self.broken("it holds a secret without a name")) } else { Ok(all) }
    }

    fn broken(&self, context: &str) -> Error {
        Error::new(ErrorKind::Unexpected, "list", &self.info.name, format!("the listing cannot be followed: {context}"))
            .with_remedy("run again; if it stays so, see that vault-url leads to Key Vault itself")
    }

    /// What the vault says of deletes, beside each of its secrets: how long one can be taken back, and whether it can be purged.
    pub(super) async fn recovery(&self) -> Option<Finding> {
        // What keeps it from being listed is said already.
        let page = self.client.page(None).await.ok()?;
        let seen = page.secrets.first()?;
        let level = seen.recovery.as_deref()?;
        let found = |severity, message: String| Finding::new(severity, "recovery-level", &self.info.name, message);
        if seen.is_final() {
            let message = format!("what is deleted there is gone at once ({level}): nothing will be deleted");
            let remedy = "switch soft delete on: `az keyvault update --name <vault> --enable-soft-delete true`";
            return Some(found(Severity::Warning, message).with_remedy(remedy));
        }
        let purge =
            if level.contains("Purgeable") { "whoever has the right may purge it" } else { "nobody can purge it" };
        let days = seen.recoverable_days.map_or("a while".to_owned(), |days| format!("{days} days"));
        Some(found(Severity::Info, format!("what is deleted there can be recovered for {days}, and {purge} ({level})")))
    }

    /// Takes the keys of certificates out of a source whose ids stand bare: nobody has meant them for Airflow.
    fn leave_certificates(&self, seen: &mut BTreeMap<String, Seen>, kinds: &[Kind]) -> usize {
        let is_bare = |kind: &Kind| self.rule.place(*kind).prefixes().iter().any(String::is_empty);
        if self.role == Role::Target || !kinds.iter().any(is_bare) {
            return 0;
        }
        let before = seen.len();
        seen.retain(|_, seen| !seen.managed);
        before - seen.len()
    }

    fn left(&self, count: usize) -> Finding {
        let message = format!("{count} secrets are kept by certificates; with an empty prefix they are left alone");
        let finding = Finding::new(Severity::Info, "certificates-left", &self.info.name, message);
        finding.with_remedy("nothing to do, unless DAGs read the keys of certificates: then give the kind a prefix")
    }

    // An undecodable name below our prefixes stays in the listing: it is for `naming` to say so.
    fn is_asked_for(&self, key: &RemoteKey, kinds: &[Kind]) -> bool {
        let decoded = candidates(&self.rule, key);
        decoded.is_empty() || decoded.iter().any(|decoded| kinds.contains(&decoded.name.kind))
    }
}
