//! Opening: what is made, and what is refused.

use secretferry::ledger::{Ledger, LedgerError, LedgerSettings};
use secretferry::model::MasterKey;
use sqlx::{AssertSqlSafe, raw_sql};

use crate::words::begin;
use crate::world::{World, server, superuser};

async fn refused(world: &World) -> LedgerError {
    let refused = Ledger::open(&world.settings(), world.folder.path()).await.unwrap_err();
    assert!(refused.remedy().is_some(), "{refused}");
    assert!(!format!("{refused} {refused:?}").contains("hunter2"), "{refused:?}");
    refused
}

/// A user of the server, whose password is `hunter2`, and a URL with it.
async fn user(world: &World, rights: &str) {
    let name = &world.database;
    let create = format!("CREATE ROLE {name} LOGIN PASSWORD 'hunter2'; {}", rights.replace("USER", name));
    raw_sql(AssertSqlSafe(create)).execute(&mut superuser(name).await).await.unwrap();
    std::fs::write(world.file("url"), format!("postgres://{name}:hunter2@{}/{name}", server())).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_the_same_ledger_when_opened_again() {
    let world = World::new().await;
    assert!(Ledger::open_existing(&world.settings(), world.folder.path()).await.unwrap().is_none());
    let schemas = "SELECT count(*) FROM pg_namespace WHERE nspname = 'secretferry'";
    assert_eq!(world.number(schemas).await, 0, "looking makes nothing");
    let first = world.open().await;
    let again = Ledger::open_existing(&world.settings(), world.folder.path()).await.unwrap().unwrap();
    assert_eq!(first.id(), again.id());
    assert!(!format!("{first:?}").contains("postgres:postgres"));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_key_is_refused_and_so_is_none() {
    let world = World::new().await;
    drop(world.open().await);
    std::fs::write(world.file("key"), MasterKey::random().encode().as_bytes()).unwrap();
    assert!(matches!(refused(&world).await, LedgerError::WrongKey { .. }));
    let keyless = LedgerSettings { key: None, ..world.settings() };
    let refused = Ledger::open(&keyless, world.folder.path()).await.unwrap_err();
    assert!(matches!(refused, LedgerError::Setting { setting: "key", .. }), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schema_of_somebody_elses_is_left_as_it_was() {
    let world = World::new().await;
    let theirs = "CREATE SCHEMA secretferry CREATE TABLE runs (id int)";
    raw_sql(theirs).execute(&mut superuser(&world.database).await).await.unwrap();
    assert_eq!(refused(&world).await, LedgerError::NotALedger);
    let tables = "SELECT count(*) FROM pg_class WHERE relnamespace = 'secretferry'::regnamespace";
    assert_eq!(world.number(tables).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ledger_of_a_later_program_is_refused() {
    let world = World::new().await;
    drop(world.open().await);
    world.sql("INSERT INTO migrations VALUES (4, '9.9.9')").await;
    assert_eq!(refused(&world).await, LedgerError::Newer { found: 4, known: 3, by: "secretferry 9.9.9".to_owned() });
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_not_let_in_is_told_why() {
    let world = World::new().await;
    let elsewhere = format!("postgres://postgres:hunter2@{}/{}", server(), world.database);
    std::fs::write(world.file("url"), elsewhere).unwrap();
    let LedgerError::Refused(cause) = refused(&world).await else { unreachable!("it was let in") };
    assert!(cause.contains("password authentication failed"), "{cause}");
    std::fs::write(world.file("url"), format!("postgres://postgres:postgres@{}/absent", server())).unwrap();
    assert!(
        matches!(refused(&world).await, LedgerError::Refused(cause) if cause.contains("\"absent\" does not exist"))
    );
    user(&world, "").await;
    assert!(matches!(refused(&world).await, LedgerError::Refused(cause) if cause.contains("permission denied")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_needs_no_more_than_the_schema() {
    for rights in ["GRANT CREATE ON DATABASE USER TO USER", "CREATE SCHEMA secretferry AUTHORIZATION USER"] {
        let world = World::new().await;
        user(&world, rights).await;
        let ledger = world.open().await;
        begin(&ledger).await;
        assert_eq!(ledger.audit_verify().await.unwrap().broken, None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_may_only_read_may_look() {
    let world = World::new().await;
    begin(&world.open().await).await;
    user(&world, "GRANT USAGE ON SCHEMA secretferry TO USER; GRANT SELECT ON ALL TABLES IN SCHEMA secretferry TO USER")
        .await;
    let ledger = Ledger::open_existing(&world.settings(), world.folder.path()).await.unwrap().unwrap();
    assert_eq!(ledger.runs(10).await.unwrap().len(), 1);
    assert_eq!(ledger.audit_verify().await.unwrap().broken, None);
    let refused = ledger.lease("another target", &crate::words::holder()).await.unwrap_err();
    assert!(matches!(refused, LedgerError::Refused(_)), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_servers_own_settings_do_not_weaken_it() {
    let world = World::new().await;
    let name = &world.database;
    let weak = format!(
        "ALTER DATABASE {name} SET default_transaction_read_only = on; ALTER DATABASE {name} SET synchronous_commit = off;
         ALTER DATABASE {name} SET default_transaction_isolation = serializable;
         ALTER DATABASE {name} SET idle_session_timeout = '1s'; ALTER DATABASE {name} SET search_path = public"
    );
    raw_sql(AssertSqlSafe(weak)).execute(&mut superuser("postgres").await).await.unwrap();
    let ledger = world.open().await;
    let (_lease, run) = begin(&ledger).await;
    tokio::time::sleep(std::time::Duration::from_millis(1500)).await;
    assert_eq!(ledger.find_run("latest").await.unwrap().unwrap().id, run);
    begin_elsewhere(&ledger).await;
}

async fn begin_elsewhere(ledger: &Ledger) {
    ledger.lease("another target", &crate::words::holder()).await.unwrap();
}
