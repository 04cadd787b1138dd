//! Metastores carried to Vault, in every form, and read back.

use crate::airflow::{Mode, READERS};
use crate::checker::is_good;
use crate::journey::Journey;
use crate::metastore::metastore;
use crate::target::{Mounted, Target};

const SERVER_AND_WORKER: [&str; 2] = ["airflow-3", "airflow-3-worker"];

#[tokio::test]
async fn fields_from_airflow_3_by_a_role_that_may_read_two_tables() {
    let metastore = metastore("3.3.2-postgresql").as_poor_role().await;
    let target = Target::Vault(Mounted::new("secret", 2).await);
    Journey::begin(&metastore, target, "fields", &READERS).complete().await;
}

#[tokio::test]
async fn uris_from_airflow_2_by_a_role_that_may_read_two_tables_to_a_mount_of_several_segments() {
    let metastore = metastore("2.11.2-postgresql").as_poor_role().await;
    let target = Target::Vault(Mounted::new("team/airflow/kv", 2).await);
    Journey::begin(&metastore, target, "uri", &READERS).complete().await;
}

#[tokio::test]
async fn fields_from_airflow_2_to_an_engine_without_versions() {
    let target = Target::Vault(Mounted::new("kv", 1).await);
    Journey::begin(&metastore("2.11.2-sqlite"), target, "fields", &READERS).complete().await;
}

#[tokio::test]
async fn uris_from_airflow_2_to_bare_ids() {
    let mounted = Mounted { paths: ["", "vars/of/airflow"], ..Mounted::new("kv", 2).await };
    Journey::begin(&metastore("2.11.2-sqlite"), Target::Vault(mounted), "uri", &READERS).complete().await;
}

#[tokio::test]
async fn fields_from_airflow_1_10() {
    let target = Target::Vault(Mounted::new("secret", 2).await);
    Journey::begin(&metastore("1.10-sqlite"), target, "fields", &READERS).complete().await;
}

#[tokio::test]
async fn what_only_airflow_2_must_read_is_refused_for_airflow_3_alone() {
    let target = Target::Vault(Mounted::new("kv", 2).await);
    let mut journey = Journey::begin(&metastore("2.11.2-sqlite"), target, "fields", &["airflow-2"]);
    journey.complete().await;
    let is_carried = |id| journey.steps.iter().any(|step| step.key.2 == id && is_good(step));
    assert!(is_carried("extra_not_json") && is_carried("extra_list"));
}

#[tokio::test]
async fn json_from_airflow_3() {
    let target = Target::Vault(Mounted::new("kv", 2).await);
    Journey::begin(&metastore("3.3.2-sqlite"), target, "json", &READERS).complete().await;
}

#[tokio::test]
async fn teams_in_their_folders() {
    let mounted = Mounted { teams: true, ..Mounted::new("kv", 2).await };
    let target = Target::Vault(mounted);
    let mut journey = Journey::begin(&metastore("3.3.2-sqlite"), target, "fields", &SERVER_AND_WORKER);
    journey.complete().await;
    let carried = journey.steps.iter().filter(|step| step.key.1.as_deref() == Some("data") && is_good(step));
    assert_eq!(carried.count(), 2, "a connection and a variable of the team");
    let of_the_team = journey.question_of_the_team().ask(Mode::Search, &SERVER_AND_WORKER[..1]);
    assert!(of_the_team.len() == 2 && of_the_team.iter().all(|seen| seen.found), "{of_the_team:?}");
}
