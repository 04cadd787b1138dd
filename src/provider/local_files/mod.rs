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
use super::contract::{Entry, Expect, Opening, Provider, Record, Role, StoreInfo, StoreSettings as _};
use super::error::{Error, Result};
use super::file::{Drawer, Found};
use crate::model::{
    Capabilities, Compare, Deletes, Dialect, ErrorKind, Event, Family, Finding, Kind, Listed, Listing, Mark, Observer,
    RemoteKey, Revision, Revisions, Scope, SecretValue, Severity, Tariff,
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
    // A keyed digest of the entry's text; a look reads the file.
    revisions: Revisions::Stat,
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
    double_braces: true,
    listing_lag: Duration::ZERO,
    listing: Listing::Full,
    tariff: Tariff::NONE,
};

impl LocalFilesProvider {
    fn open(settings: &LocalFilesSettings, opening: &Opening) -> Self {
        let paths: Vec<_> = settings.files().map(|file| file.path.display().to_string()).collect();
        let drawer = |file: &NamedFile<'_>| {
            let format = file.format.unwrap_or(Format::Json);
            Drawer::open_with_versions(opening, file.path, format, settings.versions())
        };
        Self {
            info: StoreInfo {
                name: opening.name.clone(),
                kind: KIND,
                location: paths.join(", "),
                identity: settings.identity(),
            },
            // A line without a value spoils a file of lines.
            capabilities: Capabilities {
                empty_values: !settings.has_lines(),
                history: settings.versions() > 0,
                ..CAPABILITIES
            },
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
        answer: impl Fn(Listed, Found<'_>) -> T + Sync,
    ) -> Vec<Result<Option<T>>> {
        let mut loaded = BTreeMap::new();
        for (kind, _) in keys.iter().filter_map(rule::parts) {
            if let (Some(drawer), btree_map::Entry::Vacant(place)) = (self.files.get(&kind), loaded.entry(kind)) {
                place.insert(drawer.load(family, operation).await);
            }
        }
        let find = |key: &RemoteKey| {
            let (kind, id) = rule::parts(key).ok_or_else(|| self.off(operation))?;
            match (loaded.get(&kind), self.files.get(&kind)) {
                (Some(Ok(document)), Some(drawer)) => Ok(document.find(id).map(|found| {
                    let revision = drawer.revision(id, &found);
                    answer(Listed { revision, ..Listed::live(key.clone()) }, found)
                })),
                (Some(Err(error)), _) => Err(error.clone()),
                _ => Err(self.off(operation)),
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
    ) -> Result<Option<Revision>> {
        let (drawer, id) = self.drawer(operation, key)?;
        drawer.change(operation, id, value, expect).await
    }

    /// The file of a key, and its id there.
    fn drawer<'k>(&self, operation: &'static str, key: &'k RemoteKey) -> Result<(&Drawer, &'k str)> {
        let parts = rule::parts(key).and_then(|(kind, id)| self.files.get(&kind).map(|drawer| (drawer, id)));
        parts.ok_or_else(|| self.off(operation))
    }

    /// Tells of the versions of one file whether they are kept, each with its place in the answer.
    async fn kept_in(&self, kind: Kind, versions: Vec<(usize, (String, Revision))>) -> Vec<(usize, Result<bool>)> {
        let (places, versions): (Vec<_>, Vec<_>) = versions.into_iter().unzip();
        let answers = match self.files.get(&kind) {
            Some(drawer) => drawer.keeps(versions).await,
            None => Err(self.off("stat")),
        };
        match answers {
            Ok(kept) => places.into_iter().zip(kept.into_iter().map(Ok)).collect(),
            Err(error) => places.into_iter().map(|place| (place, Err(error.clone()))).collect(),
        }
    }

    /// The version that an entry has once it is written.
    fn had(&self, revision: Option<Revision>) -> Result<Revision> {
        revision
            .ok_or_else(|| self.error(ErrorKind::Unexpected, "write", "the entry is not in the file it was put into"))
    }

    fn off(&self, operation: &'static str) -> Error {
        self.error(ErrorKind::Unsupported, operation, "the store has no file for such a key")
    }

    fn error(&self, kind: ErrorKind, operation: &'static str, context: &str) -> Error {
        Error::new(kind, operation, &self.info.name, context)
    }
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
                all.extend(named.into_iter().map(|id| Listed::live(rule::key(*kind, id))));
            }
        }
        Ok(all)
    }

    async fn stat(&self, keys: &[RemoteKey]) -> Vec<Result<Option<Listed>>> {
        self.look_up(Family::Stat, "stat", keys, |listed, _| listed).await
    }

    async fn read(&self, keys: &[RemoteKey]) -> Vec<Result<Option<Record>>> {
        self.look_up(Family::Read, "read", keys, |listed, found| Record { listed, content: found.into() }).await
    }

    async fn write(&self, key: &RemoteKey, entry: &Entry, expect: &Expect) -> Result<Revision> {
        if entry.value.is_empty() && !self.capabilities.empty_values {
            return Err(self.error(ErrorKind::Invalid, "write", "Airflow takes no line without a value").about(key));
        }
        let written = self.change("write", key, Some(entry.value.clone()), expect).await;
        written.and_then(|revision| self.had(revision)).map_err(|error| error.about(key))
    }

    async fn claim(&self, key: &RemoteKey, _: &Mark, _: &Expect) -> Result<Revision> {
        Err(self.error(ErrorKind::Unsupported, "claim", "a file has no place for marks").about(key))
    }

    async fn delete(&self, key: &RemoteKey, expect: &Expect) -> Result<Option<Revision>> {
        self.change("delete", key, None, expect).await.map(|_| None).map_err(|error| error.about(key))
    }

    async fn keeps(&self, versions: &[(RemoteKey, Revision)]) -> Vec<Result<bool>> {
        let mut asked: BTreeMap<Kind, Vec<_>> = BTreeMap::new();
        let mut answers: Vec<Result<bool>> = versions.iter().map(|(key, _)| Err(self.off("stat").about(key))).collect();
        for (place, (key, revision)) in versions.iter().enumerate() {
            if let Some((kind, id)) = rule::parts(key) {
                asked.entry(kind).or_default().push((place, (id.to_owned(), revision.clone())));
            }
        }
        for (kind, asked) in asked {
            for (place, answer) in self.kept_in(kind, asked).await {
                answers[place] = answer.map_err(|error| error.about(&versions[place].0));
            }
        }
        answers
    }

    async fn restore(&self, key: &RemoteKey, revision: &Revision, expect: &Expect) -> Result<Revision> {
        let (drawer, id) = self.drawer("restore", key)?;
        let restored = drawer.restore(id, revision, expect).await.and_then(|revision| self.had(revision));
        restored.map_err(|error| error.about(key))
    }
}
