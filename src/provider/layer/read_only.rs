//! A store that refuses every change before it reaches the provider.

use std::sync::Arc;

use async_trait::async_trait;

use crate::model::{Capabilities, Dialect, ErrorKind, Finding, Kind, Listed, Mark, RemoteKey, Revision, Scope};
use crate::naming::Rule;
use crate::provider::contract::{Entry, Expect, Provider, Record, Role, Store, StoreInfo};
use crate::provider::error::{Error, Result};

/// Wraps a store so that nothing can change it; its capabilities say so too.
pub fn read_only(inner: Store) -> Store {
    let capabilities = Capabilities { write: false, ..inner.capabilities().clone() };
    Arc::new(ReadOnly { inner, capabilities })
}

#[derive(Debug)]
struct ReadOnly {
    inner: Store,
    capabilities: Capabilities,
}

impl ReadOnly {
    fn refuse<T>(&self, operation: &'static str, key: &RemoteKey) -> Result<T> {
        let context = "the store is opened as a source, which is never changed";
        Err(Error::new(ErrorKind::Unsupported, operation, &self.inner.info().name, context).about(key))
    }
}

#[async_trait]
impl Provider for ReadOnly {
    fn info(&self) -> &StoreInfo {
        self.inner.info()
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn rule(&self) -> &Rule {
        self.inner.rule()
    }

    fn dialect(&self) -> &Dialect {
        self.inner.dialect()
    }

    async fn check(&self, role: Role, kinds: &[Kind]) -> Vec<Finding> {
        self.inner.check(role, kinds).await
    }

    async fn list(&self, scope: &Scope) -> Result<Vec<Listed>> {
        self.inner.list(scope).await
    }

    async fn stat(&self, keys: &[RemoteKey]) -> Vec<Result<Option<Listed>>> {
        self.inner.stat(keys).await
    }

    async fn read(&self, keys: &[RemoteKey]) -> Vec<Result<Option<Record>>> {
        self.inner.read(keys).await
    }

    async fn write(&self, key: &RemoteKey, _: &Entry, _: &Expect) -> Result<Revision> {
        self.refuse("write", key)
    }

    async fn claim(&self, key: &RemoteKey, _: &Mark, _: &Expect) -> Result<Revision> {
        self.refuse("claim", key)
    }

    async fn release(&self, key: &RemoteKey, _: &Mark, _: &Expect) -> Result<Revision> {
        self.refuse("release", key)
    }

    async fn delete(&self, key: &RemoteKey, _: &Expect) -> Result<Option<Revision>> {
        self.refuse("delete", key)
    }

    async fn keeps(&self, versions: &[(RemoteKey, Revision)]) -> Vec<Result<bool>> {
        self.inner.keeps(versions).await
    }

    async fn restore(&self, key: &RemoteKey, _: &Revision, _: &Expect) -> Result<Revision> {
        self.refuse("restore", key)
    }
}
