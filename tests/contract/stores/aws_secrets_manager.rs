//! Secrets Manager on moto: every store is a set of prefixes of its own.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use secretferry::model::{Blind, MasterKey, Purpose, RemoteKey, State};
use secretferry::provider::aws::secrets_manager::SecretsManagerSettings;
use secretferry::provider::{Opening, Quotas, Role, StoreSettings as _};
use secretferry::settings::read_table;
use serde_json::{Value, json};

use super::moto;
use crate::ground::{Ground, Site, World};

/// Where stores come from.
pub struct SecretsManagerGround;

/// The world around a store: raw calls.
struct SecretsManagerWorld;

#[async_trait]
impl Ground for SecretsManagerGround {
    fn name(&self) -> String {
        "aws-secrets-manager".to_owned()
    }

    async fn empty(&self) -> Site {
        let server = moto::shared().await;
        let files = tempfile::tempdir().unwrap();
        let key = files.path().join("key");
        std::fs::write(&key, "test").unwrap();
        let prefix = moto::unique("contract");
        let table = format!(
            "endpoint-url = {:?}\nregion = {:?}\n\
             auth = {{ method = \"static\", access-key-id = {{ file = {key:?} }}, secret-access-key = {{ file = {key:?} }} }}\n\
             connections-prefix = \"{prefix}/connections\"\nvariables-prefix = \"{prefix}/variables\"\n\
             config-prefix = \"{prefix}/config\"",
            server.address,
            moto::REGION,
        );
        let settings: SecretsManagerSettings = read_table(table.parse().unwrap()).unwrap();
        let revision_key = MasterKey::random().subkey(Purpose::Revision);
        let opening = Opening {
            name: "aws".into(),
            role: Role::Target,
            revision_key,
            observer: Arc::new(Blind),
            quotas: Quotas::default(),
        };
        let store = settings.open(opening).await.unwrap();
        Site::new(store, SecretsManagerWorld).keeping(files)
    }
}

#[async_trait]
impl World for SecretsManagerWorld {
    async fn tag(&self, key: &RemoteKey, name: &str, value: &str) -> Option<()> {
        let tags = json!({"SecretId": key.as_str(), "Tags": [{"Key": name, "Value": value}]});
        moto::shared().await.must("secretsmanager.TagResource", tags).await;
        Some(())
    }

    async fn tags(&self, key: &RemoteKey) -> Option<BTreeMap<String, String>> {
        let body = json!({"SecretId": key.as_str()});
        let answer = moto::shared().await.must("secretsmanager.DescribeSecret", body).await;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let tags = answer["Tags"].as_array().cloned().unwrap_or_default();
        Some(tags.iter().map(|tag| (text(&tag["Key"]), text(&tag["Value"]))).collect())
    }

    async fn set_state(&self, key: &RemoteKey, state: State) -> Option<()> {
        let (operation, body) = match state {
            State::Empty => ("secretsmanager.CreateSecret", json!({"Name": key.as_str()})),
            State::Deleted => ("secretsmanager.DeleteSecret", json!({"SecretId": key.as_str()})),
            _ => return None,
        };
        moto::shared().await.must(operation, body).await;
        Some(())
    }
}
