//! Google Secret Manager on its strict stand-in, where everything can go wrong that does at Google.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use secretferry::model::{Blind, Family, Manager, MasterKey, Purpose, RemoteKey, State};
use secretferry::provider::registry::{KINDS, StoreKind};
use secretferry::provider::{Opening, Role, Store};
use serde_json::{Map, Value, json};

use crate::fakes::fault::Fault;
use crate::fakes::google::identity::TOKEN;
use crate::fakes::google::secret::State as Given;
use crate::fakes::google::{PROJECT, SecretManager, Trouble};
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
        let files = tempfile::tempdir().unwrap();
        let token = files.path().join("token");
        std::fs::write(&token, TOKEN).unwrap();
        let table = format!(
            "project = {PROJECT:?}\nendpoint-url = {:?}\ntimeout = \"1s\"\n\
             auth = {{ method = \"token\", token = {{ file = {token:?} }} }}\n\
             pace = {{ list = 10000, read = 10000, write = 10000 }}",
            fake.address,
        );
        Site::new(open(&table).await, GoogleWorld(fake)).keeping(files)
    }
}

async fn open(table: &str) -> Store {
    let settings = StoreKind::find(KINDS, "gcp-secret-manager").unwrap().read(table.parse().unwrap()).unwrap();
    let revision_key = MasterKey::random().subkey(Purpose::Revision);
    let opening = Opening { name: "google".into(), role: Role::Target, revision_key, observer: Arc::new(Blind) };
    settings.open(opening).await.unwrap()
}

impl GoogleWorld {
    fn annotations<T>(&self, key: &RemoteKey, look: impl FnOnce(&mut Map<String, Value>) -> T) -> Option<T> {
        self.0.with(|google| {
            let fields = &mut google.secrets.secret_mut(key.as_str())?.fields;
            let annotations = fields.entry("annotations").or_insert_with(|| json!({}));
            annotations.as_object_mut().map(look)
        })
    }
}

#[async_trait]
impl World for GoogleWorld {
    async fn deny(&self, key: &RemoteKey) -> Option<()> {
        self.0.with(|google| google.secrets.trouble(key.as_str(), Trouble::Denied));
        Some(())
    }

    async fn seal(&self, key: &RemoteKey) -> Option<()> {
        self.0.with(|google| google.secrets.trouble(key.as_str(), Trouble::Undecryptable));
        Some(())
    }

    async fn tag(&self, key: &RemoteKey, name: &str, value: &str) -> Option<()> {
        self.annotations(key, |annotations| drop(annotations.insert(name.to_owned(), json!(value))))
    }

    async fn tags(&self, key: &RemoteKey) -> Option<BTreeMap<String, String>> {
        let text = |(name, value): (&String, &Value)| (name.clone(), value.as_str().unwrap_or_default().to_owned());
        self.annotations(key, |annotations| annotations.iter().map(text).collect())
    }

    async fn set_state(&self, key: &RemoteKey, state: State) -> Option<()> {
        self.0.with(|google| match state {
            State::Empty => Some(google.secrets.put_empty(key.as_str())),
            State::Disabled => Some(google.secrets.set_state(key.as_str(), Given::Disabled)),
            State::Destroyed => Some(google.secrets.set_state(key.as_str(), Given::Destroyed)),
            State::Managed(Manager::Rotation) => {
                let rotation = json!({"nextRotationTime": "2099-01-01T00:00:00Z", "rotationPeriod": "86400s"});
                let fields = &mut google.secrets.secret_mut(key.as_str())?.fields;
                fields.insert("rotation".to_owned(), rotation);
                Some(())
            }
            State::Managed(Manager::Bytes) => Some(google.secrets.put_bytes(key.as_str(), &[0xff, 0xfe])),
            _ => None,
        })
    }

    async fn cause(&self, family: Family, fault: Fault) -> Option<()> {
        if fault == Fault::Circular {
            // A page may hold everything, and only one of several can name itself as the next.
            self.0.with(|google| google.secrets.give_fewer(50));
        }
        self.0.fail(family, fault);
        Some(())
    }

    async fn lag(&self) -> Option<()> {
        self.0.with(|google| google.secrets.lag());
        Some(())
    }
}
