//! A run in the log: one line with every count, and beneath it, for who wants them, one for each key. Never a value.

use super::outcome::{RunReport, StepOutcome};
use crate::model::Outcome;

/// Logs a run that came to its end; whatever carried it out calls this once.
pub fn tell_run(report: &RunReport) {
    let counts = report.counts();
    let count = |outcome| counts.get(&outcome).copied().unwrap_or_default();
    tracing::info!(
        run = report.run,
        undoes = report.undoes,
        job = report.job,
        source = report.source,
        target = report.target,
        status = report.status.as_str(),
        seconds = report.took.as_secs_f64(),
        keys = report.outcomes.len(),
        created = count(Outcome::Created),
        updated = count(Outcome::Updated),
        restored = count(Outcome::Restored),
        deleted = count(Outcome::Deleted),
        adopted = count(Outcome::Adopted),
        released = count(Outcome::Released),
        kept = count(Outcome::Kept),
        blocked = count(Outcome::Blocked),
        quarantined = count(Outcome::Quarantined),
        conflict = count(Outcome::Conflict),
        failed = count(Outcome::Failed),
        unknown = count(Outcome::Unknown),
        not_started = count(Outcome::NotStarted),
        error = report.error,
        audit_head = report.audit_head,
        "a run ended"
    );
    if tracing::enabled!(tracing::Level::DEBUG) {
        report.outcomes.iter().for_each(|step| tell_key(report, step));
    }
}

fn tell_key(report: &RunReport, step: &StepOutcome) {
    tracing::debug!(
        run = report.run,
        job = report.job,
        key = %step.name,
        action = step.action.as_str(),
        outcome = step.outcome.as_str(),
        reason = step.reason.as_str(),
        detail = step.detail,
        "a key ended"
    );
}
