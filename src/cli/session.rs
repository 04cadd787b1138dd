//! What every command begins with: the config, a job as the command narrows it, the ledger and the opened stores.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use super::args::{JobPart, Shown};
use super::failure::Failure;
use crate::config::{Config, ConfigError, JobSettings, MissingReference, Opener, load};
use crate::engine::{Job, Overrides, Stores};
use crate::ledger::{Ledger, Run};
use crate::model::{Event, Field, Kind, MasterKey, Observer};
use crate::provider::{Error, Opening, Quotas, Role, Store};
use crate::settings::suggestion;

/// A checked config and who watches the work.
pub struct Session {
    /// The config.
    pub config: Arc<Config>,
    /// What opens its stores.
    opener: Opener,
}

/// How one command narrows a job.
#[derive(Debug, Clone, Default)]
pub struct Narrowing {
    /// Only these targets of the job; none given: all.
    pub targets: Vec<String>,
    /// Only ids that match one of these globs; none given: all.
    pub only: Vec<String>,
    /// Only this kind.
    pub kind: Option<Kind>,
    /// Fields shown in clear.
    pub shown: Vec<Field>,
}

/// A part that a store plays in jobs.
#[derive(Debug, Clone)]
pub struct Part {
    /// The store's name in the config.
    pub store: String,
    /// Whether it is read or written.
    pub role: Role,
    /// What the jobs carry there.
    pub kinds: Vec<Kind>,
}

impl Narrowing {
    /// As the command line says.
    pub fn of(part: &JobPart, shown: &Shown) -> Self {
        Self {
            targets: part.target.clone(),
            only: part.only.clone(),
            kind: part.kind,
            shown: shown.show_fields.clone(),
        }
    }
}

impl Session {
    /// Reads and checks the config; all its faults come at once.
    pub fn begin(file: Option<&Path>, observer: Arc<dyn Observer>) -> Result<Self, Failure> {
        let config = load(file).map_err(Failure::config)?;
        for warning in &config.warnings {
            observer.observe(&Event::Found(warning.clone()));
        }
        let config = Arc::new(config);
        let opener = Opener { config: Arc::clone(&config), observer, quotas: Quotas::default() };
        Ok(Self { config, opener })
    }

    /// The job as it will run on each of its targets; refused where a secret that it refers to is not there.
    pub fn legs(&self, name: Option<&str>, narrowing: &Narrowing) -> Result<Vec<Job>, Failure> {
        let settings = self.config.job(name).map_err(|error| Failure::config(vec![error]))?;
        let known = || settings.targets.iter().map(String::as_str);
        if let Some(unknown) = narrowing.targets.iter().find(|name| !settings.targets.contains(name)) {
            let message = format!("{unknown:?} is no target of the job {}", settings.name);
            return Err(Failure::usage(message, suggestion(unknown, known())));
        }
        let wanted = |target: &&str| narrowing.targets.is_empty() || narrowing.targets.iter().any(|one| one == target);
        let targets: Vec<&str> = known().filter(wanted).collect();
        let stores: Vec<&str> = targets.iter().copied().chain([settings.source.as_str()]).collect();
        self.insist_on(&stores, Some(&settings.name))?;
        let overrides = self.opener.overrides(settings).map_err(Failure::config)?;
        targets.into_iter().map(|target| job(settings, target, narrowing, overrides.clone())).collect()
    }

    /// The job of an earlier run, on the place that the run wrote to, whatever the store is called now.
    ///
    /// Only the target is asked in an undo, so nothing that the source or an override refers to needs to be there.
    pub fn job_of(&self, past: &Run) -> Result<Job, Failure> {
        let settings = self.config.job(Some(&past.job)).map_err(|error| Failure::config(vec![error]))?;
        let is_there = |name: &&String| self.opener.identity(name) == past.target_identity;
        let named = self.config.stores.get_key_value(&past.target).map(|(name, _)| name).filter(is_there);
        let Some(target) = named.or_else(|| self.config.stores.keys().find(is_there)) else {
            let message = format!(
                "run {} wrote to {} ({}), and no store of the config is that place any more",
                past.id.short(),
                past.target,
                past.target_identity
            );
            return Err(Failure::usage(message, "put the store back into the config as it was"));
        };
        self.insist_on(&[target], None)?;
        let job = job(settings, target, &Narrowing::default(), Overrides::default())?;
        Ok(Job { source: past.source.clone(), ..job })
    }

    /// Refuses where a secret that the ledger, one of these stores or the job refers to is not there.
    fn insist_on(&self, stores: &[&str], job: Option<&str>) -> Result<(), Failure> {
        let missing = self.missing_for(stores, job);
        if missing.is_empty() { Ok(()) } else { Err(Failure::config(missing)) }
    }

    /// Every secret that the ledger, these stores and the job refer to, and that is not there.
    fn missing_for(&self, stores: &[&str], job: Option<&str>) -> Vec<ConfigError> {
        let concerns = |missing: &MissingReference| {
            missing.is_of_ledger()
                || job.is_some_and(|job| missing.is_of_job(job))
                || stores.iter().any(|store| missing.is_of_store(store))
        };
        self.config.missing(concerns)
    }

    /// Opens the ledger, making it where there is none yet.
    pub async fn ledger(&self) -> Result<Ledger, Failure> {
        let ledger = Ledger::open(&self.config.ledger, self.folder()).await.map_err(Failure::ledger)?;
        self.tell_of(&ledger);
        Ok(ledger)
    }

    /// Opens the ledger; `None` where there is none, and then nothing is made.
    pub async fn ledger_if_any(&self) -> Result<Option<Ledger>, Failure> {
        let ledger = Ledger::open_existing(&self.config.ledger, self.folder()).await.map_err(Failure::ledger)?;
        ledger.iter().for_each(|ledger| self.tell_of(ledger));
        Ok(ledger)
    }

    fn tell_of(&self, ledger: &Ledger) {
        if let Some(finding) = ledger.finding() {
            self.opener.observer.observe(&Event::Found(finding));
        }
    }

    /// The part each store plays, and in which kinds; names of jobs or stores narrow it.
    pub fn parts(&self, names: &[String]) -> Result<Vec<Part>, Failure> {
        let config = &self.config;
        let known = || config.jobs.keys().chain(config.stores.keys()).map(String::as_str);
        if let Some(unknown) = names.iter().find(|name| !known().any(|known| known == *name)) {
            return Err(Failure::usage(format!("no job or store is called {unknown:?}"), suggestion(unknown, known())));
        }
        let named = |name: &String| names.is_empty() || names.contains(name);
        let mut parts: BTreeMap<(&String, Role), BTreeSet<Kind>> = BTreeMap::new();
        for job in config.jobs.values() {
            let targets = job.targets.iter().map(|target| (target, Role::Target));
            for (store, role) in targets.chain([(&job.source, Role::Source)]) {
                if named(&job.name) || named(store) {
                    parts.entry((store, role)).or_default().extend(&job.kinds);
                }
            }
        }
        for store in config.stores.keys().filter(|store| named(store)) {
            if !parts.keys().any(|(used, _)| *used == store) {
                parts.insert((store, Role::Source), Kind::ALL.into());
            }
        }
        let part = |((store, role), kinds): ((&String, Role), BTreeSet<Kind>)| Part {
            store: store.clone(),
            role,
            kinds: kinds.into_iter().collect(),
        };
        Ok(parts.into_iter().map(part).collect())
    }

    /// Opens both stores of a job, at the same time.
    pub async fn stores(&self, job: &Job, ledger: Option<&Ledger>) -> Result<Stores, Failure> {
        self.pair(job, Role::Target, ledger).await
    }

    /// Opens both stores of a job for reading alone.
    pub async fn sources(&self, job: &Job, ledger: Option<&Ledger>) -> Result<Stores, Failure> {
        self.pair(job, Role::Source, ledger).await
    }

    async fn pair(&self, job: &Job, role: Role, ledger: Option<&Ledger>) -> Result<Stores, Failure> {
        let (source, target) =
            futures::join!(self.store(&job.source, Role::Source, ledger), self.store(&job.target, role, ledger));
        Ok(Stores { source: source.map_err(Failure::store)?, target: target.map_err(Failure::store)? })
    }

    /// Opens one store.
    pub async fn store(&self, name: &str, role: Role, ledger: Option<&Ledger>) -> Result<Store, Error> {
        let key = ledger.map_or_else(MasterKey::random, |ledger| ledger.key().clone());
        self.opener.store(name, role, &key).await
    }

    /// What a store is asked with that shall only say what Airflow needs.
    pub fn opening(&self, name: &str) -> Opening {
        self.opener.opening(name, Role::Source, &MasterKey::random())
    }

    /// The folder that relative paths of the config are taken from.
    pub fn folder(&self) -> &Path {
        self.config.folder()
    }
}

/// A job on one of its targets, narrowed.
fn job(settings: &JobSettings, target: &str, narrowing: &Narrowing, overrides: Overrides) -> Result<Job, Failure> {
    let filter = settings
        .filter()
        .and_then(|filter| filter.narrowed(narrowing.kind, &narrowing.only))
        .map_err(Failure::pattern)?;
    let job = settings.job(target, filter, overrides);
    Ok(Job { shown: narrowing.shown.clone(), ..job })
}
