//! `undo`: what an earlier run did, taken back key by key, after the plan of that was shown.

use std::path::Path;
use std::sync::Arc;

use super::apply::tell;
use super::args;
use super::console::Console;
use super::failure::Failure;
use super::history::{existing, find};
use super::plan;
use super::progress::Progress;
use super::run::{Consent, Task, carry_out};
use super::session::Session;
use crate::engine::{Job, preview_undo};
use crate::ledger::{Ledger, Run};
use crate::provider::Role;

/// Takes a run back, with a person's consent or `--yes`; without either it only shows what it would do.
pub async fn undo(config: Option<&Path>, args: args::Undo, console: &Console) -> Result<u8, Failure> {
    let progress = Arc::new(Progress::new(console.bars));
    let session = Session::begin(config, Arc::clone(&progress) as _)?;
    let ledger = existing(&session).await?;
    let past = find(&ledger, &args.run).await?;
    let job = session.job_of(&past)?;
    if !args.yes && !console.can_ask() {
        if show(&session, &progress, &job, &past, &ledger, console).await? == 0 {
            return Ok(0);
        }
        let hint = "give --yes to do what the plan above says";
        return Err(Failure::usage("there is no terminal to ask for consent on, so nothing was done", hint));
    }
    drop(ledger);
    let consent = if args.yes { Consent::Given } else { Consent::Asked };
    tell(&job, carry_out(&session, &progress, &job, Task::Undo(&past), consent, console).await?, console)
}

/// Shows the plan as it is now, and counts its changes; takes no lease and writes nothing, the ledger included.
async fn show(
    session: &Session,
    progress: &Progress,
    job: &Job,
    past: &Run,
    ledger: &Ledger,
    console: &Console,
) -> Result<usize, Failure> {
    let target = session.store(&job.target, Role::Target, Some(ledger)).await.map_err(Failure::store)?;
    let mut preview = preview_undo(past, job, &target, ledger, progress).await.map_err(Failure::run)?;
    preview.findings.extend(progress.take_findings());
    plan::show(job, &preview, console)?;
    Ok(preview.plan.changes().count())
}
