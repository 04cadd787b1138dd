//! One run of a job on one target, from its beginning in the ledger to its end there: settle, plan, act.

use std::time::Instant;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::apply;
use super::error::RunError;
use super::job::Job;
use super::outcome::RunReport;
use super::preview::{Preview, Stores, lens_on, preview};
use super::run::{Occasion, Run};
use super::settle::settle;
use super::undo::{preview_undo, undo};
use crate::ledger::{self, Concluded, Holder, Lease, Ledger, LedgerError, RunEnd, RunStart, RunStatus};
use crate::model::Observer;
use crate::provider::Store;

/// What a run does, with the stores it needs, opened.
#[derive(Debug)]
pub enum Work {
    /// The job.
    Apply(Stores),
    /// It takes an earlier run of the job back.
    Undo(Box<ledger::Run>, Store),
}

/// What a run is begun with.
pub struct Cycle<'a> {
    /// The job.
    pub job: &'a Job,
    /// What is done.
    pub work: &'a Work,
    /// The ledger.
    pub ledger: &'a Ledger,
    /// The lease of the target.
    pub lease: &'a Lease,
    /// Digest of the config, for the audit.
    pub config_digest: &'a str,
    /// What the job is the further for it; `None` for an undo, and for a part of a job.
    pub occasion: Option<Occasion<'a>>,
    /// Who watches.
    pub observer: &'a dyn Observer,
    /// Asks the run to finish the steps in flight and begin no other.
    pub stop: &'a CancellationToken,
}

/// What is known of a run before anything is opened.
#[derive(Debug, Clone, Copy)]
pub struct About<'a> {
    /// The job.
    pub job: &'a str,
    /// The source's name in the config.
    pub source: &'a str,
    /// The target's name in the config.
    pub target: &'a str,
    /// Digest of the config, for the audit.
    pub config_digest: &'a str,
}

impl About<'_> {
    fn start(&self, command: String, occasion: Option<Occasion<'_>>) -> RunStart {
        RunStart {
            job: self.job.to_owned(),
            command,
            source: self.source.to_owned(),
            target: self.target.to_owned(),
            host: Holder::here(self.job).host,
            config_digest: self.config_digest.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            instant: occasion.and_then(|occasion| occasion.instant),
        }
    }

    /// Records a run that failed before its stores could even be opened.
    pub async fn failed(
        &self,
        ledger: &Ledger,
        lease: &Lease,
        occasion: Occasion<'_>,
        why: &str,
    ) -> Result<RunReport, LedgerError> {
        let id = ledger.begin_run(lease, self.start("apply".to_owned(), Some(occasion))).await?;
        let head = ledger.finish_run(&id, failure(Some(occasion), RunStatus::Failed, why)).await?;
        let report =
            RunReport::unacted(Some(id.to_string()), (self.job, self.source, self.target), RunStatus::Failed, why);
        Ok(RunReport { audit_head: Some(head.to_string()), ..report })
    }
}

/// The end of a run that never acted. Only a failure is the end of the instant it was for: what was given up is still due.
fn failure(occasion: Option<Occasion<'_>>, status: RunStatus, why: &str) -> RunEnd {
    let occasion = occasion.filter(|_| status == RunStatus::Failed);
    let standing = occasion.map(|occasion| Concluded { done_at: occasion.done_at(Timestamp::now()), remarks: None });
    RunEnd { status, depth: None, counts: Default::default(), error: Some(why.to_owned()), standing }
}

/// A run that has begun, and must be ended: by acting, or by saying why not.
pub struct Begun<'a> {
    /// The run.
    pub run: Run<'a>,
    work: &'a Work,
}

impl Work {
    /// Where it writes.
    pub fn target(&self) -> &Store {
        match self {
            Self::Apply(stores) => &stores.target,
            Self::Undo(_, target) => target,
        }
    }

    /// The command, as the history shows it.
    fn command(&self) -> String {
        match self {
            Self::Apply(_) => "apply".to_owned(),
            Self::Undo(past, _) => format!("undo {}", past.id.short()),
        }
    }

    async fn preview(&self, run: &Run<'_>) -> Result<Preview, RunError> {
        match self {
            Self::Apply(stores) => preview(run.job, stores, Some(run.ledger), run.observer).await,
            Self::Undo(past, target) => preview_undo(past, run.job, target, run.ledger, run.observer).await,
        }
    }
}

impl<'a> Cycle<'a> {
    /// Notes that the run begins; refused where the instant it is for needs no run any more.
    pub async fn begin(self) -> Result<Begun<'a>, LedgerError> {
        let Self { job, work, ledger, lease, config_digest, occasion, observer, stop } = self;
        let about = About { job: &job.name, source: &job.source, target: &job.target, config_digest };
        let start = about.start(work.command(), occasion);
        let id = ledger.begin_run(lease, start).await?;
        let run = Run { job, target: work.target(), ledger, lease, id, occasion, observer, stop };
        Ok(Begun { run, work })
    }
}

impl Begun<'_> {
    /// Settles what dead runs left, looks, and decides; `None` where it was interrupted, which harms nothing: planning only looks.
    pub async fn plan(&self) -> Result<Option<Preview>, RunError> {
        let (run, begun) = (&self.run, Instant::now());
        settle(run, &lens_on(run.job, run.target, run.ledger)).await?;
        tokio::select! {
            looked = self.work.preview(run) => looked.map(|preview| Some(Preview { took: begun.elapsed(), ..preview })),
            () = run.stop.cancelled() => Ok(None),
        }
    }

    /// Acts on exactly that plan.
    pub async fn act(&self, preview: Preview) -> RunReport {
        match self.work {
            Work::Apply(stores) => apply::apply(&self.run, &stores.source, preview).await,
            Work::Undo(..) => undo(&self.run, preview).await,
        }
    }

    /// Ends the run before it acted.
    pub async fn give_up(&self, status: RunStatus, why: &str) {
        let run = &self.run;
        let end = failure(run.occasion, status, why);
        // A ledger that cannot take this note shows the run as dead, which the next one finds.
        if let Err(error) = run.ledger.finish_run(&run.id, end).await {
            tracing::warn!(%error, "the end of the run was not recorded");
        }
    }
}
