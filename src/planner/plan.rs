//! The decision: every key of a run, and what becomes of it.

use jiff::Timestamp;

use super::side::{Depth, Fields};
use crate::model::{Action, Fingerprint, Names, Reason, RemoteKey, Revision, SecretName};

/// What a run will do, key by key, in the order of names.
#[derive(Debug, Clone)]
pub struct Plan {
    /// One step a key.
    pub steps: Vec<Step>,
    /// How deep the run looked.
    pub depth: Depth,
    /// Whether there was no ledger, so that two sides were compared and not three.
    pub two_way: bool,
    /// The run that is undone; `None` where a job is planned.
    pub undoes: Option<String>,
}

impl Plan {
    /// The steps that will change the target.
    pub fn changes(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter().filter(|step| step.action.changes())
    }

    /// How many steps have this action.
    pub fn count(&self, action: Action) -> usize {
        self.steps.iter().filter(|step| step.action == action).count()
    }

    /// How many steps each action has, in the order of actions, those without any left out.
    pub fn counts(&self) -> Vec<(Action, usize)> {
        let all = Action::ALL.iter().map(|action| (*action, self.count(*action)));
        all.filter(|(_, count)| *count > 0).collect()
    }
}

/// One line of a plan.
#[derive(Debug, Clone)]
pub struct Step {
    /// The name in the target.
    pub name: SecretName,
    /// What the source calls it, or called it when it was written, where that is another name.
    pub from: Option<SecretName>,
    /// The source's spelling; `None` where the source has no such key.
    pub source_key: Option<RemoteKey>,
    /// The target's spelling; `None` where the target cannot spell the name.
    pub key: Option<RemoteKey>,
    /// What will be done.
    pub action: Action,
    /// Why.
    pub reason: Reason,
    /// More words on the reason: a field, a reader, a limit; never a value.
    pub detail: Option<String>,
    /// The source's fingerprint, where it is known.
    pub source: Option<Fingerprint>,
    /// The source's version.
    pub source_revision: Option<Revision>,
    /// When the source last changed it, where it told that; the order of the work, and no part of any report.
    pub changed: Option<Timestamp>,
    /// The target's fingerprint, where it is known.
    pub target: Option<Fingerprint>,
    /// The target's version the step was planned against; where only a listing without versions was looked at, the
    /// remembered one.
    pub target_revision: Option<Revision>,
    /// What the target will not carry exactly.
    pub notes: Vec<String>,
    /// The fields before, for the report; empty where the target was not read.
    pub before: Fields,
    /// The fields after, for the report.
    pub after: Fields,
    /// What the ledger shall remember of a key that is left alone.
    pub remember: Remember,
}

impl Step {
    /// What the key is called on both sides.
    pub fn names(&self) -> Names<'_> {
        Names::new(&self.name, self.from.as_ref())
    }
}

/// What the ledger shall remember of a key that is left alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remember {
    /// Nothing new.
    Nothing,
    /// How the two sides are now: the source's fingerprint (always known here), the shape, and both versions.
    ///
    /// A version that the step does not know leaves the remembered one; the absent runs start anew.
    Revisions,
    /// That the source did not have it once more.
    Absence,
    /// That the source has it again: the absent runs start anew, all else stays.
    Presence,
    /// Nothing any more: the record is dropped.
    Forget,
}
