//! One run, as `apply`, `undo` and `demo` carry it out: the lease, the plan, a person's consent, and the work.

use std::time::Duration;

use super::console::{Answer, Console};
use super::failure::Failure;
use super::interrupt::stop_on_interrupt;
use super::progress::Progress;
use super::session::Session;
use super::{patience, plan};
use crate::engine::{Begun, Cycle, Job, Occasion, Preview, RunReport, RunStatus, Work};
use crate::ledger::{self, Ledger};
use crate::provider::Role;

/// What a run does.
pub enum Task<'a> {
    /// The job; a target that another run holds is waited for as long as this.
    Apply(Duration),
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
    let patience = match task {
        Task::Apply(patience) => patience,
        Task::Undo(_) => Duration::ZERO,
    };
    let work = opened(session, job, task, &ledger).await?;
    let lease = patience::lease(&ledger, &work.target().info().identity, job, patience, console).await?;
    let stop = stop_on_interrupt(*console);
    // A part of a job says nothing of how the whole stands.
    let is_whole = matches!(work, Work::Apply(_)) && !job.filter.is_narrowed();
    let cycle = Cycle {
        job,
        work: &work,
        ledger: &ledger,
        lease: &lease,
        config_digest: &session.config.digest,
        occasion: is_whole.then_some(Occasion { instant: None, schedule: None }),
        observer: progress,
        stop: &stop,
    };
    let begun = cycle.begin().await.map_err(Failure::ledger)?;
    let preview = match begun.plan().await.map_err(Failure::run) {
        Ok(Some(mut preview)) => {
            preview.findings.extend(progress.take_findings());
            preview
        }
        Ok(None) => return untouched(&begun, INTERRUPTED).await,
        Err(failure) => return Err(failed(&begun, failure).await),
    };
    match agreed(&begun, &preview, consent, console).await {
        Ok(Answer::Yes) => {}
        Ok(Answer::No) => return untouched(&begun, DECLINED).await,
        Ok(Answer::Interrupted) => return untouched(&begun, INTERRUPTED).await,
        Err(failure) => return Err(failed(&begun, failure).await),
    }
    let mut report = begun.act(preview).await;
    report.findings.extend(progress.take_findings());
    Ok(Ended::Acted(Box::new(report)))
}

async fn opened(session: &Session, job: &Job, task: Task<'_>, ledger: &Ledger) -> Result<Work, Failure> {
    Ok(match task {
        Task::Apply(_) => Work::Apply(session.stores(job, Some(ledger)).await?),
        Task::Undo(past) => {
            let target = session.store(&job.target, Role::Target, Some(ledger)).await;
            Work::Undo(Box::new(past.clone()), target.map_err(Failure::store)?)
        }
    })
}

/// Shows the plan where somebody reads it, and asks where there is something to do.
async fn agreed(begun: &Begun<'_>, preview: &Preview, consent: Consent, console: &Console) -> Result<Answer, Failure> {
    let run = &begun.run;
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

async fn untouched(begun: &Begun<'_>, why: &'static str) -> Result<Ended, Failure> {
    begun.give_up(RunStatus::Interrupted, why).await;
    Ok(Ended::Untouched(why))
}

/// Records a run that failed before it acted, and hands the failure on.
async fn failed(begun: &Begun<'_>, failure: Failure) -> Failure {
    begun.give_up(RunStatus::Failed, &failure.message()).await;
    failure
}
