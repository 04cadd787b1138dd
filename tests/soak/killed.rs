//! SIGKILL at one system call after the other.

use crate::strace::Times;
use crate::walk::{Tally, Walk, is_whole, sampled};
use crate::world::{Scenario, Target};

/// How many points of a run `make test` strikes at.
const FEW: usize = 10;

async fn survives(scenario: Scenario, target: Target) {
    let mut walk = Walk::begin(scenario, target).await;
    let points = if is_whole() { walk.counts.all() } else { walk.counts.changing() };
    let mut tally = Tally::default();
    for point in sampled(points, FEW) {
        let struck = walk.strike(&point, "signal=SIGKILL", Times::Once).await;
        assert_eq!(struck.ended.code.is_none(), struck.happened, "{point:?}: {struck:?}");
        walk.nothing_was_done_unannounced().await;
        walk.one_more_run_mends_all().await;
        tally.add(&point, &struck);
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

#[tokio::test]
async fn an_undo_on_files() {
    survives(Scenario::Undo, Target::Files).await;
}

#[tokio::test]
async fn an_undo_on_vault() {
    survives(Scenario::Undo, Target::Vault).await;
}
