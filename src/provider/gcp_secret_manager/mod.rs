//! Google Secret Manager as a store of Airflow's keys.
#![doc = include_str!("README.md")]
#![doc = include_str!("ACCESS.md")]

mod access;
mod airflow;
mod answer;
mod auth;
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
mod latest;
mod listing;
mod login;
mod network;
mod opening;
mod ownership;
mod reading;
mod refusal;
mod rights;
mod rule;
mod session;
mod settings;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
pub use auth::AuthSettings;
use client::{Client, Homes};
use futures::stream::{self, StreamExt};
use latest::Latest;
use ownership::Ownership;
use session::Session;
pub use settings::SecretManagerSettings;

use crate::model::{
    Capabilities, ConnectionDialect, Dialect, Finding, Kind, Listed, Mark, Observer, RemoteKey, Revision, Scope,
    TextDialect,
};
use crate::naming::Rule;
use crate::provider::turns::Turns;
use crate::provider::{Entry, Expect, Provider, Record, Result, Role, StoreInfo};

/// The kind in the config.
pub const KIND: &str = "gcp-secret-manager";

/// How Airflow's `CloudSecretManagerBackend` reads what is stored: its own JSON or a URI, as it is.
const DIALECT: Dialect = Dialect { connection: ConnectionDialect::Text, text: TextDialect::Verbatim };

/// One opened Secret Manager.
struct SecretManagerProvider {
    info: StoreInfo,
    capabilities: Capabilities,
    rule: Rule,
    client: Client,
    session: Session,
    ownership: Ownership,
    role: Role,
    observer: Arc<dyn Observer>,
    /// Where new secrets are kept.
    homes: Homes,
    /// How many versions of a secret stay; all of them where left out.
    keep_versions: Option<u16>,
    turns: Turns,
    latest: Latest,
}

impl fmt::Debug for SecretManagerProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (info, client, role) = (&self.info, &self.client, &self.role);
        f.debug_struct("SecretManagerProvider")
            .field("info", info)
            .field("client", client)
            .field("role", role)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl Provider for SecretManagerProvider {
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

    async fn check(&self, role: Role, kinds: &[Kind]) -> Vec<Finding> {
        self.session.findings(role, kinds, &self.rule, self.capabilities.listing).await
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

    async fn release(&self, key: &RemoteKey, mark: &Mark, expect: &Expect) -> Result<Revision> {
        self.take_mark(key, mark, expect).await
    }

    async fn delete(&self, key: &RemoteKey, expect: &Expect) -> Result<Option<Revision>> {
        self.remove(key, expect).await
    }

    async fn keeps(&self, versions: &[(RemoteKey, Revision)]) -> Vec<Result<bool>> {
        let asked: Vec<_> = versions.iter().map(|(key, revision)| self.keeps_version(key, revision)).collect();
        stream::iter(asked).buffered(self.capabilities.width).collect().await
    }

    async fn restore(&self, key: &RemoteKey, revision: &Revision, expect: &Expect) -> Result<Revision> {
        self.go_back(key, revision, expect).await
    }
}
