//! Keys under other names and with other fields in a real Vault, and Vaults that may be read but not listed.

use serde_json::{Value, json};

use crate::vault::{Vault, files_to_vault, story};

#[tokio::test]
async fn a_mapped_migration_is_what_the_vault_holds() {
    let vault = Vault::start(&[]);
    vault.mount_at("secret", 2).await;
    let mut story = story("servers-vault-mapped", &vault);
    story.file(
        "connections.json",
        r#"{"db_main": "postgres://etl:dev@dev-db/main", "db_old": "http://old.example.com", "plain": "http://example.com"}"#,
    );
    story.file("variables.json", r#"{"region": "dev"}"#);
    let job = "rename = { db_old = \"archive\" }\nstrip-prefix = \"db_\"\nadd-prefix = \"prod-\"\n\
               override = { \"db_m*\" = { host = \"prod-db\", password = { env = \"PROD_PASSWORD\" }, \
               extra = { sslmode = \"require\" } }, \"variables/region\" = { value = { env = \"REGION\" } } }\n";
    story.file("secretferry.toml", files_to_vault(&vault.address, "mount = \"secret\"") + job);
    story.set("REGION", "eu").heading("What the job refers to is not there.").run(2, "plan");
    story.set("PROD_PASSWORD", crate::story::SECRET).heading("It is.").run(0, "plan").run(0, "apply --yes");
    story.heading("Once more.").run(0, "plan").run(0, "verify");
    let held =
        async |path: &str| vault.must("GET", &format!("secret/data/{path}"), Value::Null).await["data"]["data"].clone();
    let main = held("connections/prod-main").await;
    let expected = json!({"conn_type": "postgres", "host": "prod-db", "login": "etl", "password": crate::story::SECRET,
        "schema": "main", "extra": "{\"sslmode\": \"require\"}"});
    for (field, value) in expected.as_object().unwrap() {
        assert_eq!(main[field], *value, "{field}");
    }
    assert_eq!(held("connections/archive").await["host"], "old.example.com");
    assert_eq!(held("connections/prod-plain").await["host"], "example.com");
    assert_eq!(held("variables/prod-region").await["value"], "eu");
    let listed = vault.must("LIST", "secret/metadata/connections/", Value::Null).await;
    assert_eq!(listed["data"]["keys"], json!(["archive", "prod-main", "prod-plain"]));
    story.end();
}

/// What Airflow's own guide grants: reading, and nothing else.
const READ_ONLY: &str = "path \"secret/data/connections/*\" { capabilities = [\"read\"] }\n\
                         path \"secret/data/variables/*\" { capabilities = [\"read\"] }\n\
                         path \"secret/data/connections/sealed\" { capabilities = [\"deny\"] }";

#[tokio::test]
async fn airflows_own_rights_are_enough_to_look_key_by_key() {
    let vault = Vault::start(&[]);
    vault.mount_at("secret", 2).await;
    let put = async |path: &str, data: Value| {
        drop(vault.must("POST", &format!("secret/data/{path}"), json!({"data": data})).await)
    };
    put("connections/a", json!({"conn_type": "http", "host": "example.com", "login": "user", "password": "hunter2"}))
        .await;
    put("connections/sealed", json!({"conn_type": "http", "host": "example.com"})).await;
    put("connections/unseen", json!({"conn_type": "http"})).await;
    let token = vault.token_with(READ_ONLY, Value::Null).await;
    let mut story = story("servers-vault-exact", &vault);
    story.file(
        "connections.json",
        r#"{"a": "http://user:hunter2@example.com", "b": "http://b", "sealed": "http://example.com"}"#,
    );
    story.set("VAULT_TOKEN", &token);
    story.heading("Listed, Airflow's own rights are not enough.");
    story.file("secretferry.toml", files_to_vault(&vault.address, "mount = \"secret\""));
    story.run(1, "plan");
    let exact = "mount = \"secret\"\nlisting = \"exact\"";
    story.heading("A target that is not listed.").file("secretferry.toml", files_to_vault(&vault.address, exact));
    story.run(3, "plan").run(3, "verify").run(3, "check vault");
    let turned = files_to_vault(&vault.address, exact).replace(
        "source = \"files\"\ntarget = \"vault\"",
        "source = \"vault\"\ntarget = \"files\"\ninclude = [\"a\", \"sealed\", \"gone\"]",
    );
    story.heading("A source that is not listed.").file("secretferry.toml", &turned);
    story.file("connections.json", "{}").run(0, "check vault").run(3, "apply --yes").run(3, "verify").end();
}
