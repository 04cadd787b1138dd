//! Where a job writes: how the config spells it, how Airflow is told of it, and what lies in it.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::airflow::{Question, Teams};
use crate::aws::{Account, Service};
use crate::azure::KeyVault;
use crate::deserved::Place;
use crate::google::Project;
use crate::texts::{self, Entries};
use crate::vault::{Vault, encoded};

/// A target store.
pub enum Target {
    /// An account of AWS.
    Aws(Account),
    /// A vault of Azure.
    Azure(KeyVault),
    /// A project of Google Cloud.
    Google(Project),
    /// A mount of a Vault.
    Vault(Mounted),
    /// Files in a folder, and how their names end.
    Files(PathBuf, &'static str),
    /// A file of variables in a folder, and its dialect.
    Variables(PathBuf, &'static str),
}

/// A KV engine and the paths of the kinds in it.
pub struct Mounted {
    /// The server.
    pub vault: Vault,
    /// The mount.
    pub mount: &'static str,
    /// 1 or 2.
    pub version: u8,
    /// Where connections and variables lie; `""` is the bare id.
    pub paths: [&'static str; 2],
    /// Whether teams have folders.
    pub teams: bool,
}

impl Mounted {
    /// Starts a Vault with this one mount, Airflow's own paths in it.
    pub async fn new(mount: &'static str, version: u8) -> Self {
        let vault = Vault::start(&[]);
        vault.mount_at(mount, version).await;
        Self { vault, mount, version, paths: ["connections", "variables"], teams: false }
    }

    /// The path under which listings and metadata are.
    pub fn root(&self) -> String {
        if self.version == 2 { format!("{}/metadata/", self.mount) } else { format!("{}/", self.mount) }
    }

    /// The path of a key's data.
    pub fn data(&self, key: &str) -> String {
        let path =
            if self.version == 2 { format!("{}/data/{key}", self.mount) } else { format!("{}/{key}", self.mount) };
        encoded(&path)
    }

    /// Gives a key another content, as somebody does behind our back.
    pub async fn alter(&self, key: &str, content: Value) {
        let body = if self.version == 2 { json!({"data": content}) } else { content };
        self.vault.must("POST", &self.data(key), body).await;
    }

    /// What a key holds.
    pub async fn content(&self, key: &str) -> Value {
        let mut answer = self.vault.must("GET", &self.data(key), Value::Null).await;
        if self.version == 2 { answer["data"]["data"].take() } else { answer["data"].take() }
    }

    /// A token that can look, but change nothing.
    pub async fn looking_token(&self) -> String {
        self.vault
            .token_with(&format!("path \"{}/*\" {{ capabilities = [\"read\", \"list\"] }}", self.mount), Value::Null)
            .await
    }

    /// A token that can list and see versions, but no value.
    pub async fn blind_token(&self) -> String {
        let root = self.root();
        self.vault.token_with(&format!("path \"{root}*\" {{ capabilities = [\"read\", \"list\"] }}"), Value::Null).await
    }
}

impl Target {
    /// What of it decides on refusals.
    pub fn place(&self) -> Place {
        match self {
            Self::Files(_, "env") => Place::Lines,
            Self::Files(..) => Place::Files,
            Self::Variables(_, "plain") => Place::PlainVariables,
            Self::Variables(..) => Place::ComposeVariables,
            Self::Aws(Account { service: Service::Parameters, .. }) => Place::AwsParameters,
            Self::Aws(account) if account.teams => Place::AwsSecretsOfTeams,
            Self::Aws(_) => Place::AwsSecrets,
            Self::Azure(vault) => {
                let room = 127 - vault.key("connections", None, "").len();
                Place::AzureSecrets { with_teams: vault.teams, room }
            }
            Self::Google(project) => {
                let room = 255 - project.key("connections", None, "").len();
                Place::GoogleSecrets { with_teams: project.teams, room }
            }
            Self::Vault(mounted) if mounted.teams => Place::VaultOfTeams,
            Self::Vault(_) => Place::Vault,
        }
    }

    /// The store's table; the token is in `TARGET_TOKEN`.
    pub fn table(&self) -> String {
        match self {
            Self::Aws(account) => account.table(),
            Self::Azure(vault) => vault.table(),
            Self::Google(project) => project.table(),
            Self::Variables(folder, dialect) => {
                format!("kind = 'environment'\nfile = '{}'\ndialect = '{dialect}'", env_file(folder).display())
            }
            Self::Files(folder, ending) => {
                let file = |name| file(folder, name, ending).display().to_string();
                let (connections, variables) = (file("connections"), file("variables"));
                format!("kind = 'local-files'\nconnections-file = '{connections}'\nvariables-file = '{variables}'")
            }
            Self::Vault(mounted) => {
                let [connections, variables] = mounted.paths;
                let teams = if mounted.teams { "teams = 'folder'" } else { "" };
                format!(
                    "kind = 'vault'\naddress = '{}'\nmount = '{}'\nkv-version = {}\nconnections-path = '{connections}'\n\
                     variables-path = '{variables}'\n{teams}\n\
                     auth = {{ method = 'token', token = {{ env = 'TARGET_TOKEN' }} }}",
                    mounted.vault.address, mounted.mount, mounted.version
                )
            }
        }
    }

    /// The token that may do everything.
    pub fn token(&self) -> &str {
        match self {
            Self::Vault(mounted) => &mounted.vault.token,
            Self::Aws(_) => "writer",
            Self::Azure(vault) => vault.token(),
            Self::Google(project) => project.token(),
            Self::Files(..) | Self::Variables(..) => "",
        }
    }

    /// A token that can change nothing.
    pub async fn looking_token(&self) -> String {
        match self {
            Self::Vault(mounted) => mounted.looking_token().await,
            // Anybody may do anything there; that nothing was done, the survey tells.
            _ => self.token().to_owned(),
        }
    }

    /// How Airflow is told of it.
    pub fn question(&self, ids: Value) -> Question {
        let (backend, kwargs) = match self {
            Self::Aws(account) => account.backend(),
            Self::Azure(vault) => vault.backend(),
            Self::Google(project) => project.backend(),
            Self::Files(folder, ending) => (
                "airflow.secrets.local_filesystem.LocalFilesystemBackend",
                json!({
                    "connections_file_path": file(folder, "connections", ending),
                    "variables_file_path": file(folder, "variables", ending),
                }),
            ),
            Self::Variables(..) => ("airflow.secrets.environment_variables.EnvironmentVariablesBackend", json!({})),
            Self::Vault(mounted) => (
                "airflow.providers.hashicorp.secrets.vault.VaultBackend",
                json!({
                    "url": mounted.vault.address, "token": mounted.vault.token,
                    "mount_point": mounted.mount, "kv_engine_version": mounted.version,
                    "connections_path": mounted.paths[0], "variables_path": mounted.paths[1],
                }),
            ),
        };
        let teams = match self {
            Self::Aws(account) => account.asks(),
            Self::Azure(vault) => vault.asks(),
            Self::Google(project) => project.asks(),
            Self::Vault(mounted) if mounted.teams => Teams::Nobody,
            _ => Teams::Off,
        };
        let environment = match self {
            Self::Variables(folder, dialect) => Some(texts::variables(&env_file(folder), dialect)),
            _ => None,
        };
        let cloud = match self {
            Self::Azure(vault) => vault.told_to_airflow(),
            Self::Google(project) => project.told_to_airflow(),
            _ => Value::Null,
        };
        Question { backend, kwargs, ids, teams, environment, cloud }
    }

    /// The key under which a secret lies.
    pub fn key(&self, kind: &str, team: Option<&str>, id: &str) -> String {
        let prefix = match self {
            Self::Variables(..) => {
                let prefix = if kind == "variables" { "AIRFLOW_VAR" } else { "AIRFLOW_CONN" };
                return format!("{prefix}_{}", id.to_uppercase());
            }
            Self::Aws(account) => return account.key(kind, team, id),
            Self::Azure(vault) => return vault.key(kind, team, id),
            Self::Google(project) => return project.key(kind, team, id),
            Self::Files(..) => kind,
            Self::Vault(mounted) => mounted.paths[usize::from(kind == "variables")],
        };
        [prefix, team.unwrap_or_default(), id].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/")
    }

    /// All that lies in it: by key, whatever would tell of a change.
    pub async fn survey(&self) -> BTreeMap<String, Value> {
        match self {
            Self::Aws(account) => account.survey().await,
            Self::Azure(vault) => vault.survey().await,
            Self::Google(project) => project.survey().await,
            Self::Vault(mounted) => mounted.vault.survey(&mounted.root()).await,
            Self::Files(folder, ending) => {
                let of_kind = |kind| {
                    let path = file(folder, kind, ending);
                    let entries = written(&path, || texts::of_format(&path, ending));
                    entries.into_iter().map(move |(id, entry)| (format!("{kind}/{id}"), entry))
                };
                ["connections", "variables"].into_iter().flat_map(of_kind).collect()
            }
            Self::Variables(folder, dialect) => {
                let path = env_file(folder);
                written(&path, || texts::as_values(texts::variables(&path, dialect))).into_iter().collect()
            }
        }
    }
}

fn file(folder: &Path, kind: &str, ending: &str) -> PathBuf {
    folder.join(format!("{kind}.{ending}"))
}

fn env_file(folder: &Path) -> PathBuf {
    folder.join("airflow.env")
}

/// The entries of a file, each with the file's own number and time, which any rewriting changes.
fn written(path: &Path, entries: impl Fn() -> Entries) -> Vec<(String, Value)> {
    let Ok(metadata) = fs::metadata(path) else { return Vec::new() };
    let written = json!([metadata.ino(), metadata.mtime(), metadata.mtime_nsec()]);
    entries().into_iter().map(|(id, entry)| (id, json!([entry, written]))).collect()
}
