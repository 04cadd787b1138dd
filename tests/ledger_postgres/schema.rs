//! The schema: it has the columns SQLite's has, and guards its audit log too.

use std::collections::BTreeMap;

use sqlx::postgres::PgConnection;
use sqlx::sqlite::SqliteConnection;
use sqlx::{Connection as _, raw_sql};

use crate::world::superuser;

const POSTGRES: &str = concat!(
    include_str!("../../migrations/postgres/0001_ledger.sql"),
    include_str!("../../migrations/postgres/0002_source_name.sql"),
    include_str!("../../migrations/postgres/0003_daemons.sql")
);
const SQLITE: &str = concat!(
    include_str!("../../migrations/sqlite/0001_ledger.sql"),
    include_str!("../../migrations/sqlite/0002_source_name.sql"),
    include_str!("../../migrations/sqlite/0003_daemons.sql")
);

/// Column by table and place: its name, type and whether it may be null.
type Columns = BTreeMap<(String, i64), (String, String, bool)>;

/// A connection inside a transaction that is never committed, so that nothing stays behind.
async fn postgres() -> PgConnection {
    let mut connection = superuser("postgres").await;
    raw_sql("BEGIN; CREATE SCHEMA ledger_test; SET LOCAL search_path = ledger_test")
        .execute(&mut connection)
        .await
        .unwrap();
    raw_sql(POSTGRES).execute(&mut connection).await.unwrap();
    connection
}

async fn postgres_columns() -> Columns {
    let rows: Vec<(String, i64, String, String, bool)> = sqlx::query_as(
        "SELECT table_name::text, ordinal_position::bigint, column_name::text, data_type::text, is_nullable = 'YES'
         FROM information_schema.columns WHERE table_schema = 'ledger_test'",
    )
    .fetch_all(&mut postgres().await)
    .await
    .unwrap();
    rows.into_iter()
        .map(|(table, place, name, kind, null)| ((table, place), (name, kind.to_uppercase(), null)))
        .collect()
}

async fn sqlite_columns() -> Columns {
    // On a server the table of migrations is there before the first of them.
    let mut connection = SqliteConnection::connect("sqlite::memory:").await.unwrap();
    raw_sql(SQLITE).execute(&mut connection).await.unwrap();
    let rows: Vec<(String, i64, String, String, bool)> = sqlx::query_as(
        "SELECT tables.name, columns.cid + 1, columns.name, columns.type, columns.\"notnull\" = 0
         FROM sqlite_master AS tables, pragma_table_info(tables.name) AS columns WHERE tables.type = 'table'
            AND tables.name <> 'migrations'",
    )
    .fetch_all(&mut connection)
    .await
    .unwrap();
    let kind = |text: String| if text == "INTEGER" { "BIGINT".to_owned() } else { text };
    rows.into_iter().map(|(table, place, name, text, null)| ((table, place), (name, kind(text), null))).collect()
}

#[tokio::test]
async fn both_databases_have_the_same_columns() {
    let sqlite = sqlite_columns().await;
    assert!(sqlite.len() > 80, "only {} columns", sqlite.len());
    assert_eq!(postgres_columns().await, sqlite);
}

#[tokio::test]
async fn the_audit_log_refuses_changes() {
    for (change, expected) in [
        ("UPDATE audit SET event = 'other'", "never changed"),
        ("DELETE FROM audit WHERE sequence = 2", "never deleted"),
        ("TRUNCATE audit", "never changed"),
        // A control: what was folded away may be deleted.
        ("DELETE FROM audit WHERE sequence = 1", ""),
    ] {
        let mut connection = postgres().await;
        raw_sql(
            "INSERT INTO installation VALUES (1, 'id', 1, 'key', 'check', 0, '0.1.0', 1, 'digest', 2, 'digest', 'seal');
             INSERT INTO audit (sequence, happened_at, event, digest) VALUES (1, 0, 'a', 'x'), (2, 0, 'b', 'y');",
        )
        .execute(&mut connection)
        .await
        .unwrap();
        let said = raw_sql(change).execute(&mut connection).await.err().map(|error| error.to_string());
        assert_eq!(said.is_some(), !expected.is_empty(), "{change}: {said:?}");
        assert!(said.unwrap_or_default().contains(expected), "{change}");
    }
}
