//! One look at the keys that a past run changed: their versions, what is left of the earlier ones, and values only where need be.

use std::collections::{BTreeMap, BTreeSet};

use super::error::{RunError, of_one_key};
use super::job::Job;
use super::lens::Lens;
use super::read::{Progress, Wanted, keeps_each, read_each, stat_each};
use super::sides::{read_over, target_key, unseen};
use crate::model::{Observer, RemoteKey, SecretName, Stage};
use crate::planner::{Past, TargetSide, undo_needs};
use crate::provider::{self, Store};

/// What the look has found so far.
pub(super) struct LookBack<'a> {
    job: &'a Job,
    target: &'a Store,
    observer: &'a dyn Observer,
    pub(super) lens: Lens,
    /// The keys that are there.
    pub(super) side: TargetSide,
    /// The names whose earlier version can be brought back.
    pub(super) kept: BTreeSet<SecretName>,
}

impl<'a> LookBack<'a> {
    /// Nothing looked at yet.
    pub(super) fn new(job: &'a Job, target: &'a Store, observer: &'a dyn Observer, lens: Lens) -> Self {
        Self { job, target, observer, lens, side: TargetSide::default(), kept: BTreeSet::new() }
    }

    /// Looks at all that must be known of the keys of `changes`.
    pub(super) async fn look(&mut self, changes: &[Past]) -> Result<(), RunError> {
        let changes: BTreeMap<&SecretName, &Past> = changes.iter().map(|change| (&change.name, change)).collect();
        self.stat(&changes).await?;
        let needs = undo_needs(changes.values().copied(), &self.side);
        self.read(&changes, &needs.values).await?;
        self.find_kept(&changes, &needs.versions).await
    }

    async fn stat(&mut self, changes: &BTreeMap<&SecretName, &Past>) -> Result<(), RunError> {
        let wanted: Vec<Wanted> = changes.values().map(|change| (change.name.clone(), change.key.clone())).collect();
        let progress = Progress::begin(self.observer, Stage::Stat, &self.job.target, Some(wanted.len()));
        let answers = stat_each(self.target, wanted, progress).await;
        progress.end();
        for (name, answer) in answers {
            match answer {
                Ok(None) => {}
                Ok(Some(listed)) => {
                    let key = target_key(listed, &self.lens.us, &name);
                    self.side.keys.insert(name, key);
                }
                Err(error) => {
                    let key = changes.get(&name).map(|change| change.key.clone());
                    self.failed(name, key, error, Stage::Stat)?;
                }
            }
        }
        Ok(())
    }

    async fn read(&mut self, changes: &BTreeMap<&SecretName, &Past>, names: &[SecretName]) -> Result<(), RunError> {
        let wanted = names.iter().filter_map(|name| Some((name.clone(), changes.get(name)?.key.clone()))).collect();
        let lens = &self.lens;
        let progress = Progress::begin(self.observer, Stage::Read, &self.job.target, Some(names.len()));
        let answers = read_each(self.target, wanted, progress, |name, answer| {
            answer.map(|record| record.map(|record| lens.target_key(name, record)))
        });
        let answers = answers.await;
        progress.end();
        for (name, answer) in answers {
            match answer {
                Ok(None) => drop(self.side.keys.remove(&name)),
                Ok(Some(read)) => {
                    let key = read_over(self.side.keys.get(&name), read);
                    self.side.keys.insert(name, key);
                }
                Err(error) => self.failed(name, None, error, Stage::Read)?,
            }
        }
        Ok(())
    }

    async fn find_kept(
        &mut self,
        changes: &BTreeMap<&SecretName, &Past>,
        names: &[SecretName],
    ) -> Result<(), RunError> {
        let asked = names.iter().filter_map(|name| changes.get(name));
        let asked: Vec<_> = asked
            .filter_map(|change| Some((change.name.clone(), (change.key.clone(), change.revision_before.clone()?))))
            .collect();
        let progress = Progress::begin(self.observer, Stage::Stat, &self.job.target, Some(asked.len()));
        let answers = keeps_each(self.target, asked, progress).await;
        progress.end();
        for (name, answer) in answers {
            match answer {
                Ok(true) => drop(self.kept.insert(name)),
                Ok(false) => {}
                Err(error) => self.failed(name, None, error, Stage::Stat)?,
            }
        }
        Ok(())
    }

    /// Notes that a key could not be looked at; `key` where nothing is known of it yet.
    fn failed(
        &mut self,
        name: SecretName,
        key: Option<RemoteKey>,
        error: provider::Error,
        stage: Stage,
    ) -> Result<(), RunError> {
        let content = of_one_key(self.job, error, stage)?;
        match (self.side.keys.get_mut(&name), key) {
            (Some(known), _) => known.content = content,
            (None, Some(key)) => drop(self.side.keys.insert(name, unseen(key, content))),
            (None, None) => {}
        }
        Ok(())
    }
}
