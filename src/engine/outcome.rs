//! What became of a run, or of a look at both sides: plain data for reports.

use std::collections::BTreeMap;
use std::time::Duration;

pub use crate::ledger::RunStatus;
use crate::model::{Action, Finding, Fingerprint, Names, Outcome, Reason, RemoteKey, Revision, SecretName, State};
use crate::planner::FieldDigest;
use crate::provider;

/// A run that came to its end.
#[derive(Debug, Clone)]
pub struct RunReport {
    /// The run's id in the ledger.
    pub run: Option<String>,
    /// The run that it undid; `None` for any other run.
    pub undoes: Option<String>,
    /// The job.
    pub job: String,
    /// The source's name in the config.
    pub source: String,
    /// The target's name in the config.
    pub target: String,
    /// How long it took to plan and to act, without the wait for consent.
    pub took: Duration,
    /// How each key ended, in the order of names; every key of the plan has exactly one.
    pub outcomes: Vec<StepOutcome>,
    /// How it ended as a whole.
    pub status: RunStatus,
    /// What ended it early.
    pub error: Option<String>,
    /// The audit log's head after it.
    pub audit_head: Option<String>,
    /// What a person should hear.
    pub findings: Vec<Finding>,
}

/// How one key ended.
#[derive(Debug, Clone)]
pub struct StepOutcome {
    /// The name in the target.
    pub name: SecretName,
    /// What the source calls it, where that is another name.
    pub from: Option<SecretName>,
    /// What was to be done.
    pub action: Action,
    /// How it ended.
    pub outcome: Outcome,
    /// Why.
    pub reason: Reason,
    /// More words on the reason; never a value.
    pub detail: Option<String>,
    /// What the target does not carry exactly.
    pub notes: Vec<String>,
    /// The fingerprint of what was to be carried.
    pub fingerprint: Option<Fingerprint>,
    /// The target's version afterwards.
    pub revision: Option<Revision>,
}

impl StepOutcome {
    /// What it is called on both sides.
    pub fn names(&self) -> Names<'_> {
        Names::new(&self.name, self.from.as_ref())
    }
}

impl RunReport {
    /// Reports a run of `(job, source, target)` that ended before it acted on anything.
    pub fn unacted(run: Option<String>, about: (&str, &str, &str), status: RunStatus, why: &str) -> Self {
        let (job, source, target) = about;
        Self {
            run,
            undoes: None,
            job: job.to_owned(),
            source: source.to_owned(),
            target: target.to_owned(),
            took: Duration::ZERO,
            outcomes: Vec::new(),
            status,
            error: Some(why.to_owned()),
            audit_head: None,
            findings: Vec::new(),
        }
    }

    /// How many keys ended how; an outcome that no key has is left out.
    pub fn counts(&self) -> BTreeMap<Outcome, u64> {
        self.outcomes.iter().fold(BTreeMap::new(), |mut counts, step| {
            *counts.entry(step.outcome).or_default() += 1;
            counts
        })
    }
}

/// What a look at both sides found.
#[derive(Debug, Clone, Default)]
pub struct VerifyReport {
    /// The job.
    pub job: String,
    /// The source's name in the config.
    pub source: String,
    /// The target's name in the config.
    pub target: String,
    /// Keys that every reader sees as the source holds them.
    pub equal: Vec<Verified>,
    /// Keys that some reader does not see so, or not at all.
    pub mismatches: Vec<Mismatch>,
    /// Keys that cannot be carried at all.
    pub refused: Vec<Mismatch>,
    /// What a person should hear.
    pub findings: Vec<Finding>,
}

/// A key that is as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// The name in the target.
    pub name: SecretName,
    /// What the source calls it, where that is another name.
    pub from: Option<SecretName>,
    /// What the target does not carry exactly.
    pub notes: Vec<String>,
}

/// A key that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// The name in the target.
    pub name: SecretName,
    /// What the source calls it, where that is another name.
    pub from: Option<SecretName>,
    /// What is wrong.
    pub reason: Reason,
    /// More words on it: the reader, the store's error; never a value.
    pub detail: String,
    /// The fields that differ.
    pub fields: Vec<String>,
}

/// One secret in every store.
#[derive(Debug, Clone)]
pub struct ShowReport {
    /// The name.
    pub name: SecretName,
    /// What each store has of it, in the order of the config.
    pub sights: Vec<Sight>,
}

/// What one store has of a secret.
#[derive(Debug, Clone)]
pub struct Sight {
    /// The store's name in the config.
    pub store: String,
    /// Its kind.
    pub kind: &'static str,
    /// What it is called there, where a job gives it another name.
    pub called: Option<SecretName>,
    /// The store's spelling; `None` where it cannot spell the name.
    pub key: Option<RemoteKey>,
    /// What became of it; `None` where it is absent, or where `problem` says why nobody knows.
    pub state: Option<State>,
    /// Whose it is, in words.
    pub owner: Option<String>,
    /// The store's version.
    pub revision: Option<Revision>,
    /// The fingerprint of its meaning.
    pub fingerprint: Option<Fingerprint>,
    /// The digests of its fields.
    pub fields: Vec<FieldDigest>,
    /// Why it cannot be read or understood.
    pub problem: Option<String>,
}

impl VerifyReport {
    /// An empty report on a job and its stores.
    pub fn new(job: &str, source: &str, target: &str) -> Self {
        Self { job: job.to_owned(), source: source.to_owned(), target: target.to_owned(), ..Self::default() }
    }

    /// Notes a key that is as it should be.
    pub fn equal(&mut self, name: SecretName, notes: Vec<String>) {
        self.equal.push(Verified { name, from: None, notes });
    }

    /// Notes a key that cannot be carried.
    pub fn refused(&mut self, name: SecretName, reason: Reason, detail: String) {
        self.refused.push(Mismatch { name, from: None, reason, detail, fields: Vec::new() });
    }

    /// Says of each key what the source calls it, by its name in the target.
    pub fn tell_sources(&mut self, sources: &BTreeMap<SecretName, SecretName>) {
        for key in &mut self.equal {
            key.from = sources.get(&key.name).cloned();
        }
        for key in self.mismatches.iter_mut().chain(&mut self.refused) {
            key.from = sources.get(&key.name).cloned();
        }
    }

    /// Puts the keys in the order of names.
    pub fn sort(&mut self) {
        self.equal.sort_by(|one, other| one.name.cmp(&other.name));
        self.mismatches.sort_by(|one, other| one.name.cmp(&other.name));
        self.refused.sort_by(|one, other| one.name.cmp(&other.name));
    }

    /// How many keys were looked at.
    pub fn checked(&self) -> usize {
        self.equal.len() + self.mismatches.len() + self.refused.len()
    }
}

impl Verified {
    /// What it is called on both sides.
    pub fn names(&self) -> Names<'_> {
        Names::new(&self.name, self.from.as_ref())
    }
}

impl Mismatch {
    /// What it is called on both sides.
    pub fn names(&self) -> Names<'_> {
        Names::new(&self.name, self.from.as_ref())
    }

    /// A key in which a reader sees something else.
    pub fn new(name: SecretName, reason: Reason, detail: &str, fields: Vec<String>) -> Self {
        Self { name, from: None, reason, detail: detail.to_owned(), fields }
    }

    /// A key that the target could not be asked for.
    pub fn failed(name: SecretName, error: &provider::Error) -> Self {
        Self { name, from: None, reason: Reason::TargetFailed, detail: error.to_string(), fields: Vec::new() }
    }
}
