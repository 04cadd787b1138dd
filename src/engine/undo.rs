//! Undo of an earlier run: looks at its keys, decides, and takes back key by key what it did.

use std::time::{Duration, Instant};

use futures::stream;

use super::error::RunError;
use super::job::Job;
use super::look_back::LookBack;
use super::outcome::RunReport;
use super::preview::{Preview, lens_on};
use super::read::Progress;
use super::run::{Acted, Run, Trouble};
use super::write::Writer;
use crate::ledger::{self, Ledger, StepRecord, StepState};
use crate::model::{Deletes, Observer, Outcome, Stage};
use crate::planner::{Certainty, Past, Today, effort, undo as decide};
use crate::provider::Store;

/// Looks at the keys that the run `past` changed and decides how to put them back; changes nothing anywhere.
///
/// Values are read only of keys that are not as the run left them; the source is not asked at all.
pub async fn preview_undo(
    past: &ledger::Run,
    job: &Job,
    target: &Store,
    ledger: &Ledger,
    observer: &dyn Observer,
) -> Result<Preview, RunError> {
    let in_ledger = RunError::ledger(&job.name);
    let changes: Vec<Past> = ledger.steps(&past.id).await.map_err(&in_ledger)?.into_iter().filter_map(change).collect();
    let baseline = ledger.baseline(&past.target_identity).await.map_err(&in_ledger)?;
    let history = target.capabilities().history;
    let may_delete = target.capabilities().deletes != Deletes::Total || job.policy.allow_final_deletes;
    let mut look = LookBack::new(job, target, observer, lens_on(job, target, ledger));
    if history {
        look.look(&changes).await?;
    }
    let LookBack { lens, side, kept, .. } = look;
    let today = Today { target: &side, baseline: &baseline, job: &job.name, kept: &kept, history, may_delete };
    let plan = decide(past.id.as_str(), &changes, today);
    let effort = effort(&plan, target.capabilities(), target.capabilities());
    Ok(Preview { plan, lens, findings: Vec::new(), effort, took: Duration::ZERO })
}

/// Acts on exactly the plan of an undo; every key of it ends in one outcome of the report.
pub async fn undo(run: &Run<'_>, preview: Preview) -> RunReport {
    let begun = Instant::now();
    let trouble = Trouble::default();
    let Preview { plan, lens, findings, took: planned, .. } = preview;
    let writer = &Writer::new(run, &lens, &trouble);
    let progress = Progress::begin(run.observer, Stage::Apply, &run.job.target, Some(plan.changes().count()));
    let taken_back = writer.each(stream::iter(plan.changes()), progress, |step| writer.take_back(step)).await;
    progress.end();
    let mut outcomes = writer.all_left_alone(&plan);
    outcomes.extend(taken_back);
    run.ended(Acted { planned, begun, outcomes, trouble }, &plan, findings).await
}

/// What the ledger says of a step, if the target was changed or may have been.
fn change(step: StepRecord) -> Option<Past> {
    let certainty = match (step.state, step.outcome) {
        (StepState::Intended | StepState::Unknown, _) => Certainty::Open,
        (StepState::Done | StepState::Settled, Some(outcome)) if Outcome::is_good(outcome) => Certainty::Done,
        _ => return None,
    };
    let intent = step.intent;
    Some(Past {
        name: intent.name,
        key: intent.key,
        action: intent.action,
        reason: intent.reason,
        certainty,
        fingerprint_before: intent.fingerprint_before,
        revision_before: intent.revision_before,
        fingerprint_after: step.fingerprint_after.or(intent.source_fingerprint),
        revision_after: step.revision_after,
        from: intent.from,
    })
}
