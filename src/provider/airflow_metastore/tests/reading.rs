//! What is listed and read, and when a revision changes.

use super::fixture::{
    A, A_HUNTER, AIRFLOW_1_10, AIRFLOW_3_1, AIRFLOW_3_3, B, B_HUNTER, Fixture, codes, everything, keys, list, read,
    shown,
};
use crate::model::{ErrorKind, Kind, RemoteKey, Revision, Scope, Severity};
use crate::provider::{Content, Expect, Role, Store};

async fn revision(store: &Store, key: &str) -> Revision {
    let listed = list(store).await.into_iter().find(|listed| listed.key.as_str() == key);
    listed.expect("it is listed").revision.expect("it has a revision")
}

#[tokio::test]
async fn airflow_1_10_with_all_its_oddities() {
    let fixture = Fixture::with(&[
        AIRFLOW_1_10,
        &format!("INSERT INTO connection VALUES (1, 'db', 'postgres', 'h', NULL, 'u', '{A_HUNTER}', 5432, '', 1, NULL)"),
        "INSERT INTO connection (conn_id, host) VALUES ('twice', 'a'), ('twice', 'b'), (NULL, 'c'), ('', 'd'), ('plain', 'e')",
        &format!("INSERT INTO connection (conn_id, password, is_encrypted) VALUES ('lost', '{B_HUNTER}', 1)"),
        &format!("INSERT INTO variable (key, val, is_encrypted) VALUES ('v', '{A_HUNTER}', 1), ('void', NULL, NULL), ('', 'x', 0)"),
    ])
    .await;
    let store = fixture.open().await;
    let expected = ["connections/db", "connections/lost", "connections/plain", "connections/twice", "variables/v"];
    assert_eq!(keys(&store).await, expected);
    assert_eq!(fixture.heard(), ["nameless-row", "nameless-row", "void-variable"]);
    for (key, expected) in [
        (
            "connections/db",
            r#"{"conn_type":"postgres","host":"h","login":"u","password":"hunter2","port":5432,"extra":""}"#,
        ),
        ("connections/lost", r#"Undecryptable("password")"#),
        ("connections/twice", "Duplicate(2)"),
        ("connections/plain", r#"{"host":"e"}"#),
        ("variables/v", "hunter2"),
        ("variables/void", "absent"),
        ("variables/none", "absent"),
        ("configs/x", "absent"),
        ("nonsense", "absent"),
    ] {
        assert_eq!(shown(&store, key).await, expected, "{key}");
    }
    let findings = store.check(Role::Source, &Kind::ALL).await;
    let expected = [
        "airflow-release",
        "nameless-row",
        "duplicate-row",
        "fernet-key-opens",
        "undecryptable",
        "nameless-row",
        "void-variable",
        "fernet-key-opens",
        "rows",
    ];
    assert_eq!(codes(&findings), expected);
    assert!(findings[0].message.contains("1.10.13 to 1.10.15"), "{findings:?}");
    assert!(findings[4].message.contains("connections/lost (password)"), "{findings:?}");
    assert!(!format!("{findings:?}").contains("hunter2"));
}

#[tokio::test]
async fn teams_of_3_1_go_by_their_names_or_else_by_their_ids() {
    let rows = "INSERT INTO connection (conn_id, conn_type, team_id) VALUES ('c', 'http', '0f3a'), ('d', 'http', NULL);
        INSERT INTO variable (key, val, team_id) VALUES ('v', 'x', '0f3a')";
    let fixture = Fixture::with(&[AIRFLOW_3_1, rows]).await;
    let store = fixture.open().await;
    assert_eq!(keys(&store).await, ["connections/d", "connections@data/c", "variables@data/v"]);
    assert_eq!(shown(&store, "variables@data/v").await, "x");
    assert_eq!(shown(&store, "variables@other/v").await, "absent");
    assert_eq!(shown(&store, "variables/v").await, "absent");
    assert!(fixture.heard().is_empty());
    fixture.change("DROP TABLE team").await;
    assert_eq!(keys(&store).await, ["connections/d", "connections@0f3a/c", "variables@0f3a/v"]);
    assert_eq!(fixture.heard(), ["team-unnamed"]);
}

#[tokio::test]
async fn airflow_3_3_names_teams_in_the_row() {
    let rows = "INSERT INTO connection (conn_id, conn_type, description, is_encrypted, is_extra_encrypted, team_name)
            VALUES ('c/d', '', 'text', 0, 0, 'data');
        INSERT INTO variable (key, val, is_encrypted) VALUES ('v', '', 0)";
    let fixture = Fixture::with(&[AIRFLOW_3_3, rows]).await;
    let store = fixture.open().await;
    assert_eq!(keys(&store).await, ["connections@data/c/d", "variables/v"]);
    assert_eq!(shown(&store, "connections@data/c/d").await, r#"{"conn_type":"","description":"text"}"#);
    assert_eq!(shown(&store, "variables/v").await, "");
}

#[tokio::test]
async fn a_revision_changes_with_any_column_and_with_nothing_else() {
    let fixture = Fixture::with(&[
        AIRFLOW_3_3,
        &format!(
            "INSERT INTO connection (conn_id, conn_type, password, is_encrypted, is_extra_encrypted)
                VALUES ('c', 'http', '{A_HUNTER}', 1, 0), ('other', 'http', NULL, 0, 0)"
        ),
    ])
    .await;
    let store = fixture.open().await;
    let first = revision(&store, "connections/c").await;
    fixture.change("UPDATE connection SET host = 'h' WHERE conn_id = 'other'").await;
    assert_eq!(revision(&store, "connections/c").await, first);
    let mut seen = vec![first];
    for change in [
        "host = ''",
        "description = ''",
        "port = 0",
        "extra = '{}'",
        "is_extra_encrypted = 1",
        &format!("password = '{B_HUNTER}'"),
        "schema = 's'",
        "login = 'l'",
        "conn_type = 'https'",
        "is_encrypted = 0",
    ] {
        fixture.change(&format!("UPDATE connection SET {change} WHERE conn_id = 'c'")).await;
        let now = revision(&store, "connections/c").await;
        assert!(!seen.contains(&now), "{change} went unseen");
        seen.push(now);
    }
}

#[tokio::test]
async fn list_stat_and_read_agree_on_revisions_duplicates_too() {
    let rows = "INSERT INTO connection (conn_id, host) VALUES ('twice', 'a'), ('one', 'b'), ('twice', 'c')";
    let fixture = Fixture::with(&[AIRFLOW_1_10, rows]).await;
    let store = fixture.open().await;
    let listed = list(&store).await;
    assert_eq!(listed.len(), 2);
    let keys: Vec<RemoteKey> = listed.iter().map(|listed| listed.key.clone()).collect();
    let stats: Vec<_> = store.stat(&keys).await.into_iter().map(|answer| answer.ok().flatten()).collect();
    assert_eq!(stats, listed.iter().cloned().map(Some).collect::<Vec<_>>());
    for listed in listed {
        let record = read(&store, listed.key.as_str()).await.expect("it is there");
        assert_eq!(record.listed, listed);
    }
}

#[tokio::test]
async fn a_batch_answers_in_its_own_order() {
    let rows =
        "INSERT INTO variable (key, val) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1200)
        SELECT 'k' || i, 'v' || i FROM n";
    let fixture = Fixture::with(&[AIRFLOW_1_10, rows]).await;
    let store = fixture.open().await;
    assert_eq!(keys(&store).await.len(), 1200);
    let asked: Vec<RemoteKey> = (0..500).rev().map(|number| RemoteKey::new(format!("variables/k{number}"))).collect();
    for (key, answer) in asked.iter().zip(store.read(&asked).await) {
        let expected = key.as_str().replace("variables/k", "v");
        match answer.expect("an answer").map(|record| record.content) {
            None => assert_eq!(expected, "v0"),
            Some(Content::Value(value)) if value.expose() == expected => {}
            Some(other) => unreachable!("{key}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn the_scope_is_kept_and_a_missing_table_spoils_only_its_own_kind() {
    let row = "INSERT INTO variable (key, val) VALUES ('v', 'x'); DROP TABLE connection";
    let fixture = Fixture::with(&[AIRFLOW_1_10, row]).await;
    let store = fixture.open().await;
    let variables = Scope { kinds: vec![Kind::Variable] };
    assert_eq!(store.list(&variables).await.expect("a listing").len(), 1);
    assert_eq!(store.list(&everything()).await.map_err(|error| error.kind), Err(ErrorKind::Invalid));
    let answers = store.read(&[RemoteKey::new("connections/c"), RemoteKey::new("variables/v")]).await;
    assert!(answers[0].is_err() && matches!(answers[1], Ok(Some(_))), "{answers:?}");
}

#[tokio::test]
async fn a_database_in_wal_mode_is_read_beside_its_writer() {
    let fixture = Fixture::with(&["PRAGMA journal_mode = WAL", AIRFLOW_1_10]).await;
    let mut writer = fixture.writer().await;
    sqlx::raw_sql("INSERT INTO variable (key, val) VALUES ('seen', 'x'); BEGIN IMMEDIATE; INSERT INTO variable (key, val) VALUES ('unseen', 'x')")
        .execute(&mut writer)
        .await
        .expect("good SQL");
    assert_eq!(keys(&fixture.open().await).await, ["variables/seen"]);
    sqlx::raw_sql("COMMIT").execute(&mut writer).await.expect("a transaction");
    assert_eq!(keys(&fixture.open().await).await, ["variables/seen", "variables/unseen"]);
}

#[tokio::test]
async fn keys_are_read_afresh_and_in_their_order() {
    let row = format!("INSERT INTO variable (key, val, is_encrypted) VALUES ('v', '{B_HUNTER}', 1)");
    let fixture = Fixture::with(&[AIRFLOW_1_10, &row]).await;
    let store = fixture.open().await;
    assert_eq!(shown(&store, "variables/v").await, r#"Undecryptable("val")"#);
    fixture.put("keys", &format!("{A},{B}"));
    assert_eq!(shown(&store, "variables/v").await, "hunter2");
    // Airflow's way to say that nothing is encrypted; the token is no value all the same.
    fixture.put("keys", "");
    assert_eq!(shown(&store, "variables/v").await, r#"Undecryptable("val")"#);
    let findings = store.check(Role::Source, &Kind::ALL).await;
    let undecryptable = findings.iter().find(|finding| finding.code == "undecryptable").expect("it is said");
    assert_eq!(undecryptable.severity, Severity::Error);
    fixture.put("keys", &format!("{A},"));
    let answer = store.read(&[RemoteKey::new("variables/v")]).await.remove(0).expect_err("the keys are wrong");
    assert!(answer.to_string().contains("key 2 of 2"), "{answer}");
    assert!(codes(&store.check(Role::Source, &Kind::ALL).await).contains(&"unusable"));
}

#[tokio::test]
async fn whatever_sqlite_holds_in_a_column_is_read_or_quarantined() {
    let fixture = Fixture::with(&[
        // Without declared types nothing is converted on the way in.
        "CREATE TABLE connection (conn_id, conn_type, host, schema, login, password, port, extra, is_encrypted, is_extra_encrypted)",
        "CREATE TABLE variable (key, val, is_encrypted)",
        "INSERT INTO connection (conn_id, host, port) VALUES ('number', 5, '5432'), ('real', 1.5, 1), ('port', 'h', 'http'), ('big', 'h', 1e300)",
        "INSERT INTO connection (conn_id, host) VALUES ('utf8', CAST(x'ff' AS TEXT)), ('blob', x'00'), (7, 'nameless'), (CAST(x'ff' AS TEXT), 'x')",
        "INSERT INTO variable VALUES ('odd', 'x', 'maybe'), ('nul', CAST(x'610062' AS TEXT), 0), ('', 'x', 0)",
    ])
    .await;
    let store = fixture.open().await;
    assert_eq!(keys(&store).await.len(), 8);
    for (key, expected) in [
        ("connections/number", r#"{"host":"5","port":5432}"#),
        ("connections/real", r#"Malformed("host is a number with a fraction, not a text")"#),
        ("connections/port", r#"Malformed("port is not a whole number")"#),
        ("connections/big", r#"Malformed("port is not a whole number")"#),
        ("connections/utf8", r#"Malformed("host is not UTF-8")"#),
        ("connections/blob", r#"Malformed("host is bytes, not a text")"#),
        ("variables/odd", r#"Malformed("is_encrypted is neither true nor false")"#),
        ("variables/nul", "a\0b"),
    ] {
        assert_eq!(shown(&store, key).await, expected, "{key}");
    }
    assert!(codes(&store.check(Role::Source, &Kind::ALL).await).contains(&"malformed-row"));
}

#[tokio::test]
async fn it_is_a_source_and_nothing_else() {
    let store = Fixture::with(&[AIRFLOW_1_10]).await.open().await;
    let error = store.delete(&RemoteKey::new("variables/v"), &Expect::Anything).await.expect_err("it cannot");
    assert_eq!(error.kind, ErrorKind::Unsupported);
    assert!(!store.capabilities().write);
    assert!(codes(&store.check(Role::Target, &Kind::ALL).await).contains(&"source-only"));
}
