//! A copy of a metastore that a test may change, and its tables as they are stored.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use sqlx::postgres::PgConnection;
use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _};

use crate::metastore::{Metastore, Row};
use crate::surroundings::told;

/// Table and name of a row, and the texts of its columns that may be ciphertext.
pub type Stored = BTreeMap<(String, String), Vec<Option<String>>>;

/// A copy without the rows that no key opens, at which Airflow's own rotation stops.
pub struct Copy {
    /// Where it is.
    pub metastore: Metastore,
    database: Database,
}

enum Database {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Copy {
    /// Copies a metastore; of a SQLite one the file goes to `folder`.
    pub async fn of(metastore: &Metastore, folder: &Path) -> Self {
        let (url, database) = match metastore.url.strip_prefix("sqlite:///") {
            Some(file) => of_file(file, &folder.join("metastore.db")).await,
            None => of_database(&metastore.url).await,
        };
        let mut copy = Self { metastore: metastore.at(url), database };
        for row in metastore.rows().iter().filter(|row| !row.unreadable.is_empty()) {
            copy.delete(row).await;
        }
        copy
    }

    async fn delete(&mut self, row: &Row) {
        let (table, column) = if row.kind == "variables" { ("variable", "key") } else { ("connection", "conn_id") };
        let id = row.id.clone().unwrap_or_default().replace('\'', "''");
        let sql = AssertSqlSafe(format!("delete from {table} where {column} = '{id}'"));
        let deleted = match &mut self.database {
            Database::Sqlite(database) => database.execute(sql).await.unwrap().rows_affected(),
            Database::Postgres(database) => database.execute(sql).await.unwrap().rows_affected(),
        };
        assert_eq!(deleted, 1, "{id}");
    }

    /// What is stored.
    pub async fn stored(&mut self) -> Stored {
        const CONNECTIONS: &str = "select conn_id, password, extra from connection";
        const VARIABLES: &str = "select key, val, null from variable";
        let mut stored = Stored::new();
        for (kind, sql) in [("connections", CONNECTIONS), ("variables", VARIABLES)] {
            let rows: Vec<(String, Option<String>, Option<String>)> = match &mut self.database {
                Database::Sqlite(database) => sqlx::query_as(sql).fetch_all(database).await.unwrap(),
                Database::Postgres(database) => sqlx::query_as(sql).fetch_all(database).await.unwrap(),
            };
            stored.extend(rows.into_iter().map(|(id, one, other)| ((kind.to_owned(), id), vec![one, other])));
        }
        stored
    }
}

async fn of_file(file: &str, copy: &Path) -> (String, Database) {
    fs::copy(file, copy).unwrap();
    let database = SqliteConnection::connect(&format!("sqlite://{}", copy.display())).await.unwrap();
    (format!("sqlite:///{}", copy.display()), Database::Sqlite(database))
}

/// The copy belongs to the user of the URL.
async fn of_database(url: &str) -> (String, Database) {
    let (server, original) = url.rsplit_once('/').unwrap();
    let copy = format!("copy_{}", uuid::Uuid::new_v4().simple());
    let superuser = told("POSTGRES");
    let mut admin = PgConnection::connect(&superuser).await.unwrap();
    let sql = format!("create database {copy} template {original} owner airflow");
    // PostgreSQL copies no database that somebody is connected to, and other tests are, now and then.
    for attempt in 0.. {
        match admin.execute(AssertSqlSafe(sql.clone())).await {
            Ok(_) => break,
            Err(error) => assert!(attempt < 300, "{error}"),
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let admins = superuser.rsplit_once('/').unwrap().0;
    let database = PgConnection::connect(&format!("{admins}/{copy}")).await.unwrap();
    (format!("{server}/{copy}"), Database::Postgres(database))
}
