//! What daemons share: instants that are done once, who is alive, what people asked.

use jiff::{SignedDuration, Timestamp};
use secretferry::ledger::{
    AuditFilter, Concluded, Daemon, Lease, Ledger, LedgerError, REMARKS, Remark, RunEnd, RunId, RunStart, RunStatus,
};

use crate::words::{VAULT, holder, start};
use crate::world::World;

fn instant(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn for_instant(at: Timestamp) -> RunStart {
    RunStart { instant: Some(at), ..start() }
}

fn ended(status: RunStatus, done_at: Option<Timestamp>, remarks: Vec<Remark>) -> RunEnd {
    let standing = Some(Concluded { done_at, remarks: Some(remarks) });
    RunEnd { status, depth: None, counts: [].into(), error: None, standing }
}

fn remark(number: usize) -> Remark {
    Remark {
        name: format!("connection key-{number}"),
        outcome: "blocked".to_owned(),
        reason: "foreign".to_owned(),
        detail: None,
    }
}

fn daemon(id: &str) -> Daemon {
    Daemon {
        id: id.to_owned(),
        host: "scheduler-0".to_owned(),
        process: 42,
        version: "0.1.0".to_owned(),
        config_digest: "c0ffee".to_owned(),
        address: None,
    }
}

/// Takes the target when its holder's end is seen, and begins a run for an instant.
async fn begin_for(ledger: &Ledger, at: Timestamp) -> Result<(Lease, RunId), LedgerError> {
    let lease = ledger.lease(VAULT, &holder()).await?;
    let run = ledger.begin_run(&lease, for_instant(at)).await?;
    Ok((lease, run))
}

fn key() -> (String, String) {
    ("nightly".to_owned(), VAULT.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instant_is_worked_off_once_whoever_comes_first() {
    let world = World::new().await;
    let (here, there) = (world.open().await, world.open().await);
    let (lease, first) = begin_for(&here, instant(1)).await.unwrap();
    assert!(matches!(begin_for(&there, instant(1)).await, Err(LedgerError::Held { .. })));
    let seen = there.overview().await.unwrap();
    assert_eq!((&seen.runs[&key()].id, seen.runs[&key()].status), (&first, RunStatus::Running));
    assert!(seen.standings.is_empty(), "nothing has ended yet");
    let remarks = (0..REMARKS + 9).map(remark).collect();
    here.finish_run(&first, ended(RunStatus::Incomplete, Some(instant(1)), remarks)).await.unwrap();
    lease.release().await.unwrap();

    // What is done is done for everybody, and at once.
    for ledger in [&here, &there] {
        let refused = begin_for(ledger, instant(1)).await.unwrap_err();
        assert!(matches!(&refused, LedgerError::NotDue { job, .. } if job == "nightly"), "{refused}");
        assert!(matches!(begin_for(ledger, instant(0)).await, Err(LedgerError::NotDue { .. })));
    }
    let standing = &there.overview().await.unwrap().standings[&key()];
    assert_eq!((standing.done_at, standing.last_good, &standing.run), (Some(instant(1)), None, &Some(first)));
    assert_eq!((standing.remarks.len(), &standing.remarks[3]), (REMARKS, &remark(3)));

    // The next instant is due. One between two microseconds is done to its end; what is done never falls back.
    let between = instant(2) + SignedDuration::from_nanos(1_500);
    let (lease, second) = begin_for(&there, between).await.unwrap();
    there.finish_run(&second, ended(RunStatus::Succeeded, Some(between), Vec::new())).await.unwrap();
    lease.release().await.unwrap();
    assert!(matches!(begin_for(&there, between).await, Err(LedgerError::NotDue { .. })));
    let (lease, third) = begin_for(&there, instant(3)).await.unwrap();
    there.finish_run(&third, ended(RunStatus::Failed, Some(instant(0)), Vec::new())).await.unwrap();
    let seen = here.overview().await.unwrap();
    let standing = &seen.standings[&key()];
    assert!(standing.done_at.unwrap() >= between && standing.remarks.is_empty());
    let runs = here.runs_of("nightly", 2).await.unwrap();
    assert_eq!(runs.iter().map(|run| &run.id).collect::<Vec<_>>(), [&third, &second]);
    assert_eq!(standing.last_good, Some(runs[1].started_at), "a failed run does not move it");
    assert_eq!(seen.runs[&key()].id, third);
    assert!(here.runs_of("another", 2).await.unwrap().is_empty());
    drop(lease);

    // A run that no daemon began asks for no instant and leaves none.
    let lease = here.lease(VAULT, &holder()).await.unwrap();
    let by_hand = here.begin_run(&lease, start()).await.unwrap();
    here.finish_run(&by_hand, RunEnd { standing: None, ..ended(RunStatus::Succeeded, None, Vec::new()) })
        .await
        .unwrap();
    let seen = here.overview().await.unwrap();
    assert_eq!((&seen.standings[&key()].run, &seen.runs[&key()].id), (&Some(third), &by_hand));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_instant_of_a_run_that_died_or_was_stopped_is_still_due() {
    let world = World::new().await;
    let dead = world.open().await;
    let (lease, run) = begin_for(&dead, instant(5)).await.unwrap();
    drop((lease, dead));
    let ledger = world.open().await;
    let (lease, second) = begin_for(&ledger, instant(5)).await.unwrap();
    assert_eq!(ledger.find_run(run.as_str()).await.unwrap().unwrap().status, RunStatus::Died);
    ledger.finish_run(&second, ended(RunStatus::Interrupted, None, Vec::new())).await.unwrap();
    lease.release().await.unwrap();
    let (_lease, _run) = begin_for(&ledger, instant(5)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standing_outlives_its_runs() {
    let world = World::new().await;
    let ledger = world.open().await;
    let (lease, run) = begin_for(&ledger, instant(1)).await.unwrap();
    ledger.finish_run(&run, ended(RunStatus::Succeeded, Some(instant(1)), vec![remark(1)])).await.unwrap();
    lease.release().await.unwrap();
    let before = ledger.overview().await.unwrap();
    let folded = ledger.fold(Timestamp::now() + SignedDuration::from_secs(60)).await.unwrap().unwrap();
    assert_eq!(folded.runs, 1);
    let after = ledger.overview().await.unwrap();
    assert_eq!(after.standings, before.standings);
    assert!(after.runs.is_empty() && before.runs.len() == 1);
    assert!(matches!(begin_for(&ledger, instant(1)).await, Err(LedgerError::NotDue { .. })));
    let (_lease, next) = begin_for(&ledger, instant(2)).await.unwrap();
    assert_eq!(ledger.overview().await.unwrap().runs[&key()].id, next);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_people_ask_is_kept_told_and_proved() {
    let world = World::new().await;
    let (here, there) = (world.open().await, world.open().await);
    here.resume("nightly", "nobody").await.unwrap();
    here.pause("nightly", "ann").await.unwrap();
    there.pause("nightly", "bob").await.unwrap();
    there.ask_for_run("nightly", &"c".repeat(1000)).await.unwrap();
    let seen = there.overview().await.unwrap();
    let control = &seen.controls["nightly"];
    let (since, by) = control.paused.clone().unwrap();
    assert_eq!((by.as_str(), control.asked.clone().unwrap().1.len()), ("ann", 200));
    let asked = control.asked.clone().unwrap().0;
    assert!(since <= asked && asked <= seen.now, "{since} {asked} {}", seen.now);
    there.resume("nightly", "bob").await.unwrap();
    assert_eq!(here.overview().await.unwrap().controls["nightly"].paused, None);
    let filter = AuditFilter { job: Some("nightly".to_owned()), ..AuditFilter::default() };
    let told: Vec<_> = here.audit(&filter).await.unwrap();
    let told: Vec<_> = told.iter().map(|row| (row.event.as_str(), row.detail.as_deref().unwrap())).collect();
    assert_eq!(told[..2], [("paused", "by ann"), ("run-asked", format!("by {}", "c".repeat(200)).as_str())]);
    assert_eq!(told[2..], [("resumed", "by bob")], "what changes nothing is no event");
    let proof = here.audit_verify().await.unwrap();
    assert_eq!((proof.broken, proof.rows), (None, 3));
    assert_eq!(here.overview().await.unwrap().audit_head, proof.head.to_string());
    // A control: the proof is about these rows too.
    world.unlock().await;
    world.sql("UPDATE audit SET detail = 'by eve' WHERE event = 'paused'").await;
    assert!(here.audit_verify().await.unwrap().broken.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn daemons_know_of_each_other_as_long_as_they_are_heard_of() {
    let world = World::new().await;
    let (here, there) = (world.open().await, world.open().await);
    here.announce(&daemon("one")).await.unwrap();
    there.announce(&daemon("two")).await.unwrap();
    here.announce(&Daemon { config_digest: "other".to_owned(), ..daemon("one") }).await.unwrap();
    let alive = async || {
        let peers = there.overview().await.unwrap().peers;
        peers.iter().map(|peer| (peer.daemon.id.clone(), peer.daemon.config_digest.clone())).collect::<Vec<_>>()
    };
    let named = |id: &str, digest: &str| (id.to_owned(), digest.to_owned());
    assert_eq!(alive().await, [named("one", "other"), named("two", "c0ffee")], "the eldest first");
    let eldest = there.overview().await.unwrap().peers[0].clone();
    assert!(eldest.started_at < eldest.seen_at);
    world.sql("UPDATE daemons SET dead_at = dead_at - 31000000 WHERE id = 'one'").await;
    assert_eq!(alive().await, [named("two", "c0ffee")], "three heartbeats were missed");
    here.announce(&daemon("one")).await.unwrap();
    there.retire("two").await.unwrap();
    assert_eq!(alive().await, [named("one", "c0ffee")]);
    // Those that died long ago are forgotten.
    world.sql("UPDATE daemons SET dead_at = dead_at - 90000000000").await;
    there.announce(&daemon("two")).await.unwrap();
    world.sql("UPDATE daemons SET dead_at = dead_at + 90000000000").await;
    assert_eq!(alive().await.len(), 1);
}

// On one thread the writer does not look before both have sent.
#[tokio::test]
async fn a_refusal_spoils_no_lease_that_shared_its_transaction() {
    let world = World::new().await;
    let ledger = world.open().await;
    let (lease, first) = begin_for(&ledger, instant(1)).await.unwrap();
    ledger.finish_run(&first, ended(RunStatus::Succeeded, Some(instant(1)), Vec::new())).await.unwrap();
    let (holder, commits) = (holder(), ledger.commits());
    let (taken, refused) =
        tokio::join!(ledger.lease("another target", &holder), ledger.begin_run(&lease, for_instant(instant(1))));
    assert!(matches!(refused, Err(LedgerError::NotDue { .. })));
    assert_eq!((taken.unwrap().fence(), ledger.commits()), (1, commits + 1));
}
