//! What a token may not do: the policy text that is missing.

use serde_json::{Value, json};

use crate::story::SECRET;
use crate::vault::{Vault, files_to_vault, story};

#[tokio::test]
async fn a_right_that_a_target_lacks_is_named_with_its_policy_text() {
    let vault = Vault::start(&[]);
    vault.mount_at("secret", 2).await;
    let mut story = story("servers-vault-rights", &vault);
    story.file(
        "secretferry.toml",
        files_to_vault(&vault.address, "mount = \"secret\"\nvariables-path = false") + "kinds = [\"connections\"]\n",
    );
    let data = r#"path "secret/data/connections/*" { capabilities = ["read", "list"] }"#;
    let policies = [
        ("No right at all.", "# none".to_owned()),
        ("What VaultBackend needs to read, and no right on metadata.", data.to_owned()),
        (
            "All that a plan needs.",
            format!("{data}\npath \"secret/metadata/connections/*\" {{ capabilities = [\"read\", \"list\"] }}"),
        ),
    ];
    for ((heading, policy), plans) in policies.into_iter().zip([1, 1, 0]) {
        let token = vault.token_with(&policy, Value::Null).await;
        story.heading(heading).set("VAULT_TOKEN", &token).run(plans, "plan").run(3, "check vault");
    }
    story.heading("And then it writes.").run(3, "apply --yes");
    story.end();
    assert_eq!(vault.ask("GET", "secret/data/connections/a", Value::Null).await.0, 404, "nothing was written");
}

#[tokio::test]
async fn a_source_needs_less() {
    let vault = Vault::start(&[]);
    vault.mount_at("secret", 2).await;
    vault.must("POST", "secret/data/connections/a", json!({"data": {"conn_uri": "http://example.com"}})).await;
    let mut story = story("servers-vault-source", &vault);
    let config = "[stores.vault]\nkind = \"vault\"\naddress = \"ADDRESS\"\nmount = \"secret\"\nvariables-path = false\n\
                  [stores.files]\nkind = \"local-files\"\nconnections-file = \"new.json\"\n\
                  [jobs.move]\nsource = \"vault\"\ntarget = \"files\"\nkinds = [\"connections\"]\n";
    story.file("secretferry.toml", config.replace("ADDRESS", &vault.address));
    let data = r#"path "secret/data/connections/*" { capabilities = ["read", "list"] }"#;
    let token = vault.token_with(data, Value::Null).await;
    story.heading("Rights on data alone: it cannot be listed.").set("VAULT_TOKEN", &token);
    story.run(1, "plan").run(3, "check vault");
    let metadata = r#"path "secret/metadata/connections/*" { capabilities = ["read", "list"] }"#;
    let token = vault.token_with(&format!("{data}\n{metadata}"), Value::Null).await;
    story.heading("On metadata too.").set("VAULT_TOKEN", &token).run(0, "check vault").run(0, "apply --yes");
    assert!(story.text("new.json").contains("example.com"));
    story.end();
}

#[tokio::test]
async fn a_login_that_is_refused_says_which_part_of_it() {
    let vault = Vault::start(&[]);
    vault.mount_at("secret", 2).await;
    vault.must("POST", "sys/auth/approle", json!({"type": "approle"})).await;
    vault.must("POST", "auth/approle/role/ferry", json!({"token_policies": ["default"]})).await;
    let role = vault.must("GET", "auth/approle/role/ferry/role-id", Value::Null).await;
    let mut story = story("servers-vault-login", &vault);
    let auth = r#"auth = { method = "approle", role-id = { env = "ROLE_ID" }, secret-id = { file = "secret-id" } }"#;
    story.file("secretferry.toml", files_to_vault(&vault.address, &format!("mount = \"secret\"\n{auth}")));
    story.file("secret-id", SECRET).set("ROLE_ID", role["data"]["role_id"].as_str().unwrap());
    story.heading("A secret id that nobody knows.").run(1, "plan").run(3, "check vault");
    story.set("ROLE_ID", SECRET).heading("A role id that nobody knows.").run(1, "plan");
    story.file(
        "secretferry.toml",
        files_to_vault(
            &vault.address,
            &format!("mount = \"secret\"\n{}", auth.replace("approle\",", "approle\", mount = \"elsewhere\",")),
        ),
    );
    story.heading("Nothing is mounted there.").run(1, "plan").end();
}
