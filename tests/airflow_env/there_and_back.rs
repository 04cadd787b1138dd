//! What `airflow-env` printed, read by `init`: the config that comes of it finds the same store.

use serde_json::{Value, json};

use crate::airflow::told;
use crate::program::Program;
use crate::vault::Vault;

#[tokio::test]
async fn a_config_made_of_airflows_own_settings_works() {
    let vault = Vault::with("kv", 2).await;
    vault
        .airflows_policy("path \"kv/*\" { capabilities = [\"create\", \"read\", \"update\", \"patch\", \"list\"] }")
        .await;
    let (role_id, secret_id) = vault.airflows_approle("approle").await;
    let table = format!(
        "kind = 'vault'\naddress = '{}'\nmount = 'kv'\nconnections-path = 'air/c'\nvariables-path = 'air/v'\nconfig-path = false\n\
         auth = {{ method = 'approle', role-id = {{ env = 'R' }}, secret-id = {{ env = 'S' }} }}",
        vault.address
    );
    let mut program = Program::new(&table, "");
    let filled = [("role id of Airflow", role_id.as_str()), ("secret id of Airflow", secret_id.as_str())];
    let metastores = std::fs::read_to_string(format!("{}/metastores.json", told("METASTORES"))).unwrap();
    let metastores: Value = serde_json::from_str(&metastores).unwrap();
    let metastore =
        metastores["metastores"].as_array().unwrap().iter().find(|one| one["name"] == "2.11.2-sqlite").unwrap();
    let (url, key) = (metastore["url"].as_str().unwrap(), metastore["fernet_keys"][0].as_str().unwrap());
    let cfg = format!("[core]\nfernet_key = {key}\n[database]\nsql_alchemy_conn = {url}\n{}", program.cfg(&filled));
    program.write("airflow.cfg", &cfg);
    program.run(&["init", "--from-airflow", "airflow.cfg", "--output", "made.toml"], 0);
    let made = std::fs::read_to_string(program.path("made.toml")).unwrap();
    for secret in [role_id.as_str(), &secret_id, key] {
        assert!(!made.contains(secret), "{made}");
    }
    program.environment = program.variables(&filled);
    program.environment.insert("AIRFLOW__CORE__FERNET_KEY".to_owned(), key.to_owned());
    program.environment.insert("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN".to_owned(), url.to_owned());
    let found = program.report(&["check", "--config", "made.toml"], 0);
    assert!(found["findings"].as_array().unwrap().iter().all(|finding| finding["severity"] != "error"), "{found:#}");
    program.report(&["apply", "--yes", "--config", "made.toml"], 3);
    let (_, listed) = vault.ask_as(&vault.token, "LIST", "kv/metadata/air/", Value::Null).await;
    assert_eq!(listed["data"]["keys"], json!(["c/", "v/"]), "the paths are the arguments'");
}
