//! A daemon that is stopped in the middle of its work and goes on much later, and one whose server is gone for a while.

use std::thread;
use std::time::{Duration, Instant};

use secretferry::ledger::{Ledger, LedgerError, Term, Terms};

use crate::wire::Wire;
use crate::words::{VAULT, begin, create, holder, start, write};
use crate::world::World;

const SHORT: Terms = Terms { lease: Duration::from_secs(3), grace: Duration::from_secs(1) };

/// How long after the freeze the target may be taken: the lease since the last heartbeat, which is half a second old at most, and
/// the grace.
const EARLIEST: Duration = Duration::from_millis(3400);

async fn open(world: &World) -> Ledger {
    Ledger::open_for(&world.settings(), world.folder.path(), SHORT).await.unwrap()
}

/// Holds the target, is frozen with an intent written and its request not sent, and wakes up when others have the target.
async fn freeze(ledger: Ledger, frozen: std::sync::mpsc::Sender<Instant>, long: Duration) {
    let lease = ledger.lease_for(Term::Timed, VAULT, &holder()).await.unwrap();
    let run = ledger.begin_run(&lease, start()).await.unwrap();
    ledger.intend(&run, &lease, create("begun")).await.unwrap();
    assert_eq!(lease.while_held(async { 7 }).await, Ok(7));
    frozen.send(Instant::now()).unwrap();
    // All of it stands still, heartbeats too: there is one thread.
    thread::sleep(long);
    let sent = async { unreachable!("a request was sent") };
    assert_eq!(lease.while_held::<()>(sent).await, Err(LedgerError::Ended { target: VAULT.to_owned() }));
    let refused = ledger.intend(&run, &lease, create("late")).await.unwrap_err();
    assert!(matches!(refused, LedgerError::Lost(_) | LedgerError::Refusing(_)), "{refused}");
    assert!(ledger.failure().is_some());
    assert!(lease.release().await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_wakes_up_after_its_lease_sends_nothing_writes_nothing_and_frees_nothing() {
    let world = World::new().await;
    let (settings, folder) = (world.settings(), world.folder.path().to_owned());
    let (tell, told) = std::sync::mpsc::channel();
    let sleeper = thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let ledger = Ledger::open_for(&settings, &folder, SHORT).await.unwrap();
            freeze(ledger, tell, Duration::from_secs(12)).await;
        });
    });
    let next = open(&world).await;
    let frozen = tokio::task::spawn_blocking(move || told.recv().unwrap()).await.unwrap();
    let lease = loop {
        match next.lease_for(Term::Timed, VAULT, &holder()).await {
            Ok(lease) => break lease,
            Err(LedgerError::Held { .. }) => assert!(frozen.elapsed() < Duration::from_secs(9), "nobody can take over"),
            Err(error) => unreachable!("{error}"),
        }
    };
    assert!(frozen.elapsed() > EARLIEST, "taken after {:?}", frozen.elapsed());
    assert_eq!(lease.fence(), 2);
    let run = next.begin_run(&lease, start()).await.unwrap();
    assert_eq!(next.unsettled(VAULT).await.unwrap().len(), 1, "what it had begun is there to be settled");
    tokio::task::spawn_blocking(move || sleeper.join().unwrap()).await.unwrap();

    // The sleeper is awake and has given back what it thought it held: the target is still ours.
    assert!(matches!(open(&world).await.lease(VAULT, &holder()).await, Err(LedgerError::Held { .. })));
    write(&next, &lease, &run, "key").await;
    assert_eq!(next.unsettled(VAULT).await.unwrap().len(), 1);
    assert_eq!(next.audit_verify().await.unwrap().broken, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_short_lease_lasts_as_long_as_its_holder_is_heard_of() {
    let world = World::new().await;
    let (ledger, other) = (open(&world).await, world.open().await);
    let lease = ledger.lease_for(Term::Timed, VAULT, &holder()).await.unwrap();
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(6) {
        assert!(matches!(other.lease(VAULT, &holder()).await, Err(LedgerError::Held { .. })));
        assert_eq!(lease.while_held(async { 7 }).await, Ok(7));
    }
    assert_eq!(ledger.failure(), None);
    // A control: a grace that its holder has noted counts, not the taker's own.
    assert_eq!(world.number("SELECT grace FROM leases").await, 1_000_000);
    assert!(other.claim_daemon(&holder()).await.unwrap().is_none(), "a server has as many daemons as there are");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_gone_is_noticed_by_itself_and_found_again() {
    let (world, wire) = (World::new().await, Wire::new().await);
    world.lead_to(&wire.address);
    let ledger = open(&world).await;
    let (lease, run) = begin(&ledger).await;
    assert_eq!(ledger.failure(), None);
    wire.cut();
    let cut = Instant::now();
    while ledger.failure().is_none() {
        assert!(cut.elapsed() < Duration::from_secs(5), "nobody noticed");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let refused = ledger.intend(&run, &lease, create("late")).await.unwrap_err();
    assert!(matches!(refused, LedgerError::Refusing(_)), "{refused}");
    assert!(Ledger::open_for(&world.settings(), world.folder.path(), SHORT).await.is_err());
    assert!(ledger.overview().await.is_err());
    wire.mend();
    let again = open(&world).await;
    assert_eq!(again.overview().await.unwrap().runs.len(), 1);
    assert!(ledger.failure().is_some(), "what was lost stays lost");
    assert!(again.clock_ahead().abs() < 1.0 && again.finding().is_none(), "{}", again.clock_ahead());
}
