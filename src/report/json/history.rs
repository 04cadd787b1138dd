//! `secretferry.history/1`: runs, each with its steps where those were asked for.

use std::collections::BTreeMap;

use serde::Serialize;

use super::plan::{Name, source_id};
use super::rendered;
use super::run::counts;
use crate::ledger::{Run, StepRecord};
use crate::model::{Outcome, Reason};

#[derive(Serialize)]
struct Report<'a> {
    schema: &'static str,
    runs: Vec<Line<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    steps: Option<Vec<Step<'a>>>,
}

#[derive(Serialize)]
struct Line<'a> {
    run: &'a str,
    job: &'a str,
    command: &'a str,
    source: &'a str,
    target: &'a str,
    target_identity: &'a str,
    host: &'a str,
    config_digest: &'a str,
    version: &'a str,
    started_at: String,
    ended_at: Option<String>,
    status: &'static str,
    depth: Option<&'a str>,
    counts: BTreeMap<&'static str, u64>,
    error: Option<&'a str>,
}

#[derive(Serialize)]
struct Step<'a> {
    name: Name<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<&'a str>,
    key: &'a str,
    action: &'static str,
    reason: &'static str,
    state: &'static str,
    outcome: Option<&'static str>,
    failure: Option<&'static str>,
    error: Option<&'a str>,
    request: Option<&'a str>,
    fingerprint_before: Option<String>,
    fingerprint_after: Option<String>,
    revision_before: Option<&'a str>,
    revision_after: Option<&'a str>,
    intended_at: String,
    concluded_at: Option<String>,
    settled_at: Option<String>,
}

/// Renders runs in the order given; `steps` are those of the only one.
pub fn history(runs: &[Run], steps: Option<&[StepRecord]>) -> String {
    rendered(&Report {
        schema: "secretferry.history/1",
        runs: runs.iter().map(Line::of).collect(),
        steps: steps.map(|steps| steps.iter().map(Step::of).collect()),
    })
}

impl<'a> Line<'a> {
    fn of(run: &'a Run) -> Self {
        Self {
            run: run.id.as_str(),
            job: &run.job,
            command: &run.command,
            source: &run.source,
            target: &run.target,
            target_identity: &run.target_identity,
            host: &run.host,
            config_digest: &run.config_digest,
            version: &run.version,
            started_at: run.started_at.to_string(),
            ended_at: run.ended_at.as_ref().map(ToString::to_string),
            status: run.status.as_str(),
            depth: run.depth.as_deref(),
            counts: counts(&run.counts),
            error: run.error.as_deref(),
        }
    }
}

impl<'a> Step<'a> {
    fn of(step: &'a StepRecord) -> Self {
        let intent = &step.intent;
        Self {
            name: Name::of(&intent.name),
            from: source_id(intent.names()),
            key: intent.key.as_str(),
            action: intent.action.as_str(),
            reason: intent.reason.as_str(),
            state: step.state.as_str(),
            outcome: step.outcome.map(Outcome::as_str),
            failure: step.failure.map(Reason::as_str),
            error: step.error.as_deref(),
            request: step.request.as_deref(),
            fingerprint_before: intent.fingerprint_before.as_ref().map(ToString::to_string),
            fingerprint_after: step.fingerprint_after.as_ref().map(ToString::to_string),
            revision_before: intent.revision_before.as_ref().map(|revision| revision.as_str()),
            revision_after: step.revision_after.as_ref().map(|revision| revision.as_str()),
            intended_at: step.intended_at.to_string(),
            concluded_at: step.concluded_at.as_ref().map(ToString::to_string),
            settled_at: step.settled_at.as_ref().map(ToString::to_string),
        }
    }
}
