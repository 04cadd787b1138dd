//! Acts on a plan that was shown: reads each value again, and for every write an intent first, the write, then its outcome.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use futures::StreamExt;
use futures::stream;
use tokio_util::sync::CancellationToken;

use super::error::{RunError, is_away};
use super::job::Job;
use super::outcome::{RunReport, StepOutcome};
use super::preview::{Preview, Stores};
use super::read::{Progress, read_batch};
use super::write::Writer;
use crate::ledger::{Lease, Ledger, LedgerError, Remembered, RunEnd, RunId, RunStatus, Seen};
use crate::model::{Action, ErrorKind, Event, Observer, Outcome, RemoteKey, Stage};
use crate::planner::{Depth, Plan, Remember, Step};
use crate::provider::{self, Record};

/// How many store errors in a row end a run: by then it is the store, not the keys.
const PATIENCE: u32 = 8;

/// The most source values of one read; of reads, at most two are under way or waiting beside the one being written.
const READ_AHEAD: usize = 64;

/// A run that holds its target's lease.
pub struct Run<'a> {
    /// The job.
    pub job: &'a Job,
    /// Its stores.
    pub stores: &'a Stores,
    /// The ledger.
    pub ledger: &'a Ledger,
    /// The lease of the target.
    pub lease: &'a Lease,
    /// The run's id.
    pub id: &'a RunId,
    /// Who watches.
    pub observer: &'a dyn Observer,
    /// Asks the run to finish the steps in flight and begin no other.
    pub stop: &'a CancellationToken,
}

/// What goes wrong for the whole run, shared by its steps.
#[derive(Debug, Default)]
pub(super) struct Trouble {
    failures: AtomicU32,
    fatal: Mutex<Option<Fatal>>,
}

/// Why no further step begins.
#[derive(Debug)]
struct Fatal {
    cause: String,
    remedy: Option<String>,
}

impl Trouble {
    /// Counts a store's answer; too many failures in a row end the run.
    ///
    /// A refusal is an answer about one key: the store is there.
    pub(super) fn answered(&self, error: Option<&provider::Error>) {
        match error.filter(|error| is_away(error) || error.kind == ErrorKind::Unexpected) {
            None => self.failures.store(0, Ordering::Relaxed),
            Some(error) => {
                if self.failures.fetch_add(1, Ordering::Relaxed) + 1 >= PATIENCE {
                    let cause = format!("{PATIENCE} store errors in a row, the last: {error}");
                    self.end(Fatal { cause, remedy: error.remedy.clone() });
                }
            }
        }
    }

    /// Ends the run because of its ledger.
    pub(super) fn end_of_ledger(&self, what: &str, error: &LedgerError) {
        self.end(Fatal { cause: format!("{what}: {error}"), remedy: error.remedy().map(str::to_owned) });
    }

    /// Ends the run: no further step begins. The first cause is kept.
    fn end(&self, fatal: Fatal) {
        self.fatal.lock().expect("nobody panics while holding it").get_or_insert(fatal);
    }

    /// Why the run ends, if it does.
    pub(super) fn cause(&self) -> Option<String> {
        self.fatal.lock().expect("nobody panics while holding it").as_ref().map(|fatal| fatal.cause.clone())
    }

    /// The same, with what to do about it: said once a run, not once a key.
    fn explained(&self) -> Option<String> {
        let fatal = self.fatal.lock().expect("nobody panics while holding it");
        fatal.as_ref().map(|Fatal { cause, remedy }| match remedy {
            None => cause.clone(),
            Some(remedy) => format!("{cause}; {remedy}"),
        })
    }
}

/// Acts on exactly the plan of `preview`; every key of it ends in one outcome of the report.
///
/// Ends early, with the rest not started, when the stop is asked for, the ledger fails or the store keeps failing.
pub async fn apply(run: &Run<'_>, preview: Preview) -> Result<RunReport, RunError> {
    let begun = Instant::now();
    let trouble = Trouble::default();
    let Preview { plan, lens, findings } = preview;
    let writer = Writer { run, lens: &lens, trouble: &trouble };
    let progress = Progress::begin(run.observer, Stage::Apply, &run.job.target, Some(plan.changes().count()));
    let mut outcomes: Vec<_> =
        plan.steps.iter().filter(|step| !step.action.changes()).map(|step| writer.left_alone(step)).collect();
    let mut carried = carry_all(&writer, &plan, progress).await;
    carried.extend(adopt_all(&writer, &plan, progress).await);
    let deleted = delete_all(&writer, &plan, &carried, progress).await;
    outcomes.extend(carried.into_iter().chain(deleted));
    progress.end();
    outcomes.sort_by(|one, other| one.name.cmp(&other.name));
    remember(run, &plan, &lens.carriage.shape(), &trouble).await;
    let mut report = RunReport {
        run: Some(run.id.to_string()),
        job: run.job.name.clone(),
        source: run.job.source.clone(),
        target: run.job.target.clone(),
        took: begun.elapsed(),
        outcomes,
        status: RunStatus::Succeeded,
        error: trouble.explained(),
        audit_head: None,
        findings,
    };
    report.status = status(run, &report);
    finish(run, &mut report, plan.depth).await;
    Ok(report)
}

/// Writes creates, updates and restores: source values are read in batches a little ahead of the writes, and dropped after.
async fn carry_all(writer: &Writer<'_>, plan: &Plan, progress: Progress<'_>) -> Vec<StepOutcome> {
    let (source, target) = (&writer.run.stores.source, &writer.run.stores.target);
    let carried: Vec<_> = plan
        .changes()
        .filter(|step| matches!(step.action, Action::Create | Action::Update | Action::Restore))
        .collect();
    let batch = source.capabilities().read_batch.clamp(1, READ_AHEAD);
    let ahead = if batch == 1 { source.capabilities().width.max(1) } else { 2 };
    let chunks: Vec<Vec<&Step>> = carried.chunks(batch).map(<[&Step]>::to_vec).collect();
    stream::iter(chunks)
        .map(|chunk| read_chunk(writer, chunk))
        .buffered(ahead)
        .flat_map(stream::iter)
        .map(|(step, answer)| async move {
            let ended = writer.carry(step, answer).await;
            tell(writer, &ended, progress);
            ended
        })
        .buffer_unordered(target.capabilities().width.max(1))
        .collect()
        .await
}

async fn read_chunk<'s>(
    writer: &Writer<'_>,
    chunk: Vec<&'s Step>,
) -> Vec<(&'s Step, provider::Result<Option<Record>>)> {
    // Once the run ends no step begins, so nothing needs to be read for it.
    if writer.halted().is_some() {
        return chunk.into_iter().map(|step| (step, Ok(None))).collect();
    }
    let keys: Vec<RemoteKey> = chunk.iter().filter_map(|step| step.source_key.clone()).collect();
    let answers = read_batch(&writer.run.stores.source, &keys).await;
    // A batch is one request: it counts once, however many keys it failed for.
    if let Some(error) = answers.iter().filter_map(|answer| answer.as_ref().err()).find(|error| is_away(error)) {
        writer.trouble.answered(Some(error));
    }
    chunk.into_iter().zip(answers).collect()
}

/// Takes keys over.
async fn adopt_all(writer: &Writer<'_>, plan: &Plan, progress: Progress<'_>) -> Vec<StepOutcome> {
    stream::iter(plan.changes().filter(|step| step.action == Action::Adopt))
        .map(|step| async move {
            let ended = writer.adopt(step).await;
            tell(writer, &ended, progress);
            ended
        })
        .buffer_unordered(writer.run.stores.target.capabilities().width.max(1))
        .collect()
        .await
}

/// Takes keys away, last of all: by then everything that could speak against it has been tried.
async fn delete_all(
    writer: &Writer<'_>,
    plan: &Plan,
    carried: &[StepOutcome],
    progress: Progress<'_>,
) -> Vec<StepOutcome> {
    let deletes: Vec<_> = plan.changes().filter(|step| step.action == Action::Delete).collect();
    let objections = &writer.objections(&deletes, carried).await;
    stream::iter(deletes)
        .map(|step| async move {
            let ended = match objections.get(&step.name) {
                Some(ended) => writer.outcome(step, ended.clone()),
                None => writer.delete(step).await,
            };
            tell(writer, &ended, progress);
            ended
        })
        .buffer_unordered(writer.run.stores.target.capabilities().width.max(1))
        .collect()
        .await
}

fn tell(writer: &Writer<'_>, ended: &StepOutcome, progress: Progress<'_>) {
    progress.advance(1);
    writer.run.observer.observe(&Event::StepEnded {
        name: ended.name.clone(),
        action: ended.action,
        outcome: ended.outcome,
        reason: ended.reason,
    });
}

/// Refreshes what the ledger knows of keys that were left alone.
async fn remember(run: &Run<'_>, plan: &Plan, shape: &str, trouble: &Trouble) {
    let remembered: Vec<_> = plan.steps.iter().filter_map(|step| remembered(step, shape)).collect();
    if remembered.is_empty() || trouble.cause().is_some() {
        return;
    }
    if let Err(error) = run.ledger.remember(run.id, run.lease, remembered).await {
        trouble.end_of_ledger("the ledger could not be brought up to date", &error);
    }
}

fn remembered(step: &Step, shape: &str) -> Option<Remembered> {
    let name = step.name.clone();
    match step.remember {
        Remember::Nothing => None,
        Remember::Presence => Some(Remembered::Present(name)),
        Remember::Absence => Some(Remembered::Absent(name)),
        Remember::Forget => Some(Remembered::Forgotten(name)),
        Remember::Revisions => {
            let seen = Seen {
                fingerprint: step.source.clone(),
                source_revision: step.source_revision.clone(),
                target_revision: step.target_revision.clone(),
                shape: shape.to_owned(),
            };
            Some(Remembered::Seen(name, seen))
        }
    }
}

fn status(run: &Run<'_>, report: &RunReport) -> RunStatus {
    let not_started = report.outcomes.iter().any(|step| step.outcome == Outcome::NotStarted);
    if report.error.is_some() {
        RunStatus::Failed
    } else if run.stop.is_cancelled() && not_started {
        RunStatus::Interrupted
    } else if report.outcomes.iter().all(|step| run.job.is_content_with(step)) {
        RunStatus::Succeeded
    } else {
        RunStatus::Incomplete
    }
}

async fn finish(run: &Run<'_>, report: &mut RunReport, depth: Depth) {
    let end =
        RunEnd { status: report.status, depth: Some(depth), counts: report.counts(), error: report.error.clone() };
    match run.ledger.finish_run(run.id, end).await {
        Ok(head) => report.audit_head = Some(head.to_string()),
        Err(error) => {
            report.status = RunStatus::Failed;
            let remedy = error.remedy().map(|remedy| format!("; {remedy}")).unwrap_or_default();
            report.error.get_or_insert(format!("the ledger could not record the end of the run: {error}{remedy}"));
        }
    }
}
