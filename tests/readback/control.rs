//! What is changed behind our back is seen, by `verify`, by `plan` and by our own checker, and so is a row that is wrong.

use std::fs;

use serde_json::{Value, json};

use crate::airflow::READERS;
use crate::ferry::{Step, key, planned};
use crate::journey::Journey;
use crate::metastore::metastore;
use crate::target::{Mounted, Target};

/// What `verify` found: id, reason, fields.
fn mismatches(journey: &Journey) -> Vec<Value> {
    let report = journey.ferry.verify(3);
    let lines = report["mismatches"].as_array().unwrap().iter();
    lines.map(|line| json!([line["name"]["id"], line["reason"], line["fields"]])).collect()
}

/// The lines in which all three readers say the same of one key.
fn lines(kind: &str, id: &str, words: impl Fn(&str) -> String) -> Vec<String> {
    let mut lines: Vec<_> =
        READERS.iter().map(|reader| format!("({kind:?}, None, {id:?}): {}", words(reader))).collect();
    lines.sort();
    lines
}

/// What a plan refuses now that it did not at first.
fn newly_refused(journey: &Journey) -> Vec<(String, String)> {
    let plan = journey.ferry.plan(3);
    let was_refused = |step: &Step| journey.steps.iter().any(|first| first.key == step.key && first.what == "blocked");
    let blocked = planned(&plan).into_iter().filter(|step| step.what == "block" && !was_refused(step));
    blocked.map(|step| (step.key.2, step.reason)).collect()
}

#[tokio::test]
async fn a_field_changed_in_vault_is_found_and_nothing_else() {
    let mounted = Mounted::new("secret", 2).await;
    let journey = Journey::begin(&metastore("1.10-sqlite"), Target::Vault(mounted), "fields", &READERS);
    let Target::Vault(mounted) = &journey.target else { panic!("it is a Vault") };
    let mut content = mounted.content("connections/postgres_main").await;
    content["host"] = json!("elsewhere.example.com");
    mounted.alter("connections/postgres_main", content).await;
    assert_eq!(mismatches(&journey), [json!(["postgres_main", "differs", ["host"]])]);
    assert_eq!(newly_refused(&journey), [("postgres_main".to_owned(), "drift".to_owned())]);
    let found = lines("connections", "postgres_main", |reader| format!("{reader}: host: is read as another value"));
    assert_eq!(journey.faults(), found);
}

#[tokio::test]
async fn a_key_deleted_in_vault_is_found_and_nothing_else() {
    let mounted = Mounted::new("secret", 2).await;
    let journey = Journey::begin(&metastore("1.10-sqlite"), Target::Vault(mounted), "fields", &READERS);
    let Target::Vault(mounted) = &journey.target else { panic!("it is a Vault") };
    mounted.vault.must("DELETE", &mounted.data("variables/text"), Value::Null).await;
    assert_eq!(mismatches(&journey), [json!(["text", "drift-deleted", []])]);
    assert_eq!(newly_refused(&journey), [("text".to_owned(), "drift-deleted".to_owned())]);
    let said = journey.faults();
    assert!(said.len() >= READERS.len(), "{said:?}");
    assert!(said.iter().all(|line| line.starts_with("(\"variables\", None, \"text\"): ")), "{said:?}");
}

#[tokio::test]
async fn an_entry_changed_in_a_file_is_found_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let target = Target::Files(folder.path().to_owned(), "json");
    let journey = Journey::begin(&metastore("1.10-sqlite"), target, "json", &READERS);
    let file = folder.path().join("variables.json");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("from the older key", "from nowhere")).unwrap();
    assert_eq!(mismatches(&journey), [json!(["older_key", "differs", ["value"]])]);
    assert_eq!(newly_refused(&journey), [("older_key".to_owned(), "drift".to_owned())]);
    let found = lines("variables", "older_key", |reader| format!("{reader}: value: is read as another value"));
    assert_eq!(journey.faults(), found);
}

#[tokio::test]
async fn a_wrong_row_is_found_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let target = Target::Files(folder.path().to_owned(), "json");
    let journey = Journey::begin(&metastore("1.10-sqlite"), target, "json", &READERS);
    let seen = journey.look();
    assert_eq!(journey.faults_of(&journey.rows, &seen), Vec::<String>::new());
    let mut rows = journey.rows.clone();
    rows.iter_mut().find(|row| row.id.as_deref() == Some("plain_row")).unwrap().fields["port"] = json!(22);
    let found = lines("connections", "plain_row", |reader| format!("{reader}: port: is read as another value"));
    assert_eq!(journey.faults_of(&rows, &seen), found);
}

#[test]
fn names_in_reports_are_read_whole() {
    let name = json!({"kind": "variable", "team": "data", "id": "a/b"});
    assert_eq!(key(&name), ("variables".to_owned(), Some("data".to_owned()), "a/b".to_owned()));
}
