//! `plan`: what a job would do.

use std::path::Path;
use std::sync::Arc;

use super::args;
use super::console::Console;
use super::failure::{CHANGES, FOUND, Failure, worst};
use super::progress::Progress;
use super::session::{Narrowing, Session};
use crate::engine::{Job, Preview, preview};
use crate::ledger::Ledger;
use crate::model::Action;
use crate::report::{Colour, Paper, PlanReport, json, text};

/// Shows the plan; writes nothing anywhere, not even a ledger.
pub async fn plan(config: Option<&Path>, args: args::Plan, console: &Console) -> Result<u8, Failure> {
    let progress = Arc::new(Progress::new(console.bars));
    let session = Session::begin(config, Arc::clone(&progress) as _)?;
    let legs = session.legs(args.part.job.as_deref(), &Narrowing::of(&args.part, &args.shown))?;
    let ledger = session.ledger_if_any().await?;
    if let [job] = legs.as_slice() {
        let preview = planned(&session, job, ledger.as_ref(), &progress).await?;
        show(job, &preview, console)?;
        return Ok(exit_code(job, &preview, args.exit_code));
    }
    let (mut codes, mut previews) = (Vec::new(), Vec::new());
    for job in &legs {
        match planned(&session, job, ledger.as_ref(), &progress).await {
            Ok(preview) => {
                console.say_report(|paper| text::plan(&report(job, &preview), paper))?;
                codes.push(exit_code(job, &preview, args.exit_code));
                previews.push((job, preview));
            }
            // One target that cannot be planned for leaves the others' plans as they are.
            Err(failure) => codes.push(console.failed(&failure)),
        }
    }
    let reports: Vec<_> = previews.iter().map(|(job, preview)| report(job, preview)).collect();
    console.print_json(|| json::plans(&reports))?;
    Ok(worst(&codes))
}

async fn planned(
    session: &Session,
    job: &Job,
    ledger: Option<&Ledger>,
    progress: &Progress,
) -> Result<Preview, Failure> {
    let stores = session.stores(job, ledger).await?;
    let mut preview = preview(job, &stores, ledger, progress).await.map_err(Failure::run)?;
    preview.findings.extend(progress.take_findings());
    Ok(preview)
}

fn exit_code(job: &Job, preview: &Preview, tells_changes: bool) -> u8 {
    let changes = preview.plan.changes().next().is_some();
    match troubled(job, preview) {
        true => FOUND,
        false if tells_changes && changes => CHANGES,
        false => 0,
    }
}

/// Prints a plan.
pub fn show(job: &Job, preview: &Preview, console: &Console) -> Result<(), Failure> {
    let report = report(job, preview);
    console.report(|| json::plan(&report), |paper| text::plan(&report, paper))
}

/// A plan as a person reads it, whatever the report is for.
pub fn text_of(job: &Job, preview: &Preview, console: &Console) -> String {
    text::plan(&report(job, preview), Paper { colour: Colour::None, ..console.paper })
}

/// A plan with what a reader must know beside it.
pub fn report<'a>(job: &'a Job, preview: &'a Preview) -> PlanReport<'a> {
    PlanReport {
        job: &job.name,
        source: &job.source,
        target: &job.target,
        plan: &preview.plan,
        findings: &preview.findings,
        effort: &preview.effort,
    }
}

/// Tells whether a key is blocked or quarantined that the config does not accept.
fn troubled(job: &Job, preview: &Preview) -> bool {
    let refused = |action| matches!(action, Action::Block | Action::Quarantine);
    preview.plan.steps.iter().any(|step| refused(step.action) && !job.accepts(step.names()))
}
