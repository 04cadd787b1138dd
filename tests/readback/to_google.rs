//! Metastores carried to Google Secret Manager, and read back by Airflow's backend.

use crate::airflow::{Mode, READERS};
use crate::checker::is_good;
use crate::google::Project;
use crate::journey::Journey;
use crate::metastore::metastore;
use crate::target::Target;

async fn carry(source: &str, project: Project, form: &'static str) {
    Journey::begin(&metastore(source), Target::Google(project), form, &READERS).complete().await;
}

#[tokio::test]
async fn json_from_airflow_3() {
    carry("3.3.2-postgresql", Project::new(), "json").await;
}

#[tokio::test]
async fn uris_from_airflow_2_under_prefixes_and_a_separator_of_their_own() {
    let project = Project { prefixes: Some(["shop-conn-", "shop_vars"]), sep: "_", ..Project::new() };
    carry("2.11.2-sqlite", project, "uri").await;
}

#[tokio::test]
async fn json_from_airflow_2_with_bare_ids() {
    let project = Project { prefixes: Some(["", "vars"]), ..Project::new() };
    carry("2.11.2-postgresql", project, "json").await;
}

#[tokio::test]
async fn teams_before_dashes() {
    let target = Target::Google(Project { teams: true, ..Project::new() });
    let server_and_worker = &["airflow-3", "airflow-3-worker"];
    let mut journey = Journey::begin(&metastore("3.3.2-sqlite"), target, "json", server_and_worker);
    journey.complete().await;
    let carried = journey.steps.iter().filter(|step| step.key.1.as_deref() == Some("data") && is_good(step));
    assert_eq!(carried.count(), 2, "a connection and a variable of the team");
    let of_the_team = journey.question_of_the_team().ask(Mode::Search, &server_and_worker[..1]);
    assert!(of_the_team.len() == 2 && of_the_team.iter().all(|seen| seen.found), "{of_the_team:?}");
}
