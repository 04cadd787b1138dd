//! Ctrl-C: the first finishes the steps in flight, the second stops at once; the next run has the rest.

use crate::ferry::Running;
use crate::proxy::{Deed, Gate};
use crate::vault::shared;
use crate::world::{Setting, World};

const MANY: Setting<'_> = Setting { kv: 2, variables: 20, target: "", policy: "", job: "" };
const IN_FLIGHT: u64 = 4;

/// A run whose first writes are held.
async fn writing<'v>(deed: fn(Gate) -> Deed) -> (World<'v>, Running, Gate) {
    let world = World::new(shared().await, MANY).await;
    let gate = world.proxy.hold("/data/", deed);
    let running = world.applying();
    world.proxy.holds(4).await;
    (world, running, gate)
}

async fn goes_on(world: &World<'_>, kept: u64) {
    world.proxy.pass();
    world.apply().await.with_outcomes(0, &[("created", 22 - kept), ("kept", kept)]);
    world.holds(|_| 1).await;
    world.is_at_rest().await;
}

#[tokio::test]
async fn the_first_finishes_what_is_in_flight() {
    for signal in ["INT", "TERM"] {
        let (world, running, gate) = writing(Deed::HoldRequest).await;
        running.signal(signal).await;
        running.tells("what is in flight is finished first; interrupt again to stop at once").await;
        gate.open();
        let ended =
            running.ended().await.with_outcomes(130, &[("created", IN_FLIGHT), ("not-started", 22 - IN_FLIGHT)]);
        assert_eq!(ended.json()["status"], "interrupted");
        assert_eq!(world.held().await.len() as u64, IN_FLIGHT, "nothing else was touched, not even marked");
        assert_eq!(world.runs().await[0].1, "interrupted");
        goes_on(&world, IN_FLIGHT).await;
    }
}

#[tokio::test]
async fn the_second_stops_at_once() {
    for written in [0, IN_FLIGHT] {
        let deed = if written == 0 { Deed::HoldRequest } else { Deed::HoldAnswer };
        let (world, running, gate) = writing(deed).await;
        running.signal("INT").await;
        running.tells("interrupt again to stop at once").await;
        running.signal("INT").await;
        let ended = running.ended().await.with_code(130).telling(&["Stopped at once; the next apply settles"]);
        assert_eq!(ended.out, "");
        goes_on(&world, written).await;
        gate.open();
        world.proxy.settled(if written == 0 { 4 } else { 0 }).await;
        world.holds(|_| 1).await;
        let runs = world.runs().await;
        assert_eq!(runs[1].1, "died", "{runs:?}");
    }
}

/// While a person is asked nothing is in flight: one interrupt is a no.
#[tokio::test]
async fn an_interrupt_is_no_consent() {
    let world = World::new(shared().await, MANY).await;
    let mut running = crate::ferry::start_on_terminal(world.folder(), &["apply"]);
    running.says("Only `yes` is taken for consent").await;
    running.types("\u{3}").await;
    running.ended().await.with_code(130);
    assert_eq!(world.held().await.len(), 0);
    world.apply().await.with_outcomes(0, &[("created", 22)]);
    world.holds(|_| 1).await;
}

/// While both sides are looked at nothing is in flight either.
#[tokio::test]
async fn an_interrupt_before_the_plan_does_nothing() {
    let world = World::new(shared().await, MANY).await;
    let gate = Gate::closed();
    let theirs = gate.clone();
    world.proxy.rule(move |request| match request.line.starts_with("LIST ") {
        true => Deed::HoldRequest(theirs.clone()),
        false => Deed::Pass,
    });
    let running = world.applying();
    world.proxy.holds(1).await;
    running.signal("INT").await;
    running.tells("interrupt again to stop at once").await;
    let ended = running.ended().await.with_code(130).telling(&["interrupted before it began to write"]);
    assert_eq!(ended.out, "");
    gate.open();
    assert_eq!(world.runs().await[0].1, "interrupted");
    assert_eq!(world.held().await.len(), 0);
    goes_on(&world, 0).await;
}
