//! What takes a key away, and everything that stands against it.

use secretferry::engine::{RunReport, RunStatus};
use secretferry::model::{Blind, Deletes, ErrorKind, Family, Kind, Manager, Outcome, State};
use secretferry::naming::Filter;
use secretferry::planner::{DeletePolicy, DriftPolicy};
use secretferry::provider::Provider as _;
use secretferry::provider::memory::{MemoryShape, When};
use tokio_util::sync::CancellationToken;

use crate::shapes;
use crate::world::{World, count, lines};

const V: &str = "variables/v007";

/// A world whose 20 keys are written, and whose policy is to delete.
async fn settled_in(shape: MemoryShape) -> World {
    let mut world = World::between(shapes::metastore(), shape).await;
    world.job.policy.deletes = DeletePolicy::Owned;
    world.job.policy.allow_final_deletes = true;
    world.fill(20);
    world.run().await;
    world
}

/// As [`settled_in`], one key away from its delete.
async fn about_to_delete(shape: MemoryShape) -> World {
    let world = settled_in(shape).await;
    world.source.remove(V);
    assert_eq!(v(&world.run().await), "kept, absent-too-short");
    world
}

/// How `v007` ended; nothing where it is not spoken of.
fn v(report: &RunReport) -> String {
    let line = lines(report).into_iter().find(|line| line.starts_with("variable v007: "));
    line.map_or_else(String::new, |line| line["variable v007: ".len()..].to_owned())
}

#[tokio::test]
async fn a_key_goes_once_it_was_gone_long_enough_and_comes_back() {
    for (name, shape) in shapes::targets() {
        let world = about_to_delete(shape).await;
        let report = world.run().await;
        assert_eq!((v(&report), count(&report, Outcome::Kept)), ("deleted, gone-from-source".to_owned(), 19), "{name}");
        assert_eq!(world.text(V), None, "{name}");
        assert_eq!(v(&world.run().await), "", "{name}: nothing is left to say");
        world.source.put(V, "text 7");
        let recovers = world.target.capabilities().deletes == Deletes::Recoverable;
        let expected = if recovers { "restored, returned" } else { "created, new" };
        assert_eq!(v(&world.run().await), expected, "{name}");
        assert_eq!(world.text(V), Some(world.stored("text 7")), "{name}");
        world.prove_ledger().await;
    }
}

#[tokio::test]
async fn a_key_that_was_there_again_meanwhile_starts_anew() {
    for (name, shape) in shapes::targets() {
        let world = about_to_delete(shape).await;
        world.source.put(V, "text 7");
        assert!(v(&world.run().await).starts_with("kept"), "{name}");
        world.source.remove(V);
        assert_eq!(v(&world.run().await), "kept, absent-too-short", "{name}");
        assert_eq!(v(&world.run().await), "deleted, gone-from-source", "{name}");
    }
}

/// Checks that `change` turns a delete that was due into `expected`, and that the key stays.
async fn held_up(expected: &str, change: impl AsyncFn(&mut World)) {
    for (name, shape) in shapes::targets() {
        let mut world = about_to_delete(shape).await;
        change(&mut world).await;
        let report = world.run().await;
        assert_eq!(v(&report), expected, "{name}");
        assert!(world.text(V).is_some(), "{name}: {expected}, but it is gone");
        world.prove_ledger().await;
    }
}

#[tokio::test]
async fn switched_off() {
    held_up("kept, deletes-off", async |world| world.job.policy.deletes = DeletePolicy::Never).await;
}

#[tokio::test]
async fn too_many() {
    held_up("blocked, delete-guard", async |world| world.job.policy.max_deletes_count = 0).await;
    held_up("blocked, delete-guard", async |world| world.job.policy.max_deletes_percent = 4.9).await;
}

#[tokio::test]
async fn the_source_shrank() {
    held_up("blocked, shrink-guard", async |world| {
        for number in 0..5 {
            world.source.remove(&format!("variables/v{number:03}"));
        }
    })
    .await;
    held_up("blocked, shrink-guard", async |world| {
        for number in 0..20 {
            world.source.remove(&format!("variables/v{number:03}"));
        }
        world.job.policy.max_shrink_percent = 100.0;
    })
    .await;
}

#[tokio::test]
async fn something_cannot_be_read() {
    held_up("blocked, read-errors", async |world| {
        world.source.put("variables/v001", "changed");
        world.source.deny("variables/v001");
    })
    .await;
    held_up("blocked, read-errors", async |world| {
        // One that is denied in the target, where planning must read it.
        let theirs = world.stored("theirs");
        world.target.put("variables/v001", &theirs);
        world.target.deny("variables/v001");
    })
    .await;
}

#[tokio::test]
async fn what_is_accepted_holds_nothing_up() {
    for (name, shape) in shapes::targets() {
        let mut world = about_to_delete(shape).await;
        world.source.put("variables/v001", "changed");
        world.source.deny("variables/v001");
        world.job.accept = vec!["variables/v001".to_owned()];
        let report = world.run().await;
        assert_eq!(v(&report), "deleted, gone-from-source", "{name}");
        assert_eq!(report.status, RunStatus::Succeeded, "{name}");
    }
}

#[tokio::test]
async fn others_changed_it() {
    held_up("blocked, drift", async |world| {
        let theirs = world.stored("theirs");
        world.target.put(V, &theirs);
        world.job.policy.drift = DriftPolicy::Restore;
    })
    .await;
}

#[tokio::test]
async fn it_cannot_be_taken_back() {
    for (name, shape) in shapes::targets() {
        let mut world = about_to_delete(shape).await;
        world.job.policy.allow_final_deletes = false;
        let recovers = world.target.capabilities().deletes == Deletes::Recoverable;
        let expected = if recovers { "deleted, gone-from-source" } else { "blocked, final-delete" };
        assert_eq!(v(&world.run().await), expected, "{name}");
    }
}

#[tokio::test]
async fn the_source_has_it_but_switched_off_or_without_a_value_to_see() {
    for state in [State::Disabled, State::Managed(Manager::Service)] {
        held_up("quarantined, source-unreadable", async |world| {
            world.source.put(V, "text 7");
            world.source.set_state(V, state);
        })
        .await;
    }
    // The control: these are gone.
    for state in [State::Deleted, State::Destroyed, State::Empty] {
        let world = about_to_delete(shapes::aws()).await;
        world.source.put(V, "text 7");
        world.source.set_state(V, state);
        assert_eq!(v(&world.run().await), "deleted, gone-from-source", "{state:?}");
    }
}

#[tokio::test]
async fn a_looked_up_source_that_is_switched_off_is_not_gone() {
    for (state, expected) in [
        (State::Disabled, "quarantined, source-unreadable"),
        (State::Managed(Manager::Service), "quarantined, source-unreadable"),
        (State::Deleted, "deleted, gone-from-source"),
    ] {
        let source = MemoryShape { dialect: MemoryShape::default().dialect, ..shapes::vault() };
        let mut world = World::between(source, shapes::aws()).await;
        world.stores.source = secretferry::provider::layer::fitted(
            crate::probe::Probe::names_only(&world.source) as secretferry::provider::Store,
            secretferry::provider::Role::Source,
        );
        world.job.policy.deletes = DeletePolicy::Owned;
        world.job.policy.absent_for = 1;
        world.fill(20);
        world.run().await;
        world.source.set_state(V, state);
        assert_eq!(v(&world.run().await), expected, "{state:?}");
    }
}

#[tokio::test]
async fn the_source_has_it_again_since_the_plan() {
    for (name, shape) in shapes::targets() {
        let world = about_to_delete(shape).await;
        let report = world.run_meddled(async |_| drop(world.source.put(V, "text 7"))).await;
        assert_eq!(v(&report), "conflict, source-moved", "{name}");
        assert!(world.text(V).is_some(), "{name}");
        assert!(v(&world.run().await).starts_with("kept"), "{name}");
    }
}

#[tokio::test]
async fn the_source_or_a_key_cannot_be_read_any_more_when_it_comes_to_deletes() {
    for (name, shape) in shapes::targets() {
        // The listing before the deletes fails.
        let world = about_to_delete(shape.clone()).await;
        world.source.fail(Family::List, 2, When::Before, ErrorKind::Unavailable);
        assert_eq!(v(&world.run().await), "blocked, read-errors", "{name}");
        // A value that was to be written cannot be read again.
        world.source.put("variables/v001", "changed");
        let report = world.run_meddled(async |_| world.source.deny("variables/v001")).await;
        assert_eq!(v(&report), "blocked, read-errors", "{name}");
        assert_eq!(lines(&report)[1], "variable v001: failed, source-failed", "{name}");
        world.source.allow("variables/v001");
        assert_eq!(v(&world.run().await), "deleted, gone-from-source", "{name}");
    }
}

#[tokio::test]
async fn the_target_moved_since_the_plan() {
    for (name, shape) in shapes::targets() {
        let world = about_to_delete(shape).await;
        let theirs = world.stored("theirs");
        let report = world.run_meddled(async |_| drop(world.target.put(V, &theirs))).await;
        assert_eq!((v(&report), world.text(V)), ("conflict, target-moved".to_owned(), Some(theirs)), "{name}");
    }
}

#[tokio::test]
async fn a_listing_that_breaks_off_is_no_listing() {
    for (name, shape) in shapes::targets() {
        let world = about_to_delete(shape).await;
        world.source.cut_listing();
        assert!(world.run_watched(&Blind, &CancellationToken::new(), async |_| {}).await.is_err(), "{name}");
        assert!(world.text(V).is_some(), "{name}");
    }
}

#[tokio::test]
async fn a_key_that_is_not_ours_is_never_deleted() {
    for (name, shape) in shapes::targets() {
        let mut world = about_to_delete(shape).await;
        let theirs = world.stored("theirs");
        world.target.put("variables/theirs", &theirs);
        // Nor one that only looks like ours: the mark is there, the record is not.
        let marked = world.target.capabilities().marks.is_some();
        world.lose_ledger().await;
        for _ in 0..4 {
            let report = world.run().await;
            assert_eq!(count(&report, Outcome::Deleted), 0, "{name}: {:?}", lines(&report));
            assert_eq!(v(&report), "", "{name}, {marked}");
        }
        assert!(world.text("variables/theirs").is_some() && world.text(V).is_some(), "{name}");
    }
}

#[tokio::test]
async fn a_narrowed_run_takes_nothing_away_and_counts_nothing_as_gone() {
    for (name, shape) in shapes::targets() {
        let mut world = about_to_delete(shape).await;
        // Percentages of a part mislead: with these, the guards would let the delete pass.
        world.job.policy.max_deletes_percent = 100.0;
        world.job.policy.max_shrink_percent = 100.0;
        world.source.remove("variables/v008");
        let whole = world.job.filter.clone();
        world.job.filter = whole.clone().narrowed(None, &["v00*".to_owned()]).unwrap();
        for _ in 0..3 {
            let report = world.run().await;
            assert_eq!((report.outcomes.len(), v(&report)), (10, "kept, deletes-off".to_owned()), "{name}");
        }
        world.job.filter = whole.clone().narrowed(Some(Kind::Connection), &[]).unwrap();
        assert!(world.run().await.outcomes.is_empty(), "{name}");
        world.job.filter = whole;
        let report = world.run().await;
        assert_eq!(v(&report), "deleted, gone-from-source", "{name}");
        assert_eq!(lines(&report)[8], "variable v008: kept, absent-too-short", "{name}");
    }
}

#[tokio::test]
async fn a_key_that_left_the_scope_is_invisible() {
    for (name, shape) in shapes::targets() {
        let mut world = about_to_delete(shape).await;
        let kinds = [Kind::Connection, Kind::Variable];
        world.job.filter = Filter::new(&kinds, &["*".to_owned()], &["v007".to_owned()]).unwrap();
        for _ in 0..3 {
            let report = world.run().await;
            assert_eq!((v(&report), report.outcomes.len()), (String::new(), 19), "{name}");
        }
        assert!(world.text(V).is_some(), "{name}");
    }
}

#[tokio::test]
async fn a_key_that_is_gone_from_both_is_forgotten() {
    for (name, shape) in shapes::targets() {
        let world = settled_in(shape).await;
        world.source.remove(V);
        world.target.remove(V);
        assert_eq!(v(&world.run().await), "kept, gone-from-both", "{name}");
        assert_eq!(v(&world.run().await), "", "{name}");
    }
}
