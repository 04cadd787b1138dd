//! One target's life: written, left alone, a run that dies, the next one that settles, a delete.

use std::collections::BTreeMap;

use jiff::Timestamp;
use secretferry::ledger::{
    AuditFilter, BaselineChange, Conclusion, Done, Intent, LedgerError, Remembered, RunEnd, RunStatus, Seen,
    Settlement, StepState,
};
use secretferry::model::{Action, Outcome, Reason, Revision};
use secretferry::planner::{BaselineEntry, Depth};

use crate::words::{VAULT, begin, create, done, failure, fingerprint, holder, name, start, write};
use crate::world::World;

fn ended(status: RunStatus, counts: &[(Outcome, u64)]) -> RunEnd {
    RunEnd { status, depth: Some(Depth::Values), counts: counts.iter().copied().collect(), error: None, standing: None }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_lives_through_runs_that_end_and_one_that_dies() {
    let world = World::new().await;
    let ledger = world.open().await;
    let began = Timestamp::now();

    // The first run writes one key; another fails, and leaves no record.
    let (lease, first) = begin(&ledger).await;
    assert_eq!(lease.fence(), 1);
    write(&ledger, &lease, &first, "db").await;
    let refused = ledger.intend(&first, &lease, create("refused")).await.unwrap();
    ledger.conclude(refused, Conclusion::Failed(failure(Outcome::Failed))).await.unwrap();
    let counts = [(Outcome::Created, 1), (Outcome::Failed, 1), (Outcome::Kept, 500)];
    let head = ledger.finish_run(&first, ended(RunStatus::Incomplete, &counts)).await.unwrap();
    drop(lease);

    let baseline = ledger.baseline(VAULT).await.unwrap();
    let expected = BaselineEntry {
        job: "nightly".to_owned(),
        key: create("db").key,
        fingerprint: fingerprint("db", "new"),
        source_revision: Some(Revision::new("row-7")),
        target_revision: Some(Revision::new("1")),
        absent_runs: 0,
        shape: "fields-1".to_owned(),
        from: None,
    };
    assert_eq!(baseline.entries, BTreeMap::from([(name("db"), expected.clone())]));
    assert!(ledger.written_since(VAULT, began).await.unwrap().contains(&name("db")));
    assert!(ledger.written_since(VAULT, Timestamp::now()).await.unwrap().is_empty());
    assert!(ledger.baseline("another target").await.unwrap().entries.is_empty());
    // run-started, twice intended and concluded, run-ended: the 500 kept keys are a count, not rows.
    assert_eq!(head.sequence, 6);
    assert_eq!(ledger.audit_verify().await.unwrap().head, head);

    // The second run is killed between intent and outcome.
    let (lease, second) = begin(&ledger).await;
    assert_eq!(lease.fence(), 2);
    let update = Intent {
        from: Some(name("db_of_the_source")),
        action: Action::Update,
        reason: Reason::SourceChanged,
        source_fingerprint: Some(fingerprint("db", "newer")),
        source_revision: Some(Revision::new("row-8")),
        fingerprint_before: Some(fingerprint("db", "new")),
        revision_before: Some(Revision::new("1")),
        ..create("db")
    };
    ledger.intend(&second, &lease, update).await.unwrap();
    let lost = ledger.intend(&second, &lease, create("lost")).await.unwrap();
    ledger.conclude(lost, Conclusion::Unknown(failure(Outcome::Unknown))).await.unwrap();
    drop(lease);
    drop(ledger);

    // The third one, in another process, finds both steps and settles them.
    let ledger = world.open().await;
    assert_eq!(ledger.find_run("latest").await.unwrap().unwrap().status, RunStatus::Running);
    let (lease, third) = begin(&ledger).await;
    assert_eq!(ledger.find_run(second.short()).await.unwrap().unwrap().status, RunStatus::Died);
    let unsettled = ledger.unsettled(VAULT).await.unwrap();
    let seen: Vec<_> = unsettled.iter().map(|step| (step.intent.name.id.as_str(), step.state)).collect();
    assert_eq!(seen, [("db", StepState::Intended), ("lost", StepState::Unknown)]);
    let half_done = &unsettled[0];
    assert_eq!((&half_done.run, half_done.job.as_str()), (&second, "nightly"));
    assert_eq!(half_done.intent.token, "token-db");
    assert_eq!(half_done.intent.action, Action::Update);
    assert_eq!(half_done.intent.source_fingerprint, Some(fingerprint("db", "newer")));
    assert_eq!(half_done.intent.source_revision, Some(Revision::new("row-8")));
    assert_eq!(half_done.intent.revision_before, Some(Revision::new("1")));
    assert_eq!(half_done.intent.shape, "fields-1");
    assert_eq!(half_done.intent.from, Some(name("db_of_the_source")));
    let written = Done {
        outcome: Outcome::Updated,
        revision: Some(Revision::new("2")),
        baseline: BaselineChange::Write(fingerprint("db", "newer")),
        request: None,
    };
    ledger.settle(&third, half_done.step, Settlement::Done(written)).await.unwrap();
    ledger.settle(&third, unsettled[1].step, Settlement::Unchanged).await.unwrap();
    assert!(ledger.unsettled(VAULT).await.unwrap().is_empty());
    let entries = ledger.baseline(VAULT).await.unwrap().entries;
    assert_eq!(entries.keys().collect::<Vec<_>>(), [&name("db")], "what was never written has no record");
    assert_eq!(entries[&name("db")].fingerprint, fingerprint("db", "newer"));
    assert_eq!(entries[&name("db")].target_revision, Some(Revision::new("2")));
    assert_eq!(entries[&name("db")].from, Some(name("db_of_the_source")), "what a dead run wrote keeps its origin");
    ledger.finish_run(&third, ended(RunStatus::Succeeded, &[(Outcome::Updated, 1)])).await.unwrap();
    drop(lease);

    // The fourth deletes it, and with it the record.
    let (lease, fourth) = begin(&ledger).await;
    let delete = Intent {
        action: Action::Delete,
        reason: Reason::GoneFromSource,
        source_fingerprint: None,
        source_revision: None,
        ..create("db")
    };
    let step = ledger.intend(&fourth, &lease, delete).await.unwrap();
    let gone = Done { outcome: Outcome::Deleted, revision: None, baseline: BaselineChange::Delete, request: None };
    ledger.conclude(step, Conclusion::Done(gone)).await.unwrap();
    assert!(ledger.baseline(VAULT).await.unwrap().entries.is_empty());
    ledger.finish_run(&fourth, ended(RunStatus::Succeeded, &[(Outcome::Deleted, 1)])).await.unwrap();

    // And all of it can be told, and proved.
    let runs = ledger.runs(10).await.unwrap();
    assert_eq!(runs.iter().map(|run| &run.id).collect::<Vec<_>>(), [&fourth, &third, &second, &first]);
    assert_eq!(runs[3].counts[&Outcome::Kept], 500);
    assert_eq!(runs[3].depth.as_deref(), Some("values"));
    assert!(runs[3].ended_at.unwrap() >= runs[3].started_at);
    let steps = ledger.steps(&second).await.unwrap();
    assert_eq!(steps[0].outcome, Some(Outcome::Updated));
    assert_eq!((steps[1].outcome, steps[1].state), (None, StepState::Settled));
    assert_eq!(ledger.last_deep_run("nightly", VAULT).await.unwrap(), Some(runs[0].started_at));
    let filter = AuditFilter { name: Some(name("db")), ..AuditFilter::default() };
    let told: Vec<_> = ledger
        .audit(&filter)
        .await
        .unwrap()
        .into_iter()
        .map(|row| (row.event, row.run.unwrap(), row.result.unwrap_or_default()))
        .collect();
    let told: Vec<_> =
        told.iter().map(|(event, run, result)| (event.as_str(), run.as_str(), result.as_str())).collect();
    assert_eq!(
        told,
        [
            ("intended", first.as_str(), ""),
            ("done", first.as_str(), "created"),
            ("intended", second.as_str(), ""),
            ("settled", third.as_str(), "updated"),
            ("intended", fourth.as_str(), ""),
            ("done", fourth.as_str(), "deleted"),
        ]
    );
    let last = AuditFilter { last: Some(1), run: Some(fourth.clone()), ..AuditFilter::default() };
    let last = ledger.audit(&last).await.unwrap();
    assert_eq!(last[0].event, "run-ended");
    let proof = ledger.audit_verify().await.unwrap();
    assert_eq!(proof.broken, None);
    assert_eq!((proof.rows, proof.head.sequence), (last[0].sequence as u64, last[0].sequence));
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_left_alone_are_refreshed_counted_or_forgotten_in_one_commit() {
    let world = World::new().await;
    let ledger = world.open().await;
    let (lease, run) = begin(&ledger).await;
    for id in ["seen", "absent", "forgotten"] {
        write(&ledger, &lease, &run, id).await;
    }
    let seen = |fingerprint| Seen {
        fingerprint,
        source_revision: Some(Revision::new("row-9")),
        target_revision: Some(Revision::new("4")),
        shape: "fields-2".to_owned(),
        from: Some(name("elsewhere")),
    };
    let (commits, rows) = (ledger.commits(), ledger.audit_verify().await.unwrap().rows);
    let learned = vec![
        Remembered::Seen(name("seen"), seen(None)),
        Remembered::Absent(name("absent")),
        Remembered::Absent(name("absent")),
        Remembered::Forgotten(name("forgotten")),
    ];
    ledger.remember(&run, &lease, learned).await.unwrap();
    assert_eq!(ledger.commits(), commits + 1);
    assert_eq!(ledger.audit_verify().await.unwrap().rows, rows + 1, "only what is forgotten is audited");
    let entries = ledger.baseline(VAULT).await.unwrap().entries;
    assert_eq!(entries.keys().map(|name| name.id.as_str()).collect::<Vec<_>>(), ["absent", "seen"]);
    assert_eq!(entries[&name("seen")].from, Some(name("elsewhere")), "it was made from another key since");
    assert_eq!(entries[&name("absent")].absent_runs, 2);
    let refreshed = &entries[&name("seen")];
    assert_eq!(refreshed.fingerprint, fingerprint("seen", "new"));
    assert_eq!(refreshed.source_revision, Some(Revision::new("row-9")));
    assert_eq!((refreshed.target_revision.clone(), refreshed.shape.as_str()), (Some(Revision::new("4")), "fields-2"));

    let back = Remembered::Seen(name("absent"), seen(Some(fingerprint("absent", "other"))));
    ledger.remember(&run, &lease, vec![back]).await.unwrap();
    let entries = ledger.baseline(VAULT).await.unwrap().entries;
    assert_eq!(entries[&name("absent")].absent_runs, 0);
    assert_eq!(entries[&name("absent")].fingerprint, fingerprint("absent", "other"));

    // Nothing is remembered of a key that was never written, and then nothing of its neighbours either.
    let learned = vec![
        Remembered::Absent(name("seen")),
        Remembered::Forgotten(name("absent")),
        Remembered::Absent(name("stranger")),
    ];
    let refused = ledger.remember(&run, &lease, learned).await.unwrap_err();
    assert_eq!(refused, LedgerError::NoBaseline("connection stranger".to_owned()));
    let entries = ledger.baseline(VAULT).await.unwrap().entries;
    assert_eq!((entries.len(), entries[&name("seen")].absent_runs), (2, 0));
    ledger.intend(&run, &lease, create("next")).await.unwrap();
    assert_eq!(ledger.audit_verify().await.unwrap().broken, None, "the row that was taken back left no gap");
}

// On one thread the writer does not look before all have sent.
#[tokio::test]
async fn two_hundred_intents_at_once_share_a_few_commits() {
    let world = World::new().await;
    let ledger = world.open().await;
    let (lease, run) = begin(&ledger).await;
    let before = ledger.commits();
    let intents = (0..200).map(|number| ledger.intend(&run, &lease, create(&format!("key-{number}"))));
    let steps = futures::future::try_join_all(intents).await.unwrap();
    let together = ledger.commits() - before;
    assert!(together < 10, "200 intents took {together} commits");
    // A control: what does not wait together is not committed together.
    for step in &steps[..5] {
        ledger.conclude(*step, Conclusion::Failed(failure(Outcome::Failed))).await.unwrap();
    }
    assert_eq!(ledger.commits() - before - together, 5);
    assert_eq!(ledger.unsettled(VAULT).await.unwrap().len(), 195);
    assert_eq!(ledger.audit_verify().await.unwrap().broken, None);
}

// On one thread the writer does not look before all have sent.
#[tokio::test]
async fn one_that_is_refused_does_not_spoil_those_it_shares_a_commit_with() {
    let world = World::new().await;
    let ledger = world.open().await;
    let (lease, run) = begin(&ledger).await;
    let finished = write(&ledger, &lease, &run, "finished").await;
    let (good, bad, better) = tokio::join!(
        ledger.intend(&run, &lease, create("good")),
        ledger.conclude(finished, Conclusion::Done(done("finished"))),
        ledger.intend(&run, &lease, create("better")),
    );
    assert_eq!(bad.unwrap_err(), LedgerError::IllegalMove { from: "done", to: "done" });
    assert_ne!(good.unwrap(), better.unwrap());
    assert_eq!(ledger.unsettled(VAULT).await.unwrap().len(), 2);
    assert_eq!(ledger.audit_verify().await.unwrap().broken, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_is_worked_on_by_one_alone() {
    let world = World::new().await;
    let (here, there) = (world.open().await, world.open().await);
    let (lease, _run) = begin(&here).await;
    let held = there.lease(VAULT, &holder()).await.unwrap_err();
    let LedgerError::Held { target, by } = &held else { unreachable!("{held}") };
    assert_eq!(target, VAULT);
    assert!(by.starts_with("job nightly in process 42 on scheduler-0 since 20"), "{by}");
    let elsewhere = there.lease("another target", &holder()).await.unwrap();
    assert_eq!(elsewhere.fence(), 1);

    // A lease that is dropped is free at once; the number grows all the same.
    drop(lease);
    let taken = there.lease(VAULT, &holder()).await.unwrap();
    assert_eq!(taken.fence(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_lost_the_lease_begins_nothing() {
    let world = World::new().await;
    let ledger = world.open().await;
    let (lease, run) = begin(&ledger).await;
    let step = ledger.intend(&run, &lease, create("before")).await.unwrap();
    let other = ledger.lease("another target", &holder()).await.unwrap();
    world.sql("UPDATE leases SET fence = fence + 1 WHERE target_identity LIKE 'vault %'").await;
    let stale = LedgerError::Stale { target: VAULT.to_owned() };
    assert_eq!(ledger.intend(&run, &lease, create("after")).await.unwrap_err(), stale);
    assert_eq!(ledger.begin_run(&lease, start()).await.unwrap_err(), stale);
    assert_eq!(ledger.remember(&run, &lease, Vec::new()).await.unwrap_err(), stale);
    assert_eq!(
        ledger.intend(&run, &other, create("elsewhere")).await.unwrap_err(),
        stale,
        "the lease is of another target"
    );
    // What has happened may still be told.
    ledger.conclude(step, Conclusion::Done(done("before"))).await.unwrap();
    assert_eq!(ledger.steps(&run).await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_found_by_either_end_of_its_id() {
    let world = World::new().await;
    let ledger = world.open().await;
    assert!(ledger.find_run("latest").await.unwrap().is_none());
    let (lease, first) = begin(&ledger).await;
    ledger.finish_run(&first, ended(RunStatus::Succeeded, &[])).await.unwrap();
    let second = ledger.begin_run(&lease, start()).await.unwrap();
    for (text, expected) in [
        (first.as_str(), Some(&first)),
        (first.short(), Some(&first)),
        (&second.short().to_uppercase(), Some(&second)),
        ("latest", Some(&second)),
        ("ffffffff", None),
        ("%", None),
        ("", None),
    ] {
        assert_eq!(ledger.find_run(text).await.unwrap().map(|run| run.id).as_ref(), expected, "{text}");
    }
    let both = &first.as_str()[..4];
    assert_eq!(ledger.find_run(both).await.unwrap_err(), LedgerError::AmbiguousRun(both.to_owned()));
}
