//! Azure Key Vault as a store of Airflow's keys.
#![doc = include_str!("README.md")]
#![doc = include_str!("ACCESS.md")]
//!
//! # Inside
//!
//! `access` is what a table says of getting in, checked; `auth` its log-in; `session` what comes of them. `fault` turns the
//! SDK's errors into ours, `said` what the vault tells of a secret by refusing. The SDK never repeats anything: that is
//! [`Caller`](super::Caller)'s part.

mod access;
mod airflow;
mod answer;
mod auth;
mod chain;
mod change;
mod checked;
mod client;
mod codes;
mod entry;
mod fault;
mod findings;
mod history;
mod identity;
mod kwargs;
mod listing;
mod login;
mod looks;
mod network;
mod opening;
mod ownership;
mod reading;
mod refusal;
mod rights;
mod rule;
mod said;
mod session;
mod settings;
mod settling;
mod tokens;
mod trust;

use std::fmt;
use std::sync::Arc;

pub use access::PaceSettings;
use async_trait::async_trait;
pub use auth::AuthSettings;
use client::Client;
use futures::stream::{self, StreamExt};
use looks::Looks;
use session::Session;
pub use settings::KeyVaultSettings;

use crate::model::{
    Capabilities, ConnectionDialect, Dialect, Finding, Kind, Listed, Mark, Observer, RemoteKey, Revision, Scope,
    TextDialect,
};
use crate::naming::Rule;
use crate::provider::{Entry, Expect, Provider, Record, Result, Role, StoreInfo};

/// The kind in the config.
pub const KIND: &str = "azure-key-vault";

/// How Airflow's `AzureKeyVaultBackend` reads what is stored: its own JSON or a URI, as it is.
const DIALECT: Dialect = Dialect { connection: ConnectionDialect::Text, text: TextDialect::Verbatim };

/// Key Vault reads one secret a call; so many of them are handed on together.
const BATCH: usize = 16;

/// One opened vault.
struct KeyVaultProvider {
    info: StoreInfo,
    capabilities: Capabilities,
    rule: Rule,
    client: Client,
    session: Session,
    role: Role,
    observer: Arc<dyn Observer>,
    /// What new secrets say of their text.
    content_type: Option<String>,
    looks: Looks,
}

impl fmt::Debug for KeyVaultProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (info, client, role) = (&self.info, &self.client, &self.role);
        f.debug_struct("KeyVaultProvider")
            .field("info", info)
            .field("client", client)
            .field("role", role)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl Provider for KeyVaultProvider {
    fn info(&self) -> &StoreInfo {
        &self.info
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn rule(&self) -> &Rule {
        &self.rule
    }

    fn dialect(&self) -> &Dialect {
        &DIALECT
    }

    async fn check(&self, role: Role, _kinds: &[Kind]) -> Vec<Finding> {
        let mut findings = self.session.findings(role, self.capabilities.listing).await;
        if role == Role::Target {
            findings.extend(self.recovery().await);
        }
        findings
    }

    async fn list(&self, scope: &Scope) -> Result<Vec<Listed>> {
        self.listing(scope).await
    }

    async fn stat(&self, keys: &[RemoteKey]) -> Vec<Result<Option<Listed>>> {
        let asked: Vec<_> = keys.iter().map(|key| self.stat_one(key)).collect();
        stream::iter(asked).buffered(self.capabilities.width).collect().await
    }

    async fn read(&self, keys: &[RemoteKey]) -> Vec<Result<Option<Record>>> {
        let asked: Vec<_> = keys.iter().map(|key| self.read_one(key)).collect();
        stream::iter(asked).buffered(self.capabilities.width).collect().await
    }

    async fn write(&self, key: &RemoteKey, entry: &Entry, expect: &Expect) -> Result<Revision> {
        self.put(key, entry, expect).await
    }

    async fn claim(&self, key: &RemoteKey, mark: &Mark, _expect: &Expect) -> Result<Revision> {
        self.put_mark(key, mark).await
    }

    async fn release(&self, key: &RemoteKey, mark: &Mark, _expect: &Expect) -> Result<Revision> {
        self.take_mark(key, mark).await
    }

    async fn delete(&self, key: &RemoteKey, _expect: &Expect) -> Result<Option<Revision>> {
        self.bury(key).await
    }

    async fn keeps(&self, versions: &[(RemoteKey, Revision)]) -> Vec<Result<bool>> {
        let asked: Vec<_> = versions.iter().map(|(key, revision)| self.keeps_version(key, revision)).collect();
        stream::iter(asked).buffered(self.capabilities.width).collect().await
    }

    async fn restore(&self, key: &RemoteKey, revision: &Revision, _expect: &Expect) -> Result<Revision> {
        self.go_back(key, revision).await
    }
}
