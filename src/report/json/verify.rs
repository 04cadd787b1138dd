//! `secretferry.verify/1`: what a look at both sides found.

use serde::Serialize;

use super::check::{Found, found};
use super::plan::{Name, source_id};
use super::rendered;
use crate::engine::{Mismatch, Verified, VerifyReport};

#[derive(Serialize)]
struct Report<'a> {
    schema: &'static str,
    job: &'a str,
    source: &'a str,
    target: &'a str,
    checked: usize,
    equal: usize,
    noted: Vec<Noted<'a>>,
    mismatches: Vec<Wrong<'a>>,
    refused: Vec<Wrong<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    findings: Vec<Found<'a>>,
}

#[derive(Serialize)]
struct Noted<'a> {
    name: Name<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<&'a str>,
    notes: &'a [String],
}

#[derive(Serialize)]
struct Wrong<'a> {
    name: Name<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<&'a str>,
    reason: &'static str,
    detail: &'a str,
    fields: &'a [String],
}

/// Renders a proof; keys that are equal without a note are only counted.
pub fn verify(report: &VerifyReport) -> String {
    rendered(&body(report))
}

pub(super) fn body(report: &VerifyReport) -> impl Serialize {
    Report {
        schema: "secretferry.verify/1",
        job: &report.job,
        source: &report.source,
        target: &report.target,
        checked: report.checked(),
        equal: report.equal.len(),
        noted: report.equal.iter().filter(|key| !key.notes.is_empty()).map(Noted::of).collect(),
        mismatches: report.mismatches.iter().map(Wrong::of).collect(),
        refused: report.refused.iter().map(Wrong::of).collect(),
        findings: found(&report.findings),
    }
}

impl<'a> Noted<'a> {
    fn of(key: &'a Verified) -> Self {
        Self { name: Name::of(&key.name), from: source_id(key.names()), notes: &key.notes }
    }
}

impl<'a> Wrong<'a> {
    fn of(wrong: &'a Mismatch) -> Self {
        Self {
            name: Name::of(&wrong.name),
            from: source_id(wrong.names()),
            reason: wrong.reason.as_str(),
            detail: &wrong.detail,
            fields: &wrong.fields,
        }
    }
}
