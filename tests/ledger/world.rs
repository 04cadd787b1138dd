//! A folder with a ledger in it.

use std::path::PathBuf;

use secretferry::ledger::{Ledger, LedgerSettings};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{Connection as _, raw_sql};

/// Lets the audit log be changed.
const UNLOCK: &str = "DROP TRIGGER audit_never_changes; DROP TRIGGER audit_never_shrinks;";

/// A folder that is gone with the test.
pub struct World {
    /// The folder.
    pub folder: tempfile::TempDir,
}

impl World {
    /// An empty one.
    pub async fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    /// The `[ledger]` table of its config.
    pub fn settings(&self) -> LedgerSettings {
        LedgerSettings::default()
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
    pub async fn raw(&self) -> SqliteConnection {
        let options = SqliteConnectOptions::new().filename(self.file("secretferry.db"));
        SqliteConnection::connect_with(&options).await.unwrap()
    }

    /// Runs SQL past our code.
    pub async fn sql(&self, sql: &'static str) {
        raw_sql(sql).execute(&mut self.raw().await).await.unwrap();
    }

    /// Lets the audit log be changed past our code.
    pub async fn unlock(&self) {
        self.sql(UNLOCK).await;
    }
}
