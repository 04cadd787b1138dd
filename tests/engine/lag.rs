//! Listings that lag behind writes: nothing is created twice, taken for deleted, or taken for somebody else's change.

use std::time::Duration;

use secretferry::model::{Family, Outcome, Reason};
use secretferry::planner::DeletePolicy;
use secretferry::provider::memory::MemoryShape;

use crate::shapes;
use crate::world::{World, count, lines};

const MINUTES: Duration = Duration::from_secs(300);
/// Over as soon as it began: whatever was written is old.
const NEXT_TO_NOTHING: Duration = Duration::from_nanos(1);

fn lagging(lag: Duration) -> MemoryShape {
    let mut shape = shapes::aws();
    shape.capabilities.listing_lag = lag;
    shape
}

async fn to(lag: Duration) -> World {
    World::between(shapes::metastore(), lagging(lag)).await
}

#[tokio::test]
async fn what_was_just_created_is_looked_up_and_not_created_again() {
    let world = to(MINUTES).await;
    world.fill(25);
    world.target.lag();
    assert_eq!(count(&world.run().await, Outcome::Created), 25);
    let (report, _, target) = world.counted().await;
    assert_eq!(count(&report, Outcome::Kept), 25, "{:?}", lines(&report));
    assert_eq!(target, [1, 2, 0, 0, 0], "one listing, and a look at each key that it does not show");
    world.target.catch_up();
    let (_, _, target) = world.counted().await;
    assert_eq!(target, [1, 0, 0, 0, 0], "a listing that has caught up is enough");
}

#[tokio::test]
async fn what_was_just_updated_is_no_drift() {
    for (lag, expected) in [(MINUTES, Outcome::Kept), (NEXT_TO_NOTHING, Outcome::Blocked)] {
        let world = to(lag).await;
        world.fill(1);
        world.run().await;
        world.target.lag();
        let key = world.source.keys().remove(0);
        world.source.put(&key, "changed");
        assert_eq!(count(&world.run().await, Outcome::Updated), 1);
        // The second row is the positive control: of an old record, another version in the listing is somebody's change.
        let report = world.run().await;
        let read = world.target.calls(Family::Read);
        match expected {
            Outcome::Kept => assert_eq!((count(&report, expected), read), (1, 0), "{:?}", lines(&report)),
            _ => assert_eq!(read, 1, "it is doubted, and read"),
        }
    }
}

#[tokio::test]
async fn what_cannot_be_carried_is_not_looked_for() {
    let world = to(MINUTES).await;
    world.fill(1);
    world.source.put("variables/poisoned", "***");
    for looks in [1, 0] {
        let (report, _, target) = world.counted().await;
        assert_eq!(count(&report, Outcome::Blocked), 1, "{:?}", lines(&report));
        assert_eq!(target[1], looks, "only what is to be created is looked for");
    }
}

#[tokio::test]
async fn what_somebody_just_created_is_seen_before_it_is_planned() {
    let world = to(MINUTES).await;
    world.fill(2);
    world.target.lag();
    let key = world.source.keys().remove(0);
    world.target.put(&key, "theirs");
    let preview = world.plan().await;
    let step = preview.plan.steps.iter().find(|step| step.key.as_ref().is_some_and(|own| own.as_str() == key)).unwrap();
    assert_eq!(step.reason, Reason::Foreign);
    assert_eq!(preview.plan.changes().count(), 1);
}

#[tokio::test]
async fn what_somebody_really_deleted_is_seen_as_deleted() {
    let world = to(MINUTES).await;
    world.fill(2);
    world.run().await;
    let key = world.target.keys().remove(0);
    world.target.remove(&key);
    let preview = world.plan().await;
    let reasons: Vec<_> = preview.plan.steps.iter().map(|step| step.reason).collect();
    assert!(reasons.contains(&Reason::DriftDeleted), "{reasons:?}");
}

#[tokio::test]
async fn what_a_lagging_source_does_not_show_is_not_gone() {
    for lag in [MINUTES, Duration::ZERO] {
        let mut world = World::between(lagging(lag), shapes::aws()).await;
        world.job.policy.deletes = DeletePolicy::Owned;
        world.source.put("variables/late", "here");
        world.run().await;
        // The listing of before the write.
        world.source.remove("variables/late");
        world.source.lag();
        world.source.put("variables/late", "here");
        let preview = world.plan().await;
        let reasons: Vec<_> = preview.plan.steps.iter().map(|step| step.reason).collect();
        // Without a lag, which is the positive control, the listing's word counts.
        assert_eq!(reasons == [Reason::AbsentTooShort], lag.is_zero(), "{reasons:?}");
    }
}
