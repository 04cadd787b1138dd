//! What is not carried, and why: poison, losses, names, teams, limits, other keys of an entry; and what `accept` makes of it.

use secretferry::engine::{FormChoice, RunStatus};
use secretferry::model::{Blind, ErrorKind, Family, Form, Outcome, Reader};
use secretferry::naming::Place;
use secretferry::planner::ForeignPolicy;
use secretferry::provider::Quarantine;
use secretferry::provider::memory::When;

use crate::shapes;
use crate::world::{World, lines};

#[tokio::test]
async fn a_mask_is_never_copied_unless_it_is_the_value() {
    for (name, shape) in shapes::targets() {
        let mut world = World::between(shapes::metastore(), shape).await;
        world.source.put("connections/db", "postgres://user:***@host/db");
        world.source.put("variables/db", "***");
        world.source.put("variables/longer", "it is *** here");
        let masked = ["connection db: blocked, poisoned", "variable db: blocked, poisoned"];
        let report = world.run().await;
        assert_eq!(lines(&report)[..2], masked, "{name}");
        assert_eq!(lines(&report)[2], "variable longer: created, new", "{name}");
        assert!(!report.outcomes[2].notes.is_empty(), "{name}: a mask inside a text is worth a word");
        world.job.allow_masked = vec!["variables/db".to_owned()];
        assert_eq!(lines(&world.run().await)[..2], [masked[0], "variable db: created, new"], "{name}");
        world.job.allow_masked = vec!["db".to_owned()];
        assert_eq!(lines(&world.run().await)[0], "connection db: created, new", "{name}");
    }
}

#[tokio::test]
async fn a_form_that_would_lose_something_is_refused_and_another_carries_it() {
    // Airflow 3 reads the values of a URI's query as JSON, where Airflow 2 takes them as text.
    let json = r#"{"conn_type": "http", "host": "h", "extra": {"timeout": "10"}}"#;
    for (form, expected) in [(Form::Uri, "blocked, "), (Form::Json, "created, new")] {
        let mut world = World::between(shapes::metastore(), shapes::aws()).await;
        world.job.form = Some(FormChoice::Only(form));
        world.source.put("connections/api", json);
        let report = world.run().await;
        assert!(lines(&report)[0].starts_with(&format!("connection api: {expected}")), "{:?}", report.outcomes);
    }
}

#[tokio::test]
async fn only_who_reads_has_a_say() {
    let mut world = World::between(shapes::metastore(), shapes::aws()).await;
    world.source.put("connections/api", "http://h?timeout=10");
    assert_eq!(lines(&world.run().await), ["connection api: blocked, readers-disagree"]);
    world.job.readers = vec![Reader::Airflow2];
    assert_eq!(lines(&world.run().await), ["connection api: created, new"]);
    // Another set of readers is another shape: what is there is judged anew.
    world.job.readers = Reader::ALL.to_vec();
    assert_eq!(lines(&world.run().await), ["connection api: blocked, readers-disagree"]);
}

#[tokio::test]
async fn names_that_would_meet_or_that_the_target_cannot_spell() {
    let mut shape = shapes::aws();
    shape.rule.variables = Place::prefix("connections");
    shape.rule.max_length = Some(20);
    let world = World::between(shapes::metastore(), shape).await;
    world.source.put("connections/same", "http://h");
    world.source.put("variables/same", "text");
    world.source.put("connections/a_name_too_long", "http://h");
    let report = world.run().await;
    assert_eq!(
        lines(&report),
        [
            "connection a_name_too_long: blocked, illegal-name",
            "connection same: blocked, name-collision",
            "variable same: blocked, name-collision",
        ]
    );
    assert_eq!(world.target.keys(), [""; 0]);
}

#[tokio::test]
async fn of_several_places_the_first_that_has_a_name_is_read_and_the_first_is_written() {
    let several = || Place::Prefixes(vec!["first".to_owned(), "second".to_owned()]);
    let (mut from, mut to) = (shapes::metastore(), shapes::aws());
    (from.rule.variables, to.rule.variables) = (several(), several());
    let world = World::between(from, to).await;
    world.source.put("first/a", "first");
    world.source.put("second/a", "second");
    world.source.put("second/b", "second");
    world.target.put("second/a", "theirs");
    assert_eq!(lines(&world.run().await), ["variable a: created, new", "variable b: created, new"]);
    assert_eq!(world.target.keys(), ["first/a", "first/b", "second/a"]);
    assert_eq!(["first/a", "first/b", "second/a"].map(|key| world.text(key).unwrap()), ["first", "second", "theirs"]);
}

#[tokio::test]
async fn a_teams_key_goes_where_teams_can_be_told_apart() {
    for (teams, expected) in [(None, "blocked, team-unsupported"), (Some("folder"), "created, new")] {
        let mut shape = shapes::aws();
        if teams.is_some() {
            shape.rule.teams = secretferry::naming::Teams::Folder;
        }
        let world = World::between(shapes::metastore(), shape).await;
        world.source.put("variables@data/v", "text");
        assert_eq!(lines(&world.run().await), [format!("variable v (team data): {expected}")]);
        let written = if teams.is_some() { vec!["variables/data/v"] } else { vec![] };
        assert_eq!(world.target.keys(), written);
    }
}

#[tokio::test]
async fn what_the_target_has_no_room_for() {
    let mut shape = shapes::aws();
    shape.capabilities.max_value = Some(10);
    shape.capabilities.double_braces = false;
    let world = World::between(shapes::metastore(), shape).await;
    world.source.put("variables/empty", "");
    world.source.put("variables/fits", "0123456789");
    world.source.put("variables/large", "0123456789a");
    world.source.put("variables/template", "{{ ds }}");
    let (report, _, target) = world.counted().await;
    assert_eq!(
        lines(&report),
        [
            "variable empty: blocked, empty-value",
            "variable fits: created, new",
            "variable large: blocked, too-large",
            "variable template: blocked, double-braces",
        ]
    );
    assert_eq!(target[3], 1, "what does not fit is not even tried");
}

#[tokio::test]
async fn what_cannot_be_understood_is_set_aside_and_the_target_left_alone() {
    for (name, shape) in shapes::targets() {
        let world = World::between(shapes::metastore(), shape).await;
        world.fill(3);
        world.run().await;
        let before = world.text("variables/v000");
        world.source.put_quarantined("variables/v000", Quarantine::Undecryptable("val".to_owned()));
        world.source.put_quarantined("variables/v001", Quarantine::Duplicate(2));
        world.source.put_quarantined("variables/v002", Quarantine::Malformed("no text".to_owned()));
        let report = world.run().await;
        assert_eq!(
            lines(&report),
            [
                "variable v000: quarantined, undecryptable",
                "variable v001: quarantined, duplicate-name",
                "variable v002: quarantined, source-unreadable",
            ],
            "{name}"
        );
        assert_eq!((world.text("variables/v000"), report.status), (before, RunStatus::Incomplete), "{name}");
    }
}

#[tokio::test]
async fn accepted_is_what_was_refused_not_what_failed() {
    let mut world = World::between(shapes::metastore(), shapes::aws()).await;
    world.source.put("variables/a", "***");
    world.source.put_quarantined("variables/b", Quarantine::Duplicate(2));
    world.source.put("variables/c", "text");
    assert_eq!(world.run().await.status, RunStatus::Incomplete);
    world.job.accept = ["a", "variables/b", "c"].map(str::to_owned).to_vec();
    assert_eq!(world.run().await.status, RunStatus::Succeeded);
    world.source.put("variables/c", "changed");
    world.target.fail(Family::Write, 1, When::Before, ErrorKind::Denied);
    let report = world.run().await;
    assert_eq!((lines(&report)[2].as_str(), report.status), ("variable c: failed, store-error", RunStatus::Incomplete));
}

#[tokio::test]
async fn other_keys_of_an_entry_are_kept_where_airflow_still_reads_it() {
    for (name, shape) in [("vault", shapes::vault()), ("versionless", shapes::versionless())] {
        let mut world = World::between(shapes::metastore(), shape).await;
        world.job.policy.foreign = ForeignPolicy::Overwrite;
        world.source.put("variables/v", "new");
        world.source.put("connections/db", "postgres://host/db");
        world.target.put("variables/v", r#"{"value": "old", "note": "keep me"}"#);
        world.target.put("connections/db", r#"{"conn_type": "postgres", "host": "old", "note": "keep me"}"#);
        let report = world.run().await;
        assert_eq!(
            lines(&report),
            ["connection db: blocked, other-keys", "variable v: updated, foreign-overwritten"],
            "{name}"
        );
        assert_eq!(world.text("variables/v").unwrap(), r#"{"value": "new", "note": "keep me"}"#, "{name}");
        assert!(world.text("connections/db").unwrap().contains("old"), "{name}");
        // Beside a URI other keys do no harm.
        world.job.form = Some(FormChoice::Only(Form::Uri));
        let report = world.run().await;
        assert_eq!(lines(&report)[0], "connection db: updated, foreign-overwritten", "{name}: {:?}", report.outcomes);
        assert!(world.text("connections/db").unwrap().contains("keep me"), "{name}");
        // What somebody adds to a key of ours between plan and write is not lost either.
        world.source.put("variables/v", "newer");
        let added = r#"{"value": "new", "note": "keep me", "more": "keep me too"}"#;
        let report = world.run_meddled(async |_| drop(world.target.put("variables/v", added))).await;
        let kept = world.text("variables/v").unwrap();
        assert!(kept.contains("keep me too"), "{name}: {kept}, {:?}", lines(&report));
    }
}

#[tokio::test]
async fn a_target_that_cannot_be_understood() {
    for (name, shape) in shapes::targets() {
        let mut world = World::between(shapes::metastore(), shape.clone()).await;
        world.source.put("variables/v", "text");
        world.target.put_quarantined("variables/v", Quarantine::Duplicate(2));
        assert_eq!(lines(&world.run().await), ["variable v: blocked, foreign"], "{name}");
        world.job.policy.foreign = ForeignPolicy::Overwrite;
        // Where it can neither be compared nor its other keys be kept, it stays.
        let expected = match name {
            "everything" | "aws" => "variable v: updated, foreign-overwritten",
            _ => "variable v: blocked, target-unreadable",
        };
        assert_eq!(lines(&world.run().await), [expected], "{name}");
    }
}

#[tokio::test]
async fn a_listing_alone_can_be_asked_for_everywhere() {
    for (name, shape) in shapes::targets() {
        let mut world = World::between(shapes::metastore(), shape).await;
        world.job.depth = Some(secretferry::planner::Depth::Listing);
        world.fill(3);
        world.run().await;
        world.source.put("variables/v001", "changed");
        let report = world.run().await;
        assert_eq!(lines(&report)[1], "variable v001: updated, source-changed", "{name}");
        assert_eq!(world.text("variables/v001"), Some(world.stored("changed")), "{name}");
        let (report, source, target) = world.counted().await;
        assert!(report.outcomes.iter().all(|step| step.outcome == Outcome::Kept), "{name}");
        assert_eq!((source, target), ([1, 0, 0, 0, 0], [1, 0, 0, 0, 0]), "{name}");
    }
}

#[tokio::test]
async fn without_a_ledger_two_sides_are_compared() {
    for (name, shape) in shapes::targets() {
        let world = World::between(shapes::metastore(), shape).await;
        world.fill(3);
        world.run().await;
        world.source.put("variables/v001", "changed");
        world.source.put("variables/v003", "new");
        world.source.remove("variables/v002");
        let preview = secretferry::engine::preview(&world.job, &world.stores, None, &Blind).await.unwrap();
        let plan = preview.plan;
        let steps: Vec<_> =
            plan.steps.iter().map(|step| format!("{} {} {}", step.name.id, step.action, step.reason)).collect();
        let marked = world.target.tags("variables/v001").contains_key("managed-by");
        let mut expected = vec!["v000 keep equal", "v003 create new"];
        expected.insert(1, if marked { "v001 update differs" } else { "v001 block foreign" });
        if marked {
            expected.insert(2, "v002 keep deletes-off");
        }
        assert_eq!((steps, plan.two_way), (expected.into_iter().map(str::to_owned).collect(), true), "{name}");
    }
}
