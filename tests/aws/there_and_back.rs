//! From store to store and back again: what comes home is what left.

use serde_json::{Value, json};

use crate::ferry::Ferry;
use crate::moto::{Moto, unique};
use crate::shop::{self, table};
use crate::vault_server as vault;

const SECRETS: &str = "aws-secrets-manager";
const PARAMETERS: &str = "aws-parameter-store";
const KINDS: &str = "kinds = ['connections', 'variables', 'configs']";

/// There and back over stores of these tables; all that there is takes part both times.
fn carry(stores: [&str; 3], key: &str, job: &str) -> Ferry {
    let [home, away, again] = stores;
    let stores = [("home", home), ("away", away), ("again", again)];
    let jobs = [("there", "home", "away"), ("back", "away", "again")];
    let ferry = Ferry::new(&stores, &jobs, job).with_key(key);
    for job in ["there", "back"] {
        assert_eq!(ferry.carry(job), shop::all().len() as u64, "{job}");
    }
    ferry
}

async fn furnish_secrets(moto: &Moto, prefix: &str) {
    for (name, value) in shop::all() {
        moto.put_secret(&format!("{prefix}/{name}"), &shop::stored(&value)).await;
    }
}

#[tokio::test]
async fn vault_and_secrets_manager() {
    let (server, moto) = (vault::shared().await, Moto::start());
    let (home, again) = (server.mount(2).await, server.mount(2).await);
    for (name, value) in shop::all() {
        let map = if value.is_object() { value } else { json!({ "value": value }) };
        server.must("POST", &format!("{home}/data/{name}"), json!({ "data": map })).await;
    }
    let token = "auth = { method = 'token', token = { env = 'KEY' } }";
    let of_vault = |mount: &str| format!("kind = 'vault'\naddress = '{}'\nmount = '{mount}'\n{token}", server.address);
    let away = table(SECRETS, &moto.address, "airflow");
    carry([&of_vault(&home), &away, &of_vault(&again)], &server.token, KINDS);
    assert_eq!(shop::secrets(&moto, "airflow").await, shop::expected());
    for (name, value) in shop::all() {
        let [mut left, mut came] = [Value::Null, Value::Null];
        for (mount, found) in [(&home, &mut left), (&again, &mut came)] {
            *found = server.must("GET", &format!("{mount}/data/{name}"), Value::Null).await["data"]["data"].take();
        }
        assert_eq!(shop::plain(came), shop::plain(left), "{name} of {value}");
    }
}

#[tokio::test]
async fn secrets_manager_and_parameter_store() {
    let moto = Moto::start();
    furnish_secrets(&moto, "home").await;
    carry(
        [
            &table(SECRETS, &moto.address, "home"),
            &table(PARAMETERS, &moto.address, "/away"),
            &table(SECRETS, &moto.address, "again"),
        ],
        "any",
        KINDS,
    );
    assert_eq!(shop::secrets(&moto, "home").await, shop::expected());
    assert_eq!(shop::parameters(&moto, "/away").await, shop::expected());
    assert_eq!(shop::secrets(&moto, "again").await, shop::expected());
}

#[tokio::test]
async fn secrets_manager_of_two_accounts() {
    let (one, other) = (Moto::start(), Moto::start());
    furnish_secrets(&one, "home").await;
    carry(
        [
            &table(SECRETS, &one.address, "home"),
            &table(SECRETS, &other.address, "home"),
            &table(SECRETS, &one.address, "again"),
        ],
        "any",
        KINDS,
    );
    assert_eq!(shop::secrets(&other, "home").await, shop::expected());
    assert_eq!(shop::secrets(&one, "again").await, shop::expected());
}

#[tokio::test]
async fn parameter_store_and_files() {
    let moto = Moto::start();
    let (home, again) = (unique("/home"), unique("/again"));
    for (name, value) in shop::all() {
        moto.put_parameter(&format!("{home}/{name}"), &shop::stored(&value)).await;
    }
    let files = "kind = 'local-files'\nconnections-file = 'connections.json'\nvariables-file = 'variables.json'\n\
                 configs-file = 'configs.json'";
    // Airflow 2 reads no configs from files.
    let job = format!("{KINDS}\nreaders = ['airflow-3', 'airflow-3-worker']");
    let stores = [&table(PARAMETERS, &moto.address, &home), files, &table(PARAMETERS, &moto.address, &again)];
    let ferry = carry(stores, "any", &job);
    assert_eq!(shop::parameters(&moto, &again).await, shop::expected());
    let written = std::fs::read_to_string(ferry.path("variables.json")).unwrap();
    let written: Value = serde_json::from_str(&written).unwrap();
    assert_eq!(written, json!(shop::texts()));
}
