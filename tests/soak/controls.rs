//! The controls: what a run that repeats blindly, forgets or leaves something would leave behind is seen.

use serde_json::{Value, json};

use crate::walk::Walk;
use crate::world::{Scenario, Target};

async fn after_a_run(target: Target) -> Walk {
    let mut walk = Walk::begin(Scenario::First, target).await;
    walk.prepare().await;
    walk.run().await.with_code(0);
    walk.is_as_if_it_had_run_once().await;
    walk
}

#[tokio::test]
#[should_panic(expected = "\"version\": Number(2)")]
async fn a_version_too_many_is_seen() {
    let walk = after_a_run(Target::Vault).await;
    walk.world.meddle("POST", "data/variables/v00", json!({"data": {"value": "value 0"}})).await;
    walk.is_as_if_it_had_run_once().await;
}

#[tokio::test]
#[should_panic(expected = "not as one run makes it: {\n    \"variables/v00\": (\n        None")]
async fn a_missing_key_is_seen() {
    let walk = after_a_run(Target::Vault).await;
    walk.world.meddle("DELETE", "metadata/variables/v00", Value::Null).await;
    walk.is_as_if_it_had_run_once().await;
}

#[tokio::test]
#[should_panic(expected = "not as one run makes it: {\n    \"variables/v00\"")]
async fn a_missing_mark_is_seen() {
    let walk = after_a_run(Target::Vault).await;
    walk.world.meddle("POST", "metadata/variables/v00", json!({"custom_metadata": {}})).await;
    walk.is_as_if_it_had_run_once().await;
}

#[tokio::test]
#[should_panic(expected = "changed without an intent: [\"variables/v00\"]")]
async fn a_write_that_the_ledger_knows_nothing_of_is_seen() {
    let mut walk = Walk::begin(Scenario::First, Target::Vault).await;
    walk.prepare().await;
    walk.world.meddle("POST", "data/variables/v00", json!({"data": {"value": "value 0"}})).await;
    walk.nothing_was_done_unannounced().await;
}

#[tokio::test]
#[should_panic(expected = "not as one run makes it: {\n    \"variables/v00\"")]
async fn another_value_in_a_file_is_seen() {
    let walk = after_a_run(Target::Files).await;
    let file = walk.world.folder().join("variables.json");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("value 0", "value 1")).unwrap();
    walk.is_as_if_it_had_run_once().await;
}

#[tokio::test]
#[should_panic(expected = "files that a clean run does not leave")]
async fn a_file_left_behind_is_seen() {
    let walk = after_a_run(Target::Files).await;
    std::fs::write(walk.world.folder().join("variables.json.new"), "{").unwrap();
    walk.is_as_if_it_had_run_once().await;
}
