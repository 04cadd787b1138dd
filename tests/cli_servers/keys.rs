//! Keys that a Vault cannot take, or that would meet in it: both named, none written, the others carried.

use serde_json::Value;

use crate::vault::{Vault, files_to_vault, story};

#[tokio::test]
async fn what_vault_cannot_take_is_blocked_with_the_reason() {
    let vault = Vault::start(&[]);
    vault.mount_at("secret", 2).await;
    let mut story = story("servers-vault-keys", &vault);
    let large = "x".repeat(1 << 20);
    story.file("variables.json", format!(r#"{{"large": "{large}", "empty": "", "sound": "1"}}"#));
    story.file("connections.json", r#"{"../up": "http://h", "a//b": "http://h", "": "http://h", "sound": "http://h"}"#);
    story.file("secretferry.toml", files_to_vault(&vault.address, "mount = \"secret\""));
    story.run(3, "apply --yes").end();
    for path in ["connections/sound", "variables/sound", "variables/empty"] {
        assert_eq!(vault.ask("GET", &format!("secret/data/{path}"), Value::Null).await.0, 200, "{path}");
    }
    for path in ["connections/../up", "variables/large", "up"] {
        assert_eq!(vault.ask("GET", &format!("secret/data/{path}"), Value::Null).await.0, 404, "{path}");
    }
}

#[tokio::test]
async fn two_ids_that_meet_under_one_key_are_both_named_and_neither_is_written() {
    let vault = Vault::start(&[]);
    vault.mount_at("secret", 2).await;
    let mut story = story("servers-vault-meeting", &vault);
    story.file("variables.json", r#"{"x": "1", "y": "2"}"#);
    story.file("connections.json", r#"{"variables/x": "http://h", "sound": "http://h"}"#);
    story.file("secretferry.toml", files_to_vault(&vault.address, "mount = \"secret\"\nconnections-path = \"\""));
    story.run(3, "apply --yes").end();
    assert_eq!(vault.ask("GET", "secret/data/variables/x", Value::Null).await.0, 404);
    assert_eq!(vault.ask("GET", "secret/data/sound", Value::Null).await.0, 200);
    let plan: Value = serde_json::from_str(&story.text_of("plan --json")).unwrap();
    let blocked = plan["steps"].as_array().unwrap().iter().filter(|step| step["action"] == "block");
    assert_eq!(blocked.count(), 2);
}
