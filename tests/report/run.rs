//! The end of a run, the proof, and one secret in every store.

use std::time::Duration;

use secretferry::engine::{Mismatch, RunReport, RunStatus, ShowReport, Sight, StepOutcome, VerifyReport};
use secretferry::model::{Action, Outcome, Reason, RemoteKey, Revision, SecretName, State};
use secretferry::report::{json, text};

use crate::{check_json, check_text, connection, fields, fingerprint};

fn ended(name: &str, action: Action, outcome: Outcome, reason: Reason, detail: Option<&str>) -> StepOutcome {
    let name: SecretName = connection(name);
    StepOutcome {
        fingerprint: Some(fingerprint(&name, "value")),
        name,
        action,
        outcome,
        reason,
        detail: detail.map(str::to_owned),
        notes: Vec::new(),
        revision: Some(Revision::new("3")),
    }
}

fn report(outcomes: Vec<StepOutcome>, status: RunStatus) -> RunReport {
    RunReport {
        run: Some("0198c0de-0000-7000-8000-00000000abcd".to_owned()),
        undoes: None,
        job: "metastore-to-vault".to_owned(),
        source: "airflow".to_owned(),
        target: "vault-prod".to_owned(),
        took: Duration::from_millis(3210),
        outcomes,
        status,
        error: None,
        audit_head: Some(format!("57:{}", "ab".repeat(32))),
        findings: Vec::new(),
    }
}

fn outcomes() -> Vec<StepOutcome> {
    let store = "vault-prod: write connections/c: unavailable (503, request 4711)";
    let mut noted = ended("noted", Action::Create, Outcome::Created, Reason::New, None);
    noted.notes = vec!["description is not carried".to_owned(), "port 0 is folded to none".to_owned()];
    vec![
        ended("a", Action::Create, Outcome::Created, Reason::New, None),
        ended("b", Action::Block, Outcome::Blocked, Reason::Poisoned, Some("password")),
        ended("c", Action::Update, Outcome::Failed, Reason::StoreError, Some(store)),
        ended("d", Action::Update, Outcome::Conflict, Reason::TargetMoved, None),
        ended("e", Action::Keep, Outcome::Kept, Reason::Unchanged, None),
        ended("f", Action::Create, Outcome::NotStarted, Reason::RunStopped, None),
        noted,
    ]
}

#[test]
fn a_run_with_trouble() {
    let mut report = report(outcomes(), RunStatus::Failed);
    report.error = Some("8 store errors in a row, the last: vault-prod: write: unavailable".to_owned());
    check_text("run", |paper| text::run(&report, paper));
    check_json("run", "secretferry.run/1", &json::run(&report));
    let counted: u64 = report.counts().values().sum();
    assert_eq!(counted, report.outcomes.len() as u64, "every key counts once");
}

#[test]
fn a_run_that_went_well() {
    let good = outcomes().into_iter().filter(|step| step.outcome.is_good()).collect();
    let mut good = report(good, RunStatus::Succeeded);
    good.took = Duration::from_secs(75);
    check_text("run-good", |paper| text::run(&good, paper));
    let blocked = outcomes().into_iter().filter(|step| matches!(step.outcome, Outcome::Blocked | Outcome::Kept));
    check_text("run-blocked", |paper| text::run(&report(blocked.clone().collect(), RunStatus::Incomplete), paper));
    check_text("run-empty", |paper| text::run(&report(Vec::new(), RunStatus::Succeeded), paper));
}

#[test]
fn a_proof() {
    let mut report = VerifyReport::new("metastore-to-vault", "airflow", "vault-prod");
    report.equal(connection("a"), Vec::new());
    report.equal(connection("b"), vec!["description is not carried".to_owned()]);
    check_text("verify-good", |paper| text::verify(&report, paper));
    report.refused(connection("masked"), Reason::Poisoned, "password".to_owned());
    let fields = vec!["extra.sslmode".to_owned(), "password".to_owned()];
    report.mismatches.push(Mismatch::new(connection("c"), Reason::Differs, "airflow-3 sees another value", fields));
    report.mismatches.push(Mismatch::new(connection("d"), Reason::New, "the target does not have it", Vec::new()));
    check_text("verify", |paper| text::verify(&report, paper));
    check_json("verify", "secretferry.verify/1", &json::verify(&report));
}

#[test]
fn one_secret_everywhere() {
    let name = connection("postgres_main");
    let sight = |store: &str, kind| Sight {
        store: store.to_owned(),
        kind,
        key: Some(RemoteKey::new("postgres_main")),
        state: None,
        owner: None,
        revision: None,
        fingerprint: None,
        fields: Vec::new(),
        problem: None,
    };
    let there = Sight {
        state: Some(State::Live),
        owner: Some("job metastore-to-vault of this installation".to_owned()),
        revision: Some(Revision::new("12")),
        fingerprint: Some(fingerprint(&name, "x")),
        fields: fields(&name, &[("conn_type", "postgres"), ("extra.sslmode", "require"), ("password", "x")]),
        ..sight("vault-prod", "vault")
    };
    let denied = Sight {
        problem: Some("vault-old: read postgres_main: denied (403)".to_owned()),
        ..sight("vault-old", "vault")
    };
    let report = ShowReport { name, sights: vec![there, denied, sight("files", "local-files")] };
    let report = [report];
    check_text("show", |paper| text::show(&report, paper));
    check_json("show", "secretferry.show/1", &json::show(&report));
}
