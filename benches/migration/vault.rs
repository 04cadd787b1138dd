//! A Vault of the bench's own, in memory, that counts what it is asked.

use std::collections::BTreeMap;

use serde_json::{Value, json};

pub use crate::server::Vault;

/// How often each method was asked of each area of a mount: `POST data`.
pub type Calls = BTreeMap<String, usize>;

impl Vault {
    /// Starts one that counts.
    pub fn counting() -> Self {
        Self::start(&["-count"])
    }

    /// Throws a mount away with all it holds, so that it does not weigh on what is measured next.
    pub async fn unmount(&self, mount: &str) {
        self.must("DELETE", &format!("sys/mounts/{mount}"), Value::Null).await;
    }

    /// A token that may write values but no metadata, so no marks.
    pub async fn token_without_marks(&self, mount: &str) -> String {
        let policy = format!(
            "path \"{mount}/data/*\" {{ capabilities = [\"create\", \"read\", \"update\"] }}
             path \"{mount}/metadata/*\" {{ capabilities = [\"read\", \"list\"] }}"
        );
        self.must("POST", &format!("sys/policies/acl/{mount}"), json!({ "policy": policy })).await;
        let answer = self.must("POST", "auth/token/create", json!({"policies": [mount], "no_parent": true})).await;
        answer["auth"]["client_token"].as_str().unwrap().to_owned()
    }

    /// What was asked of a mount since this was last asked.
    pub async fn calls(&self, mount: &str) -> Calls {
        let answer = client().get(format!("{}/counts", self.address)).send().await.unwrap();
        let all: BTreeMap<String, usize> = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
        let infix = format!(" {mount}/");
        let of_mount = all.into_iter().filter(|(call, _)| call.contains(&infix));
        of_mount.map(|(call, count)| (call.replace(&infix, " "), count)).collect()
    }
}

/// A client without any logic. Plain http needs no authorities, and a machine may have none.
pub fn client() -> reqwest::Client {
    reqwest::Client::builder().tls_certs_only([]).no_proxy().build().unwrap()
}
