//! A server that is gone in the middle of a run: nothing more is begun, and nobody waits for ever.

use std::time::Instant;

use secretferry::ledger::{Conclusion, Ledger, LedgerError, RunEnd, RunStatus};

use crate::wire::Wire;
use crate::words::{VAULT, begin, create, done, holder};
use crate::world::World;

fn seconds(from: Instant) -> u64 {
    from.elapsed().as_secs()
}

fn is_loss(error: &LedgerError) -> bool {
    match error {
        LedgerError::Lost(_) => true,
        LedgerError::Refusing(cause) => is_loss(cause),
        _ => false,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_wire_ends_everything_at_once() {
    let (world, wire) = (World::new().await, Wire::new().await);
    world.lead_to(&wire.address);
    let ledger = world.open().await;
    let (lease, run) = begin(&ledger).await;
    let step = ledger.intend(&run, &lease, create("begun")).await.unwrap();
    let (cut, never) = (Instant::now(), std::future::pending::<()>());
    wire.cut();
    let intents = futures::future::join_all((0..20).map(|id| ledger.intend(&run, &lease, create(&id.to_string()))));
    let (intents, request) = tokio::join!(intents, lease.while_held(never));
    assert!(intents.into_iter().all(|intent| is_loss(&intent.unwrap_err())));
    assert_eq!(request, Err(LedgerError::Ended { target: VAULT.to_owned() }));
    assert!(is_loss(&ledger.conclude(step, Conclusion::Done(done("begun"))).await.unwrap_err()));
    let end = RunEnd { status: RunStatus::Failed, depth: None, counts: [].into(), error: None, standing: None };
    assert!(is_loss(&ledger.finish_run(&run, end).await.unwrap_err()));
    assert!(seconds(cut) < 3, "{:?}", cut.elapsed());
    assert!(is_loss(&ledger.baseline(VAULT).await.unwrap_err()));
    assert!(seconds(cut) < 25, "{:?}", cut.elapsed());

    // On a whole wire the next one finds what was begun, and the target free.
    world.lead_to(&crate::world::server());
    let ledger = world.open().await;
    begin(&ledger).await;
    assert_eq!(ledger.unsettled(VAULT).await.unwrap()[0].step, step);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_under_way_is_dropped_once_a_heartbeat_fails() {
    let (world, wire) = (World::new().await, Wire::new().await);
    world.lead_to(&wire.address);
    let ledger = world.open().await;
    let lease = ledger.lease(VAULT, &holder()).await.unwrap();
    let cut = Instant::now();
    wire.cut();
    let request = lease.while_held(std::future::pending::<()>()).await;
    assert_eq!(request, Err(LedgerError::Ended { target: VAULT.to_owned() }));
    assert!(seconds(cut) < 15, "{:?}", cut.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_wire_ends_the_lease_here_before_it_does_there() {
    let (world, wire) = (World::new().await, Wire::new().await);
    world.lead_to(&wire.address);
    let ledger = world.open().await;
    let (lease, run) = begin(&ledger).await;
    world.lead_to(&crate::world::server());
    let other = world.open().await;
    let dead = Instant::now();
    wire.deaden();
    let (intent, request) =
        tokio::join!(async { (ledger.intend(&run, &lease, create("late")).await, seconds(dead)) }, async {
            (lease.while_held(std::future::pending::<()>()).await, seconds(dead))
        },);
    assert!(is_loss(&intent.0.unwrap_err()) && intent.1 < 35, "after {} seconds", intent.1);
    assert_eq!(request.0, Err(LedgerError::Ended { target: VAULT.to_owned() }));
    assert!(request.1 < 35, "after {} seconds", request.1);
    assert!(matches!(other.lease(VAULT, &holder()).await, Err(LedgerError::Held { .. })));
    // The server hears nothing of its silence, and ends the session all the same.
    loop {
        match other.lease(VAULT, &holder()).await {
            Ok(taken) => {
                assert_eq!(taken.fence(), 2);
                break;
            }
            Err(LedgerError::Held { .. }) => assert!(seconds(dead) < 80, "{:?}", dead.elapsed()),
            Err(error) => unreachable!("{error}"),
        }
    }
    assert!(seconds(dead) > 50, "the lease of a holder that may be alive ended after {:?}", dead.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_that_cannot_be_reached_is_named_in_time() {
    let (world, wire) = (World::new().await, Wire::new().await);
    world.lead_to(&wire.address);
    for spoil in [Wire::cut, Wire::deaden] {
        spoil(&wire);
        let begun = Instant::now();
        let refused = Ledger::open(&world.settings(), world.folder.path()).await.unwrap_err();
        let LedgerError::Unreachable { server, .. } = &refused else { unreachable!("{refused}") };
        assert!(server.starts_with(&wire.address), "{server}");
        assert!(seconds(begun) < 15, "{:?}", begun.elapsed());
        assert!(refused.remedy().is_some() && !format!("{refused:?}").contains("postgres:postgres"), "{refused:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_writer_that_hangs_in_a_transaction_does_not_stop_the_others() {
    let world = World::new().await;
    let ledger = world.open().await;
    let mut hanging = world.raw().await;
    // Our own writers set this for themselves; theirs is the row that every writer takes first.
    let hang = "SET idle_in_transaction_session_timeout = '10s'; BEGIN; SELECT one FROM installation FOR UPDATE";
    sqlx::raw_sql(hang).execute(&mut hanging).await.unwrap();
    let begun = Instant::now();
    begin(&ledger).await;
    assert!(seconds(begun) < 15, "{:?}", begun.elapsed());

    // One that never ends is not waited for.
    let mut hanging = world.raw().await;
    let hang = "BEGIN; SELECT one FROM installation FOR UPDATE";
    sqlx::raw_sql(hang).execute(&mut hanging).await.unwrap();
    let begun = Instant::now();
    assert_eq!(ledger.lease("another target", &holder()).await.unwrap_err(), LedgerError::Locked);
    assert!(seconds(begun) < 20, "{:?}", begun.elapsed());
}
