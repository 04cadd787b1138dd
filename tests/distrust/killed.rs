//! SIGKILL with writes in flight, which Vault got and nobody was told of, or got too late, or never: the next run settles them.

use crate::proxy::{Deed, Gate};
use crate::vault::shared;
use crate::world::{OPEN_GUARDS, Setting, World};

/// What the run that dies is about.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Work {
    Creates,
    Updates,
    Deletes,
}

/// What became of the requests that were in flight.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fate {
    /// Vault never gets them.
    Lost,
    /// Vault gets them when the next run is over.
    Late,
    /// Vault did them; the answer is lost.
    Unheard,
}

const FATES: [Fate; 3] = [Fate::Lost, Fate::Late, Fate::Unheard];
const IN_FLIGHT: usize = 4;

async fn prepared(work: Work, kv: u8) -> World<'static> {
    let setting = Setting { kv, variables: 6, policy: OPEN_GUARDS, ..Setting::default() };
    let mut world = World::new(shared().await, setting).await;
    if work == Work::Creates {
        return world;
    }
    world.apply().await.with_outcomes(0, &[("created", 8)]);
    for number in 0..6 {
        if work == Work::Updates {
            world.set(&format!("v{number:02}"), "another").await;
        }
    }
    if work == Work::Deletes {
        world.remove("TRUE").await;
    }
    world
}

/// Kills a run while `part` of the API is held, and answers the gate behind which its requests wait.
async fn killed(world: &World<'_>, part: &'static str, fate: Fate) -> Gate {
    let deed = if fate == Fate::Unheard { Deed::HoldAnswer } else { Deed::HoldRequest };
    let gate = world.proxy.hold(part, deed);
    let running = world.applying();
    world.proxy.holds(IN_FLIGHT).await;
    let ended = running.kill().await;
    assert_eq!((ended.code, ended.out.as_str()), (None, ""), "it died without a word");
    world.proxy.pass();
    gate
}

async fn history_tells_of_the_dead(world: &World<'_>, settled_as: &str) {
    let runs = world.runs().await;
    assert_eq!((runs[0].1.as_str(), runs[1].1.as_str()), ("succeeded", "died"));
    let steps = world.steps(&runs[1].0).await;
    assert_eq!(steps.len(), IN_FLIGHT, "{steps:?}");
    for (path, state, outcome) in steps {
        assert_eq!((state.as_str(), outcome.as_str()), ("settled", settled_as), "{path}");
    }
}

async fn is_as_if_it_had_run_once(world: &World<'_>, work: Work) {
    world.is_marked_throughout().await;
    let is_variable = |path: &str| path.starts_with("variables/");
    match work {
        Work::Creates => world.holds(|_| 1).await,
        Work::Updates => world.holds(|path| if is_variable(path) { 2 } else { 1 }).await,
        Work::Deletes => {
            for (path, held) in world.held().await {
                assert_eq!((held.version, held.value.is_none()), (world.versions(1), is_variable(&path)), "{path}");
            }
        }
    }
}

async fn survives(work: Work, kv: u8, part: &'static str, fate: Fate) {
    let world = prepared(work, kv).await;
    let gate = killed(&world, part, fate).await;
    // A value goes before its mark, so where the mark is held the key is written; a delete that is settled as done leaves
    // no trace in the next plan.
    let was_done = fate == Fate::Unheard || part == "/metadata/";
    let done = if was_done { IN_FLIGHT as u64 } else { 0 };
    let (outcome, all) = match work {
        Work::Creates => ("created", 8),
        Work::Updates => ("updated", 6),
        Work::Deletes => ("deleted", 6),
    };
    let kept = 8 - all + if work == Work::Deletes { 0 } else { done };
    world.apply().await.with_outcomes(0, &[(outcome, all - done), ("kept", kept)]);
    is_as_if_it_had_run_once(&world, work).await;
    if fate == Fate::Late {
        gate.open();
        world.proxy.settled(IN_FLIGHT).await;
        is_as_if_it_had_run_once(&world, work).await;
    }
    history_tells_of_the_dead(&world, if was_done { outcome } else { "" }).await;
    world.is_at_rest().await;
    let more = world.apply().await.with_code(0);
    assert!(more.json()["outcomes"].as_array().unwrap().iter().all(|line| line["outcome"] == "kept"), "{more:?}");
    is_as_if_it_had_run_once(&world, work).await;
}

#[tokio::test]
async fn creates() {
    for fate in FATES {
        survives(Work::Creates, 2, "/metadata/", fate).await;
        survives(Work::Creates, 2, "/data/", fate).await;
        survives(Work::Creates, 1, "/v1/kv-", fate).await;
    }
}

#[tokio::test]
async fn updates() {
    for fate in FATES {
        survives(Work::Updates, 2, "/data/variables/", fate).await;
        survives(Work::Updates, 1, "/variables/", fate).await;
    }
}

#[tokio::test]
async fn deletes() {
    for fate in FATES {
        survives(Work::Deletes, 2, "/delete/", fate).await;
        survives(Work::Deletes, 1, "/variables/", fate).await;
    }
}

/// The late requests overtake those of the next run, which has settled them as not done and is about to write.
#[tokio::test]
async fn late_writes_that_overtake_the_next_run_are_found_to_be_ours() {
    for work in [Work::Creates, Work::Updates] {
        let world = prepared(work, 2).await;
        let late = killed(&world, "/data/", Fate::Late).await;
        let next_gate = world.proxy.hold("/data/", Deed::HoldRequest);
        let next = world.applying();
        world.proxy.holds(IN_FLIGHT).await;
        late.open();
        world.proxy.settled(IN_FLIGHT).await;
        next_gate.open();
        let next = next.ended().await;
        let good = if work == Work::Creates { "created" } else { "updated" };
        let all = if work == Work::Creates { 8 } else { 6 };
        next.with_outcomes(0, &[(good, all), ("kept", 8 - all)]);
        is_as_if_it_had_run_once(&world, work).await;
        world.proxy.pass();
        world.apply().await.with_outcomes(0, &[("kept", 8)]);
        is_as_if_it_had_run_once(&world, work).await;
        world.is_at_rest().await;
    }
}

/// A run that dies while it settles what another left behind leaves it to the next.
#[tokio::test]
async fn death_while_settling_is_settled_too() {
    let world = prepared(Work::Creates, 2).await;
    killed(&world, "/data/", Fate::Unheard).await;
    let gate = Gate::closed();
    let theirs = gate.clone();
    let reads = |line: &str| line.starts_with("GET ") && line.contains("/data/");
    world.proxy.rule(move |request| match reads(&request.line) {
        true => Deed::HoldAnswer(theirs.clone()),
        false => Deed::Pass,
    });
    let settling = world.applying();
    world.proxy.seen("/data/", IN_FLIGHT + 1).await;
    settling.kill().await;
    world.proxy.pass();
    gate.open();
    world.apply().await.with_outcomes(0, &[("created", 4), ("kept", 4)]);
    world.holds(|_| 1).await;
    let runs = world.runs().await;
    let ends: Vec<_> = runs.iter().map(|(_, status)| status.as_str()).collect();
    assert_eq!(ends, ["succeeded", "died", "died"]);
    world.is_at_rest().await;
}

/// The control: a version too many, as a run that repeats blindly would leave, is seen.
#[tokio::test]
#[should_panic(expected = "version: 2")]
async fn a_doubled_write_would_be_seen() {
    let world = prepared(Work::Updates, 2).await;
    world.meddle("variables/v00", world.wanted["variables/v00"].clone()).await;
    world.holds(|_| 1).await;
}
