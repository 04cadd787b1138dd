//! Keys that others wrote, changed, deleted or own: each policy, on every shape of target.

use std::sync::Arc;

use secretferry::engine::RunReport;
use secretferry::model::{Deletes, Manager, State};
use secretferry::planner::{DriftPolicy, ForeignPolicy, TombstonePolicy};
use secretferry::provider::layer::fitted;
use secretferry::provider::{Provider as _, Role, Store};

use crate::probe::Probe;
use crate::shapes;
use crate::world::{World, lines};

const V: &str = "variables/v";

/// A world in which the source has `v = "text"`.
async fn with_source(shape: secretferry::provider::memory::MemoryShape) -> World {
    let world = World::between(shapes::metastore(), shape).await;
    world.source.put(V, "text");
    world
}

/// How `v` ended.
fn ended(report: &RunReport) -> String {
    let line = lines(report).into_iter().find(|line| line.starts_with("variable v: ")).unwrap();
    line["variable v: ".len()..].to_owned()
}

impl World {
    fn marks(&self) -> bool {
        self.target.capabilities().marks.is_some()
    }

    fn recovers(&self) -> bool {
        self.target.capabilities().deletes == Deletes::Recoverable
    }

    /// The plan after this leaves nothing to do.
    async fn is_at_rest(&self) -> bool {
        self.plan().await.plan.changes().next().is_none()
    }
}

#[tokio::test]
async fn a_key_that_others_wrote() {
    let rows = [
        (ForeignPolicy::Block, "text", "blocked, foreign", "text"),
        (ForeignPolicy::Block, "other", "blocked, foreign", "other"),
        (ForeignPolicy::Adopt, "text", "adopted, equal-unowned", "text"),
        (ForeignPolicy::Adopt, "other", "blocked, foreign-differs", "other"),
        (ForeignPolicy::Overwrite, "text", "adopted, equal-unowned", "text"),
        (ForeignPolicy::Overwrite, "other", "updated, foreign-overwritten", "text"),
    ];
    for (name, shape) in shapes::targets() {
        for (policy, theirs, expected, afterwards) in rows {
            let mut world = with_source(shape.clone()).await;
            world.job.policy.foreign = policy;
            world.target.put(V, &world.stored(theirs));
            world.target.tag(V, "team", "data");
            assert_eq!(ended(&world.run().await), expected, "{name}, {policy:?}, {theirs}");
            assert_eq!(world.text(V), Some(world.stored(afterwards)), "{name}, {policy:?}, {theirs}");
            let tags = world.target.tags(V);
            assert_eq!(tags.get("team").map(String::as_str), Some("data"), "{name}: other people's tags stay");
            let taken = !expected.starts_with("blocked");
            assert_eq!(tags.contains_key("secretferry-ledger"), taken && world.marks(), "{name}, {policy:?}");
            if taken {
                assert_eq!(ended(&world.run().await), "kept, unchanged", "{name}, {policy:?}, {theirs}");
            }
            world.prove_ledger().await;
        }
    }
}

#[tokio::test]
async fn a_key_of_another_installation() {
    let rows = [
        (ForeignPolicy::Block, "blocked, other-owner"),
        (ForeignPolicy::Adopt, "adopted, equal-unowned"),
        (ForeignPolicy::Overwrite, "adopted, equal-unowned"),
    ];
    for (name, shape) in shapes::targets() {
        for (policy, expected) in rows {
            let mut world = with_source(shape.clone()).await;
            world.run().await;
            world.lose_ledger().await;
            world.job.policy.foreign = policy;
            let unmarked = expected.replace("other-owner", "foreign");
            let expected = if world.marks() { expected } else { &unmarked };
            assert_eq!(ended(&world.run().await), expected, "{name}, {policy:?}");
            if world.marks() {
                let mark = &world.target.tags(V)["secretferry-ledger"];
                assert_eq!(mark == world.ledger.id(), policy != ForeignPolicy::Block, "{name}, {policy:?}");
            }
            world.prove_ledger().await;
        }
    }
}

#[tokio::test]
async fn a_key_of_another_job() {
    for (name, shape) in shapes::targets() {
        let mut world = with_source(shape).await;
        world.run().await;
        world.source.put(V, "changed");
        world.job.name = "renamed".to_owned();
        // By its mark, or by the record of the job that wrote it.
        assert_eq!(ended(&world.run().await), "blocked, other-owner", "{name}");
        world.job.policy.foreign = ForeignPolicy::Overwrite;
        assert_eq!(ended(&world.run().await), "updated, foreign-overwritten", "{name}");
        assert_eq!(ended(&world.run().await), "kept, unchanged", "{name}");
    }
}

#[tokio::test]
async fn a_key_of_ours_that_others_changed() {
    let rows = [
        (DriftPolicy::Block, "blocked, drift", "theirs"),
        (DriftPolicy::Keep, "kept, drift-kept", "theirs"),
        (DriftPolicy::Restore, "updated, drift-restored", "text"),
    ];
    for (name, shape) in shapes::targets() {
        for (policy, expected, afterwards) in rows {
            let mut world = with_source(shape.clone()).await;
            world.job.policy.drift = policy;
            world.run().await;
            world.target.put(V, &world.stored("theirs"));
            assert_eq!(ended(&world.run().await), expected, "{name}, {policy:?}");
            assert_eq!(world.text(V), Some(world.stored(afterwards)), "{name}, {policy:?}");
            // It is said again, until somebody settles it.
            let again = if policy == DriftPolicy::Restore { "kept, unchanged" } else { expected };
            assert_eq!(ended(&world.run().await), again, "{name}, {policy:?}");
        }
    }
}

#[tokio::test]
async fn a_key_of_ours_that_others_changed_as_the_source_did() {
    for (name, shape) in shapes::targets() {
        let world = with_source(shape).await;
        world.run().await;
        world.source.put(V, "changed");
        world.target.put(V, &world.stored("changed"));
        let (report, _, target) = world.counted().await;
        assert_eq!((ended(&report), target[3]), ("kept, converged".to_owned(), 0), "{name}");
        assert_eq!(ended(&world.run().await), "kept, unchanged", "{name}");
    }
}

#[tokio::test]
async fn a_key_of_ours_that_others_deleted() {
    for (name, shape) in shapes::targets() {
        for for_good in [true, false] {
            let mut world = with_source(shape.clone()).await;
            if !for_good && !world.recovers() {
                continue;
            }
            world.run().await;
            match for_good {
                true => world.target.remove(V),
                false => world.target.set_state(V, State::Deleted),
            }
            assert_eq!(ended(&world.run().await), "blocked, drift-deleted", "{name}");
            assert_eq!(world.text(V), None, "{name}");
            world.job.policy.drift = DriftPolicy::Keep;
            assert_eq!(ended(&world.run().await), "kept, drift-kept", "{name}");
            world.job.policy.drift = DriftPolicy::Restore;
            let expected = if for_good { "created, drift-restored" } else { "restored, drift-restored" };
            assert_eq!(ended(&world.run().await), expected, "{name}");
            assert_eq!(world.text(V), Some(world.stored("text")), "{name}");
            assert!(world.is_at_rest().await, "{name}");
            world.prove_ledger().await;
        }
    }
}

#[tokio::test]
async fn a_deleted_or_destroyed_name_in_the_way() {
    let rows = [(State::Deleted, "blocked, tombstone"), (State::Destroyed, "blocked, destroyed")];
    for (name, shape) in shapes::targets() {
        for names_only in [false, true] {
            for (state, blocked) in rows {
                let mut world = with_source(shape.clone()).await;
                if !world.recovers() {
                    continue;
                }
                if names_only {
                    // Vault lists names; what became of them only a read says.
                    let probe = Probe::names_only(&world.target);
                    world.stores.target = fitted(Arc::clone(&probe) as Store, Role::Target);
                }
                world.target.put(V, &world.stored("before"));
                world.target.set_state(V, state);
                assert_eq!(ended(&world.run().await), blocked, "{name}, {state:?}");
                world.job.policy.tombstone = TombstonePolicy::Restore;
                let report = world.run().await;
                assert_eq!(ended(&report), "restored, tombstone-restored", "{name}, {state:?}: {:?}", report.outcomes);
                assert_eq!(world.text(V), Some(world.stored("text")), "{name}, {state:?}");
                assert!(world.is_at_rest().await, "{name}, {state:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_restore_is_conditional_on_the_deletion_it_was_planned_against() {
    for (name, shape) in shapes::targets() {
        for names_only in [false, true] {
            let mut world = with_source(shape.clone()).await;
            if !world.recovers() {
                continue;
            }
            if names_only {
                world.stores.target = fitted(Probe::names_only(&world.target) as Store, Role::Target);
            }
            world.job.policy.tombstone = TombstonePolicy::Restore;
            world.target.put(V, &world.stored("before"));
            world.target.set_state(V, State::Deleted);
            let theirs = world.stored("theirs");
            let report = world.run_meddled(async |_| drop(world.target.put(V, &theirs))).await;
            assert_eq!(ended(&report), "conflict, target-moved", "{name}");
            assert_eq!(world.text(V), Some(theirs.clone()), "{name}: what somebody wrote meanwhile stays");
        }
    }
}

#[tokio::test]
async fn a_change_between_plan_and_write_is_never_written_over() {
    for (name, shape) in shapes::targets() {
        let mut world = with_source(shape).await;
        world.job.policy.foreign = ForeignPolicy::Overwrite;
        let theirs = world.stored("theirs");
        // A create meets a key.
        let report = world.run_meddled(async |_| drop(world.target.put(V, &theirs))).await;
        assert_eq!(ended(&report), "conflict, target-moved", "{name}");
        // An update meets another value.
        let newer = world.stored("newer");
        let report = world.run_meddled(async |_| drop(world.target.put(V, &newer))).await;
        assert_eq!(ended(&report), "conflict, target-moved", "{name}");
        // An adoption meets another value; where there is no mark to write, the record alone is kept, and sees it next.
        world.target.put(V, &world.stored("text"));
        let report = world.run_meddled(async |_| drop(world.target.put(V, &newer))).await;
        assert_eq!(ended(&report), "conflict, target-moved", "{name}");
        assert_eq!(world.text(V), Some(newer), "{name}");
        // A source that moved is not written either.
        let report = world.run_meddled(async |_| drop(world.source.put(V, "moved"))).await;
        assert_eq!(ended(&report), "conflict, source-moved", "{name}");
        let report = world.run_meddled(async |_| world.source.remove(V)).await;
        assert_eq!(ended(&report), "conflict, source-moved", "{name}");
        // The control: left alone, it is written.
        world.source.put(V, "text");
        assert_eq!(ended(&world.run().await), "updated, foreign-overwritten", "{name}");
        world.prove_ledger().await;
    }
}

#[tokio::test]
async fn what_is_switched_off_belongs_to_a_service_or_cannot_be_seen_is_left_alone() {
    for (name, shape) in shapes::targets() {
        let mut world = with_source(shape).await;
        world.job.policy.drift = DriftPolicy::Restore;
        world.job.policy.foreign = ForeignPolicy::Overwrite;
        world.target.put(V, &world.stored("theirs"));
        world.target.set_state(V, State::Disabled);
        assert_eq!(ended(&world.run().await), "blocked, disabled", "{name}");
        world.target.set_state(V, State::Managed(Manager::Service));
        assert_eq!(ended(&world.run().await), "blocked, managed", "{name}");
        world.target.set_state(V, State::Live);
        world.target.deny(V);
        assert_eq!(ended(&world.run().await), "blocked, target-denied", "{name}");
        assert_eq!(world.text(V), Some(world.stored("theirs")), "{name}");
    }
}
