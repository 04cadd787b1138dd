//! AWS Secrets Manager as a store of Airflow's keys.
#![doc = include_str!("README.md")]

mod airflow;
mod answer;
mod change;
mod checked;
mod client;
mod dialect;
mod entry;
mod fault;
mod findings;
mod history;
mod kwargs;
mod listing;
mod opening;
mod ownership;
mod reading;
mod rule;
mod settings;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use async_trait::async_trait;
use client::Client;
use futures::stream::{self, StreamExt};
use ownership::Ownership;
pub use settings::{LegacySetting, SecretsManagerSettings};

use crate::model::{Capabilities, Dialect, Finding, Kind, Listed, Mark, Observer, RemoteKey, Revision, Scope};
use crate::naming::Rule;
use crate::provider::aws::session::Session;
use crate::provider::{Entry, Expect, Provider, Record, Result, Role, StoreInfo};

/// The kind in the config.
pub const KIND: &str = "aws-secrets-manager";

/// `BatchGetSecretValue` takes no more ids.
const BATCH: usize = 20;

/// One opened Secrets Manager.
struct SecretsManagerProvider {
    info: StoreInfo,
    capabilities: Capabilities,
    rule: Rule,
    dialect: Dialect,
    client: Client,
    session: Session,
    ownership: Ownership,
    role: Role,
    observer: Arc<dyn Observer>,
    /// The key that new secrets are encrypted with.
    kms_key: Option<String>,
    /// Days.
    recovery_window: i64,
    /// Whether secrets are read one by one, as we may not ask for many at once.
    singly: AtomicBool,
}

impl SecretsManagerProvider {
    async fn look(&self, key: &RemoteKey) -> Result<Option<Listed>> {
        let seen = self.client.describe(key).await?;
        Ok(seen.map(|seen| Listed { key: key.clone(), ..seen.listed(self.client.region(), self.role) }))
    }
}

impl fmt::Debug for SecretsManagerProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (info, client, role) = (&self.info, &self.client, &self.role);
        f.debug_struct("SecretsManagerProvider")
            .field("info", info)
            .field("client", client)
            .field("role", role)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl Provider for SecretsManagerProvider {
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
        &self.dialect
    }

    async fn check(&self, role: Role, kinds: &[Kind]) -> Vec<Finding> {
        self.findings(role, kinds).await
    }

    async fn list(&self, scope: &Scope) -> Result<Vec<Listed>> {
        self.listing(scope).await
    }

    async fn stat(&self, keys: &[RemoteKey]) -> Vec<Result<Option<Listed>>> {
        let asked: Vec<_> = keys.iter().map(|key| self.look(key)).collect();
        let answers: Vec<_> = stream::iter(asked).buffered(self.capabilities.width).collect().await;
        answers.iter().flatten().flatten().for_each(|listed| self.ownership.note(listed));
        answers
    }

    async fn read(&self, keys: &[RemoteKey]) -> Vec<Result<Option<Record>>> {
        self.read_all(keys).await
    }

    async fn write(&self, key: &RemoteKey, entry: &Entry, expect: &Expect) -> Result<Revision> {
        self.put(key, entry, expect).await
    }

    async fn claim(&self, key: &RemoteKey, mark: &Mark, expect: &Expect) -> Result<Revision> {
        self.put_mark(key, mark, expect).await
    }

    async fn release(&self, key: &RemoteKey, mark: &Mark, _expect: &Expect) -> Result<Revision> {
        self.take_mark(key, mark).await
    }

    async fn delete(&self, key: &RemoteKey, expect: &Expect) -> Result<Option<Revision>> {
        self.schedule(key, expect).await
    }

    async fn keeps(&self, versions: &[(RemoteKey, Revision)]) -> Vec<Result<bool>> {
        let asked: Vec<_> = versions.iter().map(|(key, revision)| self.keeps_version(key, revision)).collect();
        stream::iter(asked).buffered(self.capabilities.width).collect().await
    }

    async fn restore(&self, key: &RemoteKey, revision: &Revision, expect: &Expect) -> Result<Revision> {
        self.go_back(key, revision, expect).await
    }
}
