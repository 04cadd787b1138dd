//! Keys that have other names in the target: written, proved, judged in scope, renamed anew, and never lost on the way.

use secretferry::engine::verify;
use secretferry::model::{Blind, Kind, Outcome, SecretName};
use secretferry::naming::{Filter, Mapping, Renamed, Template};
use secretferry::planner::DeletePolicy;
use secretferry::provider::Provider as _;

use crate::shapes;
use crate::world::{World, lines};

fn mapping(renames: &[(&str, &str)], strip: &str, template: &str) -> Mapping {
    let renames = renames.iter().map(|(old, new)| (Renamed::parse(old), (*new).to_owned()));
    Mapping::new(renames, Some(strip), Template::parse(template).unwrap())
}

fn scope(include: &str, exclude: &str) -> Filter {
    let split = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    Filter::new(&[Kind::Connection, Kind::Variable], &split(include), &split(exclude)).unwrap()
}

fn variable(id: &str) -> SecretName {
    SecretName::new(Kind::Variable, id)
}

impl World {
    fn holds(&self, id: &str, text: &str) -> bool {
        self.text(&format!("variables/{id}")) == Some(self.stored(text))
    }
}

#[tokio::test]
async fn keys_are_written_under_their_new_names_and_an_idle_run_stays_idle() {
    for (name, shape) in shapes::targets() {
        let mut world = World::between(shapes::metastore(), shape).await;
        world.job.mapping = mapping(&[("a", "renamed")], "db_", "prod-{id}");
        for id in ["a", "db_b", "c"] {
            world.source.put(&format!("variables/{id}"), &format!("text of {id}"));
        }
        let created =
            ["variable prod-b: created, new", "variable prod-c: created, new", "variable renamed: created, new"];
        let report = world.run().await;
        assert_eq!(lines(&report), created, "{name}");
        let from = |id: &str| report.outcomes.iter().find(|step| step.name.id == id).unwrap().from.clone();
        assert_eq!((from("renamed"), from("prod-b")), (Some(variable("a")), Some(variable("db_b"))), "{name}");
        assert!(world.holds("renamed", "text of a") && world.holds("prod-b", "text of db_b"), "{name}");
        let (idle, source, target) = world.counted().await;
        assert!(idle.outcomes.iter().all(|step| step.outcome == Outcome::Kept), "{name}: {:?}", lines(&idle));
        assert_eq!(target[3..], [0, 0], "{name}: an idle run writes nothing");
        if world.target.capabilities().revisions != secretferry::model::Revisions::None {
            assert_eq!((source[2], target[2]), (0, 0), "{name}: an idle run reads no value");
        }
        let proof = verify(&world.job, &world.stores, Some(&world.ledger), &Blind).await.unwrap();
        assert_eq!((proof.equal.len(), proof.checked()), (3, 3), "{name}: {proof:?}");
        assert_eq!(proof.equal[2].from, Some(variable("a")), "{name}");
        world.source.put("variables/a", "another text");
        assert!(lines(&world.run().await).contains(&"variable renamed: updated, source-changed".to_owned()), "{name}");
        assert!(world.holds("renamed", "another text"), "{name}");
        world.prove_ledger().await;
    }
}

#[tokio::test]
async fn names_that_become_one_are_refused_with_both_named() {
    let mut world = World::new().await;
    world.job.mapping = mapping(&[("a", "x")], "db_", "{id}");
    for id in ["a", "x", "db_y", "y", "z"] {
        world.source.put(&format!("variables/{id}"), id);
    }
    let report = world.run().await;
    let told: Vec<_> = report.outcomes.iter().map(|step| step.detail.clone().unwrap_or_default()).collect();
    let expected = [
        "variable x and variable a of the source would both become it; rename one",
        "variable y and variable db_y of the source would both become it; rename one",
        "",
    ];
    assert_eq!(told, expected);
    assert_eq!(lines(&report)[..2], ["variable x: blocked, name-collision", "variable y: blocked, name-collision"]);
    assert_eq!(world.target.keys(), ["variables/z"], "nothing of them is written");
    // The control: one of them out of scope, and the other is carried.
    world.job.filter = scope("*", "x db_y");
    world.run().await;
    assert!(world.holds("x", "a") && world.holds("y", "y"));
}

#[tokio::test]
async fn a_name_the_target_cannot_hold_is_blocked_with_the_reason() {
    let mut world = World::new().await;
    world.job.mapping = mapping(&[("a", "x/../y")], "", "{id}");
    world.source.put("variables/a", "text");
    let report = world.run().await;
    assert_eq!(lines(&report), ["variable x/../y: blocked, illegal-name"]);
    assert_eq!(report.outcomes[0].from, Some(variable("a")));
    assert!(report.outcomes[0].detail.as_ref().unwrap().contains("segment"), "{report:?}");
}

#[tokio::test]
async fn another_name_leaves_the_old_one_until_the_new_one_is_there_and_the_policy_deletes() {
    for (name, shape) in shapes::targets() {
        let mut world = World::between(shapes::metastore(), shape).await;
        world.job.mapping = mapping(&[("v001", "old")], "", "{id}");
        world.fill(20);
        world.run().await;
        world.job.mapping = mapping(&[("v001", "new")], "", "{id}");
        for round in 0..3 {
            let report = world.run().await;
            let old = report.outcomes.iter().find(|step| step.name.id == "old").unwrap();
            let said = (old.outcome, old.reason.as_str(), old.detail.as_deref());
            assert_eq!(said, (Outcome::Kept, "renamed", Some("now variable new")), "{name}, {round}");
            assert!(world.holds("old", "text 1") && world.holds("new", "text 1"), "{name}, {round}");
        }
        world.job.policy.deletes = DeletePolicy::Owned;
        world.job.policy.allow_final_deletes = true;
        assert!(lines(&world.run().await).contains(&"variable old: kept, renamed".to_owned()), "{name}");
        assert!(lines(&world.run().await).contains(&"variable old: deleted, gone-from-source".to_owned()), "{name}");
        assert!(world.holds("new", "text 1") && !world.holds("old", "text 1"), "{name}");
        assert!(world.run().await.outcomes.iter().all(|step| step.outcome == Outcome::Kept), "{name}");
        world.prove_ledger().await;
    }
}

#[tokio::test]
async fn the_old_name_stays_as_long_as_the_new_one_cannot_be_written() {
    let mut world = World::new().await;
    world.job.policy.deletes = DeletePolicy::Owned;
    world.fill(20);
    world.run().await;
    world.target.put("variables/new", "somebody else's");
    world.job.mapping = mapping(&[("v001", "new")], "", "{id}");
    for round in 0..5 {
        let report = world.run().await;
        assert!(lines(&report).contains(&"variable new: blocked, foreign".to_owned()), "{round}: {:?}", lines(&report));
        assert!(world.holds("v001", "text 1"), "{round}: the only copy is gone");
    }
}

#[tokio::test]
async fn a_new_template_deletes_nothing_at_once() {
    let mut world = World::new().await;
    world.job.policy.deletes = DeletePolicy::Owned;
    world.fill(20);
    world.run().await;
    world.job.mapping = mapping(&[], "", "prod/{id}");
    for round in 0..4 {
        let report = world.run().await;
        assert_eq!(report.outcomes.iter().filter(|step| step.outcome == Outcome::Deleted).count(), 0, "{round}");
    }
    assert_eq!(world.target.keys().len(), 40);
    let blocked = world.run().await;
    assert!(lines(&blocked).contains(&"variable v001: blocked, shrink-guard".to_owned()), "{:?}", lines(&blocked));
}

#[tokio::test]
async fn scope_is_judged_by_what_a_key_was_made_from() {
    for (name, shape) in shapes::targets() {
        let mut world = World::between(shapes::metastore(), shape).await;
        world.job.policy.deletes = DeletePolicy::Owned;
        world.job.policy.allow_final_deletes = true;
        world.job.policy.absent_for = 1;
        world.job.mapping = mapping(&[("v001", "x")], "", "{id}");
        world.fill(20);
        world.run().await;
        // Out of scope it is invisible, whatever the mapping makes of it, and whether the source has it.
        for (exclude, mapping) in [
            ("v001", mapping(&[("v001", "x")], "", "{id}")),
            ("v001", Mapping::default()),
            ("v001 v002", Mapping::default()),
        ] {
            world.job.filter = scope("*", exclude);
            world.job.mapping = mapping;
            world.source.remove("variables/v001");
            let report = world.run().await;
            assert!(!lines(&report).iter().any(|line| line.starts_with("variable x:")), "{name}: {:?}", lines(&report));
            assert!(world.holds("x", "text 1"), "{name}");
        }
        // Its new name alone does not take it out of scope: the control.
        world.job.filter = scope("*", "x");
        let report = world.run().await;
        assert!(
            lines(&report).contains(&"variable x: deleted, gone-from-source".to_owned()),
            "{name}: {:?}",
            lines(&report)
        );
    }
}

#[tokio::test]
async fn a_key_made_from_another_one_by_now_is_its_key() {
    let mut world = World::new().await;
    world.job.policy.deletes = DeletePolicy::Owned;
    world.job.policy.absent_for = 1;
    world.job.policy.max_deletes_percent = 100.0;
    world.job.mapping = mapping(&[("v001", "x")], "", "{id}");
    world.fill(20);
    world.run().await;
    world.job.mapping = mapping(&[("v002", "x")], "", "{id}");
    world.job.filter = scope("*", "v001");
    let report = world.run().await;
    assert!(lines(&report).contains(&"variable x: updated, source-changed".to_owned()), "{:?}", lines(&report));
    let entries = world.ledger.baseline(&world.stores.target.info().identity).await.unwrap().entries;
    assert_eq!(entries[&variable("x")].from, Some(variable("v002")));
    assert_eq!(world.text("variables/x"), Some("text 2".to_owned()));
    world.source.remove("variables/v002");
    assert!(lines(&world.run().await).contains(&"variable x: deleted, gone-from-source".to_owned()));
}

#[tokio::test]
async fn without_its_record_a_mapped_key_is_taken_over_again_and_none_is_deleted() {
    for (name, shape) in shapes::targets() {
        let mut world = World::between(shapes::metastore(), shape).await;
        world.job.mapping = mapping(&[("v001", "x")], "v", "w{id}");
        world.fill(5);
        world.run().await;
        world.lose_ledger().await;
        world.job.policy.deletes = DeletePolicy::Owned;
        world.job.policy.absent_for = 1;
        world.job.policy.foreign = secretferry::planner::ForeignPolicy::Adopt;
        world.source.remove("variables/v004");
        for round in 0..3 {
            let report = world.run().await;
            assert_eq!(report.outcomes.iter().filter(|step| step.outcome == Outcome::Deleted).count(), 0, "{name}");
            let taken = if round == 0 { Outcome::Adopted } else { Outcome::Kept };
            let x = report.outcomes.iter().find(|step| step.name.id == "x").unwrap();
            // A mark of another ledger outweighs an equal value.
            let marked = world.target.capabilities().marks.is_some();
            assert!(x.outcome == taken || marked, "{name}, {round}: {x:?}");
        }
        assert!(world.holds("w004", "text 4"), "{name}");
    }
}

#[tokio::test]
async fn ids_are_accepted_by_either_name_and_masked_values_by_the_sources_alone() {
    let mut world = World::new().await;
    world.job.mapping = mapping(&[("a", "x")], "", "{id}");
    world.source.put("variables/a", "***");
    for (accept, allow_masked, expected) in [
        ("", "", "incomplete"),
        ("a", "", "succeeded"),
        ("variables/x", "", "succeeded"),
        ("connections/x", "", "incomplete"),
        ("", "x", "incomplete"),
        ("", "a", "succeeded"),
    ] {
        world.job.accept = vec![accept.to_owned()];
        world.job.allow_masked = vec![allow_masked.to_owned()];
        assert_eq!(world.run().await.status.as_str(), expected, "{accept} {allow_masked}");
    }
    assert_eq!(world.text("variables/x").as_deref(), Some("***"));
}
