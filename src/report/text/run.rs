//! The end of a run: every key counted in exactly one outcome, and what did not go well by name.

use std::time::Duration;

use super::findings::add_findings;
use super::history::short;
use super::reasons::{Told, by_reason, names_by_reason};
use crate::engine::{RunReport, RunStatus, StepOutcome};
use crate::model::{Action, Outcome, Reason};
use crate::report::page::{Page, Paper, Tone};

/// Renders what became of a run.
pub fn run(report: &RunReport, paper: Paper) -> String {
    let mut page = Page::new(paper);
    page.line(0, tone(report.status), &headline(report));
    if let Some(error) = &report.error {
        page.line(2, Tone::Bad, &format!("Ended early: {error}"));
    }
    page.line(2, Tone::Plain, &counts(report));
    if let Some(noted) = noted(report) {
        page.line(2, Tone::Plain, &noted);
    }
    for outcome in Outcome::ALL.iter().filter(|outcome| !outcome.is_good()) {
        let ended = report.outcomes.iter().filter(|step| step.outcome == *outcome);
        // What the plan refused, it told in full; it is named again lest a long run hide it.
        let (planned, met): (Vec<_>, Vec<_>) = ended.partition(|step| is_refusal(step.action));
        names_by_reason(&mut page, &format!("{}, as planned", heading(*outcome)), Tone::Bad, &all_told(&planned));
        by_reason(&mut page, &heading(*outcome), Tone::Bad, &all_told(&met));
    }
    let orphans = report.outcomes.iter().filter(|step| step.reason == Reason::Renamed).collect::<Vec<_>>();
    by_reason(&mut page, "Left alone under an old name", Tone::Change, &all_told(&orphans));
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
    let run = report.run.as_ref().map(|run| format!(" {}", short(run))).unwrap_or_default();
    let what = match &report.undoes {
        None => format!("of {job}, from {source} to {target}"),
        Some(undone) => format!("took run {} of {job} back in {target}", short(undone)),
    };
    format!("Run{run} {what}: {} in {}", report.status.as_str(), seconds(report.took))
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
    match report.outcomes.len() {
        0 => "No key was in scope.".to_owned(),
        1 => format!("1 key: {}.", counted.join(", ")),
        keys => format!("{keys} keys: {}.", counted.join(", ")),
    }
}

/// How many keys were written although something about them is worth a look; what that is, the plan told.
fn noted(report: &RunReport) -> Option<String> {
    let written = report.outcomes.iter().filter(|step| step.action.changes() && step.outcome.is_good());
    match written.filter(|step| !step.notes.is_empty()).count() {
        0 => None,
        1 => Some("1 was written with notes; the plan shows them.".to_owned()),
        keys => Some(format!("{keys} were written with notes; the plan shows them.")),
    }
}

const fn is_refusal(action: Action) -> bool {
    matches!(action, Action::Block | Action::Quarantine)
}

fn all_told<'a>(steps: &[&'a StepOutcome]) -> Vec<Told<'a>> {
    let told =
        |step: &&'a StepOutcome| Told { names: step.names(), reason: step.reason, detail: step.detail.as_deref() };
    steps.iter().map(told).collect()
}

fn next_step(report: &RunReport) -> String {
    let has = |outcomes: &[Outcome]| report.outcomes.iter().any(|step| outcomes.contains(&step.outcome));
    let job = &report.job;
    if let Some(undone) = &report.undoes {
        return after_undo(report, undone);
    }
    if has(&[Outcome::Failed, Outcome::Unknown, Outcome::NotStarted, Outcome::Conflict]) || report.error.is_some() {
        return format!(
            "Next: mend what is named above, then run `secretferry apply {job}` again; what is done is not done twice."
        );
    }
    // A run that succeeded all the same had each of them accepted.
    if has(&[Outcome::Blocked, Outcome::Quarantined]) && report.status != RunStatus::Succeeded {
        return format!(
            "Next: settle the keys above, or list those that are known and fine under `accept` of the job; then \
             `secretferry verify {job}`."
        );
    }
    format!("Next: `secretferry verify {job}` proves that Airflow reads the same from both sides.")
}

fn after_undo(report: &RunReport, undone: &str) -> String {
    let is_whole = report.error.is_none() && report.outcomes.iter().all(|step| step.outcome.is_good());
    if !is_whole {
        let undone = short(undone);
        return format!(
            "Next: see to the keys above, then run `secretferry undo {undone}` again; what is taken back is not taken back twice."
        );
    }
    let job = &report.job;
    let this = report.run.as_deref().map_or("latest", short);
    format!(
        "Next: `secretferry plan {job}` shows what the job would do now; `secretferry undo {this}` takes this undo back."
    )
}

fn seconds(took: Duration) -> String {
    match took.as_secs() {
        0..60 => format!("{:.1}s", took.as_secs_f64()),
        seconds => format!("{}m{}s", seconds / 60, seconds % 60),
    }
}

fn heading(outcome: Outcome) -> String {
    let words = outcome.as_str().replace('-', " ");
    let (first, rest) = words.split_at(1);
    first.to_ascii_uppercase() + rest
}
