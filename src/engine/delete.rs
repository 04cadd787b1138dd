//! Deletes come last: none after a read error, and none of a key that the source has again.

use std::collections::{BTreeMap, BTreeSet};

use super::outcome::StepOutcome;
use super::read::{Progress, read_each};
use super::reduce::Reduced;
use super::sides::source_side;
use super::write::{Ended, Writer};
use crate::model::{Outcome, Reason, Scope, SecretName};
use crate::planner::Step;
use crate::provider::{self, Store};

impl Writer<'_> {
    /// What stands against `deletes` by now, after everything else of the plan was done.
    pub(super) async fn objections(
        &self,
        source: &Store,
        deletes: &[&Step],
        carried: &[StepOutcome],
    ) -> BTreeMap<SecretName, Ended> {
        let unread = |step: &&StepOutcome| matches!(step.reason, Reason::SourceFailed | Reason::TargetFailed);
        let all = |detail: String| {
            let ended = (Outcome::Blocked, Reason::ReadErrors, Some(detail));
            deletes.iter().map(|step| (step.name.clone(), ended.clone())).collect()
        };
        if deletes.is_empty() || self.halted().is_some() {
            return BTreeMap::new();
        }
        if let Some(step) = carried.iter().find(unread) {
            return all(format!("not read: {} ({})", step.name, step.reason));
        }
        let names = deletes.iter().map(|step| &step.name).collect();
        match self.in_the_source_again(source, &names).await {
            Err(error) => all(error.explained()),
            Ok(again) => {
                let detail = "the source has it again since the plan";
                let ended = (Outcome::Conflict, Reason::SourceMoved, Some(detail.to_owned()));
                again.into_iter().map(|name| (name, ended.clone())).collect()
            }
        }
    }

    /// Which of `names` the source has: a delete's counterpart of reading a value again before it is written.
    async fn in_the_source_again(
        &self,
        source: &Store,
        names: &BTreeSet<&SecretName>,
    ) -> provider::Result<BTreeSet<SecretName>> {
        let job = self.run.job;
        let listed = source.list(&Scope { kinds: job.kinds() }).await?;
        let side = source_side(listed, source.rule(), self.run.target.rule(), &job.filter);
        let listed = side.keys.into_iter().filter(|(name, _)| names.contains(name));
        let wanted = listed.map(|(name, key)| (name, key.key)).collect();
        // A listing may name what was deleted; only reading tells.
        let found = read_each(source, wanted, Progress::silent(), |name, answer| {
            let record = answer?;
            let reduced = self.lens.carriage.prepare(name, record.as_ref(), job.masked(name));
            Ok(!matches!(reduced, Reduced::Absent))
        });
        let mut again = BTreeSet::new();
        for (name, is_there) in found.await {
            if is_there? {
                again.insert(name);
            }
        }
        Ok(again)
    }
}
