//! A vault of Azure, as its strict stand-in has it: what the config says of it, how Airflow is told, and all that lies in it.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::airflow::Teams;
use crate::fakes::azure::{IDENTITY_HEADER, Vault};
use crate::fakes::server::Service as _;

/// A vault of one's own, and where Airflow's keys lie in it.
pub struct KeyVault {
    /// The server.
    pub vault: Vault,
    /// What stands before connections and variables; `None` is left to the defaults.
    pub prefixes: Option<[&'static str; 2]>,
    /// Whether teams have keys of their own.
    pub teams: bool,
    /// A token that may do everything.
    pub token: String,
}

impl KeyVault {
    /// Starts one with Airflow's own prefixes.
    pub fn new() -> Self {
        let vault = Vault::start();
        let token = vault.token();
        Self { vault, prefixes: None, teams: false, token }
    }

    /// The store's table; the access token is in `TARGET_TOKEN`.
    pub fn table(&self) -> String {
        let mut table = format!(
            "kind = 'azure-key-vault'\nvault-url = '{}'\nverify-challenge = false\ntls = {{ ca = '{}' }}\n\
             auth = {{ method = 'token', token = {{ env = 'TARGET_TOKEN' }} }}\npace = {{ all = 10000, create = 10000 }}\n",
            self.vault.url,
            self.vault.certificate.display()
        );
        if let Some([connections, variables]) = self.prefixes {
            table += &format!("connections-prefix = '{connections}'\nvariables-prefix = '{variables}'\n");
        }
        if self.teams {
            table += "teams = 'dashes'\n";
        }
        table
    }

    /// The token that may do everything.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Airflow's class and its arguments; it logs in by the managed identity of [`Self::told_to_airflow`].
    pub fn backend(&self) -> (&'static str, Value) {
        let mut kwargs = json!({
            "vault_url": self.vault.url, "verify_challenge_resource": false, "connection_verify": self.vault.certificate,
        });
        if let Some([connections, variables]) = self.prefixes {
            kwargs["connections_prefix"] = connections.into();
            kwargs["variables_prefix"] = variables.into();
        }
        ("airflow.providers.microsoft.azure.secrets.key_vault.AzureKeyVaultBackend", kwargs)
    }

    /// What Microsoft's library takes from the environment: a managed identity, and whom to trust.
    pub fn told_to_airflow(&self) -> Value {
        json!({ "surroundings": {
            "IDENTITY_ENDPOINT": self.vault.identity_endpoint, "IDENTITY_HEADER": IDENTITY_HEADER,
            "REQUESTS_CA_BUNDLE": self.vault.certificate,
        } })
    }

    /// Who asks Airflow.
    pub fn asks(&self) -> Teams {
        if self.teams { Teams::Nobody } else { Teams::Off }
    }

    /// The name under which a secret lies.
    pub fn key(&self, kind: &str, team: Option<&str>, id: &str) -> String {
        let index = usize::from(kind == "variables");
        let prefix = self.prefixes.map_or(["airflow-connections", "airflow-variables"][index], |own| own[index]);
        let parts = [(!prefix.is_empty()).then(|| format!("{prefix}-")), team.map(|team| format!("{team}--"))];
        format!("{}{id}", parts.into_iter().flatten().collect::<String>()).replace('_', "-")
    }

    /// All that lies in it: by name, whatever would tell of a change.
    pub async fn survey(&self) -> BTreeMap<String, Value> {
        let state = self.vault.with(|azure| azure.state());
        let members = state.as_object().cloned().unwrap_or_else(Map::new);
        members.into_iter().collect()
    }
}
