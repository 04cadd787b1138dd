//! `apply`: plan, consent, act on exactly that plan.

use std::path::Path;
use std::sync::Arc;

use super::console::Console;
use super::failure::{FAILED, FOUND, Failure, INTERRUPTED};
use super::interrupt::stop_on_interrupt;
use super::progress::Progress;
use super::session::{Narrowing, Session};
use super::{args, plan};
use crate::engine::{self, Job, Preview, Run, RunReport, RunStatus, Stores, lens, preview, settle};
use crate::ledger::{Holder, Lease, Ledger, RunEnd, RunId, RunStart};
use crate::report::{json, text};

/// Carries out a job, with a person's consent or `--yes`.
pub async fn apply(config: Option<&Path>, args: args::Apply, console: &Console) -> Result<u8, Failure> {
    if !args.yes && !console.can_ask() {
        let hint = "give --yes to act without being asked, or use `secretferry plan` to look only";
        return Err(Failure::usage("there is no terminal to ask for consent on", hint));
    }
    let progress = Arc::new(Progress::new(console.bars));
    let session = Session::begin(config, Arc::clone(&progress) as _)?;
    let job = session.job(args.part.job.as_deref(), &Narrowing::of(&args.part, &args.shown))?;
    let consent = if args.yes { Consent::Given } else { Consent::Asked };
    let report = carry_out(&session, &progress, &job, consent, console).await?;
    let Some(report) = report else { return Ok(0) };
    console.report(|| json::run(&report), |paper| text::run(&report, paper));
    Ok(exit_code(&job, &report))
}

/// Whether a person is asked before anything is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consent {
    /// It was given on the command line.
    Given,
    /// A person is asked.
    Asked,
}

/// Takes the lease, settles what dead runs left, plans, asks, acts; `None` where a person declined.
pub async fn carry_out(
    session: &Session,
    progress: &Progress,
    job: &Job,
    consent: Consent,
    console: &Console,
) -> Result<Option<RunReport>, Failure> {
    let ledger = session.ledger().await?;
    let stores = session.stores(job, Some(&ledger)).await?;
    let holder = Holder::here(&job.name);
    let lease = ledger.lease(&stores.target.info().identity, &holder).await.map_err(Failure::ledger)?;
    let stop = stop_on_interrupt(*console);
    let id = begin(session, &ledger, &lease, job, &holder).await?;
    let run = Run { job, stores: &stores, ledger: &ledger, lease: &lease, id: &id, observer: progress, stop: &stop };
    let planned = async {
        settle(&run, &lens(job, &stores, Some(&ledger))).await?;
        preview(job, &stores, Some(&ledger), progress).await
    };
    let mut preview = match planned.await {
        Ok(preview) => preview,
        Err(error) => return Err(ended(&run, Failure::run(error)).await),
    };
    preview.findings.extend(progress.take_findings());
    if !agreed(job, &stores, &preview, consent, console).await {
        end(&run, RunStatus::Interrupted, Some("a person declined the plan")).await;
        console.tell("Nothing was done.");
        return Ok(None);
    }
    let mut report = engine::apply(&run, preview).await.map_err(Failure::run)?;
    report.findings.extend(progress.take_findings());
    Ok(Some(report))
}

async fn begin(
    session: &Session,
    ledger: &Ledger,
    lease: &Lease,
    job: &Job,
    holder: &Holder,
) -> Result<RunId, Failure> {
    let start = RunStart {
        job: job.name.clone(),
        command: "apply".to_owned(),
        source: job.source.clone(),
        target: job.target.clone(),
        host: holder.host.clone(),
        config_digest: session.config.digest.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    };
    ledger.begin_run(lease, start).await.map_err(Failure::ledger)
}

/// Shows the plan where somebody reads it, and asks where there is something to do.
async fn agreed(job: &Job, stores: &Stores, preview: &Preview, consent: Consent, console: &Console) -> bool {
    if !console.json {
        plan::show(job, preview, console);
    }
    let changes = preview.plan.changes().count();
    if consent == Consent::Given || changes == 0 {
        return true;
    }
    let location = &stores.target.info().location;
    console.consents(&format!("Make these {changes} changes to {} ({location})?", job.target)).await
}

/// Records a run that failed before it acted, and hands the failure on.
async fn ended(run: &Run<'_>, failure: Failure) -> Failure {
    end(run, RunStatus::Failed, Some(&failure.message)).await;
    failure
}

async fn end(run: &Run<'_>, status: RunStatus, error: Option<&str>) {
    let end = RunEnd { status, depth: None, counts: Default::default(), error: error.map(str::to_owned) };
    // A ledger that cannot take this note shows the run as dead, which the next one finds.
    if let Err(error) = run.ledger.finish_run(run.id, end).await {
        tracing::warn!(%error, "the end of the run was not recorded");
    }
}

/// The exit code of a run, the first that fits.
pub fn exit_code(job: &Job, report: &RunReport) -> u8 {
    match report.status {
        RunStatus::Failed | RunStatus::Died | RunStatus::Running => FAILED,
        RunStatus::Interrupted => INTERRUPTED,
        _ if report.outcomes.iter().all(|step| job.is_content_with(step)) => 0,
        _ => FOUND,
    }
}
