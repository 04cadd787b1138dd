//! What a change is conditional on: the target still is as the plan saw it.

use super::error::is_away;
use super::read::read_one;
use super::write::{Ended, Writer};
use crate::model::{Action, Outcome, Reason, RemoteKey, SecretValue};
use crate::planner::Step;
use crate::provider::{Content, Expect};

/// The state a change is made against.
pub(super) struct Against {
    /// What the store is told to expect.
    pub expect: Expect,
    /// The entry that is there, where other keys of it must be kept.
    pub existing: Option<SecretValue>,
}

impl From<Expect> for Against {
    fn from(expect: Expect) -> Self {
        Self { expect, existing: None }
    }
}

impl Writer<'_> {
    /// What the target must be like for the step: a version where one is known, else the value that was planned against.
    pub(super) async fn expectation(&self, step: &Step, key: &RemoteKey) -> Result<Against, Ended> {
        let keeps_keys = step.action == Action::Update && self.lens.carriage.target.is_map(step.name.kind);
        match (step.action, &step.target_revision) {
            (Action::Create, _) => Ok(Expect::Absent.into()),
            (Action::Restore, Some(revision)) => Ok(Expect::Deleted(revision.clone()).into()),
            (Action::Restore, None) => {
                let detail = "the target does not say which version was deleted, so nothing could be compared";
                Err((Outcome::Failed, Reason::TargetFailed, Some(detail.to_owned())))
            }
            (_, Some(revision)) if !keeps_keys => Ok(Expect::At(revision.clone()).into()),
            (_, revision) => {
                let existing = self.target_as_planned(step, key).await?;
                let expect = revision.clone().map_or_else(|| Expect::Holding(existing.clone()), Expect::At);
                Ok(Against { expect, existing: keeps_keys.then_some(existing) })
            }
        }
    }

    /// What the target holds, if it still is what was planned against.
    async fn target_as_planned(&self, step: &Step, key: &RemoteKey) -> Result<SecretValue, Ended> {
        let moved = || {
            let detail = "the target's key changed since the plan".to_owned();
            (Outcome::Conflict, Reason::TargetMoved, Some(detail))
        };
        let record = match read_one(self.run.target, key).await {
            Ok(record) => record.ok_or_else(moved)?,
            Err(error) => {
                if is_away(&error) {
                    self.trouble.answered(Some(&error));
                }
                return Err((Outcome::Failed, Reason::TargetFailed, Some(error.explained())));
            }
        };
        let existing = match record.content {
            Content::Value(existing) => existing,
            Content::Nothing => return Err(moved()),
            Content::Quarantined(_) => {
                let detail = "what it holds cannot be understood, so it can neither be compared nor kept";
                return Err((Outcome::Blocked, Reason::TargetUnreadable, Some(detail.to_owned())));
            }
        };
        let same = match &step.target_revision {
            Some(revision) => record.listed.revision.as_ref() == Some(revision),
            None => self.lens.fingerprint_of_target(&step.name, &existing) == step.target,
        };
        if same { Ok(existing) } else { Err(moved()) }
    }
}
