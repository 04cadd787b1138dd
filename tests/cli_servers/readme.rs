//! The five minutes of the README, as they are written there: its config, its commands, in its order.

use serde_json::{Value, json};

use crate::story::Story;
use crate::told;
use crate::vault::Vault;

/// The config of the README, with the address of a server of ours, and a file of ours for the secret id.
fn config(vault: &Vault) -> String {
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    let block = readme.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let config: String = block.lines().map(|line| line.strip_prefix("   ").unwrap_or(line).to_owned() + "\n").collect();
    for placeholder in ["https://vault.internal:8200", "/run/secrets/secret-id"] {
        assert!(config.contains(placeholder), "the README's config has no {placeholder}");
    }
    config.replace("https://vault.internal:8200", &vault.address).replace("/run/secrets/secret-id", "secret-id")
}

/// A role with the policy that the manual gives for a target, nothing more; gives its id and a secret id.
async fn role(vault: &Vault) -> (String, String) {
    let manual = include_str!("../../src/provider/vault/README.md");
    let policy = manual.split("# a target\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let policy = format!("{policy}\n{}", policy.replace("/connections/", "/variables/"));
    vault.must("POST", "sys/policies/acl/ferry", json!({ "policy": policy })).await;
    vault.must("POST", "sys/auth/approle", json!({"type": "approle"})).await;
    vault.must("POST", "auth/approle/role/ferry", json!({"token_policies": ["ferry"]})).await;
    let id = vault.must("GET", "auth/approle/role/ferry/role-id", Value::Null).await;
    let secret = vault.must("POST", "auth/approle/role/ferry/secret-id", json!({})).await;
    let text = |answer: &Value, key: &str| answer["data"][key].as_str().unwrap().to_owned();
    (text(&id, "role_id"), text(&secret, "secret_id"))
}

#[tokio::test]
async fn the_migration_works_as_it_is_written() {
    let vault = Vault::start();
    vault.mount("secret", 2).await;
    let (role_id, secret_id) = role(&vault).await;
    let metastores = std::fs::read_to_string(format!("{}/metastores.json", told("METASTORES"))).unwrap();
    let metastores: Value = serde_json::from_str(&metastores).unwrap();
    let airflow = metastores["metastores"].as_array().unwrap();
    let airflow = airflow.iter().find(|metastore| metastore["name"] == "2.11.2-postgresql").unwrap();
    let keys: Vec<_> = airflow["fernet_keys"].as_array().unwrap().iter().filter_map(Value::as_str).collect();

    let mut story = Story::new("servers-readme");
    story.file("secretferry.toml", config(&vault)).file("secret-id", secret_id).set("ROLE_ID", &role_id);
    story.set("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", airflow["url"].as_str().unwrap());
    story.set("AIRFLOW__CORE__FERNET_KEY", &keys.join(","));

    let report = |line: &str, code: i32| {
        let output = story.command(&format!("{line} --json")).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{line}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice::<Value>(&output.stdout).unwrap()
    };
    let check = report("check", 0);
    assert!(check["findings"].as_array().unwrap().iter().all(|finding| finding["severity"] != "error"), "{check}");
    // The metastore has rows on purpose that cannot be carried: those, and only those, make it 3.
    let plan = report("plan migrate", 3);
    assert!(!story.path("secretferry.db").exists(), "a plan writes nothing anywhere");
    let run = report("apply migrate --yes", 3);
    assert_eq!(run["counts"]["created"], plan["counts"]["create"]);
    assert!(run["counts"]["created"].as_u64().unwrap() > 100, "{}", run["counts"]);
    for outcome in ["failed", "unknown", "conflict", "not-started"] {
        assert_eq!(run["counts"][outcome], 0, "{outcome}");
    }
    let again = report("apply migrate --yes", 3);
    assert_eq!((&again["counts"]["created"], &again["counts"]["kept"]), (&json!(0), &run["counts"]["created"]));
    let proof = report("verify migrate", 3);
    assert_eq!((&proof["equal"], &proof["mismatches"]), (&run["counts"]["created"], &json!([])));
    assert_eq!(report("audit verify", 0)["whole"], true);
}
