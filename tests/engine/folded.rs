//! A target that folds names, and a source of that kind: marks know what keys do not tell.

use std::sync::Arc;

use secretferry::naming::{Charset, Folding, Place};
use secretferry::provider::memory::MemoryShape;

use crate::shapes;
use crate::world::{World, lines};

/// Azure Key Vault, as far as names go.
fn key_vault() -> MemoryShape {
    let mut shape = shapes::aws();
    shape.rule.separator = "-".into();
    shape.rule.charset = Charset::KeyVault;
    shape.rule.folding = Folding::KeyVault;
    shape
}

fn bare() -> MemoryShape {
    let mut shape = key_vault();
    (shape.rule.connections, shape.rule.variables) = (Place::prefix(""), Place::prefix(""));
    shape
}

#[tokio::test]
async fn twins_are_one_key_and_named_before_any_write() {
    let world = World::between(shapes::metastore(), key_vault()).await;
    for key in ["my_db", "my-db", "MY_DB", "other_one"] {
        world.source.put(&format!("variables/{key}"), "text");
    }
    let report = world.run().await;
    let blocked = ["MY_DB", "my-db", "my_db"].map(|id| format!("variable {id}: blocked, name-collision"));
    assert_eq!(lines(&report)[..3], blocked);
    assert_eq!(lines(&report)[3..], ["variable other_one: created, new"]);
    assert_eq!(world.target.keys(), ["variables-other-one"]);
    assert_eq!(lines(&world.run().await)[3..], ["variable other_one: kept, unchanged"]);
}

#[tokio::test]
async fn the_mark_tells_the_source_what_an_id_was() {
    let world = World::between(shapes::metastore(), key_vault()).await;
    world.source.put("variables/My_Key", "text");
    world.run().await;
    world.target.put("variables-for-eign", "theirs");
    let back = World::from(Arc::clone(&world.target), shapes::aws()).await;
    let report = back.run().await;
    assert_eq!(lines(&report), ["variable My_Key: created, new", "variable for-eign: created, new"]);
    assert_eq!(back.target.keys(), ["variables/My_Key", "variables/for-eign"]);
}

#[tokio::test]
async fn a_kind_that_nothing_tells_is_nobodys_guess() {
    let world = World::between(shapes::metastore(), bare()).await;
    world.source.put("variables/a_b", "text");
    world.source.put("variables/both", "text");
    world.source.put("connections/both", "http://h");
    let collided = [
        "connection both: blocked, name-collision",
        "variable a_b: created, new",
        "variable both: blocked, name-collision",
    ];
    assert_eq!(lines(&world.run().await), collided);
    world.target.put("foreign", "http://h");
    let back = World::from(Arc::clone(&world.target), shapes::aws()).await;
    let expected = [
        "connection foreign: blocked, kind-unknown",
        "variable a_b: created, new",
        "variable foreign: blocked, kind-unknown",
    ];
    assert_eq!(lines(&back.run().await), expected);
}
