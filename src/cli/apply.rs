//! `apply`: plan, consent, act on exactly that plan.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::console::Console;
use super::failure::{FAILED, FOUND, Failure, INTERRUPTED, worst};
use super::progress::Progress;
use super::run::{Consent, Ended, Task, carry_out};
use super::session::{Narrowing, Session};
use super::{args, metrics_file};
use crate::engine::{Job, RunReport, RunStatus, tell_run};
use crate::report::{json, text};

/// Carries out a job, with a person's consent or `--yes`.
pub async fn apply(config: Option<&Path>, args: args::Apply, console: &Console) -> Result<u8, Failure> {
    if !args.yes && !console.can_ask() {
        let hint = "give --yes to act without being asked, or use `secretferry plan` to look only";
        return Err(Failure::usage("there is no terminal to ask for consent on", hint));
    }
    let progress = Arc::new(Progress::new(console.bars));
    let session = Session::begin(config, Arc::clone(&progress) as _)?;
    let legs = session.legs(args.part.job.as_deref(), &Narrowing::of(&args.part, &args.shown))?;
    let consent = if args.yes { Consent::Given } else { Consent::Asked };
    let patience = args.retry_lock.unwrap_or_default();
    let code = apply_all(&session, &progress, &legs, (patience, consent), console).await;
    // A run that failed is what the alerts are for, so that is written as well.
    if let Some(path) = &args.metrics_file {
        metrics_file::write(&session, &legs, path).await?;
    }
    code
}

async fn apply_all(
    session: &Session,
    progress: &Progress,
    legs: &[Job],
    (patience, consent): (Duration, Consent),
    console: &Console,
) -> Result<u8, Failure> {
    if let [job] = legs {
        let ended = carry_out(session, progress, job, Task::Apply(patience), consent, console).await?;
        return tell(job, ended, console);
    }
    let (mut codes, mut reports) = (Vec::new(), Vec::new());
    for (index, job) in legs.iter().enumerate() {
        match carry_out(session, progress, job, Task::Apply(patience), consent, console).await {
            Ok(Ended::Acted(report)) => {
                tell_run(&report);
                console.say("")?;
                console.say_report(|paper| text::run(&report, paper))?;
                codes.push(exit_code(job, &report));
                reports.push(*report);
            }
            Ok(untouched) => codes.push(tell(job, untouched, console)?),
            // One target that fails keeps nothing from the others.
            Err(failure) => codes.push(console.failed(&failure)),
        }
        if codes.last() == Some(&INTERRUPTED) {
            let rest: Vec<_> = legs[index + 1..].iter().map(|job| job.target.as_str()).collect();
            if !rest.is_empty() {
                console.tell(&format!("Not begun: {}.", rest.join(", ")));
            }
            break;
        }
    }
    console.print_json(|| json::runs(&reports))?;
    Ok(worst(&codes))
}

/// Tells how a run ended, and with what the command does.
pub fn tell(job: &Job, ended: Ended, console: &Console) -> Result<u8, Failure> {
    match ended {
        Ended::Acted(report) => {
            tell_run(&report);
            console.say("")?;
            console.report(|| json::run(&report), |paper| text::run(&report, paper))?;
            Ok(exit_code(job, &report))
        }
        Ended::Untouched(why) => {
            console.tell(&format!("{why}; nothing was written."));
            Ok(INTERRUPTED)
        }
    }
}

/// The exit code of a run, the first that fits.
fn exit_code(job: &Job, report: &RunReport) -> u8 {
    match report.status {
        RunStatus::Failed | RunStatus::Died | RunStatus::Running => FAILED,
        RunStatus::Interrupted => INTERRUPTED,
        _ if report.outcomes.iter().all(|step| job.is_content_with(step)) => 0,
        _ => FOUND,
    }
}
