//! A database with a ledger in it, and a folder with what its config refers to.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use secretferry::ledger::{Ledger, LedgerSettings, LedgerUrl};
use secretferry::model::MasterKey;
use secretferry::reference::Reference;
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection as _, SqlSafeStr, raw_sql};

/// Lets the audit log be changed.
const UNLOCK: &str = "DROP TRIGGER audit_never_changes ON audit; DROP TRIGGER audit_never_shrinks ON audit;";

static MADE: AtomicU32 = AtomicU32::new(0);

/// An empty database; the server is gone after the tests, and the database with it.
pub struct World {
    /// The folder.
    pub folder: tempfile::TempDir,
    /// Its name on the server.
    pub database: String,
}

/// The server's address, `host:port`.
pub fn server() -> String {
    let url = std::env::var("SECRETFERRY_TEST_POSTGRES").expect("no PostgreSQL to test with: run `make test`");
    url.split_once('@').unwrap().1.split_once('/').unwrap().0.to_owned()
}

/// What the tests were told under `SECRETFERRY_TEST_…`.
pub fn told(name: &str) -> String {
    std::env::var(format!("SECRETFERRY_TEST_{name}")).expect("run the tests with `make test`")
}

/// A session of the superuser's.
pub async fn superuser(database: &str) -> PgConnection {
    let url = format!("postgres://postgres:postgres@{}/{database}", server());
    PgConnection::connect(&url).await.unwrap()
}

impl World {
    /// A new database.
    pub async fn new() -> Self {
        let database = format!("ledger_{}_{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
        let create = AssertSqlSafe(format!("CREATE DATABASE {database}"));
        raw_sql(create).execute(&mut superuser("postgres").await).await.unwrap();
        let world = Self { folder: tempfile::tempdir().unwrap(), database };
        std::fs::write(world.file("key"), MasterKey::random().encode().as_bytes()).unwrap();
        world.lead_to(&server());
        world
    }

    /// Lets the config lead to the database by another way to the same server.
    pub fn lead_to(&self, address: &str) {
        std::fs::write(self.file("url"), format!("postgres://postgres:postgres@{address}/{}", self.database)).unwrap();
    }

    /// The `[ledger]` table of its config.
    pub fn settings(&self) -> LedgerSettings {
        LedgerSettings {
            url: LedgerUrl::Reference(Reference::File("url".into())),
            key: Some(Reference::File("key".into())),
            ..LedgerSettings::default()
        }
    }

    /// Opens its ledger, as a process of its own would.
    pub async fn open(&self) -> Ledger {
        Ledger::open(&self.settings(), self.folder.path()).await.unwrap()
    }

    /// A file of the folder.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Opens the database as somebody else would, past our code.
    pub async fn raw(&self) -> PgConnection {
        let mut raw = superuser(&self.database).await;
        raw_sql("SET search_path = secretferry").execute(&mut raw).await.unwrap();
        raw
    }

    /// Runs SQL past our code.
    pub async fn sql(&self, sql: impl SqlSafeStr) {
        raw_sql(sql).execute(&mut self.raw().await).await.unwrap();
    }

    /// Asks past our code for one number.
    pub async fn number(&self, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql).fetch_one(&mut self.raw().await).await.unwrap()
    }

    /// Lets the audit log be changed past our code.
    pub async fn unlock(&self) {
        self.sql(UNLOCK).await;
    }

    /// Ends the sessions that hold a lock of a target, as a crash of their processes would.
    pub async fn end_holders(&self) {
        let end = "SELECT pg_terminate_backend(pid, 5000) FROM pg_locks
             WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
        let ended = sqlx::query(end).fetch_all(&mut self.raw().await).await.unwrap();
        assert!(!ended.is_empty(), "nobody holds a lock");
    }
}
