//! One step of a plan: read again, compare, intent, write, outcome.

use futures::{Stream, StreamExt as _};
use sha2::{Digest, Sha256};
use tokio::sync::OnceCell;

use super::lens::Lens;
use super::outcome::StepOutcome;
use super::read::Progress;
use super::reduce::{Prepared, Reduced};
use super::run::{Run, Trouble};
use super::settle::{Meant, Settled, done, gives_up, look, marked, settled};
use crate::ledger::{Conclusion, Failure, Intent, LedgerError, StepId};
use crate::model::{Effect, ErrorKind, Event, Fingerprint, Mark, Outcome, Reason, RemoteKey, Revision, Revisions};
use crate::planner::{Plan, Step};
use crate::provider::{self, Entry, Expect, Record, RequestToken};

/// Carries out single steps of one run.
pub(super) struct Writer<'a> {
    pub(super) run: &'a Run<'a>,
    pub(super) lens: &'a Lens,
    pub(super) trouble: &'a Trouble,
    /// What this run found not done when it settled what dead runs had left; asked for at the first conflict.
    given_up: OnceCell<Vec<Intent>>,
}

/// A step that ended without a request: how, why, and in words.
pub(super) type Ended = (Outcome, Reason, Option<String>);

/// Which key a step changes, and what it will hold.
pub(super) struct Aim<'a> {
    pub(super) step: &'a Step,
    pub(super) key: &'a RemoteKey,
    pub(super) fingerprint: Option<Fingerprint>,
    /// The source's version it is made of.
    pub(super) source_revision: Option<Revision>,
}

/// What the target is asked to do.
pub(super) enum Change {
    Write(Entry),
    Claim(Mark),
    Delete,
    /// What an earlier run did is taken back.
    TakeBack,
    /// The target has no place for a mark: the record alone says that the key is ours.
    Record,
}

impl<'a> Writer<'a> {
    /// For the steps of one run.
    pub(super) fn new(run: &'a Run<'a>, lens: &'a Lens, trouble: &'a Trouble) -> Self {
        Self { run, lens, trouble, given_up: OnceCell::new() }
    }

    /// Creates, updates or restores a key from what the source holds now.
    pub(super) async fn carry(&self, step: &Step, answer: provider::Result<Option<Record>>) -> StepOutcome {
        if let Some(ended) = self.halted() {
            return self.outcome(step, ended);
        }
        let Some(key) = &step.key else { return self.outcome(step, no_key()) };
        let source_revision = step.source_revision.clone();
        let aim = Aim { step, key, fingerprint: step.source.clone(), source_revision };
        match self.prepared(&aim, answer).await {
            Ok((entry, expect)) => self.perform(aim, Change::Write(entry), expect).await,
            Err(ended) => self.outcome(step, ended),
        }
    }

    /// Takes a key over as it is.
    pub(super) async fn adopt(&self, step: &Step) -> StepOutcome {
        let change = match self.run.target.capabilities().marks {
            Some(_) => Change::Claim(self.run.mark(&self.run.job.name, &step.name)),
            None => Change::Record,
        };
        self.change(step, step.target.clone(), change).await
    }

    /// Takes a key away.
    pub(super) async fn delete(&self, step: &Step) -> StepOutcome {
        self.change(step, None, Change::Delete).await
    }

    async fn change(&self, step: &Step, fingerprint: Option<Fingerprint>, change: Change) -> StepOutcome {
        if let Some(ended) = self.halted() {
            return self.outcome(step, ended);
        }
        let Some(key) = &step.key else { return self.outcome(step, no_key()) };
        match self.expectation(step, key).await {
            Ok(against) => {
                let aim = Aim { step, key, fingerprint, source_revision: step.source_revision.clone() };
                self.perform(aim, change, against.expect).await
            }
            Err(ended) => self.outcome(step, ended),
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

    async fn prepared(
        &self,
        aim: &Aim<'_>,
        answer: provider::Result<Option<Record>>,
    ) -> Result<(Entry, Expect), Ended> {
        let name = &aim.step.name;
        let ready = self.source_as_planned(aim.step, answer)?;
        let against = self.expectation(aim.step, aim.key).await?;
        let stored = match &against.existing {
            None => ready.stored,
            Some(existing) => {
                let merged = self.lens.carriage.target.merge(name.kind, ready.stored, existing);
                merged.map_err(|fault| (Outcome::Blocked, Reason::OtherKeys, Some(fault.to_string())))?
            }
        };
        let entry = Entry {
            kind: name.kind,
            value: stored,
            mark: Some(self.run.mark(&self.run.job.name, name)),
            description: ready.description,
            token: self.token(aim.step),
        };
        Ok((entry, against.expect))
    }

    /// The source's value, if it still is the one that was planned.
    fn source_as_planned(&self, step: &Step, answer: provider::Result<Option<Record>>) -> Result<Prepared, Ended> {
        let moved = |detail: &str| (Outcome::Conflict, Reason::SourceMoved, Some(detail.to_owned()));
        let record = answer.map_err(|error| (Outcome::Failed, Reason::SourceFailed, Some(error.explained())))?;
        let ready = match self.lens.carriage.prepare(step.names(), record.as_ref(), self.run.job.masked(step.names())) {
            Reduced::Ready(ready) => ready,
            Reduced::Absent => return Err(moved("it is gone from the source since the plan")),
            Reduced::Blocked(..) | Reduced::Quarantined(..) => {
                return Err(moved("the source's value changed since the plan, to one that must not be written"));
            }
        };
        let fingerprint = self.lens.fingerprint(&step.name, &ready.canonical);
        if step.source.as_ref() == Some(&fingerprint) {
            Ok(*ready)
        } else {
            Err(moved("the source's value changed since the plan"))
        }
    }

    /// Intent, request, outcome.
    pub(super) async fn perform(&self, aim: Aim<'_>, change: Change, expect: Expect) -> StepOutcome {
        let id = match self.run.ledger.intend(&self.run.id, self.run.lease, self.intent(&aim)).await {
            Ok(id) => id,
            Err(error) => {
                self.trouble.end_of_ledger("the ledger failed, so nothing more is written", &error);
                return self.outcome(aim.step, (Outcome::NotStarted, Reason::RunStopped, Some(error.to_string())));
            }
        };
        // The value ends here: what follows may wait for the ledger.
        let answer = match self.run.lease.while_held(self.request(&aim, change, expect)).await {
            Ok(answer) => answer,
            Err(error) => return self.abandoned(aim.step, &error),
        };
        self.trouble.answered(answer.as_ref().err());
        match answer {
            Ok(revision) => self.done(&aim, id, revision).await,
            Err(error) if error.effect == Effect::Unknown => self.unknown(&aim, id, error).await,
            Err(error) if error.kind == ErrorKind::Conflict && self.may_be_late(&aim).await => {
                self.unknown(&aim, id, error).await
            }
            Err(error) => self.failed(&aim, id, &error).await,
        }
    }

    /// The lease ended while the store was asked: nothing more is sent, not even a question.
    fn abandoned(&self, step: &Step, error: &LedgerError) -> StepOutcome {
        self.trouble.end_of_ledger("the ledger failed, so nothing more is written", error);
        self.outcome(step, (Outcome::Unknown, Reason::EffectUnknown, Some(error.to_string())))
    }

    async fn request(&self, aim: &Aim<'_>, change: Change, expect: Expect) -> provider::Result<Option<Revision>> {
        let target = self.run.target;
        let revision = match change {
            Change::Write(entry) => target.write(aim.key, &entry, &expect).await.map(Some)?,
            Change::Claim(mark) => target.claim(aim.key, &mark, &expect).await.map(Some)?,
            Change::Delete => target.delete(aim.key, &expect).await?,
            Change::TakeBack => self.take_back_in_store(aim, &expect).await?,
            Change::Record => aim.step.target_revision.clone(),
        };
        // A store without versions has to answer something; to remember that would look like one.
        Ok(revision.filter(|_| target.capabilities().revisions != Revisions::None))
    }

    async fn done(&self, aim: &Aim<'_>, id: StepId, revision: Option<Revision>) -> StepOutcome {
        let step = aim.step;
        let mut ended = self.outcome(step, (step.action.outcome(), step.reason, step.detail.clone()));
        ended.revision = revision.clone();
        let conclusion = Conclusion::Done(done(step.action, step.reason, aim.fingerprint.as_ref(), revision));
        self.conclude(id, conclusion, ended).await
    }

    async fn failed(&self, aim: &Aim<'_>, id: StepId, error: &provider::Error) -> StepOutcome {
        let detail = Some(error.explained());
        let ended = match error.kind {
            ErrorKind::Conflict => (Outcome::Conflict, Reason::TargetMoved, detail),
            _ => (Outcome::Failed, Reason::StoreError, detail),
        };
        let conclusion = Conclusion::Failed(failure(&ended, error));
        self.conclude(id, conclusion, self.outcome(aim.step, ended)).await
    }

    /// Whether a dead run had intended the same: its request, found not done when this run settled it, may have arrived since.
    async fn may_be_late(&self, aim: &Aim<'_>) -> bool {
        let asked = self.given_up.get_or_init(|| async {
            // A ledger that cannot be asked fails at the next write to it; until then a conflict is a conflict.
            self.run.ledger.given_up_by(&self.run.id).await.unwrap_or_default()
        });
        let same = |intent: &Intent| intent.key == *aim.key && intent.source_fingerprint == aim.fingerprint;
        asked.await.iter().any(same)
    }

    /// Reads back what a lost answer left open.
    async fn unknown(&self, aim: &Aim<'_>, id: StepId, error: provider::Error) -> StepOutcome {
        let step = aim.step;
        let meant = Meant {
            action: step.action,
            fingerprint: aim.fingerprint.as_ref(),
            before: step.target_revision.as_ref(),
            held: step.target.as_ref(),
        };
        match look(self.run.target, self.lens, &step.name, aim.key).await {
            Ok(now) => match settled(meant, &now) {
                Settled::Done(revision) if gives_up(step.action, step.reason) => self.done(aim, id, revision).await,
                Settled::Done(_) => {
                    let revision = marked(self.run, self.lens, (&step.name, aim.key), &now).await;
                    self.done(aim, id, revision).await
                }
                Settled::NotDone if error.effect == Effect::Unknown => self.unsettled(aim, id, &error).await,
                Settled::NotDone => self.failed(aim, id, &error).await,
                Settled::Elsewhere => {
                    let ended = (Outcome::Conflict, Reason::TargetMoved, Some(error.explained()));
                    let conclusion = Conclusion::Failed(failure(&ended, &error));
                    self.conclude(id, conclusion, self.outcome(step, ended)).await
                }
            },
            Err(_) => self.unsettled(aim, id, &error).await,
        }
    }

    /// The request may still arrive, so "not there yet" is no proof: the next run looks again.
    async fn unsettled(&self, aim: &Aim<'_>, id: StepId, error: &provider::Error) -> StepOutcome {
        let ended = (Outcome::Unknown, Reason::EffectUnknown, Some(error.explained()));
        let conclusion = Conclusion::Unknown(failure(&ended, error));
        self.conclude(id, conclusion, self.outcome(aim.step, ended)).await
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

    fn intent(&self, aim: &Aim<'_>) -> Intent {
        let step = aim.step;
        Intent {
            name: step.name.clone(),
            key: aim.key.clone(),
            action: step.action,
            reason: step.reason,
            source_fingerprint: aim.fingerprint.clone(),
            source_revision: aim.source_revision.clone(),
            revision_before: step.target_revision.clone(),
            fingerprint_before: step.target.clone(),
            token: self.token(step).0,
            shape: self.lens.carriage.shape(),
            from: step.from.clone(),
        }
    }

    /// The outcomes of all steps that are not acted on.
    pub(super) fn all_left_alone(&self, plan: &Plan) -> Vec<StepOutcome> {
        let left_alone = |step: &Step| self.outcome(step, (step.action.outcome(), step.reason, step.detail.clone()));
        plan.steps.iter().filter(|step| !step.action.changes()).map(left_alone).collect()
    }

    /// Does `work` on each of `steps`, as many at once as the target takes, and tells of each as it ends.
    pub(super) async fn each<T, F: Future<Output = StepOutcome>>(
        &self,
        steps: impl Stream<Item = T>,
        progress: Progress<'_>,
        work: impl Fn(T) -> F,
    ) -> Vec<StepOutcome> {
        let ended = steps.map(work).buffer_unordered(self.run.target.capabilities().width.max(1));
        ended.inspect(|ended| self.tell(ended, progress)).collect().await
    }

    /// Tells whoever watches how a step ended.
    fn tell(&self, ended: &StepOutcome, progress: Progress<'_>) {
        progress.advance(1);
        self.run.observer.observe(&Event::StepEnded {
            name: ended.name.clone(),
            action: ended.action,
            outcome: ended.outcome,
            reason: ended.reason,
        });
    }

    /// A step's outcome.
    pub(super) fn outcome(&self, step: &Step, (outcome, reason, detail): Ended) -> StepOutcome {
        StepOutcome {
            name: step.name.clone(),
            from: step.from.clone(),
            action: step.action,
            outcome,
            reason,
            detail,
            notes: step.notes.clone(),
            fingerprint: step.source.clone(),
            revision: step.target_revision.clone(),
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

pub(super) fn no_key() -> Ended {
    (Outcome::Blocked, Reason::IllegalName, None)
}
