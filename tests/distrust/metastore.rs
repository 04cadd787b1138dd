//! A metastore of our own making, in SQLite: plain rows, and one that an Airflow's Fernet key opens.

use std::path::{Path, PathBuf};

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, SqliteConnection};

/// The bytes 0 to 31.
pub const FERNET_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
/// `hunter2` under that key.
pub const HUNTER_2: &str =
    "gAAAAAAAAAABAAAAAAAAAAAAAAAAAAAAAC6alXEl-PxDz1q5UwnfXNwyf8_xEb2btvkcPYVsymb21JCX8JhAjaW1_5g_Tnxm9Q==";

const TABLES: &str = "
    CREATE TABLE connection (id INTEGER PRIMARY KEY, conn_id VARCHAR(250) UNIQUE NOT NULL, conn_type VARCHAR(500) NOT NULL,
        description VARCHAR(5000), host VARCHAR(500), schema VARCHAR(500), login TEXT, password TEXT, port INTEGER,
        is_encrypted BOOLEAN NOT NULL, is_extra_encrypted BOOLEAN NOT NULL, team_name VARCHAR(50), extra TEXT);
    CREATE TABLE variable (id INTEGER PRIMARY KEY, key VARCHAR(250) UNIQUE NOT NULL, val TEXT NOT NULL, description TEXT,
        is_encrypted BOOLEAN NOT NULL, team_name VARCHAR(50));";

/// A metastore in a file.
pub struct Metastore(PathBuf);

impl Metastore {
    /// Makes an empty one in `folder`.
    pub async fn make(folder: &Path) -> Self {
        let metastore = Self(folder.join("airflow.db"));
        metastore.change(TABLES).await;
        metastore
    }

    /// The URL as Airflow's own configuration has it.
    pub fn url(&self) -> String {
        format!("sqlite:///{}", self.0.display())
    }

    /// Runs statements.
    pub async fn change(&self, statements: &str) {
        let statements = AssertSqlSafe(statements.to_owned());
        sqlx::raw_sql(statements).execute(&mut self.open().await).await.unwrap();
    }

    /// Sets a plain variable.
    pub async fn set_variable(&self, key: &str, value: &str) {
        let statement = "INSERT INTO variable (key, val, is_encrypted) VALUES ($1, $2, FALSE)
            ON CONFLICT (key) DO UPDATE SET val = excluded.val";
        sqlx::query(statement).bind(key).bind(value).execute(&mut self.open().await).await.unwrap();
    }

    async fn open(&self) -> SqliteConnection {
        SqliteConnectOptions::new().filename(&self.0).create_if_missing(true).connect().await.unwrap()
    }
}
