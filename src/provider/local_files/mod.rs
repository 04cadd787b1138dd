//! Connections, variables and configs in JSON files.
//!
#![doc = include_str!("README.md")]

mod airflow;
mod check;
mod client;
mod document;
mod fault;
mod rule;
mod scan;
mod scribe;
mod settings;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::task::spawn_blocking;

use self::client::JsonFile;
use self::document::{Document, Found};
use self::scribe::{Change, Scribe, Verdict};
use super::call::{CallSettings, Caller, Repeat};
use super::contract::{
    Content, Entry, Expect, Opening, Provider, Quarantine, Record, Role, StoreInfo, StoreSettings as _,
};
use super::error::{Error, Result};
use super::pace::Paces;
use crate::model::{
    Capabilities, Compare, Deletes, Dialect, ErrorKind, Event, Family, Finding, Kind, Listed, Mark, Observer,
    RemoteKey, Revision, Revisions, Scope, SecretValue, Severity, State,
};
use crate::naming::Rule;

pub use settings::{FileShape, LocalFilesSettings};

/// The kind of this store in the config.
pub const KIND: &str = "local-files";

/// JSON files, one for each kind of secret.
pub struct LocalFilesProvider {
    info: StoreInfo,
    rule: Rule,
    dialect: Dialect,
    role: Role,
    caller: Caller,
    observer: Arc<dyn Observer>,
    files: BTreeMap<Kind, Drawer>,
}

/// The file of one kind and who writes it.
#[derive(Debug)]
struct Drawer {
    file: JsonFile,
    scribe: Scribe,
}

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
        let caller = Caller::new(&opening.name, opening.observer.clone(), CallSettings::default(), Paces::unlimited());
        let drawer = |path: &std::path::Path| {
            let file = JsonFile::new(path.to_owned());
            Drawer { scribe: Scribe::start(&opening.name, file.clone(), caller.clone()), file }
        };
        let paths: Vec<_> = settings.files().map(|(_, _, path)| path.display().to_string()).collect();
        Self {
            info: StoreInfo {
                name: opening.name.clone(),
                kind: KIND,
                location: paths.join(", "),
                identity: settings.identity(),
            },
            rule: settings.rule(),
            dialect: settings.dialect(),
            role: opening.role,
            files: settings.files().map(|(kind, _, path)| (kind, drawer(path))).collect(),
            caller,
            observer: opening.observer.clone(),
        }
    }

    /// What there is to say of an entry that nothing can ask for.
    fn nameless(&self, kind: Kind) -> Finding {
        let message = format!("{} has an entry with an empty id: it cannot be carried and is left out", kind.plural());
        let finding = Finding::new(Severity::Warning, "nameless-entry", &self.info.name, message);
        finding.with_remedy("give it a name in the file, or delete it")
    }

    /// Reads the file of a kind; `None` where the kind is off.
    async fn load(&self, family: Family, operation: &'static str, kind: Kind) -> Result<Option<Document>> {
        let Some(drawer) = self.files.get(&kind) else { return Ok(None) };
        let request = || async {
            let file = drawer.file.clone();
            match spawn_blocking(move || file.load()).await {
                Ok(loaded) => loaded.map_err(|error| self.fault(operation, drawer, error)),
                Err(_) => {
                    Err(self.error(ErrorKind::Unexpected, operation, "the thread that reads the file ended early"))
                }
            }
        };
        match (self.caller.call(family, operation, Repeat::Safe, request).await?, self.role) {
            (Some(document), _) => Ok(Some(document)),
            (None, Role::Target) => Ok(Some(Document::empty())),
            (None, Role::Source) => Err(fault::missing(&self.info.name, operation, drawer.file.path())),
        }
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
            if let std::collections::btree_map::Entry::Vacant(place) = loaded.entry(kind) {
                place.insert(self.load(family, operation, kind).await);
            }
        }
        let find = |key: &RemoteKey| {
            let (kind, id) = rule::parts(key).ok_or_else(|| self.off(operation))?;
            match loaded.get(&kind) {
                Some(Ok(Some(document))) => Ok(document.find(id).map(|found| answer(key, found))),
                Some(Err(error)) => Err(error.clone()),
                Some(Ok(None)) | None => Err(self.off(operation)),
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
        if matches!(expect, Expect::At(_) | Expect::Deleted(_)) {
            return Err(self.error(
                ErrorKind::Unsupported,
                operation,
                "a file has no revisions to compare, only values",
            ));
        }
        let change = Change { id: id.to_owned(), value, expect: expect.clone() };
        match drawer.scribe.change(change).await {
            Some(Ok(Verdict::Done)) => Ok(()),
            Some(Ok(Verdict::Conflict)) => {
                let error = self.error(ErrorKind::Conflict, operation, "the entry is not as it was planned against");
                Err(error.with_remedy("run again: the plan will show what changed"))
            }
            Some(Err(error)) => Err(Error { operation, ..error }),
            None => Err(self
                .error(ErrorKind::Unexpected, operation, "the task that writes the file ended early")
                .of_unknown_effect()),
        }
    }

    fn off(&self, operation: &'static str) -> Error {
        self.error(ErrorKind::Unsupported, operation, "the store has no file for such a key")
    }

    fn error(&self, kind: ErrorKind, operation: &'static str, context: &str) -> Error {
        Error::new(kind, operation, &self.info.name, context)
    }

    fn fault(&self, operation: &'static str, drawer: &Drawer, error: client::FileError) -> Error {
        fault::error(&self.info.name, operation, drawer.file.path(), error)
    }
}

fn listed(key: RemoteKey) -> Listed {
    Listed { key, state: State::Live, revision: None, mark: None }
}

fn record(key: &RemoteKey, found: Found<'_>) -> Record {
    let content = match found {
        Found::Value(text) => Content::Value(text.into()),
        Found::Several(count) => Content::Quarantined(Quarantine::Duplicate(count)),
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
        &CAPABILITIES
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
            let (store, file) = (self.info.name.clone(), drawer.file.clone());
            let found = spawn_blocking(move || check::findings(&store, &file, role)).await;
            findings.extend(found.unwrap_or_else(|_| {
                let subject = drawer.file.path().display().to_string();
                vec![Finding::new(Severity::Error, "check-failed", subject, "the check ended early")]
            }));
        }
        findings
    }

    async fn list(&self, scope: &Scope) -> Result<Vec<Listed>> {
        let mut all = Vec::new();
        for kind in &scope.kinds {
            if let Some(document) = self.load(Family::List, "list", *kind).await? {
                let (named, nameless): (Vec<_>, Vec<_>) = document.keys().into_iter().partition(|id| !id.is_empty());
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
        if !scan::is_value(entry.value.expose()) {
            return Err(self.error(ErrorKind::Invalid, "write", "the text to write is no JSON value").about(key));
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
