//! Listings: by the prefixes in scope, to the last page or not at all; and a look beside prefixes that hold nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::SecretsManagerProvider;
use super::answer::Seen;
use crate::model::{ErrorKind, Event, Finding, Kind, Listed, RemoteKey, Scope, Severity};
use crate::naming::decode;
use crate::provider::pages::follow;
use crate::provider::{Error, Result};

impl SecretsManagerProvider {
    /// Every key in scope, those scheduled for deletion included. Of a listing that holds nothing it is said where else to look.
    pub(super) async fn listing(&self, scope: &Scope) -> Result<Vec<Listed>> {
        let Some(prefixes) = self.prefixes(&scope.kinds) else { return Ok(Vec::new()) };
        let seen = self.all(&prefixes).await?;
        let listed = seen.values().map(|seen| seen.listed(self.client.region(), self.role));
        let listed: Vec<_> = listed.filter(|listed| self.is_asked_for(&listed.key, scope)).collect();
        if listed.is_empty() {
            for finding in self.beside(&scope.kinds).await {
                self.observer.observe(&Event::Found(finding));
            }
        }
        Ok(listed)
    }

    /// What a name in scope begins with; nothing stands for any name, and `None` for none.
    fn prefixes(&self, kinds: &[Kind]) -> Option<Vec<String>> {
        let prefixes: BTreeSet<&str> =
            kinds.iter().flat_map(|kind| self.rule.place(*kind).prefixes()).map(String::as_str).collect();
        if prefixes.is_empty() {
            return None;
        }
        let heads = prefixes.iter().map(|prefix| self.rule.head(prefix));
        Some(if prefixes.contains("") { Vec::new() } else { heads.collect() })
    }

    // A secret that is made or deleted meanwhile may shift the pages, so that one shows twice.
    async fn all(&self, prefixes: &[String]) -> Result<BTreeMap<String, Seen>> {
        let ask = |token: Option<String>| async move { self.client.page(prefixes, token.as_deref()).await };
        let circular = || self.broken("it asks for a page that was there before");
        let pages = follow(ask, |page| page.next.clone(), circular).await?;
        let all: BTreeMap<_, _> =
            pages.into_iter().flat_map(|page| page.secrets).map(|seen| (seen.name.clone(), seen)).collect();
        if all.contains_key("") { Err(self.broken("it holds a secret without a name")) } else { Ok(all) }
    }

    fn broken(&self, context: &str) -> Error {
        Error::new(ErrorKind::Unexpected, "list", &self.info.name, format!("the listing cannot be followed: {context}"))
            .with_remedy("run again; if it stays so, ask AWS Support")
    }

    // An undecodable name below our prefixes stays in the listing: it is for `naming` to say so.
    fn is_asked_for(&self, key: &RemoteKey, scope: &Scope) -> bool {
        decode(&self.rule, key).is_none_or(|decoded| scope.kinds.contains(&decoded.name.kind))
    }

    /// What lies beside prefixes that hold nothing, of these kinds.
    pub(super) async fn twins(&self, kinds: &[Kind]) -> Vec<Finding> {
        let mut empty = Vec::new();
        for kind in kinds {
            let prefixes = self.prefixes(&[*kind]).unwrap_or_default();
            if !prefixes.is_empty() && self.client.page(&prefixes, None).await.is_ok_and(|page| page.secrets.is_empty())
            {
                empty.push(*kind);
            }
        }
        self.beside(&empty).await
    }

    /// What lies beside the prefixes of kinds that have nothing: `/airflow/connections` and `airflow/connections` are two
    /// places, and Airflow looks in exactly one. One page answers each; what cannot be asked is not said.
    async fn beside(&self, kinds: &[Kind]) -> Vec<Finding> {
        let mut findings = Vec::new();
        for kind in kinds {
            for prefix in self.rule.place(*kind).prefixes().iter().filter(|prefix| !prefix.is_empty()) {
                let twin = twin(prefix);
                let begin = format!("{twin}{}", self.rule.separator);
                let found = self.client.page(&[begin], None).await;
                if found.is_ok_and(|page| !page.secrets.is_empty()) {
                    findings.push(self.twin_found(*kind, prefix, &twin));
                }
            }
        }
        findings
    }

    fn twin_found(&self, kind: Kind, prefix: &str, twin: &str) -> Finding {
        let kinds = kind.plural();
        let message = format!("there are no {kinds} under {prefix:?}, but there are secrets under {twin:?}");
        let remedy = format!(
            "if these are the ones, set {}-prefix = {twin:?}; Airflow adds no slash and takes none away",
            if kind == Kind::Config { "config" } else { kinds }
        );
        Finding::new(Severity::Warning, "prefix-twin", &self.info.name, message).with_remedy(remedy)
    }
}

/// The same prefix with the slash in front that it lacks, or without the one that it has.
fn twin(prefix: &str) -> String {
    prefix.strip_prefix('/').map_or_else(|| format!("/{prefix}"), str::to_owned)
}
