//! A story on a Vault, and what is said of one that cannot be used.

use std::time::Duration;

use serde_json::{Value, json};

pub use crate::server::Vault;
use crate::story::{SECRET, Story};

/// The config of a job from files to a Vault; `more` stands in the table of the Vault.
pub fn files_to_vault(address: &str, more: &str) -> String {
    format!(
        "[stores.files]\nkind = \"local-files\"\nconnections-file = \"connections.json\"\nvariables-file = \"variables.json\"\n\
         [stores.vault]\nkind = \"vault\"\naddress = \"{address}\"\n{more}\n\
         [jobs.move]\nsource = \"files\"\ntarget = \"vault\"\n"
    )
}

/// A story that carries files to a Vault.
pub fn story(name: &'static str, vault: &Vault) -> Story {
    let mut story = Story::new(name);
    story.file("connections.json", r#"{"a": "http://user:hunter2@example.com"}"#).file("variables.json", "{}");
    // Where a line is broken must not depend on the length of an address.
    story.hide(&vault.address, "[vault]").set("COLUMNS", "400").set("VAULT_TOKEN", &vault.token);
    story
}

#[tokio::test]
async fn a_vault_that_cannot_be_used_is_told_of_with_a_remedy() {
    let vault = Vault::start(&[]);
    vault.mount_at("secret", 2).await;
    vault.mount_at("old", 1).await;
    let mut story = story("servers-vault", &vault);
    let config = |more: &str| files_to_vault(&vault.address, more);
    story.heading("Nobody listens at the address.");
    story.file("secretferry.toml", files_to_vault("http://127.0.0.1:1", "mount = \"secret\""));
    story.run(1, "plan").run(3, "check vault");
    story.heading("No such mount.").file("secretferry.toml", config("mount = \"secrets\""));
    story.run(1, "plan").run(3, "check vault");
    story.heading("Another version.").file("secretferry.toml", config("mount = \"secret\"\nkv-version = 1"));
    story.run(1, "plan").run(3, "check vault");
    story.heading("All is well.").file("secretferry.toml", config("mount = \"secret\"")).run(0, "check vault");
    story.heading("A token that nobody knows.").set("VAULT_TOKEN", &format!("hvs.{SECRET}"));
    story.run(1, "plan").run(1, "apply --yes").run(3, "check vault");
    let short = vault.token_with("# no right", json!({"ttl": "1s", "explicit_max_ttl": "1s"})).await;
    tokio::time::sleep(Duration::from_millis(1500)).await;
    story.heading("A token that has expired.").set("VAULT_TOKEN", &short).run(1, "plan").run(3, "check vault");
    story.set("VAULT_TOKEN", "").heading("No token at all.").run(1, "plan").run(3, "check vault");
    story.set("VAULT_TOKEN", &vault.token).heading("Sealed.");
    vault.must("PUT", "sys/seal", Value::Null).await;
    story.run(1, "plan").run(1, "apply --yes").run(3, "check vault").end();
}
