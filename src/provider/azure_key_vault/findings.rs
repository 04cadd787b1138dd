//! `check`: whether the vault can be reached, who we are there, and by harmless requests which rights are missing.

use std::future::Future;
use std::sync::{Mutex, PoisonError};

use azure_security_keyvault_secrets::models::UpdateSecretPropertiesParameters;
use futures::StreamExt as _;
use uuid::Uuid;

use super::fault;
use super::rights::{self, Grantee, Probe, Right};
use super::session::Session;
use crate::model::{Family, Finding, Listing, Severity};
use crate::provider::{Repeat, Role};

impl Session {
    /// Everything there is to say, all at once: what cannot be asked because of an earlier fault is left out.
    pub async fn findings(&self, role: Role, listing: Listing) -> Vec<Finding> {
        let mut findings = self.standing.clone();
        // The first request logs in, alone.
        let mut probes = vec![self.list().await];
        if let Some(unreachable) = probes[0].unreachable(&self.store) {
            findings.push(unreachable);
            return findings;
        }
        let principal = self.tokens.principal();
        let message = format!("Entra ID takes us for {principal}{}", self.found());
        findings.push(Finding::new(Severity::Info, "identity", &self.store, message));
        if listing != Listing::Full {
            probes.clear();
        }
        probes.extend(self.probes(role).await);
        let vault = self.host.split('.').next().unwrap_or_default();
        let grantee = Grantee { vault, object: principal.object.as_deref(), role };
        findings.extend(rights::missing(&self.store, &grantee, &probes));
        findings.push(rights::told(&self.store, vault, rights::model(&probes)));
        findings
    }

    fn found(&self) -> String {
        self.tokens.found().map_or(String::new(), |login| format!("; auto found {}", login.method()))
    }

    async fn list(&self) -> Probe {
        let first_page = || async {
            let mut pages = self.client.list_secret_properties(None)?.into_pages();
            pages.next().await.transpose().map(drop)
        };
        self.probe(Right::List, Family::List, first_page).await
    }

    /// Asks for everything a role needs, of a name that nobody has: whoever may is told that there is none.
    async fn probes(&self, role: Role) -> Vec<Probe> {
        let name = &format!("secretferry-check-{}", Uuid::new_v4());
        let client = &self.client;
        let get = || async { client.get_secret(name, None).await.map(drop) };
        let mut probes = vec![self.probe(Right::Get, Family::Stat, get).await];
        if role == Role::Source {
            return probes;
        }
        let set = || async {
            let nothing = UpdateSecretPropertiesParameters::default().try_into()?;
            client.update_secret_properties(name, nothing, None).await.map(drop)
        };
        let delete = || async { client.delete_secret(name, None).await.map(drop) };
        let recover = || async { client.recover_deleted_secret(name, None).await.map(drop) };
        probes.push(self.probe(Right::Set, Family::Write, set).await);
        probes.push(self.probe(Right::Delete, Family::Delete, delete).await);
        probes.push(self.probe(Right::Recover, Family::Write, recover).await);
        probes
    }

    async fn probe<F, Fut>(&self, right: Right, family: Family, request: F) -> Probe
    where
        F: Fn() -> Fut,
        Fut: Future<Output = azure_core::Result<()>>,
    {
        const OPERATION: &str = "check";
        let refusal = Mutex::default();
        let attempt = || async {
            request().await.map_err(|error| {
                *refusal.lock().unwrap_or_else(PoisonError::into_inner) = fault::refusal(&error);
                fault::sort(OPERATION, &self.store, &error)
            })
        };
        let answer = self.caller.call(family, OPERATION, Repeat::Never, attempt).await;
        Probe { right, answer, refusal: refusal.into_inner().unwrap_or_else(PoisonError::into_inner) }
    }
}
