//! Rules across tables, and the config that has passed them all.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::chain::{Leg, Loop, before, legs, loops};
use super::changes::Written;
use super::daemon::DaemonSettings;
use super::error::ConfigError;
use super::job::JobSettings;
use super::notify::NotifySettings;
use super::store::StoreTable;
use crate::ledger::LedgerSettings;
use crate::model::{Finding, Kind, Listing, SecretName, Severity};
use crate::naming::{Conflict, JobNames, Place, Renamed, encode, literal, static_conflicts};
use crate::provider::{Role, StoreSettings};
use crate::reference::{Reference, ReferenceError};
use crate::settings::{RawReference, SettingsFault, TablePath, suggestion};

/// A whole checked config.
#[derive(Debug)]
pub struct Config {
    /// The file it came from.
    pub file: PathBuf,
    /// SHA-256 of the file's text, in hex, for the audit.
    pub digest: String,
    /// What is known between runs.
    pub ledger: LedgerSettings,
    /// The stores by name, not opened.
    pub stores: BTreeMap<String, Box<dyn StoreSettings>>,
    /// The jobs by name.
    pub jobs: BTreeMap<String, JobSettings>,
    /// How the daemon works.
    pub daemon: DaemonSettings,
    /// Who is told of what goes wrong, in the order of the file.
    pub notify: Vec<NotifySettings>,
    /// What is worth a look, but stops nothing.
    pub warnings: Vec<Finding>,
    pub(super) written: Written,
    references: Vec<(String, Reference)>,
}

/// A reference of the config behind which there is no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingReference {
    /// The key of the config, dotted.
    pub path: String,
    /// Which variable or file, and what is wrong with it.
    pub problem: ReferenceError,
}

impl MissingReference {
    /// Tells whether it belongs to the ledger.
    pub fn is_of_ledger(&self) -> bool {
        self.is_below(&TablePath::default().key("ledger"))
    }

    /// Tells whether it belongs to a store.
    pub fn is_of_store(&self, name: &str) -> bool {
        self.is_below(&TablePath::default().key("stores").key(name))
    }

    /// Tells whether it belongs to a job.
    pub fn is_of_job(&self, name: &str) -> bool {
        self.is_below(&TablePath::default().key("jobs").key(name))
    }

    fn is_below(&self, table: &TablePath) -> bool {
        self.path.strip_prefix(&table.to_string()).is_some_and(|rest| rest.starts_with('.'))
    }
}

impl Config {
    /// The folder that relative paths are taken from.
    pub fn folder(&self) -> &Path {
        self.file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
    }

    /// Reads every reference once and names those that give no secret; a command that does not use them may still run.
    ///
    /// An empty one is left to whoever reads it: to Airflow an empty Fernet key means that nothing is encrypted.
    pub fn missing_references(&self) -> Vec<MissingReference> {
        let missing = |(path, reference): &(String, Reference)| {
            let problem = reference.resolve().err().filter(|problem| !matches!(problem, ReferenceError::Empty(_)))?;
            Some(MissingReference { path: path.clone(), problem })
        };
        self.references.iter().filter_map(missing).collect()
    }

    /// The jobs that write what this one reads, in the order of names: it goes after them where both are due. Jobs that are
    /// on a loop with it are left out.
    pub fn before(&self, job: &str) -> Vec<&str> {
        let store = |name: &String| Some(self.stores.get(name)?.as_ref());
        before(&legs(self.jobs.values(), store), job)
    }

    /// Finds a job; without a name, the only one.
    pub fn job(&self, name: Option<&str>) -> Result<&JobSettings, ConfigError> {
        let words = || self.jobs.keys().map(String::as_str);
        let refused = |problem: String, hint: String| {
            ConfigError::new(&self.file, SettingsFault::new("jobs", problem).with_hint(hint))
        };
        match name {
            Some(name) => {
                let unknown = || refused(format!("no job is called {name:?}"), suggestion(name, words()));
                self.jobs.get(name).ok_or_else(unknown)
            }
            None if self.jobs.len() == 1 => Ok(self.jobs.values().next().expect("there is one")),
            None if self.jobs.is_empty() => {
                let hint = "add a table [jobs.NAME] that names a source and a target";
                Err(refused("the config has no job".to_owned(), hint.to_owned()))
            }
            None => {
                let listed = words().collect::<Vec<_>>().join(", ");
                Err(refused(format!("the config has {} jobs; name one", self.jobs.len()), format!("one of: {listed}")))
            }
        }
    }
}

/// What was read of each table; `None` where the table has faults of its own.
#[derive(Debug, Default)]
pub(super) struct Parts {
    pub(super) ledger: Option<LedgerSettings>,
    pub(super) daemon: Option<DaemonSettings>,
    pub(super) notify: Vec<NotifySettings>,
    pub(super) stores: BTreeMap<String, Option<StoreTable>>,
    pub(super) jobs: BTreeMap<String, JobPart>,
    references: Vec<(String, Reference)>,
}

/// What was read of one job.
#[derive(Debug)]
pub(super) struct JobPart {
    /// The stores it names, known even where other keys are faulty.
    pub(super) source: Option<String>,
    /// The targets, by their keys in the table.
    pub(super) targets: Vec<(String, String)>,
    pub(super) settings: Option<JobSettings>,
}

impl Parts {
    /// Remembers the references of the table at `above`.
    pub(super) fn add_references(&mut self, above: &TablePath, found: Vec<RawReference>, folder: &Path) {
        let sound = found.into_iter().filter_map(|raw| {
            let reference = Reference::deserialize(raw.table).ok()?.relative_to(folder);
            Some((format!("{above}.{}", raw.path), reference))
        });
        self.references.extend(sound);
    }

    /// Remembers the references of a job.
    pub(super) fn add_job_references(&mut self, found: Vec<(String, Reference)>) {
        self.references.extend(found);
    }

    /// Every fault that only shows when tables are held against each other.
    pub(super) fn faults(&self) -> Vec<SettingsFault> {
        let jobs = self.jobs.iter().flat_map(|(name, job)| self.job_faults(name, job));
        let conflicts = self.conflicts().into_iter().filter(|conflict| conflict.severity() == Severity::Error);
        let loops = self.loops().into_iter().filter(Loop::runs_by_itself).map(|found| found.fault());
        jobs.chain(self.shared_names())
            .chain(conflicts.map(|conflict| conflict_fault(&conflict)))
            .chain(loops)
            .collect()
    }

    /// The config; only where there are no faults.
    pub(super) fn config(self, file: &Path, digest: String, written: Written) -> Config {
        let loops = self.loops();
        let warnings = self.conflicts().iter().map(conflict_finding).chain(loops.iter().map(Loop::finding)).collect();
        let stores = self.stores.into_iter().filter_map(|(name, store)| Some((name, store?.settings)));
        let jobs = self.jobs.into_iter().filter_map(|(name, job)| Some((name, job.settings?)));
        Config {
            file: file.to_owned(),
            digest,
            ledger: self.ledger.unwrap_or_default(),
            daemon: self.daemon.unwrap_or_default(),
            notify: self.notify,
            stores: stores.collect(),
            jobs: jobs.collect(),
            warnings,
            written,
            references: self.references,
        }
    }

    /// Names that would meet under one key of a target, as far as the config alone tells.
    fn conflicts(&self) -> Vec<Conflict> {
        let jobs = self.jobs.values().filter_map(|job| job.settings.as_ref());
        let legs = jobs.flat_map(|job| job.targets.iter().map(move |target| (job, target)));
        let targets = legs.filter_map(|(job, target)| Some((job, target, self.stores.get(target)?.as_ref()?)));
        let known: Vec<_> = targets
            .map(|(job, target, store)| (job, target, store.settings.identity(), store.settings.rule()))
            .collect();
        let names = known.iter().map(|(job, target, identity, rule)| JobNames {
            job: &job.name,
            store: target,
            identity,
            rule,
            kinds: &job.kinds,
            include: &job.include,
            exclude: &job.exclude,
            mapping: &job.mapping,
        });
        static_conflicts(&names.collect::<Vec<_>>())
    }

    /// The legs of all sound jobs on sound stores.
    fn legs(&self) -> Vec<Leg<'_>> {
        let store = |name: &String| Some(self.stores.get(name)?.as_ref()?.settings.as_ref());
        legs(self.jobs.values().filter_map(|job| job.settings.as_ref()), store)
    }

    /// Values that would go round for ever, unless somebody starts each job by hand.
    fn loops(&self) -> Vec<Loop> {
        loops(&self.legs())
    }

    fn job_faults(&self, name: &str, job: &JobPart) -> Vec<SettingsFault> {
        let path = TablePath::default().key("jobs").key(name);
        let mut faults = Vec::new();
        let source = job.source.as_ref().and_then(|name| {
            let store = self.store(path.key("source").to_string(), name, Role::Source, &mut faults)?;
            Some((name, store))
        });
        if let (Some((name, store)), Some(job)) = (source, &job.settings) {
            faults.extend(kind_faults(&path, job, name, store));
        }
        for (key, name) in &job.targets {
            let at = format!("{path}.{key}");
            let target = self.store(at.clone(), name, Role::Target, &mut faults);
            let (Some((_, source)), Some(target), Some(job)) = (source, target, &job.settings) else { continue };
            faults.extend(leg_faults(&path, at, job, source, (name, target)));
        }
        faults
    }

    // The store a job names, if it can play its part; `None` without a fault where the store's own table is faulty.
    fn store(&self, path: String, name: &str, role: Role, faults: &mut Vec<SettingsFault>) -> Option<&StoreTable> {
        let Some(store) = self.stores.get(name) else {
            let hint = suggestion(name, self.stores.keys().map(String::as_str));
            faults.push(SettingsFault::new(path, format!("no store is called {name:?}")).with_hint(hint));
            return None;
        };
        let store = store.as_ref()?;
        if !store.roles.contains(&role) {
            let only = if role == Role::Target { "a source only" } else { "a target only" };
            faults.push(SettingsFault::new(path, format!("{name} is of the kind {}: {only}", store.settings.kind())));
            return None;
        }
        Some(store)
    }

    // `check NAME` takes the name of a job or of a store.
    fn shared_names(&self) -> impl Iterator<Item = SettingsFault> {
        self.jobs.keys().filter(|name| self.stores.contains_key(*name)).map(|name| {
            let path = TablePath::default().key("jobs").key(name);
            SettingsFault::new(path.to_string(), "a store has this name too").with_hint("give the job another name")
        })
    }
}

fn conflict_finding(conflict: &Conflict) -> Finding {
    let subject = match conflict {
        Conflict::Prefixes { store, .. } | Conflict::Jobs { jobs: [_, (_, store)], .. } => store,
    };
    Finding::new(conflict.severity(), "names-overlap", subject, conflict.to_string())
}

// The later job is the one to change.
fn conflict_fault(conflict: &Conflict) -> SettingsFault {
    let job = match conflict {
        Conflict::Prefixes { job, .. } | Conflict::Jobs { jobs: [_, (job, _)], .. } => job,
    };
    SettingsFault::new(TablePath::default().key("jobs").key(job).to_string(), conflict.to_string())
}

/// What is wrong with a job on one of its targets.
fn leg_faults(
    path: &TablePath,
    at: String,
    job: &JobSettings,
    source: &StoreTable,
    (name, target): (&str, &StoreTable),
) -> Vec<SettingsFault> {
    if job.source == name {
        return vec![SettingsFault::new(at, "this is the source too")];
    }
    let mut faults = Vec::new();
    if source.settings.identity() == target.settings.identity() {
        faults.push(SettingsFault::new(at, format!("{} and {name} are the same place", job.source)));
    }
    faults.extend(kind_faults(path, job, name, target));
    faults.extend(rename_faults(path, job, target));
    faults.extend(listing_fault(path, job, source, (name, target)));
    faults
}

/// Two stores that are not listed lead to no key unless the job names it.
fn listing_fault(
    path: &TablePath,
    job: &JobSettings,
    source: &StoreTable,
    (other, target): (&str, &StoreTable),
) -> Option<SettingsFault> {
    let exact = [source, target].iter().all(|store| store.settings.listing() == Listing::Exact);
    let named = job.include.iter().all(|glob| literal(glob).is_some());
    let one = &job.source;
    let problem = format!("neither {one} nor {other} is listed (listing = \"exact\"), so nothing leads to the keys");
    let fault = SettingsFault::new(path.key("include").to_string(), problem);
    (exact && !named).then(|| fault.with_hint("name the ids here, without wildcards"))
}

/// Renames to what the target can hold of no kind; of teams and mounts only a run can tell.
fn rename_faults(path: &TablePath, job: &JobSettings, target: &StoreTable) -> Vec<SettingsFault> {
    let rule = target.settings.rule();
    let refused = |renamed: &Renamed, new: &str| {
        let kinds = job.kinds.iter().filter(|kind| renamed.is_of(**kind));
        let spelled = kinds.map(|kind| encode(&rule, &SecretName::new(*kind, new)));
        let errors: Vec<_> = spelled.map(Result::err).collect();
        errors.into_iter().collect::<Option<Vec<_>>>()?.into_iter().next()
    };
    let fault = |(renamed, new)| {
        let error = refused(renamed, new)?;
        Some(SettingsFault::new(path.key("rename").key(&renamed.to_string()).to_string(), error.to_string()))
    };
    job.mapping.renames().filter_map(fault).collect()
}

fn kind_faults(path: &TablePath, job: &JobSettings, name: &str, store: &StoreTable) -> Vec<SettingsFault> {
    let rule = store.settings.rule();
    let off = job.kinds.iter().filter(|kind| *rule.place(**kind) == Place::Off);
    let fault = |kind: &Kind| {
        let problem = format!("{name} ({}) holds no {}", store.settings.kind(), kind.plural());
        SettingsFault::new(path.key("kinds").to_string(), problem)
    };
    off.map(fault).collect()
}
