//! `secretferry.check/1`: findings.

use serde::Serialize;

use super::rendered;
use crate::model::Finding;

#[derive(Serialize)]
struct Report<'a> {
    schema: &'static str,
    findings: Vec<Found<'a>>,
}

/// One finding.
#[derive(Serialize)]
pub(super) struct Found<'a> {
    severity: &'static str,
    code: &'static str,
    subject: &'a str,
    message: &'a str,
    remedy: Option<&'a str>,
}

/// Renders findings, in the order given.
pub fn check(findings: &[Finding]) -> String {
    rendered(&Report { schema: "secretferry.check/1", findings: found(findings) })
}

/// The findings of any report.
pub(super) fn found(findings: &[Finding]) -> Vec<Found<'_>> {
    findings.iter().map(Found::of).collect()
}

impl<'a> Found<'a> {
    fn of(finding: &'a Finding) -> Self {
        Self {
            severity: finding.severity.as_str(),
            code: finding.code,
            subject: &finding.subject,
            message: &finding.message,
            remedy: finding.remedy.as_deref(),
        }
    }
}
