//! Retention: what is old goes, whole runs at a time, and what stays is still proved.

use std::time::Duration;

use jiff::Timestamp;
use secretferry::ledger::{
    AuditFilter, Break, Folded, Lease, Ledger, LedgerError, LedgerSettings, RunEnd, RunId, RunStatus, Settlement,
};
use secretferry::settings::DurationText;

use crate::chain::seven_rows;
use crate::words::{VAULT, begin, create, holder, name, start, write};
use crate::world::World;

async fn finish(ledger: &Ledger, run: &RunId) {
    let end = RunEnd { status: RunStatus::Succeeded, depth: None, counts: [].into(), error: None, standing: None };
    ledger.finish_run(run, end).await.unwrap();
}

/// A run that writes one key: four audit rows.
async fn whole_run(ledger: &Ledger, id: &str) -> RunId {
    let (lease, run) = begin(ledger).await;
    write(ledger, &lease, &run, id).await;
    finish(ledger, &run).await;
    run
}

/// A moment between what was and what comes.
async fn now() -> Timestamp {
    tokio::time::sleep(Duration::from_millis(2)).await;
    let now = Timestamp::now();
    tokio::time::sleep(Duration::from_millis(2)).await;
    now
}

async fn begin_elsewhere(ledger: &Ledger) -> (Lease, RunId) {
    let lease = ledger.lease("another target", &holder()).await.unwrap();
    let run = ledger.begin_run(&lease, start()).await.unwrap();
    (lease, run)
}

async fn kept_runs(ledger: &Ledger) -> Vec<RunId> {
    ledger.runs(10).await.unwrap().into_iter().map(|run| run.id).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_old_goes_and_the_rest_is_still_proved() {
    let world = World::new().await;
    let ledger = world.open().await;
    let old = [whole_run(&ledger, "a").await, whole_run(&ledger, "b").await];
    let checkpoint = ledger.audit_verify().await.unwrap().head;
    let then = now().await;
    let young = whole_run(&ledger, "c").await;
    let folded = ledger.fold(then).await.unwrap();
    assert_eq!(folded, Some(Folded { checkpoint: checkpoint.clone(), rows: 8, runs: 2 }));

    assert_eq!(kept_runs(&ledger).await, [young]);
    for run in &old {
        assert!(ledger.find_run(run.as_str()).await.unwrap().is_none());
        assert!(ledger.steps(run).await.unwrap().is_empty());
    }
    let baseline = ledger.baseline(VAULT).await.unwrap().entries;
    assert_eq!(baseline.keys().collect::<Vec<_>>(), [&name("a"), &name("b"), &name("c")], "what we know stays");
    let rows = ledger.audit(&AuditFilter::default()).await.unwrap();
    let events: Vec<_> = rows.iter().map(|row| row.event.as_str()).collect();
    assert_eq!(events, ["run-started", "intended", "done", "run-ended", "folded"]);
    assert_eq!(rows[0].sequence, 9);
    assert_eq!(rows[4].result.as_ref(), Some(&checkpoint.to_string()));
    assert_eq!(rows[4].detail.as_deref(), Some("8 rows, 2 runs"));

    assert_eq!(ledger.fold(then).await.unwrap(), None, "once is enough");
    whole_run(&world.open().await, "d").await;
    let proof = world.open().await.audit_verify().await.unwrap();
    assert_eq!((proof.broken, proof.rows, proof.checkpoint), (None, 9, Some(checkpoint)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_goes_whole_or_not_at_all() {
    let world = World::new().await;
    let ledger = world.open().await;
    whole_run(&ledger, "before").await;
    let checkpoint = ledger.audit_verify().await.unwrap().head;
    // The long one begins before all that follows, and ends after the moment up to which all shall go.
    let (_lease, long) = begin_elsewhere(&ledger).await;
    let short = whole_run(&ledger, "meanwhile").await;
    let then = now().await;
    finish(&ledger, &long).await;
    let folded = ledger.fold(then).await.unwrap();
    assert_eq!(folded, Some(Folded { checkpoint, rows: 4, runs: 1 }));
    assert_eq!(kept_runs(&ledger).await, [short, long]);
    assert_eq!(ledger.audit_verify().await.unwrap().broken, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_settled_is_kept_until_it_is() {
    let world = World::new().await;
    let ledger = world.open().await;
    let (lease, dead) = begin(&ledger).await;
    let steps = [
        ledger.intend(&dead, &lease, create("a")).await.unwrap(),
        ledger.intend(&dead, &lease, create("b")).await.unwrap(),
    ];
    drop(lease);
    let (lease, settler) = begin(&ledger).await;
    ledger.settle(&settler, steps[0], Settlement::Unchanged).await.unwrap();
    finish(&ledger, &settler).await;
    assert_eq!(ledger.fold(now().await).await.unwrap().map(|folded| folded.runs), Some(0));
    assert_eq!(kept_runs(&ledger).await, [settler, dead], "one for its step, one because it settled the other");
    assert_eq!(ledger.unsettled(VAULT).await.unwrap().len(), 1);

    let last = ledger.begin_run(&lease, start()).await.unwrap();
    ledger.settle(&last, steps[1], Settlement::Unchanged).await.unwrap();
    finish(&ledger, &last).await;
    assert_eq!(ledger.fold(now().await).await.unwrap().map(|folded| folded.runs), Some(3));
    assert_eq!(kept_runs(&ledger).await, []);
    let proof = ledger.audit_verify().await.unwrap();
    assert_eq!((proof.broken, proof.rows), (None, 1), "the fold itself is told");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_tampered_with_is_not_folded_away() {
    let world = seven_rows().await;
    world.unlock().await;
    world.sql("UPDATE audit SET result = 'kept' WHERE sequence = 3").await;
    let ledger = world.open().await;
    let refused = ledger.fold(now().await).await.unwrap_err();
    assert_eq!(refused, LedgerError::NotProved(Break::Changed(3)));
    assert!(refused.remedy().is_some());
    assert_eq!(ledger.audit(&AuditFilter::default()).await.unwrap().len(), 7);
}

#[tokio::test(flavor = "multi_thread")]
async fn tampering_with_the_checkpoint_is_found() {
    for (tampering, expected) in [
        ("UPDATE installation SET origin_sequence = 3", Break::Missing(4)),
        ("UPDATE installation SET origin_digest = 'x' || substr(origin_digest, 2)", Break::Changed(5)),
        ("UPDATE audit SET detail = '3 rows, 1 runs' WHERE event = 'folded'", Break::Changed(9)),
        ("DELETE FROM audit WHERE sequence = 5", Break::Missing(5)),
        (
            "UPDATE installation SET origin_sequence = 6, origin_digest = (SELECT digest FROM audit WHERE sequence = 6);
             DELETE FROM audit WHERE sequence <= 6",
            Break::Seal,
        ),
    ] {
        let world = World::new().await;
        let ledger = world.open().await;
        whole_run(&ledger, "a").await;
        let then = now().await;
        whole_run(&ledger, "b").await;
        assert!(ledger.fold(then).await.unwrap().is_some());
        assert_eq!(ledger.audit_verify().await.unwrap().broken, None);
        drop(ledger);
        world.unlock().await;
        world.sql(tampering).await;
        assert_eq!(world.open().await.audit_verify().await.unwrap().broken, Some(expected), "{tampering}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_a_run_folds_what_is_older_than_the_config_keeps() {
    let world = World::new().await;
    let keep = |keep| LedgerSettings { keep: DurationText(keep), ..world.settings() };
    let open = async |settings| Ledger::open(&settings, world.folder.path()).await.unwrap();
    let patient = open(keep(Duration::from_secs(60))).await;
    let first = whole_run(&patient, "a").await;
    now().await;
    let second = whole_run(&patient, "b").await;
    assert_eq!(kept_runs(&patient).await, [second, first]);
    drop(patient);
    let hasty = open(keep(Duration::ZERO)).await;
    whole_run(&hasty, "c").await;
    assert_eq!(kept_runs(&hasty).await, []);
    assert_eq!(hasty.audit_verify().await.unwrap().broken, None);
}
