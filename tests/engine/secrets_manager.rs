//! What lies in AWS Secrets Manager, and what becomes of it: words for fields, databases' own secrets, consoles' accidents.

use secretferry::model::{Aliases, ConnectionDialect, Dialect, Field, OldForm, TextDialect};
use secretferry::planner::ForeignPolicy;
use secretferry::provider::memory::MemoryShape;

use crate::shapes;
use crate::world::{World, lines};

const RDS: &str = r#"{"engine": "postgres", "username": "u", "password": "p", "host": "h", "port": 5432, "dbname": "d",
    "dbInstanceIdentifier": "i"}"#;

fn read_as(connection: ConnectionDialect) -> MemoryShape {
    MemoryShape { dialect: Dialect { connection, text: TextDialect::Verbatim }, ..shapes::aws() }
}

#[tokio::test]
async fn what_is_no_connection_is_not_carried() {
    let world = World::between(shapes::aws(), shapes::files()).await;
    for (id, text) in [
        ("a-uri", "postgres://u:p%40@h/s"),
        ("b-quoted", r#""postgres://u@h""#),
        ("c-console", r#"{"": "postgres://u@h"}"#),
        ("d-plain", "hunter2"),
        ("e-number", "42"),
        ("f-list", r#"["postgres://h"]"#),
        ("g-application", r#"{"API_KEY": "hunter2"}"#),
        ("h-type", "google_cloud_platform://x"),
        ("i-number", r#"{"conn_type": "h", "login": 5}"#),
        ("j-broken", r#"{"conn_type": "h""#),
    ] {
        world.source.put(&format!("connections/{id}"), text);
    }
    world.source.put("variables/quoted", r#""text""#);
    let report = world.run().await;
    assert_eq!(
        lines(&report),
        [
            "connection a-uri: created, new",
            "connection b-quoted: blocked, source-malformed",
            "connection c-console: blocked, source-malformed",
            "connection d-plain: blocked, source-malformed",
            "connection e-number: blocked, source-malformed",
            "connection f-list: blocked, source-malformed",
            "connection g-application: blocked, source-malformed",
            "connection h-type: blocked, source-malformed",
            "connection i-number: quarantined, source-unreadable",
            "connection j-broken: quarantined, source-unreadable",
            "variable quoted: created, new",
        ]
    );
    let told = format!("{:?}", report.outcomes);
    assert!(!told.contains("hunter2"), "{told}");
    assert_eq!(report.outcomes[10].notes, ["stands in quotes, which Airflow takes for content"]);
    assert_eq!(world.text("variables/quoted").as_deref(), Some(r#""\"text\"""#));
}

#[tokio::test]
async fn a_secret_of_a_database_is_carried_as_airflow_reads_it() {
    let dropped = "has keys that Airflow does not read: dbname, dbInstanceIdentifier";
    let plain = r#"{"conn_type": "postgres", "host": "h", "login": "u", "password": "p", "port": 5432}"#;
    let worded =
        r#"{"conn_type": "postgres", "host": "h", "login": "u", "password": "p", "schema": "d", "port": 5432}"#;
    let words = Aliases::with([(Field::Schema, vec!["dbname".to_owned()])]);
    for (aliases, note, stored) in [
        (Aliases::default(), dropped, plain),
        (words, "has keys that Airflow does not read: dbInstanceIdentifier", worded),
    ] {
        let source = read_as(ConnectionDialect::SecretsManager(aliases));
        let world = World::between(source, shapes::files()).await;
        world.source.put("connections/db", RDS);
        let report = world.run().await;
        assert_eq!(lines(&report), ["connection db: created, new"]);
        assert_eq!(report.outcomes[0].notes, [note]);
        assert_eq!(world.text("connections/db").as_deref(), Some(stored));
    }
}

#[tokio::test]
async fn a_secret_of_an_older_provider_is_carried_as_that_one_read_it() {
    let rows = [
        (OldForm::UrlEncoded, r#"{"conn_type": "h", "host": "x", "password": "p%2Fq"}"#),
        (OldForm::Split, "{'conn_type': 'h', 'host': 'x', 'password': 'p%2Fq'}"),
        (OldForm::FullUrl, "h://:p%2Fq@x"),
    ];
    for (form, text) in rows {
        let source = read_as(ConnectionDialect::OldSecretsManager(form, Aliases::default()));
        let world = World::between(source, shapes::aws()).await;
        world.source.put("connections/c", text);
        assert_eq!(lines(&world.run().await), ["connection c: created, new"], "{form:?}");
        let stored = world.text("connections/c").unwrap();
        assert!(stored.contains(r#""conn_type": "h", "host": "x", "#), "{form:?}: {stored}");
        assert!(stored.contains(r#""password": "p/q""#), "{form:?}: {stored}");
        assert_eq!(lines(&world.run().await), ["connection c: kept, unchanged"], "{form:?}");
    }
}

#[tokio::test]
async fn a_description_is_kept_beside_the_value_and_said_to_be_lost_to_airflow() {
    let world = World::between(shapes::metastore(), shapes::aws()).await;
    world.source.put("connections/c", r#"{"conn_type": "h", "description": "ours", "host": "x"}"#);
    let report = world.run().await;
    assert_eq!(lines(&report), ["connection c: created, new"]);
    assert_eq!(report.outcomes[0].notes, ["description: Airflow does not get it back from here"]);
    assert_eq!(world.text("connections/c").as_deref(), Some(r#"{"conn_type": "h", "host": "x"}"#));
    assert_eq!(lines(&world.run().await), ["connection c: kept, unchanged"]);
}

#[tokio::test]
async fn what_an_application_keeps_in_the_secret_stays_under_its_names() {
    let mut world = World::between(shapes::metastore(), shapes::aws()).await;
    world.job.policy.foreign = ForeignPolicy::Overwrite;
    world.source.put("connections/db", r#"{"conn_type": "postgres", "host": "new", "login": "u", "password": "q"}"#);
    world.target.put("connections/db", r#"{"engine": "postgres", "username": "u", "password": "p", "dbname": "d"}"#);
    assert_eq!(lines(&world.run().await), ["connection db: updated, foreign-overwritten"]);
    let kept = r#"{"engine": "postgres", "username": "u", "password": "q", "dbname": "d", "host": "new"}"#;
    assert_eq!(world.text("connections/db").as_deref(), Some(kept));
    assert_eq!(lines(&world.run().await), ["connection db: kept, unchanged"]);
}
