//! Undo on a real Vault: as before the run, as Vault itself says; with keys changed since, versions gone, and SIGKILL in the middle.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::ferry::start;
use crate::proxy::{Deed, Gate};
use crate::vault::shared;
use crate::world::{Held, OPEN_GUARDS, Setting, World};

const IN_FLIGHT: usize = 4;

/// What Airflow can read of the target: each path with a live value.
async fn readable(world: &World<'_>) -> BTreeMap<String, Value> {
    world.held().await.into_iter().filter_map(|(path, held)| Some((path, held.value?))).collect()
}

fn is_read(line: &str) -> bool {
    line.starts_with("GET ") && line.contains("/data/")
}

async fn is_empty(world: &World<'_>) {
    assert_eq!(readable(world).await, BTreeMap::new());
}

/// The custom metadata of a key: marks and whatever else is there.
async fn custom(world: &World<'_>, path: &str) -> Value {
    let (_, answer) = world.vault.ask("GET", &format!("{}/metadata/{path}", world.mount), Value::Null).await;
    answer["data"]["custom_metadata"].clone()
}

/// A world whose metastore was carried, all values were changed there, and carried once more.
async fn updated() -> (World<'static>, BTreeMap<String, Value>) {
    let mut world =
        World::new(shared().await, Setting { variables: 6, policy: OPEN_GUARDS, ..Setting::default() }).await;
    world.apply().await.with_outcomes(0, &[("created", 8)]);
    let before = world.wanted.clone();
    for number in 0..6 {
        world.set(&format!("v{number:02}"), "another").await;
    }
    (world, before)
}

#[tokio::test]
async fn a_migration_is_taken_back_and_done_again() {
    let world = World::new(shared().await, Setting::default()).await;
    // What was there before stays as it is.
    world.meddle("variables/theirs", json!({"value": "theirs"})).await;
    let before = readable(&world).await;
    world.apply().await.with_outcomes(0, &[("created", 6)]);
    let (migration, migrated) = (world.latest().await, readable(&world).await);

    let undone = world.undo(&migration).await.with_outcomes(0, &[("deleted", 6)]);
    assert_eq!(undone.json()["undoes"], Value::from(migration.clone()));
    assert_eq!(readable(&world).await, before);
    world.chain_is_whole().await;
    // Nothing is left to take back; and the job would do it all again.
    world.undo(&migration).await.with_outcomes(0, &[("kept", 6)]);
    let plan = world.ferry(&["plan", "--json", "--exit-code"]).await.with_code(4);
    assert_eq!(plan.of("v00"), ("restore".to_owned(), "returned".to_owned(), String::new()));

    let undo = world.runs().await.remove(1).0;
    world.undo(&undo).await.with_outcomes(0, &[("restored", 6)]);
    assert_eq!(readable(&world).await, migrated);
    assert_eq!(world.held_at("variables/v00").await.version, 1, "the very version is back");
    world.is_at_rest().await;
    world.apply().await.with_outcomes(0, &[("kept", 6)]);

    world.undo(&migration).await.with_outcomes(0, &[("deleted", 6)]);
    world.apply().await.with_outcomes(0, &[("restored", 6)]);
    assert_eq!(readable(&world).await, migrated);
    world.is_at_rest().await;
}

#[tokio::test]
async fn updates_and_deletes_are_taken_back() {
    let (world, before) = updated().await;
    world.apply().await.with_outcomes(0, &[("updated", 6), ("kept", 2)]);
    let after = readable(&world).await;
    world.proxy.forget();
    world.undo(&world.latest().await).await.with_outcomes(0, &[("updated", 6)]);
    assert_eq!(readable(&world).await, before);
    let read: Vec<_> = world.proxy.received().into_iter().map(|one| one.line).filter(|line| is_read(line)).collect();
    assert!(read.len() == 6 && read.iter().all(|line| line.ends_with("?version=1")), "{read:?}");
    assert_eq!(world.held_at("variables/v00").await.version, 3);
    world.undo(&world.latest().await).await.with_outcomes(0, &[("updated", 6)]);
    assert_eq!(readable(&world).await, after);
    world.is_at_rest().await;

    world.remove("TRUE").await;
    world.apply().await.with_outcomes(0, &[("deleted", 6), ("kept", 2)]);
    world.undo(&world.latest().await).await.with_outcomes(0, &[("restored", 6)]);
    assert_eq!(readable(&world).await, after);
    world.apply().await.with_outcomes(0, &[("deleted", 6), ("kept", 2)]);
}

#[tokio::test]
async fn keys_taken_over_are_given_up_again() {
    let policy = "foreign = \"overwrite\"";
    let world = World::new(shared().await, Setting { policy, ..Setting::default() }).await;
    world.meddle("variables/v00", json!({"value": "theirs"})).await;
    world.meddle("variables/v01", world.wanted["variables/v01"].clone()).await;
    let path = format!("{}/metadata/variables/v00", world.mount);
    world.vault.must("POST", &path, json!({"custom_metadata": {"team": "data"}})).await;
    let before = readable(&world).await;
    world.apply().await.with_outcomes(0, &[("created", 4), ("updated", 1), ("adopted", 1)]);
    assert_eq!(custom(&world, "variables/v00").await["managed-by"], "secretferry");
    let report = world.undo(&world.latest().await).await;
    let report = report.with_outcomes(0, &[("deleted", 4), ("updated", 1), ("released", 1)]);
    assert_eq!(report.of("v00").1, "undo-takeover");
    assert_eq!(readable(&world).await, before);
    assert_eq!(custom(&world, "variables/v00").await, json!({"team": "data"}));
    assert_eq!(custom(&world, "variables/v01").await, Value::Null);
    world.undo(&world.latest().await).await.with_outcomes(0, &[("restored", 4), ("updated", 1), ("adopted", 1)]);
    assert_eq!(custom(&world, "variables/v00").await["managed-by"], "secretferry");
    world.is_at_rest().await;
}

#[tokio::test]
async fn what_was_changed_since_or_is_gone_is_refused_and_named_and_the_rest_is_taken_back() {
    let (world, before) = updated().await;
    // One that keeps no second version.
    let path = format!("{}/metadata/variables/v01", world.mount);
    world.vault.must("POST", &path, json!({"max_versions": 1})).await;
    world.apply().await.with_outcomes(0, &[("updated", 6), ("kept", 2)]);
    let run = world.latest().await;
    world.meddle("variables/v00", json!({"value": "by hand"})).await;
    let destroy = format!("{}/destroy/variables/v02", world.mount);
    world.vault.must("POST", &destroy, json!({"versions": [1]})).await;
    world.vault.must("DELETE", &format!("{}/data/variables/v03", world.mount), Value::Null).await;

    let report = world.undo(&run).await.with_outcomes(3, &[("blocked", 4), ("updated", 2)]);
    let said = ["v00", "v01", "v02", "v03"].map(|id| report.of(id));
    let words = said.each_ref().map(|(outcome, reason, detail)| [outcome.as_str(), reason, detail]);
    assert_eq!(words[0], ["blocked", "changed-since", "somebody wrote another version"]);
    assert_eq!(words[1], ["blocked", "version-gone", ""]);
    assert_eq!(words[2], ["blocked", "version-gone", ""]);
    assert_eq!(words[3], ["blocked", "changed-since", "somebody deleted it"]);
    assert_eq!(world.held_at("variables/v00").await.value, Some(json!({"value": "by hand"})));
    assert_eq!(world.held_at("variables/v01").await.value, Some(json!({"value": "another"})));
    assert_eq!(world.held_at("variables/v04").await.value.as_ref(), before.get("variables/v04"));
    assert_eq!(world.held_at("variables/v03").await, Held { version: 2, value: None });
    world.chain_is_whole().await;
}

#[tokio::test]
async fn kv_1_has_no_way_back_and_every_plan_says_so() {
    let world = World::new(shared().await, Setting { kv: 1, ..Setting::default() }).await;
    for command in [&["plan"][..], &["apply", "--yes"]] {
        let ended = world.ferry(command).await;
        assert!(ended.out.contains("so `secretferry undo` cannot take back"), "{ended:?}");
    }
    let report = world.undo("latest").await.with_outcomes(3, &[("blocked", 6)]);
    assert_eq!(report.of("v00").1, "no-history");
    world.holds(|_| 0).await;
    let second = World::new(shared().await, Setting::default()).await;
    assert!(!second.ferry(&["plan"]).await.out.contains("cannot take back"));
}

#[tokio::test]
async fn without_consent_nothing_is_done() {
    let world = World::new(shared().await, Setting::default()).await;
    world.ferry(&["undo", "latest"]).await.with_code(1).telling(&["there is no ledger yet"]);
    world.apply().await.with_code(0);
    let (runs, held) = (world.runs().await, world.held().await);
    let shown = world.ferry(&["undo", "latest"]).await.with_code(2).telling(&["give --yes", "nothing was done"]);
    assert!(shown.out.contains("variable v00") && shown.out.contains("6 to delete"), "{shown:?}");
    world.ferry(&["undo", "0000", "--yes"]).await.with_code(2).telling(&["no run is called"]);
    assert_eq!((world.runs().await, world.held().await), (runs, held));
}

/// The source is of no matter: not even its password need be there.
#[tokio::test]
async fn the_source_may_be_gone() {
    let world = World::new(shared().await, Setting::default()).await;
    world.apply().await.with_code(0);
    for file in ["metastore.url", "fernet.key"] {
        std::fs::remove_file(world.folder().join(file)).unwrap();
    }
    world.undo("latest").await.with_outcomes(0, &[("deleted", 6)]);
    is_empty(&world).await;
}

/// Kills an undo while `part` of the API is held, or its answers are.
async fn killed(world: &World<'_>, run: &str, part: &'static str, deed: fn(Gate) -> Deed) -> Gate {
    let gate = world.proxy.hold(part, deed);
    let running = start(world.folder(), &["undo", run, "--yes", "--json"]);
    world.proxy.holds(IN_FLIGHT).await;
    assert_eq!(running.kill().await.code, None);
    world.proxy.pass();
    gate
}

#[tokio::test]
async fn killed_in_the_middle_it_is_settled_and_goes_on() {
    for deed in [Deed::HoldRequest as fn(Gate) -> Deed, Deed::HoldAnswer] {
        let world = World::new(shared().await, Setting { variables: 6, ..Setting::default() }).await;
        world.apply().await.with_outcomes(0, &[("created", 8)]);
        let run = world.latest().await;
        let _gate = killed(&world, &run, "/delete/", deed).await;
        world.undo(&run).await.with_code(0);
        is_empty(&world).await;
        assert_eq!(world.runs().await[1].1, "died");
        world.chain_is_whole().await;

        let (world, before) = updated().await;
        world.apply().await.with_outcomes(0, &[("updated", 6), ("kept", 2)]);
        let run = world.latest().await;
        let _gate = killed(&world, &run, "/data/", deed).await;
        world.undo(&run).await.with_code(0);
        assert_eq!(readable(&world).await, before);
        for number in 0..6 {
            assert_eq!(world.held_at(&format!("variables/v{number:02}")).await.version, 3, "no version too many");
        }
        // The next run settles what an undo left open, whatever it is itself.
        world.apply().await.with_outcomes(0, &[("updated", 6), ("kept", 2)]);
        world.is_at_rest().await;
    }
}

#[tokio::test]
async fn what_an_undo_left_open_is_settled_by_the_next_apply() {
    let world = World::new(shared().await, Setting { variables: 6, ..Setting::default() }).await;
    world.apply().await.with_outcomes(0, &[("created", 8)]);
    let migrated = readable(&world).await;
    let run = world.latest().await;
    let _gate = killed(&world, &run, "/delete/", Deed::HoldAnswer).await;
    world.apply().await.with_outcomes(0, &[("restored", IN_FLIGHT as u64), ("kept", 8 - IN_FLIGHT as u64)]);
    assert_eq!(readable(&world).await, migrated);
    world.is_at_rest().await;
}
