//! Killed between intent and outcome: the next process reads back, settles, and goes on as if it had run once.

use std::sync::Arc;

use secretferry::engine::{Run, Stores, apply, lens, preview, settle};
use secretferry::ledger::{Holder, RunStatus, StepState};
use secretferry::model::{Action, Blind, Deletes, Effect, ErrorKind, Family, Outcome};
use secretferry::planner::{DeletePolicy, ForeignPolicy};
use secretferry::provider::layer::fitted;
use secretferry::provider::memory::{MemoryShape, When};
use secretferry::provider::{Error, Provider as _, Role, Store};
use tokio_util::sync::CancellationToken;

use crate::probe::{Hang, Probe};
use crate::shapes;
use crate::world::{World, lines};

/// A world whose target can hang.
async fn fragile(shape: MemoryShape) -> (World, Arc<Probe>) {
    let mut world = World::between(shapes::metastore(), shape).await;
    let probe = Probe::of(&world.target);
    world.stores = Stores { target: fitted(Arc::clone(&probe) as Store, Role::Target), ..world.stores };
    world.job.policy.deletes = DeletePolicy::Owned;
    world.job.policy.allow_final_deletes = true;
    world.job.policy.absent_for = 1;
    world.job.policy.max_deletes_percent = 100.0;
    world.job.policy.max_shrink_percent = 100.0;
    world.job.policy.foreign = ForeignPolicy::Adopt;
    world.source.put("variables/other", "stays");
    (world, probe)
}

/// Brings the world to where a run of `action` on `variables/v` is next.
async fn lead_to(world: &World, action: Action) {
    if matches!(action, Action::Update | Action::Delete | Action::Restore) {
        world.source.put("variables/v", "old");
    }
    if action == Action::Restore {
        // Deleted by us, and then there again.
        world.run().await;
        world.source.remove("variables/v");
    }
    world.run().await;
    match action {
        Action::Delete => world.source.remove("variables/v"),
        _ => drop(world.source.put("variables/v", "new")),
    }
    if action == Action::Adopt {
        world.target.put("variables/v", &world.stored("new"));
    }
}

/// Runs until a change hangs, and dies there.
async fn die(world: &mut World, probe: &Probe, hang: Hang) {
    probe.hang_next(hang);
    tokio::select! {
        report = world.run() => assert!(false, "the run ended: {:?}", lines(&report)),
        () = probe.held() => {}
    }
    world.reopen().await;
}

/// Which actions a store can come to.
fn actions(world: &World) -> Vec<Action> {
    let can = world.target.capabilities();
    let mut actions = vec![Action::Create, Action::Update, Action::Delete];
    if can.marks.is_some() {
        actions.push(Action::Adopt);
    }
    if can.deletes == Deletes::Recoverable && can.history {
        actions.push(Action::Restore);
    }
    actions
}

#[tokio::test]
async fn a_change_that_was_made_is_found_and_not_repeated() {
    for (name, shape) in shapes::targets() {
        for action in actions(&World::between(shapes::metastore(), shape.clone()).await) {
            let (mut world, probe) = fragile(shape.clone()).await;
            lead_to(&world, action).await;
            die(&mut world, &probe, Hang::Unanswered).await;
            let (report, _, target) = world.counted().await;
            assert_eq!(target[3..], [0, 0], "{name}, {action}: {:?}", lines(&report));
            assert_eq!(report.status, RunStatus::Succeeded, "{name}, {action}: {:?}", lines(&report));
            let expected = match action {
                Action::Delete => vec!["variable other: kept, unchanged"],
                _ => vec!["variable other: kept, unchanged", "variable v: kept, unchanged"],
            };
            assert_eq!(lines(&report), expected, "{name}, {action}");
            let died = world.ledger.runs(2).await.unwrap().remove(1);
            let step = world.ledger.steps(&died.id).await.unwrap().remove(0);
            assert_eq!((died.status, step.state), (RunStatus::Died, StepState::Settled), "{name}, {action}");
            assert_eq!(step.outcome, Some(action.outcome()), "{name}, {action}");
            world.prove_ledger().await;
        }
    }
}

#[tokio::test]
async fn a_change_that_was_not_made_is_made_by_the_next_run() {
    for (name, shape) in shapes::targets() {
        for action in actions(&World::between(shapes::metastore(), shape.clone()).await) {
            let (mut world, probe) = fragile(shape.clone()).await;
            lead_to(&world, action).await;
            die(&mut world, &probe, Hang::Withheld).await;
            let report = world.run().await;
            let ended = report.outcomes.iter().find(|step| step.name.id == "v").unwrap();
            assert_eq!((ended.action, ended.outcome), (action, action.outcome()), "{name}: {:?}", lines(&report));
            assert_eq!(report.status, RunStatus::Succeeded, "{name}, {action}");
            let died = world.ledger.runs(2).await.unwrap().remove(1);
            let step = world.ledger.steps(&died.id).await.unwrap().remove(0);
            assert_eq!((step.state, step.outcome), (StepState::Settled, None), "{name}, {action}: found unchanged");
            assert!(world.plan().await.plan.changes().next().is_none(), "{name}, {action}");
            world.prove_ledger().await;
        }
    }
}

#[tokio::test]
async fn what_somebody_else_wrote_meanwhile_is_not_taken_for_ours() {
    for (name, shape) in shapes::targets() {
        for action in actions(&World::between(shapes::metastore(), shape.clone()).await) {
            let (mut world, probe) = fragile(shape.clone()).await;
            lead_to(&world, action).await;
            die(&mut world, &probe, Hang::Unanswered).await;
            world.target.put("variables/v", &world.stored("theirs"));
            let report = world.run().await;
            assert_eq!(world.text("variables/v"), Some(world.stored("theirs")), "{name}, {action}");
            let ended = report.outcomes.iter().find(|step| step.name.id == "v").unwrap();
            assert_eq!(ended.outcome, Outcome::Blocked, "{name}, {action}: {:?}", lines(&report));
            let died = world.ledger.runs(2).await.unwrap().remove(1);
            let step = world.ledger.steps(&died.id).await.unwrap().remove(0);
            assert_eq!(step.outcome, Some(Outcome::Conflict), "{name}, {action}");
            world.prove_ledger().await;
        }
    }
}

#[tokio::test]
async fn a_write_that_arrives_after_it_was_settled_does_no_harm() {
    for (name, shape) in shapes::targets() {
        let (mut world, probe) = fragile(shape).await;
        lead_to(&world, Action::Create).await;
        die(&mut world, &probe, Hang::Withheld).await;
        // The next run settles it as not done, plans a create, and then it lands: what it meets there is its own.
        let report = world.run_meddled(async |_| probe.arrive().await).await;
        let ended = report.outcomes.iter().find(|step| step.name.id == "v").unwrap();
        assert_eq!(ended.outcome, Outcome::Created, "{name}: {:?}", lines(&report));
        assert_eq!(world.text("variables/v"), Some(world.stored("new")), "{name}");
        world.run().await;
        assert_eq!(lines(&world.run().await)[1], "variable v: kept, unchanged", "{name}");
        world.prove_ledger().await;
    }
}

#[tokio::test]
async fn a_lost_answer_is_settled_in_the_run_itself() {
    for (name, shape) in shapes::targets() {
        for action in actions(&World::between(shapes::metastore(), shape.clone()).await) {
            let (world, _) = fragile(shape.clone()).await;
            lead_to(&world, action).await;
            let family = if action == Action::Delete { Family::Delete } else { Family::Write };
            world.target.fail(family, 1, When::After, ErrorKind::Unavailable);
            let (report, _, target) = world.counted().await;
            let ended = report.outcomes.iter().find(|step| step.name.id == "v").unwrap();
            assert_eq!(ended.outcome, action.outcome(), "{name}, {action}: {:?}", lines(&report));
            assert_eq!(target[3] + target[4], 1, "{name}, {action}: nothing is repeated");
            let again = world.run().await;
            assert!(again.outcomes.iter().all(|step| step.outcome == Outcome::Kept), "{name}, {action}");
            world.prove_ledger().await;
        }
    }
}

#[tokio::test]
async fn an_answer_that_nothing_can_settle_is_unknown_until_the_next_run() {
    for (name, shape) in shapes::targets() {
        for made in [true, false] {
            let (world, _) = fragile(shape.clone()).await;
            lead_to(&world, Action::Create).await;
            let lost = Error::new(ErrorKind::Unavailable, "write", "replica", "no answer").of_unknown_effect();
            let when = if made { When::After } else { When::Before };
            assert_eq!(lost.effect, Effect::Unknown);
            world.target.fail_with(Family::Write, 1, when, lost);
            if made {
                // Nor can it be read back; the looks before the write are stats, or none.
                world.target.fail(Family::Read, 1 + reads_to_plan(&world), When::Before, ErrorKind::Unavailable);
            }
            let report = world.run().await;
            assert_eq!(lines(&report)[1], "variable v: unknown, effect-unknown", "{name}, {made}");
            assert_eq!(report.status, RunStatus::Incomplete, "{name}, {made}");
            let expected = if made { "variable v: kept, unchanged" } else { "variable v: created, new" };
            assert_eq!(lines(&world.run().await)[1], expected, "{name}, {made}");
            world.prove_ledger().await;
        }
    }
}

/// How many reads of the target planning takes where `other` is all it holds.
fn reads_to_plan(world: &World) -> usize {
    usize::from(world.target.capabilities().revisions == secretferry::model::Revisions::None)
}

#[tokio::test]
async fn a_dead_run_of_another_job_on_the_target_is_settled_as_that_jobs() {
    for (name, shape) in shapes::targets() {
        for action in [Action::Create, Action::Adopt] {
            let (mut world, probe) = fragile(shape.clone()).await;
            if !actions(&world).contains(&action) {
                continue;
            }
            lead_to(&world, action).await;
            die(&mut world, &probe, Hang::Unanswered).await;
            // Another job, about other names, is the next on this target.
            let nightly = world.job.clone();
            world.job.name = "hourly".to_owned();
            world.job.filter =
                secretferry::naming::Filter::new(nightly.filter.kinds(), &["x*".to_owned()], &[]).unwrap();
            world.run().await;
            world.prove_ledger().await;
            world.job = nightly;
            let report = world.run().await;
            assert_eq!(lines(&report)[1], "variable v: kept, unchanged", "{name}, {action}");
        }
    }
}

#[tokio::test]
async fn a_key_that_cannot_be_read_back_stays_open() {
    let (mut world, probe) = fragile(shapes::aws()).await;
    lead_to(&world, Action::Create).await;
    die(&mut world, &probe, Hang::Unanswered).await;
    world.target.deny("variables/v");
    let report = world.run().await;
    assert_eq!(lines(&report)[1], "variable v: blocked, target-denied");
    let identity = &world.stores.target.info().identity;
    assert_eq!(world.ledger.unsettled(identity).await.unwrap().len(), 1);
    world.target.allow("variables/v");
    assert_eq!(lines(&world.run().await)[1], "variable v: kept, unchanged");
    world.prove_ledger().await;
}

#[tokio::test]
async fn a_plan_is_acted_on_once() {
    // What was planned before the crash of another process cannot be acted on after it: its run has ended.
    let (world, _) = fragile(shapes::aws()).await;
    let (job, stores, ledger) = (&world.job, &world.stores, &world.ledger);
    let holder = Holder::here(&job.name);
    let lease = ledger.lease(&stores.target.info().identity, &holder).await.unwrap();
    let id = ledger.begin_run(&lease, crate::world::start(job)).await.unwrap();
    let stop = CancellationToken::new();
    let run = Run {
        job,
        target: &stores.target,
        ledger,
        lease: &lease,
        id: id.clone(),
        occasion: None,
        observer: &Blind,
        stop: &stop,
    };
    settle(&run, &lens(job, stores, Some(ledger))).await.unwrap();
    let planned = preview(job, stores, Some(ledger), &Blind).await.unwrap();
    assert_eq!(apply(&run, &stores.source, planned.clone()).await.status, RunStatus::Succeeded);
    world.target.remove("variables/other");
    let again = apply(&run, &stores.source, planned).await;
    assert_eq!(lines(&again), ["variable other: not-started, run-stopped"]);
    assert_eq!((again.status, world.text("variables/other")), (RunStatus::Failed, None));
}
