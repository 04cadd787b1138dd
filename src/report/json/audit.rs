//! `secretferry.audit/1`: rows of the log, or what the log proves.

use serde::Serialize;

use super::rendered;
use crate::ledger::{AuditHead, AuditProof, AuditRow};

const SCHEMA: &str = "secretferry.audit/1";

#[derive(Serialize)]
struct Report<'a> {
    schema: &'static str,
    rows: Vec<Row<'a>>,
}

#[derive(Serialize)]
struct Row<'a> {
    sequence: i64,
    happened_at: String,
    event: &'a str,
    run: Option<&'a str>,
    job: Option<&'a str>,
    host: Option<&'a str>,
    config_digest: Option<&'a str>,
    step: Option<i64>,
    action: Option<&'a str>,
    reason: Option<&'a str>,
    name: Option<&'a str>,
    key: Option<&'a str>,
    store: Option<&'a str>,
    target_identity: Option<&'a str>,
    fingerprint_before: Option<&'a str>,
    fingerprint_after: Option<&'a str>,
    revision_before: Option<&'a str>,
    revision_after: Option<&'a str>,
    result: Option<&'a str>,
    request: Option<&'a str>,
    detail: Option<&'a str>,
}

#[derive(Serialize)]
struct Proof<'a> {
    schema: &'static str,
    whole: bool,
    proved_rows: u64,
    broken: Option<String>,
    checkpoint: Option<Head<'a>>,
    head: Head<'a>,
}

#[derive(Serialize)]
struct Head<'a> {
    sequence: i64,
    digest: &'a str,
}

/// Renders rows of the log, in the order given.
pub fn audit(rows: &[AuditRow]) -> String {
    rendered(&Report { schema: SCHEMA, rows: rows.iter().map(Row::of).collect() })
}

/// Renders what the log proves.
pub fn audit_proof(proof: &AuditProof) -> String {
    rendered(&proof_body(proof))
}

pub(super) fn proof_body(proof: &AuditProof) -> impl Serialize {
    Proof {
        schema: SCHEMA,
        whole: proof.broken.is_none(),
        proved_rows: proof.rows,
        broken: proof.broken.as_ref().map(ToString::to_string),
        checkpoint: proof.checkpoint.as_ref().map(Head::of),
        head: Head::of(&proof.head),
    }
}

impl<'a> Head<'a> {
    fn of(head: &'a AuditHead) -> Self {
        Self { sequence: head.sequence, digest: &head.digest }
    }
}

impl<'a> Row<'a> {
    fn of(row: &'a AuditRow) -> Self {
        Self {
            sequence: row.sequence,
            happened_at: row.happened_at.to_string(),
            event: &row.event,
            run: row.run.as_deref(),
            job: row.job.as_deref(),
            host: row.host.as_deref(),
            config_digest: row.config_digest.as_deref(),
            step: row.step,
            action: row.action.as_deref(),
            reason: row.reason.as_deref(),
            name: row.name.as_deref(),
            key: row.remote_key.as_deref(),
            store: row.store.as_deref(),
            target_identity: row.target_identity.as_deref(),
            fingerprint_before: row.fingerprint_before.as_deref(),
            fingerprint_after: row.fingerprint_after.as_deref(),
            revision_before: row.revision_before.as_deref(),
            revision_after: row.revision_after.as_deref(),
            result: row.result.as_deref(),
            request: row.request.as_deref(),
            detail: row.detail.as_deref(),
        }
    }
}
