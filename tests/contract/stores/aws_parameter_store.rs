//! AWS Parameter Store: on moto, where every store has prefixes of its own, and on the strict stand-in, an account each.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use secretferry::model::{Blind, Family, MasterKey, Purpose, RemoteKey};
use secretferry::provider::aws::parameter_store::ParameterStoreSettings;
use secretferry::provider::{Opening, Role, Store, StoreSettings as _};
use secretferry::settings::read_table;
use serde_json::json;

use super::moto;
use crate::fakes::aws::{Aws, Trouble};
use crate::fakes::fault::{Aim, Fault};
use crate::fakes::server::Fake;
use crate::ground::{Ground, Site, World};

/// Where the stores come from.
pub enum ParameterStoreGround {
    /// moto, shared.
    Moto,
    /// A stand-in of its own.
    Strict,
}

/// Whoever else may write to moto's account.
struct MotoWorld;

/// Whoever else may write to the stand-in's account, and whatever may go wrong there.
struct StrictWorld(Fake<Aws>);

#[async_trait]
impl Ground for ParameterStoreGround {
    fn name(&self) -> String {
        match self {
            Self::Moto => "aws-parameter-store, moto".into(),
            Self::Strict => "aws-parameter-store, the strict stand-in".into(),
        }
    }

    async fn empty(&self) -> Site {
        match self {
            Self::Moto => {
                let files = tempfile::tempdir().unwrap();
                let store = store(&moto::shared().await.address, files.path()).await;
                Site::new(store, MotoWorld).keeping(files)
            }
            Self::Strict => {
                let files = tempfile::tempdir().unwrap();
                let fake = Aws::start();
                let store = store(&fake.address, files.path()).await;
                Site::new(store, StrictWorld(fake)).keeping(files)
            }
        }
    }
}

async fn store(address: &str, files: &Path) -> Store {
    let key = files.join("key");
    std::fs::write(&key, "test").unwrap();
    let prefix = moto::unique("/contract");
    let table = format!(
        r#"
        region = "{}"
        endpoint-url = {address:?}
        auth = {{ method = "static", access-key-id = {{ file = {key:?} }}, secret-access-key = {{ file = {key:?} }} }}
        connections-prefix = "{prefix}/connections"
        variables-prefix = "{prefix}/variables"
        config-prefix = "{prefix}/config"
        pace = {{ list = 10000, read = 10000, write = 10000, delete = 10000 }}
        "#,
        moto::REGION
    );
    let settings: ParameterStoreSettings = read_table(table.parse().unwrap()).unwrap();
    let revision_key = MasterKey::random().subkey(Purpose::Revision);
    let opening = Opening { name: "ssm".into(), role: Role::Target, revision_key, observer: Arc::new(Blind) };
    settings.open(opening).await.unwrap()
}

#[async_trait]
impl World for MotoWorld {
    async fn tag(&self, key: &RemoteKey, name: &str, value: &str) -> Option<()> {
        let tags = json!([{"Key": name, "Value": value}]);
        let body = json!({"ResourceType": "Parameter", "ResourceId": key.as_str(), "Tags": tags});
        moto::shared().await.must("AmazonSSM.AddTagsToResource", body).await;
        Some(())
    }

    async fn tags(&self, key: &RemoteKey) -> Option<BTreeMap<String, String>> {
        let body = json!({"ResourceType": "Parameter", "ResourceId": key.as_str()});
        let answer = moto::shared().await.must("AmazonSSM.ListTagsForResource", body).await;
        let tags = answer["TagList"].as_array()?;
        let pair = |tag: &serde_json::Value| Some((tag["Key"].as_str()?.into(), tag["Value"].as_str()?.into()));
        tags.iter().map(pair).collect()
    }
}

#[async_trait]
impl World for StrictWorld {
    async fn deny(&self, key: &RemoteKey) -> Option<()> {
        self.0.with(|aws| aws.parameters.trouble(key.as_str(), Trouble::Denied));
        Some(())
    }

    async fn tag(&self, key: &RemoteKey, name: &str, value: &str) -> Option<()> {
        self.0.with(|aws| {
            let parameter = aws.parameters.parameter(key.as_str())?;
            parameter.tags.insert(name.to_owned(), value.to_owned());
            Some(())
        })
    }

    async fn tags(&self, key: &RemoteKey) -> Option<BTreeMap<String, String>> {
        self.0.with(|aws| Some(aws.parameters.parameter(key.as_str())?.tags.clone()))
    }

    async fn fail_next(&self, family: Family) -> Option<()> {
        // As often as a read is tried; a write that fails so may have been done.
        (family == Family::List).then(|| self.0.fail_often(Aim::Family(family), 5, Fault::Broken))
    }

    async fn lose_next(&self, family: Family) -> Option<()> {
        self.0.fail(family, Fault::Lost);
        Some(())
    }
}
