//! The sensitive options of an `airflow.cfg` and of `AIRFLOW__…` variables, as configs.
//!
#![doc = include_str!("README.md")]

mod ini;
mod options;
mod rule;
mod settings;
mod survey;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use self::ini::IniDocument;
use self::options::VARIABLES;
use self::survey::{Setting, Sources};
use super::contract::{
    Content, Entry, Expect, Opening, Provider, Quarantine, Record, Role, StoreInfo, StoreSettings as _,
};
use super::error::{Error, Result};
use super::file::{Document, Drawer, Format, Malformed};
use crate::model::{
    Capabilities, Compare, ConnectionDialect, Deletes, Dialect, ErrorKind, Event, Family, Finding, Kind, Listed,
    Listing, Mark, Observer, RemoteKey, Revision, Revisions, Scope, Tariff, TextDialect,
};
use crate::naming::Rule;
use crate::reference::env_variables;

pub use settings::{AirflowCfgSettings, Variables};

/// The kind of this store in the config.
pub const KIND: &str = "airflow-cfg";

/// The options of one Airflow; a source only.
pub struct AirflowCfgProvider {
    info: StoreInfo,
    rule: Rule,
    settings: AirflowCfgSettings,
    observer: Arc<dyn Observer>,
    file: Option<Drawer>,
}

const DIALECT: Dialect = Dialect { connection: ConnectionDialect::Text, text: TextDialect::Verbatim };

static CAPABILITIES: Capabilities = Capabilities {
    write: false,
    revisions: Revisions::None,
    compare: Compare::None,
    deletes: Deletes::Final,
    history: false,
    marks: None,
    // Each call reads the whole file.
    read_batch: 1000,
    width: 1,
    max_value: None,
    empty_values: true,
    double_braces: true,
    listing_lag: Duration::ZERO,
    listing: Listing::Full,
    tariff: Tariff::NONE,
};

/// The format of an `airflow.cfg`.
#[derive(Debug)]
struct Ini;

impl Format for Ini {
    fn empty(&self) -> Box<dyn Document> {
        Box::new(IniDocument::default())
    }

    fn parse(&self, text: &str) -> std::result::Result<Box<dyn Document>, Malformed> {
        Ok(Box::new(IniDocument::parse(text)?))
    }
}

impl AirflowCfgProvider {
    fn open(settings: &AirflowCfgSettings, opening: &Opening) -> Self {
        Self {
            info: StoreInfo {
                name: opening.name.clone(),
                kind: KIND,
                location: settings.location(),
                identity: settings.identity(),
            },
            rule: settings.rule(),
            settings: settings.clone(),
            observer: opening.observer.clone(),
            file: settings.file.as_deref().map(|file| Drawer::open(opening, file, Ini)),
        }
    }

    /// Hands every option and its config's name to `each`, with what sets options now.
    async fn survey<T>(
        &self,
        family: Family,
        operation: &'static str,
        each: impl Fn(&Sources<'_>, &str, &str, &str) -> Option<T> + Send,
    ) -> Result<Vec<T>> {
        let document = match &self.file {
            Some(file) => Some(file.load(family, operation).await?),
            None => None,
        };
        let variables = match self.settings.variables {
            Variables::None => BTreeMap::new(),
            Variables::Process => env_variables(&[VARIABLES]),
        };
        let sources = Sources { variables: &variables, file: document.as_deref() };
        let wanted = self.settings.wanted();
        let named = wanted.iter().map(|(section, option)| (section, option, self.settings.name_of(section, option)));
        Ok(named.filter_map(|(section, option, name)| each(&sources, section, option, &name)).collect())
    }

    /// Everything that is set, by key; options that share a name are one key that cannot be read.
    async fn load(&self, family: Family, operation: &'static str) -> Result<BTreeMap<RemoteKey, Content>> {
        let set = self.survey(family, operation, |sources, section, option, name| {
            let content = match sources.setting(section, option) {
                Setting::Unset | Setting::InBackend => return None,
                Setting::Value(text) => Content::Value(text.as_str().into()),
                Setting::Unreadable(why) => Content::Quarantined(Quarantine::Malformed(why)),
            };
            Some((rule::key(name), content))
        });
        let mut by_key: BTreeMap<RemoteKey, Vec<Content>> = BTreeMap::new();
        for (key, content) in set.await? {
            by_key.entry(key).or_default().push(content);
        }
        let one = |mut contents: Vec<Content>| match (contents.len(), contents.pop()) {
            (1, Some(content)) => content,
            (count, _) => Content::Quarantined(Quarantine::Duplicate(count)),
        };
        Ok(by_key.into_iter().map(|(key, contents)| (key, one(contents))).collect())
    }

    fn read_only(&self, operation: &'static str, key: &RemoteKey) -> Error {
        let context = "an airflow.cfg and its variables are only read";
        Error::new(ErrorKind::Unsupported, operation, &self.info.name, context).about(key)
    }
}

impl fmt::Debug for AirflowCfgProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AirflowCfgProvider").field("info", &self.info).finish_non_exhaustive()
    }
}

#[async_trait]
impl Provider for AirflowCfgProvider {
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
        &DIALECT
    }

    async fn check(&self, role: Role, kinds: &[Kind]) -> Vec<Finding> {
        if !kinds.contains(&Kind::Config) {
            return Vec::new();
        }
        let mut findings = match &self.file {
            Some(file) => file.check(role).await,
            None => Vec::new(),
        };
        // What single options are set to is told of each that is wanted, not of the whole file.
        findings.retain(|finding| finding.code != "entry-unreadable");
        let of_options =
            self.survey(Family::List, "check", |sources, section, option, name| sources.finding(section, option, name));
        findings.extend(of_options.await.unwrap_or_default());
        findings
    }

    async fn list(&self, scope: &Scope) -> Result<Vec<Listed>> {
        if !scope.kinds.contains(&Kind::Config) {
            return Ok(Vec::new());
        }
        let elsewhere = self.survey(Family::List, "list", |sources, section, option, name| {
            let is_elsewhere = matches!(sources.setting(section, option), Setting::InBackend);
            sources.finding(section, option, name).filter(|_| is_elsewhere)
        });
        elsewhere.await?.into_iter().for_each(|finding| self.observer.observe(&Event::Found(finding)));
        Ok(self.load(Family::List, "list").await?.into_keys().map(Listed::live).collect())
    }

    async fn stat(&self, keys: &[RemoteKey]) -> Vec<Result<Option<Listed>>> {
        let found = self.read(keys).await;
        found.into_iter().map(|answer| answer.map(|record| record.map(|record| record.listed))).collect()
    }

    async fn read(&self, keys: &[RemoteKey]) -> Vec<Result<Option<Record>>> {
        let loaded = self.load(Family::Read, "read").await;
        let find = |key: &RemoteKey| {
            let contents = loaded.as_ref().map_err(|error| error.clone().about(key))?;
            let content = contents.get(key).cloned();
            Ok(content.map(|content| Record { listed: Listed::live(key.clone()), content }))
        };
        keys.iter().map(find).collect()
    }

    async fn write(&self, key: &RemoteKey, _: &Entry, _: &Expect) -> Result<Revision> {
        Err(self.read_only("write", key))
    }

    async fn claim(&self, key: &RemoteKey, _: &Mark, _: &Expect) -> Result<Revision> {
        Err(self.read_only("claim", key))
    }

    async fn delete(&self, key: &RemoteKey, _: &Expect) -> Result<Option<Revision>> {
        Err(self.read_only("delete", key))
    }

    async fn restore(&self, key: &RemoteKey, _: &Revision, _: &Expect) -> Result<Revision> {
        Err(self.read_only("restore", key))
    }
}
