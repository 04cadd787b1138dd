//! What readers already have is written before what is new to them, the newest change first where the source tells the time.

use jiff::Timestamp;
use secretferry::model::Family;
use secretferry::planner::DeletePolicy;
use secretferry::provider::memory::MemoryShape;

use crate::shapes;
use crate::world::World;

/// A target that is asked for one thing at a time, so that the order is all there is to see.
fn one_by_one() -> MemoryShape {
    let mut shape = MemoryShape::default();
    shape.capabilities.width = 1;
    shape
}

/// Changes a key of the source in this second.
fn change(world: &World, id: &str, second: Option<i64>) {
    let key = format!("variables/{id}");
    world.source.put(&key, &format!("{id} at {second:?}"));
    if let Some(second) = second {
        world.source.changed_at(&key, Timestamp::from_second(second).unwrap());
    }
}

/// Runs the job; gives the ids that were written and then those that were deleted, in that order.
async fn order(world: &World) -> [Vec<String>; 2] {
    let asked = |family| world.target.asked(family);
    let before = [Family::Write, Family::Delete].map(|family| asked(family).len());
    world.run().await;
    let since = |family, from: usize| -> Vec<String> {
        let keys = asked(family).split_off(from);
        keys.iter().map(|key| key.as_str().trim_start_matches("variables/").to_owned()).collect()
    };
    [since(Family::Write, before[0]), since(Family::Delete, before[1])]
}

/// Whatever tells the time: the listing, a look, or the value itself.
#[tokio::test]
async fn the_newest_change_is_written_first() {
    let sources = [("memory", MemoryShape::default()), ("aws", shapes::aws()), ("vault", shapes::vault_source())];
    for (name, source) in sources {
        let mut world = World::between(source, one_by_one()).await;
        let policy = &mut world.job.policy;
        (policy.deletes, policy.absent_for) = (DeletePolicy::Owned, 1);
        (policy.max_deletes_percent, policy.max_shrink_percent) = (100.0, 100.0);
        for id in ["a", "b", "c", "d", "gone"] {
            change(&world, id, Some(100));
        }
        assert_eq!(order(&world).await[0], ["a", "b", "c", "d", "gone"], "{name}: by name where the times are equal");
        change(&world, "a", Some(200));
        change(&world, "b", Some(400));
        change(&world, "c", None);
        change(&world, "d", Some(300));
        change(&world, "new", Some(900));
        change(&world, "newer", Some(950));
        world.source.remove("variables/gone");
        let [written, deleted] = order(&world).await;
        assert_eq!(written, ["b", "d", "a", "c", "newer", "new"], "{name}");
        assert_eq!(deleted, ["gone"], "{name}");
        assert_eq!(order(&world).await, [[""; 0]; 2], "{name}: a time alone is no change");
    }
}

/// The order is that of the work: a plan is shown by name.
#[tokio::test]
async fn the_plan_stays_in_the_order_of_names() {
    let world = World::between(MemoryShape::default(), one_by_one()).await;
    for (id, second) in [("a", 1), ("b", 3), ("c", 2)] {
        change(&world, id, Some(second));
    }
    let names: Vec<_> = world.plan().await.plan.steps.iter().map(|step| step.name.id.clone()).collect();
    assert_eq!(names, ["a", "b", "c"]);
    assert_eq!(order(&world).await[0], ["b", "c", "a"]);
}

/// A source without times, such as the metastore, goes by name.
#[tokio::test]
async fn without_times_names_decide() {
    let world = World::between(shapes::metastore(), one_by_one()).await;
    for id in ["c", "a", "b"] {
        change(&world, id, None);
    }
    assert_eq!(order(&world).await[0], ["a", "b", "c"]);
}
