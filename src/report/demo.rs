//! What the demo has to say: the reports of its steps, and what did not go as its sample foresees.

use super::PlanReport;
use crate::engine::{RunReport, VerifyReport};
use crate::ledger::AuditProof;

/// A demo that came to its end.
#[derive(Debug, Clone, Copy)]
pub struct DemoReport<'a> {
    /// The config it laid out.
    pub config: &'a str,
    /// What did not go as foreseen, a sentence each.
    pub surprises: &'a [String],
    /// The run.
    pub run: &'a RunReport,
    /// The plan after it.
    pub plan: PlanReport<'a>,
    /// The proof that both sides are read alike.
    pub verify: &'a VerifyReport,
    /// What the audit log proves.
    pub audit: &'a AuditProof,
}
