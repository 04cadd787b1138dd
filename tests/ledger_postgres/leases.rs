//! Leases: one writer per target among all who share the server.

use secretferry::ledger::{Conclusion, LedgerError, StepState, Term};

use crate::words::{VAULT, begin, create, done, holder, start, write};
use crate::world::World;

const HEARD: &str = "SELECT heartbeat_at FROM leases";

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_come_at_once_one_gets_the_target() {
    let world = World::new().await;
    let ledgers = futures::future::join_all((0..8).map(|_| world.open())).await;
    assert!(ledgers.iter().all(|ledger| ledger.id() == ledgers[0].id()), "one schema was made, under one lock");
    let holder = holder();
    let answers = futures::future::join_all(ledgers.iter().map(|ledger| ledger.lease(VAULT, &holder))).await;
    let (taken, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
    assert_eq!(taken.len(), 1);
    for refused in refused.into_iter().map(Result::unwrap_err) {
        let LedgerError::Held { target, by } = &refused else { unreachable!("{refused}") };
        assert_eq!(target, VAULT);
        assert!(by.starts_with("job nightly in process 42 on scheduler-0 since 20"), "{by}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_who_write_at_once_append_to_one_chain() {
    let world = World::new().await;
    let ledgers = futures::future::join_all((0..4).map(|_| world.open())).await;
    let work = ledgers.into_iter().enumerate().map(|(number, ledger)| async move {
        let lease = ledger.lease(&format!("target {number}"), &holder()).await.unwrap();
        let run = ledger.begin_run(&lease, start()).await.unwrap();
        for id in 0..20 {
            write(&ledger, &lease, &run, &id.to_string()).await;
        }
    });
    futures::future::join_all(work.map(tokio::spawn)).await.into_iter().for_each(|done| done.unwrap());
    let proof = world.open().await.audit_verify().await.unwrap();
    assert_eq!((proof.broken, proof.rows), (None, 4 * (1 + 20 * 2)));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_takes_a_target_twice_not_even_its_holder() {
    let world = World::new().await;
    let ledger = world.open().await;
    let lease = ledger.lease(VAULT, &holder()).await.unwrap();
    assert!(matches!(ledger.lease(VAULT, &holder()).await, Err(LedgerError::Held { .. })));
    drop(lease);
    assert_eq!(ledger.lease(VAULT, &holder()).await.unwrap().fence(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_holders_target_is_free_at_once_and_it_writes_nothing_more() {
    let world = World::new().await;
    let (dead, ledger) = (world.open().await, world.open().await);
    let (lease, run) = begin(&dead).await;
    let step = dead.intend(&run, &lease, create("begun")).await.unwrap();
    world.end_holders().await;
    let (next, second) = begin(&ledger).await;
    assert_eq!(next.fence(), 2);
    assert_eq!(ledger.unsettled(VAULT).await.unwrap()[0].state, StepState::Intended);

    // It may not know yet that it is dead.
    let lost = dead.intend(&run, &lease, create("late")).await.unwrap_err();
    assert!(matches!(lost, LedgerError::Lost(_)), "{lost}");
    assert!(lost.remedy().is_some());
    let ended = LedgerError::Ended { target: VAULT.to_owned() };
    let request = async { unreachable!("a request was sent") };
    assert_eq!(lease.while_held::<()>(request).await, Err(ended));
    let refusing = LedgerError::Refusing(Box::new(lost));
    assert_eq!(dead.intend(&run, &lease, create("later")).await.unwrap_err(), refusing);
    assert_eq!(dead.conclude(step, Conclusion::Done(done("begun"))).await.unwrap_err(), refusing);
    write(&ledger, &next, &second, "key").await;
    assert_eq!(ledger.audit_verify().await.unwrap().broken, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_fence_refuses_whoever_comes_late_in_the_transaction_of_the_intent() {
    let world = World::new().await;
    let (slow, ledger) = (world.open().await, world.open().await);
    let (lease, run) = begin(&slow).await;
    // The lock alone is taken from it, as if its session were another's by now.
    world.sql("UPDATE leases SET fence = fence + 1, holder_job = 'other'").await;
    let stale = LedgerError::Stale { target: VAULT.to_owned() };
    assert_eq!(slow.intend(&run, &lease, create("late")).await.unwrap_err(), stale);
    assert_eq!(slow.begin_run(&lease, start()).await.unwrap_err(), stale);
    assert!(ledger.unsettled(VAULT).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn work_under_a_lease_goes_on_while_it_is_held() {
    let world = World::new().await;
    let ledger = world.open().await;
    let lease = ledger.lease(VAULT, &holder()).await.unwrap();
    assert_eq!(lease.while_held(async { 7 }).await, Ok(7));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_for_a_time_outlives_its_session_by_that_time() {
    let world = World::new().await;
    let (dead, ledger) = (world.open().await, world.open().await);
    let lease = dead.lease_for(Term::Timed, VAULT, &holder()).await.unwrap();
    world.end_holders().await;
    let held = ledger.lease(VAULT, &holder()).await.unwrap_err();
    let LedgerError::Held { by, .. } = &held else { unreachable!("{held}") };
    assert!(by.contains("if it is not heard of again until 20"), "{by}");
    // A minute without a heartbeat, and what was sent in its last moment has had its time too.
    world.sql("UPDATE leases SET expires_at = expires_at - 70000000").await;
    assert!(matches!(ledger.lease(VAULT, &holder()).await, Err(LedgerError::Held { .. })));
    world.sql("UPDATE leases SET expires_at = expires_at - 20000000").await;
    assert_eq!(ledger.lease(VAULT, &holder()).await.unwrap().fence(), 2);
    drop(lease);

    // Given back, it is free at once.
    drop(ledger.lease_for(Term::Timed, "another target", &holder()).await.unwrap());
    ledger.lease("another target", &holder()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_holder_is_heard_of_again_and_again() {
    let world = World::new().await;
    let ledger = world.open().await;
    let lease = ledger.lease_for(Term::Timed, VAULT, &holder()).await.unwrap();
    let before = (world.number(HEARD).await, world.number("SELECT expires_at FROM leases").await);
    assert_eq!(before.1 - before.0, 60_000_000);
    for _ in 0..150 {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        if world.number(HEARD).await > before.0 {
            assert!(world.number("SELECT expires_at FROM leases").await > before.1);
            return drop(lease);
        }
    }
    unreachable!("no heartbeat within a quarter of a minute");
}
