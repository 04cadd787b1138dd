//! What every store can be asked, and what is handed over and back.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::airflow::AirflowBackend;
use super::call::CallSettings;
use super::error::{Error, Result};
use super::pace::Quotas;
use crate::model::{
    Capabilities, Dialect, ErrorKind, Finding, Kind, Listed, Listing, Mark, Observer, RemoteKey, Revision, Scope,
    SecretValue, Subkey,
};
use crate::naming::Rule;
use crate::settings::SettingsFault;

/// Opens, reads and changes one store of secrets.
///
/// Implementations hold no policy: they do not compare, log values or rename keys. Every request goes through [`Caller`](super::call::Caller).
#[async_trait]
pub trait Provider: fmt::Debug + Send + Sync {
    /// Names the store and its kind. Does no I/O, nor do the next three.
    fn info(&self) -> &StoreInfo;

    /// States what this store can do as it is configured.
    fn capabilities(&self) -> &Capabilities;

    /// States how this store spells names.
    fn rule(&self) -> &Rule;

    /// States how the Airflow backend of this store reads a stored value.
    fn dialect(&self) -> &Dialect;

    /// Looks for whatever would stop jobs of these kinds in `role`: address, identity, rights, token life.
    ///
    /// Every fault is a finding, none an error; of rights and files that only other kinds need nothing is said.
    async fn check(&self, role: Role, kinds: &[Kind]) -> Vec<Finding>;

    /// Lists every key in `scope` to the last page, without values. An error means that there is no listing, not a shorter one.
    async fn list(&self, scope: &Scope) -> Result<Vec<Listed>>;

    /// Looks at single keys without reading their values, answering in the order of `keys`; absent is `None`.
    async fn stat(&self, keys: &[RemoteKey]) -> Vec<Result<Option<Listed>>>;

    /// Reads up to [`Capabilities::read_batch`] secrets, answering in the order of `keys`.
    ///
    /// An absent key is `None`, not an error; a refused one is `Denied`, never `None`; one key's fault leaves the others'
    /// answers alone. A key that is there but holds no live value (soft-deleted, destroyed, disabled) is a record without a value.
    async fn read(&self, keys: &[RemoteKey]) -> Vec<Result<Option<Record>>>;

    /// Writes one secret, provided the store still is as `expect` says, else `Conflict`.
    ///
    /// Requires [`Capabilities::write`]. Tags and metadata that are not ours are kept.
    async fn write(&self, key: &RemoteKey, entry: &Entry, expect: &Expect) -> Result<Revision>;

    /// Puts our mark on a key without touching its value, for adoption.
    ///
    /// Requires [`Capabilities::marks`]. Gives the key's revision afterwards.
    async fn claim(&self, key: &RemoteKey, mark: &Mark, expect: &Expect) -> Result<Revision>;

    /// Takes our mark off a key without touching its value, where the key carries exactly that; gives the revision afterwards.
    ///
    /// Requires [`Capabilities::marks`]. Whatever else is kept beside the value stays, marks of others included.
    async fn release(&self, key: &RemoteKey, mark: &Mark, expect: &Expect) -> Result<Revision> {
        let _ = (mark, expect);
        Err(Error::new(ErrorKind::Unsupported, "release", &self.info().name, "the store has no marks").about(key))
    }

    /// Deletes one secret recoverably where the store can, provided it still is as `expect` says.
    ///
    /// An absent key succeeds. Gives the revision of what is left behind, if anything is.
    async fn delete(&self, key: &RemoteKey, expect: &Expect) -> Result<Option<Revision>>;

    /// Tells of up to [`Capabilities::read_batch`] versions whether [`restore`](Self::restore) could bring them back,
    /// answering in their order; reads none of them for that.
    async fn keeps(&self, versions: &[(RemoteKey, Revision)]) -> Vec<Result<bool>> {
        versions.iter().map(|_| Ok(false)).collect()
    }

    /// Brings back what `key` held at `revision`, or undoes its deletion; marks stay as they are.
    ///
    /// Requires [`Capabilities::history`]. `Unsupported` where that version is gone.
    async fn restore(&self, key: &RemoteKey, revision: &Revision, expect: &Expect) -> Result<Revision>;
}

/// What a job uses a store for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Read only.
    Source,
    /// Read and written.
    Target,
}

/// Which store this is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreInfo {
    /// Its name in the config.
    pub name: String,
    /// Its kind in the config, such as `vault`.
    pub kind: &'static str,
    /// Where it is, for people: an address without any secret, such as `https://vault.internal:8200 secret/`.
    pub location: String,
    /// The same place under any name in any config: what leases and baselines are kept by. No secret in it.
    pub identity: String,
}

/// A secret as it was read.
#[derive(Debug, Clone)]
pub struct Record {
    /// The key, its state and revision.
    pub listed: Listed,
    /// What it holds, as the store's [`Dialect`] spells it; or why it cannot be had.
    pub content: Content,
}

/// What a key holds.
#[derive(Debug, Clone)]
pub enum Content {
    /// The stored text; for stores of key-value maps (Vault) the map as a JSON object.
    Value(SecretValue),
    /// No live value: see the state.
    Nothing,
    /// There is one, but it cannot be understood.
    Quarantined(Quarantine),
}

/// Why a stored value cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Quarantine {
    /// None of the Fernet keys opens it; the column is named.
    Undecryptable(String),
    /// Several rows have this name; how many.
    Duplicate(usize),
    /// It is no text, or not of the form the store's backend takes; said in words, without the value.
    Malformed(String),
}

/// What is written.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The kind of secret.
    pub kind: Kind,
    /// The text to store, as the store's [`Dialect`] renders it.
    pub value: SecretValue,
    /// Whose it is; `None` leaves marks alone.
    pub mark: Option<Mark>,
    /// The source's description, for stores with a place of their own for it.
    pub description: Option<SecretValue>,
    /// The same for a repeat of this very step, and for nothing else.
    pub token: RequestToken,
}

/// Makes a repeat of one step harmless where the store knows such a thing: a UUID derived from the step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestToken(pub String);

/// The state a change was planned against. For stores that cannot compare, the `expect` layer looks again first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expect {
    /// There is no such key, or only its empty name.
    Absent,
    /// It is softly deleted, or its latest version was destroyed, at this revision.
    Deleted(Revision),
    /// It is live, at this revision.
    At(Revision),
    /// It is live and holds exactly this text: for stores without revisions.
    Holding(SecretValue),
    /// Whatever is there.
    Anything,
}

/// What a provider needs to open a store, beside its settings.
#[derive(Clone)]
pub struct Opening {
    /// The store's name in the config.
    pub name: String,
    /// What the job uses it for.
    pub role: Role,
    /// The key for digests of rows, where a store has no revisions of its own.
    pub revision_key: Subkey,
    /// Who hears of calls and waits.
    pub observer: Arc<dyn Observer>,
    /// How fast this process asks each of its stores.
    pub quotas: Quotas,
}

impl Opening {
    /// The refusal to open a store by settings with `faults`.
    pub fn refuse(&self, faults: &[SettingsFault]) -> Error {
        let said: Vec<_> = faults.iter().map(|fault| format!("{}: {}", fault.path, fault.problem)).collect();
        Error::new(ErrorKind::Invalid, "open", &self.name, said.join("; "))
    }
}

/// An opened store.
pub type Store = Arc<dyn Provider>;

/// The settings of one store: a checked table of the config, and the way to open what it describes.
#[async_trait]
pub trait StoreSettings: fmt::Debug + Send + Sync {
    /// The kind in the config.
    fn kind(&self) -> &'static str;

    /// Every fault that needs no I/O to be seen, by key of the table.
    fn faults(&self) -> Vec<SettingsFault>;

    /// How the store will spell names, for checks across the whole config before any call.
    fn rule(&self) -> Rule;

    /// The place the store is, as in [`StoreInfo::identity`].
    fn identity(&self) -> String;

    /// Whether the store can be asked for all its keys, as in [`Capabilities::listing`].
    fn listing(&self) -> Listing {
        Listing::Full
    }

    /// The longest that one request to the store may be under way.
    fn request_timeout(&self) -> Duration {
        CallSettings::default().timeout
    }

    /// Takes relative paths from `folder`, the config file's, and fills in what `backend-kwargs` say and the table's own
    /// keys do not; called once, before anything else is asked.
    fn relative_to(&mut self, folder: &Path);

    /// What a person should hear of the settings as they are, in every report; `store` is their name in the config.
    fn remarks(&self, _store: &str) -> Vec<Finding> {
        Vec::new()
    }

    /// What Airflow must be told to read the store; `None` where none of its backends does.
    ///
    /// Asks the store what the settings leave open, if it answers soon.
    async fn airflow(&self, _opening: Opening) -> Option<AirflowBackend> {
        None
    }

    /// Opens the store: connects, logs in, finds out what the settings leave open.
    async fn open(&self, opening: Opening) -> Result<Store>;
}

/// Makes the answer of a batch in which every key failed alike.
pub fn all_failed<T>(keys: &[RemoteKey], error: &Error) -> Vec<Result<T>> {
    keys.iter().map(|key| Err(error.clone().about(key))).collect()
}
