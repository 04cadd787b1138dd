//! The end of a run: every key counted in exactly one outcome, and what did not go well by name.

use std::time::Duration;

use super::findings::add_findings;
use super::reasons::{Told, by_reason};
use crate::engine::{RunReport, RunStatus, StepOutcome};
use crate::model::Outcome;
use crate::report::page::{Page, Paper, Tone};

/// Renders what became of a run.
pub fn run(report: &RunReport, paper: Paper) -> String {
    let mut page = Page::new(paper);
    page.line(0, tone(report.status), &headline(report));
    if let Some(error) = &report.error {
        page.line(2, Tone::Bad, &format!("Ended early: {error}"));
    }
    page.line(2, Tone::Plain, &counts(report));
    for outcome in Outcome::ALL.iter().filter(|outcome| !outcome.is_good()) {
        let told: Vec<_> = report.outcomes.iter().filter(|step| step.outcome == *outcome).map(told).collect();
        by_reason(&mut page, &heading(*outcome), Tone::Bad, &told);
    }
    notes(&mut page, report);
    add_findings(&mut page, &report.findings);
    page.gap();
    if let Some(head) = &report.audit_head {
        page.line(0, Tone::Faint, &format!("Audit head: {head}"));
    }
    page.line(0, Tone::Plain, &next_step(report));
    page.finish()
}

fn headline(report: &RunReport) -> String {
    let RunReport { job, source, target, .. } = report;
    let run = report.run.as_ref().map(|run| format!(" {run}")).unwrap_or_default();
    format!("Run{run} of {job}, from {source} to {target}: {}, in {}", report.status.as_str(), seconds(report.took))
}

const fn tone(status: RunStatus) -> Tone {
    match status {
        RunStatus::Succeeded => Tone::Good,
        RunStatus::Running | RunStatus::Incomplete | RunStatus::Interrupted => Tone::Change,
        RunStatus::Failed | RunStatus::Died => Tone::Bad,
    }
}

fn counts(report: &RunReport) -> String {
    let counted: Vec<_> = report.counts().iter().map(|(outcome, count)| format!("{count} {outcome}")).collect();
    let keys = report.outcomes.len();
    match keys {
        0 => "No key was in scope.".to_owned(),
        _ => format!("{keys} {}: {}.", if keys == 1 { "key" } else { "keys" }, counted.join(", ")),
    }
}

fn told(step: &StepOutcome) -> Told<'_> {
    Told { name: &step.name, reason: step.reason, detail: step.detail.as_deref() }
}

// Notes on keys that were left as they are were told when they were written.
fn notes(page: &mut Page, report: &RunReport) {
    let written = report.outcomes.iter().filter(|step| step.action.changes() && step.outcome.is_good());
    let noted: Vec<_> = written.filter(|step| !step.notes.is_empty()).collect();
    if noted.is_empty() {
        return;
    }
    page.heading(&format!("Written, with notes ({})", noted.len()));
    for step in noted {
        page.line(2, Tone::Plain, &step.name.to_string());
        for note in &step.notes {
            page.line(4, Tone::Change, note);
        }
    }
}

fn next_step(report: &RunReport) -> String {
    let has = |outcomes: &[Outcome]| report.outcomes.iter().any(|step| outcomes.contains(&step.outcome));
    let job = &report.job;
    if has(&[Outcome::Failed, Outcome::Unknown, Outcome::NotStarted, Outcome::Conflict]) || report.error.is_some() {
        return format!(
            "Next: mend what is named above, then run `secretferry apply {job}` again; what is done is not done twice."
        );
    }
    if has(&[Outcome::Blocked, Outcome::Quarantined]) {
        return format!(
            "Next: settle the keys above, or list those that are known and fine under `accept` of the job; then \
             `secretferry verify {job}`."
        );
    }
    format!("Next: `secretferry verify {job}` proves that Airflow reads the same from both sides.")
}

fn seconds(took: Duration) -> String {
    match took.as_secs() {
        0..60 => format!("{:.1} s", took.as_secs_f64()),
        seconds => format!("{} min {} s", seconds / 60, seconds % 60),
    }
}

fn heading(outcome: Outcome) -> String {
    let words = outcome.as_str().replace('-', " ");
    let (first, rest) = words.split_at(1);
    first.to_ascii_uppercase() + rest
}
