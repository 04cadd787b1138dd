//! One login to a metastore and one read-only transaction in it.

use futures::TryStreamExt as _;
use sqlx::{Connection as _, PgConnection, SqliteConnection};

use super::layout::{Layout, Selection};
use super::row::Row;
use super::sql::{Flavour, Rows};
use super::{postgres, sqlite};

/// A login.
#[derive(Debug)]
pub enum Session {
    /// To a PostgreSQL server.
    Postgres(Box<PgConnection>),
    /// To a SQLite file.
    Sqlite(Box<SqliteConnection>),
}

impl Session {
    /// Begins the transaction in which everything that follows is read: one moment of the whole database.
    pub async fn begin(&mut self) -> sqlx::Result<()> {
        match self {
            Self::Postgres(connection) => {
                sqlx::raw_sql("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").execute(&mut **connection).await?;
            }
            Self::Sqlite(connection) => {
                sqlx::raw_sql("BEGIN DEFERRED").execute(&mut **connection).await?;
            }
        }
        Ok(())
    }

    /// Ends the transaction.
    pub async fn end(&mut self) -> sqlx::Result<()> {
        match self {
            Self::Postgres(connection) => sqlx::raw_sql("COMMIT").execute(&mut **connection).await.map(drop),
            Self::Sqlite(connection) => sqlx::raw_sql("COMMIT").execute(&mut **connection).await.map(drop),
        }
    }

    /// Says good-bye.
    pub async fn close(self) -> sqlx::Result<()> {
        match self {
            Self::Postgres(connection) => connection.close().await,
            Self::Sqlite(connection) => connection.close().await,
        }
    }

    /// Looks up which tables there are, in `schema` or, without one, where an unqualified name would be found.
    pub async fn layout(&mut self, schema: Option<&str>) -> sqlx::Result<Layout> {
        match self {
            Self::Postgres(connection) => postgres::layout(connection, schema).await,
            Self::Sqlite(connection) => sqlite::layout(connection).await,
        }
    }

    /// The schemas that hold a table of connections, wherever they are.
    pub async fn schemas(&mut self) -> sqlx::Result<Vec<String>> {
        match self {
            Self::Postgres(connection) => postgres::schemas(connection).await,
            Self::Sqlite(_) => Ok(Vec::new()),
        }
    }

    /// Hands over row by row, as they arrive: all of a table, or those with one of the `ids`.
    pub async fn each<F>(&mut self, selection: &Selection, ids: Option<&[String]>, mut visit: F) -> sqlx::Result<()>
    where
        F: FnMut(Row) + Send,
    {
        let rows = if ids.is_some() { Rows::Named } else { Rows::All };
        match self {
            Self::Postgres(connection) => {
                let mut query = sqlx::query(Flavour::Postgres.select(selection, rows)).persistent(false);
                if let Some(ids) = ids {
                    query = query.bind(postgres::storable(ids));
                }
                let mut stream = query.fetch(&mut **connection);
                while let Some(row) = stream.try_next().await? {
                    visit(Row::new(selection, postgres::cells(&row)?));
                }
            }
            Self::Sqlite(connection) => {
                let mut query = sqlx::query(Flavour::Sqlite.select(selection, rows)).persistent(false);
                if let Some(ids) = ids {
                    query = query.bind(serde_json::json!(ids).to_string());
                }
                let mut stream = query.fetch(&mut **connection);
                while let Some(row) = stream.try_next().await? {
                    visit(Row::new(selection, sqlite::cells(&row)?));
                }
            }
        }
        Ok(())
    }

    /// The revision of the migrations, where there is one that we may read.
    pub async fn revision(&mut self, layout: &Layout) -> sqlx::Result<Option<String>> {
        let Some(table) = layout.revision_table() else { return Ok(None) };
        match self {
            Self::Postgres(connection) => {
                let statement = Flavour::Postgres.select_revision(table);
                sqlx::query_scalar(statement).persistent(false).fetch_optional(&mut **connection).await
            }
            Self::Sqlite(connection) => {
                let statement = Flavour::Sqlite.select_revision(table);
                sqlx::query_scalar(statement).persistent(false).fetch_optional(&mut **connection).await
            }
        }
    }
}
