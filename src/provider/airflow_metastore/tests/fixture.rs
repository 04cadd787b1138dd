//! A metastore in a folder of its own, with the settings that lead to it.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, SqliteConnection};
use tempfile::TempDir;

use crate::model::{Event, Finding, Kind, Listed, MasterKey, Observer, Purpose, RemoteKey, Scope};
use crate::provider::airflow_metastore::MetastoreSettings;
use crate::provider::{Content, Opening, Quotas, Record, Role, Store, StoreSettings};
use crate::reference::Reference;

/// The bytes 0 to 31, and 32 to 63.
pub const A: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
pub const B: &str = "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=";
/// `hunter2`, by the one and by the other.
pub const A_HUNTER: &str =
    "gAAAAAAAAAABAAAAAAAAAAAAAAAAAAAAAC6alXEl-PxDz1q5UwnfXNwyf8_xEb2btvkcPYVsymb21JCX8JhAjaW1_5g_Tnxm9Q==";
pub const B_HUNTER: &str =
    "gAAAAAAAAAABAAAAAAAAAAAAAAAAAAAAANj03wzFSsyfdzr2cGVf2V6TEVWtTD5-9IBRlpRlVUtQEAMt_m3PjZ6zGP81fzZIKw==";

pub const AIRFLOW_1_10: &str = "
    CREATE TABLE alembic_version (version_num VARCHAR(32));
    INSERT INTO alembic_version VALUES ('03afc6b6f902');
    CREATE TABLE connection (id INTEGER PRIMARY KEY, conn_id VARCHAR(250), conn_type VARCHAR(500), host VARCHAR(500),
        schema VARCHAR(500), login VARCHAR(500), password VARCHAR(5000), port INTEGER, extra VARCHAR(5000),
        is_encrypted BOOLEAN, is_extra_encrypted BOOLEAN);
    CREATE TABLE variable (id INTEGER PRIMARY KEY, key VARCHAR(250) UNIQUE, val TEXT, is_encrypted BOOLEAN);";

pub const AIRFLOW_3_1: &str = "
    CREATE TABLE team (id CHAR(32) PRIMARY KEY, name VARCHAR(50) UNIQUE);
    INSERT INTO team VALUES ('0f3a', 'data');
    CREATE TABLE connection (id INTEGER PRIMARY KEY, conn_id VARCHAR(250) UNIQUE NOT NULL, conn_type VARCHAR(500) NOT NULL,
        description VARCHAR(5000), host VARCHAR(500), schema VARCHAR(500), login TEXT, password TEXT, port INTEGER,
        is_encrypted BOOLEAN, is_extra_encrypted BOOLEAN, team_id CHAR(32), extra TEXT);
    CREATE TABLE variable (id INTEGER PRIMARY KEY, key VARCHAR(250) UNIQUE, val TEXT, description TEXT, is_encrypted BOOLEAN,
        team_id CHAR(32));";

pub const AIRFLOW_3_3: &str = "
    CREATE TABLE connection (id INTEGER PRIMARY KEY, conn_id VARCHAR(250) UNIQUE NOT NULL, conn_type VARCHAR(500) NOT NULL,
        description VARCHAR(5000), host VARCHAR(500), schema VARCHAR(500), login TEXT, password TEXT, port INTEGER,
        is_encrypted BOOLEAN NOT NULL, is_extra_encrypted BOOLEAN NOT NULL, team_name VARCHAR(50), extra TEXT);
    CREATE TABLE variable (id INTEGER PRIMARY KEY, key VARCHAR(250) UNIQUE NOT NULL, val TEXT NOT NULL, description TEXT,
        is_encrypted BOOLEAN NOT NULL, team_name VARCHAR(50));";

/// Hears of findings.
#[derive(Default)]
pub struct Findings(pub Mutex<Vec<Finding>>);

impl Observer for Findings {
    fn observe(&self, event: &Event) {
        if let Event::Found(finding) = event {
            self.0.lock().expect("nobody panics with it").push(finding.clone());
        }
    }
}

/// A folder with a database, the file that holds its URL and the file that holds its keys.
pub struct Fixture {
    folder: TempDir,
    key: MasterKey,
    pub findings: Arc<Findings>,
}

impl Fixture {
    /// A folder without a database.
    pub fn bare() -> Self {
        let fixture =
            Self { folder: tempfile::tempdir().expect("a folder"), key: MasterKey::random(), findings: Arc::default() };
        fixture.put("url", &format!("sqlite:///{}\n", fixture.database().display()));
        fixture.put("keys", A);
        fixture
    }

    /// A database made by `statements`.
    pub async fn with(statements: &[&str]) -> Self {
        let fixture = Self::bare();
        for statement in statements {
            fixture.change(statement).await;
        }
        fixture
    }

    pub fn database(&self) -> PathBuf {
        self.folder.path().join("airflow.db")
    }

    pub fn put(&self, name: &str, text: &str) {
        std::fs::write(self.folder.path().join(name), text).expect("the folder is ours");
    }

    pub async fn writer(&self) -> SqliteConnection {
        let options = SqliteConnectOptions::new().filename(self.database()).create_if_missing(true);
        options.connect().await.expect("the folder is ours")
    }

    pub async fn change(&self, statement: &str) {
        let statement = AssertSqlSafe(statement.to_owned());
        sqlx::raw_sql(statement).execute(&mut self.writer().await).await.expect("good SQL");
    }

    pub fn settings(&self) -> MetastoreSettings {
        let reference = |name: &str| Some(Reference::File(self.folder.path().join(name)));
        MetastoreSettings { url: reference("url"), fernet_key: reference("keys"), ..MetastoreSettings::default() }
    }

    pub async fn open(&self) -> Store {
        self.try_open(self.settings()).await.expect("the URL is good")
    }

    pub async fn try_open(&self, settings: MetastoreSettings) -> crate::provider::Result<Store> {
        let opening = Opening {
            name: "airflow".to_owned(),
            role: Role::Source,
            revision_key: self.key.subkey(Purpose::Revision),
            observer: self.findings.clone(),
            quotas: Quotas::default(),
        };
        settings.open(opening).await
    }

    pub fn heard(&self) -> Vec<&'static str> {
        self.findings.0.lock().expect("nobody panics with it").iter().map(|finding| finding.code).collect()
    }
}

pub fn everything() -> Scope {
    Scope { kinds: Kind::ALL.to_vec() }
}

pub async fn list(store: &Store) -> Vec<Listed> {
    store.list(&everything()).await.expect("a listing")
}

pub async fn keys(store: &Store) -> Vec<String> {
    list(store).await.into_iter().map(|listed| listed.key.as_str().to_owned()).collect()
}

pub async fn read(store: &Store, key: &str) -> Option<Record> {
    let mut answers = store.read(&[RemoteKey::new(key)]).await;
    answers.remove(0).expect("an answer")
}

pub async fn shown(store: &Store, key: &str) -> String {
    match read(store, key).await.map(|record| record.content) {
        None => "absent".to_owned(),
        Some(Content::Value(value)) => value.expose().to_owned(),
        Some(Content::Nothing) => "nothing".to_owned(),
        Some(Content::Quarantined(why)) => format!("{why:?}"),
    }
}

pub fn codes(findings: &[Finding]) -> Vec<&'static str> {
    findings.iter().map(|finding| finding.code).collect()
}
