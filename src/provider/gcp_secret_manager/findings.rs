//! `check`: whether Secret Manager can be reached, who we are, and by harmless requests which rights are missing.

use std::future::Future;
use std::sync::{Mutex, PoisonError};

use google_cloud_gax::error::Error as SdkError;
use google_cloud_secretmanager_v1::model::{Secret, SecretPayload, UpdateSecretRequest};
use uuid::Uuid;

use super::fault;
use super::identity::Principal;
use super::rights::{self, Grantee, Need, Probe};
use super::session::Session;
use crate::model::{Family, Finding, Kind, Listing, Severity};
use crate::naming::Rule;
use crate::provider::{Repeat, Role};

/// What a target is asked for beside what can be tried.
const UNTRIED: &[&str] = &["secretmanager.secrets.create"];

impl Session {
    /// Everything there is to say, all at once: what cannot be asked because of an earlier fault is left out.
    pub async fn findings(&self, role: Role, kinds: &[Kind], rule: &Rule, listing: Listing) -> Vec<Finding> {
        let mut findings = self.standing.clone();
        let mut listed = vec![self.list().await];
        if let Some(unreachable) = listed[0].unreachable(&self.store) {
            findings.push(unreachable);
            return findings;
        }
        let principal = Principal::of(&self.login);
        let message = format!("Google is asked as {principal}, for secrets of {}", self.parent());
        findings.push(Finding::new(Severity::Info, "identity", &self.store, message));
        let member = principal.member();
        let grantee = Grantee { project: &self.project, member: member.as_deref() };
        if listing != Listing::Full {
            listed.clear();
        }
        // Rights may be given under a condition on the name: each prefix is tried.
        for prefix in prefixes(rule, kinds) {
            let name = format!("{}/secrets/{prefix}secretferry-check-{}", self.parent(), Uuid::new_v4());
            listed.extend(self.reading(&name).await);
            if role == Role::Target {
                listed.extend(self.writing(&name).await);
            }
        }
        findings.extend(rights::missing(&self.store, &grantee, &listed));
        if role == Role::Target {
            findings.push(rights::untried(&self.store, &grantee, UNTRIED));
        }
        findings
    }

    async fn list(&self) -> Probe {
        let request = || self.client.list_secrets().set_parent(self.parent()).set_page_size(1).send();
        self.probe("secretmanager.secrets.list", Need::Job, Family::List, request).await
    }

    async fn reading(&self, name: &str) -> Vec<Probe> {
        let latest = &format!("{name}/versions/latest");
        let look = || self.client.get_secret().set_name(name).send();
        let version = || self.client.get_secret_version().set_name(latest).send();
        let access = || self.client.access_secret_version().set_name(latest).send();
        vec![
            self.probe("secretmanager.secrets.get", Need::Job, Family::Stat, look).await,
            self.probe("secretmanager.versions.get", Need::Job, Family::Stat, version).await,
            self.probe("secretmanager.versions.access", Need::Job, Family::Read, access).await,
        ]
    }

    async fn writing(&self, name: &str) -> Vec<Probe> {
        let payload = || SecretPayload::new().set_data("secretferry check");
        let add = || self.client.add_secret_version().set_parent(name).set_payload(payload()).send();
        let mut changed = UpdateSecretRequest::new().set_secret(Secret::new().set_name(name));
        changed.update_mask.get_or_insert_default().paths = vec!["annotations".to_owned()];
        let update = || self.client.update_secret().with_request(changed.clone()).send();
        let delete = || self.client.delete_secret().set_name(name).send();
        vec![
            self.probe("secretmanager.versions.add", Need::Job, Family::Write, add).await,
            self.probe("secretmanager.secrets.update", Need::Marks, Family::Write, update).await,
            self.probe("secretmanager.secrets.delete", Need::Deletes, Family::Delete, delete).await,
        ]
    }

    async fn probe<T, F, Fut>(&self, permission: &'static str, need: Need, family: Family, request: F) -> Probe
    where
        F: Fn() -> Fut,
        Fut: Future<Output = Result<T, SdkError>>,
    {
        const OPERATION: &str = "check";
        let code = Mutex::default();
        let attempt = || async {
            request().await.map(drop).map_err(|error| {
                *code.lock().unwrap_or_else(PoisonError::into_inner) = fault::code(&error);
                fault::sort(OPERATION, &self.store, &error)
            })
        };
        let answer = self.caller.call(family, OPERATION, Repeat::Never, attempt).await;
        Probe { permission, need, answer, code: code.into_inner().unwrap_or_else(PoisonError::into_inner) }
    }
}

/// What stands before the ids of these kinds, separator and all.
fn prefixes(rule: &Rule, kinds: &[Kind]) -> Vec<String> {
    let prefixes = kinds.iter().flat_map(|kind| rule.place(*kind).prefixes());
    let mut prefixes: Vec<_> = prefixes.map(|prefix| format!("{prefix}{}", rule.separator)).collect();
    prefixes.sort();
    prefixes.dedup();
    prefixes
}
