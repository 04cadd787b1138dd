//! The program itself, into a vault and out of one.

use std::collections::BTreeMap;

use secretferry::provider::StoreSettings as _;
use secretferry::provider::azure_key_vault::KeyVaultSettings;
use secretferry::settings::read_table;
use serde_json::{Value, json};

use crate::fakes::azure::{CLIENT_SECRET, Vault};
use crate::ferry::Ferry;
use crate::opened::table;

const FILES: &str = "kind = 'local-files'\nvariables-file = 'variables.json'";
const VARIABLES: &str = "kinds = ['variables']";

/// A job from a file of variables into a vault; `more` is in it.
fn into(vault: &Vault, more: &str) -> Ferry {
    let target = format!("kind = 'azure-key-vault'\n{}", table(vault, "env = 'KEY'"));
    let stores = [("source", FILES), ("target", target.as_str())];
    Ferry::new(&stores, &[("job", "source", "target")], &format!("{VARIABLES}\n{more}")).with_key(CLIENT_SECRET)
}

fn write(ferry: &Ferry, variables: &BTreeMap<String, String>) {
    std::fs::write(ferry.path("variables.json"), json!(variables).to_string()).unwrap();
}

fn variables<const N: usize>(rows: [(&str, &str); N]) -> BTreeMap<String, String> {
    rows.map(|(id, text)| (id.to_owned(), text.to_owned())).into()
}

fn text(vault: &Vault, id: &str) -> Option<String> {
    vault.with(|azure| azure.secrets.text(&format!("airflow-variables-{id}")).map(str::to_owned))
}

fn reason(report: &Value, name: &str) -> String {
    let step = report["outcomes"].as_array().unwrap().iter().find(|step| step["name"]["id"] == name);
    step.unwrap_or_else(|| panic!("no {name}: {report:#}"))["reason"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn ids_that_would_meet_are_named_before_anything_is_written() {
    let vault = Vault::start();
    let ferry = into(&vault, "");
    let rows = [("my_db", "1"), ("my-db", "2"), ("MY_DB", "3"), ("a.b", "4"), ("fine", "5")];
    write(&ferry, &variables(rows));
    let report = ferry.run(&["apply", "--yes"], 3);
    for name in ["my_db", "my-db", "MY_DB"] {
        assert_eq!(reason(&report, name), "name-collision", "{name}");
    }
    assert_eq!(reason(&report, "a.b"), "illegal-name");
    assert_eq!(vault.with(|azure| azure.secrets.names()), ["airflow-variables-fine"]);
}

#[test]
fn what_a_run_did_is_taken_back() {
    let vault = Vault::start();
    let ferry = into(
        &vault,
        "[jobs.job.policy]\ndeletes = 'owned'\nabsent-for = 1\nmax-deletes = { count = 5, percent = 100 }\nmax-shrink = '100%'\ntombstone = 'restore'",
    );
    write(&ferry, &variables([("updated", "old"), ("deleted", "there"), ("kept", "same")]));
    ferry.run(&["apply", "--yes"], 0);
    write(&ferry, &variables([("updated", "new"), ("created", "here"), ("kept", "same")]));
    let run = ferry.run(&["apply", "--yes"], 0);
    assert_eq!(text(&vault, "deleted"), None);
    ferry.run(&["undo", run["run"].as_str().unwrap(), "--yes"], 0);
    let found = ["updated", "deleted", "created", "kept"].map(|id| text(&vault, id));
    assert_eq!(found.each_ref().map(Option::as_deref), [Some("old"), Some("there"), None, Some("same")]);
    // What was created is in the bin now, and comes back with a new version.
    ferry.run(&["apply", "--yes"], 0);
    assert_eq!(text(&vault, "created").as_deref(), Some("here"));
}

/// A vault that others fill: its names say no more than how Airflow may ask. What we wrote says more.
#[test]
fn a_vault_as_a_source_gives_ids_as_marks_or_airflow_say_them() {
    let vault = Vault::start();
    let there = into(&vault, "");
    write(&there, &variables([("my_key", "ours"), ("Team_Key", "ours too")]));
    there.run(&["apply", "--yes"], 0);
    vault.with(|azure| azure.secrets.put("airflow-variables-their-key", "theirs"));
    let source = format!("kind = 'azure-key-vault'\n{}", table(&vault, "env = 'KEY'"));
    let stores = [("source", source.as_str()), ("target", FILES)];
    let back = Ferry::new(&stores, &[("job", "source", "target")], VARIABLES).with_key(CLIENT_SECRET);
    std::fs::write(back.path("variables.json"), "{}").unwrap();
    let report = back.run(&["apply", "--yes"], 0);
    let written: BTreeMap<String, String> =
        serde_json::from_str(&std::fs::read_to_string(back.path("variables.json")).unwrap()).unwrap();
    assert_eq!(written, variables([("my_key", "ours"), ("Team_Key", "ours too"), ("their-key", "theirs")]));
    let findings = report["findings"].as_array().unwrap();
    let said = |finding: &&serde_json::Value| finding["code"] == "spelling-unknown";
    let said: Vec<_> = findings.iter().filter(said).map(|finding| finding["message"].as_str().unwrap()).collect();
    assert!(said.len() == 1 && said[0].starts_with("keys without our mark: 1;"), "{findings:#?}");
}

#[test]
fn the_table_of_the_manual_has_no_fault() {
    let manual = include_str!("../../src/provider/azure_key_vault/README.md");
    let block = manual.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
    let config: toml::Table = block.parse().unwrap();
    let mut table = config["stores"]["key-vault"].as_table().unwrap().clone();
    table.remove("kind");
    let settings: KeyVaultSettings = read_table(table).unwrap();
    assert_eq!(settings.faults(), Vec::new());
}
