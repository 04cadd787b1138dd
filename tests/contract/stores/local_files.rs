//! Files in a temporary folder.

use std::sync::Arc;

use async_trait::async_trait;
use secretferry::model::{Blind, MasterKey, Purpose};
use secretferry::provider::local_files::{FileShape, LocalFilesSettings};
use secretferry::provider::{Opening, Quotas, Role, StoreSettings};

use crate::ground::{Alone, Ground, Site};

/// Where stores of local files come from.
pub struct LocalFilesGround(pub FileShape, pub &'static str);

#[async_trait]
impl Ground for LocalFilesGround {
    fn name(&self) -> String {
        format!("local files, {:?} in .{}", self.0, self.1)
    }

    async fn empty(&self) -> Site {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = LocalFilesSettings {
            connections_file: Some(format!("connections.{}", self.1).into()),
            variables_file: Some(format!("variables.{}", self.1).into()),
            shape: self.0,
            ..LocalFilesSettings::default()
        };
        settings.relative_to(folder.path());
        let revision_key = MasterKey::random().subkey(Purpose::Revision);
        let observer = Arc::new(Blind);
        let opening =
            Opening { name: "files".into(), role: Role::Target, revision_key, observer, quotas: Quotas::default() };
        Site::new(settings.open(opening).await.unwrap(), Alone).keeping(folder)
    }
}
