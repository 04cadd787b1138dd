//! The plan and what `check` found.

use std::time::Duration;

use secretferry::model::{Action, Family, Finding, Kind, Reason, RemoteKey, Revision, SecretName, Severity};
use secretferry::planner::{Calls, Depth, Effort, Plan, Remember, Step};
use secretferry::report::{Colour, Paper, PlanReport, json, text};

use crate::{check, check_json, check_text, connection, fields, fingerprint};

fn step(name: SecretName, action: Action, reason: Reason) -> Step {
    Step {
        from: None,
        source_key: Some(RemoteKey::new(&name.id)),
        key: Some(RemoteKey::new(format!("connections/{}", name.id))),
        name,
        action,
        reason,
        detail: None,
        source: None,
        source_revision: None,
        changed: None,
        target: None,
        target_revision: None,
        notes: Vec::new(),
        before: Vec::new().into(),
        after: Vec::new().into(),
        remember: Remember::Nothing,
    }
}

fn because(name: SecretName, action: Action, reason: Reason, detail: &str) -> Step {
    Step { detail: Some(detail.to_owned()), ..step(name, action, reason) }
}

fn update() -> Step {
    let name = connection("warehouse");
    let shared = [("conn_type", "postgres"), ("extra.sslmode", "require"), ("host", "db"), ("login", "etl")];
    let with = |password: &'static str, port: &'static str| {
        [shared.as_slice(), &[("password", password), ("port", port), ("schema", "main")]].concat()
    };
    Step {
        source: Some(fingerprint(&name, "new")),
        target: Some(fingerprint(&name, "old")),
        target_revision: Some(Revision::new("7")),
        before: fields(&name, &with("old", "5432")).into(),
        after: fields(&name, &[with("new", "5432").as_slice(), &[("timeout", "30")]].concat()).into(),
        ..step(name, Action::Update, Reason::SourceChanged)
    }
}

fn steps() -> Vec<Step> {
    let created = connection("postgres_main");
    let long = format!("a_connection_id_that_{}ends_here", "goes_on_and_on_".repeat(7));
    let mut steps = vec![
        Step {
            after: fields(&created, &[("conn_type", "postgres"), ("host", "db"), ("password", "x"), ("login", "y")])
                .into(),
            notes: vec!["description is not carried: VaultBackend never returns it".to_owned()],
            ..step(created, Action::Create, Reason::New)
        },
        update(),
        step(SecretName::new(Kind::Variable, "feature flags"), Action::Adopt, Reason::EqualUnowned),
        step(SecretName::new(Kind::Variable, "gone"), Action::Delete, Reason::GoneFromSource),
        step(connection("team_db").of_team("red"), Action::Restore, Reason::TombstoneRestored),
        step(connection(&long), Action::Create, Reason::New),
        step(connection("esc\u{1b}[31mape\n"), Action::Create, Reason::New),
        because(connection("masked"), Action::Block, Reason::Poisoned, "password"),
        because(
            connection("old_mysql"),
            Action::Block,
            Reason::Lossy,
            "extra: airflow-3-worker would see no extra; format json carries it",
        ),
        because(connection(&long), Action::Block, Reason::Lossy, "schema: airflow-2 would see another one"),
        because(connection("broken"), Action::Quarantine, Reason::Undecryptable, "column password"),
        step(SecretName::new(Kind::Variable, "drifted"), Action::Keep, Reason::DriftKept),
    ];
    steps.extend((0..40).map(|number| step(connection(&format!("same_{number}")), Action::Keep, Reason::Unchanged)));
    steps
}

fn findings() -> Vec<Finding> {
    vec![
        Finding::new(Severity::Info, "version", "vault", "Vault 1.19.0, KV version 2."),
        Finding::new(Severity::Error, "denied", "vault", "The token may not list secret/metadata/airflow/connections.").with_remedy(
            "Add to its policy:\n  path \"secret/metadata/airflow/connections/*\" {\n    capabilities = [\"list\", \"read\"]\n  }",
        ),
        Finding::new(Severity::Warning, "token-expires", "vault", "The token ends in 20 minutes and cannot be renewed."),
    ]
}

fn report<'a>(plan: &'a Plan, findings: &'a [Finding]) -> PlanReport<'a> {
    PlanReport { job: "metastore-to-vault", source: "airflow", target: "vault-prod", plan, findings, effort: &EFFORT }
}

static EFFORT: Effort = Effort { source: Vec::new(), target: Vec::new(), least: None };

#[test]
fn a_plan() {
    let plan = Plan { steps: steps(), depth: Depth::Metadata, two_way: false, undoes: None };
    let findings = &findings()[2..];
    check_text("plan", |paper| text::plan(&report(&plan, findings), paper));
    let coloured = text::plan(&report(&plan, findings), Paper { width: 80, colour: Colour::Ansi });
    check("plan.coloured.txt", &coloured);
    assert!(!coloured.contains("esc\u{1b}"), "a name must not reach the terminal raw");
}

#[test]
fn a_plan_for_stores_with_quotas() {
    let plan = Plan { steps: steps(), depth: Depth::Listing, two_way: false, undoes: None };
    let calls = |family, count, per_second| Calls { family, count, per_second };
    let effort = Effort {
        source: vec![calls(Family::Read, 500, None)],
        target: vec![calls(Family::Stat, 20, Some(40.0)), calls(Family::Write, 10_000, Some(3.0))],
        least: Some(Duration::from_secs(3_333)),
    };
    let report = PlanReport { effort: &effort, ..report(&plan, &[]) };
    check_text("plan.quotas", |paper| text::plan(&report, paper));
    check_json("plan.quotas", "secretferry.plan/1", &json::plan(&report));
}

#[test]
fn a_plan_for_machines() {
    let plan = Plan { steps: steps().into_iter().take(9).collect(), depth: Depth::Values, two_way: true, undoes: None };
    check_json("plan", "secretferry.plan/1", &json::plan(&report(&plan, &findings())));
}

#[test]
fn a_plan_with_nothing_to_do() {
    let kept = (0..3).map(|number| step(connection(&format!("same_{number}")), Action::Keep, Reason::Equal));
    let plan = Plan { steps: kept.collect(), depth: Depth::Values, two_way: true, undoes: None };
    check_text("plan-nothing", |paper| text::plan(&report(&plan, &[]), paper));
    let empty = Plan { steps: Vec::new(), depth: Depth::Values, two_way: false, undoes: None };
    check_text("plan-empty", |paper| text::plan(&report(&empty, &[]), paper));
}

#[test]
fn what_check_found() {
    check_text("check", |paper| text::findings(&findings(), paper));
    check_text("check-nothing", |paper| text::findings(&[], paper));
    check_json("check", "secretferry.check/1", &json::check(&findings()));
}
