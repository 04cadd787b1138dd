//! Google Secret Manager on its strict stand-in, with a token, where everything can go wrong that does in Google Cloud.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use secretferry::model::{Blind, Family, MasterKey, Purpose, RemoteKey, State};
use secretferry::provider::registry::{KINDS, StoreKind};
use secretferry::provider::{Opening, Quotas, Role, Store};
use serde_json::{Value, json};

use crate::fakes::fault::Fault;
use crate::fakes::google::identity::TOKEN;
use crate::fakes::google::{PROJECT, SecretManager, Trouble, secret};
use crate::fakes::server::Fake;
use crate::ground::{Ground, Site, World};

/// Where stores come from.
pub struct GoogleGround;

/// The world around a store: a project of its own.
struct GoogleWorld(Fake<SecretManager>);

#[async_trait]
impl Ground for GoogleGround {
    fn name(&self) -> String {
        "google secret manager on its strict stand-in".to_owned()
    }

    async fn empty(&self) -> Site {
        let fake = SecretManager::start();
        fake.with(|google| google.secrets.most_on_page = Some(50));
        let files = tempfile::tempdir().unwrap();
        let token = files.path().join("token");
        std::fs::write(&token, TOKEN).unwrap();
        let table = format!(
            "project = {PROJECT:?}\nendpoint-url = {:?}\ntimeout = \"1s\"\n\
             auth = {{ method = \"token\", token = {{ file = {token:?} }} }}\n\
             pace = {{ list = 10000, read = 10000, write = 10000, delete = 10000 }}",
            fake.address,
        );
        Site::new(open(&table).await, GoogleWorld(fake)).keeping(files)
    }
}

async fn open(table: &str) -> Store {
    let settings = StoreKind::find(KINDS, "gcp-secret-manager").unwrap().read(table.parse().unwrap()).unwrap();
    let revision_key = MasterKey::random().subkey(Purpose::Revision);
    let opening = Opening {
        name: "google".into(),
        role: Role::Target,
        revision_key,
        observer: Arc::new(Blind),
        quotas: Quotas::default(),
    };
    settings.open(opening).await.unwrap()
}

impl GoogleWorld {
    fn trouble(&self, key: &RemoteKey, trouble: Trouble) {
        self.0.with(|google| google.secrets.trouble(key.as_str(), trouble));
    }
}

#[async_trait]
impl World for GoogleWorld {
    async fn deny(&self, key: &RemoteKey) -> Option<()> {
        self.trouble(key, Trouble::Denied);
        Some(())
    }

    async fn seal(&self, key: &RemoteKey) -> Option<()> {
        self.trouble(key, Trouble::Undecryptable);
        Some(())
    }

    async fn tag(&self, key: &RemoteKey, name: &str, value: &str) -> Option<()> {
        self.0.with(|google| {
            let fields = &mut google.secrets.secret_mut(key.as_str())?.fields;
            fields.entry("annotations").or_insert_with(|| json!({}))[name] = json!(value);
            Some(())
        })
    }

    async fn tags(&self, key: &RemoteKey) -> Option<BTreeMap<String, String>> {
        self.0.with(|google| {
            let annotations = google.secrets.secret(key.as_str())?.fields.get("annotations").cloned();
            let pairs = annotations.as_ref().and_then(Value::as_object).into_iter().flatten();
            Some(pairs.map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned())).collect())
        })
    }

    async fn set_state(&self, key: &RemoteKey, state: State) -> Option<()> {
        self.0.with(|google| {
            match state {
                State::Empty => google.secrets.put_empty(key.as_str()),
                State::Disabled => google.secrets.set_state(key.as_str(), secret::State::Disabled),
                State::Destroyed => google.secrets.set_state(key.as_str(), secret::State::Destroyed),
                _ => return None,
            }
            Some(())
        })
    }

    async fn cause(&self, family: Family, fault: Fault) -> Option<()> {
        self.0.fail(family, fault);
        Some(())
    }

    async fn lag(&self) -> Option<()> {
        self.0.with(|google| google.secrets.lag());
        Some(())
    }
}
