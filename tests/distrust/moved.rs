//! A side that changes between the plan and the write: a conflict for that key, the others go on, and nobody's value is lost.

use serde_json::{Value, json};

use crate::ferry::{Ended, Running, start_on_terminal};
use crate::proxy::Deed;
use crate::vault::shared;
use crate::world::{Held, OPEN_GUARDS, Setting, World};

/// Starts to apply on a terminal and waits until the plan is shown and a person is asked.
async fn asked(world: &World<'_>) -> Running {
    let running = start_on_terminal(world.folder(), &["apply"]);
    running.says("Only `yes` is taken for consent").await;
    running
}

async fn answered(mut running: Running, answer: &str) -> Ended {
    running.types(&format!("{answer}\n")).await;
    running.ended().await
}

fn version(version: u64, value: &str) -> Held {
    Held { version, value: Some(json!({"value": value})) }
}

#[tokio::test]
async fn a_source_row_that_changes_while_a_person_thinks_is_not_written() {
    let mut world = World::new(shared().await, Setting::default()).await;
    let running = asked(&world).await;
    world.set("v00", "later").await;
    world.remove("key = 'v01'").await;
    world.metastore.change("UPDATE variable SET is_encrypted = TRUE WHERE key = 'v02'").await;
    let ended = answered(running, "yes").await.with_code(3);
    for words in ["3 created", "3 conflict", "source-moved", "variables/v00", "variables/v01", "variables/v02"] {
        assert!(
            ended.out.contains(words) || ended.out.contains(&words.replace("variables/", "variable ")),
            "{words}: {ended:?}"
        );
    }
    let held = world.held().await;
    let written: Vec<_> = held.keys().map(String::as_str).collect();
    assert_eq!(written, ["connections/plain", "connections/sealed", "variables/v03"]);
    let next = world.apply().await.with_outcomes(3, &[("created", 1), ("kept", 3), ("quarantined", 1)]);
    assert_eq!(next.of("v02").1, "undecryptable");
    assert_eq!(world.held_at("variables/v00").await, version(1, "later"));
    world.chain_is_whole().await;
}

#[tokio::test]
async fn whatever_is_not_yes_does_nothing() {
    for answer in ["no", "y", "YES", ""] {
        let world = World::new(shared().await, Setting { variables: 1, ..Setting::default() }).await;
        let ended = answered(asked(&world).await, answer).await.with_code(130);
        assert!(ended.out.contains("declined; nothing was written"), "{ended:?}");
        assert_eq!(world.held().await.len(), 0);
        assert_eq!(world.runs().await[0].1, "interrupted");
    }
    let world = World::new(shared().await, Setting::default()).await;
    answered(asked(&world).await, "yes").await.with_code(0);
    world.holds(|_| 1).await;
    world.ferry(&["apply"]).await.with_code(2).telling(&["--yes"]);
}

async fn custom(world: &World<'_>, path: &str) -> Value {
    let metadata = world.vault.must("GET", &format!("{}/metadata/{path}", world.mount), Value::Null).await;
    metadata["data"]["custom_metadata"].clone()
}

#[tokio::test]
async fn somebody_elses_version_stays_and_so_does_its_metadata() {
    let world = World::new(shared().await, Setting::default()).await;
    let gate = world.proxy.hold("/data/variables/v00", Deed::HoldRequest);
    let running = world.applying();
    world.proxy.holds(1).await;
    let pair = json!({"custom_metadata": {"theirs": "yes"}});
    world.vault.must("POST", &format!("{}/metadata/variables/v00", world.mount), pair).await;
    world.meddle("variables/v00", json!({"value": "theirs"})).await;
    gate.open();
    let ended = running.ended().await.with_outcomes(3, &[("created", 5), ("conflict", 1)]);
    assert_eq!(ended.of("v00").1, "target-moved");
    assert_eq!(world.held_at("variables/v00").await, version(1, "theirs"));
    assert_eq!(custom(&world, "variables/v00").await, json!({"theirs": "yes"}), "no mark of ours, before or after");
    world.proxy.pass();
    let next = world.apply().await.with_outcomes(3, &[("kept", 5), ("blocked", 1)]);
    assert_eq!(next.of("v00").1, "foreign");
    world.chain_is_whole().await;
}

/// Between our value and its mark: the version is ours, so the key is, and whoever writes over it drifts.
#[tokio::test]
async fn a_key_of_ours_that_is_written_over_before_it_is_marked_has_drifted() {
    let world = World::new(shared().await, Setting::default()).await;
    let gate = world.proxy.hold("/metadata/variables/v00", Deed::HoldRequest);
    let running = world.applying();
    world.proxy.holds(1).await;
    let pair = json!({"custom_metadata": {"theirs": "yes"}});
    world.vault.must("POST", &format!("{}/metadata/variables/v00", world.mount), pair).await;
    world.meddle("variables/v00", json!({"value": "theirs"})).await;
    gate.open();
    running.ended().await.with_outcomes(0, &[("created", 6)]);
    assert_eq!(world.held_at("variables/v00").await, version(2, "theirs"));
    assert_eq!(custom(&world, "variables/v00").await["theirs"], "yes", "the mark goes beside other people's pairs");
    world.proxy.pass();
    let next = world.apply().await.with_outcomes(3, &[("kept", 5), ("blocked", 1)]);
    assert_eq!(next.of("v00").1, "drift");
    assert_eq!(world.held_at("variables/v00").await, version(2, "theirs"));
}

#[tokio::test]
async fn an_update_does_not_run_over_a_newer_version() {
    let mut world = World::new(shared().await, Setting::default()).await;
    world.apply().await.with_outcomes(0, &[("created", 6)]);
    world.set("v00", "ours").await;
    world.set("v01", "ours").await;
    let gate = world.proxy.hold("/data/variables/v00", Deed::HoldRequest);
    let running = world.applying();
    world.proxy.holds(1).await;
    world.meddle("variables/v00", json!({"value": "theirs"})).await;
    gate.open();
    let ended = running.ended().await.with_outcomes(3, &[("updated", 1), ("kept", 4), ("conflict", 1)]);
    assert_eq!(ended.of("v00").1, "target-moved");
    assert_eq!(world.held_at("variables/v00").await, version(2, "theirs"));
    world.proxy.pass();
    let next = world.apply().await.with_outcomes(3, &[("kept", 5), ("blocked", 1)]);
    assert_eq!(next.of("v00").1, "drift");
    assert_eq!(world.held_at("variables/v00").await, version(2, "theirs"));
}

#[tokio::test]
async fn a_delete_does_not_take_a_newer_version_along() {
    let world = World::new(shared().await, Setting { policy: OPEN_GUARDS, ..Setting::default() }).await;
    world.apply().await.with_outcomes(0, &[("created", 6)]);
    world.remove("key IN ('v00', 'v01')").await;
    let gate = world.proxy.hold("/delete/variables/v00", Deed::HoldRequest);
    let running = world.applying();
    world.proxy.holds(1).await;
    world.meddle("variables/v00", json!({"value": "theirs"})).await;
    gate.open();
    running.ended().await.with_outcomes(3, &[("deleted", 1), ("kept", 4), ("conflict", 1)]);
    assert_eq!(world.held_at("variables/v00").await, version(2, "theirs"));
    assert_eq!(world.held_at("variables/v01").await, Held { version: 1, value: None }, "the control: it is deleted");
}

/// KV v2 compares; KV v1 cannot, and is looked at again just before the write.
#[tokio::test]
async fn a_target_that_changes_while_a_person_thinks_is_not_written() {
    for kv in [1, 2] {
        let mut world = World::new(shared().await, Setting { kv, policy: OPEN_GUARDS, ..Setting::default() }).await;
        world.apply().await.with_outcomes(0, &[("created", 6)]);
        world.set("v00", "ours").await;
        world.set("v01", "ours").await;
        world.remove("key IN ('v02', 'v03')").await;
        world.set("v04", "new").await;
        world.set("v05", "new").await;
        let running = asked(&world).await;
        for key in ["v00", "v02", "v04"] {
            world.meddle(&format!("variables/{key}"), json!({"value": "theirs"})).await;
        }
        let ended = answered(running, "yes").await.with_code(3);
        for words in ["3 conflict", "1 created", "1 updated", "1 deleted", "target-moved"] {
            assert!(ended.out.contains(words), "{words}: {ended:?}");
        }
        let held = world.held().await;
        let expected = [
            ("v00", Some("theirs")),
            ("v01", Some("ours")),
            ("v02", Some("theirs")),
            ("v03", None),
            ("v04", Some("theirs")),
            ("v05", Some("new")),
        ];
        for (key, text) in expected {
            let value = held.get(&format!("variables/{key}")).and_then(|held| held.value.clone());
            assert_eq!(value, text.map(|text| json!({"value": text})), "{key} on KV v{kv}");
        }
        world.chain_is_whole().await;
    }
}
