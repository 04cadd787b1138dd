//! Connections and variables in the environment of a process, or in a `.env` file.
//!
#![doc = include_str!("README.md")]

mod compose;
mod plain;
mod quoting;
mod rule;
mod settings;
#[cfg(test)]
mod tests;

use std::time::Duration;

use async_trait::async_trait;

use self::compose::ComposeDocument;
use super::contract::{Entry, Expect, Opening, Provider, Record, Role, StoreInfo, StoreSettings as _};
use super::error::{Error, Result};
use super::file::lines::LineDocument;
use super::file::{Document, Drawer, Format, Found, Malformed};
use crate::model::{
    Capabilities, Compare, Deletes, Dialect, ErrorKind, Family, Finding, Kind, Listed, Listing, Mark, RemoteKey,
    Revision, Revisions, Scope, Severity, Tariff,
};
use crate::naming::{Rule, decode};
use crate::reference::env_variables;

pub use settings::{EnvDialect, EnvironmentSettings, TeamKeys};

/// The kind of this store in the config.
pub const KIND: &str = "environment";

/// The environment of this process, or a `.env` file.
#[derive(Debug)]
pub struct EnvironmentProvider {
    info: StoreInfo,
    capabilities: Capabilities,
    rule: Rule,
    dialect: Dialect,
    /// `None` for the process.
    file: Option<Drawer>,
}

/// Linux hands no longer text to a process than 131072 bytes, the name included.
const LONGEST: usize = 130_000;
/// `docker run --env-file` refuses a whole file for one line of 65536 bytes, the name included.
const LONGEST_IN_A_LINE: usize = 64_000;

const CAPABILITIES: Capabilities = Capabilities {
    write: true,
    revisions: Revisions::None,
    // The file is read, compared and replaced under one lock.
    compare: Compare::Set,
    deletes: Deletes::Final,
    history: false,
    marks: None,
    // Each call reads the whole file.
    read_batch: 1000,
    width: 64,
    max_value: Some(LONGEST),
    empty_values: true,
    double_braces: true,
    listing_lag: Duration::ZERO,
    listing: Listing::Full,
    tariff: Tariff::NONE,
};

impl Format for EnvDialect {
    fn empty(&self) -> Box<dyn Document> {
        match self {
            Self::Plain => Box::new(LineDocument::default()),
            Self::Compose => Box::new(ComposeDocument::default()),
        }
    }

    fn parse(&self, text: &str) -> std::result::Result<Box<dyn Document>, Malformed> {
        Ok(match self {
            Self::Plain => Box::new(plain::parse(text)?),
            Self::Compose => Box::new(ComposeDocument::parse(text)?),
        })
    }
}

impl EnvironmentProvider {
    fn open(settings: &EnvironmentSettings, opening: &Opening) -> Self {
        let dialect = settings.dialect.unwrap_or(EnvDialect::Plain);
        Self {
            info: StoreInfo {
                name: opening.name.clone(),
                kind: KIND,
                location: settings.location(),
                identity: settings.identity(),
            },
            capabilities: Capabilities {
                write: settings.file.is_some(),
                max_value: Some(if dialect == EnvDialect::Plain { LONGEST_IN_A_LINE } else { LONGEST }),
                empty_values: settings.file.is_none() || dialect == EnvDialect::Compose,
                ..CAPABILITIES
            },
            rule: settings.rule(),
            dialect: settings.dialect(),
            file: settings.file.as_deref().map(|file| Drawer::open(opening, file, dialect)),
        }
    }

    async fn load(&self, family: Family, operation: &'static str) -> Result<Box<dyn Document>> {
        match &self.file {
            Some(file) => file.load(family, operation).await,
            None => Ok(Box::new(process())),
        }
    }

    async fn look_up<T>(
        &self,
        family: Family,
        operation: &'static str,
        keys: &[RemoteKey],
        answer: impl Fn(&RemoteKey, Found<'_>) -> T + Sync,
    ) -> Vec<Result<Option<T>>> {
        let loaded = self.load(family, operation).await;
        let find = |key: &RemoteKey| {
            self.ours(operation, key)?;
            let document = loaded.as_ref().map_err(Clone::clone)?;
            Ok(document.find(key.as_str()).map(|found| answer(key, found)))
        };
        keys.iter().map(|key| find(key).map_err(|error: Error| error.about(key))).collect()
    }

    /// The file to write, if it takes such a key.
    fn writable(&self, operation: &'static str, key: &RemoteKey) -> Result<&Drawer> {
        self.ours(operation, key)?;
        let context = "the environment of a process cannot be written from outside";
        self.file.as_ref().ok_or_else(|| self.error(ErrorKind::Unsupported, operation, context))
    }

    fn ours(&self, operation: &'static str, key: &RemoteKey) -> Result<()> {
        let context = "no variable of Airflow's is called so";
        let known = rule::kind(key.as_str()).map(drop);
        known.ok_or_else(|| self.error(ErrorKind::Unsupported, operation, context))
    }

    fn error(&self, kind: ErrorKind, operation: &'static str, context: &str) -> Error {
        Error::new(kind, operation, &self.info.name, context)
    }

    /// A name under our prefixes that Airflow never asks for, or only under other settings.
    fn misnamed(&self, name: &str, kinds: &[Kind]) -> Option<Finding> {
        rule::kind(name).filter(|kind| kinds.contains(kind))?;
        if decode(&self.rule, &rule::key(name)).is_some() {
            return None;
        }
        let warning = |code, message| Finding::new(Severity::Warning, code, name, message);
        if name == name.to_uppercase() {
            let message = "Airflow takes it for a team's, or for nobody's where teams are on; it is left out";
            return Some(warning("team-key", message).with_remedy("set teams = \"unsupported\" if it is nobody's"));
        }
        let message = "Airflow looks for names in upper case only, so it never finds this one; it is left out";
        Some(warning("never-read", message).with_remedy(format!("rename it to {}", name.to_uppercase())))
    }
}

/// The variables of this process that are ours.
fn process() -> LineDocument {
    use super::file::lines::Content;
    let mut document = LineDocument::default();
    for (name, value) in env_variables(&rule::PREFIXES) {
        let content = match value {
            Ok(value) => Content::Entry(name, zeroize::Zeroizing::new(value.expose().to_owned())),
            Err(error) => Content::Unreadable(name, error.to_string()),
        };
        document.push("", "", content);
    }
    document
}

#[async_trait]
impl Provider for EnvironmentProvider {
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
        let mut findings = match &self.file {
            Some(file) => file.check(role).await,
            None => Vec::new(),
        };
        if let Ok(document) = self.load(Family::List, "check").await {
            findings.extend(document.ids().into_iter().filter_map(|name| self.misnamed(name, kinds)));
        }
        findings
    }

    async fn list(&self, scope: &Scope) -> Result<Vec<Listed>> {
        let document = self.load(Family::List, "list").await?;
        let is_wanted = |name: &&str| rule::kind(name).is_some_and(|kind: Kind| scope.kinds.contains(&kind));
        Ok(document.ids().into_iter().filter(is_wanted).map(|name| Listed::live(rule::key(name))).collect())
    }

    async fn stat(&self, keys: &[RemoteKey]) -> Vec<Result<Option<Listed>>> {
        self.look_up(Family::Stat, "stat", keys, |key, _| Listed::live(key.clone())).await
    }

    async fn read(&self, keys: &[RemoteKey]) -> Vec<Result<Option<Record>>> {
        self.look_up(Family::Read, "read", keys, |key, found| Record {
            listed: Listed::live(key.clone()),
            content: found.into(),
        })
        .await
    }

    async fn write(&self, key: &RemoteKey, entry: &Entry, expect: &Expect) -> Result<Revision> {
        let value = &entry.value;
        let written = async {
            let file = self.writable("write", key)?;
            if value.is_empty() && !self.capabilities.empty_values {
                return Err(self.error(ErrorKind::Invalid, "write", "readers of plain lines differ on empty values"));
            }
            if self.capabilities.max_value.is_some_and(|most| value.expose().len() > most) {
                return Err(self.error(ErrorKind::TooLarge, "write", "a value as long is refused where it is read"));
            }
            file.change("write", key.as_str(), Some(value.clone()), expect).await
        };
        // There are no revisions here; the empty one is what every write gives.
        written.await.map(|_| Revision::new("")).map_err(|error| error.about(key))
    }

    async fn claim(&self, key: &RemoteKey, _: &Mark, _: &Expect) -> Result<Revision> {
        Err(self.error(ErrorKind::Unsupported, "claim", "a variable has no place for marks").about(key))
    }

    async fn delete(&self, key: &RemoteKey, expect: &Expect) -> Result<Option<Revision>> {
        let file = self.writable("delete", key).map_err(|error| error.about(key))?;
        let deleted = file.change("delete", key.as_str(), None, expect).await;
        deleted.map(|_| None).map_err(|error| error.about(key))
    }

    async fn restore(&self, key: &RemoteKey, _: &Revision, _: &Expect) -> Result<Revision> {
        Err(self.error(ErrorKind::Unsupported, "restore", "a variable keeps no history").about(key))
    }
}
