//! The options of an airflow.cfg carried to a Vault and to a file; then Airflow is set to look for them there.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::airflow::{Airflow, options};
use crate::ferry::{Ferry, outcomes};
use crate::target::Mounted;

const FILE: &str = "\
# Airflow's own
[core]
fernet_key = Zmlyc3QtdGVzdC1rZXktb2YtMzItYnl0ZXMtbG9uZyE=
dags_folder = /dags
[api]
secret_key = blanks within  and =signs= # no comment
[webserver]
secret_key = 50%% of Grüße 🎉
[database]
sql_alchemy_engine_args = {\"echo\":
    false}
[logging]
remote_task_handler_kwargs = {\"region\": \"%(base)s-1\"}
base = eu
[sentry]
sentry_dsn_cmd = echo nobody-runs-this
[smtp]
smtp_password = pa$HOME
";

/// Options that are carried, and what each config is called by default.
const CARRIED: [(&str, &str); 5] = [
    ("core.fernet_key", "core_fernet_key"),
    ("api.secret_key", "api_secret_key"),
    ("webserver.secret_key", "webserver_secret_key"),
    ("database.sql_alchemy_engine_args", "database_sql_alchemy_engine_args"),
    ("logging.remote_task_handler_kwargs", "logging_remote_task_handler_kwargs"),
];

/// A variable of the process goes before the file, for Airflow as for us.
const VARIABLE: (&str, &str) = ("AIRFLOW__CORE__FERNET_KEY", "from the variable, 100%");

/// Options that Airflow itself looks for in a backend.
fn sensitive(airflow: Airflow) -> impl Iterator<Item = (&'static str, &'static str)> {
    // Each Airflow knows one of the two keys of its web server.
    let strange = if airflow == Airflow::Two { "api.secret_key" } else { "webserver.secret_key" };
    CARRIED.into_iter().filter(move |(option, _)| *option != strange)
}

/// Carries the options to the store of a table; each has the outcome it deserves.
fn carry(target: &str, job: &str, token: &str) -> Ferry {
    let source = "kind = 'airflow-cfg'\nfile = 'airflow.cfg'\nvariables = 'process'";
    let mut ferry = Ferry::new(source, target, &format!("kinds = ['configs']\n{job}"));
    std::fs::write(ferry.folder().join("airflow.cfg"), FILE).unwrap();
    ferry.set(VARIABLE.0, VARIABLE.1);
    ferry.set("TARGET_TOKEN", token);
    let run = ferry.apply(3);
    let found: BTreeMap<String, String> = outcomes(&run).into_iter().map(|step| (step.key.2, step.what)).collect();
    let mut expected: BTreeMap<_, _> = CARRIED.map(|(_, name)| (name.to_owned(), "created".to_owned())).into();
    for refused in ["sentry_sentry_dsn", "smtp_smtp_password"] {
        expected.insert(refused.to_owned(), "quarantined".to_owned());
    }
    assert_eq!(found, expected);
    let again = ferry.apply(3);
    assert_eq!((&again["counts"]["kept"], &again["counts"]["created"]), (&json!(CARRIED.len()), &json!(0)));
    assert_eq!(ferry.verify(3)["equal"], CARRIED.len());
    ferry
}

/// Every option has the value it had before, now that only its place is told.
fn is_found(airflow: Airflow, class: &str, kwargs: &Value) {
    let names: Vec<_> = sensitive(airflow).map(|(option, _)| option).collect();
    let before = options(airflow, FILE, &json!({VARIABLE.0: VARIABLE.1}), &names);
    let mut places =
        format!("[secrets]\nbackend = {class}\nbackend_kwargs = {}\n", kwargs.to_string().replace('%', "%%"));
    for (option, name) in sensitive(airflow) {
        let (section, option) = option.split_once('.').unwrap();
        places += &format!("[{section}]\n{option}_secret = {name}\n");
    }
    assert_eq!(options(airflow, &places, &json!({}), &names), before);
    let set = before.as_object().unwrap().values().filter(|value| value.as_str().is_some_and(|text| !text.is_empty()));
    assert_eq!(set.count(), names.len(), "{before}");
    // Airflow 3 stands for both: it does not find them by accident.
    let elsewhere = places.replace("_secret = ", "_secret = no_");
    assert!(airflow == Airflow::Two || options(airflow, &elsewhere, &json!({}), &names) != before);
}

#[tokio::test]
async fn to_vault_where_both_airflows_find_them() {
    let vault = Mounted::new("secret", 2).await;
    let table = format!(
        "kind = 'vault'\naddress = '{}'\nauth = {{ method = 'token', token = {{ env = 'TARGET_TOKEN' }} }}",
        vault.vault.address
    );
    carry(&table, "", &vault.vault.token);
    let kwargs = json!({"url": vault.vault.address, "token": vault.vault.token});
    for airflow in [Airflow::Two, Airflow::Three] {
        is_found(airflow, "airflow.providers.hashicorp.secrets.vault.VaultBackend", &kwargs);
    }
}

#[tokio::test]
async fn to_a_yaml_file_where_airflow_3_finds_them() {
    let table = "kind = 'local-files'\nconfigs-file = 'configs.yaml'";
    let ferry = carry(table, "readers = ['airflow-3', 'airflow-3-worker']", "");
    let kwargs = json!({"configs_file_path": ferry.folder().join("configs.yaml")});
    is_found(Airflow::Three, "airflow.secrets.local_filesystem.LocalFilesystemBackend", &kwargs);
}
