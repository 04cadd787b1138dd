//! What a plan says of its cost: the calls that acting on it takes, and the time under the quotas; held to what is then asked.

use std::time::Duration;

use secretferry::model::Family;
use secretferry::planner::Effort;
use secretferry::provider::memory::MemoryShape;

use crate::shapes;
use crate::world::World;

/// How many calls of a family the target is told to take.
fn told(effort: &Effort, family: Family) -> usize {
    effort.target.iter().find(|calls| calls.family == family).map_or(0, |calls| usize::try_from(calls.count).unwrap())
}

#[tokio::test]
async fn what_is_told_is_what_is_asked() {
    let world = World::between(shapes::aws(), shapes::aws()).await;
    world.fill(110);
    for round in 0..2 {
        let effort = world.plan().await.effort;
        world.run().await;
        assert_eq!(
            effort.least,
            Some(Duration::from_secs_f64(110.0 / 50.0)),
            "110 writes at 50 a second, round {round}"
        );
        assert_eq!(effort.source.first().map(|calls| calls.count), Some(6), "110 keys in batches of 20");
        assert_eq!((told(&effort, Family::Write), told(&effort, Family::Stat)), (110, 110 * round));
        assert_eq!(world.target.calls(Family::Write), 110 * (round + 1), "as told");
        for key in world.source.keys() {
            world.source.put(&key, "changed");
        }
    }
}

#[tokio::test]
async fn stores_that_state_nothing_are_not_counted() {
    let world = World::between(MemoryShape::default(), MemoryShape::default()).await;
    world.fill(3);
    assert_eq!(world.plan().await.effort, Effort::default());
}

#[tokio::test]
async fn nothing_to_do_takes_nothing() {
    let world = World::between(shapes::metastore(), shapes::aws()).await;
    world.fill(3);
    world.run().await;
    let effort = world.plan().await.effort;
    assert_eq!((effort.target, effort.least), (Vec::new(), None));
}
