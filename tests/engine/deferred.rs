//! A target whose listing tells no versions and whose reads have their price: it is taken at its word between deep comparisons.

use std::time::Duration;

use secretferry::engine::Preview;
use secretferry::model::Revisions;
use secretferry::planner::Depth;
use secretferry::provider::memory::MemoryShape;

use crate::shapes;
use crate::world::{World, lines};

fn google() -> MemoryShape {
    let mut shape = shapes::aws();
    shape.capabilities.revisions = Revisions::Deferred;
    shape.capabilities.listing_lag = Duration::ZERO;
    shape
}

async fn filled(source: MemoryShape) -> World {
    let mut world = World::between(source, google()).await;
    world.job.deep_compare_every = Duration::from_secs(3600);
    world.source.put("variables/a", "text");
    world.source.put("variables/b", "text");
    world.run().await;
    world
}

#[tokio::test]
async fn between_deep_comparisons_a_listing_is_enough() {
    for (name, source) in [("metastore", shapes::metastore()), ("vault", shapes::vault_source())] {
        let world = filled(source).await;
        let (report, _, target) = world.counted().await;
        assert_eq!(lines(&report), ["variable a: kept, unchanged", "variable b: kept, unchanged"], "{name}");
        assert_eq!(target, [1, 0, 0, 0, 0], "{name}");
    }
}

#[tokio::test]
async fn a_deep_comparison_sees_what_was_changed_behind_our_back() {
    let mut world = filled(shapes::metastore()).await;
    world.target.put("variables/b", "theirs");
    let said = |preview: &Preview| preview.findings.iter().any(|finding| finding.code == "listing-trusted");
    assert!(said(&world.plan().await));
    assert_eq!(lines(&world.run().await)[1], "variable b: kept, unchanged", "not yet");
    world.job.deep_compare_every = Duration::ZERO;
    let preview = world.plan().await;
    assert_eq!(preview.plan.depth, Depth::Values);
    assert!(!said(&preview));
    assert_eq!(lines(&world.run().await)[1], "variable b: blocked, drift");
    world.job.deep_compare_every = Duration::from_secs(3600);
    assert_eq!(world.plan().await.plan.depth, Depth::Listing, "it was just compared");
}

#[tokio::test]
async fn what_is_written_is_compared_first_however_long_ago_the_last_comparison_was() {
    let world = filled(shapes::metastore()).await;
    world.target.put("variables/b", "theirs");
    world.source.put("variables/a", "changed");
    world.source.put("variables/b", "changed");
    assert_eq!(
        lines(&world.run().await),
        ["variable a: updated, source-changed", "variable b: conflict, target-moved"]
    );
    assert_eq!(world.text("variables/b").unwrap(), "theirs");
}
