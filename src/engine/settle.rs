//! Unknown effects and dead runs: reads the key back and decides what happened. Nothing is ever repeated blindly.

use futures::StreamExt;
use futures::stream;

use super::error::RunError;
use super::lens::Lens;
use super::read::{Progress, read_one};
use super::run::Run;
use crate::ledger::{BaselineChange, Done, Failure, Settlement, Unsettled};
use crate::model::{
    Action, Event, Finding, Fingerprint, Outcome, Reason, RemoteKey, Revision, SecretName, Severity, Stage, State,
};
use crate::planner::Owner;
use crate::provider::{self, Content, Expect, Record, Store};

/// What became of a write whose answer nobody has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settled {
    /// It was done; this is the key's revision now.
    Done(Option<Revision>),
    /// It was not done: the key is as it was.
    NotDone,
    /// The key is neither as it was nor as it should have become: somebody else wrote it.
    Elsewhere,
}

/// What a step meant to do, as far as settling needs it.
#[derive(Debug, Clone, Copy)]
pub struct Meant<'a> {
    /// Its verb.
    pub action: Action,
    /// What the key was to hold.
    pub fingerprint: Option<&'a Fingerprint>,
    /// The key's revision before.
    pub before: Option<&'a Revision>,
    /// What the key held before, for stores without revisions.
    pub held: Option<&'a Fingerprint>,
}

/// What the key looks like now.
#[derive(Debug, Clone)]
pub struct Now {
    /// Its state; `None` where there is no such key.
    pub state: Option<State>,
    /// Its revision.
    pub revision: Option<Revision>,
    /// What it holds, if that can be understood.
    pub fingerprint: Option<Fingerprint>,
    /// Whose it is by its mark.
    pub owner: Owner,
}

impl Now {
    /// No such key.
    const fn absent() -> Self {
        Self { state: None, revision: None, fingerprint: None, owner: Owner::Unmarked }
    }

    fn holds(&self, fingerprint: Option<&Fingerprint>) -> bool {
        fingerprint.is_some() && self.fingerprint.as_ref() == fingerprint
    }
}

/// Decides what became of a step by what its key looks like now.
///
/// A value that is equal but carries another owner's mark is theirs, and a mark beside another value proves nothing.
pub fn settled(meant: Meant<'_>, now: &Now) -> Settled {
    if is_done(meant, now) {
        Settled::Done(now.revision.clone())
    } else if is_as_before(meant, now) {
        Settled::NotDone
    } else {
        Settled::Elsewhere
    }
}

fn is_done(meant: Meant<'_>, now: &Now) -> bool {
    let holds_it = now.state == Some(State::Live) && now.holds(meant.fingerprint);
    match meant.action {
        Action::Create | Action::Update | Action::Restore => holds_it && now.owner != Owner::Other,
        Action::Adopt => holds_it && now.owner == Owner::Ours,
        Action::Release => holds_it && now.owner != Owner::Ours,
        Action::Delete => matches!(now.state, None | Some(State::Deleted)),
        Action::Keep | Action::Block | Action::Quarantine => true,
    }
}

fn is_as_before(meant: Meant<'_>, now: &Now) -> bool {
    match (meant.action, meant.before) {
        (Action::Create, _) => matches!(now.state, None | Some(State::Empty)),
        // What left nothing behind when it was deleted.
        (Action::Restore, None) => now.state.is_none(),
        (_, Some(before)) => now.revision.as_ref() == Some(before),
        (_, None) => now.state == Some(State::Live) && now.holds(meant.held),
    }
}

/// Reads a key back, as the one that wrote it looks at it.
pub(super) async fn look(store: &Store, lens: &Lens, name: &SecretName, key: &RemoteKey) -> provider::Result<Now> {
    let record = read_one(store, key).await?;
    Ok(record.map_or_else(Now::absent, |record| now(lens, name, &record)))
}

fn now(lens: &Lens, name: &SecretName, record: &Record) -> Now {
    let fingerprint = match &record.content {
        Content::Value(stored) => lens.fingerprint_of_target(name, stored),
        Content::Nothing | Content::Quarantined(_) => None,
    };
    Now {
        state: Some(record.listed.state),
        revision: record.listed.revision.clone(),
        fingerprint,
        owner: lens.us.owner(record.listed.mark.as_ref(), name),
    }
}

/// Puts our mark on a key whose write was cut short between the value and the mark, and gives its revision.
///
/// Only where the store takes marks; a mark that cannot be put is a warning, as the value is there and recorded as ours.
pub(super) async fn marked(
    run: &Run<'_>,
    lens: &Lens,
    (name, key): (&SecretName, &RemoteKey),
    now: &Now,
) -> Option<Revision> {
    let target = run.target;
    let revision = now.revision.clone()?;
    let bare = now.state == Some(State::Live) && now.owner == Owner::Unmarked;
    if !bare || target.capabilities().marks.is_none() {
        return Some(revision);
    }
    let (mark, expect) = (run.mark(&lens.us.job, name), Expect::At(revision.clone()));
    let why = match run.lease.while_held(target.claim(key, &mark, &expect)).await {
        Ok(Ok(revision)) => return Some(revision),
        Ok(Err(error)) => error.explained(),
        Err(error) => error.to_string(),
    };
    let subject = format!("{} {key}", run.job.target);
    let message = format!("the value is written, its ownership mark is not: {why}");
    run.observer.observe(&Event::Found(Finding::new(Severity::Warning, "mark-missed", subject, message)));
    Some(revision)
}

/// Settles every step that runs now dead left behind on the target; the lease proves that they are dead.
///
/// A key that cannot be read back stays unsettled and is looked at again by the next run.
pub async fn settle(run: &Run<'_>, lens: &Lens) -> Result<u64, RunError> {
    let target = run.target;
    let left = run.ledger.unsettled(&target.info().identity).await.map_err(RunError::ledger(&run.job.name))?;
    if left.is_empty() {
        return Ok(0);
    }
    let progress = Progress::begin(run.observer, Stage::Settle, &run.job.target, Some(left.len()));
    let looked = stream::iter(left)
        .map(|step| async move {
            let lens = lens.of_job(&step.job);
            let now = look(target, &lens, &step.intent.name, &step.intent.key).await;
            let settlement = match now {
                Ok(now) => Ok(settlement(run, &lens, &step, &now).await),
                Err(error) => Err(error),
            };
            progress.advance(1);
            (step, settlement)
        })
        .buffer_unordered(target.capabilities().width.max(1));
    let looked: Vec<_> = looked.collect().await;
    progress.end();
    let mut count = 0;
    for (step, settlement) in looked {
        match settlement {
            Ok(settlement) => {
                let settling = run.ledger.settle(&run.id, step.step, settlement);
                settling.await.map_err(RunError::ledger(&run.job.name))?;
                count += 1;
            }
            Err(error) => {
                let message = format!("a write of an earlier run could not be settled: {error}");
                let finding = Finding::new(Severity::Warning, "unsettled", step.intent.name.to_string(), message);
                run.observer.observe(&Event::Found(finding.with_remedy("the next apply looks again")));
            }
        }
    }
    Ok(count)
}

async fn settlement(run: &Run<'_>, lens: &Lens, step: &Unsettled, now: &Now) -> Settlement {
    let intent = &step.intent;
    let meant = Meant {
        action: intent.action,
        fingerprint: intent.source_fingerprint.as_ref(),
        before: intent.revision_before.as_ref(),
        held: intent.fingerprint_before.as_ref(),
    };
    let done =
        |revision| Settlement::Done(done(intent.action, intent.reason, intent.source_fingerprint.as_ref(), revision));
    match settled(meant, now) {
        Settled::Done(revision) if gives_up(intent.action, intent.reason) => done(revision),
        Settled::Done(_) => {
            let revision = marked(run, lens, (&intent.name, &intent.key), now).await;
            done(revision)
        }
        Settled::NotDone => Settlement::Unchanged,
        Settled::Elsewhere => Settlement::Failed(Failure {
            outcome: Outcome::Conflict,
            reason: Reason::TargetMoved,
            error: "the key is neither as it was nor as it was to become".to_owned(),
            request: None,
        }),
    }
}

/// Whether the key is not ours any more once the step is done.
pub(super) fn gives_up(action: Action, reason: Reason) -> bool {
    action == Action::Release || matches!(reason, Reason::UndoTakeover | Reason::UndoDrift)
}

/// What the ledger notes of a change that was made.
pub(super) fn done(
    action: Action,
    reason: Reason,
    fingerprint: Option<&Fingerprint>,
    revision: Option<Revision>,
) -> Done {
    let baseline = match (action, fingerprint) {
        (Action::Delete, _) | (_, None) => BaselineChange::Delete,
        (_, Some(fingerprint)) if gives_up(action, reason) => BaselineChange::GiveUp(fingerprint.clone()),
        (_, Some(fingerprint)) => BaselineChange::Write(fingerprint.clone()),
    };
    Done { outcome: action.outcome(), revision, baseline, request: None }
}
