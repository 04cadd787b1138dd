//! Azure and Google, on their strict stand-ins: both as target and as source, the SDKs' own logs included.

use serde_json::{Value, json};

use crate::fakes::azure::Vault;
use crate::fakes::google::identity::TOKEN;
use crate::fakes::google::{PROJECT, SecretManager};
use crate::ground::Ground;

/// Files full of canaries, to be carried into the store `to`, and on into another of its kind; `token` lets us in to both.
fn files_to(tables: &str, token: &str) -> Ground {
    let mut ground = Ground::new();
    let mut hatch = |name: &str| ground.aviary.hatch(name);
    let connection = json!({
        "conn_type": "http", "host": hatch("host"), "login": hatch("login"), "password": hatch("password"),
        "extra": json!({"leaf": hatch("extra leaf")}).to_string(),
    });
    let variables: serde_json::Map<_, _> =
        (0..6).map(|number| (format!("v{number}"), Value::from(hatch(&format!("variable {number}"))))).collect();
    ground.put("connections.json", &json!({"c": connection}).to_string());
    ground.put("variables.json", &Value::Object(variables).to_string());
    ground.aviary.watch("access token", token.as_bytes());
    ground.put("token", token);
    let config = format!(
        "[ledger]\nurl = \"sqlite://ledger.db\"\n\n[stores.files]\nkind = \"local-files\"\n\
         connections-file = \"connections.json\"\nvariables-file = \"variables.json\"\n\n{tables}\n\
         [jobs.there]\nsource = \"files\"\ntarget = \"to\"\n\n[jobs.on]\nsource = \"to\"\ntarget = \"next\"\n"
    );
    ground.put("secretferry.toml", &config);
    ground
}

/// The tables of `to` and `next`, which differ in their prefixes alone.
fn both(table: &str) -> String {
    let one = |name: &str| {
        format!(
            "[stores.{name}]\n{table}auth = {{ method = \"token\", token = {{ file = \"token\" }} }}\n\
             connections-prefix = \"{name}-c\"\nvariables-prefix = \"{name}-v\"\nconfig-prefix = false\n"
        )
    };
    one("to") + &one("next")
}

async fn carried(mut ground: Ground) {
    for job in ["there", "on"] {
        let applied = ground.run(&["apply", job, "--yes", "-vvv", "--json"]).await.with_code(0);
        assert_eq!(applied.json()["counts"]["created"], 7, "the control: {applied:?}");
        for command in
            [&["plan", job, "-vvv"][..], &["apply", job, "--yes", "-vvv"], &["verify", job, "-vvv", "--json"]]
        {
            ground.run(command).await.with_code(0);
        }
    }
    for command in [&["check", "-vvv"][..], &["show", "c"], &["show", "v0", "--json"], &["airflow-env", "to"]] {
        ground.run(command).await;
    }
    ground.search_files();
}

#[tokio::test]
async fn carried_to_azure_and_on() {
    let vault = Vault::start();
    let table = format!(
        "kind = \"azure-key-vault\"\nvault-url = {:?}\nverify-challenge = false\ntls = {{ ca = {:?} }}\n\
         pace = {{ all = 10000, create = 10000 }}\n",
        vault.url, vault.certificate
    );
    carried(files_to(&both(&table), &vault.token())).await;
}

#[tokio::test]
async fn carried_to_google_and_on() {
    let fake = SecretManager::start();
    let table = format!(
        "kind = \"gcp-secret-manager\"\nproject = {PROJECT:?}\nendpoint-url = {:?}\n\
         pace = {{ list = 10000, read = 10000, write = 10000, delete = 10000 }}\n",
        fake.address
    );
    carried(files_to(&both(&table), TOKEN)).await;
}
