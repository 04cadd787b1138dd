//! A plan with what a reader of it must know beside: what the text and the JSON report are rendered from.

use crate::model::Finding;
use crate::planner::{Effort, Plan};

/// What a dry run has to say.
#[derive(Debug, Clone, Copy)]
pub struct PlanReport<'a> {
    /// The job.
    pub job: &'a str,
    /// The source's name in the config.
    pub source: &'a str,
    /// The target's name in the config.
    pub target: &'a str,
    /// The decision.
    pub plan: &'a Plan,
    /// What a person should hear.
    pub findings: &'a [Finding],
    /// What acting on it takes.
    pub effort: &'a Effort,
}
