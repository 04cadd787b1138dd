//! What the daemon works by: one checked config, its jobs by target, and its stores, opened once and kept.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::Mutex;

use crate::config::{Config, JobSettings, Opener};
use crate::engine::{Job, Schedule};
use crate::ledger::Ledger;
use crate::provider::{self, Role, Store};

/// A config at work; runs that are under way keep theirs when another one comes.
pub struct Setup {
    /// What opens its stores.
    pub opener: Opener,
    /// Every job on every target, in the order of names.
    pub legs: Vec<Leg>,
    opened: Mutex<BTreeMap<(String, Role), Store>>,
}

/// A job on one of its targets.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Leg {
    /// The job.
    pub job: String,
    /// The target's name in the config.
    pub target: String,
    /// The target under any name.
    pub identity: String,
}

impl Leg {
    /// By what the ledger knows it.
    pub fn place(&self) -> (String, String) {
        (self.job.clone(), self.identity.clone())
    }
}

impl Setup {
    /// Puts a config to work; nothing is opened yet.
    pub fn new(opener: Opener) -> Self {
        let legs = opener.config.jobs.values().flat_map(|job| {
            job.targets.iter().map(|target| Leg {
                job: job.name.clone(),
                target: target.clone(),
                identity: opener.identity(target),
            })
        });
        let legs = legs.collect();
        Self { opener, legs, opened: Mutex::default() }
    }

    /// The config.
    pub fn config(&self) -> &Arc<Config> {
        &self.opener.config
    }

    /// A job's settings.
    pub fn job(&self, leg: &Leg) -> &JobSettings {
        self.config().jobs.get(&leg.job).expect("a leg is of a job of this config")
    }

    /// When a job is due.
    pub fn schedule(&self, leg: &Leg) -> Option<&Schedule> {
        self.job(leg).schedule.as_ref()
    }

    /// A job as it runs; what it sets on the way is read anew. An error says which key leads to no secret.
    pub fn prepared(&self, leg: &Leg) -> Result<Job, String> {
        let told = |errors: Vec<crate::config::ConfigError>| {
            errors.iter().map(crate::config::ConfigError::sentence).collect::<Vec<_>>().join("; ")
        };
        self.opener.job(self.job(leg), &leg.target).map_err(told)
    }

    /// A store, opened at the first call and kept: its log-in, its connections and its pace are shared by all jobs.
    pub async fn store(&self, name: &str, role: Role, ledger: &Ledger) -> provider::Result<Store> {
        let at = (name.to_owned(), role);
        if let Some(store) = self.opened.lock().await.get(&at) {
            return Ok(Arc::clone(store));
        }
        let store = self.opener.store(name, role, ledger.key()).await?;
        Ok(Arc::clone(self.opened.lock().await.entry(at).or_insert(store)))
    }

    /// The jobs that use a store.
    pub fn jobs_of(&self, store: &str) -> Vec<String> {
        let uses = |job: &&JobSettings| job.source == store || job.targets.iter().any(|target| target == store);
        self.config().jobs.values().filter(uses).map(|job| job.name.clone()).collect()
    }

    /// The stores that jobs use, with what for.
    pub fn roles(&self) -> BTreeMap<String, Vec<Role>> {
        let mut roles: BTreeMap<String, Vec<Role>> = BTreeMap::new();
        for leg in &self.legs {
            for (store, role) in [(&self.job(leg).source, Role::Source), (&leg.target, Role::Target)] {
                let known = roles.entry(store.clone()).or_default();
                if !known.contains(&role) {
                    known.push(role);
                }
            }
        }
        roles
    }
}
