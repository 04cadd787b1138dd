//! A `.env` file in a temporary folder.

use std::sync::Arc;

use async_trait::async_trait;
use secretferry::model::{Blind, MasterKey, Purpose};
use secretferry::provider::environment::{EnvDialect, EnvironmentSettings};
use secretferry::provider::{Opening, Quotas, Role, StoreSettings};

use crate::ground::{Alone, Ground, Site};

/// Where stores of variables come from.
pub struct EnvironmentGround(pub EnvDialect);

#[async_trait]
impl Ground for EnvironmentGround {
    fn name(&self) -> String {
        format!("environment, {:?}", self.0)
    }

    async fn empty(&self) -> Site {
        let folder = tempfile::tempdir().unwrap();
        let file = Some(folder.path().join(".env"));
        let settings = EnvironmentSettings { file, dialect: Some(self.0), ..EnvironmentSettings::default() };
        let revision_key = MasterKey::random().subkey(Purpose::Revision);
        let opening = Opening {
            name: "env".into(),
            role: Role::Target,
            revision_key,
            observer: Arc::new(Blind),
            quotas: Quotas::default(),
        };
        Site::new(settings.open(opening).await.unwrap(), Alone).keeping(folder)
    }
}
