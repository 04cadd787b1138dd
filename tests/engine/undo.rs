//! Undo: what a run did is taken back, key by key; what was changed since is not; an undo is taken back, too.

use std::collections::BTreeMap;
use std::sync::Arc;

use secretferry::engine::{RunReport, Stores};
use secretferry::ledger::{RunStatus, StepState};
use secretferry::model::{Action, ErrorKind, Family, Outcome, State};
use secretferry::planner::{DeletePolicy, DriftPolicy, ForeignPolicy, TombstonePolicy};
use secretferry::provider::layer::fitted;
use secretferry::provider::memory::{MemoryShape, When};
use secretferry::provider::{Role, Store};

use crate::probe::{Hang, Probe};
use crate::shapes;
use crate::world::{World, count, lines};

const V: &str = "variables/v";

/// Every way a key can come to be changed by a run.
const WAYS: [Way; 7] =
    [Way::Create, Way::Update, Way::Delete, Way::Adopt, Way::Overwrite, Way::DriftOverwritten, Way::TombstoneRestored];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Create,
    Update,
    Delete,
    Adopt,
    Overwrite,
    DriftOverwritten,
    TombstoneRestored,
}

/// What anybody sees of the target: the live texts, and who owns what.
type Sight = BTreeMap<String, (Option<String>, BTreeMap<String, String>)>;

fn sight(world: &World) -> Sight {
    let live = |key: String| {
        let text = world.text(&key);
        let tags = if text.is_some() { world.target.tags(&key) } else { BTreeMap::new() };
        (key, (text, tags))
    };
    world.target.keys().into_iter().map(live).filter(|(_, (text, _))| text.is_some()).collect()
}

/// The shapes of stores that keep versions.
fn shapes() -> [(&'static str, MemoryShape); 3] {
    [("everything", MemoryShape::default()), ("vault", shapes::vault()), ("aws", shapes::aws())]
}

/// A world in which the next run changes `v` that way, and its target, which can hang.
async fn before(way: Way, shape: MemoryShape) -> (World, Arc<Probe>) {
    let mut world = World::between(shapes::metastore(), shape).await;
    let probe = Probe::of(&world.target);
    world.stores = Stores { target: fitted(Arc::clone(&probe) as Store, Role::Target), ..world.stores };
    let policy = &mut world.job.policy;
    (policy.deletes, policy.absent_for) = (DeletePolicy::Owned, 1);
    (policy.max_deletes_percent, policy.max_shrink_percent) = (100.0, 100.0);
    (policy.foreign, policy.drift) = (ForeignPolicy::Overwrite, DriftPolicy::Restore);
    policy.tombstone = TombstonePolicy::Restore;
    world.source.put("variables/other", "stays");
    match way {
        Way::Create => {}
        Way::Update | Way::Delete | Way::DriftOverwritten => drop(world.source.put(V, "old")),
        Way::Adopt => drop(world.target.put(V, &world.stored("new"))),
        Way::Overwrite | Way::TombstoneRestored => drop(world.target.put(V, &world.stored("theirs"))),
    }
    if way == Way::TombstoneRestored {
        world.target.set_state(V, State::Deleted);
    }
    world.run().await;
    match way {
        Way::Delete => world.source.remove(V),
        Way::DriftOverwritten => drop(world.target.put(V, &world.stored("theirs"))),
        _ => drop(world.source.put(V, "new")),
    }
    (world, probe)
}

fn of_v(report: &RunReport) -> (Action, Outcome) {
    let step = report.outcomes.iter().find(|step| step.name.id == "v").unwrap();
    (step.action, step.outcome)
}

fn id(report: &RunReport) -> String {
    report.run.clone().unwrap()
}

#[tokio::test]
async fn the_target_is_as_before_the_run_and_after_an_undo_of_the_undo_as_after_it() {
    for (name, shape) in shapes() {
        for way in WAYS {
            let (world, _) = before(way, shape.clone()).await;
            let as_before = sight(&world);
            let run = world.run().await;
            assert!(run.outcomes.iter().any(|step| step.action.changes()), "{name}, {way:?}: {:?}", lines(&run));
            let as_after = sight(&world);
            assert_ne!(as_before, as_after, "{name}, {way:?}");
            let mut last = run;
            for round in 0..4 {
                let expected = if round % 2 == 0 { &as_before } else { &as_after };
                last = world.undo(&id(&last)).await;
                assert_eq!(last.status, RunStatus::Succeeded, "{name}, {way:?}, {round}: {:?}", lines(&last));
                assert_eq!(&sight(&world), expected, "{name}, {way:?}, {round}");
                world.prove_ledger().await;
            }
            // The job does it all again, cleanly, and then rests.
            let again = world.run().await;
            assert_eq!(again.status, RunStatus::Succeeded, "{name}, {way:?}: {:?}", lines(&again));
            assert_eq!(sight(&world), as_after, "{name}, {way:?}");
            assert!(world.plan().await.plan.changes().next().is_none(), "{name}, {way:?}");
        }
    }
}

#[tokio::test]
async fn after_an_undo_of_the_undo_nothing_is_left_to_do() {
    for (name, shape) in shapes() {
        for way in WAYS {
            let (world, _) = before(way, shape.clone()).await;
            let run = world.run().await;
            let undone = world.undo(&id(&run)).await;
            world.undo(&id(&undone)).await;
            let report = world.run().await;
            assert_eq!(count(&report, Outcome::Kept), report.outcomes.len(), "{name}, {way:?}: {:?}", lines(&report));
            world.prove_ledger().await;
        }
    }
}

#[tokio::test]
async fn a_run_is_taken_back_once_and_no_value_is_read_for_it() {
    for (name, shape) in shapes() {
        for way in WAYS {
            let (world, probe) = before(way, shape.clone()).await;
            let run = world.run().await;
            let handed = probe.handed();
            world.undo(&id(&run)).await;
            assert_eq!(probe.handed(), handed, "{name}, {way:?}: a value was read");
            probe.take_changes();
            let again = world.undo(&id(&run)).await;
            assert!(
                lines(&again).iter().all(|line| line.ends_with(": kept, as-before")),
                "{name}: {:?}",
                lines(&again)
            );
            assert!(probe.take_changes().is_empty(), "{name}, {way:?}");
        }
    }
}

#[tokio::test]
async fn what_was_changed_since_is_left_alone_and_named_and_the_rest_is_taken_back() {
    for (name, shape) in shapes() {
        for way in [Way::Create, Way::Update, Way::Overwrite] {
            let (world, _) = before(way, shape.clone()).await;
            world.source.put("variables/beside", "text");
            let run = world.run().await;
            world.target.put(V, &world.stored("newest"));
            let report = world.undo(&id(&run)).await;
            assert_eq!(
                lines(&report),
                ["variable beside: deleted, undo", "variable v: blocked, changed-since"],
                "{name}, {way:?}"
            );
            assert_eq!((report.status, world.text("variables/beside")), (RunStatus::Incomplete, None), "{name}");
            assert_eq!(world.text(V), Some(world.stored("newest")), "{name}, {way:?}");
            world.prove_ledger().await;
        }
    }
}

#[tokio::test]
async fn a_change_between_plan_and_act_is_a_conflict() {
    for (name, shape) in shapes() {
        for way in [Way::Create, Way::Update, Way::Overwrite] {
            let (world, _) = before(way, shape.clone()).await;
            let run = world.run().await;
            let meddle = async |_: &_| drop(world.target.put(V, &world.stored("newest")));
            let report = world.undo_meddled(&id(&run), meddle).await;
            assert_eq!(of_v(&report).1, Outcome::Conflict, "{name}, {way:?}: {:?}", lines(&report));
            assert_eq!(world.text(V), Some(world.stored("newest")), "{name}, {way:?}");
            world.prove_ledger().await;
        }
    }
}

#[tokio::test]
async fn a_version_that_is_gone_cannot_be_gone_back_to() {
    for (name, shape) in shapes() {
        let (world, _) = before(Way::Update, shape).await;
        let run = world.run().await;
        world.target.drop_history(V);
        let report = world.undo(&id(&run)).await;
        assert_eq!(lines(&report), ["variable v: blocked, version-gone"], "{name}");
        assert_eq!(world.text(V), Some(world.stored("new")), "{name}");
    }
}

#[tokio::test]
async fn a_key_that_another_took_over_since_is_theirs() {
    let (mut world, _) = before(Way::Create, MemoryShape::default()).await;
    let run = world.run().await;
    world.target.tag(V, "secretferry-job", "hourly");
    assert_eq!(lines(&world.undo(&id(&run)).await), ["variable v: blocked, other-owner"]);
    world.reopen().await;
    assert_eq!(world.text(V), Some("new".to_owned()));
}

#[tokio::test]
async fn a_key_that_cannot_be_looked_at_is_blocked_and_a_store_that_is_away_ends_the_run() {
    let (world, probe) = before(Way::Update, shapes::vault()).await;
    let run = world.run().await;
    let plant = |kind| crate::probe::Planted {
        family: Family::Stat,
        nth: 1,
        what: crate::probe::What::Fails(When::Before, kind),
    };
    probe.plant([plant(ErrorKind::Denied)]);
    assert_eq!(lines(&world.undo(&id(&run)).await), ["variable v: blocked, target-denied"]);
    probe.plant([plant(ErrorKind::Invalid)]);
    assert_eq!(lines(&world.undo(&id(&run)).await), ["variable v: blocked, target-failed"]);
    assert_eq!(lines(&world.undo(&id(&run)).await), ["variable v: updated, undo"]);
}

#[tokio::test]
async fn a_store_without_versions_is_refused_key_by_key_and_every_plan_says_so() {
    for (name, shape) in [("files", shapes::files()), ("versionless", shapes::versionless())] {
        let world = World::between(shapes::metastore(), shape).await;
        world.source.put(V, "new");
        let said =
            |preview: &secretferry::engine::Preview| preview.findings.iter().any(|found| found.code == "no-undo");
        assert!(said(&world.plan().await), "{name}");
        let run = world.run().await;
        assert!(!said(&world.plan().await), "{name}: nothing is to be done, so there is nothing to warn of");
        let report = world.undo(&id(&run)).await;
        assert_eq!(lines(&report), ["variable v: blocked, no-history"], "{name}");
        assert_eq!(world.text(V), Some(world.stored("new")), "{name}");
    }
    let (world, _) = before(Way::Create, shapes::vault()).await;
    assert_eq!(world.plan().await.findings, []);
}

#[tokio::test]
async fn killed_in_the_middle_it_is_settled_and_goes_on() {
    for (name, shape) in shapes() {
        for way in WAYS {
            for hang in [Hang::Unanswered, Hang::Withheld] {
                let (mut world, probe) = before(way, shape.clone()).await;
                world.source.put("variables/beside", "text");
                let as_before = sight(&world);
                let run = id(&world.run().await);
                probe.hang_next(hang);
                tokio::select! {
                    report = world.undo(&run) => assert!(false, "the undo ended: {:?}", lines(&report)),
                    () = probe.held() => {}
                }
                probe.plant([]);
                world.reopen().await;
                let report = world.undo(&run).await;
                assert_eq!(report.status, RunStatus::Succeeded, "{name}, {way:?}, {hang:?}: {:?}", lines(&report));
                assert_eq!(sight(&world), as_before, "{name}, {way:?}, {hang:?}");
                let died = world.ledger.runs(2).await.unwrap().remove(1);
                assert_eq!(died.status, RunStatus::Died, "{name}, {way:?}, {hang:?}");
                let steps = world.ledger.steps(&died.id).await.unwrap();
                assert!(
                    steps.iter().all(|step| matches!(step.state, StepState::Settled | StepState::Done)),
                    "{steps:?}"
                );
                world.prove_ledger().await;
                let again = world.run().await;
                assert_eq!(again.status, RunStatus::Succeeded, "{name}, {way:?}, {hang:?}: {:?}", lines(&again));
                assert!(world.plan().await.plan.changes().next().is_none(), "{name}, {way:?}, {hang:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_lost_answer_is_settled_in_the_undo_itself() {
    for (name, shape) in shapes() {
        for way in WAYS {
            let (world, _) = before(way, shape.clone()).await;
            let as_before = sight(&world);
            let run = world.run().await;
            let family =
                if matches!(way, Way::Create | Way::TombstoneRestored) { Family::Delete } else { Family::Write };
            world.target.fail(family, 1, When::After, ErrorKind::Unavailable);
            let report = world.undo(&id(&run)).await;
            world.undo(&id(&run)).await;
            assert_eq!(sight(&world), as_before, "{name}, {way:?}: {:?}", lines(&report));
            world.prove_ledger().await;
        }
    }
}

#[tokio::test]
async fn what_a_dead_run_left_open_is_settled_first_and_then_taken_back() {
    for (name, shape) in shapes() {
        for (hang, expected) in [(Hang::Unanswered, vec!["variable v: deleted, undo"]), (Hang::Withheld, vec![])] {
            let (mut world, probe) = before(Way::Create, shape.clone()).await;
            probe.hang_next(hang);
            tokio::select! {
                report = world.run() => assert!(false, "the run ended: {:?}", lines(&report)),
                () = probe.held() => {}
            }
            probe.plant([]);
            world.reopen().await;
            // A look without a lease settles nothing, and says so.
            let open = world.plan_undo("latest").await.plan.steps.remove(0);
            assert_eq!((open.action, open.reason.as_str()), (Action::Block, "effect-unknown"), "{name}");
            let run = world.ledger.runs(1).await.unwrap().remove(0);
            assert_eq!(lines(&world.undo(run.id.as_str()).await), expected, "{name}, {hang:?}");
            assert_eq!(world.text(V), None, "{name}");
            world.prove_ledger().await;
        }
    }
}
