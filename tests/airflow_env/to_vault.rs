//! Vault, read by Airflows with credentials of their own and the printed policy.

use serde_json::{Value, json};

use crate::airflow::{all_see, none_sees};
use crate::program::Program;
use crate::vault::Vault;

async fn carried(vault: &Vault, more: &str, job: &str) -> Program {
    let mut program = Program::new(&format!("kind = 'vault'\naddress = '{}'\n{more}", vault.address), job);
    program.environment.insert("VAULT_TOKEN".to_owned(), vault.token.clone());
    program.run(&["apply", "--yes"], 0);
    let printed = program.report(&["airflow-env", "target"], 0);
    assert_eq!(printed["schema"], "secretferry.airflow-env/1");
    vault.airflows_policy(printed["policy"].as_str().unwrap()).await;
    program
}

fn needs(program: &Program, expected: &[&str]) {
    let printed = program.report(&["airflow-env", "target"], 0);
    let packages: Vec<_> = printed["packages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|package| package["requirement"].as_str().unwrap())
        .collect();
    assert_eq!(packages, expected);
}

#[tokio::test]
async fn a_token_that_the_library_finds_by_itself() {
    let vault = Vault::with("team/kv", 2).await;
    let program = carried(&vault, "mount = 'team/kv'\nconfig-path = false", "").await;
    let token = vault.airflows_token().await;
    let environment = program.variables(&[("token of Airflow", &token)]);
    assert_eq!(environment["VAULT_TOKEN"], token);
    assert!(!environment["AIRFLOW__SECRETS__BACKEND_KWARGS"].contains("token"), "{environment:?}");
    all_see(&json!({"environment": environment}));
    needs(&program, &["apache-airflow-providers-hashicorp>=4.6.0"]);
    // The policy lets it read, and nothing else.
    for (method, path) in [("LIST", "team/kv/metadata/connections/"), ("POST", "team/kv/data/connections/warehouse")] {
        let (status, _) = vault.ask_as(&token, method, path, json!({"data": {}})).await;
        assert_eq!(status, 403, "{method} {path}");
    }
    // The control: a policy that grants less is noticed.
    vault.airflows_policy("path \"team/kv/data/connections\" { capabilities = [\"read\"] }").await;
    none_sees(&json!({"environment": environment}));
}

#[tokio::test]
async fn an_approle_at_a_mount_of_its_own_and_paths_in_lists_by_airflow_cfg() {
    let vault = Vault::with("kv", 2).await;
    let more = "mount = 'kv'\nconnections-path = ['air/connections', 'old 100%']\nvariables-path = ''\n\
                auth = { method = 'approle', mount = 'our/approle', role-id = { env = 'R' }, secret-id = { env = 'S' } }";
    vault
        .airflows_policy("path \"*\" { capabilities = [\"create\", \"read\", \"update\", \"patch\", \"list\"] }")
        .await;
    let (role_id, secret_id) = vault.airflows_approle("our/approle").await;
    let mut program =
        Program::new(&format!("kind = 'vault'\naddress = '{}'\n{more}", vault.address), "format = 'json'");
    program.environment.extend([("R".to_owned(), role_id.clone()), ("S".to_owned(), secret_id.clone())]);
    program.run(&["apply", "--yes"], 0);
    let notes = program.report(&["plan"], 0)["findings"].clone();
    let printed = program.report(&["airflow-env", "target"], 0);
    vault.airflows_policy(printed["policy"].as_str().unwrap()).await;
    let filled = [("role id of Airflow", role_id.as_str()), ("secret id of Airflow", secret_id.as_str())];
    all_see(&json!({"airflow_cfg": program.cfg(&filled)}));
    all_see(&json!({"environment": program.variables(&filled)}));
    // Lists need more than JSON does, and one package has one least version.
    needs(&program, &["apache-airflow-providers-hashicorp>=4.8.0"]);
    let told: Vec<_> = notes.as_array().unwrap().iter().map(|finding| finding["message"].as_str().unwrap()).collect();
    for version in [">=4.7.2: connections as JSON", ">=4.8.0: lists of paths"] {
        assert_eq!(told.iter().filter(|message| message.contains(version)).count(), 1, "{version} once in {told:?}");
    }
}

#[tokio::test]
async fn an_engine_without_versions_is_told_of_without_being_configured() {
    let vault = Vault::with("kv", 1).await;
    let program =
        carried(&vault, "mount = 'kv'\nconnections-path = 'c'\nvariables-path = 'v'", "format = 'json'").await;
    let token = vault.airflows_token().await;
    all_see(&json!({"environment": program.variables(&[("token of Airflow", &token)])}));
}

#[tokio::test]
async fn a_user_with_a_password() {
    let vault = Vault::with("secret", 2).await;
    vault.must("POST", "sys/auth/userpass", json!({"type": "userpass"})).await;
    let user = async |policy: &str| {
        let body = json!({"password": "pass word's", "token_policies": [policy]});
        vault.must("POST", "auth/userpass/users/ferry", body).await;
    };
    let all =
        json!({"policy": "path \"*\" { capabilities = [\"create\", \"read\", \"update\", \"patch\", \"list\"] }"});
    vault.must("POST", "sys/policies/acl/all", all).await;
    user("all").await;
    let auth = "auth = { method = 'userpass', username = 'ferry', password = { env = 'P' } }";
    let mut program = Program::new(&format!("kind = 'vault'\naddress = '{}'\n{auth}", vault.address), "");
    program.environment.insert("P".to_owned(), "pass word's".to_owned());
    program.run(&["apply", "--yes"], 0);
    let printed: Value = program.report(&["airflow-env", "target"], 0);
    vault.airflows_policy(printed["policy"].as_str().unwrap()).await;
    user("airflow").await;
    all_see(
        &json!({"airflow_cfg": program.cfg(&[("user of Airflow", "ferry"), ("password of that user", "pass word's")])}),
    );
}
