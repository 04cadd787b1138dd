//! A ledger that cannot write: no intent, no write, and no hanging.

use std::time::{Duration, Instant};

use secretferry::ledger::{Conclusion, Ledger, LedgerError, LedgerSettings};

use crate::words::{VAULT, begin, create, done, holder};
use crate::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_that_somebody_else_keeps_locked_says_so_in_time_and_begins_nothing_more() {
    let world = World::new().await;
    let ledger = world.open().await;
    let (lease, run) = begin(&ledger).await;
    let step = ledger.intend(&run, &lease, create("before")).await.unwrap();
    let mut raw = world.raw().await;
    sqlx::raw_sql("BEGIN EXCLUSIVE").execute(&mut raw).await.unwrap();
    let (began, settings) = (Instant::now(), LedgerSettings::default());
    let (intent, opened) =
        tokio::join!(ledger.intend(&run, &lease, create("during")), Ledger::open(&settings, world.folder.path()),);
    assert!(began.elapsed() < Duration::from_secs(9), "{:?}", began.elapsed());
    assert_eq!(intent.unwrap_err(), LedgerError::Locked);
    assert_eq!(opened.unwrap_err(), LedgerError::Locked);
    sqlx::raw_sql("ROLLBACK").execute(&mut raw).await.unwrap();

    // It could be written again, but what failed once is not trusted with new work until it is opened afresh.
    let refusing = LedgerError::Refusing(Box::new(LedgerError::Locked));
    assert_eq!(ledger.intend(&run, &lease, create("after")).await.unwrap_err(), refusing);
    assert_eq!(ledger.lease("another target", &holder()).await.unwrap_err(), refusing);
    assert!(refusing.remedy().is_some());
    ledger.conclude(step, Conclusion::Done(done("before"))).await.unwrap();
    drop((lease, ledger));
    let ledger = world.open().await;
    let (lease, run) = begin(&ledger).await;
    ledger.intend(&run, &lease, create("afresh")).await.unwrap();
    assert_eq!(ledger.unsettled(VAULT).await.unwrap().len(), 1);
}
