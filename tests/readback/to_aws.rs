//! Metastores carried to AWS Secrets Manager and Parameter Store, and read back by Airflow's two backends.

use crate::airflow::{Mode, READERS};
use crate::aws::{Account, Service};
use crate::checker::is_good;
use crate::journey::Journey;
use crate::metastore::metastore;
use crate::target::Target;

async fn carry(source: &str, account: Account, form: &'static str) {
    Journey::begin(&metastore(source), Target::Aws(account), form, &READERS).complete().await;
}

#[tokio::test]
async fn json_from_airflow_3_to_secrets() {
    carry("3.3.2-postgresql", Account::new(Service::Secrets), "json").await;
}

#[tokio::test]
async fn uris_from_airflow_2_to_secrets_under_a_prefix_and_a_separator_of_their_own() {
    let account = Account { prefixes: Some(["/shop/conn", "shop+vars"]), sep: "+", ..Account::new(Service::Secrets) };
    carry("2.11.2-sqlite", account, "uri").await;
}

#[tokio::test]
async fn json_from_airflow_2_to_secrets_with_bare_ids() {
    let account = Account { prefixes: Some(["", "vars"]), ..Account::new(Service::Secrets) };
    carry("2.11.2-sqlite", account, "json").await;
}

#[tokio::test]
async fn json_from_airflow_2_to_parameters() {
    carry("2.11.2-postgresql", Account::new(Service::Parameters), "json").await;
}

#[tokio::test]
async fn uris_from_airflow_3_to_parameters_under_a_prefix_without_its_slash() {
    let account = Account { prefixes: Some(["shop/conn", "/shop/vars"]), ..Account::new(Service::Parameters) };
    carry("3.3.2-sqlite", account, "uri").await;
}

#[tokio::test]
async fn teams_before_dashes() {
    let target = Target::Aws(Account { teams: true, ..Account::new(Service::Secrets) });
    let server_and_worker = &["airflow-3", "airflow-3-worker"];
    let mut journey = Journey::begin(&metastore("3.3.2-sqlite"), target, "json", server_and_worker);
    journey.complete().await;
    let carried = journey.steps.iter().filter(|step| step.key.1.as_deref() == Some("data") && is_good(step));
    assert_eq!(carried.count(), 2, "a connection and a variable of the team");
    let of_the_team = journey.question_of_the_team().ask(Mode::Search, &server_and_worker[..1]);
    assert!(of_the_team.len() == 2 && of_the_team.iter().all(|seen| seen.found), "{of_the_team:?}");
}
