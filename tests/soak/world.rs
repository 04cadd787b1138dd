//! Twenty keys in a metastore and a target for them, made anew for each run that is struck; and what is true outside.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Row as _};
use tempfile::TempDir;

use crate::ferry::{Ended, start};
use crate::metastore::{FERNET_KEY, Metastore};
use crate::vault::{Vault, shared};

/// Where the keys are carried to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// A mount of a real Vault.
    Vault,
    /// Two JSON files.
    Files,
}

/// Which run is struck.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scenario {
    /// The first: twenty keys are created.
    First,
    /// One that finds eight of twenty keys changed.
    Update,
    /// One that takes such an update back.
    Undo,
}

impl Scenario {
    /// How many runs come before the one that is struck.
    pub const fn earlier_runs(self) -> u32 {
        match self {
            Self::First => 0,
            Self::Update => 1,
            Self::Undo => 2,
        }
    }
}

/// Of each kind, connections and variables.
const KEYS: usize = 10;
/// Of each kind, how many an update changes.
const CHANGED: usize = 4;
/// How a run is started.
pub const APPLY: [&str; 3] = ["apply", "--yes", "--json"];

/// A folder with a config, a source and a ledger, and a target.
pub struct World {
    folder: TempDir,
    metastore: Metastore,
    place: Place,
}

enum Place {
    Vault(&'static Vault, String),
    Files,
}

/// What the target holds, key by key: the value, and on Vault its version and mark.
pub type Held = BTreeMap<String, Value>;

impl World {
    /// Makes one in which nothing has happened yet.
    pub async fn new(target: Target) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let metastore = Metastore::make(folder.path()).await;
        let place = match target {
            Target::Files => Place::Files,
            Target::Vault => {
                let vault = shared().await;
                Place::Vault(vault, vault.mount(2).await)
            }
        };
        Self { folder, metastore, place }
    }

    /// The folder with the config, the ledger and the source.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Begins anew: all is as it is before the run that is struck. Gives the arguments that start that run.
    pub async fn prepare(&self, scenario: Scenario) -> Vec<String> {
        self.clear().await;
        self.fill().await;
        if scenario != Scenario::First {
            self.ferry(APPLY).await.with_code(0);
            self.change().await;
        }
        if scenario != Scenario::Undo {
            return APPLY.map(str::to_owned).to_vec();
        }
        let update = self.ferry(APPLY).await.with_code(0).json();
        let update = update["run"].as_str().unwrap();
        ["undo", update, "--yes", "--json"].map(str::to_owned).to_vec()
    }

    async fn clear(&self) {
        for entry in std::fs::read_dir(self.folder()).unwrap() {
            let path = entry.unwrap().path();
            if path.file_name() != Some("airflow.db".as_ref()) {
                std::fs::remove_file(path).unwrap();
            }
        }
        if let Place::Vault(vault, mount) = &self.place {
            for path in self.paths(vault, mount).await {
                vault.must("DELETE", &format!("{mount}/metadata/{path}"), Value::Null).await;
            }
        }
    }

    async fn fill(&self) {
        let mut statements = "BEGIN; DELETE FROM connection; DELETE FROM variable;".to_owned();
        for number in 0..KEYS {
            statements.push_str(&format!(
                "INSERT INTO connection (conn_id, conn_type, host, login, password, port, is_encrypted, is_extra_encrypted)
                 VALUES ('c{number:02}', 'postgres', 'db', 'me', 'password {number}', 5432, FALSE, FALSE);
                 INSERT INTO variable (key, val, is_encrypted) VALUES ('v{number:02}', 'value {number}', FALSE);"
            ));
        }
        self.metastore.change(&format!("{statements} COMMIT")).await;
        let target = match &self.place {
            Place::Vault(vault, mount) => format!(
                "kind = \"vault\"\naddress = {:?}\nmount = {mount:?}\nwidth = 4\n\
                 auth = {{ method = \"token\", token = {{ file = \"token\" }} }}",
                vault.address
            ),
            Place::Files => "kind = \"local-files\"\nconnections-file = \"connections.json\"\n\
                             variables-file = \"variables.json\""
                .to_owned(),
        };
        if let Place::Vault(vault, _) = &self.place {
            self.write("token", &vault.token);
        }
        self.write("metastore.url", &self.metastore.url());
        self.write("fernet.key", FERNET_KEY);
        // Whole paths, so that strace finds them as they are said.
        let ledger = self.folder().join("ledger.db");
        let config = format!(
            "[ledger]\nurl = \"sqlite://{}\"\n\n[stores.airflow]\nkind = \"airflow-metastore\"\n\
             url = {{ file = \"metastore.url\" }}\nfernet-key = {{ file = \"fernet.key\" }}\n\n\
             [stores.target]\n{target}\n\n[jobs.ferry]\nsource = \"airflow\"\ntarget = \"target\"\n",
            ledger.display()
        );
        self.write("secretferry.toml", &config);
    }

    /// Changes the source: eight of its keys.
    async fn change(&self) {
        let statements = format!(
            "UPDATE variable SET val = val || ' anew' WHERE key < 'v{CHANGED:02}';
             UPDATE connection SET password = password || ' anew' WHERE conn_id < 'c{CHANGED:02}'"
        );
        self.metastore.change(&statements).await;
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.folder().join(name), text).unwrap();
    }

    /// Runs the program to its end.
    pub async fn ferry(&self, arguments: impl AsRef<[&str]>) -> Ended {
        start(self.folder(), arguments.as_ref()).ended().await
    }

    /// What the target holds, asked past the program.
    pub async fn held(&self) -> Held {
        match &self.place {
            Place::Vault(vault, mount) => self.held_by(vault, mount).await,
            Place::Files => ["connections", "variables"].iter().flat_map(|kind| self.held_in(kind)).collect(),
        }
    }

    async fn held_by(&self, vault: &Vault, mount: &str) -> Held {
        let mut held = Held::new();
        for path in self.paths(vault, mount).await {
            let metadata = vault.must("GET", &format!("{mount}/metadata/{path}"), Value::Null).await;
            let (_, data) = vault.ask("GET", &format!("{mount}/data/{path}"), Value::Null).await;
            let (version, mark) = (&metadata["data"]["current_version"], &metadata["data"]["custom_metadata"]);
            let found = serde_json::json!({"version": version, "mark": mark, "value": data["data"]["data"]});
            held.insert(path, found);
        }
        held
    }

    async fn paths(&self, vault: &Vault, mount: &str) -> Vec<String> {
        let mut paths = Vec::new();
        for folder in ["connections", "variables"] {
            let (_, names) = vault.ask("LIST", &format!("{mount}/metadata/{folder}/"), Value::Null).await;
            let names = names["data"]["keys"].as_array().cloned().unwrap_or_default();
            paths.extend(names.iter().map(|name| format!("{folder}/{}", name.as_str().unwrap())));
        }
        paths
    }

    /// What one of the files holds; it is whole JSON whenever one looks.
    fn held_in(&self, kind: &str) -> Held {
        let Ok(text) = std::fs::read_to_string(self.folder().join(format!("{kind}.json"))) else { return Held::new() };
        let found: BTreeMap<String, Value> = serde_json::from_str(&text).expect("whoever looks sees a whole file");
        found.into_iter().map(|(id, value)| (format!("{kind}/{id}"), serde_json::json!({ "value": value }))).collect()
    }

    /// Changes the target past the program, as a fault would.
    pub async fn meddle(&self, method: &str, path: &str, body: Value) {
        let Place::Vault(vault, mount) = &self.place else { unreachable!("files are changed as files") };
        vault.must(method, &format!("{mount}/{path}"), body).await;
    }

    /// The files of the folder, but for SQLite's own companions of the ledger, which come and go.
    pub fn files(&self) -> BTreeSet<String> {
        let entries = std::fs::read_dir(self.folder()).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| !name.ends_with(".db-wal") && !name.ends_with(".db-shm")).collect()
    }

    /// What the target should hold when `scenario` is over, as far as the source decides it.
    pub fn wanted(scenario: Scenario, target: Target) -> BTreeMap<String, (Value, u64)> {
        let mut wanted = BTreeMap::new();
        for number in 0..KEYS {
            let (suffix, version) = match scenario {
                Scenario::Update if number < CHANGED => (" anew", 2),
                Scenario::Undo if number < CHANGED => ("", 3),
                _ => ("", 1),
            };
            let password = format!("password {number}{suffix}");
            let connection = serde_json::json!({"conn_type": "postgres", "host": "db", "login": "me", "password": password, "port": 5432});
            let variable = Value::from(format!("value {number}{suffix}"));
            let variable = if target == Target::Vault { serde_json::json!({ "value": variable }) } else { variable };
            wanted.insert(format!("connections/c{number:02}"), (connection, version));
            wanted.insert(format!("variables/v{number:02}"), (variable, version));
        }
        wanted
    }

    /// The ledger's id, and the keys that runs after the first `earlier` meant to change, read out of a copy of the ledger.
    ///
    /// A copy, because to open a ledger that a dead process left is to mend it.
    pub async fn intents(&self, earlier: u32) -> (Option<String>, BTreeSet<String>) {
        let copy = tempfile::tempdir().unwrap();
        for name in ["ledger.db", "ledger.db-wal", "ledger.db-journal"] {
            let _ = std::fs::copy(self.folder().join(name), copy.path().join(name));
        }
        let nothing = (None, BTreeSet::new());
        if !copy.path().join("ledger.db").exists() {
            return nothing;
        }
        let mut connection =
            SqliteConnectOptions::new().filename(copy.path().join("ledger.db")).connect().await.unwrap();
        let Ok(ledger) = sqlx::query_scalar("SELECT ledger FROM installation").fetch_optional(&mut connection).await
        else {
            return nothing;
        };
        let query = "SELECT remote_key FROM steps WHERE run IN (SELECT id FROM runs ORDER BY id LIMIT -1 OFFSET $1)";
        let rows = sqlx::query(query).bind(earlier).fetch_all(&mut connection).await.unwrap();
        (ledger, rows.iter().map(|row| row.get(0)).collect())
    }
}
