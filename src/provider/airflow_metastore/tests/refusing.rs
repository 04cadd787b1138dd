//! What stands in the way of a metastore, and how it is said.

use std::time::Duration;

use super::fixture::{AIRFLOW_1_10, Fixture, everything, keys};
use crate::model::{ErrorKind, Finding, Kind, Severity};
use crate::provider::airflow_metastore::MetastoreSettings;
use crate::provider::{Role, StoreSettings as _};
use crate::settings::{DurationText, read_table};

async fn complaint(fixture: &Fixture) -> Finding {
    let settings = MetastoreSettings { timeout: Some(DurationText(Duration::from_millis(200))), ..fixture.settings() };
    let store = fixture.try_open(settings).await.expect("the URL is good");
    let mut findings = store.check(Role::Source, &Kind::ALL).await;
    findings.retain(|finding| finding.severity == Severity::Error);
    assert_eq!(findings.len(), 1, "{findings:?}");
    findings.remove(0)
}

#[tokio::test]
async fn a_missing_file_is_said_and_not_made() {
    let fixture = Fixture::bare();
    let finding = complaint(&fixture).await;
    assert!(finding.message.contains("no such file") && finding.message.contains("airflow.db"), "{finding:?}");
    let error = fixture.open().await.list(&everything()).await.expect_err("there is nothing");
    assert_eq!(error.kind, ErrorKind::Invalid);
    assert!(!fixture.database().exists());
}

#[tokio::test]
async fn a_file_of_another_kind_is_said() {
    let fixture = Fixture::bare();
    std::fs::write(fixture.database(), "name,value\n".repeat(200)).expect("the folder is ours");
    assert!(complaint(&fixture).await.message.contains("not a SQLite database"));
    std::fs::write(fixture.database(), "").expect("the folder is ours");
    assert!(complaint(&fixture).await.message.contains("neither a table connection nor a table variable"));
    fixture.change("CREATE TABLE connection (id, peer); CREATE TABLE variable (key, val, is_encrypted)").await;
    assert!(complaint(&fixture).await.message.contains("no column conn_id"));
}

#[tokio::test]
async fn a_locked_file_is_said() {
    let fixture = Fixture::with(&[AIRFLOW_1_10]).await;
    let mut writer = fixture.writer().await;
    sqlx::raw_sql("BEGIN EXCLUSIVE").execute(&mut writer).await.expect("nobody else is there");
    let finding = complaint(&fixture).await;
    assert_eq!(finding.code, "unreachable");
    assert!(finding.message.contains("locked"), "{finding:?}");
}

#[tokio::test]
async fn another_encoding_is_refused_rather_than_misread() {
    let fixture = Fixture::with(&["PRAGMA encoding = 'UTF-16'; CREATE TABLE variable (key, val, is_encrypted)"]).await;
    assert!(complaint(&fixture).await.message.contains("UTF-8"));
}

#[tokio::test]
async fn a_run_reads_one_database_wherever_its_url_leads_later() {
    let fixture = Fixture::with(&[AIRFLOW_1_10, "INSERT INTO variable (key, val) VALUES ('v', 'x')"]).await;
    let store = fixture.open().await;
    assert_eq!(keys(&store).await, ["variables/v"]);
    fixture.put("url", "postgresql://user:canary@elsewhere/airflow");
    let error = store.list(&everything()).await.expect_err("it moved");
    assert!(error.context.contains("elsewhere:5432/airflow") && !error.context.contains("canary"), "{error}");
}

#[tokio::test]
async fn bad_urls_are_refused_at_the_door() {
    let fixture = Fixture::bare();
    fixture.put("url", "mysql://user:canary@h/airflow");
    let error = fixture.try_open(fixture.settings()).await.expect_err("not built");
    assert_eq!(error.kind, ErrorKind::Invalid);
    assert!(error.to_string().contains("not built yet") && !error.to_string().contains("canary"), "{error}");
    fixture.put("url", "sqlite:////airflow.db");
    let schema = MetastoreSettings { schema: Some("airflow".to_owned()), ..fixture.settings() };
    assert!(fixture.try_open(schema).await.expect_err("SQLite").to_string().contains("schemas"));
    let missing = MetastoreSettings { url: None, ..fixture.settings() };
    let error = fixture.try_open(missing).await.expect_err("the variable is not set here");
    assert!(error.to_string().contains("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"), "{error}");
}

#[test]
fn the_table_of_the_manual_loads_and_every_fault_is_named() {
    let manual = include_str!("../README.md");
    let block = manual.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).expect("a block");
    let config: toml::Table = block.parse().expect("good TOML");
    let mut table = config["stores"]["airflow"].as_table().expect("a table").clone();
    assert_eq!(
        table.remove("kind").and_then(|kind| kind.as_str().map(str::to_owned)).as_deref(),
        Some(super::super::KIND)
    );
    let settings: MetastoreSettings = read_table(table).expect("the manual is right");
    assert_eq!(settings.faults(), []);
    let wrong =
        "url = \"postgresql://canary\"\nfernet_key = { env = \"X\" }\n[tls]\nclient-key = \"k\"".parse().expect("TOML");
    let faults = read_table::<MetastoreSettings>(wrong).expect_err("it is wrong");
    let paths: Vec<&str> = faults.iter().map(|fault| fault.path.as_str()).collect();
    assert_eq!(paths, ["url", "fernet_key"]);
    assert!(!format!("{faults:?}").contains("canary"));
    let half = "schema = \"\"\ntimeout = \"0s\"\n[tls]\nclient-key = \"k\"".parse().expect("TOML");
    let settings: MetastoreSettings = read_table(half).expect("nothing is unknown");
    let faults = settings.faults();
    assert_eq!(faults.iter().map(|fault| fault.path.as_str()).collect::<Vec<_>>(), ["schema", "timeout", "tls"]);
}
