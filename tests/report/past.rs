//! Runs of the past and the audit log.

use std::collections::BTreeMap;

use secretferry::ledger::{
    AuditHead, AuditProof, AuditRow, Break, Intent, Run, RunId, RunStatus, StepId, StepRecord, StepState,
};
use secretferry::model::{Action, Outcome, Reason, RemoteKey, Revision};
use secretferry::report::{json, text};

use crate::{check_json, check_text, connection, fingerprint};

fn run(number: u32, status: RunStatus, counts: &[(Outcome, u64)]) -> Run {
    Run {
        id: RunId::new(format!("0198c0de-0000-7000-8000-{number:012x}")),
        job: "metastore-to-vault".to_owned(),
        command: "apply".to_owned(),
        source: "airflow".to_owned(),
        target: "vault-prod".to_owned(),
        target_identity: "vault https://vault.internal:8200 mount=\"secret\"".to_owned(),
        host: "scheduler-1".to_owned(),
        config_digest: "cd".repeat(32),
        version: "0.1.0".to_owned(),
        started_at: format!("2026-01-02T03:04:{number:02}.123456Z").parse().unwrap(),
        ended_at: (status != RunStatus::Running).then(|| "2026-01-02T03:05:00Z".parse().unwrap()),
        status,
        depth: Some("metadata".to_owned()),
        counts: BTreeMap::from_iter(counts.iter().copied()),
        error: None,
    }
}

fn step(id: i64, name: &str, state: StepState, outcome: Option<Outcome>) -> StepRecord {
    let name = connection(name);
    let after = fingerprint(&name, "after");
    StepRecord {
        id: StepId(id),
        intent: Intent {
            key: RemoteKey::new(format!("connections/{}", name.id)),
            action: Action::Update,
            reason: Reason::SourceChanged,
            shape: "s".to_owned(),
            token: "t".to_owned(),
            source_fingerprint: Some(after.clone()),
            source_revision: None,
            fingerprint_before: Some(fingerprint(&name, "before")),
            revision_before: Some(Revision::new("6")),
            name,
            from: None,
        },
        state,
        outcome,
        failure: None,
        error: None,
        request: None,
        fingerprint_after: (state == StepState::Done).then_some(after),
        revision_after: (state == StepState::Done).then(|| Revision::new("7")),
        intended_at: "2026-01-02T03:04:06Z".parse().unwrap(),
        concluded_at: Some("2026-01-02T03:04:07Z".parse().unwrap()),
        settled_at: None,
    }
}

#[test]
fn the_history() {
    let mut failed =
        run(2, RunStatus::Failed, &[(Outcome::Created, 3), (Outcome::NotStarted, 12), (Outcome::Failed, 8)]);
    failed.error =
        Some("8 store errors in a row, the last: vault-prod: write: unavailable (503, request 4711)".to_owned());
    let runs = [
        run(3, RunStatus::Succeeded, &[(Outcome::Created, 12), (Outcome::Kept, 40), (Outcome::Updated, 1)]),
        failed,
        run(1, RunStatus::Died, &[]),
    ];
    check_text("history", |paper| text::history(&runs, paper));
    check_text("history-empty", |paper| text::history(&[], paper));
    check_json("history", "secretferry.history/1", &json::history(&runs, None));
}

#[test]
fn one_run() {
    let run = run(3, RunStatus::Incomplete, &[(Outcome::Updated, 1), (Outcome::Failed, 1)]);
    let mut failed = step(2, "b", StepState::Failed, Some(Outcome::Failed));
    failed.failure = Some(Reason::StoreError);
    failed.error = Some("vault-prod: write connections/b: too-large (413)".to_owned());
    let steps = [step(1, "a", StepState::Done, Some(Outcome::Updated)), failed, step(3, "c", StepState::Unknown, None)];
    check_text("history-run", |paper| text::run_detail(&run, &steps, paper));
    check_json("history-run", "secretferry.history/1", &json::history(std::slice::from_ref(&run), Some(&steps)));
}

fn rows() -> Vec<AuditRow> {
    let name = connection("warehouse");
    let started = AuditRow {
        sequence: 1,
        happened_at: "2026-01-02T03:04:05Z".parse().unwrap(),
        event: "run-started".to_owned(),
        run: Some("0198c0de-0000-7000-8000-00000000abcd".to_owned()),
        job: Some("metastore-to-vault".to_owned()),
        store: Some("vault-prod".to_owned()),
        detail: Some("apply by secretferry 0.1.0".to_owned()),
        ..AuditRow::default()
    };
    let done = AuditRow {
        sequence: 2,
        event: "done".to_owned(),
        step: Some(1),
        action: Some("update".to_owned()),
        reason: Some("source-changed".to_owned()),
        name: Some(name.bound()),
        remote_key: Some("connections/warehouse".to_owned()),
        fingerprint_before: Some(fingerprint(&name, "before").to_string()),
        fingerprint_after: Some(fingerprint(&name, "after").to_string()),
        revision_after: Some("7".to_owned()),
        result: Some("updated".to_owned()),
        request: Some("4711".to_owned()),
        detail: None,
        ..started.clone()
    };
    vec![started, done]
}

#[test]
fn the_audit_log() {
    check_text("audit", |paper| text::audit(&rows(), paper));
    check_text("audit-empty", |paper| text::audit(&[], paper));
    check_json("audit", "secretferry.audit/1", &json::audit(&rows()));
}

#[test]
fn the_proof_of_the_audit_log() {
    let head = AuditHead { sequence: 57, digest: "ab".repeat(32) };
    let whole = AuditProof { rows: 57, checkpoint: None, head, broken: None };
    let checkpoint = Some(AuditHead { sequence: 12, digest: "cd".repeat(32) });
    let folded = AuditProof { rows: 45, checkpoint: checkpoint.clone(), ..whole.clone() };
    let broken = AuditProof { rows: 29, broken: Some(Break::Changed(42)), ..folded.clone() };
    check_text("audit-whole", |paper| text::audit_proof(&whole, paper));
    check_text("audit-folded", |paper| text::audit_proof(&folded, paper));
    check_text("audit-broken", |paper| text::audit_proof(&broken, paper));
    check_json("audit-proof", "secretferry.audit/1", &json::audit_proof(&broken));
}
