//! A source that empties, shrinks or cannot be seen whole: nothing is deleted for it. Each guard has its control: opened,
//! the delete does happen.

use serde_json::json;

use crate::vault::{all_of, shared};
use crate::world::{Held, OPEN_GUARDS, Setting, World};

const OWNED: &str = "deletes = \"owned\"\nabsent-for = 1";

async fn carried(policy: &str) -> World<'static> {
    let world = World::new(shared().await, Setting { variables: 18, policy, ..Setting::default() }).await;
    world.apply().await.with_outcomes(0, &[("created", 20)]);
    world
}

async fn nothing_is_deleted(world: &World<'_>) {
    world.holds(|_| 1).await;
    assert_eq!(world.proxy.count("/delete/") + world.proxy.count("DELETE "), 0);
}

async fn deleted(world: &World<'_>) -> usize {
    world.held().await.values().filter(|held| **held == Held { version: 1, value: None }).count()
}

#[tokio::test]
async fn an_emptied_source_deletes_nothing() {
    // Even wide open: an empty source is a broken one.
    for policy in [OWNED, OPEN_GUARDS] {
        let world = carried(policy).await;
        world.metastore.change("DELETE FROM variable; DELETE FROM connection").await;
        for _ in 0..2 {
            let ended = world.apply().await.with_outcomes(3, &[("blocked", 20)]);
            assert_eq!(ended.of("v00").1, "shrink-guard");
        }
        nothing_is_deleted(&world).await;
    }
}

#[tokio::test]
async fn a_source_that_shrinks_too_far_deletes_nothing() {
    let world = carried(OWNED).await;
    world.remove("key < 'v05'").await;
    let ended = world.apply().await.with_outcomes(3, &[("blocked", 5), ("kept", 15)]);
    assert_eq!(ended.of("v00").1, "shrink-guard");
    nothing_is_deleted(&world).await;
    let policy = format!("{OWNED}\nmax-shrink = \"25%\"");
    world.configure(Setting { policy: &policy, ..Setting::default() });
    let ended = world.apply().await.with_outcomes(3, &[("blocked", 5), ("kept", 15)]);
    assert_eq!(ended.of("v00").1, "delete-guard");
    nothing_is_deleted(&world).await;
    let policy = format!("{policy}\nmax-deletes = {{ count = 5, percent = 25 }}");
    world.configure(Setting { policy: &policy, ..Setting::default() });
    world.apply().await.with_outcomes(0, &[("deleted", 5), ("kept", 15)]);
    assert_eq!(deleted(&world).await, 5, "the control");
    world.is_at_rest().await;
}

#[tokio::test]
async fn without_leave_nothing_is_deleted_and_with_it_not_at_once() {
    let world = carried("").await;
    world.remove("key = 'v00'").await;
    for _ in 0..3 {
        let ended = world.apply().await.with_outcomes(0, &[("kept", 20)]);
        assert_eq!(ended.of("v00").1, "deletes-off");
    }
    nothing_is_deleted(&world).await;
    world.configure(Setting { policy: "deletes = \"owned\"", ..Setting::default() });
    let ended = world.apply().await.with_outcomes(0, &[("kept", 20)]);
    assert_eq!(ended.of("v00").1, "absent-too-short");
    world.apply().await.with_outcomes(0, &[("deleted", 1), ("kept", 19)]);
    assert_eq!(deleted(&world).await, 1, "the control");
}

#[tokio::test]
async fn what_cannot_be_read_holds_every_delete_back() {
    let world = carried(OPEN_GUARDS).await;
    world.remove("key = 'v00'").await;
    world.metastore.change("UPDATE variable SET is_encrypted = TRUE WHERE key = 'v01'").await;
    let ended = world.apply().await.with_outcomes(3, &[("blocked", 1), ("quarantined", 1), ("kept", 18)]);
    assert_eq!((ended.of("v00").1.as_str(), ended.of("v01").1.as_str()), ("read-errors", "undecryptable"));
    nothing_is_deleted(&world).await;
    world.configure(Setting { policy: OPEN_GUARDS, job: "accept = [\"v01\"]", ..Setting::default() });
    world.apply().await.with_outcomes(0, &[("deleted", 1), ("quarantined", 1), ("kept", 18)]);
    assert_eq!(deleted(&world).await, 1, "the control");
}

#[tokio::test]
async fn on_kv_1_a_delete_is_final_and_needs_leave_of_its_own() {
    let open = OPEN_GUARDS.replace("allow-final-deletes = true", "");
    let setting = Setting { kv: 1, policy: &open, ..Setting::default() };
    let mut world = World::new(shared().await, setting).await;
    world.apply().await.with_outcomes(0, &[("created", 6)]);
    world.remove("key = 'v00'").await;
    let ended = world.apply().await.with_outcomes(3, &[("blocked", 1), ("kept", 5)]);
    assert_eq!(ended.of("v00").1, "final-delete");
    world.holds(|_| 1).await;
    world.configure(Setting { policy: OPEN_GUARDS, ..setting });
    world.apply().await.with_outcomes(0, &[("deleted", 1), ("kept", 5)]);
    world.wanted.remove("variables/v00");
    world.holds(|_| 1).await;
}

/// A world whose source is a second mount of the same Vault, with a folder that can be closed to it.
async fn from_vault_to_vault() -> (World<'static>, String) {
    let vault = shared().await;
    let world = World::new(vault, Setting { variables: 0, ..Setting::default() }).await;
    let from = vault.mount(2).await;
    for path in ["a", "folder/b", "folder/c", "d"] {
        vault.must("POST", &format!("{from}/data/variables/{path}"), json!({"data": {"value": path}})).await;
    }
    let store = |name: &str, mount: &str| {
        format!(
            "[stores.{name}]\nkind = \"vault\"\naddress = {:?}\nmount = {mount:?}\n\
             auth = {{ method = \"token\", token = {{ file = \"{name}.token\" }} }}\n",
            world.proxy.address
        )
    };
    let config = format!(
        "[ledger]\nurl = \"sqlite://ledger.db\"\n{}{}[jobs.ferry]\nsource = \"from\"\ntarget = \"to\"\n\
         kinds = [\"variables\"]\n[jobs.ferry.policy]\n{OPEN_GUARDS}\n",
        store("from", &from),
        store("to", &world.mount)
    );
    world.write("secretferry.toml", &config);
    world.write("from.token", &vault.token);
    world.write("to.token", &vault.token);
    world.apply().await.with_outcomes(0, &[("created", 4)]);
    (world, from)
}

async fn four_are_there(world: &World<'_>) {
    for path in ["a", "folder/b", "folder/c", "d"] {
        let held = world.held_at(&format!("variables/{path}")).await;
        assert_eq!(held, Held { version: 1, value: Some(json!({"value": path})) });
    }
}

#[tokio::test]
async fn a_listing_that_fails_in_a_sub_folder_is_no_smaller_source() {
    let vault = shared().await;
    let (world, from) = from_vault_to_vault().await;
    for (token, mount) in [("from.token", &from), ("to.token", &world.mount)] {
        let closed = format!(
            "{}\npath \"{mount}/metadata/variables/folder/*\" {{ capabilities = [\"deny\"] }}\n\
             path \"{mount}/metadata/variables/folder\" {{ capabilities = [\"deny\"] }}",
            all_of(mount)
        );
        world.write(token, &vault.token_with(&closed, serde_json::Value::Null).await);
        for command in [&["apply", "--yes"][..], &["plan"]] {
            let ended = world.ferry(command).await.with_code(1);
            ended.telling(&["list", "permission denied", "metadata/variables/folder"]);
        }
        assert_eq!(world.runs().await[0].1, "failed");
        four_are_there(&world).await;
        world.write(token, &vault.token);
    }
    // The control: what is really gone goes.
    for path in ["folder/b", "folder/c"] {
        vault.must("DELETE", &format!("{from}/metadata/variables/{path}"), serde_json::Value::Null).await;
    }
    world.apply().await.with_outcomes(0, &[("deleted", 2), ("kept", 2)]);
    assert_eq!(world.held_at("variables/folder/b").await, Held { version: 1, value: None });
}
