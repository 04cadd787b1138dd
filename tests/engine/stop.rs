//! What ends a run early, and what does not: a stop, a ledger that fails, a store that keeps failing; widths and bounds.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use secretferry::engine::{RunStatus, Stores};
use secretferry::model::{Blind, ErrorKind, Event, Family, Observer, Outcome, Reason};
use secretferry::provider::layer::fitted;
use secretferry::provider::memory::{MemoryShape, When};
use secretferry::provider::{Role, Store};
use tokio_util::sync::CancellationToken;

use crate::probe::Probe;
use crate::shapes;
use crate::world::{World, count, lines};

/// Stops a run after so many steps.
struct StopAfter {
    steps: AtomicUsize,
    stop: CancellationToken,
}

impl Observer for StopAfter {
    fn observe(&self, event: &Event) {
        if matches!(event, Event::StepEnded { .. }) && self.steps.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.stop.cancel();
        }
    }
}

fn narrow(shape: MemoryShape, width: usize) -> MemoryShape {
    let mut shape = shape;
    shape.capabilities.width = width;
    shape
}

#[tokio::test]
async fn a_stopped_run_ends_what_is_in_flight_and_the_next_one_does_the_rest() {
    for (name, shape) in shapes::targets() {
        let world = World::between(shapes::metastore(), narrow(shape, 4)).await;
        world.fill(40);
        let stop = CancellationToken::new();
        let observer = StopAfter { steps: AtomicUsize::new(6), stop: stop.clone() };
        let report = world.run_watched(&observer, &stop, async |_| {}).await.unwrap();
        let created = count(&report, Outcome::Created);
        assert!((6..=10).contains(&created), "{name}: {created} created");
        assert_eq!(created + count(&report, Outcome::NotStarted), 40, "{name}: {:?}", lines(&report));
        let rest = report.outcomes.iter().filter(|step| step.outcome == Outcome::NotStarted);
        assert!(rest.clone().all(|step| step.reason == Reason::Interrupted), "{name}");
        assert_eq!((report.status, world.target.keys().len()), (RunStatus::Interrupted, created), "{name}");
        let report = world.run().await;
        assert_eq!(count(&report, Outcome::Kept), created, "{name}");
        assert_eq!((report.status, world.target.keys().len()), (RunStatus::Succeeded, 40), "{name}");
        world.prove_ledger().await;
    }
}

#[tokio::test]
async fn a_run_that_is_stopped_before_it_acts_reads_and_writes_nothing_more() {
    let world = World::between(shapes::metastore(), shapes::aws()).await;
    world.fill(10);
    let stop = CancellationToken::new();
    let report = world.run_watched(&Blind, &stop, async |_| stop.cancel()).await.unwrap();
    assert_eq!(count(&report, Outcome::NotStarted), 10);
    assert_eq!((world.source.calls(Family::Read), world.target.calls(Family::Write)), (1, 0));
    assert_eq!(report.status, RunStatus::Interrupted);
}

#[tokio::test]
async fn without_a_durable_intent_nothing_is_written() {
    for (name, shape) in shapes::targets() {
        let world = World::between(shapes::metastore(), narrow(shape, 4)).await;
        world.fill(30);
        let full = "CREATE TRIGGER planted BEFORE INSERT ON steps WHEN (SELECT count(*) FROM steps) >= 5
                    BEGIN SELECT RAISE(ABORT, 'planted'); END";
        let report = world.run_meddled(async |_| world.sql(full).await).await;
        assert_eq!(world.target.keys().len(), 5, "{name}");
        assert_eq!(count(&report, Outcome::Created), 5, "{name}");
        assert_eq!(count(&report, Outcome::NotStarted), 25, "{name}: {:?}", lines(&report));
        assert_eq!(report.status, RunStatus::Failed, "{name}");
        assert!(report.error.unwrap().contains("the ledger failed, so nothing more is written"), "{name}");
        world.sql("DROP TRIGGER planted").await;
        let report = world.run().await;
        assert_eq!((count(&report, Outcome::Kept), count(&report, Outcome::Created)), (5, 25), "{name}");
        world.prove_ledger().await;
    }
}

#[tokio::test]
async fn a_write_whose_outcome_cannot_be_noted_is_unknown_and_the_last() {
    for (name, shape) in shapes::targets() {
        let world = World::between(shapes::metastore(), narrow(shape, 4)).await;
        world.fill(30);
        let full = "CREATE TRIGGER planted BEFORE UPDATE ON steps BEGIN SELECT RAISE(ABORT, 'planted'); END";
        let report = world.run_meddled(async |_| world.sql(full).await).await;
        let written = world.target.keys().len();
        assert!((1..=8).contains(&written), "{name}: {written}");
        assert_eq!(count(&report, Outcome::Unknown), written, "{name}: {:?}", lines(&report));
        assert_eq!(count(&report, Outcome::NotStarted), 30 - written, "{name}");
        assert_eq!(report.status, RunStatus::Failed, "{name}");
        world.sql("DROP TRIGGER planted").await;
        let report = world.run().await;
        assert_eq!((count(&report, Outcome::Kept), count(&report, Outcome::Created)), (written, 30 - written));
        world.prove_ledger().await;
    }
}

#[tokio::test]
async fn a_run_whose_end_cannot_be_noted_has_failed() {
    let world = World::new().await;
    world.fill(2);
    let full = "CREATE TRIGGER planted BEFORE UPDATE ON runs BEGIN SELECT RAISE(ABORT, 'planted'); END";
    let report = world.run_meddled(async |_| world.sql(full).await).await;
    assert_eq!((count(&report, Outcome::Created), report.status), (2, RunStatus::Failed));
    assert!(report.error.unwrap().contains("could not record the end of the run"));
    world.sql("DROP TRIGGER planted").await;
    world.run().await;
    assert_eq!(world.ledger.runs(2).await.unwrap()[1].status, RunStatus::Died);
}

#[tokio::test]
async fn what_cannot_be_remembered_fails_the_run() {
    let world = World::new().await;
    world.fill(2);
    world.run().await;
    world.source.put("variables/v000", "text 0");
    let full = "CREATE TRIGGER planted BEFORE UPDATE ON baseline BEGIN SELECT RAISE(ABORT, 'planted'); END";
    let report = world.run_meddled(async |_| world.sql(full).await).await;
    assert_eq!((count(&report, Outcome::Kept), report.status), (2, RunStatus::Failed));
}

#[tokio::test]
async fn a_store_that_keeps_failing_ends_the_run_and_single_failures_do_not() {
    // How often the write fails in a row, with what, and how many of 20 keys are then written.
    let rows = [
        (8, ErrorKind::Unavailable, 0),
        (7, ErrorKind::Unavailable, 13),
        (8, ErrorKind::RateLimited, 0),
        (8, ErrorKind::Unexpected, 0),
        // The store answers: it is about the keys.
        (12, ErrorKind::Denied, 8),
        (12, ErrorKind::Conflict, 8),
        (12, ErrorKind::TooLarge, 8),
        (12, ErrorKind::Invalid, 8),
    ];
    for (failures, kind, written) in rows {
        let world = World::between(shapes::metastore(), narrow(shapes::aws(), 1)).await;
        world.fill(20);
        for nth in 1..=failures {
            world.target.fail(Family::Write, nth, When::Before, kind);
        }
        let report = world.run().await;
        let failed = if kind == ErrorKind::Conflict { Outcome::Conflict } else { Outcome::Failed };
        assert_eq!((count(&report, failed), count(&report, Outcome::Created)), (failures, written), "{kind}");
        assert_eq!(count(&report, Outcome::NotStarted), 20 - failures - written, "{kind}");
        let status = if written == 0 { RunStatus::Failed } else { RunStatus::Incomplete };
        assert_eq!(report.status, status, "{kind}");
        assert_eq!(count(&world.run().await, Outcome::Created), 20 - written, "{kind}");
        world.prove_ledger().await;
    }
}

#[tokio::test]
async fn failures_with_successes_between_do_not_add_up() {
    let world = World::between(shapes::metastore(), narrow(shapes::aws(), 1)).await;
    world.fill(40);
    for nth in (1..=40).step_by(2) {
        world.target.fail(Family::Write, nth, When::Before, ErrorKind::Unavailable);
    }
    let report = world.run().await;
    assert_eq!((count(&report, Outcome::Failed), count(&report, Outcome::Created)), (20, 20));
}

#[tokio::test]
async fn a_batch_that_cannot_be_read_again_fails_its_keys_and_no_others() {
    let world = World::between(shapes::metastore(), shapes::aws()).await;
    world.fill(70);
    world.source.fail(Family::Read, 2, When::Before, ErrorKind::Unavailable);
    let report = world.run().await;
    // Two batches are under way at once; either may be the one that fails.
    let (lost, made) = (count(&report, Outcome::Failed), count(&report, Outcome::Created));
    assert!(lost + made == 70 && [6, 64].contains(&lost), "{lost} failed, {made} created");
    let failed = report.outcomes.iter().filter(|step| step.outcome == Outcome::Failed);
    assert!(failed.clone().all(|step| step.reason == Reason::SourceFailed));
    assert_eq!(count(&world.run().await, Outcome::Created), lost);
}

#[tokio::test]
async fn a_source_or_target_that_is_away_ends_the_run_before_it_acts() {
    for family in [Family::List, Family::Stat, Family::Read] {
        for of_source in [true, false] {
            let source = MemoryShape { dialect: MemoryShape::default().dialect, ..shapes::vault() };
            let world = World::between(source, shapes::vault()).await;
            world.fill(3);
            world.run().await;
            world.target.put("variables/v000", r#"{"value": "theirs"}"#);
            world.source.put("variables/v001", "changed");
            let store = if of_source { &world.source } else { &world.target };
            store.fail(family, 1, When::Before, ErrorKind::Unavailable);
            let writes = world.target.calls(Family::Write);
            let ended = world.run_watched(&Blind, &CancellationToken::new(), async |_| {}).await;
            let store = if of_source { "airflow" } else { "replica" };
            assert!(ended.unwrap_err().to_string().contains(store), "{}, {store}", family.as_str());
            assert_eq!(world.target.calls(Family::Write), writes);
        }
    }
}

#[tokio::test]
async fn no_more_requests_are_under_way_than_a_store_takes_and_no_fewer_than_it_could() {
    // Of the source one at a time or all at once, and then how wide it is used.
    for (batch, expected) in [(1, 3), (500, 1)] {
        let mut source = shapes::metastore();
        (source.capabilities.read_batch, source.capabilities.width) = (batch, 3);
        let mut world = World::between(source, narrow(shapes::vault(), 5)).await;
        let (source, target) = (Probe::of(&world.source), Probe::of(&world.target));
        world.stores = Stores {
            source: fitted(Arc::clone(&source) as Store, Role::Source),
            target: fitted(Arc::clone(&target) as Store, Role::Target),
        };
        world.fill(60);
        world.run().await;
        assert_eq!(source.widest(), expected, "batches of {batch}");
        // How many writes meet depends on the commits of their intents.
        assert!(target.widest() <= 5, "batches of {batch}: {}", target.widest());
        // The second run looks at every key of the target.
        let target = Probe::of(&world.target);
        world.stores.target = fitted(Arc::clone(&target) as Store, Role::Target);
        world.run().await;
        assert_eq!(target.widest(), 5);
    }
}

/// Counts the values that were handed out and whose step has not ended.
struct Alive {
    source: Arc<Probe>,
    planned: AtomicUsize,
    ended: AtomicUsize,
    most: AtomicUsize,
}

impl Observer for Alive {
    fn observe(&self, event: &Event) {
        if matches!(event, Event::StepEnded { .. }) {
            let gone = self.planned.load(Ordering::SeqCst) + self.ended.fetch_add(1, Ordering::SeqCst);
            self.most.fetch_max(self.source.handed() - gone, Ordering::SeqCst);
        }
    }
}

#[tokio::test]
async fn values_are_read_a_little_ahead_and_no_further() {
    // Keys of one read, and the most values alive: two reads ahead, one being used up, and the writes under way.
    for (batch, bound) in [(10, 3 * 10 + 4), (500, 3 * 64 + 4), (1, 8 + 1 + 4)] {
        let mut shape = shapes::metastore();
        shape.capabilities.read_batch = batch;
        let mut world = World::between(shape, narrow(shapes::aws(), 4)).await;
        let source = Probe::of(&world.source);
        world.stores.source = fitted(Arc::clone(&source) as Store, Role::Source);
        world.fill(300);
        let alive = Alive {
            source: Arc::clone(&source),
            planned: AtomicUsize::new(0),
            ended: AtomicUsize::new(0),
            most: AtomicUsize::new(0),
        };
        let planned = async |_: &_| alive.planned.store(source.handed(), Ordering::SeqCst);
        world.run_watched(&alive, &CancellationToken::new(), planned).await.unwrap();
        let most = alive.most.load(Ordering::SeqCst);
        assert_eq!(alive.ended.load(Ordering::SeqCst), 300);
        assert!((batch.min(64)..=bound).contains(&most), "batches of {batch}: {most} values alive, at most {bound}");
    }
}

#[tokio::test]
async fn a_store_that_leaves_a_key_unanswered_loses_it_from_no_report() {
    let mut world = World::between(shapes::metastore(), shapes::aws()).await;
    world.fill(20);
    world.run().await;
    world.fill(21);
    world.stores.source = fitted(Probe::short(&world.source) as Store, Role::Source);
    let report = world.run().await;
    assert_eq!(report.outcomes.len(), 21);
    assert_eq!(lines(&report)[20], "variable v020: quarantined, source-failed");
    assert_eq!(count(&report, Outcome::Kept), 20);
}
