//! `secretferry.demo/1`: the reports of the demo's steps, in one document.

use serde::Serialize;

use super::{audit, plan, rendered, run, verify};
use crate::report::DemoReport;

#[derive(Serialize)]
struct Report<'a, Run, Plan, Verify, Audit> {
    schema: &'static str,
    config: &'a str,
    surprises: &'a [String],
    run: Run,
    plan: Plan,
    verify: Verify,
    audit: Audit,
}

/// Renders a demo; each step's report has its own schema, and `plan` is the one after the run.
pub fn demo(report: &DemoReport<'_>) -> String {
    rendered(&Report {
        schema: "secretferry.demo/1",
        config: report.config,
        surprises: report.surprises,
        run: run::body(report.run),
        plan: plan::body(&report.plan),
        verify: verify::body(report.verify),
        audit: audit::proof_body(report.audit),
    })
}
