//! Stores that answer for single keys only: what leads to a key, what is not seen, and that nothing is deleted or lost.

use secretferry::engine::verify;
use secretferry::model::{Blind, Family, Kind, Listing, Outcome};
use secretferry::naming::{Filter, Mapping, Renamed, Template};
use secretferry::planner::DeletePolicy;
use secretferry::provider::Provider as _;
use secretferry::provider::memory::MemoryShape;

use crate::shapes;
use crate::world::{World, lines};

fn exact(mut shape: MemoryShape) -> MemoryShape {
    shape.capabilities.listing = Listing::Exact;
    shape
}

fn include(ids: &[&str]) -> Filter {
    let ids: Vec<_> = ids.iter().map(|id| (*id).to_owned()).collect();
    Filter::new(&[Kind::Connection, Kind::Variable], &ids, &[]).unwrap()
}

fn says_so(findings: &[secretferry::model::Finding]) -> bool {
    findings.iter().any(|finding| finding.code == "listing-exact")
}

#[tokio::test]
async fn the_control_a_store_that_is_not_listed_refuses_a_listing() {
    let world = World::between(exact(shapes::metastore()), MemoryShape::default()).await;
    assert!(world.source.list(&secretferry::model::Scope { kinds: vec![Kind::Variable] }).await.is_err());
}

#[tokio::test]
async fn a_target_is_asked_for_what_the_source_has() {
    for (name, shape) in shapes::targets() {
        let mut world = World::between(shapes::metastore(), exact(shape)).await;
        world.job.mapping = Mapping::new([(Renamed::parse("v001"), "x".to_owned())], None, Template::default());
        world.job.policy.deletes = DeletePolicy::Owned;
        world.job.policy.absent_for = 1;
        world.job.policy.allow_final_deletes = true;
        world.fill(5);
        let theirs = world.stored("theirs");
        world.target.put("variables/v004", &theirs);
        world.target.put("variables/unseen", &theirs);
        let report = world.run().await;
        assert_eq!(lines(&report)[4], "variable x: created, new", "{name}");
        assert_eq!(lines(&report)[3], "variable v004: blocked, foreign", "{name}: what is there is not overwritten");
        assert!(says_so(&report.findings), "{name}");
        world.target.deny("variables/v002");
        world.source.remove("variables/v003");
        world.source.put("variables/v002", "changed");
        for round in 0..3 {
            let report = world.run().await;
            let gone = report.outcomes.iter().find(|step| step.name.id == "v003").unwrap();
            assert_eq!((gone.outcome, gone.reason.as_str()), (Outcome::Kept, "deletes-off"), "{name}, {round}");
            assert!(
                !report.outcomes.iter().any(|step| step.outcome == Outcome::Created),
                "{name}: denied is not absent"
            );
        }
        assert!(world.text("variables/v003").is_some(), "{name}");
        assert_eq!(world.target.calls(Family::List), 0, "{name}");
        world.prove_ledger().await;
    }
}

#[tokio::test]
async fn a_denied_key_of_the_target_is_blocked_and_an_idle_run_is_idle() {
    let world = World::between(shapes::metastore(), exact(shapes::vault())).await;
    world.fill(3);
    world.run().await;
    let (idle, source, target) = world.counted().await;
    assert!(idle.outcomes.iter().all(|step| step.outcome == Outcome::Kept), "{:?}", lines(&idle));
    assert_eq!((source[2], target), (0, [0, 3, 0, 0, 0]), "one look a key, no listing, no value");
    world.source.put("variables/v009", "new");
    world.target.put("variables/v009", r#"{"value": "theirs"}"#);
    world.target.deny("variables/v009");
    assert_eq!(lines(&world.run().await)[3], "variable v009: blocked, target-denied");
}

#[tokio::test]
async fn a_source_is_asked_for_what_the_target_the_record_and_the_job_lead_to() {
    for (name, shape) in shapes::targets() {
        let mut world = World::between(exact(shapes::metastore()), shape).await;
        world.job.policy.deletes = DeletePolicy::Owned;
        world.job.policy.absent_for = 1;
        world.job.mapping = Mapping::new(
            [(Renamed::parse("old"), "renamed".to_owned())],
            Some("db_"),
            Template::parse("p-{id}").unwrap(),
        );
        world.job.filter = include(&["named", "db_*", "plain*", "old"]);
        for id in ["named", "db_a", "plain", "old", "db_nothing_leads_here", "out"] {
            world.source.put(&format!("variables/{id}"), &format!("text of {id}"));
        }
        // The target leads to `db_a` and to `plain`, by what the mapping makes of them.
        for (id, text) in [("p-a", "text of db_a"), ("p-plain", "stale"), ("out", "x")] {
            let text = world.stored(text);
            world.target.put(&format!("variables/{id}"), &text);
        }
        world.job.policy.foreign = secretferry::planner::ForeignPolicy::Overwrite;
        let report = world.run().await;
        let expected = [
            "variable p-a: adopted, equal-unowned",
            "variable p-named: created, new",
            "variable p-plain: updated, foreign-overwritten",
            "variable renamed: created, new",
        ];
        assert_eq!(lines(&report), expected, "{name}");
        assert!(says_so(&report.findings), "{name}");
        let proof = verify(&world.job, &world.stores, Some(&world.ledger), &Blind).await.unwrap();
        assert_eq!((proof.equal.len(), proof.checked()), (4, 4), "{name}: {proof:?}");
        assert!(says_so(&proof.findings), "{name}");
        // What the source no longer has is kept; what it no longer shows is set aside.
        world.source.remove("variables/plain");
        world.source.put("variables/db_a", "changed");
        world.source.deny("variables/db_a");
        let report = world.run().await;
        assert_eq!(lines(&report)[0], "variable p-a: quarantined, source-denied", "{name}");
        assert_eq!(lines(&report)[2], "variable p-plain: kept, deletes-off", "{name}");
        // Where the target lost a key, the record leads to it.
        world.source.allow("variables/db_a");
        world.target.remove("variables/p-a");
        world.job.policy.drift = secretferry::planner::DriftPolicy::Restore;
        assert_eq!(lines(&world.run().await)[0], "variable p-a: created, drift-restored", "{name}");
        assert_eq!(world.source.calls(Family::List), 0, "{name}");
        world.prove_ledger().await;
    }
}

#[tokio::test]
async fn neither_is_listed_and_the_job_names_the_keys() {
    let mut world = World::between(exact(shapes::metastore()), exact(shapes::vault())).await;
    world.job.filter = include(&["a", "b"]);
    world.source.put("variables/a", "text");
    world.source.put("connections/b", "postgres://h/d");
    world.source.put("variables/c", "text");
    assert_eq!(lines(&world.run().await), ["connection b: created, new", "variable a: created, new"]);
    let idle = world.run().await;
    assert!(idle.outcomes.iter().all(|step| step.outcome == Outcome::Kept), "{:?}", lines(&idle));
    assert_eq!(idle.findings.iter().filter(|finding| finding.code == "listing-exact").count(), 2);
}
