//! Metastores carried to local files, and read back.

use crate::airflow::READERS;
use crate::journey::Journey;
use crate::metastore::metastore;
use crate::target::Target;

async fn carry(source: &str, form: &'static str) {
    let folder = tempfile::tempdir().unwrap();
    let target = Target::Files(folder.path().to_owned(), "json");
    Journey::begin(&metastore(source), target, form, &READERS).complete().await;
}

#[tokio::test]
async fn json_from_airflow_2() {
    carry("2.11.2-sqlite", "json").await;
}

#[tokio::test]
async fn uris_from_airflow_3() {
    carry("3.3.2-postgresql", "uri").await;
}

#[tokio::test]
async fn fields_from_airflow_1_10() {
    carry("1.10-sqlite", "fields").await;
}
