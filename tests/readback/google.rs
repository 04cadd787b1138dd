//! A project of Google Cloud, as its strict stand-in has it: what the config says of it, how Airflow is told, and all that
//! lies in it.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::airflow::Teams;
use crate::fakes::google::identity::TOKEN;
use crate::fakes::google::{PROJECT, SecretManager};
use crate::fakes::server::{Fake, Service as _};

/// A project of one's own, and where Airflow's keys lie in it.
pub struct Project {
    /// The server.
    pub fake: Fake<SecretManager>,
    /// What stands before connections and variables; `None` is left to the defaults.
    pub prefixes: Option<[&'static str; 2]>,
    /// What stands between a prefix and an id.
    pub sep: &'static str,
    /// Whether teams have keys of their own.
    pub teams: bool,
}

impl Project {
    /// Starts one with Airflow's own prefixes; it lets anybody in, as Airflow asks it as nobody.
    pub fn new() -> Self {
        Self { fake: SecretManager::start_open(), prefixes: None, sep: "-", teams: false }
    }

    /// The store's table; the access token is in `TARGET_TOKEN`.
    pub fn table(&self) -> String {
        let mut table = format!(
            "kind = 'gcp-secret-manager'\nproject = '{PROJECT}'\nendpoint-url = '{}'\n\
             auth = {{ method = 'token', token = {{ env = 'TARGET_TOKEN' }} }}\n\
             pace = {{ list = 10000, read = 10000, write = 10000, delete = 10000 }}\n",
            self.fake.address
        );
        if let Some([connections, variables]) = self.prefixes {
            table += &format!("connections-prefix = '{connections}'\nvariables-prefix = '{variables}'\n");
        }
        if self.sep != "-" {
            table += &format!("sep = '{}'\n", self.sep);
        }
        if self.teams {
            table += "teams = 'dashes'\n";
        }
        table
    }

    /// The token that may do everything.
    pub fn token(&self) -> &'static str {
        TOKEN
    }

    /// Airflow's class and its arguments.
    pub fn backend(&self) -> (&'static str, Value) {
        let mut kwargs = json!({"project_id": PROJECT});
        if let Some([connections, variables]) = self.prefixes {
            kwargs["connections_prefix"] = connections.into();
            kwargs["variables_prefix"] = variables.into();
        }
        if self.sep != "-" {
            kwargs["sep"] = self.sep.into();
        }
        ("airflow.providers.google.cloud.secrets.secret_manager.CloudSecretManagerBackend", kwargs)
    }

    /// Who is asked in Google's place.
    pub fn told_to_airflow(&self) -> Value {
        json!({ "google_endpoint": self.fake.address })
    }

    /// Who asks Airflow.
    pub fn asks(&self) -> Teams {
        if self.teams { Teams::Nobody } else { Teams::Off }
    }

    /// The name under which a secret lies.
    pub fn key(&self, kind: &str, team: Option<&str>, id: &str) -> String {
        let index = usize::from(kind == "variables");
        let prefix = self.prefixes.map_or(["airflow-connections", "airflow-variables"][index], |own| own[index]);
        let team = team.map(|team| format!("{team}--")).unwrap_or_default();
        format!("{prefix}{}{team}{id}", self.sep)
    }

    /// All that lies in it: by name, whatever would tell of a change.
    pub async fn survey(&self) -> BTreeMap<String, Value> {
        let mut state = self.fake.with(|service| service.state());
        let secrets = state["secrets"].as_array_mut().map(std::mem::take).unwrap_or_default();
        let named = |secret: Value| {
            let name = secret["name"].as_str().and_then(|name| name.rsplit('/').next()).unwrap_or_default().to_owned();
            (name, secret)
        };
        secrets.into_iter().map(named).collect()
    }
}
