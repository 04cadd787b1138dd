//! A model of two stores and a ledger: what a plan sees of it, and what carrying the plan out does to it.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use proptest::prelude::*;
use secretferry::model::{
    Action, Fingerprint, Kind, Manager, MasterKey, Purpose, Reason, RemoteKey, Revision, SecretName, State, Subkey,
};
use secretferry::planner::{
    Baseline, BaselineEntry, DeletePolicy, Depth, DriftPolicy, ForeignPolicy, Needs, Owner, Plan, Policy, Remember,
    Sides, SourceContent, SourceFacts, SourceKey, SourceSide, Step, TargetContent, TargetKey, TargetRules, TargetSide,
    TombstonePolicy, needs, plan,
};

/// Two stores, a ledger, and the settings of a job between them.
#[derive(Debug, Clone)]
pub struct World {
    pub source: BTreeMap<SecretName, SourceCell>,
    pub target: BTreeMap<SecretName, TargetCell>,
    pub baseline: Option<BTreeMap<SecretName, BaselineEntry>>,
    pub policy: Policy,
    pub rules: TargetRules,
    pub depth: Depth,
    pub stores: Stores,
    pub writes: u32,
}

/// What the two stores can do.
#[derive(Debug, Clone, Copy)]
pub struct Stores {
    pub source_revisions: bool,
    pub target_revisions: bool,
    pub marks: bool,
}

#[derive(Debug, Clone, Copy)]
pub struct SourceCell {
    pub value: u8,
    pub revision: u32,
    pub reading: Reading,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    Fine,
    Blocked,
    Quarantined,
}

#[derive(Debug, Clone, Copy)]
pub struct TargetCell {
    pub state: State,
    /// `None` for something that no reader understands.
    pub value: Option<u8>,
    pub revision: u32,
    pub owner: Owner,
    pub access: Access,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    Open,
    Denied,
    Failed,
}

/// Which values a plan gets to see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    All,
    Needed,
}

/// What is seen of a world at one moment.
pub struct Seen {
    pub source: SourceSide,
    pub target: TargetSide,
    pub baseline: Option<Baseline>,
}

impl Seen {
    pub fn sides(&self) -> Sides<'_> {
        Sides { source: &self.source, target: &self.target, baseline: self.baseline.as_ref() }
    }
}

impl World {
    pub fn plan(&self, look: Look) -> Plan {
        plan(self.see(look).sides(), &self.rules, &self.policy, self.depth)
    }

    pub fn see(&self, look: Look) -> Seen {
        let listed = self.seen(|_| false, |_| false);
        match look {
            Look::All => self.seen(|_| true, |_| true),
            Look::Needed => {
                let Needs { source, target } = needs(listed.sides(), &self.rules, &self.policy, self.depth);
                self.seen(|name| source.contains(name), |name| target.contains(name))
            }
        }
    }

    fn seen(&self, source_read: impl Fn(&SecretName) -> bool, target_read: impl Fn(&SecretName) -> bool) -> Seen {
        let source =
            self.source.iter().map(|(name, cell)| (name.clone(), self.source_key(name, *cell, source_read(name))));
        let target =
            self.target.iter().map(|(name, cell)| (name.clone(), self.target_key(name, *cell, target_read(name))));
        Seen {
            source: SourceSide { keys: source.collect(), ..SourceSide::default() },
            target: TargetSide { keys: target.collect() },
            baseline: self.baseline.clone().map(|entries| Baseline { entries }),
        }
    }

    fn source_key(&self, name: &SecretName, cell: SourceCell, read: bool) -> SourceKey {
        let content = match cell.reading {
            _ if !read => SourceContent::Unread,
            Reading::Fine => SourceContent::Fits(Box::new(SourceFacts {
                fingerprint: fingerprint(name, cell.value),
                fields: Vec::new().into(),
                notes: Vec::new(),
            })),
            Reading::Blocked => SourceContent::Blocked(Reason::Lossy, String::new()),
            Reading::Quarantined => SourceContent::Quarantined(Reason::Undecryptable, String::new()),
        };
        let revision = self.stores.source_revisions.then(|| source_revision(cell.revision));
        SourceKey { from: None, key: spelled(name), revision, changed: None, target_key: Some(spelled(name)), content }
    }

    fn target_key(&self, name: &SecretName, cell: TargetCell, read: bool) -> TargetKey {
        let content = match (cell.access, cell.value) {
            _ if !read || cell.state != State::Live => TargetContent::Unread,
            (Access::Denied, _) => TargetContent::Denied(String::new()),
            (Access::Failed, _) => TargetContent::Failed(String::new()),
            (Access::Open, Some(value)) => TargetContent::Read(fingerprint(name, value), Vec::new().into()),
            (Access::Open, None) => TargetContent::Unreadable(String::new()),
        };
        let revision = self.stores.target_revisions.then(|| target_revision(cell.revision));
        TargetKey { key: spelled(name), state: cell.state, revision, owner: cell.owner, content }
    }

    /// Carries a plan out, as the engine does when nothing goes wrong.
    pub fn apply(&mut self, plan: &Plan) {
        for step in &plan.steps {
            match step.action {
                Action::Create | Action::Update | Action::Restore => {
                    let value = Some(self.source[&step.name].value);
                    self.write(&step.name, value);
                }
                Action::Adopt => {
                    let value = self.target[&step.name].value;
                    self.take_over(&step.name, value);
                }
                Action::Delete => self.delete(&step.name),
                Action::Keep | Action::Block | Action::Quarantine => self.remember(step),
                Action::Release => unreachable!("a job gives nothing up: {step:?}"),
            }
        }
    }

    fn write(&mut self, name: &SecretName, value: Option<u8>) {
        self.writes += 1;
        let owner = if self.stores.marks { Owner::Ours } else { Owner::Unmarked };
        let revision = 1_000 + self.writes;
        self.target
            .insert(name.clone(), TargetCell { state: State::Live, value, revision, owner, access: Access::Open });
        self.record(name);
    }

    fn take_over(&mut self, name: &SecretName, value: Option<u8>) {
        let owner = if self.stores.marks { Owner::Ours } else { Owner::Unmarked };
        let cell = self.target.get_mut(name).expect("only what is there is taken over");
        assert_eq!(cell.value, value);
        cell.owner = owner;
        self.record(name);
    }

    fn delete(&mut self, name: &SecretName) {
        if self.rules.recoverable_deletes {
            let cell = self.target.get_mut(name).expect("only what is there is deleted");
            cell.state = State::Deleted;
        } else {
            self.target.remove(name);
        }
        self.entries().remove(name);
    }

    fn record(&mut self, name: &SecretName) {
        let (source, target) = (self.source[name], self.target[name]);
        let entry = BaselineEntry {
            job: self.rules.job.clone(),
            key: spelled(name),
            fingerprint: fingerprint(name, source.value),
            source_revision: self.stores.source_revisions.then(|| source_revision(source.revision)),
            target_revision: self.stores.target_revisions.then(|| target_revision(target.revision)),
            absent_runs: 0,
            shape: self.rules.shape.clone(),
            from: None,
        };
        self.entries().insert(name.clone(), entry);
    }

    fn remember(&mut self, step: &Step) {
        if step.remember == Remember::Nothing {
            return;
        }
        let shape = self.rules.shape.clone();
        let entry = self.entries().get_mut(&step.name).expect("only a record is changed");
        match step.remember {
            Remember::Nothing => {}
            Remember::Revisions => {
                entry.fingerprint = step.source.clone().expect("what is to be remembered is known");
                entry.source_revision = step.source_revision.clone().or(entry.source_revision.take());
                entry.target_revision = step.target_revision.clone().or(entry.target_revision.take());
                entry.shape = shape;
                entry.absent_runs = 0;
            }
            Remember::Absence => entry.absent_runs += 1,
            Remember::Presence => entry.absent_runs = 0,
            Remember::Forget => drop(self.entries().remove(&step.name)),
        }
    }

    fn entries(&mut self) -> &mut BTreeMap<SecretName, BaselineEntry> {
        self.baseline.as_mut().expect("only a run with a ledger acts")
    }
}

/// This run's ledger key.
static OWN: LazyLock<Subkey> = LazyLock::new(|| ledger_key('A'));
/// A ledger key of before.
static OLD: LazyLock<Subkey> = LazyLock::new(|| ledger_key('Q'));

fn ledger_key(byte: char) -> Subkey {
    MasterKey::parse(&format!("{}=", byte.to_string().repeat(43))).expect("32 bytes").subkey(Purpose::Fingerprint)
}

pub fn fingerprint(name: &SecretName, value: u8) -> Fingerprint {
    Fingerprint::of_value(&OWN, name, &[value])
}

fn spelled(name: &SecretName) -> RemoteKey {
    RemoteKey::new(name.bound())
}

fn source_revision(number: u32) -> Revision {
    Revision::new(format!("s{number}"))
}

fn target_revision(number: u32) -> Revision {
    Revision::new(format!("t{number}"))
}

/// One name on all sides. Versions are honest: a side that still has version 1 still has what was recorded.
#[derive(Debug, Clone)]
struct Cell {
    source: Option<(u8, Reading, bool)>,
    target: Option<(State, Option<u8>, Owner, Access, bool)>,
    entry: Option<Record>,
}

#[derive(Debug, Clone)]
struct Record {
    value: u8,
    absent: u32,
    old_ledger_key: bool,
    other_job: bool,
    other_shape: bool,
}

fn chosen<T: Clone + std::fmt::Debug + 'static>(options: &[T]) -> impl Strategy<Value = T> + use<T> {
    proptest::sample::select(options.to_vec())
}

fn any_cell() -> impl Strategy<Value = Cell> {
    let reading = chosen(&[Reading::Fine, Reading::Fine, Reading::Fine, Reading::Blocked, Reading::Quarantined]);
    let state = prop_oneof![
        6 => Just(State::Live),
        3 => chosen(&[State::Empty, State::Deleted, State::Destroyed, State::Disabled, State::Managed(Manager::Service)]),
    ];
    let owner = chosen(&[Owner::Ours, Owner::Ours, Owner::Unmarked, Owner::Other]);
    let access = prop_oneof![12 => Just(Access::Open), 1 => Just(Access::Denied), 1 => Just(Access::Failed)];
    let value = prop_oneof![5 => (0_u8..3).prop_map(Some), 1 => Just(None)];
    let record = (0_u8..3, 0_u32..3, prop::bool::weighted(0.1), prop::bool::weighted(0.1), prop::bool::weighted(0.1))
        .prop_map(|(value, absent, old_ledger_key, other_job, other_shape)| Record {
            value,
            absent,
            old_ledger_key,
            other_job,
            other_shape,
        });
    (
        proptest::option::weighted(0.8, (0_u8..3, reading, any::<bool>())),
        proptest::option::weighted(0.8, (state, value, owner, access, any::<bool>())),
        proptest::option::weighted(0.7, record),
    )
        .prop_map(|(source, target, entry)| Cell { source, target, entry })
}

fn any_policy() -> impl Strategy<Value = Policy> {
    (
        chosen(&[DeletePolicy::Never, DeletePolicy::Owned, DeletePolicy::Owned]),
        (0_u64..6, chosen(&[0.0, 5.0, 50.0, 100.0]), chosen(&[0.0, 20.0, 60.0, 100.0])),
        (0_u32..4, any::<bool>()),
        chosen(&[ForeignPolicy::Block, ForeignPolicy::Adopt, ForeignPolicy::Overwrite]),
        chosen(&[DriftPolicy::Block, DriftPolicy::Keep, DriftPolicy::Restore]),
        chosen(&[TombstonePolicy::Block, TombstonePolicy::Restore]),
    )
        .prop_map(
            |(deletes, (count, percent, shrink), (absent_for, allow_final_deletes), foreign, drift, tombstone)| {
                Policy {
                    deletes,
                    max_deletes_count: count,
                    max_deletes_percent: percent,
                    max_shrink_percent: shrink,
                    absent_for,
                    allow_final_deletes,
                    foreign,
                    drift,
                    tombstone,
                }
            },
        )
}

pub fn any_world() -> impl Strategy<Value = World> {
    (
        proptest::collection::vec(any_cell(), 0..8),
        any_policy(),
        (any::<bool>(), any::<bool>(), prop::bool::weighted(0.3)),
        chosen(&[Depth::Listing, Depth::Metadata, Depth::Metadata, Depth::Values]),
        (prop::bool::weighted(0.8), prop::bool::weighted(0.8), prop::bool::weighted(0.8)),
    )
        .prop_map(|(cells, policy, (restores, recoverable_deletes, accepting), depth, revisions_and_marks)| {
            let (source_revisions, target_revisions, marks) = revisions_and_marks;
            let stores = Stores { source_revisions, target_revisions, marks };
            let names = (0..cells.len()).map(|index| SecretName::new(Kind::Connection, format!("c{index}")));
            let mut world = World {
                source: BTreeMap::new(),
                target: BTreeMap::new(),
                baseline: Some(BTreeMap::new()),
                policy,
                rules: TargetRules {
                    recoverable_deletes,
                    restores,
                    defers: false,
                    key: OWN.id().clone(),
                    shape: "shape".to_owned(),
                    job: "job".to_owned(),
                    accepted: if accepting { names.clone().collect() } else { Vec::new() },
                },
                depth,
                stores,
                writes: 0,
            };
            names.zip(cells).for_each(|(name, cell)| settle(&mut world, &name, cell));
            world
        })
}

/// Puts one name into the world.
fn settle(world: &mut World, name: &SecretName, cell: Cell) {
    let Stores { source_revisions, target_revisions, marks } = world.stores;
    let written = cell.entry.as_ref().map(|record| record.value);
    if let Some((value, reading, untouched)) = cell.source {
        let source = match written.filter(|_| untouched) {
            Some(value) => SourceCell { value, revision: 1, reading: Reading::Fine },
            None => SourceCell { value, revision: 2, reading },
        };
        world.source.insert(name.clone(), source);
    }
    if let Some((state, value, owner, access, untouched)) = cell.target {
        let owner = if marks { owner } else { Owner::Unmarked };
        let target = match written.filter(|_| untouched && state == State::Live) {
            Some(value) => TargetCell { state, value: Some(value), revision: 1, owner, access: Access::Open },
            None => TargetCell { state, value, revision: 2, owner, access },
        };
        world.target.insert(name.clone(), target);
    }
    if let Some(record) = cell.entry {
        let key = if record.old_ledger_key { &OLD } else { &OWN };
        let entry = BaselineEntry {
            job: if record.other_job { "another".to_owned() } else { world.rules.job.clone() },
            key: spelled(name),
            fingerprint: Fingerprint::of_value(key, name, &[record.value]),
            source_revision: source_revisions.then(|| source_revision(1)),
            target_revision: target_revisions.then(|| target_revision(1)),
            absent_runs: record.absent,
            shape: if record.other_shape { "another".to_owned() } else { world.rules.shape.clone() },
            from: None,
        };
        world.entries().insert(name.clone(), entry);
    }
}
