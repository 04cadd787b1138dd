//! `secretferry.run/1`: what became of a run.

use std::collections::BTreeMap;

use serde::Serialize;

use super::check::{Found, found};
use super::plan::Name;
use super::rendered;
use crate::engine::{RunReport, StepOutcome};
use crate::model::Outcome;

#[derive(Serialize)]
struct Report<'a> {
    schema: &'static str,
    run: Option<&'a str>,
    undoes: Option<&'a str>,
    job: &'a str,
    source: &'a str,
    target: &'a str,
    status: &'static str,
    error: Option<&'a str>,
    took_seconds: f64,
    counts: BTreeMap<&'static str, u64>,
    outcomes: Vec<Line<'a>>,
    audit_head: Option<&'a str>,
    findings: Vec<Found<'a>>,
}

#[derive(Serialize)]
struct Line<'a> {
    name: Name<'a>,
    action: &'static str,
    outcome: &'static str,
    reason: &'static str,
    detail: Option<&'a str>,
    notes: &'a [String],
    fingerprint: Option<String>,
    revision: Option<&'a str>,
}

/// Renders a run, every key of it.
pub fn run(report: &RunReport) -> String {
    rendered(&body(report))
}

pub(super) fn body(report: &RunReport) -> impl Serialize {
    Report {
        schema: "secretferry.run/1",
        run: report.run.as_deref(),
        undoes: report.undoes.as_deref(),
        job: &report.job,
        source: &report.source,
        target: &report.target,
        status: report.status.as_str(),
        error: report.error.as_deref(),
        took_seconds: report.took.as_secs_f64(),
        counts: counts(&report.counts()),
        outcomes: report.outcomes.iter().map(Line::of).collect(),
        audit_head: report.audit_head.as_deref(),
        findings: found(&report.findings),
    }
}

/// Every outcome with its count, zeros too: a key that is missing must not look like a zero.
pub(super) fn counts(counts: &BTreeMap<Outcome, u64>) -> BTreeMap<&'static str, u64> {
    Outcome::ALL.iter().map(|outcome| (outcome.as_str(), counts.get(outcome).copied().unwrap_or_default())).collect()
}

impl<'a> Line<'a> {
    fn of(step: &'a StepOutcome) -> Self {
        Self {
            name: Name::of(&step.name),
            action: step.action.as_str(),
            outcome: step.outcome.as_str(),
            reason: step.reason.as_str(),
            detail: step.detail.as_deref(),
            notes: &step.notes,
            fingerprint: step.fingerprint.as_ref().map(ToString::to_string),
            revision: step.revision.as_ref().map(|revision| revision.as_str()),
        }
    }
}
