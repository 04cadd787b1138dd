//! A run that holds its target's lease: what its steps share, what ends it early, and its end in the ledger.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::error::is_away;
use super::job::Job;
use super::outcome::{RunReport, StepOutcome};
use super::schedule::Schedule;
use crate::ledger::{Concluded, Lease, Ledger, LedgerError, REMARKS, Remark, RunEnd, RunId, RunStatus};
use crate::model::{ErrorKind, Finding, Mark, MarkedName, Observer, Outcome, SecretName};
use crate::planner::{Depth, Plan};
use crate::provider::{self, Store};

/// How many store errors in a row end a run: by then it is the store, not the keys.
const PATIENCE: u32 = 8;

/// A run that holds its target's lease.
pub struct Run<'a> {
    /// The job.
    pub job: &'a Job,
    /// Where it writes.
    pub target: &'a Store,
    /// The ledger.
    pub ledger: &'a Ledger,
    /// The lease of the target.
    pub lease: &'a Lease,
    /// The run's id.
    pub id: RunId,
    /// What the job is the further for it; `None` for an undo, and for a part of a job.
    pub occasion: Option<Occasion<'a>>,
    /// Who watches.
    pub observer: &'a dyn Observer,
    /// Asks the run to finish the steps in flight and begin no other.
    pub stop: &'a CancellationToken,
}

/// What a whole run of a job is for.
#[derive(Debug, Clone, Copy)]
pub struct Occasion<'a> {
    /// The instant it is due for; `None` where a person started it.
    pub instant: Option<Timestamp>,
    /// The job's schedule, if it has one.
    pub schedule: Option<&'a Schedule>,
}

impl Occasion<'_> {
    /// Until when nothing is due any more once the run has ended.
    pub(super) fn done_at(&self, ended: Timestamp) -> Option<Timestamp> {
        let instant = self.instant?;
        Some(self.schedule.map_or(instant, |schedule| schedule.done_at(instant, ended)))
    }
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

impl Run<'_> {
    /// The mark of a key that `job` writes.
    pub(super) fn mark(&self, job: &str, name: &SecretName) -> Mark {
        Mark { ledger: self.ledger.id().to_owned(), job: job.to_owned(), name: MarkedName::Whole(name.clone()) }
    }

    /// Ends the run in the ledger and tells of it, every key in the order of names.
    pub(super) async fn ended(&self, acted: Acted, plan: &Plan, findings: Vec<Finding>) -> RunReport {
        let Acted { planned, begun, mut outcomes, trouble } = acted;
        outcomes.sort_by(|one, other| one.name.cmp(&other.name));
        let mut report = RunReport {
            run: Some(self.id.to_string()),
            undoes: plan.undoes.clone(),
            job: self.job.name.clone(),
            source: self.job.source.clone(),
            target: self.job.target.clone(),
            took: planned + begun.elapsed(),
            outcomes,
            status: RunStatus::Succeeded,
            error: trouble.explained(),
            audit_head: None,
            findings,
        };
        report.status = status(self, &report);
        finish(self, &mut report, plan.depth).await;
        report
    }
}

/// What acting on a plan came to.
pub(super) struct Acted {
    /// How long it took to come to the plan; a person's time to read it is not the run's.
    pub planned: Duration,
    /// When acting on it began.
    pub begun: Instant,
    /// How each key ended.
    pub outcomes: Vec<StepOutcome>,
    /// What went wrong for the whole run.
    pub trouble: Trouble,
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

/// Where the job stands after it. A run that was interrupted leaves its instant due: somebody else goes on.
fn concluded(job: &Job, occasion: Occasion<'_>, report: &RunReport) -> Concluded {
    let is_over = report.status != RunStatus::Interrupted;
    let remarks = report.outcomes.iter().filter(|step| !job.is_content_with(step)).map(|step| Remark {
        name: step.name.to_string(),
        outcome: step.outcome.as_str().to_owned(),
        reason: step.reason.as_str().to_owned(),
        detail: step.detail.clone(),
    });
    let done_at = occasion.done_at(Timestamp::now()).filter(|_| is_over);
    Concluded { done_at, remarks: Some(remarks.take(REMARKS).collect()) }
}

async fn finish(run: &Run<'_>, report: &mut RunReport, depth: Depth) {
    let end = RunEnd {
        status: report.status,
        depth: Some(depth),
        counts: report.counts(),
        error: report.error.clone(),
        standing: run.occasion.map(|occasion| concluded(run.job, occasion, report)),
    };
    match run.ledger.finish_run(&run.id, end).await {
        Ok(head) => report.audit_head = Some(head.to_string()),
        Err(error) => {
            report.status = RunStatus::Failed;
            let remedy = error.remedy().map(|remedy| format!("; {remedy}")).unwrap_or_default();
            report.error.get_or_insert(format!("the ledger could not record the end of the run: {error}{remedy}"));
        }
    }
}
