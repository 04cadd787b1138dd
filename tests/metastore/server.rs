//! Servers that do not answer, or do not let us in.

use std::time::Duration;

use secretferry::model::{ErrorKind, Finding};
use secretferry::settings::DurationText;
use sqlx::{Connection as _, PgConnection};

use crate::place::{Ground, as_superuser, server_url};

async fn refused(url: &str) -> (ErrorKind, Finding) {
    let ground = Ground::new(url, "");
    let kind = ground.list().await.expect_err("it must be refused").kind;
    let mut errors = ground.errors().await;
    assert_eq!(errors.len(), 1, "{errors:?}");
    let finding = errors.remove(0);
    assert!(finding.remedy.is_some() && !format!("{finding:?}").contains("canary"), "{finding:?}");
    (kind, finding)
}

#[tokio::test]
async fn a_wrong_password_is_denied() {
    let (kind, finding) = refused(&server_url("postgres:canary", "postgres")).await;
    assert_eq!((kind, finding.code), (ErrorKind::Denied, "denied"));
    assert!(finding.message.contains("password authentication failed"), "{finding:?}");
}

#[tokio::test]
async fn a_missing_database_is_named() {
    let (kind, finding) = refused(&server_url("postgres:postgres", "no_such")).await;
    assert_eq!(kind, ErrorKind::Invalid);
    assert!(finding.message.contains("\"no_such\" does not exist"), "{finding:?}");
}

#[tokio::test]
async fn a_database_of_something_else_is_named() {
    let (kind, finding) = refused(&server_url("postgres:postgres", "postgres")).await;
    assert_eq!(kind, ErrorKind::Invalid);
    assert!(finding.message.contains("neither a table connection nor a table variable"), "{finding:?}");
}

#[tokio::test]
async fn a_closed_port_is_named() {
    let (kind, finding) = refused("postgresql://u:canary@127.0.0.1:1/db").await;
    assert_eq!((kind, finding.code), (ErrorKind::Unavailable, "unreachable"));
    assert!(finding.message.contains("127.0.0.1:1/db") && finding.message.contains("refused"), "{finding:?}");
}

const TABLES: &str =
    "CREATE TABLE connection (conn_id text, conn_type text, host text, schema text, login text, password text,
        port integer, extra text, is_encrypted boolean, is_extra_encrypted boolean);
    CREATE TABLE variable (key text, val text, is_encrypted boolean);
    INSERT INTO variable SELECT 'k' || n, repeat('x', 200), false FROM generate_series(1, 20000) AS n";

#[tokio::test]
async fn a_lock_is_waited_for_no_longer_than_the_timeout() {
    as_superuser("postgres", "CREATE DATABASE locked").await;
    as_superuser("locked", TABLES).await;
    let url = server_url("postgres:postgres", "locked");
    let mut writer = PgConnection::connect(&url).await.expect("a server");
    sqlx::raw_sql("BEGIN; LOCK TABLE variable IN ACCESS EXCLUSIVE MODE").execute(&mut writer).await.expect("a lock");
    let mut ground = Ground::new(&url, "");
    ground.settings.timeout = Some(DurationText(Duration::from_millis(100)));
    assert_eq!(ground.list().await.map_err(|error| error.kind), Err(ErrorKind::Unavailable));
    sqlx::raw_sql("ROLLBACK").execute(&mut writer).await.expect("a lock");
    ground.settings.timeout = None;
    assert_eq!(ground.list().await.expect("nobody is in the way").len(), 20000);
}

#[tokio::test]
async fn a_login_that_died_while_it_was_kept_is_replaced() {
    as_superuser("postgres", "CREATE DATABASE restarted").await;
    as_superuser("restarted", TABLES).await;
    let ground = Ground::new(&server_url("postgres:postgres", "restarted"), "");
    let store = ground.open().await;
    let scope = secretferry::model::Scope { kinds: vec![secretferry::model::Kind::Connection] };
    let back_ends =
        "SELECT count(*) FROM pg_stat_activity WHERE datname = 'restarted' AND application_name = 'secretferry'";
    let mut admin = PgConnection::connect(&server_url("postgres:postgres", "postgres")).await.expect("a server");
    for _ in 0..3 {
        assert!(store.list(&scope).await.is_ok());
        let logins: i64 = sqlx::query_scalar(back_ends).fetch_one(&mut admin).await.expect("an answer");
        assert_eq!(logins, 1, "a login is kept and used again");
    }
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'restarted'";
    sqlx::query(end).execute(&mut admin).await.expect("a server");
    assert!(store.list(&scope).await.is_ok());
}
