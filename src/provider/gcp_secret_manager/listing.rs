//! Listings: all secrets of a project, to the last page or not at all; Google's own filter is not exact, so ours decides.

use std::collections::BTreeMap;

use super::SecretManagerProvider;
use super::answer::Seen;
use crate::model::{ErrorKind, Event, Finding, Listed, RemoteKey, Scope, Severity};
use crate::naming::decode;
use crate::provider::pages::follow;
use crate::provider::{Error, Result};

impl SecretManagerProvider {
    /// Every key in scope, those without a version included.
    pub(super) async fn listing(&self, scope: &Scope) -> Result<Vec<Listed>> {
        let heads = self.heads(scope);
        if heads.is_empty() {
            return Ok(Vec::new());
        }
        let mut seen = self.all().await?;
        seen.retain(|name, _| {
            heads.iter().any(|head| name.starts_with(head.as_str())) && self.is_asked_for(name, scope)
        });
        if let Some(finding) = self.expiring(&seen) {
            self.observer.observe(&Event::Found(finding));
        }
        Ok(seen.values().map(|seen| seen.listed(self.role)).collect())
    }

    /// What the names of a scope begin with; none where its kinds are off.
    fn heads(&self, scope: &Scope) -> Vec<String> {
        let prefixes = scope.kinds.iter().flat_map(|kind| self.rule.place(*kind).prefixes());
        prefixes.map(|prefix| self.rule.head(prefix)).collect()
    }

    // A secret that is made or deleted meanwhile may shift the pages, so that one shows twice.
    async fn all(&self) -> Result<BTreeMap<String, Seen>> {
        let ask = |token: Option<String>| async move { self.client.page(token.as_deref()).await };
        let circular = || self.broken("it asks for a page that was there before");
        let pages = follow(ask, |page| page.next.clone(), circular).await?;
        let named =
            pages.into_iter().flat_map(|page| page.items).map(|seen| seen.map(|seen| (seen.name.clone(), seen)));
        named.collect::<Option<_>>().ok_or_else(|| self.broken("it holds a secret without a name"))
    }

    fn broken(&self, context: &str) -> Error {
        let context = format!("the listing cannot be followed: {context}");
        Error::new(ErrorKind::Unexpected, "list", &self.info.name, context)
            .with_remedy("run again; if it stays so, ask Google Cloud Support")
    }

    // An undecodable name below our prefixes stays in the listing: it is for `naming` to say so.
    fn is_asked_for(&self, name: &str, scope: &Scope) -> bool {
        decode(&self.rule, &RemoteKey::new(name)).is_none_or(|decoded| scope.kinds.contains(&decoded.name.kind))
    }

    /// Secrets that Google will delete by itself, whatever we do.
    fn expiring(&self, seen: &BTreeMap<String, Seen>) -> Option<Finding> {
        let mut expiring = seen.values().filter(|seen| seen.expires);
        let first = expiring.next()?;
        let message = match expiring.count() {
            0 => format!("Google will delete {} by itself: it has an expiry", first.name),
            more => format!("Google will delete {} and {more} more by itself: they have an expiry", first.name),
        };
        let finding = Finding::new(Severity::Warning, "secrets-expire", &self.info.name, message);
        Some(finding.with_remedy(format!("gcloud secrets update {} --remove-expiration keeps one", first.name)))
    }
}
