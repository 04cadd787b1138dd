//! Runs of the past, and the steps of one of them.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::ledger::{Run, StepRecord};
use crate::model::Outcome;
use crate::report::page::{Page, Paper, Tone};

/// Renders runs, one line each, in the order given.
pub fn history(runs: &[Run], paper: Paper) -> String {
    let mut page = Page::new(paper);
    if runs.is_empty() {
        page.line(0, Tone::Plain, "There has been no run yet.");
    }
    let widest = |text: fn(&Run) -> &str| runs.iter().map(|run| text(run).chars().count()).max().unwrap_or_default();
    let (command, status) = (widest(|run| &run.command), widest(|run| run.status.as_str()));
    for run in runs {
        let status = format!("{:status$}", run.status.as_str());
        let head = format!("{}  {}  {:command$}  {status}", run.id.short(), moment(run.started_at), run.command);
        let column = head.chars().count() + 2;
        page.row(0, Tone::Plain, &head, column, &format!("{}: {}", run.job, counted(&run.counts)));
        if let Some(error) = &run.error {
            page.line(10, Tone::Bad, error);
        }
    }
    page.finish()
}

/// Renders one run and its steps.
pub fn run_detail(run: &Run, steps: &[StepRecord], paper: Paper) -> String {
    let mut page = Page::new(paper);
    page.line(0, Tone::Strong, &format!("Run {}: {}", run.id, run.status.as_str()));
    let ended = run.ended_at.map_or_else(|| "not yet".to_owned(), moment);
    let facts = [
        ("job", run.job.clone()),
        ("command", format!("{} (secretferry {} on {})", run.command, run.version, run.host)),
        ("from", run.source.clone()),
        ("to", format!("{} ({})", run.target, run.target_identity)),
        ("began", moment(run.started_at)),
        ("ended", ended),
        ("looked at", run.depth.clone().unwrap_or_else(|| "nothing".to_owned())),
        ("keys", counted(&run.counts)),
        ("config", run.config_digest.clone()),
        ("ended by", run.error.clone().unwrap_or_default()),
    ];
    for (label, text) in facts.iter().filter(|(_, text)| !text.is_empty()) {
        page.row(2, Tone::Faint, label, 13, text);
    }
    if !steps.is_empty() {
        page.heading(&format!("Steps ({})", steps.len()));
    }
    for step in steps {
        add_step(&mut page, step);
    }
    page.finish()
}

fn add_step(page: &mut Page, step: &StepRecord) {
    let intent = &step.intent;
    let ended = step.outcome.map_or(step.state.as_str(), Outcome::as_str);
    let good = step.outcome.is_some_and(Outcome::is_good);
    page.row(2, if good { Tone::Good } else { Tone::Bad }, ended, 15, &intent.name.to_string());
    page.line(15, Tone::Faint, &format!("{} ({}) at {}", intent.action, intent.reason, moment(step.intended_at)));
    if let Some(reason) = step.failure {
        page.line(15, Tone::Bad, &format!("{reason}: {}", step.error.as_deref().unwrap_or(reason.explained())));
    }
}

fn counted(counts: &BTreeMap<Outcome, u64>) -> String {
    if counts.is_empty() {
        return "no keys counted".to_owned();
    }
    counts.iter().map(|(outcome, count)| format!("{count} {outcome}")).collect::<Vec<_>>().join(", ")
}

/// A moment to the second, in UTC.
pub(super) fn moment(when: Timestamp) -> String {
    when.strftime("%Y-%m-%d %H:%M:%SZ").to_string()
}

/// The end of a run's id, as `history` shows it and takes it.
pub(super) fn short(run: &str) -> &str {
    run.get(run.len().saturating_sub(8)..).unwrap_or(run)
}
