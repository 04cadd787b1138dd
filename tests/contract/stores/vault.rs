//! Vault's KV engines on the real core: every store is a mount of its own.

#[path = "../../vault/server.rs"]
#[expect(clippy::panic, dead_code, reason = "it is shared with the tests of Vault alone, which use all of it")]
mod server;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use secretferry::model::{Blind, MasterKey, Purpose, RemoteKey};
use secretferry::provider::vault::VaultSettings;
use secretferry::provider::{Opening, Quotas, Role, StoreSettings as _};
use secretferry::settings::read_table;
use serde_json::{Value, json};

use crate::ground::{Ground, Site, World};

/// Where stores in one version of the engine come from.
pub struct VaultGround(pub u8);

/// The world around a store in Vault: root.
struct VaultWorld {
    version: u8,
    mount: String,
    policy: String,
    denied: Mutex<Vec<String>>,
}

#[async_trait]
impl Ground for VaultGround {
    fn name(&self) -> String {
        format!("vault, KV v{}", self.0)
    }

    async fn empty(&self) -> Site {
        let server = server::shared().await;
        let mount = server.mount(self.0).await;
        let files = tempfile::tempdir().unwrap();
        let policy = server.policy(&hcl(&mount, self.0, &[])).await;
        let made = server.must("POST", "auth/token/create", json!({"policies": [policy]})).await;
        let token = files.path().join("token");
        std::fs::write(&token, made["auth"]["client_token"].as_str().unwrap()).unwrap();
        let table = format!(
            "address = {:?}\nmount = {mount:?}\nauth = {{ method = \"token\", token = {{ file = {token:?} }} }}",
            server.address
        );
        let settings: VaultSettings = read_table(table.parse().unwrap()).unwrap();
        let revision_key = MasterKey::random().subkey(Purpose::Revision);
        let opening = Opening {
            name: "vault".into(),
            role: Role::Target,
            revision_key,
            observer: Arc::new(Blind),
            quotas: Quotas::default(),
        };
        let store = settings.open(opening).await.unwrap();
        let world = VaultWorld { version: self.0, mount, policy, denied: Mutex::default() };
        Site::new(store, world).keeping(files)
    }
}

fn hcl(mount: &str, version: u8, denied: &[String]) -> String {
    let area = if version == 2 { "data/" } else { "" };
    let mut hcl = server::all_of(mount) + "\n";
    for key in denied {
        hcl += &format!("path \"{mount}/{area}{key}\" {{ capabilities = [\"deny\"] }}\n");
    }
    hcl
}

// LIST gives names only, so the suite's case that wants a listed state does not apply: states are for tests/vault.
#[async_trait]
impl World for VaultWorld {
    async fn deny(&self, key: &RemoteKey) -> Option<()> {
        let hcl = {
            let mut denied = self.denied.lock().unwrap();
            denied.push(key.as_str().to_owned());
            hcl(&self.mount, self.version, &denied)
        };
        let path = format!("sys/policies/acl/{}", self.policy);
        server::shared().await.must("POST", &path, json!({"policy": hcl})).await;
        Some(())
    }

    async fn tag(&self, key: &RemoteKey, name: &str, value: &str) -> Option<()> {
        let path = self.metadata(key)?;
        server::shared().await.must("PATCH", &path, json!({"custom_metadata": {name: value}})).await;
        Some(())
    }

    async fn tags(&self, key: &RemoteKey) -> Option<BTreeMap<String, String>> {
        let path = self.metadata(key)?;
        let answer = server::shared().await.must("GET", &path, Value::Null).await;
        serde_json::from_value(answer["data"]["custom_metadata"].clone()).ok()
    }
}

impl VaultWorld {
    fn metadata(&self, key: &RemoteKey) -> Option<String> {
        (self.version == 2).then(|| format!("{}/metadata/{key}", self.mount))
    }
}
