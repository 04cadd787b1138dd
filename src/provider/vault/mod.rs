//! HashiCorp Vault's KV engines as a store of Airflow's keys.
#![doc = include_str!("README.md")]

mod airflow;
mod auth;
mod change;
mod checked;
mod client;
mod engine;
mod entry;
mod fault;
mod findings;
mod kv1;
mod kv2;
mod kwargs;
mod layout;
mod login;
mod mounts;
mod opening;
mod ownership;
mod policy;
mod requests;
mod rule;
mod settings;
mod tokens;
mod trust;
mod version;
mod walk;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use futures::stream::{self, StreamExt};
use tokio::sync::OnceCell;

pub use auth::AuthSettings;
use engine::Engine;
use layout::Layout;
use requests::Requests;
use rule::KvVersion;
pub use settings::{PathSetting, TeamsSetting, VaultSettings};
use walk::Walk;

use crate::model::{
    Capabilities, ConnectionDialect, Dialect, ErrorKind, Finding, Kind, Listed, Mark, RemoteKey, Revision, Scope,
    TextDialect,
};
use crate::naming::{Rule, decode};
use crate::provider::{Entry, Error, Expect, Provider, Record, Result, Role, StoreInfo};

/// The kind in the config.
pub const KIND: &str = "vault";

const DIALECT: Dialect = Dialect { connection: ConnectionDialect::VaultMap, text: TextDialect::ValueKey };
/// Vault reads one key a call.
const BATCH: usize = 1;

/// One opened Vault.
#[derive(Debug)]
struct VaultProvider {
    info: StoreInfo,
    capabilities: Capabilities,
    rule: Rule,
    engine: Engine,
    layout: Arc<Layout>,
    requests: Arc<Requests>,
    /// The mounts that a first segment can name; looked up before the first change.
    mounts: OnceCell<BTreeMap<String, KvVersion>>,
    /// What the settings alone give cause to say.
    standing: Vec<Finding>,
}

impl VaultProvider {
    /// The mounts of a listing: the configured one, or all of our version that the token may use.
    async fn listed_mounts(&self) -> Result<Vec<String>> {
        if let Some(mount) = self.layout.mount() {
            return Ok(vec![mount.to_owned()]);
        }
        let all = mounts::all(&self.requests).await?;
        Ok(all.into_iter().filter(|(_, version)| *version == self.engine.version()).map(|(mount, _)| mount).collect())
    }

    fn walk<'a>(&'a self, mount: &'a str) -> Walk<'a> {
        let width = self.capabilities.width;
        Walk { requests: &self.requests, mount, area: self.engine.listing_area(), width }
    }

    // An undecodable name below our prefixes stays in the listing: it is for `naming` to say so.
    fn is_asked_for(&self, key: &RemoteKey, scope: &Scope) -> bool {
        decode(&self.rule, key).is_none_or(|decoded| scope.kinds.contains(&decoded.name.kind))
    }

    // The API of one version, used on a mount of the other, would write beside the mark.
    async fn fits_its_mount(&self, key: &RemoteKey) -> Result<()> {
        let mount = self.layout.locate(key)?.mount;
        if self.layout.mount().is_some() {
            return Ok(());
        }
        let mounts = match self.mounts.get_or_try_init(|| mounts::all(&self.requests)).await {
            Ok(mounts) => mounts,
            Err(error) if error.kind == ErrorKind::Denied => return Ok(()),
            Err(error) => return Err(error),
        };
        match mounts.get(mount) {
            Some(version) if *version != self.engine.version() => {
                let context = format!("the mount {mount}/ is KV version {}", version.as_str());
                Err(Error::new(ErrorKind::Invalid, "write", &self.info.name, context)
                    .about(key)
                    .with_remedy("Airflow reads all mounts as one version: set kv-version, or exclude the keys"))
            }
            _ => Ok(()),
        }
    }
}

#[async_trait]
impl Provider for VaultProvider {
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
        let roots: Vec<&str> =
            scope.kinds.iter().flat_map(|kind| self.rule.place(*kind).prefixes()).map(String::as_str).collect();
        let mut keys = BTreeSet::new();
        if roots.is_empty() {
            return Ok(Vec::new());
        }
        for mount in self.listed_mounts().await? {
            let paths = self.walk(&mount).leaves(&roots).await?;
            keys.extend(paths.iter().map(|path| self.layout.key(&mount, path)));
        }
        let asked_for = keys.into_iter().filter(|key| self.is_asked_for(key, scope));
        Ok(asked_for.map(Listed::live).collect())
    }

    async fn stat(&self, keys: &[RemoteKey]) -> Vec<Result<Option<Listed>>> {
        let asked: Vec<_> = keys.iter().map(|key| self.engine.stat(key)).collect();
        stream::iter(asked).buffered(self.capabilities.width).collect().await
    }

    async fn read(&self, keys: &[RemoteKey]) -> Vec<Result<Option<Record>>> {
        let asked: Vec<_> = keys.iter().map(|key| self.engine.read(key)).collect();
        stream::iter(asked).buffered(self.capabilities.width).collect().await
    }

    async fn write(&self, key: &RemoteKey, entry: &Entry, expect: &Expect) -> Result<Revision> {
        self.fits_its_mount(key).await?;
        self.engine.write(key, entry, expect).await
    }

    async fn claim(&self, key: &RemoteKey, mark: &Mark, expect: &Expect) -> Result<Revision> {
        self.fits_its_mount(key).await?;
        self.engine.claim(key, mark, expect).await
    }

    async fn release(&self, key: &RemoteKey, mark: &Mark, expect: &Expect) -> Result<Revision> {
        self.fits_its_mount(key).await?;
        self.engine.release(key, mark, expect).await
    }

    async fn delete(&self, key: &RemoteKey, expect: &Expect) -> Result<Option<Revision>> {
        self.fits_its_mount(key).await?;
        self.engine.delete(key, expect).await
    }

    async fn keeps(&self, versions: &[(RemoteKey, Revision)]) -> Vec<Result<bool>> {
        let asked: Vec<_> = versions.iter().map(|(key, revision)| self.engine.keeps(key, revision)).collect();
        stream::iter(asked).buffered(self.capabilities.width).collect().await
    }

    async fn restore(&self, key: &RemoteKey, revision: &Revision, expect: &Expect) -> Result<Revision> {
        self.fits_its_mount(key).await?;
        self.engine.restore(key, revision, expect).await
    }
}
