//! Two processes on one target: the second is refused and told who has it; the dead hold nothing.

use crate::proxy::Deed;
use crate::vault::shared;
use crate::world::{Setting, World};

#[tokio::test]
async fn the_second_is_told_who_holds_the_target() {
    let world = World::new(shared().await, Setting { variables: 8, ..Setting::default() }).await;
    let gate = world.proxy.hold("/data/", Deed::HoldRequest);
    let first = world.applying();
    world.proxy.holds(4).await;
    let process = format!("job ferry in process {} on ", first.id());
    let before = world.proxy.count("POST");
    let second = world.ferry(&["apply", "--yes"]).await.with_code(1);
    second.telling(&["is being worked on by", &process, "since", "Wait for it to end"]);
    assert_eq!(world.proxy.count("POST"), before, "the second changed nothing");
    world.ferry(&["plan", "--exit-code"]).await.with_code(4);
    gate.open();
    first.ended().await.with_outcomes(0, &[("created", 10)]);
    world.apply().await.with_outcomes(0, &[("kept", 10)]);
    world.holds(|_| 1).await;
}

#[tokio::test]
async fn the_dead_hold_nothing() {
    let world = World::new(shared().await, Setting { variables: 8, ..Setting::default() }).await;
    world.proxy.hold("/data/", Deed::HoldRequest);
    let first = world.applying();
    world.proxy.holds(4).await;
    world.ferry(&["apply", "--yes"]).await.with_code(1);
    first.kill().await;
    world.proxy.pass();
    world.apply().await.with_outcomes(0, &[("created", 10)]);
    world.holds(|_| 1).await;
}
