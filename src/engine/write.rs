//! One step of a plan: read again, compare, intent, write, outcome.

use sha2::{Digest, Sha256};

use super::apply::{Run, Trouble};
use super::lens::Lens;
use super::outcome::StepOutcome;
use super::preview::masked;
use super::reduce::{Prepared, Reduced};
use super::settle::{Meant, Settled, done, look, settled};
use crate::ledger::{Conclusion, Failure, Intent, StepId};
use crate::model::{
    Action, Effect, ErrorKind, Fingerprint, Mark, MarkedName, Outcome, Reason, RemoteKey, Revision, Revisions,
    SecretName, SecretValue,
};
use crate::planner::Step;
use crate::provider::{self, Content, Entry, Expect, Record, RequestToken};

/// Carries out single steps of one run.
pub(super) struct Writer<'a> {
    pub(super) run: &'a Run<'a>,
    pub(super) lens: &'a Lens,
    pub(super) trouble: &'a Trouble,
}

/// A step that ended before its write: how, why, and in words.
type Ended = (Outcome, Reason, Option<String>);

/// All that a step's write needs.
struct Write<'a> {
    step: &'a Step,
    key: &'a RemoteKey,
    expect: Expect,
    fingerprint: Option<Fingerprint>,
    entry: Option<Entry>,
}

impl Writer<'_> {
    /// Creates, updates or restores a key from what the source holds now.
    pub(super) async fn carry(&self, step: &Step, answer: provider::Result<Option<Record>>) -> StepOutcome {
        if let Some(ended) = self.halted() {
            return self.outcome(step, ended);
        }
        let write = match self.prepared(step, answer).await {
            Ok(write) => write,
            Err(ended) => return self.outcome(step, ended),
        };
        self.perform(write).await
    }

    /// Takes a key away, or takes it over as it is.
    pub(super) async fn change_owner_or_delete(&self, step: &Step) -> StepOutcome {
        if let Some(ended) = self.halted() {
            return self.outcome(step, ended);
        }
        let Some(key) = &step.key else { return self.outcome(step, no_key()) };
        match self.expectation(step, key).await {
            Err(ended) => self.outcome(step, ended),
            Ok((expect, _)) => {
                let fingerprint = if step.action == Action::Adopt { step.target.clone() } else { None };
                self.perform(Write { step, key, expect, fingerprint, entry: None }).await
            }
        }
    }

    /// Why no further step may begin, if so.
    pub(super) fn halted(&self) -> Option<Ended> {
        if let Some(cause) = self.trouble.cause() {
            return Some((Outcome::NotStarted, Reason::RunStopped, Some(cause)));
        }
        let interrupted = (Outcome::NotStarted, Reason::Interrupted, None);
        self.run.stop.is_cancelled().then_some(interrupted)
    }

    async fn prepared<'s>(&self, step: &'s Step, answer: provider::Result<Option<Record>>) -> Result<Write<'s>, Ended> {
        let key = step.key.as_ref().ok_or_else(no_key)?;
        let ready = self.source_as_planned(step, answer)?;
        let (expect, existing) = self.expectation(step, key).await?;
        let stored = match &existing {
            None => ready.stored,
            Some(existing) => self
                .lens
                .carriage
                .target
                .merge(step.name.kind, ready.stored, existing)
                .map_err(|fault| (Outcome::Blocked, Reason::OtherKeys, Some(fault.to_string())))?,
        };
        let entry = Entry {
            kind: step.name.kind,
            value: stored,
            mark: Some(self.mark(&step.name)),
            description: ready.description,
            token: self.token(step),
        };
        Ok(Write { step, key, expect, fingerprint: step.source.clone(), entry: Some(entry) })
    }

    /// The source's value, if it still is the one that was planned.
    fn source_as_planned(&self, step: &Step, answer: provider::Result<Option<Record>>) -> Result<Prepared, Ended> {
        let moved = |detail: &str| (Outcome::Conflict, Reason::SourceMoved, Some(detail.to_owned()));
        let record = match answer {
            Ok(Some(record)) => record,
            Ok(None) => return Err(moved("it is gone from the source since the plan")),
            Err(error) => {
                self.trouble.answered(Some(&error));
                return Err((Outcome::Failed, Reason::SourceFailed, Some(error.explained())));
            }
        };
        let reduced = self.lens.carriage.prepare(&step.name, &record.content, masked(self.run.job, &step.name));
        let Reduced::Ready(ready) = reduced else {
            return Err(moved("the source's value changed since the plan, to one that must not be written"));
        };
        let fingerprint = self.lens.fingerprint(&step.name, &ready.canonical);
        if step.source.as_ref() == Some(&fingerprint) {
            Ok(*ready)
        } else {
            Err(moved("the source's value changed since the plan"))
        }
    }

    /// The state the write is conditional on, and the entry that is there where other keys of it must be kept.
    async fn expectation(&self, step: &Step, key: &RemoteKey) -> Result<(Expect, Option<SecretValue>), Ended> {
        match step.action {
            Action::Create => return Ok((Expect::Absent, None)),
            Action::Restore => {
                let revision = step.target_revision.clone();
                return Ok((revision.map_or(Expect::Anything, Expect::Deleted), None));
            }
            _ => {}
        }
        let target = &self.run.stores.target;
        let by_value = target.capabilities().revisions == Revisions::None || step.target_revision.is_none();
        let keeps_keys = step.action == Action::Update && self.lens.carriage.target.is_map();
        if !by_value && !keeps_keys {
            return Ok((step.target_revision.clone().map_or(Expect::Anything, Expect::At), None));
        }
        let existing = self.target_as_planned(step, key).await?;
        let expect = match &step.target_revision {
            Some(revision) if !by_value => Expect::At(revision.clone()),
            _ => Expect::Holding(existing.clone()),
        };
        Ok((expect, keeps_keys.then_some(existing)))
    }

    /// What the target holds, if it still is what was planned against.
    async fn target_as_planned(&self, step: &Step, key: &RemoteKey) -> Result<SecretValue, Ended> {
        let moved = || {
            let detail = "the target's key changed since the plan".to_owned();
            (Outcome::Conflict, Reason::TargetMoved, Some(detail))
        };
        let mut answers = self.run.stores.target.read(std::slice::from_ref(key)).await;
        let record = match answers.pop() {
            Some(Ok(Some(record))) => record,
            Some(Ok(None)) | None => return Err(moved()),
            Some(Err(error)) => {
                self.trouble.answered(Some(&error));
                return Err((Outcome::Failed, Reason::TargetFailed, Some(error.explained())));
            }
        };
        let Content::Value(existing) = record.content else { return Err(moved()) };
        let same = match &step.target_revision {
            Some(revision) => record.listed.revision.as_ref() == Some(revision),
            None => self.lens.fingerprint_of_target(&step.name, &existing) == step.target,
        };
        if same { Ok(existing) } else { Err(moved()) }
    }

    /// Intent, request, outcome.
    async fn perform(&self, write: Write<'_>) -> StepOutcome {
        let step = write.step;
        let intent = self.intent(&write);
        let id = match self.run.ledger.intend(self.run.id, self.run.lease, intent).await {
            Ok(id) => id,
            Err(error) => {
                self.trouble.end_of_ledger("the ledger failed, so nothing more is written", &error);
                return self.outcome(step, (Outcome::NotStarted, Reason::RunStopped, Some(error.to_string())));
            }
        };
        let answer = self.request(&write).await;
        self.trouble.answered(answer.as_ref().err());
        match answer {
            Ok(revision) => self.done(&write, id, revision).await,
            Err(error) if error.effect == Effect::Unknown => self.unknown(&write, id, error).await,
            Err(error) => self.failed(&write, id, &error).await,
        }
    }

    async fn request(&self, write: &Write<'_>) -> provider::Result<Option<Revision>> {
        let target = &self.run.stores.target;
        match (&write.entry, write.step.action) {
            (Some(entry), _) => target.write(write.key, entry, &write.expect).await.map(Some),
            (None, Action::Adopt) if target.capabilities().marks.is_none() => Ok(write.step.target_revision.clone()),
            (None, Action::Adopt) => {
                target.claim(write.key, &self.mark(&write.step.name), &write.expect).await.map(Some)
            }
            (None, _) => target.delete(write.key, &write.expect).await,
        }
    }

    async fn done(&self, write: &Write<'_>, id: StepId, revision: Option<Revision>) -> StepOutcome {
        let step = write.step;
        let mut ended = self.outcome(step, (step.action.outcome(), step.reason, step.detail.clone()));
        ended.revision = revision.clone();
        let conclusion = Conclusion::Done(done(step.action, write.fingerprint.as_ref(), revision));
        self.conclude(id, conclusion, ended).await
    }

    async fn failed(&self, write: &Write<'_>, id: StepId, error: &provider::Error) -> StepOutcome {
        let detail = Some(error.explained());
        let ended = match error.kind {
            ErrorKind::Conflict => (Outcome::Conflict, Reason::TargetMoved, detail),
            _ => (Outcome::Failed, Reason::StoreError, detail),
        };
        let conclusion = Conclusion::Failed(failure(&ended, error));
        self.conclude(id, conclusion, self.outcome(write.step, ended)).await
    }

    /// Reads back what a lost answer left open.
    async fn unknown(&self, write: &Write<'_>, id: StepId, error: provider::Error) -> StepOutcome {
        let step = write.step;
        let meant = Meant {
            action: step.action,
            fingerprint: write.fingerprint.as_ref(),
            before: step.target_revision.as_ref(),
            held: step.target.as_ref(),
        };
        match look(&self.run.stores.target, self.lens, &step.name, write.key).await {
            Ok(now) => match settled(meant, &now) {
                Settled::Done(revision) => self.done(write, id, revision).await,
                Settled::NotDone => self.unsettled(write, id, &error).await,
                Settled::Elsewhere => {
                    let ended = (Outcome::Conflict, Reason::TargetMoved, Some(error.explained()));
                    let conclusion = Conclusion::Failed(failure(&ended, &error));
                    self.conclude(id, conclusion, self.outcome(step, ended)).await
                }
            },
            Err(_) => self.unsettled(write, id, &error).await,
        }
    }

    /// The request may still arrive, so "not there yet" is no proof: the next run looks again.
    async fn unsettled(&self, write: &Write<'_>, id: StepId, error: &provider::Error) -> StepOutcome {
        let ended = (Outcome::Unknown, Reason::EffectUnknown, Some(error.explained()));
        let conclusion = Conclusion::Unknown(failure(&ended, error));
        self.conclude(id, conclusion, self.outcome(write.step, ended)).await
    }

    /// Records how a step ended; a ledger that cannot is the end of the run, and the step's effect is for the next one to settle.
    async fn conclude(&self, id: StepId, conclusion: Conclusion, ended: StepOutcome) -> StepOutcome {
        match self.run.ledger.conclude(id, conclusion).await {
            Ok(()) => ended,
            Err(error) => {
                self.trouble.end_of_ledger("the ledger failed, so nothing more is written", &error);
                StepOutcome {
                    outcome: Outcome::Unknown,
                    reason: Reason::EffectUnknown,
                    detail: Some(format!("the ledger could not record how it ended: {error}")),
                    ..ended
                }
            }
        }
    }

    fn intent(&self, write: &Write<'_>) -> Intent {
        let step = write.step;
        Intent {
            name: step.name.clone(),
            key: write.key.clone(),
            action: step.action,
            reason: step.reason,
            source_fingerprint: write.fingerprint.clone(),
            source_revision: step.source_revision.clone(),
            revision_before: step.target_revision.clone(),
            fingerprint_before: step.target.clone(),
            token: self.token(step).0,
            shape: self.lens.carriage.shape(),
        }
    }

    /// The outcome of a step that is not acted on.
    pub(super) fn left_alone(&self, step: &Step) -> StepOutcome {
        self.outcome(step, (step.action.outcome(), step.reason, step.detail.clone()))
    }

    fn outcome(&self, step: &Step, (outcome, reason, detail): Ended) -> StepOutcome {
        StepOutcome {
            name: step.name.clone(),
            action: step.action,
            outcome,
            reason,
            detail,
            notes: step.notes.clone(),
            fingerprint: step.source.clone(),
            revision: step.target_revision.clone(),
        }
    }

    fn mark(&self, name: &SecretName) -> Mark {
        Mark {
            ledger: self.run.ledger.id().to_owned(),
            job: self.run.job.name.clone(),
            name: MarkedName::Whole(name.clone()),
        }
    }

    /// The same for a repeat of this step of this run, and for nothing else.
    fn token(&self, step: &Step) -> RequestToken {
        let text = format!("{}\n{}\n{}", self.run.id, step.action, step.name.bound());
        let digest = Sha256::digest(text.as_bytes());
        let mut bytes = [0_u8; 16];
        bytes.copy_from_slice(&digest[..16]);
        RequestToken(uuid::Builder::from_custom_bytes(bytes).into_uuid().to_string())
    }
}

/// What the ledger notes of a change that was not made, or that nobody knows of.
fn failure((outcome, reason, _): &Ended, error: &provider::Error) -> Failure {
    Failure { outcome: *outcome, reason: *reason, error: error.to_string(), request: None }
}

fn no_key() -> Ended {
    (Outcome::Blocked, Reason::IllegalName, None)
}
