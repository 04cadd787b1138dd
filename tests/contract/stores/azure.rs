//! Azure Key Vault on its strict stand-in, over TLS and with a log-in, where everything can go wrong that does in Azure.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use secretferry::model::{Blind, Family, Manager, MasterKey, Purpose, RemoteKey, State};
use secretferry::provider::registry::{KINDS, StoreKind};
use secretferry::provider::{Opening, Quotas, Role, Store};

use crate::fakes::azure::secret::Secret;
use crate::fakes::azure::{CLIENT_ID, CLIENT_SECRET, TENANT, Vault};
use crate::fakes::fault::Fault;
use crate::ground::{Ground, Site, World};

/// Where stores come from.
pub struct AzureGround;

/// The world around a store: a vault of its own.
struct AzureWorld(Vault);

#[async_trait]
impl Ground for AzureGround {
    fn name(&self) -> String {
        "azure key vault on its strict stand-in".to_owned()
    }

    async fn empty(&self) -> Site {
        let vault = Vault::start();
        let files = tempfile::tempdir().unwrap();
        let secret = files.path().join("secret");
        std::fs::write(&secret, CLIENT_SECRET).unwrap();
        let table = format!(
            "vault-url = {:?}\nauthority-host = {:?}\nverify-challenge = false\ntls = {{ ca = {:?} }}\ntimeout = \"2s\"\n\
             auth = {{ method = \"client-secret\", tenant-id = {TENANT:?}, client-id = {CLIENT_ID:?}, \
             client-secret = {{ file = {secret:?} }} }}\npace = {{ all = 10000, create = 10000 }}",
            vault.url, vault.url, vault.certificate,
        );
        Site::new(open(&table).await, AzureWorld(vault)).keeping(files)
    }
}

async fn open(table: &str) -> Store {
    let settings = StoreKind::find(KINDS, "azure-key-vault").unwrap().read(table.parse().unwrap()).unwrap();
    let revision_key = MasterKey::random().subkey(Purpose::Revision);
    let opening = Opening {
        name: "azure".into(),
        role: Role::Target,
        revision_key,
        observer: Arc::new(Blind),
        quotas: Quotas::default(),
    };
    settings.open(opening).await.unwrap()
}

impl AzureWorld {
    fn secret<T>(&self, key: &RemoteKey, look: impl FnOnce(&mut Secret) -> T) -> Option<T> {
        self.0.with(|azure| Some(look(azure.secrets.secret(key.as_str())?)))
    }
}

#[async_trait]
impl World for AzureWorld {
    async fn deny(&self, key: &RemoteKey) -> Option<()> {
        self.0.with(|azure| azure.access.sealed.insert(key.as_str().to_ascii_lowercase()));
        Some(())
    }

    async fn tag(&self, key: &RemoteKey, name: &str, value: &str) -> Option<()> {
        self.secret(key, |secret| drop(secret.latest_mut().tags.insert(name.to_owned(), value.to_owned())))
    }

    async fn tags(&self, key: &RemoteKey) -> Option<BTreeMap<String, String>> {
        self.secret(key, |secret| secret.latest().tags.clone())
    }

    async fn set_state(&self, key: &RemoteKey, state: State) -> Option<()> {
        match state {
            State::Deleted => self.0.with(|azure| azure.secrets.bin(key.as_str())),
            State::Disabled => self.secret(key, |secret| secret.latest_mut().enabled = false),
            State::Managed(Manager::Service) => self.secret(key, |secret| secret.is_managed = true),
            _ => None,
        }
    }

    async fn cause(&self, family: Family, fault: Fault) -> Option<()> {
        self.0.fail(family, fault);
        Some(())
    }

    async fn lag(&self) -> Option<()> {
        self.0.with(|azure| azure.secrets.lag());
        Some(())
    }
}
