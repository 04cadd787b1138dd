//! Lists both sides, reads what must be read, reduces it and decides: a dry run ends here.

use super::error::RunError;
use super::job::Job;
use super::lens::Lens;
use super::read::{Progress, Wanted, read_each, stat_each};
use super::reduce::{Carriage, Masked};
use super::sides::{Identity, source_side, target_key, target_side};
use crate::ledger::Ledger;
use crate::model::{
    ErrorKind, Finding, Kind, Listed, MasterKey, Observer, Purpose, Reason, Revision, Revisions, Scope, SecretName,
    Severity, Stage, State,
};
use crate::planner::{
    Baseline, Depth, Plan, Sides, SourceContent, SourceSide, TargetContent, TargetKey, TargetRules, TargetSide, depth,
    needs, plan,
};
use crate::provider::{self, Record, Store};

/// The two opened stores of a job.
#[derive(Debug, Clone)]
pub struct Stores {
    /// Where it reads.
    pub source: Store,
    /// Where it writes.
    pub target: Store,
}

/// A plan and what acting on it needs beside it.
#[derive(Debug, Clone)]
pub struct Preview {
    /// The decision.
    pub plan: Plan,
    /// How the run looks at values.
    pub lens: Lens,
    /// What a person should hear.
    pub findings: Vec<Finding>,
}

/// The state of one look at both sides.
pub(super) struct Survey<'a> {
    job: &'a Job,
    stores: &'a Stores,
    observer: &'a dyn Observer,
    pub(super) lens: Lens,
    pub(super) source: SourceSide,
    pub(super) target: TargetSide,
    absent: Vec<SecretName>,
}

/// Looks at both sides and decides; changes nothing anywhere.
///
/// Without a ledger two sides are compared, not three, and fingerprints hold for this run alone.
pub async fn preview(
    job: &Job,
    stores: &Stores,
    ledger: Option<&Ledger>,
    observer: &dyn Observer,
) -> Result<Preview, RunError> {
    let baseline = match ledger {
        None => None,
        Some(ledger) => {
            let identity = &stores.target.info().identity;
            let mut baseline = ledger.baseline(identity).await.map_err(RunError::ledger(&job.name))?;
            baseline.entries.retain(|name, entry| entry.job == job.name && job.filter.matches(name));
            Some(baseline)
        }
    };
    let depth = depth(job.depth, stores.source.capabilities(), stores.target.capabilities());
    let mut survey = Survey::list(job, stores, ledger, observer).await?;
    let none = Baseline::default();
    survey.look(baseline.as_ref().unwrap_or(&none), depth).await?;
    let rules = survey.rules();
    let sides = Sides { source: &survey.source, target: &survey.target, baseline: baseline.as_ref() };
    let wanted = needs(sides, &rules, &job.policy, depth);
    survey.read_target(wanted.target).await?;
    survey.read_source(wanted.source).await?;
    let sides = Sides { source: &survey.source, target: &survey.target, baseline: baseline.as_ref() };
    let plan = plan(sides, &rules, &job.policy, depth);
    let findings = survey.findings();
    Ok(Preview { plan, lens: survey.lens, findings })
}

impl<'a> Survey<'a> {
    /// Lists both sides to the end, at the same time.
    pub(super) async fn list(
        job: &'a Job,
        stores: &'a Stores,
        ledger: Option<&Ledger>,
        observer: &'a dyn Observer,
    ) -> Result<Self, RunError> {
        let scope = Scope { kinds: job.kinds() };
        let lens = lens(job, stores, ledger);
        let progress = Progress::begin(observer, Stage::List, &format!("{} and {}", job.source, job.target), None);
        let (source, target) = futures::join!(stores.source.list(&scope), stores.target.list(&scope));
        let source = source.map_err(RunError::store(&job.name, &job.source, Stage::List))?;
        let target = target.map_err(RunError::store(&job.name, &job.target, Stage::List))?;
        progress.advance(source.len() + target.len());
        progress.end();
        let (from, to) = (stores.source.rule(), stores.target.rule());
        Ok(Self {
            source: source_side(source, from, to, &job.filter),
            target: target_side(target, to, &job.filter, &lens.us),
            lens,
            job,
            stores,
            observer,
            absent: Vec::new(),
        })
    }

    fn rules(&self) -> TargetRules {
        let capabilities = self.stores.target.capabilities();
        TargetRules {
            recoverable_deletes: capabilities.deletes == crate::model::Deletes::Recoverable,
            restores: capabilities.history,
            key: self.lens.key.id().clone(),
            shape: self.lens.carriage.shape(),
            job: self.job.name.clone(),
            accepted: self.source.keys.keys().filter(|name| self.job.accepts(name)).cloned().collect(),
        }
    }

    /// Looks up the versions that a listing does not carry, of keys that a record says something about.
    async fn look(&mut self, baseline: &Baseline, depth: Depth) -> Result<(), RunError> {
        if depth == Depth::Values {
            return Ok(());
        }
        let known = |name: &SecretName| baseline.entries.contains_key(name);
        if self.stores.target.capabilities().revisions == Revisions::Stat && depth == Depth::Metadata {
            let keys = &self.target.keys;
            let wanted: Vec<Wanted> = keys.iter().filter(|(name, _)| known(name)).map(target_wanted).collect();
            for (name, answer) in self.stat(&self.stores.target, wanted).await {
                self.target_looked(name, answer)?;
            }
        }
        if self.stores.source.capabilities().revisions == Revisions::Stat {
            let keys = self.source.keys.iter().filter(|(name, _)| known(name));
            let wanted: Vec<Wanted> = keys.map(|(name, key)| (name.clone(), key.key.clone())).collect();
            for (name, answer) in self.stat(&self.stores.source, wanted).await {
                self.source_looked(&name, answer)?;
            }
        }
        Ok(())
    }

    async fn stat(&self, store: &Store, wanted: Vec<Wanted>) -> Vec<(SecretName, provider::Result<Option<Listed>>)> {
        let progress = Progress::begin(self.observer, Stage::Stat, &store.info().name, Some(wanted.len()));
        let answers = stat_each(store, wanted, progress).await;
        progress.end();
        answers
    }

    fn target_looked(&mut self, name: SecretName, answer: provider::Result<Option<Listed>>) -> Result<(), RunError> {
        match answer {
            Ok(None) => drop(self.target.keys.remove(&name)),
            Ok(Some(listed)) => {
                let key = target_key(listed, &self.lens.us, &name);
                self.target.keys.insert(name, key);
            }
            Err(error) => {
                let content = self.target_fault(error, Stage::Stat)?;
                if let Some(key) = self.target.keys.get_mut(&name) {
                    key.content = content;
                }
            }
        }
        Ok(())
    }

    fn source_looked(&mut self, name: &SecretName, answer: provider::Result<Option<Listed>>) -> Result<(), RunError> {
        match answer {
            Ok(Some(listed)) if listed.state == State::Live => {
                if let Some(key) = self.source.keys.get_mut(name) {
                    key.revision = listed.revision;
                }
            }
            Ok(_) => drop(self.source.keys.remove(name)),
            // A source that shows values but no metadata is simply read.
            Err(error) if error.kind == ErrorKind::Denied => {}
            Err(error) => return Err(RunError::store(&self.job.name, &self.job.source, Stage::Stat)(error)),
        }
        Ok(())
    }

    /// Reads and reduces the source's values of `names`.
    pub(super) async fn read_source(&mut self, names: Vec<SecretName>) -> Result<(), RunError> {
        let keys = &self.source.keys;
        let wanted: Vec<_> =
            names.into_iter().filter_map(|name| keys.get(&name).map(|key| (name, key.key.clone()))).collect();
        let progress = Progress::begin(self.observer, Stage::Read, &self.job.source, Some(wanted.len()));
        let answers = read_each(&self.stores.source, wanted, progress, |name, answer| {
            answer.map(|record| self.reduce_source(name, record.as_ref()))
        })
        .await;
        progress.end();
        for (name, answer) in answers {
            self.keep_source(name, answer)?;
        }
        Ok(())
    }

    fn reduce_source(&self, name: &SecretName, record: Option<&Record>) -> Option<(Option<Revision>, SourceContent)> {
        let record = record.filter(|record| record.listed.state == State::Live)?;
        let reduced = self.lens.carriage.prepare(name, &record.content, masked(self.job, name));
        let content = self.lens.source(name, reduced)?;
        Some((record.listed.revision.clone(), content))
    }

    fn keep_source(
        &mut self,
        name: SecretName,
        answer: provider::Result<Option<(Option<Revision>, SourceContent)>>,
    ) -> Result<(), RunError> {
        let content = match answer {
            Ok(None) => {
                self.source.keys.remove(&name);
                self.absent.push(name);
                return Ok(());
            }
            Ok(Some((revision, content))) => {
                if let Some(key) = self.source.keys.get_mut(&name) {
                    key.revision = revision;
                }
                content
            }
            Err(error) => match error.kind {
                ErrorKind::Denied => SourceContent::Quarantined(Reason::SourceDenied, error.explained()),
                ErrorKind::Unavailable | ErrorKind::RateLimited => {
                    return Err(RunError::store(&self.job.name, &self.job.source, Stage::Read)(error));
                }
                _ => SourceContent::Quarantined(Reason::SourceFailed, error.explained()),
            },
        };
        if let Some(key) = self.source.keys.get_mut(&name) {
            key.content = content;
        }
        Ok(())
    }

    /// Reads and reduces the target's values of `names`.
    pub(super) async fn read_target(&mut self, names: Vec<SecretName>) -> Result<(), RunError> {
        let keys = &self.target.keys;
        let wanted: Vec<_> =
            names.into_iter().filter_map(|name| keys.get(&name).map(|key| (name, key.key.clone()))).collect();
        let progress = Progress::begin(self.observer, Stage::Read, &self.job.target, Some(wanted.len()));
        let answers = read_each(&self.stores.target, wanted, progress, |name, answer| {
            answer.map(|record| record.map(|record| self.reduce_target(name, record)))
        })
        .await;
        progress.end();
        for (name, answer) in answers {
            match answer {
                Ok(None) => drop(self.target.keys.remove(&name)),
                Ok(Some(key)) => drop(self.target.keys.insert(name, key)),
                Err(error) => {
                    let content = self.target_fault(error, Stage::Read)?;
                    if let Some(key) = self.target.keys.get_mut(&name) {
                        key.content = content;
                    }
                }
            }
        }
        Ok(())
    }

    fn reduce_target(&self, name: &SecretName, record: Record) -> TargetKey {
        let content = self.lens.target(name, &record);
        TargetKey { content, ..target_key(record.listed, &self.lens.us, name) }
    }

    /// A target that fails for one key blocks that key; one that is away ends the run.
    fn target_fault(&self, error: provider::Error, stage: Stage) -> Result<TargetContent, RunError> {
        match error.kind {
            ErrorKind::Denied => Ok(TargetContent::Denied(error.explained())),
            ErrorKind::Unavailable | ErrorKind::RateLimited => {
                Err(RunError::store(&self.job.name, &self.job.target, stage)(error))
            }
            _ => Ok(TargetContent::Failed(error.explained())),
        }
    }

    /// Names that the source lists but Airflow would not find there.
    fn findings(&self) -> Vec<Finding> {
        let message = "is listed in the source, but Airflow would not find it (no value, or an empty connection)";
        let finding = |name: &SecretName| Finding::new(Severity::Warning, "source-empty", name.to_string(), message);
        self.absent.iter().map(finding).collect()
    }
}

fn target_wanted((name, key): (&SecretName, &TargetKey)) -> Wanted {
    (name.clone(), key.key.clone())
}

/// How a job looks at values; without a ledger its digests hold for this run alone.
pub fn lens(job: &Job, stores: &Stores, ledger: Option<&Ledger>) -> Lens {
    let target = *stores.target.dialect();
    let capabilities = stores.target.capabilities();
    let carriage = Carriage {
        source: *stores.source.dialect(),
        form: job.form.unwrap_or(target.forms(Kind::Connection)[0]),
        target,
        readers: job.readers.clone(),
        max_value: capabilities.max_value,
        empty_values: capabilities.empty_values,
    };
    Lens {
        carriage,
        key: ledger.map_or_else(MasterKey::random, |ledger| ledger.key().clone()).subkey(Purpose::Fingerprint),
        shown: job.shown.clone(),
        us: Identity { ledger: ledger.map(|ledger| ledger.id().to_owned()), job: job.name.clone() },
    }
}

/// Whether `***` is the true value of `name`.
pub(super) fn masked(job: &Job, name: &SecretName) -> Masked {
    if job.allows_masked(name) { Masked::IsValue } else { Masked::IsPoison }
}
