//! The plan: what a run would do, key by key.

use super::diff::fields;
use super::findings::add_findings;
use super::history::short;
use super::reasons::{Told, by_reason};
use crate::model::{Action, Reason};
use crate::planner::{Depth, Plan, Step};
use crate::report::PlanReport;
use crate::report::page::{Page, Paper, Tone, column};

/// Renders a plan: changes first, then what is refused, then what is only counted.
pub fn plan(report: &PlanReport<'_>, paper: Paper) -> String {
    let PlanReport { job, source, target, plan, findings } = report;
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
    add_findings(&mut page, findings);
    page.gap();
    page.line(0, Tone::Faint, if plan.undoes.is_some() { LOOKED_BACK } else { looked(plan.depth) });
    if plan.two_way {
        page.line(0, Tone::Faint, TWO_WAY);
    }
    page.line(0, Tone::Strong, &summary(plan));
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
    format!("{} {}", sign(step.action).0, step.name)
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
    Told { name: &step.name, reason: step.reason, detail: step.detail.as_deref() }
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

const fn is_same(reason: Reason) -> bool {
    matches!(reason, Reason::Unchanged | Reason::Equal | Reason::Converged | Reason::ReEncrypted | Reason::AsBefore)
}
