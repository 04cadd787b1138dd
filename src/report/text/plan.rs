//! The plan: what a run would do, key by key.

use std::time::Duration;

use super::diff::fields;
use super::findings::add_findings;
use super::history::short;
use super::reasons::{Told, by_reason};
use crate::model::{Action, Reason};
use crate::planner::{Calls, Depth, Effort, Plan, Step};
use crate::report::PlanReport;
use crate::report::page::{Page, Paper, Tone, column};

/// Renders a plan: changes first, then what is refused, then what is only counted.
pub fn plan(report: &PlanReport<'_>, paper: Paper) -> String {
    let PlanReport { job, source, target, plan, findings, effort } = report;
    let mut page = Page::new(paper);
    page.line(
        0,
        Tone::Strong,
        &match &plan.undoes {
            None => format!("Plan of {job}: from {source} to {target}"),
            Some(run) => format!("Undo of run {} of {job}: {target} goes back to its own versions", short(run)),
        },
    );
    changes(&mut page, plan);
    let told = |action| -> Vec<Told<'_>> { plan.steps.iter().filter(|step| step.action == action).map(told).collect() };
    by_reason(&mut page, "Blocked: not written", Tone::Bad, &told(Action::Block));
    by_reason(&mut page, "Quarantined: unreadable in the source", Tone::Bad, &told(Action::Quarantine));
    let orphans: Vec<_> = told(Action::Keep).into_iter().filter(|key| key.reason == Reason::Renamed).collect();
    by_reason(&mut page, "Left alone under an old name", Tone::Change, &orphans);
    add_findings(&mut page, findings);
    page.gap();
    page.line(0, Tone::Faint, if plan.undoes.is_some() { LOOKED_BACK } else { looked(plan.depth) });
    if plan.two_way {
        page.line(0, Tone::Faint, TWO_WAY);
    }
    page.line(0, Tone::Strong, &summary(plan));
    if let Some(line) = takes(source, target, effort) {
        page.line(0, Tone::Faint, &line);
    }
    page.finish()
}

const TWO_WAY: &str = "There is no ledger yet: two sides were compared, not three, and the fingerprints hold for this \
                       report alone.";

const LOOKED_BACK: &str =
    "Looked at versions; values were read where another version is there than the run left. The source was not asked.";

const fn looked(depth: Depth) -> &'static str {
    match depth {
        Depth::Listing => "Looked at listings; values were read where something is new or changed.",
        Depth::Metadata => "Looked at versions; values were read where something is new or changed.",
        Depth::Values => "Looked at every value of both sides.",
    }
}

fn changes(page: &mut Page, plan: &Plan) {
    if plan.changes().next().is_none() {
        return;
    }
    page.gap();
    let labels: Vec<String> = plan.changes().map(label).collect();
    let column = column(page.width(), 2, labels.iter().map(String::as_str));
    for (step, label) in plan.changes().zip(&labels) {
        page.row(2, sign(step.action).1, label, column, &format!("{} ({})", step.action, step.reason));
        if let Some(detail) = &step.detail {
            page.line(6, Tone::Plain, detail);
        }
        fields(page, 6, &step.before, &step.after);
        for note in &step.notes {
            page.line(6, Tone::Change, &format!("note: {note}"));
        }
    }
}

fn label(step: &Step) -> String {
    format!("{} {}", sign(step.action).0, step.names())
}

const fn sign(action: Action) -> (char, Tone) {
    match action {
        Action::Create => ('+', Tone::Good),
        Action::Update | Action::Restore => ('~', Tone::Change),
        Action::Delete => ('-', Tone::Bad),
        Action::Adopt | Action::Release => ('=', Tone::Good),
        Action::Keep => (' ', Tone::Faint),
        Action::Block | Action::Quarantine => ('!', Tone::Bad),
    }
}

fn told(step: &Step) -> Told<'_> {
    Told { names: step.names(), reason: step.reason, detail: step.detail.as_deref() }
}

/// One line that counts every key once.
fn summary(plan: &Plan) -> String {
    let planned = [
        (Action::Create, "to create"),
        (Action::Update, "to update"),
        (Action::Restore, "to restore"),
        (Action::Delete, "to delete"),
        (Action::Adopt, "to adopt"),
        (Action::Release, "to release"),
        (Action::Block, "blocked"),
        (Action::Quarantine, "quarantined"),
    ];
    let planned = planned.map(|(action, words)| (plan.count(action), words));
    let same = plan.steps.iter().filter(|step| step.action == Action::Keep && is_same(step.reason)).count();
    let kept = [(same, "unchanged"), (plan.count(Action::Keep) - same, "left alone")];
    let counted = planned.into_iter().chain(kept).filter(|(count, _)| *count > 0);
    let counted: Vec<_> = counted.map(|(count, words)| format!("{count} {words}")).collect();
    match (counted.is_empty(), plan.changes().next().is_some()) {
        (true, _) if plan.undoes.is_some() => "Nothing to do: the run changed nothing.".to_owned(),
        (true, _) => "Nothing to do: no key is in scope.".to_owned(),
        (false, true) => format!("{}.", counted.join(", ")),
        (false, false) => format!("Nothing to do: {}.", counted.join(", ")),
    }
}

/// The calls that acting takes, and the time under the quotas, where the stores tell.
fn takes(source: &str, target: &str, effort: &Effort) -> Option<String> {
    let least = effort.least?;
    let told = |store: &str, calls: &Calls| {
        let quota = calls.per_second.map(|per_second| format!(" (at most {per_second} a second)")).unwrap_or_default();
        format!("{} {} calls of {store}{quota}", calls.count, calls.family.as_str())
    };
    let of_source = effort.source.iter().map(|calls| told(source, calls));
    let of_target = effort.target.iter().map(|calls| told(target, calls));
    let calls: Vec<_> = of_source.chain(of_target).collect();
    Some(format!("Acting on it takes at least {}: {}.", lasting(least), calls.join(", ")))
}

/// A time as people say it, in full units, never less than a second.
fn lasting(time: Duration) -> String {
    let seconds = time.as_secs().max(1);
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, 0) => format!("{minutes} min"),
        (0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}

const fn is_same(reason: Reason) -> bool {
    matches!(reason, Reason::Unchanged | Reason::Equal | Reason::Converged | Reason::ReEncrypted | Reason::AsBefore)
}
