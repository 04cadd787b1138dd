//! `secretferry.plans/1`, `runs/1`, `verifies/1`: the reports of a job's targets in one document, in the order of the config.

use serde::Serialize;

use super::{plan, rendered, run, verify};
use crate::engine::{RunReport, VerifyReport};
use crate::report::PlanReport;

#[derive(Serialize)]
struct Plans<T> {
    schema: &'static str,
    plans: Vec<T>,
}

#[derive(Serialize)]
struct Runs<T> {
    schema: &'static str,
    runs: Vec<T>,
}

#[derive(Serialize)]
struct Verifies<T> {
    schema: &'static str,
    verifies: Vec<T>,
}

/// Renders the plans for several targets.
pub fn plans(reports: &[PlanReport<'_>]) -> String {
    rendered(&Plans { schema: "secretferry.plans/1", plans: reports.iter().map(plan::body).collect() })
}

/// Renders the runs on several targets.
pub fn runs(reports: &[RunReport]) -> String {
    rendered(&Runs { schema: "secretferry.runs/1", runs: reports.iter().map(run::body).collect() })
}

/// Renders the proofs of several targets.
pub fn verifies(reports: &[VerifyReport]) -> String {
    rendered(&Verifies { schema: "secretferry.verifies/1", verifies: reports.iter().map(verify::body).collect() })
}
