//! Configs carried from one Vault to another and to a file, and found by Airflow's own options through `…_SECRET`.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::airflow::{Mode, Question, READERS, Seen, Teams};
use crate::ferry::{Ferry, outcomes};
use crate::target::Mounted;

/// What each entry of the source holds, and what becomes of it: carried with this value, or refused for this reason.
fn entries() -> BTreeMap<&'static str, (Value, Result<&'static str, &'static str>)> {
    BTreeMap::from([
        ("fernet-key", (json!({"value": "Zmlyc3QtdGVzdC1rZXk="}), Ok("Zmlyc3QtdGVzdC1rZXk="))),
        ("line end", (json!({"value": "abc\n"}), Ok("abc\n"))),
        ("blanks", (json!({"value": " x "}), Ok(" x "))),
        ("percent", (json!({"value": "50%(here)s %d %%"}), Ok("50%(here)s %d %%"))),
        ("json", (json!({"value": "{\"a\": 1.10, \"a\": 2}"}), Ok("{\"a\": 1.10, \"a\": 2}"))),
        ("nested/ünï", (json!({"value": "Grüße 🎉"}), Ok("Grüße 🎉"))),
        ("empty", (json!({"value": ""}), Ok(""))),
        ("url", (json!({"value": "postgresql://u:p%40@h/db?x=1&y=2"}), Ok("postgresql://u:p%40@h/db?x=1&y=2"))),
        ("beside others", (json!({"value": "x", "note": "y"}), Ok("x"))),
        ("masked", (json!({"value": "***"}), Err("poisoned"))),
        ("number", (json!({"value": 5}), Err("source-unreadable"))),
    ])
}

/// A Vault with the entries under `old/config`, and a job that carries them to the store of a table.
async fn seeded(old: &Mounted, target: &str, job: &str) -> Ferry {
    for (name, (content, _)) in entries() {
        old.alter(&format!("config/{name}"), content).await;
    }
    old.alter("config/without value", json!({"val": "x"})).await;
    old.alter("connections/out of scope", json!({"host": "h"})).await;
    let source = vault_table(old, "config", "SOURCE_TOKEN");
    let mut ferry = Ferry::new(&source, target, &format!("kinds = ['configs']\n{job}"));
    ferry.set("SOURCE_TOKEN", &old.looking_token().await);
    ferry
}

fn vault_table(mounted: &Mounted, path: &str, token: &str) -> String {
    format!(
        "kind = 'vault'\naddress = '{}'\nmount = '{}'\nconfig-path = '{path}'\n\
         auth = {{ method = 'token', token = {{ env = '{token}' }} }}",
        mounted.vault.address, mounted.mount
    )
}

/// Applies twice and verifies: each entry has the outcome it deserves, and what no reader finds is named.
fn carry(ferry: &Ferry) {
    let run = ferry.apply(3);
    for step in outcomes(&run) {
        let expected = match entries()[step.key.2.as_str()].1 {
            Ok(_) => ("created", "new"),
            Err("poisoned") => ("blocked", "poisoned"),
            Err(reason) => ("quarantined", reason),
        };
        assert_eq!((step.what.as_str(), step.reason.as_str()), expected, "{:?}", step.key);
    }
    assert_eq!(outcomes(&run).len(), entries().len());
    let named = |finding: &&Value| finding["code"] == "source-empty";
    let empty: Vec<_> = run["findings"].as_array().unwrap().iter().filter(named).collect();
    assert!(empty.len() == 1 && empty[0]["subject"].as_str().unwrap().contains("without value"), "{empty:?}");
    let again = ferry.apply(3);
    let (carried, refused): (Vec<_>, Vec<_>) = entries().into_values().partition(|(_, what)| what.is_ok());
    assert_eq!((&again["counts"]["kept"], &again["counts"]["created"]), (&json!(carried.len()), &json!(0)));
    let report = ferry.verify(3);
    assert_eq!((&report["equal"], &report["mismatches"]), (&json!(carried.len()), &json!([])));
    assert_eq!(report["refused"].as_array().unwrap().len(), refused.len());
}

/// Every reader finds every carried value, byte for byte, and none of the others.
fn is_read(question: &Question, readers: &[&str]) {
    let modes = [Mode::Direct, Mode::Search];
    for (mode, seen) in modes.into_iter().zip(question.ask_in(&modes, readers)) {
        let options = if mode == Mode::Search { 2 } else { 1 };
        assert_eq!(seen.len(), entries().len() * readers.len() * options);
        let wrong: Vec<&Seen> = seen.iter().filter(|seen| !is_right(seen, mode)).collect();
        assert!(wrong.is_empty(), "{mode:?}: {wrong:?}");
    }
}

fn is_right(seen: &Seen, mode: Mode) -> bool {
    match entries()[seen.id.as_str()].1 {
        // One option has an empty text as its default, which counts as nothing found.
        Ok("") if mode == Mode::Search => !seen.found || seen.value == "",
        Ok(value) => seen.found && seen.value == value,
        Err(_) => !seen.found,
    }
}

fn ids() -> Value {
    json!({"configs": entries().into_keys().collect::<Vec<_>>()})
}

#[tokio::test]
async fn from_vault_to_vault() {
    let (old, new) = (Mounted::new("old", 2).await, Mounted::new("new", 2).await);
    let mut ferry = seeded(&old, &vault_table(&new, "airflow/config", "TARGET_TOKEN"), "").await;
    ferry.set("TARGET_TOKEN", &new.vault.token);
    carry(&ferry);
    let kwargs = json!({
        "url": new.vault.address, "token": new.vault.token, "mount_point": "new", "config_path": "airflow/config",
    });
    let backend = "airflow.providers.hashicorp.secrets.vault.VaultBackend";
    is_read(
        &Question { backend, kwargs, ids: ids(), teams: Teams::Off, environment: None, cloud: Value::Null },
        &READERS,
    );
}

#[tokio::test]
async fn from_vault_to_a_file_that_airflow_3_reads() {
    let readers = ["airflow-3", "airflow-3-worker"];
    let old = Mounted::new("old", 2).await;
    let ferry =
        seeded(&old, "kind = 'local-files'\nconfigs-file = 'configs.json'", &format!("readers = {readers:?}")).await;
    carry(&ferry);
    let kwargs = json!({"configs_file_path": ferry.folder().join("configs.json")});
    let backend = "airflow.secrets.local_filesystem.LocalFilesystemBackend";
    is_read(
        &Question { backend, kwargs, ids: ids(), teams: Teams::Off, environment: None, cloud: Value::Null },
        &readers,
    );
}
