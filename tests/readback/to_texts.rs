//! Metastores carried to YAML files, to `.env` files of Airflow's file backend, and to the environment, and read back.

use crate::airflow::READERS;
use crate::journey::Journey;
use crate::metastore::metastore;
use crate::target::Target;

async fn carry(source: &str, target: Target, form: &'static str) {
    Journey::begin(&metastore(source), target, form, &READERS).complete().await;
}

#[tokio::test]
async fn yaml_from_airflow_2() {
    let folder = tempfile::tempdir().unwrap();
    carry("2.11.2-postgresql", Target::Files(folder.path().to_owned(), "yaml"), "json").await;
}

#[tokio::test]
async fn lines_from_airflow_3() {
    let folder = tempfile::tempdir().unwrap();
    carry("3.3.2-sqlite", Target::Files(folder.path().to_owned(), "env"), "uri").await;
}

#[tokio::test]
async fn a_plain_environment_from_airflow_3() {
    let folder = tempfile::tempdir().unwrap();
    carry("3.3.2-postgresql", Target::Variables(folder.path().to_owned(), "plain"), "json").await;
}

#[tokio::test]
async fn an_environment_of_docker_compose_from_airflow_2() {
    let folder = tempfile::tempdir().unwrap();
    carry("2.11.2-sqlite", Target::Variables(folder.path().to_owned(), "compose"), "json").await;
}
