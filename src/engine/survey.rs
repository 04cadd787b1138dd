//! One look at both sides: lists them to the end, looks up versions, and reduces the values that must be read.

use jiff::Timestamp;

use super::error::{RunError, is_away, of_one_key, unread_source};
use super::job::Job;
use super::lag::missed;
use super::lens::Lens;
use super::preview::Stores;
use super::read::{Progress, Wanted, read_each, stat_each};
use super::reduce::FormChoice;
use super::seek::{self, is_exact, listings};
use super::sides::{guessed, holds_something, read_over, source_side, spellings, target_key, target_side};
use crate::model::{
    Deletes, Finding, Listed, Names, Observer, Revision, Revisions, SecretName, Severity, Stage, State,
};
use crate::naming::Folding;
use crate::planner::{
    Baseline, Depth, Sides, SourceContent, SourceSide, TargetContent, TargetKey, TargetRules, TargetSide,
};
use crate::provider::{self, Record, Store};

/// What one look at both sides has found so far.
pub(super) struct Survey<'a> {
    pub(super) job: &'a Job,
    pub(super) stores: &'a Stores,
    observer: &'a dyn Observer,
    pub(super) lens: Lens,
    pub(super) source: SourceSide,
    pub(super) target: TargetSide,
    unfound: Vec<SecretName>,
    /// How many keys of the source have a name that is a guess.
    guessed: usize,
}

/// What is kept of a source value that was read.
struct Reduced {
    revision: Option<Revision>,
    /// Some stores tell the time with a value, and not in their listing.
    changed: Option<Timestamp>,
    content: SourceContent,
}

impl<'a> Survey<'a> {
    /// Lists both sides to the end, at the same time; a side that is not listed is sought.
    pub(super) async fn list(
        job: &'a Job,
        stores: &'a Stores,
        lens: Lens,
        baseline: Option<&Baseline>,
        observer: &'a dyn Observer,
    ) -> Result<Self, RunError> {
        let progress = Progress::begin(observer, Stage::List, &format!("{} and {}", job.source, job.target), None);
        let (mut source, target) = listings(job, stores, baseline).await?;
        source.extend(missed(job, stores, baseline, &source).await?);
        progress.advance(source.len() + target.len());
        progress.end();
        let to = stores.target.rule();
        let guessed = guessed(&source, stores.source.rule(), &job.filter);
        let source = source_side(source, stores.source.rule(), to, job);
        let concerns = |name: &SecretName| {
            let entry = baseline.and_then(|baseline| baseline.entries.get(name));
            source.keys.contains_key(name) || job.concerns(name, entry)
        };
        let target = target_side(target, to, &lens.us, &spellings(to, &source, baseline), concerns);
        let mut survey = Self { source, target, lens, job, stores, observer, unfound: Vec::new(), guessed };
        survey.seek_target(baseline).await?;
        Ok(survey)
    }

    /// Drops what was recorded of keys that are neither in scope nor what a key in scope becomes.
    pub(super) fn narrow(&self, baseline: &mut Baseline) {
        let source = &self.source.keys;
        baseline.entries.retain(|name, entry| source.contains_key(name) || self.job.concerns(name, Some(entry)));
    }

    /// The sides as far as they are known by now.
    pub(super) fn sides<'s>(&'s self, baseline: Option<&'s Baseline>) -> Sides<'s> {
        Sides { source: &self.source, target: &self.target, baseline }
    }

    /// What the target and this run's settings add to the policy.
    pub(super) fn rules(&self) -> TargetRules {
        let capabilities = self.stores.target.capabilities();
        let of_source = self.source.keys.iter().map(|(name, key)| Names::new(name, key.from.as_ref()));
        let names = of_source.chain(self.target.keys.keys().map(|name| Names::new(name, None)));
        TargetRules {
            recoverable_deletes: capabilities.deletes == Deletes::Recoverable,
            restores: capabilities.history,
            defers: capabilities.revisions == Revisions::Deferred,
            key: self.lens.key.id().clone(),
            shape: self.lens.carriage.shape(),
            job: self.job.name.clone(),
            accepted: names.filter(|names| self.job.accepts(*names)).map(|names| names.target.clone()).collect(),
        }
    }

    /// Looks up the versions that a listing does not carry: of keys that a record of the job says something about, and of
    /// what is left of deleted ones.
    pub(super) async fn look(&mut self, baseline: Option<&Baseline>, depth: Depth) -> Result<(), RunError> {
        let entries = baseline.map(|baseline| &baseline.entries);
        let recorded = |name| entries.and_then(|entries| entries.get(name)).is_some_and(|own| own.job == self.job.name);
        let (source, target) = (&self.stores.source, &self.stores.target);
        let mut wanted: [Vec<Wanted>; 2] = Default::default();
        if source.capabilities().revisions == Revisions::Stat && depth != Depth::Values {
            let keys = self.source.keys.iter().filter(|(name, _)| recorded(name));
            wanted[0] = keys.map(|(name, key)| (name.clone(), key.key.clone())).collect();
        }
        if target.capabilities().revisions == Revisions::Stat {
            let asked = |name, key: &TargetKey| match key.state {
                _ if key.revision.is_some() || !matches!(key.content, TargetContent::Unread) => false,
                State::Live => depth == Depth::Metadata && recorded(name),
                _ => true,
            };
            let keys = self.target.keys.iter().filter(|(name, key)| asked(name, key));
            wanted[1] = keys.map(|(name, key)| (name.clone(), key.key.clone())).collect();
        }
        let [of_source, of_target] = wanted;
        for (name, answer) in self.stat(source, of_source).await {
            self.source_looked(&name, answer)?;
        }
        for (name, answer) in self.stat(target, of_target).await {
            self.target_looked(name, answer)?;
        }
        Ok(())
    }

    async fn stat(&self, store: &Store, wanted: Vec<Wanted>) -> Vec<(SecretName, provider::Result<Option<Listed>>)> {
        if wanted.is_empty() {
            return Vec::new();
        }
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
                let content = of_one_key(self.job, error, Stage::Stat)?;
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
                    key.changed = listed.changed.or(key.changed);
                    key.revision = listed.revision;
                }
            }
            Ok(Some(listed)) if holds_something(listed.state) => {}
            Ok(_) => drop(self.source.keys.remove(name)),
            Err(error) if is_away(&error) => {
                return Err(RunError::store(&self.job.name, &self.job.source, Stage::Stat)(error));
            }
            // A source that shows values but no metadata is simply read.
            Err(_) => {}
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

    fn reduce_source(&self, name: &SecretName, record: Option<&Record>) -> Option<Reduced> {
        let names = Names::new(name, self.source.keys.get(name).and_then(|key| key.from.as_ref()));
        let reduced = self.lens.carriage.prepare(names, record, self.job.masked(names));
        let content = self.lens.source(name, reduced)?;
        let listed = record.map(|record| &record.listed);
        let revision = listed.and_then(|listed| listed.revision.clone());
        Some(Reduced { revision, changed: listed.and_then(|listed| listed.changed), content })
    }

    fn keep_source(&mut self, name: SecretName, answer: provider::Result<Option<Reduced>>) -> Result<(), RunError> {
        let content = match answer {
            Ok(None) => {
                self.source.keys.remove(&name);
                if !is_exact(&self.stores.source) {
                    self.unfound.push(name);
                }
                return Ok(());
            }
            Ok(Some(Reduced { revision, changed, content })) => {
                if let Some(key) = self.source.keys.get_mut(&name) {
                    key.changed = changed.or(key.changed);
                    key.revision = revision;
                }
                content
            }
            Err(error) if is_away(&error) => {
                return Err(RunError::store(&self.job.name, &self.job.source, Stage::Read)(error));
            }
            Err(error) => SourceContent::Quarantined(unread_source(&error), error.explained()),
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
            answer.map(|record| record.map(|record| self.lens.target_key(name, record)))
        })
        .await;
        progress.end();
        for (name, answer) in answers {
            match answer {
                Ok(None) => drop(self.target.keys.remove(&name)),
                Ok(Some(read)) => {
                    let key = read_over(self.target.keys.get(&name), read);
                    self.target.keys.insert(name, key);
                }
                Err(error) => {
                    let content = of_one_key(self.job, error, Stage::Read)?;
                    if let Some(key) = self.target.keys.get_mut(&name) {
                        key.content = content;
                    }
                }
            }
        }
        Ok(())
    }

    /// Names that the source lists but Airflow would not find there, and what Airflow needs to read the form that is written.
    pub(super) fn findings(&self) -> Vec<Finding> {
        let message = "is listed in the source, but Airflow would not find it (no value, or an empty connection)";
        let finding = |name: &SecretName| Finding::new(Severity::Warning, "source-empty", name.to_string(), message);
        let carriage = &self.lens.carriage;
        let needs = match carriage.form {
            FormChoice::Only(form) => carriage.target.needs(form).map(|needs| needs.finding(&self.job.target)),
            FormChoice::Auto => None,
        };
        let exact = seek::findings(self.job, self.stores);
        let unfound = self.unfound.iter().map(finding);
        unfound.chain(exact).chain(needs).chain(self.folded()).chain(self.unused()).collect()
    }

    /// Renames and overrides that are about no key of the source; a command that looks at a part of the job cannot tell.
    fn unused(&self) -> Vec<Finding> {
        if self.job.filter.is_narrowed() {
            return Vec::new();
        }
        let keys = self.source.keys.iter().map(|(name, key)| key.from.as_ref().unwrap_or(name));
        let names: Vec<_> = keys.chain(self.source.renamed.keys()).chain(&self.unfound).collect();
        let finding = |code, subject: String| {
            let finding = Finding::new(Severity::Warning, code, subject, "the source has no such key in scope");
            finding.with_remedy("correct the id, or drop the entry")
        };
        let renames = self.job.mapping.renames().map(|(renamed, _)| renamed);
        let renames = renames.filter(|renamed| !names.iter().any(|name| renamed.is(name)));
        let renames = renames.map(|renamed| finding("rename-unused", format!("rename {renamed}")));
        let overrides = self.job.overrides.unused(&names).into_iter();
        renames.chain(overrides.map(|pattern| finding("override-unused", format!("override {pattern}")))).collect()
    }

    /// A source that folds does not tell how DAGs spell its ids.
    fn folded(&self) -> Option<Finding> {
        let (source, count) = (&self.stores.source, self.guessed);
        let message = match source.rule().folding {
            _ if count == 0 => return None,
            Folding::None => return None,
            Folding::Upper => {
                "holds ids in upper case only; each is taken for the id in lower case, though Airflow finds it \
                               under any spelling"
                    .to_owned()
            }
            Folding::KeyVault => format!(
                "keys without our mark: {count}; each is taken for the id that it spells, though DAGs may say _ where it has {:?}, \
                 and any letter in the other case",
                source.rule().separator
            ),
        };
        let finding = Finding::new(Severity::Info, "spelling-unknown", &source.info().name, message);
        Some(finding.with_remedy("exclude the ids that DAGs spell otherwise, and carry them from another store"))
    }
}
