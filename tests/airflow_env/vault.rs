//! A Vault, and credentials of Airflow's own in it.

use serde_json::{Value, json};

pub use crate::server::Vault;

impl Vault {
    /// Starts one with one KV mount.
    pub async fn with(mount: &str, version: u8) -> Self {
        let vault = Self::start(&[]);
        vault.mount_at(mount, version).await;
        vault
    }

    /// Writes Airflow's policy.
    pub async fn airflows_policy(&self, hcl: &str) {
        self.must("POST", "sys/policies/acl/airflow", json!({"policy": hcl})).await;
    }

    /// A token with that policy.
    pub async fn airflows_token(&self) -> String {
        let answer = self.must("POST", "auth/token/create", json!({"policies": ["airflow"], "no_parent": true})).await;
        answer["auth"]["client_token"].as_str().unwrap().to_owned()
    }

    /// An AppRole with that policy: its role id and a secret id.
    pub async fn airflows_approle(&self, mount: &str) -> (String, String) {
        self.must("POST", &format!("sys/auth/{mount}"), json!({"type": "approle"})).await;
        let role = format!("auth/{mount}/role/airflow");
        self.must("POST", &role, json!({"token_policies": ["airflow"]})).await;
        let id = self.must("GET", &format!("{role}/role-id"), Value::Null).await;
        let secret = self.must("POST", &format!("{role}/secret-id"), json!({})).await;
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        (text(&id["data"]["role_id"]), text(&secret["data"]["secret_id"]))
    }
}
