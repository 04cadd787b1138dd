//! Both stores of AWS on the strict stand-in, where everything can go wrong that does in AWS.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use secretferry::model::{Blind, Family, Manager, MasterKey, Purpose, RemoteKey, State};
use secretferry::provider::registry::{KINDS, StoreKind};
use secretferry::provider::{Opening, Quotas, Role, Store};

use crate::fakes::aws::{Aws, REGION, Trouble};
use crate::fakes::fault::Fault;
use crate::fakes::server::Fake;
use crate::ground::{Ground, Site, World};

/// Where stores come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AwsFakeGround {
    /// Secrets Manager.
    Secrets,
    /// Parameter Store.
    Parameters,
}

/// The world around a store: an account of its own.
struct AwsWorld {
    service: AwsFakeGround,
    fake: Fake<Aws>,
}

#[async_trait]
impl Ground for AwsFakeGround {
    fn name(&self) -> String {
        format!("aws, {self:?}, on its strict stand-in")
    }

    async fn empty(&self) -> Site {
        let fake = Aws::start();
        let files = tempfile::tempdir().unwrap();
        let key = files.path().join("key");
        std::fs::write(&key, "test").unwrap();
        let prefix = if *self == Self::Secrets { "" } else { "/" };
        let table = format!(
            "region = {REGION:?}\nendpoint-url = {:?}\ntimeout = \"1s\"\n\
             auth = {{ method = \"static\", access-key-id = {{ file = {key:?} }}, secret-access-key = {{ file = {key:?} }} }}\n\
             connections-prefix = \"{prefix}c/connections\"\nvariables-prefix = \"{prefix}c/variables\"\n\
             config-prefix = \"{prefix}c/config\"\n\
             pace = {{ list = 10000, read = 10000, write = 10000, delete = 10000 }}",
            fake.address,
        );
        let kind = if *self == Self::Secrets { "aws-secrets-manager" } else { "aws-parameter-store" };
        let store = open(kind, &table).await;
        Site::new(store, AwsWorld { service: *self, fake }).keeping(files)
    }
}

async fn open(kind: &str, table: &str) -> Store {
    let settings = StoreKind::find(KINDS, kind).unwrap().read(table.parse().unwrap()).unwrap();
    let revision_key = MasterKey::random().subkey(Purpose::Revision);
    let opening = Opening {
        name: "aws".into(),
        role: Role::Target,
        revision_key,
        observer: Arc::new(Blind),
        quotas: Quotas::default(),
    };
    settings.open(opening).await.unwrap()
}

impl AwsWorld {
    fn trouble(&self, key: &RemoteKey, trouble: Trouble) {
        self.fake.with(|aws| match self.service {
            AwsFakeGround::Secrets => aws.secrets.trouble(key.as_str(), trouble),
            AwsFakeGround::Parameters => aws.parameters.trouble(key.as_str(), trouble),
        });
    }

    fn with_tags<T>(&self, key: &RemoteKey, look: impl FnOnce(&mut BTreeMap<String, String>) -> T) -> Option<T> {
        self.fake.with(|aws| match self.service {
            AwsFakeGround::Secrets => Some(look(&mut aws.secrets.secret(key.as_str())?.tags)),
            AwsFakeGround::Parameters => Some(look(&mut aws.parameters.parameter(key.as_str())?.tags)),
        })
    }
}

#[async_trait]
impl World for AwsWorld {
    async fn deny(&self, key: &RemoteKey) -> Option<()> {
        self.trouble(key, Trouble::Denied);
        Some(())
    }

    async fn seal(&self, key: &RemoteKey) -> Option<()> {
        self.trouble(key, Trouble::Undecryptable);
        Some(())
    }

    async fn tag(&self, key: &RemoteKey, name: &str, value: &str) -> Option<()> {
        self.with_tags(key, |tags| drop(tags.insert(name.to_owned(), value.to_owned())))
    }

    async fn tags(&self, key: &RemoteKey) -> Option<BTreeMap<String, String>> {
        self.with_tags(key, |tags| tags.clone())
    }

    async fn set_state(&self, key: &RemoteKey, state: State) -> Option<()> {
        if self.service == AwsFakeGround::Parameters {
            return None;
        }
        self.fake.with(|aws| {
            if state == State::Empty {
                aws.secrets.put_empty(key.as_str());
                return Some(());
            }
            let secret = aws.secrets.secret(key.as_str())?;
            match state {
                State::Deleted => secret.deleted = Some(secret.changed + 604_800.0),
                State::Managed(Manager::Service) => secret.owner = Some("rds".to_owned()),
                _ => return None,
            }
            Some(())
        })
    }

    async fn cause(&self, family: Family, fault: Fault) -> Option<()> {
        self.fake.fail(family, fault);
        Some(())
    }

    async fn lag(&self) -> Option<()> {
        self.fake.with(|aws| {
            aws.secrets.lag();
            aws.parameters.lag();
        });
        Some(())
    }
}
