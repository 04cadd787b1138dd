//! One metastore, one mount of a Vault behind a proxy, and one job between them, in a folder of its own.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::ferry::{Ended, Running, start};
use crate::metastore::{FERNET_KEY, HUNTER_2, Metastore};
use crate::proxy::Proxy;
use crate::vault::Vault;

/// What a test says of its world; the rest is as usual.
#[derive(Clone, Copy)]
pub struct Setting<'a> {
    /// The KV engine's version.
    pub kv: u8,
    /// How many variables the metastore begins with, beside two connections.
    pub variables: usize,
    /// More lines of the target's table.
    pub target: &'a str,
    /// Lines of the policy.
    pub policy: &'a str,
    /// More lines of the job.
    pub job: &'a str,
}

impl Default for Setting<'_> {
    fn default() -> Self {
        Self { kv: 2, variables: 4, target: "", policy: "", job: "" }
    }
}

/// Every guard of deletes as wide open as it goes.
pub const OPEN_GUARDS: &str = "deletes = \"owned\"\nabsent-for = 1\nmax-shrink = \"100%\"\n\
                               max-deletes = { count = 1000, percent = 100 }\nallow-final-deletes = true";

/// A folder with a config, and what it leads to.
pub struct World<'v> {
    folder: TempDir,
    /// The source.
    pub metastore: Metastore,
    /// The way to the target.
    pub proxy: Proxy,
    /// The target, behind the proxy.
    pub vault: &'v Vault,
    /// Its mount.
    pub mount: String,
    kv: u8,
    /// What each key of the target should hold, by its path below the mount.
    pub wanted: BTreeMap<String, Value>,
}

/// What Vault itself says of a key.
#[derive(Debug, PartialEq)]
pub struct Held {
    /// The current version; 0 where there is none or the engine counts none.
    pub version: u64,
    /// What it holds; `None` if it is deleted.
    pub value: Option<Value>,
}

impl<'v> World<'v> {
    /// Makes one; nothing is carried yet.
    pub async fn new(vault: &'v Vault, setting: Setting<'_>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let metastore = Metastore::make(folder.path()).await;
        let proxy = Proxy::before(&vault.address).await;
        let mount = vault.mount(setting.kv).await;
        let mut world = Self { folder, metastore, proxy, vault, mount, kv: setting.kv, wanted: BTreeMap::new() };
        world.write("metastore.url", &world.metastore.url());
        world.write("fernet.key", FERNET_KEY);
        world.write("token", &vault.token);
        world.configure(setting);
        world.add_connections().await;
        for number in 0..setting.variables {
            world.set(&format!("v{number:02}"), &format!("value {number}")).await;
        }
        world
    }

    /// Writes the config anew.
    pub fn configure(&self, setting: Setting<'_>) {
        let auth = match setting.target.contains("auth =") {
            true => "",
            false => "auth = { method = \"token\", token = { file = \"token\" } }",
        };
        let config = format!(
            "[ledger]\nurl = \"sqlite://ledger.db\"\n\n[stores.airflow]\nkind = \"airflow-metastore\"\n\
             url = {{ file = \"metastore.url\" }}\nfernet-key = {{ file = \"fernet.key\" }}\n\n\
             [stores.vault]\nkind = \"vault\"\naddress = {:?}\nmount = {:?}\nwidth = 4\n{auth}\n{}\n\n\
             [jobs.ferry]\nsource = \"airflow\"\ntarget = \"vault\"\n{}\n\n[jobs.ferry.policy]\n{}\n",
            self.proxy.address, self.mount, setting.target, setting.job, setting.policy
        );
        self.write("secretferry.toml", &config);
    }

    async fn add_connections(&mut self) {
        let rows = format!(
            "INSERT INTO connection (conn_id, conn_type, host, login, password, port, is_encrypted, is_extra_encrypted) VALUES
                ('plain', 'postgres', 'db', 'me', 'open sesame', 5432, FALSE, FALSE),
                ('sealed', 'postgres', 'db', 'me', '{HUNTER_2}', 5432, TRUE, FALSE)"
        );
        self.metastore.change(&rows).await;
        for (id, password) in [("plain", "open sesame"), ("sealed", "hunter2")] {
            let fields =
                json!({"conn_type": "postgres", "host": "db", "login": "me", "password": password, "port": 5432});
            self.wanted.insert(format!("connections/{id}"), fields);
        }
    }

    /// Sets a variable in the source.
    pub async fn set(&mut self, key: &str, value: &str) {
        self.metastore.set_variable(key, value).await;
        self.wanted.insert(format!("variables/{key}"), json!({"value": value}));
    }

    /// Takes variables away from the source: those that the SQL condition fits.
    pub async fn remove(&self, condition: &str) {
        self.metastore.change(&format!("DELETE FROM variable WHERE {condition}")).await;
    }

    /// The folder with the config, the ledger and the source.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file of the folder.
    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.folder().join(name), text).unwrap();
    }

    /// Runs the program to its end.
    pub async fn ferry(&self, arguments: &[&str]) -> Ended {
        start(self.folder(), arguments).ended().await
    }

    /// Applies the job, without being asked, with a report for machines.
    pub async fn apply(&self) -> Ended {
        self.ferry(&["apply", "--yes", "--json"]).await
    }

    /// Starts to apply the job.
    pub fn applying(&self) -> Running {
        start(self.folder(), &["apply", "--yes", "--json"])
    }

    /// Takes a run back, without being asked, with a report for machines.
    pub async fn undo(&self, run: &str) -> Ended {
        self.ferry(&["undo", run, "--yes", "--json"]).await
    }

    /// The id of the latest run.
    pub async fn latest(&self) -> String {
        self.runs().await.remove(0).0
    }

    /// What Vault holds at each path we care for, asked past the proxy.
    pub async fn held(&self) -> BTreeMap<String, Held> {
        let mut held = BTreeMap::new();
        for folder in ["connections", "variables"] {
            let list = if self.kv == 2 { "metadata/" } else { "" };
            let (_, names) = self.vault.ask("LIST", &format!("{}/{list}{folder}/", self.mount), Value::Null).await;
            for name in names["data"]["keys"].as_array().into_iter().flatten() {
                let path = format!("{folder}/{}", name.as_str().unwrap());
                let found = self.held_at(&path).await;
                held.insert(path, found);
            }
        }
        held
    }

    /// What Vault holds at one path.
    pub async fn held_at(&self, path: &str) -> Held {
        if self.kv == 1 {
            let (_, answer) = self.vault.ask("GET", &format!("{}/{path}", self.mount), Value::Null).await;
            return Held { version: 0, value: answer["data"].is_object().then(|| answer["data"].clone()) };
        }
        let (_, metadata) = self.vault.ask("GET", &format!("{}/metadata/{path}", self.mount), Value::Null).await;
        let (_, data) = self.vault.ask("GET", &format!("{}/data/{path}", self.mount), Value::Null).await;
        let value = data["data"]["data"].clone();
        let version = metadata["data"]["current_version"].as_u64().unwrap_or_default();
        Held { version, value: value.is_object().then_some(value) }
    }

    /// Writes a key of the target past the proxy, as somebody else would.
    pub async fn meddle(&self, path: &str, value: Value) {
        let (path, body) = match self.kv {
            1 => (format!("{}/{path}", self.mount), value),
            _ => (format!("{}/data/{path}", self.mount), json!({"data": value})),
        };
        self.vault.must("POST", &path, body).await;
    }

    /// What counts as that many versions: KV v1 counts none.
    pub fn versions(&self, count: u64) -> u64 {
        if self.kv == 1 { 0 } else { count }
    }

    /// Insists that Vault holds exactly what is wanted, nothing more and nothing less, each key in the version given for it.
    pub async fn holds(&self, version: impl Fn(&str) -> u64) {
        let wanted = self.wanted.iter().map(|(path, value)| {
            (path.clone(), Held { version: self.versions(version(path)), value: Some(value.clone()) })
        });
        assert_eq!(self.held().await, wanted.collect::<BTreeMap<_, _>>());
    }

    /// Insists that every key of ours carries our mark, where the engine has a place for it.
    pub async fn is_marked_throughout(&self) {
        for path in self.wanted.keys().filter(|_| self.kv == 2) {
            let metadata = self.vault.must("GET", &format!("{}/metadata/{path}", self.mount), Value::Null).await;
            assert_eq!(metadata["data"]["custom_metadata"]["managed-by"], "secretferry", "{path}");
        }
    }

    /// Insists that nothing is left to do, that the program's own proof agrees and that the audit log is whole.
    pub async fn is_at_rest(&self) {
        self.ferry(&["plan", "--exit-code"]).await.with_code(0);
        self.ferry(&["verify"]).await.with_code(0);
        self.chain_is_whole().await;
    }

    /// Insists that the audit log is whole.
    pub async fn chain_is_whole(&self) {
        let proof = self.ferry(&["audit", "verify", "--json"]).await.with_code(0).json();
        assert_eq!(proof["whole"], true, "{proof:#}");
    }

    /// The runs so far, the latest first: their ids and how they ended.
    pub async fn runs(&self) -> Vec<(String, String)> {
        let history = self.ferry(&["history", "--json"]).await.with_code(0).json();
        let text = |run: &Value, key: &str| run[key].as_str().unwrap().to_owned();
        history["runs"].as_array().unwrap().iter().map(|run| (text(run, "run"), text(run, "status"))).collect()
    }

    /// The steps of a run: path, state and outcome.
    pub async fn steps(&self, run: &str) -> Vec<(String, String, String)> {
        let history = self.ferry(&["history", run, "--json"]).await.with_code(0).json();
        let text = |step: &Value, key: &str| step[key].as_str().unwrap_or_default().to_owned();
        let steps = history["steps"].as_array().unwrap();
        steps.iter().map(|step| (text(step, "key"), text(step, "state"), text(step, "outcome"))).collect()
    }
}
