//! One run, as `apply`, `undo` and `demo` carry it out: lease, settle, plan, consent, act; and its end in the ledger, however
//! it ends.

use super::console::{Answer, Console};
use super::failure::Failure;
use super::interrupt::stop_on_interrupt;
use super::plan;
use super::progress::Progress;
use super::session::Session;
use crate::engine::{self, Job, Preview, Run, RunReport, RunStatus, Stores, lens_on, preview, preview_undo, settle};
use crate::ledger::{self, Holder, Lease, Ledger, RunEnd, RunId, RunStart};
use crate::provider::{Role, Store};

/// What a run does.
pub enum Task<'a> {
    /// The job.
    Apply,
    /// It takes an earlier run of the job back.
    Undo(&'a ledger::Run),
}

/// Whether a person is asked before anything is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consent {
    /// It was given on the command line.
    Given,
    /// A person is asked.
    Asked,
}

/// How it went.
#[derive(Debug)]
pub enum Ended {
    /// The plan was acted on.
    Acted(Box<RunReport>),
    /// It was not, for the reason given.
    Untouched(&'static str),
}

const DECLINED: &str = "The plan was declined";
const INTERRUPTED: &str = "The run was interrupted before it began to write";

/// Takes the lease, settles what dead runs left, plans, asks, acts.
pub async fn carry_out(
    session: &Session,
    progress: &Progress,
    job: &Job,
    task: Task<'_>,
    consent: Consent,
    console: &Console,
) -> Result<Ended, Failure> {
    let ledger = session.ledger().await?;
    let work = Work::of(session, job, task, &ledger).await?;
    let holder = Holder::here(&job.name);
    let lease = ledger.lease(&work.target().info().identity, &holder).await.map_err(Failure::ledger)?;
    let stop = stop_on_interrupt(*console);
    let id = begin(session, &ledger, &lease, job, work.command(), &holder).await?;
    let target = work.target();
    let run = Run { job, target, ledger: &ledger, lease: &lease, id: &id, observer: progress, stop: &stop };
    let untouched = async |why| {
        end(&run, RunStatus::Interrupted, why).await;
        Ok(Ended::Untouched(why))
    };
    let preview = match planned(&run, &work, progress).await {
        Ok(Some(preview)) => preview,
        Ok(None) => return untouched(INTERRUPTED).await,
        Err(failure) => return Err(ended(&run, failure).await),
    };
    match agreed(&run, &preview, consent, console).await {
        Ok(Answer::Yes) => {}
        Ok(Answer::No) => return untouched(DECLINED).await,
        Ok(Answer::Interrupted) => return untouched(INTERRUPTED).await,
        Err(failure) => return Err(ended(&run, failure).await),
    }
    let mut report = work.act(&run, preview).await;
    report.findings.extend(progress.take_findings());
    Ok(Ended::Acted(Box::new(report)))
}

/// A task with the stores it needs, opened.
enum Work<'a> {
    Apply(Stores),
    Undo(&'a ledger::Run, Store),
}

impl<'a> Work<'a> {
    async fn of(session: &Session, job: &Job, task: Task<'a>, ledger: &Ledger) -> Result<Self, Failure> {
        Ok(match task {
            Task::Apply => Self::Apply(session.stores(job, Some(ledger)).await?),
            Task::Undo(past) => {
                let target = session.store(&job.target, Role::Target, Some(ledger)).await;
                Self::Undo(past, target.map_err(Failure::store)?)
            }
        })
    }

    fn target(&self) -> &Store {
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

    async fn preview(&self, run: &Run<'_>) -> Result<Preview, engine::RunError> {
        match self {
            Self::Apply(stores) => preview(run.job, stores, Some(run.ledger), run.observer).await,
            Self::Undo(past, target) => preview_undo(past, run.job, target, run.ledger, run.observer).await,
        }
    }

    async fn act(&self, run: &Run<'_>, preview: Preview) -> RunReport {
        match self {
            Self::Apply(stores) => engine::apply(run, &stores.source, preview).await,
            Self::Undo(..) => engine::undo(run, preview).await,
        }
    }
}

async fn begin(
    session: &Session,
    ledger: &Ledger,
    lease: &Lease,
    job: &Job,
    command: String,
    holder: &Holder,
) -> Result<RunId, Failure> {
    let start = RunStart {
        job: job.name.clone(),
        command,
        source: job.source.clone(),
        target: job.target.clone(),
        host: holder.host.clone(),
        config_digest: session.config.digest.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        instant: None,
    };
    ledger.begin_run(lease, start).await.map_err(Failure::ledger)
}

/// The plan; `None` where it was interrupted, which harms nothing, as planning only looks.
async fn planned(run: &Run<'_>, work: &Work<'_>, progress: &Progress) -> Result<Option<Preview>, Failure> {
    settle(run, &lens_on(run.job, run.target, run.ledger)).await.map_err(Failure::run)?;
    let looked = tokio::select! {
        looked = work.preview(run) => looked,
        () = run.stop.cancelled() => return Ok(None),
    };
    let mut preview = looked.map_err(Failure::run)?;
    preview.findings.extend(progress.take_findings());
    Ok(Some(preview))
}

/// Shows the plan where somebody reads it, and asks where there is something to do.
async fn agreed(run: &Run<'_>, preview: &Preview, consent: Consent, console: &Console) -> Result<Answer, Failure> {
    let changes = preview.plan.changes().count();
    let asks = consent == Consent::Asked && changes > 0;
    match (console.json, asks) {
        (false, _) => plan::show(run.job, preview, console)?,
        // Nobody agrees to what was not shown, and standard output belongs to the report.
        (true, true) => console.tell(&plan::text_of(run.job, preview, console)),
        (true, false) => {}
    }
    if !asks {
        return Ok(Answer::Yes);
    }
    let (target, location) = (&run.job.target, &run.target.info().location);
    let these = if changes == 1 { "this change".to_owned() } else { format!("these {changes} changes") };
    Ok(console.ask(&format!("\nMake {these} to {target} ({location})?"), run.stop).await)
}

/// Records a run that failed before it acted, and hands the failure on.
async fn ended(run: &Run<'_>, failure: Failure) -> Failure {
    end(run, RunStatus::Failed, &failure.message()).await;
    failure
}

async fn end(run: &Run<'_>, status: RunStatus, why: &str) {
    let end = RunEnd { status, depth: None, counts: Default::default(), error: Some(why.to_owned()), standing: None };
    // A ledger that cannot take this note shows the run as dead, which the next one finds.
    if let Err(error) = run.ledger.finish_run(run.id, end).await {
        tracing::warn!(%error, "the end of the run was not recorded");
    }
}
