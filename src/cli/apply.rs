//! `apply`: plan, consent, act on exactly that plan.

use std::path::Path;
use std::sync::Arc;

use super::args;
use super::console::Console;
use super::failure::{FAILED, FOUND, Failure, INTERRUPTED};
use super::progress::Progress;
use super::run::{Consent, Ended, Task, carry_out};
use super::session::{Narrowing, Session};
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
    let job = session.job(args.part.job.as_deref(), &Narrowing::of(&args.part, &args.shown))?;
    let consent = if args.yes { Consent::Given } else { Consent::Asked };
    let ended = carry_out(&session, &progress, &job, Task::Apply, consent, console).await?;
    tell(&job, ended, console)
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
