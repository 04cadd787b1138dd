//! SQLite: the file, its catalogue and the columns of a row.

use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteRow, SqliteValueRef};
use sqlx::{ConnectOptions as _, Decode, Row as _, Sqlite, SqliteConnection, TypeInfo as _, ValueRef as _};
use zeroize::Zeroizing;

use super::cell::Cell;
use super::layout::{Layout, TABLES};
use super::session::Session;

/// Opens a file for reading. It is never made, and never locked against its writers for longer than a read.
pub async fn connect(file: &Path, patience: Duration) -> sqlx::Result<Session> {
    let options = SqliteConnectOptions::new()
        .filename(file)
        .read_only(true)
        .create_if_missing(false)
        .busy_timeout(patience)
        .disable_statement_logging();
    let mut connection = options.connect().await?;
    let encoding: String = sqlx::query_scalar("PRAGMA encoding").fetch_one(&mut connection).await?;
    if encoding != "UTF-8" {
        return Err(sqlx::Error::Protocol("the database is not encoded in UTF-8".to_owned()));
    }
    Ok(Session::Sqlite(Box::new(connection)))
}

/// Which of our tables are there. A file knows no roles: who can open it may read all of it.
pub async fn layout(connection: &mut SqliteConnection) -> sqlx::Result<Layout> {
    const CATALOGUE: &str = "SELECT t.name, c.name FROM sqlite_master AS t, pragma_table_info(t.name) AS c
        WHERE t.type IN ('table', 'view') AND t.name IN (SELECT value FROM json_each(?1))";
    let query = sqlx::query_as(CATALOGUE).bind(serde_json::json!(TABLES).to_string());
    let columns: Vec<(String, String)> = query.fetch_all(connection).await?;
    let mut layout = Layout::default();
    for (table, column) in columns {
        layout.tables.entry(table).or_default().columns.insert(column, true.into());
    }
    Ok(layout)
}

/// The columns of a row, each of whatever type it is stored as.
pub fn cells(row: &SqliteRow) -> sqlx::Result<Vec<Cell>> {
    (0..row.len()).map(|place| cell(row.try_get_raw(place)?).map_err(sqlx::Error::Decode)).collect()
}

fn cell(raw: SqliteValueRef<'_>) -> Result<Cell, sqlx::error::BoxDynError> {
    if raw.is_null() {
        return Ok(Cell::Null);
    }
    let stored = raw.type_info().name().to_owned();
    let bytes = |raw| <Vec<u8> as Decode<'_, Sqlite>>::decode(raw).map(Zeroizing::new);
    Ok(match stored.as_str() {
        "INTEGER" => Cell::Integer(<i64 as Decode<'_, Sqlite>>::decode(raw)?),
        "REAL" => Cell::Real(<f64 as Decode<'_, Sqlite>>::decode(raw)?),
        "TEXT" => Cell::Text(bytes(raw)?),
        _ => Cell::Bytes(bytes(raw)?),
    })
}
