//! The engine's laws, over random lives of two stores: edits, meddling, faults, crashes, stops and every policy.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::prelude::*;
use secretferry::engine::{Preview, Stores, verify};
use secretferry::model::{Action, Blind, Deletes, ErrorKind, Event, Family, Observer, Outcome, SecretName, State};
use secretferry::planner::{DeletePolicy, DriftPolicy, ForeignPolicy, Policy, TombstonePolicy};
use secretferry::provider::layer::fitted;
use secretferry::provider::memory::When;
use secretferry::provider::{Provider as _, Role, Store};
use tokio_util::sync::CancellationToken;

use crate::probe::{Hang, Made, Planted, Probe, What};
use crate::shapes;
use crate::world::{World, lines};

/// One thing that happens.
#[derive(Debug, Clone)]
enum Happening {
    SourcePut(u8, u8),
    SourceRemove(u8),
    TargetPut(u8, u8),
    TargetRemove(u8),
    TargetBury(u8),
    /// Another installation marks the key.
    TargetMark(u8),
    /// Everything that was withheld arrives.
    Arrive,
    Run(Box<Trial>),
}

/// A run, and all that goes wrong with it.
#[derive(Debug, Clone)]
struct Trial {
    policy: Policy,
    source_faults: Vec<Planted>,
    target_faults: Vec<Planted>,
    stop_after: Option<usize>,
    meddling: Option<Happening>,
}

fn key(number: u8) -> String {
    format!("variables/k{number}")
}

fn any_policy() -> impl Strategy<Value = Policy> {
    let deletes = prop_oneof![Just(DeletePolicy::Never), Just(DeletePolicy::Owned)];
    let foreign = prop_oneof![Just(ForeignPolicy::Block), Just(ForeignPolicy::Adopt), Just(ForeignPolicy::Overwrite)];
    let drift = prop_oneof![Just(DriftPolicy::Block), Just(DriftPolicy::Keep), Just(DriftPolicy::Restore)];
    let tombstone = prop_oneof![Just(TombstonePolicy::Block), Just(TombstonePolicy::Restore)];
    (deletes, foreign, drift, tombstone, 1..3_u32).prop_map(|(deletes, foreign, drift, tombstone, absent_for)| Policy {
        deletes,
        foreign,
        drift,
        tombstone,
        absent_for,
        allow_final_deletes: true,
        max_deletes_percent: 100.0,
        max_shrink_percent: 100.0,
        ..Policy::default()
    })
}

fn any_fault(families: &'static [Family]) -> impl Strategy<Value = Planted> {
    let kinds = [ErrorKind::Unavailable, ErrorKind::Denied, ErrorKind::Unexpected, ErrorKind::Conflict];
    let fails = (prop_oneof![Just(When::Before), Just(When::After)], prop::sample::select(kinds.to_vec()))
        .prop_map(|(when, kind)| What::Fails(when, kind));
    let hangs = prop_oneof![Just(Hang::Withheld), Just(Hang::Unanswered)].prop_map(What::Hangs);
    (prop::sample::select(families), 1..5_usize, prop_oneof![2 => fails, 1 => hangs])
        .prop_map(|(family, nth, what)| Planted { family, nth, what })
}

fn any_meddling() -> impl Strategy<Value = Happening> {
    prop_oneof![
        4 => (0..5_u8, 0..3_u8).prop_map(|(key, value)| Happening::SourcePut(key, value)),
        2 => (0..5_u8).prop_map(Happening::SourceRemove),
        2 => (0..5_u8, 0..3_u8).prop_map(|(key, value)| Happening::TargetPut(key, value)),
        1 => (0..5_u8).prop_map(Happening::TargetRemove),
        1 => (0..5_u8).prop_map(Happening::TargetBury),
        1 => (0..5_u8).prop_map(Happening::TargetMark),
        1 => Just(Happening::Arrive),
    ]
}

fn any_trial() -> impl Strategy<Value = Trial> {
    const ASKS: &[Family] = &[Family::List, Family::Read];
    const ALL: &[Family] = &[Family::List, Family::Stat, Family::Read, Family::Write, Family::Write, Family::Delete];
    (
        any_policy(),
        prop::collection::vec(any_fault(ASKS), 0..2),
        prop::collection::vec(any_fault(ALL), 0..3),
        prop::option::weighted(0.2, 1..4_usize),
        prop::option::weighted(0.3, any_meddling()),
    )
        .prop_map(|(policy, source_faults, target_faults, stop_after, meddling)| Trial {
            policy,
            source_faults,
            target_faults,
            stop_after,
            meddling,
        })
}

fn any_life() -> impl Strategy<Value = (usize, Vec<Happening>)> {
    let run = any_trial().prop_map(|trial| Happening::Run(Box::new(trial)));
    (0..5_usize, prop::collection::vec(prop_oneof![2 => any_meddling(), 1 => run], 4..24))
}

/// A world under watch, and what is known of it beside the program's own record.
struct Life {
    world: World,
    source: Arc<Probe>,
    target: Arc<Probe>,
    /// The texts that we wrote, tried to write or took over, by key.
    ours: BTreeMap<String, BTreeSet<String>>,
}

/// Stops a run after so many steps.
struct StopAfter(AtomicUsize, CancellationToken);

impl Observer for StopAfter {
    fn observe(&self, event: &Event) {
        if matches!(event, Event::StepEnded { .. }) && self.0.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.1.cancel();
        }
    }
}

impl Life {
    async fn of_shape(shape: usize) -> Self {
        let mut world = World::between(shapes::metastore(), shapes::targets()[shape].1.clone()).await;
        let (source, target) = (Probe::of(&world.source), Probe::of(&world.target));
        world.stores = Stores {
            source: fitted(Arc::clone(&source) as Store, Role::Source),
            target: fitted(Arc::clone(&target) as Store, Role::Target),
        };
        Self { world, source, target, ours: BTreeMap::new() }
    }

    async fn meddle(&self, happening: &Happening) {
        let (source, target) = (&self.world.source, &self.world.target);
        match happening {
            Happening::SourcePut(number, value) => drop(source.put(&key(*number), &format!("text {value}"))),
            Happening::SourceRemove(number) => source.remove(&key(*number)),
            Happening::TargetPut(number, value) => {
                target.put(&key(*number), &self.world.stored(&format!("text {value}")));
            }
            Happening::TargetRemove(number) => target.remove(&key(*number)),
            Happening::TargetBury(number) => {
                let recovers = target.capabilities().deletes == Deletes::Recoverable;
                if recovers && self.world.text(&key(*number)).is_some() {
                    target.set_state(&key(*number), State::Deleted);
                }
            }
            Happening::TargetMark(number) => {
                if target.tags(&key(*number)).contains_key("secretferry-ledger") {
                    target.tag(&key(*number), "secretferry-ledger", "another");
                }
            }
            Happening::Arrive => self.target.arrive().await,
            Happening::Run(_) => {}
        }
    }

    /// Runs until it ends, or dies at a change that hangs; then the next process opens the ledger.
    async fn run(&mut self, trial: &Trial) {
        self.world.job.policy = trial.policy.clone();
        self.source.plant(trial.source_faults.iter().copied());
        self.target.plant(trial.target_faults.iter().copied());
        let stop = CancellationToken::new();
        let observer = StopAfter(AtomicUsize::new(trial.stop_after.unwrap_or(usize::MAX)), stop.clone());
        let planned = std::sync::Mutex::new(Vec::new());
        let meddle = async |preview: &Preview| {
            *planned.lock().unwrap() = preview.plan.steps.iter().map(|step| (step.name.clone(), step.action)).collect();
            if let Some(meddling) = &trial.meddling {
                self.meddle(meddling).await;
            }
        };
        let ended = tokio::select! {
            ended = self.world.run_watched(&observer, &stop, meddle) => Some(ended),
            () = self.target.held() => None,
        };
        self.source.plant([]);
        self.target.plant([]);
        let planned = planned.into_inner().unwrap();
        match ended {
            // No report tells how far it came, so all that it meant to take over may be ours.
            None | Some(Err(_)) => {
                let adopts = planned.iter().filter(|(_, action)| *action == Action::Adopt);
                self.adopted(adopts.map(|(name, _)| name));
            }
            Some(Ok(ref report)) => {
                let named = report.outcomes.iter().map(|step| &step.name);
                assert!(named.eq(planned.iter().map(|(name, _)| name)), "every key of a plan has one outcome");
                let adopted = report.outcomes.iter().filter(|step| step.outcome == Outcome::Adopted);
                self.adopted(adopted.map(|step| &step.name));
            }
        }
        if ended.is_none() {
            self.world.reopen().await;
        }
        self.judge(&trial.policy);
    }

    /// What was taken over is ours; where there is no mark, no change tells of it.
    fn adopted<'n>(&mut self, names: impl Iterator<Item = &'n SecretName>) {
        for name in names {
            let key = format!("variables/{}", name.id);
            let texts = ["text 0", "text 1", "text 2"].map(|text| self.world.stored(text));
            // The value may have moved since, so the digest would have to tell; all that it may have been do.
            self.ours.entry(key).or_default().extend(texts);
        }
    }

    /// Holds every change of the run against what is known of its key.
    fn judge(&mut self, policy: &Policy) {
        for made in self.target.take_changes() {
            let ours = self.ours.entry(made.key.as_str().to_owned()).or_default();
            let knew = made.before.as_ref().is_none_or(|before| ours.contains(before));
            let Made { key, family, tried, before, done } = made;
            if family == Family::Delete && done {
                assert_eq!(policy.deletes, DeletePolicy::Owned, "{key}");
                assert!(knew, "{key} held {before:?}, which was never ours: {ours:?}");
                assert!(self.world.source.text(key.as_str()).is_none(), "{key} is in the source");
            }
            let careful = policy.foreign == ForeignPolicy::Block && policy.drift != DriftPolicy::Restore;
            if family == Family::Write && done && careful {
                assert!(knew, "{key} held {before:?}, which was never ours, and was written over: {ours:?}");
            }
            ours.extend(tried);
        }
    }

    /// The end: what was withheld has arrived, and one run without faults under the boldest policy makes all well.
    async fn end(&mut self) {
        self.target.arrive().await;
        let policy = Policy {
            drift: DriftPolicy::Restore,
            foreign: ForeignPolicy::Overwrite,
            tombstone: TombstonePolicy::Restore,
            ..Policy::default()
        };
        let trial = Trial { policy, source_faults: vec![], target_faults: vec![], stop_after: None, meddling: None };
        self.run(&trial).await;
        for key in self.world.source.keys() {
            let text = self.world.source.text(&key).map(|text| self.world.stored(text.expose()));
            assert_eq!(self.world.text(&key), text, "{key} after the last run");
        }
        let proof = verify(&self.world.job, &self.world.stores, None, &Blind).await.unwrap();
        assert!(proof.mismatches.is_empty() && proof.refused.is_empty(), "{proof:?}");
        let again = self.world.run().await;
        assert!(again.outcomes.iter().all(|step| step.outcome == Outcome::Kept), "{:?}", lines(&again));
        self.world.prove_ledger().await;
    }
}

fn lived(shape: usize, happenings: &[Happening]) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut life = Life::of_shape(shape).await;
        for happening in happenings {
            match happening {
                Happening::Run(trial) => life.run(trial).await,
                other => life.meddle(other).await,
            }
        }
        life.end().await;
    });
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 60, max_shrink_iters: 300, failure_persistence: None, ..ProptestConfig::default()
    })]

    #[test]
    fn whatever_happens_the_target_becomes_the_source_and_nothing_of_others_is_lost((shape, happenings) in any_life()) {
        lived(shape, &happenings);
    }
}

/// What a run that died had taken over counts as ours afterwards: where no mark is made, nothing at the store tells of it.
#[test]
fn what_was_taken_over_by_a_run_that_died_is_ours() {
    let run = |policy: Policy, target_faults: Vec<Planted>| {
        Happening::Run(Box::new(Trial {
            policy,
            source_faults: vec![],
            target_faults,
            stop_after: None,
            meddling: None,
        }))
    };
    let bold = Policy {
        deletes: DeletePolicy::Owned,
        foreign: ForeignPolicy::Adopt,
        absent_for: 1,
        allow_final_deletes: true,
        max_deletes_percent: 100.0,
        max_shrink_percent: 100.0,
        ..Policy::default()
    };
    for shape in 0..shapes::targets().len() {
        for hang in [Hang::Withheld, Hang::Unanswered] {
            let dies = Planted { family: Family::Delete, nth: 1, what: What::Hangs(hang) };
            lived(
                shape,
                &[
                    Happening::SourcePut(0, 0),
                    run(Policy::default(), vec![]),
                    Happening::SourceRemove(0),
                    Happening::SourcePut(3, 1),
                    Happening::TargetPut(3, 1),
                    run(bold.clone(), vec![dies]),
                    Happening::SourcePut(3, 2),
                    run(Policy::default(), vec![]),
                ],
            );
        }
    }
}
