//! SIGKILL at one system call after the other.

use crate::strace::{Point, Struck, strike};
use crate::walk::{Tally, Walk, is_whole, sampled};
use crate::world::{APPLY, Scenario, Target};

/// How many points of a run `make test` strikes at.
const FEW: usize = 12;
/// How many runs are given the chance to come to a point.
const ATTEMPTS: usize = 3;

/// Kills a run at `point`, and insists that the next one mends all. Where chance gives a run too few calls, another is tried.
async fn killed_at(walk: &Walk, point: &Point) -> Struck {
    let mut attempt = 1;
    loop {
        walk.prepare().await;
        let struck = strike(walk.world.folder(), APPLY, point, "signal=SIGKILL").await;
        assert_eq!(struck.ended.code.is_none(), struck.happened, "{point:?}: {struck:?}");
        walk.nothing_was_done_unannounced().await;
        walk.one_more_run_mends_all().await;
        if struck.happened || attempt == ATTEMPTS {
            return struck;
        }
        attempt += 1;
    }
}

async fn survives(scenario: Scenario, target: Target) {
    let walk = Walk::begin(scenario, target).await;
    let points = if is_whole() { walk.counts.all() } else { walk.counts.changing() };
    let mut tally = Tally::default();
    for point in sampled(points, FEW) {
        tally.add(&point, &killed_at(&walk, &point).await);
    }
    tally.close(&format!("SIGKILL in {scenario:?} to {target:?}"));
}

#[tokio::test]
async fn a_first_run_to_vault() {
    survives(Scenario::First, Target::Vault).await;
}

#[tokio::test]
async fn a_first_run_to_files() {
    survives(Scenario::First, Target::Files).await;
}

#[tokio::test]
async fn an_update_to_vault() {
    survives(Scenario::Update, Target::Vault).await;
}

#[tokio::test]
async fn an_update_to_files() {
    survives(Scenario::Update, Target::Files).await;
}
