//! What a job sets in secrets on their way: set, seen as a change, idle otherwise, proved; and forms chosen key by key.

use secretferry::engine::{FormChoice, Override, Overrides, Setting, verify};
use secretferry::model::{Blind, Field, Form, Outcome, SecretValue};
use secretferry::naming::{Mapping, Pattern, Renamed, Template};

use crate::shapes;
use crate::world::{World, lines};

const DB: &str = r#"{"conn_type": "postgres", "host": "dev-db", "login": "etl", "password": "***", "extra": "{\"sslmode\": \"disable\", \"a\": 1}"}"#;

fn sets(pattern: &str, sets: Vec<Setting>) -> Override {
    Override { pattern: Pattern::parse(pattern).unwrap(), sets }
}

fn host(text: &str) -> Setting {
    Setting::Field(Field::Host, SecretValue::from(text))
}

fn password(text: &str) -> Setting {
    Setting::Field(Field::Password, SecretValue::from(text))
}

fn member(name: &str, json: &str) -> Setting {
    Setting::Extra(name.to_owned(), SecretValue::from(json))
}

async fn world_of(shape: usize, overrides: Vec<Override>) -> World {
    let mut world = World::between(shapes::metastore(), shapes::targets()[shape].1.clone()).await;
    world.source.put("connections/db_main", DB);
    world.source.put("variables/region", "dev");
    world.job.overrides = Overrides::new(overrides);
    world
}

fn production(secret: &str) -> Vec<Override> {
    vec![
        sets("db_*", vec![host("prod-db"), password(secret), Setting::Port(6432), member("sslmode", "\"require\"")]),
        sets("variables/region", vec![Setting::Value(SecretValue::from("prod"))]),
    ]
}

#[tokio::test]
async fn what_is_set_is_written_said_proved_and_idle() {
    for (shape, (name, _)) in shapes::targets().iter().enumerate() {
        let mut world = world_of(shape, production("first")).await;
        let report = world.run().await;
        assert_eq!(lines(&report), ["connection db_main: created, new", "variable region: created, new"], "{name}");
        let notes = &report.outcomes[0].notes;
        assert!(notes.contains(&"overridden: host, password, port, extra.sslmode".to_owned()), "{name}: {notes:?}");
        let text = world.text("connections/db_main").unwrap();
        for expected in ["prod-db", "first", "6432", "require", "etl"] {
            assert!(text.contains(expected), "{name}: {expected} is not written");
        }
        assert!(!text.contains("dev-db") && !text.contains("disable"), "{name}");
        assert_eq!(world.text("variables/region"), Some(world.stored("prod")), "{name}");
        let (idle, source, target) = world.counted().await;
        assert!(idle.outcomes.iter().all(|step| step.outcome == Outcome::Kept), "{name}: {:?}", lines(&idle));
        let versions = shape < 3;
        assert!(!versions || (source[2], target[2]) == (0, 0), "{name}: an idle run reads no value");
        let proof = verify(&world.job, &world.stores, Some(&world.ledger), &Blind).await.unwrap();
        assert_eq!((proof.equal.len(), proof.checked()), (2, 2), "{name}: {proof:?}");
        // The secret that is referred to has changed, and nothing else.
        world.job.overrides = Overrides::new(production("second"));
        let expected = ["connection db_main: updated, source-changed", "variable region: kept, unchanged"];
        assert_eq!(lines(&world.run().await), expected, "{name}");
        assert!(world.text("connections/db_main").unwrap().contains("second"), "{name}");
        world.job.overrides = Overrides::default();
        let proof = verify(&world.job, &world.stores, Some(&world.ledger), &Blind).await.unwrap();
        assert_eq!(proof.mismatches.len() + proof.refused.len(), 2, "{name}: without them it is not the same");
        world.prove_ledger().await;
    }
}

#[tokio::test]
async fn the_shape_is_keyed_and_tells_nothing_of_a_secret() {
    let world = world_of(0, production("canary-of-mine")).await;
    world.run().await;
    let entries = world.ledger.baseline("memory replica").await.unwrap().entries;
    let shapes: Vec<_> = entries.values().map(|entry| entry.shape.clone()).collect();
    assert!(shapes[0].len() > 64 && !format!("{entries:?}").contains("canary-of-mine"), "{shapes:?}");
}

#[tokio::test]
async fn ids_are_the_sources_and_an_id_goes_before_a_glob() {
    let exact = sets("db_main", vec![host("the-one")]);
    let mut world = world_of(0, vec![sets("db_*", vec![host("any"), password("set")]), exact]).await;
    world.job.mapping = Mapping::new([(Renamed::parse("db_main"), "main".to_owned())], None, Template::default());
    world.run().await;
    let text = world.text("connections/main").unwrap();
    assert!(text.contains("the-one") && text.contains("set") && !text.contains("any"), "{text}");
}

/// Checks how the connection ends, and the words beside it.
async fn ends(overrides: Vec<Override>, source: &str, expected: &str) {
    let world = world_of(0, overrides).await;
    world.source.put("connections/db_main", source);
    let report = world.run().await;
    let told = format!("{}: {}", lines(&report)[0], report.outcomes[0].detail.clone().unwrap_or_default());
    assert_eq!(told, format!("connection db_main: {expected}"));
}

#[tokio::test]
async fn what_cannot_be_set_blocks_the_key() {
    ends(
        vec![sets("db_*", vec![host("a")]), sets("*_main", vec![host("b"), password("x")])],
        DB,
        "blocked, override-fails: the overrides `db_*` and `*_main` both set host; narrow one, or name the id itself",
    )
    .await;
    // The control: they set different things.
    ends(vec![sets("db_*", vec![host("a")]), sets("*_main", vec![password("x")])], DB, "created, new: ").await;
    ends(vec![sets("db_*", vec![host("a")])], DB, "blocked, poisoned: is *** (password)").await;
}

#[tokio::test]
async fn a_member_needs_an_object_to_be_in() {
    let mut world = world_of(0, vec![sets("db_*", vec![member("a", "1")])]).await;
    world.job.readers = vec![secretferry::model::Reader::Airflow2];
    world.source.put("connections/db_main", r#"{"conn_type": "http", "extra": "no object"}"#);
    let report = world.run().await;
    assert_eq!(lines(&report)[0], "connection db_main: blocked, override-fails");
    let detail = report.outcomes[0].detail.as_deref();
    assert_eq!(detail, Some("extra.a cannot be overridden: the source's extra is no JSON object"));
}

#[tokio::test]
async fn what_is_about_no_key_is_said() {
    let unused = vec![sets("db_*", vec![password("x")]), sets("variables/db_main", vec![Setting::Value("x".into())])];
    let mut world = world_of(0, unused).await;
    world.job.mapping =
        Mapping::new([(Renamed::parse("variables/nothing"), "x".to_owned())], None, Template::default());
    let told = |findings: &[secretferry::model::Finding]| {
        findings.iter().map(|finding| format!("{} {}", finding.code, finding.subject)).collect::<Vec<_>>()
    };
    let expected = ["rename-unused rename variables/nothing", "override-unused override variables/db_main"];
    assert_eq!(told(&world.run().await.findings), expected);
    world.job.filter = world.job.filter.clone().narrowed(None, &["region".to_owned()]).unwrap();
    assert_eq!(told(&world.run().await.findings), Vec::<String>::new(), "a part of a job cannot tell");
}

#[tokio::test]
async fn auto_takes_the_usual_form_where_it_is_exact_and_says_where_not() {
    let mut world = World::between(shapes::metastore(), shapes::vault()).await;
    world.job.form = Some(FormChoice::Auto);
    world.source.put("connections/usual", r#"{"conn_type": "http", "host": "h"}"#);
    world.source.put("connections/exact", r#"{"conn_type": "http", "host": "h", "description": ""}"#);
    let report = world.run().await;
    assert!(report.outcomes.iter().all(|step| step.outcome == Outcome::Created), "{:?}", lines(&report));
    for step in &report.outcomes {
        let text = world.text(&format!("connections/{}", step.name.id)).unwrap();
        let unusual = step.notes.iter().find(|note| note.starts_with("written as"));
        assert_eq!(unusual.is_some(), text.contains("conn_uri"), "{}: {:?}", step.name, step.notes);
    }
    let (idle, source, target) = world.counted().await;
    assert!(idle.outcomes.iter().all(|step| step.outcome == Outcome::Kept), "{:?}", lines(&idle));
    assert_eq!((source[2], target[2]), (0, 0));
    // The control: another choice is another shape, and the same meaning.
    world.job.form = Some(FormChoice::Only(Form::Uri));
    let (other, source, _) = world.counted().await;
    assert!(other.outcomes.iter().all(|step| step.outcome == Outcome::Kept) && source[2] > 0, "{:?}", lines(&other));
}
