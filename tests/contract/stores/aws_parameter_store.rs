//! AWS Parameter Store on moto: every store has prefixes of its own.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use secretferry::model::{Blind, MasterKey, Purpose, RemoteKey};
use secretferry::provider::aws::parameter_store::ParameterStoreSettings;
use secretferry::provider::{Opening, Quotas, Role, Store, StoreSettings as _};
use secretferry::settings::read_table;
use serde_json::json;

use super::moto;
use crate::ground::{Ground, Site, World};

/// Where the stores come from.
pub struct ParameterStoreGround;

/// The world around a store: whoever else may write to the account.
struct ParameterStoreWorld;

#[async_trait]
impl Ground for ParameterStoreGround {
    fn name(&self) -> String {
        "aws-parameter-store, moto".into()
    }

    async fn empty(&self) -> Site {
        let files = tempfile::tempdir().unwrap();
        let store = store(&moto::shared().await.address, files.path()).await;
        Site::new(store, ParameterStoreWorld).keeping(files)
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
    let opening = Opening {
        name: "ssm".into(),
        role: Role::Target,
        revision_key,
        observer: Arc::new(Blind),
        quotas: Quotas::default(),
    };
    settings.open(opening).await.unwrap()
}

#[async_trait]
impl World for ParameterStoreWorld {
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
