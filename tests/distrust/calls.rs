//! What a run costs, by the requests that really left the house: exact, since a call too many is a bill or a throttle somewhere.

use std::collections::BTreeMap;

use crate::vault::shared;
use crate::world::{Setting, World};

/// The requests about keys since the last look, by what they ask, without the log-in's own.
fn asked(world: &World<'_>) -> BTreeMap<String, usize> {
    let mut calls = BTreeMap::new();
    for request in world.proxy.received() {
        let (method, path) = request.line.split_once(" /v1/").unwrap();
        let Some(rest) = path.strip_prefix(&format!("{}/", world.mount)) else { continue };
        let area = rest.split('/').next().unwrap();
        *calls.entry(format!("{method} {area}")).or_default() += 1;
    }
    world.proxy.forget();
    calls
}

fn calls<const N: usize>(expected: [(&str, usize); N]) -> BTreeMap<String, usize> {
    expected.into_iter().map(|(call, count)| (call.to_owned(), count)).collect()
}

/// The connections' and the variables' folder, each listed once a run.
const FOLDERS: (&str, usize) = ("LIST metadata", 2);

#[tokio::test]
async fn a_first_run_takes_two_calls_a_key_and_an_idle_one_reads_no_value() {
    let mut world = World::new(shared().await, Setting { variables: 8, ..Setting::default() }).await;
    world.apply().await.with_outcomes(0, &[("created", 10)]);
    assert_eq!(asked(&world), calls([FOLDERS, ("POST data", 10), ("PATCH metadata", 10)]));

    world.apply().await.with_outcomes(0, &[("kept", 10)]);
    assert_eq!(asked(&world), calls([FOLDERS, ("GET metadata", 10)]));

    world.set("v00", "another").await;
    world.set("v01", "another").await;
    world.apply().await.with_outcomes(0, &[("kept", 8), ("updated", 2)]);
    // An entry may hold keys of other people, which an update keeps: hence a look at it.
    assert_eq!(asked(&world), calls([FOLDERS, ("GET metadata", 10), ("GET data", 2), ("POST data", 2)]));
    world.is_marked_throughout().await;
}

#[tokio::test]
async fn without_marks_a_key_takes_one_call() {
    let world = World::new(shared().await, Setting { variables: 8, ..Setting::default() }).await;
    let values = format!("path \"{}/data/*\" {{ capabilities = [\"create\", \"read\", \"update\"] }}", world.mount);
    let listing = format!("path \"{}/metadata/*\" {{ capabilities = [\"list\", \"read\"] }}", world.mount);
    let token = world.vault.token_with(&format!("{values}\n{listing}"), serde_json::Value::Null).await;
    world.write("token", &token);
    world.apply().await.with_outcomes(0, &[("created", 10)]);
    let asked = asked(&world);
    // The refusal is met by those in flight at that moment, and remembered.
    assert_eq!((asked["LIST metadata"], asked["POST data"]), (2, 10), "{asked:?}");
    assert!(asked["PATCH metadata"] <= 4, "{asked:?}");
}
