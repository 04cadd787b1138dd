//! One step of an undo: the target goes back to its own earlier version, and the mark goes or comes with it.

use super::outcome::StepOutcome;
use super::write::{Aim, Change, Ended, Writer, no_key};
use crate::model::{Action, Effect, Outcome, Reason, Revision};
use crate::planner::Step;
use crate::provider::{self, Error, Expect};

impl Writer<'_> {
    /// Takes back what an earlier run did to a key. No value passes through: the store goes back by itself.
    pub(super) async fn take_back(&self, step: &Step) -> StepOutcome {
        if step.action == Action::Adopt {
            return self.adopt(step).await;
        }
        if let Some(ended) = self.halted() {
            return self.outcome(step, ended);
        }
        let Some(key) = &step.key else { return self.outcome(step, no_key()) };
        match as_left(step) {
            Ok(expect) => {
                // The value is made of the target's own version, so no version of the source stands for it.
                let aim = Aim { step, key, fingerprint: step.source.clone(), source_revision: None };
                self.perform(aim, Change::TakeBack, expect).await
            }
            Err(ended) => self.outcome(step, ended),
        }
    }

    /// Gives the mark up first and takes it last: a key that carries our mark beside somebody else's value would be taken
    /// for ours.
    pub(super) async fn take_back_in_store(
        &self,
        aim: &Aim<'_>,
        expect: &Expect,
    ) -> provider::Result<Option<Revision>> {
        let (target, step, key) = (self.run.target, aim.step, aim.key);
        let mark = target.capabilities().marks.map(|_| self.run.mark(&self.run.job.name, &step.name));
        if let Some(mark) = mark.as_ref().filter(|_| step.reason == Reason::UndoTakeover) {
            target.release(key, mark, expect).await?;
        }
        let revision = match (step.action, &step.source_revision) {
            (Action::Delete, _) => target.delete(key, expect).await?,
            (Action::Update | Action::Restore, Some(back_to)) => Some(target.restore(key, back_to, expect).await?),
            _ => step.target_revision.clone(),
        };
        if let (Some(mark), Some(revision)) = (mark.filter(|_| step.reason == Reason::RedoTakeover), &revision) {
            let claimed = target.claim(key, &mark, &Expect::At(revision.clone())).await;
            // The value is back already: only reading tells what became of the whole.
            claimed.map_err(|error| Error { effect: Effect::Unknown, ..error })?;
        }
        Ok(revision)
    }
}

/// The state the run left the key in, which is what the step was planned against.
fn as_left(step: &Step) -> Result<Expect, Ended> {
    match (step.action, &step.target_revision) {
        (Action::Restore, Some(revision)) => Ok(Expect::Deleted(revision.clone())),
        (Action::Restore, None) => Ok(Expect::Absent),
        (_, Some(revision)) => Ok(Expect::At(revision.clone())),
        (_, None) => {
            let detail = "the target does not say which version is there, so nothing could be compared";
            Err((Outcome::Failed, Reason::TargetFailed, Some(detail.to_owned())))
        }
    }
}
