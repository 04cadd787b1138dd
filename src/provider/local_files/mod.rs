//! Connections, variables and configs in JSON, YAML and `.env` files.
//!
#![doc = include_str!("README.md")]

mod airflow;
mod env;
mod format;
mod json;
mod rule;
mod scan;
mod settings;
#[cfg(test)]
mod tests;
mod yaml;

use std::collections::{BTreeMap, btree_map};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use self::format::Format;
use self::settings::NamedFile;
use super::contract::{
    Content, Entry, Expect, Opening, Provider, Quarantine, Record, Role, StoreInfo, StoreSettings as _,
};
use super::error::{Error, Result};
use super::file::{Drawer, Found};
use crate::model::{
    Capabilities, Compare, Deletes, Dialect, ErrorKind, Event, Family, Finding, Kind, Listed, Mark, Observer,
    RemoteKey, Revision, Revisions, Scope, SecretValue, Severity, State,
};
use crate::naming::Rule;

pub use settings::{FileShape, LocalFilesSettings};

/// The kind of this store in the config.
pub const KIND: &str = "local-files";

/// Files, one for each kind of secret.
pub struct LocalFilesProvider {
    info: StoreInfo,
    capabilities: Capabilities,
    rule: Rule,
    dialect: Dialect,
    observer: Arc<dyn Observer>,
    files: BTreeMap<Kind, Drawer>,
}

/// What files of JSON and YAML can do.
const CAPABILITIES: Capabilities = Capabilities {
    write: true,
    revisions: Revisions::None,
    // The file is read, compared and replaced under one lock.
    compare: Compare::Set,
    deletes: Deletes::Final,
    history: false,
    marks: None,
    // Each call reads the whole file: fewer calls, fewer readings.
    read_batch: 1000,
    // As many writes as this go into one replacement of a file.
    width: 64,
    max_value: None,
    empty_values: true,
    listing_lag: Duration::ZERO,
};

impl LocalFilesProvider {
    fn open(settings: &LocalFilesSettings, opening: &Opening) -> Self {
        let paths: Vec<_> = settings.files().map(|file| file.path.display().to_string()).collect();
        let drawer = |file: &NamedFile<'_>| Drawer::open(opening, file.path, file.format.unwrap_or(Format::Json));
        Self {
            info: StoreInfo {
                name: opening.name.clone(),
                kind: KIND,
                location: paths.join(", "),
                identity: settings.identity(),
            },
            // A line without a value spoils a file of lines.
            capabilities: Capabilities { empty_values: !settings.has_lines(), ..CAPABILITIES },
            rule: settings.rule(),
            dialect: settings.dialect(),
            files: settings.files().map(|file| (file.kind, drawer(&file))).collect(),
            observer: opening.observer.clone(),
        }
    }

    /// What there is to say of an entry that nothing can ask for.
    fn nameless(&self, kind: Kind) -> Finding {
        let message = format!("{} has an entry with an empty id: it cannot be carried and is left out", kind.plural());
        let finding = Finding::new(Severity::Warning, "nameless-entry", &self.info.name, message);
        finding.with_remedy("give it a name in the file, or delete it")
    }

    /// Looks keys up, reading each file once.
    async fn look_up<T>(
        &self,
        family: Family,
        operation: &'static str,
        keys: &[RemoteKey],
        answer: impl Fn(&RemoteKey, Found<'_>) -> T + Sync,
    ) -> Vec<Result<Option<T>>> {
        let mut loaded = BTreeMap::new();
        for (kind, _) in keys.iter().filter_map(rule::parts) {
            if let (Some(drawer), btree_map::Entry::Vacant(place)) = (self.files.get(&kind), loaded.entry(kind)) {
                place.insert(drawer.load(family, operation).await);
            }
        }
        let find = |key: &RemoteKey| {
            let (kind, id) = rule::parts(key).ok_or_else(|| self.off(operation))?;
            match loaded.get(&kind) {
                Some(Ok(document)) => Ok(document.find(id).map(|found| answer(key, found))),
                Some(Err(error)) => Err(error.clone()),
                None => Err(self.off(operation)),
            }
        };
        keys.iter().map(|key| find(key).map_err(|error| error.about(key))).collect()
    }

    async fn change(
        &self,
        operation: &'static str,
        key: &RemoteKey,
        value: Option<SecretValue>,
        expect: &Expect,
    ) -> Result<()> {
        let parts = rule::parts(key).and_then(|(kind, id)| self.files.get(&kind).map(|drawer| (drawer, id)));
        let (drawer, id) = parts.ok_or_else(|| self.off(operation))?;
        drawer.change(operation, id, value, expect).await
    }

    fn off(&self, operation: &'static str) -> Error {
        self.error(ErrorKind::Unsupported, operation, "the store has no file for such a key")
    }

    fn error(&self, kind: ErrorKind, operation: &'static str, context: &str) -> Error {
        Error::new(kind, operation, &self.info.name, context)
    }
}

fn listed(key: RemoteKey) -> Listed {
    Listed { key, state: State::Live, revision: None, mark: None }
}

fn record(key: &RemoteKey, found: Found<'_>) -> Record {
    let content = match found {
        Found::Value(text) => Content::Value(text.into()),
        Found::Several(count) => Content::Quarantined(Quarantine::Duplicate(count)),
        Found::Unreadable(why) => Content::Quarantined(Quarantine::Malformed(why.to_owned())),
    };
    Record { listed: listed(key.clone()), content }
}

impl fmt::Debug for LocalFilesProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalFilesProvider").field("info", &self.info).finish_non_exhaustive()
    }
}

#[async_trait]
impl Provider for LocalFilesProvider {
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
        let mut findings = Vec::new();
        for drawer in kinds.iter().filter_map(|kind| self.files.get(kind)) {
            findings.extend(drawer.check(role).await);
        }
        findings
    }

    async fn list(&self, scope: &Scope) -> Result<Vec<Listed>> {
        let mut all = Vec::new();
        for kind in &scope.kinds {
            if let Some(drawer) = self.files.get(kind) {
                let document = drawer.load(Family::List, "list").await?;
                let (named, nameless): (Vec<_>, Vec<_>) = document.ids().into_iter().partition(|id| !id.is_empty());
                if !nameless.is_empty() {
                    self.observer.observe(&Event::Found(self.nameless(*kind)));
                }
                all.extend(named.into_iter().map(|id| listed(rule::key(*kind, id))));
            }
        }
        Ok(all)
    }

    async fn stat(&self, keys: &[RemoteKey]) -> Vec<Result<Option<Listed>>> {
        self.look_up(Family::Stat, "stat", keys, |key, _| listed(key.clone())).await
    }

    async fn read(&self, keys: &[RemoteKey]) -> Vec<Result<Option<Record>>> {
        self.look_up(Family::Read, "read", keys, record).await
    }

    async fn write(&self, key: &RemoteKey, entry: &Entry, expect: &Expect) -> Result<Revision> {
        if entry.value.is_empty() && !self.capabilities.empty_values {
            return Err(self.error(ErrorKind::Invalid, "write", "Airflow takes no line without a value").about(key));
        }
        let written = self.change("write", key, Some(entry.value.clone()), expect).await;
        // There are no revisions here; the empty one is what every write gives.
        written.map(|()| Revision::new("")).map_err(|error| error.about(key))
    }

    async fn claim(&self, key: &RemoteKey, _: &Mark, _: &Expect) -> Result<Revision> {
        Err(self.error(ErrorKind::Unsupported, "claim", "a file has no place for marks").about(key))
    }

    async fn delete(&self, key: &RemoteKey, expect: &Expect) -> Result<Option<Revision>> {
        self.change("delete", key, None, expect).await.map(|()| None).map_err(|error| error.about(key))
    }

    async fn restore(&self, key: &RemoteKey, _: &Revision, _: &Expect) -> Result<Revision> {
        Err(self.error(ErrorKind::Unsupported, "restore", "a file keeps no history").about(key))
    }
}
