//! The five minutes of the README, as they are written there: its config, its commands, in its order.

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::story::Story;
use crate::told;
use crate::vault::Vault;

const README: &str = include_str!("../../README.md");

/// The first block of the README in a language, without the indent of its list.
fn block(language: &str) -> String {
    let fence = format!("```{language}\n");
    let block = README.split(fence.as_str()).nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    block.lines().map(|line| line.strip_prefix("   ").unwrap_or(line).to_owned() + "\n").collect()
}

/// The config of the README, with the address of a server of ours, and a file of ours for the secret id.
fn config(vault: &Vault) -> String {
    let config = block("toml");
    for placeholder in ["https://vault.internal:8200", "/run/secrets/secret-id"] {
        assert!(config.contains(placeholder), "the README's config has no {placeholder}");
    }
    config.replace("https://vault.internal:8200", &vault.address).replace("/run/secrets/secret-id", "secret-id")
}

/// The policy that the manual gives for a target, for both kinds.
fn ferry_policy() -> String {
    let manual = include_str!("../../src/provider/vault/README.md");
    let policy = manual.split("# a target\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    format!("{policy}\n{}", policy.replace("/connections/", "/variables/"))
}

/// The policy that the README gives to Airflow.
fn airflow_policy() -> String {
    let words = "`read` on `secret/data/connections/*` and `secret/data/variables/*`";
    assert!(README.contains(words), "the README says otherwise what Airflow needs");
    let paths = words.split('`').filter(|word| word.contains('/'));
    paths.map(|path| format!("path \"{path}\" {{ capabilities = [\"read\"] }}\n")).collect()
}

/// A role with a policy, nothing more; gives its id and a secret id.
async fn role(vault: &Vault, name: &str, policy: &str) -> (String, String) {
    vault.must("POST", &format!("sys/policies/acl/{name}"), json!({ "policy": policy })).await;
    vault.must("POST", &format!("auth/approle/role/{name}"), json!({"token_policies": [name]})).await;
    let id = vault.must("GET", &format!("auth/approle/role/{name}/role-id"), Value::Null).await;
    let secret = vault.must("POST", &format!("auth/approle/role/{name}/secret-id"), json!({})).await;
    let text = |answer: &Value, key: &str| answer["data"][key].as_str().unwrap().to_owned();
    (text(&id, "role_id"), text(&secret, "secret_id"))
}

/// Lets a real Airflow read with the README's settings; gives how many of the ids it finds.
async fn found_by_airflow(vault: &Vault, python: &str, ids: &Value) -> usize {
    let settings = block("ini");
    let value = |key: &str| settings.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(" = ")).unwrap();
    let mut kwargs: Value = serde_json::from_str(value("backend_kwargs")).unwrap();
    let (role_id, secret_id) = role(vault, "airflow", &airflow_policy()).await;
    for (key, value) in [("url", &vault.address), ("role_id", &role_id), ("secret_id", &secret_id)] {
        kwargs[key] = json!(value);
    }
    let request = json!({"mode": "direct", "backend": value("backend"), "kwargs": kwargs, "ids": ids});
    let mut airflow = Command::new(told(python));
    airflow.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/airflow/readback.py"));
    let mut airflow = airflow.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    airflow.stdin.take().unwrap().write_all(request.to_string().as_bytes()).unwrap();
    let said = String::from_utf8(airflow.wait_with_output().unwrap().stdout).unwrap();
    let lines = said.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.filter(|line| line["found"] == true && line["error"].is_null()).count()
}

#[tokio::test]
async fn the_migration_works_as_it_is_written() {
    let vault = Vault::start(&[]);
    vault.mount_at("secret", 2).await;
    vault.must("POST", "sys/auth/approle", json!({"type": "approle"})).await;
    let (role_id, secret_id) = role(&vault, "ferry", &ferry_policy()).await;
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

    let created = run["outcomes"].as_array().unwrap().iter().filter(|step| step["outcome"] == "created");
    let names: Vec<_> = created.map(|step| step["name"].clone()).collect();
    let of = |kind: &str| -> Vec<Value> {
        let plain = |name: &&Value| name["kind"] == kind && name["id"].as_str().is_some_and(|id| !id.contains('/'));
        names.iter().filter(plain).take(5).map(|name| name["id"].clone()).collect()
    };
    let ids = json!({"connections": of("connection"), "variables": of("variable"), "configs": []});
    // Airflow 3 answers once for the server and once for a worker.
    for (python, answers) in [("AIRFLOW_2", 10), ("AIRFLOW_3", 20)] {
        assert_eq!(found_by_airflow(&vault, python, &ids).await, answers, "{python}: {ids}");
    }
}
