//! The metastore of an Airflow, PostgreSQL or SQLite: a source of connections and variables, decrypted with Airflow's Fernet keys.
#![doc = include_str!("README.md")]

mod address;
mod cell;
mod census;
mod check;
mod client;
mod fault;
mod fernet;
mod layout;
mod oddity;
mod parameter;
mod postgres;
mod release;
mod row;
mod rule;
mod session;
mod settings;
mod sql;
mod sqlite;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

pub use settings::MetastoreSettings;

use self::client::Client;
use self::fault::Faults;
use self::fernet::Keyring;
use self::oddity::Oddities;
use self::row::Row;
use self::rule::RowName;
use crate::model::{
    Capabilities, Compare, ConnectionDialect, Deletes, Dialect, ErrorKind, Event, Family, Finding, Kind, Listed,
    Listing, Mark, Observer, RemoteKey, Revision, Revisions, Scope, Subkey, Tariff, TextDialect, hex,
};
use crate::naming::Rule;
use crate::provider::contract::all_failed;
use crate::provider::{
    CallSettings, Caller, Content, Entry, Error, Expect, Opening, Paces, Provider, Quarantine, Record, Repeat, Result,
    Role, StoreInfo,
};

/// The word in the config.
pub const KIND: &str = "airflow-metastore";

/// The most keys of one query. Small, as all of its values are in memory together.
const READ_BATCH: usize = 64;
/// The most logins at once.
const WIDTH: usize = 2;

const DIALECT: Dialect = Dialect { connection: ConnectionDialect::Columns, text: TextDialect::Verbatim };

static CAPABILITIES: Capabilities = Capabilities {
    write: false,
    revisions: Revisions::Listing,
    compare: Compare::None,
    deletes: Deletes::Final,
    history: false,
    marks: None,
    read_batch: READ_BATCH,
    width: WIDTH,
    max_value: None,
    empty_values: true,
    double_braces: true,
    listing_lag: Duration::ZERO,
    listing: Listing::Full,
    tariff: Tariff::NONE,
};

/// An opened metastore.
pub struct AirflowMetastore {
    info: StoreInfo,
    rule: Rule,
    client: Client,
    caller: Caller,
    revision_key: Subkey,
    observer: Arc<dyn Observer>,
}

/// The rows that have one key: one, but for Airflow 1.10, which lets several connections have one name.
type Found = BTreeMap<RemoteKey, Vec<Row>>;

impl AirflowMetastore {
    /// Reads where the metastore is. Logs in at the first request, so that `check` can say what is wrong with it.
    fn open(settings: MetastoreSettings, opening: Opening) -> Result<Self> {
        use crate::provider::StoreSettings as _;
        let mut faults = Faults { store: opening.name.clone(), location: String::new() };
        faults.location = settings.location().map_err(|error| faults.of_settings("open", &error))?;
        let info = StoreInfo {
            name: opening.name.clone(),
            kind: KIND,
            location: faults.location.clone(),
            identity: settings.identity(),
        };
        let calls = CallSettings { timeout: settings.timeout(), ..CallSettings::default() };
        let paces = opening.quotas.of(&opening.name, || Paces::new(WIDTH, &[]));
        let caller = Caller::new(&opening.name, opening.observer.clone(), calls, paces);
        Ok(Self {
            info,
            rule: rule::rule(),
            client: Client::new(settings, faults),
            caller,
            revision_key: opening.revision_key,
            observer: opening.observer,
        })
    }

    /// Both tables in one transaction: one moment. Values are dropped row by row.
    async fn list_once(&self, scope: &Scope) -> Result<(Vec<Listed>, Oddities)> {
        let operation = "list";
        let mut digests: BTreeMap<RemoteKey, Vec<[u8; 32]>> = BTreeMap::new();
        let mut oddities = Oddities::default();
        let mut session = self.client.begin(operation).await?;
        let layout = self.client.layout(operation, &mut session).await?;
        for kind in [Kind::Connection, Kind::Variable] {
            if !scope.kinds.contains(&kind) {
                continue;
            }
            let selection = self.client.selection(operation, &mut session, &layout, kind).await?;
            let visit = |row: Row| {
                if let Some(key) = oddities.admit(&selection, &row) {
                    digests.entry(key).or_default().push(row.digest(&self.revision_key));
                }
            };
            let read = session.each(&selection, None, visit).await;
            read.map_err(|error| self.client.faults().of_sql(operation, &error))?;
        }
        self.client.end(operation, session).await?;
        let listed = digests.into_iter().map(|(key, digests)| listed(key, self.revision(digests)));
        Ok((listed.collect(), oddities))
    }

    /// The rows of one kind under `ids`, in a transaction of their own.
    async fn find_once(&self, operation: &'static str, kind: Kind, ids: &[String]) -> Result<Found> {
        let mut found = Found::new();
        let mut session = self.client.begin(operation).await?;
        let layout = self.client.layout(operation, &mut session).await?;
        let selection = self.client.selection(operation, &mut session, &layout, kind).await?;
        let mut oddities = Oddities::default();
        let visit = |row: Row| {
            if let Some(key) = oddities.admit(&selection, &row) {
                found.entry(key).or_default().push(row);
            }
        };
        let read = session.each(&selection, Some(ids), visit).await;
        read.map_err(|error| self.client.faults().of_sql(operation, &error))?;
        self.client.end(operation, session).await?;
        Ok(found)
    }

    /// Answers every key by what is found under it: a query a kind, so that a right that lacks for one does not spoil the other.
    async fn answer<T>(
        &self,
        family: Family,
        operation: &'static str,
        keys: &[RemoteKey],
        make: impl Fn(&RemoteKey, &[Row]) -> T + Sync,
    ) -> Vec<Result<Option<T>>> {
        let mut answers = BTreeMap::new();
        for kind in [Kind::Connection, Kind::Variable] {
            let names = keys.iter().filter_map(RowName::parse).filter(|name| name.kind == kind);
            let ids: Vec<String> = names.map(|name| name.id.to_owned()).collect();
            if !ids.is_empty() {
                let find = || self.find_once(operation, kind, &ids);
                answers.insert(kind, self.caller.call(family, operation, Repeat::Safe, find).await);
            }
        }
        let answer = |key: &RemoteKey| match RowName::parse(key).and_then(|name| answers.get(&name.kind)) {
            None => Ok(None),
            Some(Ok(found)) => Ok(found.get(key).map(|rows| make(key, rows))),
            Some(Err(error)) => Err(error.clone().about(key)),
        };
        keys.iter().map(answer).collect()
    }

    fn listed(&self, key: &RemoteKey, rows: &[Row]) -> Listed {
        let digests = rows.iter().map(|row| row.digest(&self.revision_key)).collect();
        listed(key.clone(), self.revision(digests))
    }

    /// The digest of the row; of all of them where several have one key, in whatever order they come.
    fn revision(&self, mut digests: Vec<[u8; 32]>) -> Revision {
        if let [digest] = digests.as_slice() {
            return Revision::new(hex(digest));
        }
        digests.sort_unstable();
        let parts: Vec<&[u8]> =
            [b"rows".as_slice()].into_iter().chain(digests.iter().map(<[u8; 32]>::as_slice)).collect();
        Revision::new(hex(&self.revision_key.digest(&parts)))
    }

    fn unsupported(&self, operation: &'static str) -> Error {
        let context = "a metastore is a source only: Airflow's own commands write it";
        Error::new(ErrorKind::Unsupported, operation, &self.info.name, context)
    }
}

fn listed(key: RemoteKey, revision: Revision) -> Listed {
    Listed { revision: Some(revision), ..Listed::live(key) }
}

fn content(rows: &[Row], keys: &Keyring) -> Content {
    match rows {
        [row] => row.content(keys),
        rows => Content::Quarantined(Quarantine::Duplicate(rows.len())),
    }
}

impl fmt::Debug for AirflowMetastore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AirflowMetastore").field("info", &self.info).finish_non_exhaustive()
    }
}

#[async_trait]
impl Provider for AirflowMetastore {
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
        check::check(&self.client, &self.caller, role, kinds).await
    }

    async fn list(&self, scope: &Scope) -> Result<Vec<Listed>> {
        // With keys that are none every row would fail on its own, and a run says one thing once.
        self.client.settings().keyring().map_err(|error| self.client.faults().of_settings("list", &error))?;
        let (listed, oddities) = self.caller.call(Family::List, "list", Repeat::Safe, || self.list_once(scope)).await?;
        for finding in oddities.findings(&self.info.name) {
            self.observer.observe(&Event::Found(finding));
        }
        Ok(listed)
    }

    async fn stat(&self, keys: &[RemoteKey]) -> Vec<Result<Option<Listed>>> {
        self.answer(Family::Stat, "stat", keys, |key, rows| self.listed(key, rows)).await
    }

    async fn read(&self, keys: &[RemoteKey]) -> Vec<Result<Option<Record>>> {
        let keyring = match self.client.settings().keyring() {
            Ok(keyring) => keyring,
            Err(error) => return all_failed(keys, &self.client.faults().of_settings("read", &error)),
        };
        let record =
            |key: &RemoteKey, rows: &[Row]| Record { listed: self.listed(key, rows), content: content(rows, &keyring) };
        self.answer(Family::Read, "read", keys, record).await
    }

    async fn write(&self, key: &RemoteKey, _entry: &Entry, _expect: &Expect) -> Result<Revision> {
        Err(self.unsupported("write").about(key))
    }

    async fn claim(&self, key: &RemoteKey, _mark: &Mark, _expect: &Expect) -> Result<Revision> {
        Err(self.unsupported("claim").about(key))
    }

    async fn delete(&self, key: &RemoteKey, _expect: &Expect) -> Result<Option<Revision>> {
        Err(self.unsupported("delete").about(key))
    }

    async fn restore(&self, key: &RemoteKey, _revision: &Revision, _expect: &Expect) -> Result<Revision> {
        Err(self.unsupported("restore").about(key))
    }
}
