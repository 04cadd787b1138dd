//! `secretferry.plan/1`: a dry run.

use std::collections::BTreeMap;

use serde::Serialize;

use super::check::{Found, found};
use super::rendered;
use crate::model::{Action, Names, SecretName};
use crate::planner::{Calls, Effort, FieldDigest, Step};
use crate::report::PlanReport;

#[derive(Serialize)]
struct Report<'a> {
    schema: &'static str,
    job: &'a str,
    source: &'a str,
    target: &'a str,
    depth: &'static str,
    two_way: bool,
    undoes: Option<&'a str>,
    counts: BTreeMap<&'static str, usize>,
    steps: Vec<Line<'a>>,
    findings: Vec<Found<'a>>,
    effort: Takes<'a>,
}

/// What acting takes: calls, and seconds under the tightest quota where one is stated.
#[derive(Serialize)]
struct Takes<'a> {
    calls: Vec<Called<'a>>,
    least_seconds: Option<f64>,
}

#[derive(Serialize)]
struct Called<'a> {
    store: &'a str,
    family: &'static str,
    count: u64,
    per_second: Option<f64>,
}

#[derive(Serialize)]
struct Line<'a> {
    name: Name<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<&'a str>,
    source_key: Option<&'a str>,
    key: Option<&'a str>,
    action: &'static str,
    reason: &'static str,
    detail: Option<&'a str>,
    source_fingerprint: Option<String>,
    source_revision: Option<&'a str>,
    target_fingerprint: Option<String>,
    target_revision: Option<&'a str>,
    notes: &'a [String],
    before: Vec<Field<'a>>,
    after: Vec<Field<'a>>,
}

/// A name in its parts.
#[derive(Serialize)]
pub(super) struct Name<'a> {
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    team: Option<&'a str>,
    id: &'a str,
}

/// One field: its short digest, or its text where the caller asked for that.
#[derive(Serialize)]
pub(super) struct Field<'a> {
    path: &'a str,
    shown: &'a str,
}

/// Renders a plan, every step of it.
pub fn plan(report: &PlanReport<'_>) -> String {
    rendered(&body(report))
}

pub(super) fn body<'a>(report: &PlanReport<'a>) -> impl Serialize + 'a {
    let PlanReport { job, source, target, plan, findings, effort } = *report;
    let counts = Action::ALL.iter().map(|action| (action.as_str(), plan.count(*action)));
    Report {
        schema: "secretferry.plan/1",
        job,
        source,
        target,
        depth: plan.depth.as_str(),
        two_way: plan.two_way,
        undoes: plan.undoes.as_deref(),
        counts: counts.collect(),
        steps: plan.steps.iter().map(Line::of).collect(),
        findings: found(findings),
        effort: takes(source, target, effort),
    }
}

fn takes<'a>(source: &'a str, target: &'a str, effort: &Effort) -> Takes<'a> {
    let called = |store, calls: &Calls| Called {
        store,
        family: calls.family.as_str(),
        count: calls.count,
        per_second: calls.per_second,
    };
    let of_source = effort.source.iter().map(|calls| called(source, calls));
    let calls = of_source.chain(effort.target.iter().map(|calls| called(target, calls))).collect();
    Takes { calls, least_seconds: effort.least.map(|least| least.as_secs_f64()) }
}

impl<'a> Line<'a> {
    fn of(step: &'a Step) -> Self {
        Self {
            name: Name::of(&step.name),
            from: source_id(step.names()),
            source_key: step.source_key.as_ref().map(|key| key.as_str()),
            key: step.key.as_ref().map(|key| key.as_str()),
            action: step.action.as_str(),
            reason: step.reason.as_str(),
            detail: step.detail.as_deref(),
            source_fingerprint: step.source.as_ref().map(ToString::to_string),
            source_revision: step.source_revision.as_ref().map(|revision| revision.as_str()),
            target_fingerprint: step.target.as_ref().map(ToString::to_string),
            target_revision: step.target_revision.as_ref().map(|revision| revision.as_str()),
            notes: &step.notes,
            before: fields(&step.before),
            after: fields(&step.after),
        }
    }
}

impl<'a> Name<'a> {
    /// The parts of a name.
    pub(super) fn of(name: &'a SecretName) -> Self {
        Self { kind: name.kind.singular(), team: name.team.as_deref(), id: &name.id }
    }
}

/// What the source calls a key, where that is another id.
pub(super) fn source_id(names: Names<'_>) -> Option<&str> {
    (names.source != names.target).then_some(names.source.id.as_str())
}

/// Fields in order.
pub(super) fn fields(fields: &[FieldDigest]) -> Vec<Field<'_>> {
    fields.iter().map(|field| Field { path: &field.path, shown: &field.shown }).collect()
}
