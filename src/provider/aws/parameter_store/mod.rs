//! AWS Systems Manager Parameter Store as a store of Airflow's keys.
#![doc = include_str!("README.md")]

mod airflow;
mod change;
mod client;
mod entry;
mod findings;
mod kwargs;
mod listing;
mod opening;
mod reading;
mod rule;
mod settings;
mod stamp;
mod tier;

use async_trait::async_trait;

use client::Client;
pub use settings::{ParameterStoreSettings, Throughput};
pub use tier::Tier;

use crate::model::{
    Capabilities, ConnectionDialect, Dialect, Finding, Kind, Listed, Mark, MarkCharset, MarkRule, RemoteKey, Revision,
    Scope, TextDialect,
};
use crate::naming::{Rule, decode};
use crate::provider::aws::session::Session;
use crate::provider::turns::Turns;
use crate::provider::{Entry, Expect, Provider, Record, Result, Role, StoreInfo};

/// The kind in the config.
pub const KIND: &str = "aws-parameter-store";

const DIALECT: Dialect = Dialect { connection: ConnectionDialect::Text, text: TextDialect::Verbatim };
/// What a tag of a parameter holds.
const MARKS: MarkRule = MarkRule { max_value: 256, charset: MarkCharset::AwsTag };

/// One opened Parameter Store.
#[derive(Debug)]
struct ParameterStoreProvider {
    info: StoreInfo,
    capabilities: Capabilities,
    rule: Rule,
    role: Role,
    client: Client,
    session: Session,
    tier: Tier,
    kms_key_id: Option<String>,
    turns: Turns,
}

impl ParameterStoreProvider {
    // An undecodable name below our prefixes stays in the listing: it is for `naming` to say so.
    fn is_asked_for(&self, key: &RemoteKey, scope: &Scope) -> bool {
        decode(&self.rule, key).is_none_or(|decoded| scope.kinds.contains(&decoded.name.kind))
    }
}

#[async_trait]
impl Provider for ParameterStoreProvider {
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
        self.findings(role, kinds).await
    }

    async fn list(&self, scope: &Scope) -> Result<Vec<Listed>> {
        let paths = rule::paths(&self.rule, &scope.kinds);
        if paths.is_empty() {
            return Ok(Vec::new());
        }
        let listed = listing::list(&self.client, &paths).await?.into_iter().map(|described| Listed {
            revision: Some(described.stamp.revision()),
            changed: described.stamp.time(),
            ..Listed::live(RemoteKey::new(described.name))
        });
        Ok(listed.filter(|listed| self.is_asked_for(&listed.key, scope)).collect())
    }

    async fn stat(&self, keys: &[RemoteKey]) -> Vec<Result<Option<Listed>>> {
        self.look(keys).await
    }

    async fn read(&self, keys: &[RemoteKey]) -> Vec<Result<Option<Record>>> {
        self.values(keys).await
    }

    async fn write(&self, key: &RemoteKey, entry: &Entry, expect: &Expect) -> Result<Revision> {
        self.put(key, entry, expect).await
    }

    async fn claim(&self, key: &RemoteKey, mark: &Mark, _: &Expect) -> Result<Revision> {
        self.adopt(key, mark).await
    }

    async fn release(&self, key: &RemoteKey, mark: &Mark, _: &Expect) -> Result<Revision> {
        self.give_up(key, mark).await
    }

    async fn delete(&self, key: &RemoteKey, _: &Expect) -> Result<Option<Revision>> {
        self.remove(key).await.map(|()| None)
    }

    async fn keeps(&self, versions: &[(RemoteKey, Revision)]) -> Vec<Result<bool>> {
        self.kept(versions).await
    }

    async fn restore(&self, key: &RemoteKey, revision: &Revision, _: &Expect) -> Result<Revision> {
        self.bring_back(key, revision).await
    }
}
