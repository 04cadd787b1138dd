//! A token that dies in the middle of a run: the end where nobody replaces it, a new login where somebody can.

use serde_json::{Value, json};

use crate::vault::{all_of, shared, unique};
use crate::world::{Setting, World};

const MANY: Setting<'_> = Setting { kv: 2, variables: 40, target: "", policy: "", job: "" };

#[tokio::test]
async fn a_revoked_token_ends_the_run_with_what_to_do() {
    let vault = shared().await;
    let world = World::new(vault, MANY).await;
    let token = vault.token_with(&all_of(&world.mount), Value::Null).await;
    world.write("token", &token);
    let running = world.applying();
    world.proxy.seen("POST", 16).await;
    vault.must("POST", "auth/token/revoke", json!({"token": token})).await;
    let ended = running.ended().await.with_code(1);
    let report = ended.json();
    let error = report["error"].as_str().unwrap();
    assert!(error.contains("expired or revoked") && error.contains("put a live token into"), "{error}");
    let count = |outcome: &str| report["counts"][outcome].as_u64().unwrap();
    assert!(count("created") > 0 && count("not-started") > 0, "{report:#}");
    assert_eq!(count("created") + count("failed") + count("not-started"), 42, "{report:#}");
    world.ferry(&["apply", "--yes"]).await.with_code(1).telling(&["expired or revoked", "put a live token into"]);
    world.write("token", &vault.token_with(&all_of(&world.mount), Value::Null).await);
    world.apply().await.with_code(0);
    world.holds(|_| 1).await;
    world.is_at_rest().await;
}

#[tokio::test]
async fn an_approle_logs_in_again_and_goes_on() {
    let vault = shared().await;
    let setting = MANY;
    let world = World::new(vault, setting).await;
    let (method, name, role) = vault.approle(&all_of(&world.mount), Value::Null).await;
    let secret = vault.secret_id(&method, &name).await;
    world.write("role-id", &role);
    world.write("secret-id", &secret);
    let auth = format!(
        "auth = {{ method = \"approle\", mount = {method:?}, role-id = {{ file = \"role-id\" }}, \
         secret-id = {{ file = \"secret-id\" }} }}"
    );
    world.configure(Setting { target: &auth, ..setting });
    let running = world.applying();
    world.proxy.seen("POST", 16).await;
    vault.must("POST", &format!("sys/leases/revoke-prefix/auth/{method}"), Value::Null).await;
    running.ended().await.with_outcomes(0, &[("created", 42)]);
    assert_eq!(world.proxy.count(&format!("auth/{method}/login")), 2, "once in the beginning and once again");
    world.holds(|_| 1).await;
    world.is_at_rest().await;
}

/// Rights on the values are there, those on the marks are not: keys are written, and who may mark is told once.
#[tokio::test]
async fn a_right_that_is_missing_is_named_and_nothing_counts_as_absent() {
    let vault = shared().await;
    let world = World::new(vault, Setting::default()).await;
    world.apply().await.with_outcomes(0, &[("created", 6)]);
    let mount = &world.mount;
    let blind = format!(
        "path \"{mount}/metadata/*\" {{ capabilities = [\"read\", \"list\"] }}\n\
         path \"{mount}/data/connections/*\" {{ capabilities = [\"create\", \"read\", \"update\"] }}"
    );
    world.write("token", &vault.token_with(&blind, Value::Null).await);
    world.metastore.change(&format!("UPDATE variable SET val = '{}'", unique("changed"))).await;
    let ended = world.apply().await.with_outcomes(3, &[("kept", 2), ("failed", 4)]);
    let (_, reason, detail) = ended.of("v00");
    assert_eq!(reason, "target-failed");
    assert!(detail.contains("permission denied") && detail.contains(&format!("{mount}/data/variables/*")), "{detail}");
    world.holds(|_| 1).await;
}
