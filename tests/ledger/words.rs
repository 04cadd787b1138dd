//! The things a run would tell its ledger.

use secretferry::ledger::{
    BaselineChange, Conclusion, Done, Failure, Holder, Intent, Lease, Ledger, RunId, RunStart, StepId,
};
use secretferry::model::{
    Action, Fingerprint, Kind, MasterKey, Outcome, Purpose, Reason, RemoteKey, Revision, SecretName,
};

/// The target of most tests.
pub const VAULT: &str = "vault https://vault.internal:8200 secret/airflow";

/// Who works in tests.
pub fn holder() -> Holder {
    Holder { host: "scheduler-0".to_owned(), process: 42, job: "nightly".to_owned() }
}

/// A run's beginning.
pub fn start() -> RunStart {
    RunStart {
        job: "nightly".to_owned(),
        command: "apply".to_owned(),
        source: "airflow".to_owned(),
        target: "vault-prod".to_owned(),
        host: "scheduler-0".to_owned(),
        config_digest: "c0ffee".to_owned(),
        version: "0.1.0".to_owned(),
        instant: None,
    }
}

/// Takes the lease on [`VAULT`] and begins a run.
pub async fn begin(ledger: &Ledger) -> (Lease, RunId) {
    let lease = ledger.lease(VAULT, &holder()).await.unwrap();
    let run = ledger.begin_run(&lease, start()).await.unwrap();
    (lease, run)
}

/// A connection's name.
pub fn name(id: &str) -> SecretName {
    SecretName::new(Kind::Connection, id)
}

/// The fingerprint of some text under `id`, the same in every test.
pub fn fingerprint(id: &str, text: &str) -> Fingerprint {
    let key = MasterKey::parse("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=").unwrap();
    Fingerprint::of_value(&key.subkey(Purpose::Fingerprint), &name(id), text.as_bytes())
}

/// The intent to create `id`.
pub fn create(id: &str) -> Intent {
    Intent {
        name: name(id),
        key: RemoteKey::new(format!("connections/{id}")),
        action: Action::Create,
        reason: Reason::New,
        shape: "fields-1".to_owned(),
        token: format!("token-{id}"),
        source_fingerprint: Some(fingerprint(id, "new")),
        source_revision: Some(Revision::new("row-7")),
        fingerprint_before: None,
        revision_before: None,
        from: None,
    }
}

/// A write that was done.
pub fn done(id: &str) -> Done {
    Done {
        outcome: Outcome::Created,
        revision: Some(Revision::new("1")),
        baseline: BaselineChange::Write(fingerprint(id, "new")),
        request: Some("request-1".to_owned()),
    }
}

/// A write that was not.
pub fn failure(outcome: Outcome) -> Failure {
    Failure {
        outcome,
        reason: Reason::StoreError,
        error: "vault-prod: write: unavailable (503)".to_owned(),
        request: Some("request-2".to_owned()),
    }
}

/// Writes `id` from intent to outcome.
pub async fn write(ledger: &Ledger, lease: &Lease, run: &RunId, id: &str) -> StepId {
    let step = ledger.intend(run, lease, create(id)).await.unwrap();
    ledger.conclude(step, Conclusion::Done(done(id))).await.unwrap();
    step
}
