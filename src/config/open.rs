//! Puts a checked config to work: its stores opened, each with one pace, and its jobs as they run.

use std::sync::Arc;

use super::check::{Config, MissingReference};
use super::error::ConfigError;
use super::job::JobSettings;
use crate::engine::{Job, Overrides};
use crate::model::{MasterKey, Observer, Purpose};
use crate::naming::{Filter, PatternError};
use crate::provider::{self, Opening, Quotas, Role, Store, StoreSettings, registry};
use crate::reference::ReferenceError;
use crate::settings::{SettingsFault, TablePath};

/// What to do about a reference behind which there is no secret.
pub const REFERENCE_HINT: &str = "set it, or correct the reference";

/// Opens what a config names; clones share its paces.
#[derive(Clone)]
pub struct Opener {
    /// The config.
    pub config: Arc<Config>,
    /// Who hears of calls and waits.
    pub observer: Arc<dyn Observer>,
    /// The pace of each store.
    pub quotas: Quotas,
}

impl Opener {
    /// Opens one store; digests of rows are keyed by `key`.
    pub async fn store(&self, name: &str, role: Role, key: &MasterKey) -> provider::Result<Store> {
        registry::open(self.settings(name), self.opening(name, role, key)).await
    }

    /// What a store is opened with.
    pub fn opening(&self, name: &str, role: Role, key: &MasterKey) -> Opening {
        Opening {
            name: name.to_owned(),
            role,
            revision_key: key.subkey(Purpose::Revision),
            observer: Arc::clone(&self.observer),
            quotas: self.quotas.clone(),
        }
    }

    /// A store's table.
    pub fn settings(&self, store: &str) -> &dyn StoreSettings {
        self.config.stores.get(store).expect("a checked config has every store that its jobs name").as_ref()
    }

    /// A store under any name.
    pub fn identity(&self, store: &str) -> String {
        self.settings(store).identity()
    }

    /// A whole job on one of its targets; what it sets on the way is read now.
    pub fn job(&self, settings: &JobSettings, target: &str) -> Result<Job, Vec<ConfigError>> {
        let overrides = self.overrides(settings)?;
        let filter = settings.filter().expect("a checked config holds sound globs");
        Ok(settings.job(target, filter, overrides))
    }

    /// What a job sets on the way, read now.
    pub fn overrides(&self, job: &JobSettings) -> Result<Overrides, Vec<ConfigError>> {
        let path = TablePath::default().key("jobs").key(&job.name);
        let error = |(path, error): (String, ReferenceError)| {
            ConfigError::new(&self.config.file, SettingsFault::new(path, error.to_string()).with_hint(REFERENCE_HINT))
        };
        job.overrides.resolved(&path).map_err(|faults| faults.into_iter().map(error).collect())
    }
}

impl Config {
    /// Every reference behind which there is no secret, as far as it `concerns`, as a fault of the file.
    pub fn missing(&self, concerns: impl Fn(&MissingReference) -> bool) -> Vec<ConfigError> {
        let error = |missing: MissingReference| {
            let fault = SettingsFault::new(missing.path, missing.problem.to_string()).with_hint(REFERENCE_HINT);
            ConfigError::new(&self.file, fault)
        };
        self.missing_references().into_iter().filter(concerns).map(error).collect()
    }
}

impl JobSettings {
    /// The names it is about.
    pub fn filter(&self) -> Result<Filter, Vec<PatternError>> {
        Filter::new(&self.kinds, &self.include, &self.exclude)
    }

    /// The job as it runs on one of its targets.
    pub fn job(&self, target: &str, filter: Filter, overrides: Overrides) -> Job {
        Job {
            name: self.name.clone(),
            source: self.source.clone(),
            target: target.to_owned(),
            filter,
            mapping: self.mapping.clone(),
            overrides,
            form: self.form,
            readers: self.readers.clone(),
            depth: self.depth,
            deep_compare_every: self.deep_compare_every,
            policy: self.policy.clone(),
            accept: self.accept.clone(),
            allow_masked: self.allow_masked.clone(),
            shown: Vec::new(),
        }
    }
}
