//! The planner's laws, over random worlds and every policy.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use secretferry::model::{
    Action, Capabilities, Compare, Deletes, Kind, Reason, RemoteKey, Revisions, SecretName, State,
};
use secretferry::planner::{
    Baseline, Deep, DeletePolicy, Depth, DriftPolicy, ForeignPolicy, Owner, Plan, Remember, SourceContent, SourceKey,
    SourceSide, Step, TargetContent, TargetSide, TombstonePolicy, depth, plan,
};

use super::world::{Access, Look, Reading, World, any_world, fingerprint};

fn writes(step: &Step) -> bool {
    matches!(step.action, Action::Create | Action::Update | Action::Restore)
}

fn is_at_rest(plan: &Plan) -> bool {
    plan.changes().next().is_none() && plan.steps.iter().all(|step| step.remember == Remember::Nothing)
}

/// What a plan decides, without its words.
fn decisions(plan: &Plan) -> Vec<(SecretName, Action, Reason, Remember)> {
    plan.steps.iter().map(|step| (step.name.clone(), step.action, step.reason, step.remember)).collect()
}

/// The same map, filled in another order.
fn shuffled<T: Clone>(map: &BTreeMap<SecretName, T>, seed: u64) -> BTreeMap<SecretName, T> {
    let mut entries: Vec<_> = map.iter().map(|(name, cell)| (name.clone(), cell.clone())).collect();
    entries.reverse();
    let turn = if entries.is_empty() { 0 } else { (seed % entries.len() as u64) as usize };
    entries.rotate_left(turn);
    entries.into_iter().collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn shuffling_the_input_does_not_change_the_plan(world in any_world(), seed in any::<u64>()) {
        let seen = world.see(Look::All);
        let again = super::world::Seen {
            source: SourceSide { keys: shuffled(&seen.source.keys, seed), ..SourceSide::default() },
            target: TargetSide { keys: shuffled(&seen.target.keys, seed) },
            baseline: seen.baseline.as_ref().map(|baseline| Baseline { entries: shuffled(&baseline.entries, seed) }),
        };
        let one = plan(seen.sides(), &world.rules, &world.policy, world.depth);
        let other = plan(again.sides(), &world.rules, &world.policy, world.depth);
        prop_assert_eq!(format!("{one:?}"), format!("{other:?}"));
    }

    #[test]
    fn every_name_of_the_source_has_one_step_and_no_name_has_two(world in any_world()) {
        let plan = world.plan(Look::Needed);
        let names: Vec<&SecretName> = plan.steps.iter().map(|step| &step.name).collect();
        prop_assert!(names.windows(2).all(|pair| pair[0] < pair[1]), "out of order: {:?}", names);
        let named: BTreeSet<&SecretName> = names.into_iter().collect();
        prop_assert!(world.source.keys().all(|name| named.contains(name)));
        let counted: usize = plan.counts().iter().map(|(_, count)| count).sum();
        prop_assert_eq!(counted, plan.steps.len());
    }

    #[test]
    fn reading_only_what_is_needed_decides_the_same(mut world in any_world()) {
        // A listing without versions is believed on purpose, and whether a value may be read shows only by reading it.
        prop_assume!(world.depth != Depth::Listing || world.stores.target_revisions);
        for cell in world.target.values_mut() {
            cell.access = Access::Open;
        }
        prop_assert_eq!(decisions(&world.plan(Look::Needed)), decisions(&world.plan(Look::All)));
    }

    #[test]
    fn after_a_plan_is_applied_nothing_is_left_to_do(mut world in any_world()) {
        let first = world.plan(Look::Needed);
        world.apply(&first);
        let second = world.plan(Look::Needed);
        let left: Vec<&Step> = second.changes().filter(|step| step.action != Action::Delete).collect();
        prop_assert!(left.is_empty(), "left after one run: {:#?}", left);
        // Deletes wait for the runs that a key must be gone.
        for _ in 0..world.policy.absent_for + 2 {
            let next = world.plan(Look::Needed);
            world.apply(&next);
        }
        let last = world.plan(Look::Needed);
        prop_assert!(is_at_rest(&last), "left in the end: {:#?}", last.steps);
    }

    #[test]
    fn at_rest_no_value_is_read_where_both_stores_have_versions(mut world in any_world()) {
        world.stores.source_revisions = true;
        world.stores.target_revisions = true;
        world.depth = Depth::Metadata;
        for _ in 0..world.policy.absent_for + 3 {
            let next = world.plan(Look::Needed);
            world.apply(&next);
        }
        let seen = world.see(Look::Needed);
        for step in world.plan(Look::Needed).steps.iter().filter(|step| step.reason == Reason::Unchanged) {
            prop_assert!(matches!(seen.source.keys[&step.name].content, SourceContent::Unread));
            prop_assert!(matches!(seen.target.keys[&step.name].content, TargetContent::Unread));
        }
    }

    #[test]
    fn under_the_boldest_policy_the_target_becomes_the_source(mut world in any_world()) {
        world.policy.drift = DriftPolicy::Restore;
        world.policy.foreign = ForeignPolicy::Overwrite;
        world.policy.tombstone = TombstonePolicy::Restore;
        world.rules.restores = true;
        world.depth = Depth::Values;
        let first = world.plan(Look::Needed);
        world.apply(&first);
        for (name, cell) in world.source.iter().filter(|(_, cell)| cell.reading == Reading::Fine) {
            let target = world.target.get(name);
            let out_of_reach = target.is_some_and(|target| {
                matches!(target.state, State::Disabled | State::Managed(_)) || target.access != Access::Open
            });
            if !out_of_reach {
                prop_assert_eq!(target.map(|target| (target.state, target.value)), Some((State::Live, Some(cell.value))));
            }
        }
    }

    #[test]
    fn equal_values_are_never_written(world in any_world()) {
        for step in world.plan(Look::All).steps.iter().filter(|step| writes(step)) {
            let target = world.target.get(&step.name).filter(|target| target.state == State::Live);
            prop_assert!(target.is_none_or(|target| target.value != Some(world.source[&step.name].value)), "{:?}", step);
        }
    }

    #[test]
    fn a_write_knows_what_it_writes_and_where(world in any_world()) {
        for step in world.plan(Look::Needed).changes().filter(|step| step.action != Action::Delete) {
            prop_assert_eq!(step.source.as_ref(), Some(&fingerprint(&step.name, world.source[&step.name].value)));
            prop_assert!(step.key.is_some() && step.source_key.is_some());
        }
    }

    #[test]
    fn what_is_to_be_remembered_is_known(world in any_world()) {
        for step in world.plan(Look::Needed).steps.iter().filter(|step| step.remember == Remember::Revisions) {
            prop_assert_eq!(step.source.as_ref(), Some(&fingerprint(&step.name, world.source[&step.name].value)));
            prop_assert_eq!(step.action, Action::Keep);
        }
    }

    #[test]
    fn nothing_is_deleted_but_what_is_ours_gone_and_under_the_caps(world in any_world()) {
        let plan = world.plan(Look::Needed);
        let entries = world.baseline.as_ref().expect("a ledger");
        let owned = entries.values().filter(|entry| entry.job == world.rules.job).count() as f64;
        let deletes: Vec<&Step> = plan.steps.iter().filter(|step| step.action == Action::Delete).collect();
        for step in &deletes {
            let (entry, target) = (&entries[&step.name], &world.target[&step.name]);
            prop_assert!(entry.job == world.rules.job && target.owner != Owner::Other);
            prop_assert!(!world.source.contains_key(&step.name));
            prop_assert!(entry.absent_runs + 1 >= world.policy.absent_for);
            prop_assert!(target.state == State::Live && target.access == Access::Open);
            // What goes is what we wrote.
            let untouched = world.stores.target_revisions && target.revision == 1;
            let equal = target.value.is_some_and(|value| fingerprint(&step.name, value) == entry.fingerprint);
            prop_assert!(untouched || equal);
        }
        if !deletes.is_empty() {
            prop_assert_eq!(world.policy.deletes, DeletePolicy::Owned);
            prop_assert!(world.rules.recoverable_deletes || world.policy.allow_final_deletes);
            prop_assert!(!world.source.is_empty());
            prop_assert!(deletes.len() as u64 <= world.policy.max_deletes_count);
            prop_assert!(deletes.len() as f64 * 100.0 <= world.policy.max_deletes_percent * owned);
            let unread = plan.steps.iter().any(|step| {
                let failed = matches!(step.reason, Reason::TargetDenied | Reason::TargetFailed);
                (failed || step.action == Action::Quarantine) && !world.rules.accepted.contains(&step.name)
            });
            prop_assert!(!unread);
        }
    }

    #[test]
    fn what_was_denied_or_failed_is_never_changed(world in any_world()) {
        for step in world.plan(Look::All).changes() {
            let access = world.target.get(&step.name).filter(|target| target.state == State::Live).map(|target| target.access);
            prop_assert!(access.is_none_or(|access| access == Access::Open), "{:?}", step);
        }
    }

    #[test]
    fn what_the_source_cannot_give_is_blocked_or_set_aside(world in any_world()) {
        for step in world.plan(Look::All).steps {
            match world.source.get(&step.name).map(|cell| cell.reading) {
                Some(Reading::Blocked) => prop_assert_eq!(step.action, Action::Block),
                Some(Reading::Quarantined) => prop_assert_eq!(step.action, Action::Quarantine),
                Some(Reading::Fine) | None => prop_assert_ne!(step.action, Action::Quarantine),
            }
        }
    }

    #[test]
    fn another_owners_key_is_written_only_where_the_policy_is_to_overwrite(mut world in any_world()) {
        world.policy.foreign = ForeignPolicy::Adopt;
        for step in world.plan(Look::Needed).steps.iter().filter(|step| writes(step)) {
            prop_assert!(world.target.get(&step.name).is_none_or(|target| target.owner != Owner::Other), "{:?}", step);
        }
    }

    #[test]
    fn without_a_ledger_nothing_is_deleted_or_remembered(mut world in any_world()) {
        world.baseline = None;
        let plan = world.plan(Look::Needed);
        prop_assert!(plan.two_way);
        prop_assert!(plan.steps.iter().all(|step| step.action != Action::Delete && step.remember == Remember::Nothing));
    }
}

fn some_worlds(count: usize) -> Vec<World> {
    let mut runner = TestRunner::deterministic();
    (0..count).map(|_| any_world().new_tree(&mut runner).expect("a world").current()).collect()
}

/// The controls: the laws above can see a fault.
#[test]
fn the_model_sees_work_and_rest() {
    let worlds = some_worlds(300);
    let plans: Vec<Plan> = worlds.iter().map(|world| world.plan(Look::Needed)).collect();
    // Only an undo gives a key up.
    for action in Action::ALL.iter().filter(|action| **action != Action::Release) {
        assert!(plans.iter().any(|plan| plan.count(*action) > 0), "no world leads to {action}");
    }
    assert!(plans.iter().any(|plan| !is_at_rest(plan)));
    let differing =
        worlds.iter().zip(&plans).filter(|(world, plan)| decisions(&world.plan(Look::All)) != decisions(plan));
    assert!(differing.count() > 0, "denied values and listings without versions should show");
}

fn capabilities(revisions: Revisions) -> Capabilities {
    Capabilities {
        write: true,
        revisions,
        compare: Compare::None,
        deletes: Deletes::Final,
        history: false,
        marks: None,
        read_batch: 1,
        width: 1,
        max_value: None,
        empty_values: true,
        double_braces: true,
        listing_lag: std::time::Duration::ZERO,
        listing: secretferry::model::Listing::Full,
        tariff: secretferry::model::Tariff::NONE,
    }
}

#[test]
fn the_cheapest_proving_depth_is_chosen_unless_one_is_asked_for() {
    let chosen = |source, target| depth(None, &capabilities(source), &capabilities(target), Deep::NotYet);
    assert_eq!(chosen(Revisions::Listing, Revisions::Listing), Depth::Listing);
    assert_eq!(chosen(Revisions::None, Revisions::Listing), Depth::Listing);
    assert_eq!(chosen(Revisions::Stat, Revisions::Listing), Depth::Metadata);
    assert_eq!(chosen(Revisions::Listing, Revisions::Stat), Depth::Metadata);
    assert_eq!(chosen(Revisions::None, Revisions::Stat), Depth::Metadata);
    assert_eq!(chosen(Revisions::Listing, Revisions::None), Depth::Values);
    let (source, target) = (capabilities(Revisions::Listing), capabilities(Revisions::None));
    assert_eq!(depth(Some(Depth::Listing), &source, &target, Deep::Due), Depth::Listing);
    assert_eq!(chosen(Revisions::Listing, Revisions::Deferred), Depth::Listing);
    assert_eq!(chosen(Revisions::Deferred, Revisions::Deferred), Depth::Listing);
    assert_eq!(chosen(Revisions::Stat, Revisions::Deferred), Depth::Metadata);
    for source in [Revisions::Listing, Revisions::Stat, Revisions::None] {
        let due = |target| depth(None, &capabilities(source), &capabilities(target), Deep::Due);
        assert_eq!(due(Revisions::Deferred), Depth::Values);
        assert_eq!(due(Revisions::Listing), chosen(source, Revisions::Listing));
    }
}

#[test]
fn a_plan_counts_its_actions() {
    let key = |content| SourceKey {
        from: None,
        key: RemoteKey::new("k"),
        revision: None,
        changed: None,
        target_key: Some(RemoteKey::new("k")),
        content,
    };
    let blocked =
        |id: &str| (SecretName::new(Kind::Variable, id), key(SourceContent::Blocked(Reason::Lossy, String::new())));
    let set_aside =
        (SecretName::new(Kind::Connection, "c"), key(SourceContent::Quarantined(Reason::Undecryptable, String::new())));
    let source = SourceSide { keys: [blocked("a"), blocked("b"), set_aside].into(), ..SourceSide::default() };
    let sides = secretferry::planner::Sides { source: &source, target: &TargetSide::default(), baseline: None };
    let world = some_worlds(1).remove(0);
    let plan = plan(sides, &world.rules, &world.policy, Depth::Values);
    assert_eq!(plan.counts(), [(Action::Block, 2), (Action::Quarantine, 1)]);
}
