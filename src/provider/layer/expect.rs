//! A look just before every change, for stores that do not compare themselves. It narrows the window; it cannot close it.

use std::sync::Arc;

use async_trait::async_trait;
use subtle::ConstantTimeEq;

use crate::model::{
    Capabilities, Compare, Dialect, ErrorKind, Finding, Kind, Listed, Mark, RemoteKey, Revision, Scope, SecretValue,
    State,
};
use crate::naming::Rule;
use crate::provider::contract::{Content, Entry, Expect, Provider, Record, Role, Store, StoreInfo};
use crate::provider::error::{Error, Result};

/// Wraps a store so that every change looks again first; a store with compare-and-set is given back as it is.
pub fn expecting(inner: Store) -> Store {
    match inner.capabilities().compare {
        Compare::Set => inner,
        Compare::Create | Compare::None => Arc::new(Expecting { inner }),
    }
}

#[derive(Debug)]
struct Expecting {
    inner: Store,
}

/// What the look before a change found, when it is not a conflict.
#[derive(Debug, PartialEq, Eq)]
enum Look {
    AsExpected,
    Gone,
}

impl Expecting {
    /// Looks at the key and compares; gone is told apart because a delete has then nothing left to do.
    async fn look(&self, operation: &'static str, key: &RemoteKey, expect: &Expect) -> Result<Look> {
        let found = match expect {
            Expect::Anything => return Ok(Look::AsExpected),
            Expect::Holding(expected) => match self.read_one(operation, key).await? {
                Some(record) if holds(&record, expected) => return Ok(Look::AsExpected),
                Some(record) => Some(record.listed),
                None => None,
            },
            Expect::Absent | Expect::Deleted(_) | Expect::At(_) => self.stat_one(operation, key).await?,
        };
        let fits = match (expect, &found) {
            (Expect::Absent, None) => return Ok(Look::AsExpected),
            (_, None) => return Ok(Look::Gone),
            (Expect::Absent, Some(listed)) => listed.state == State::Empty,
            (Expect::Deleted(revision), Some(listed)) => is_at(listed, &[State::Deleted, State::Destroyed], revision),
            (Expect::At(revision), Some(listed)) => is_at(listed, &[State::Live], revision),
            (Expect::Holding(_) | Expect::Anything, Some(_)) => false,
        };
        if fits { Ok(Look::AsExpected) } else { Err(self.conflict(operation, key)) }
    }

    /// As [`Expecting::look`], for a change that needs the key to be there.
    async fn insist(&self, operation: &'static str, key: &RemoteKey, expect: &Expect) -> Result<()> {
        match self.look(operation, key, expect).await? {
            Look::AsExpected => Ok(()),
            Look::Gone => Err(self.conflict(operation, key)),
        }
    }

    /// Stats one key, and reads it where the store says its revision only then.
    async fn stat_one(&self, operation: &'static str, key: &RemoteKey) -> Result<Option<Listed>> {
        let keys = std::slice::from_ref(key);
        let listed = self.inner.stat(keys).await.pop().unwrap_or_else(|| Err(self.no_answer(operation, key)))?;
        match listed {
            Some(listed) if listed.revision.is_none() && listed.state != State::Empty => {
                Ok(self.read_one(operation, key).await?.map(|record| record.listed))
            }
            known => Ok(known),
        }
    }

    async fn read_one(&self, operation: &'static str, key: &RemoteKey) -> Result<Option<Record>> {
        let answer = self.inner.read(std::slice::from_ref(key)).await.pop();
        answer.unwrap_or_else(|| Err(self.no_answer(operation, key)))
    }

    fn conflict(&self, operation: &'static str, key: &RemoteKey) -> Error {
        self.error(ErrorKind::Conflict, operation, key, "the key is not as it was planned against")
            .with_remedy("run again: the plan will show what changed")
    }

    fn no_answer(&self, operation: &'static str, key: &RemoteKey) -> Error {
        self.error(ErrorKind::Unexpected, operation, key, "no answer to the look before the change")
    }

    fn error(&self, kind: ErrorKind, operation: &'static str, key: &RemoteKey, context: &str) -> Error {
        Error::new(kind, operation, &self.inner.info().name, context).about(key)
    }
}

fn is_at(listed: &Listed, states: &[State], revision: &Revision) -> bool {
    states.contains(&listed.state) && listed.revision.as_ref() == Some(revision)
}

fn holds(record: &Record, expected: &SecretValue) -> bool {
    match &record.content {
        Content::Value(value) => value.expose().as_bytes().ct_eq(expected.expose().as_bytes()).into(),
        Content::Nothing | Content::Quarantined(_) => false,
    }
}

#[async_trait]
impl Provider for Expecting {
    fn info(&self) -> &StoreInfo {
        self.inner.info()
    }

    fn capabilities(&self) -> &Capabilities {
        self.inner.capabilities()
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

    async fn write(&self, key: &RemoteKey, entry: &Entry, expect: &Expect) -> Result<Revision> {
        // A store that guards creates needs no look for them: its own is the better one.
        let guarded = self.capabilities().compare == Compare::Create && *expect == Expect::Absent;
        if !guarded {
            self.insist("write", key, expect).await?;
        }
        self.inner.write(key, entry, expect).await
    }

    async fn claim(&self, key: &RemoteKey, mark: &Mark, expect: &Expect) -> Result<Revision> {
        self.insist("claim", key, expect).await?;
        self.inner.claim(key, mark, expect).await
    }

    async fn release(&self, key: &RemoteKey, mark: &Mark, expect: &Expect) -> Result<Revision> {
        self.insist("release", key, expect).await?;
        self.inner.release(key, mark, expect).await
    }

    async fn delete(&self, key: &RemoteKey, expect: &Expect) -> Result<Option<Revision>> {
        match self.look("delete", key, expect).await? {
            Look::AsExpected => self.inner.delete(key, expect).await,
            Look::Gone => Ok(None),
        }
    }

    async fn keeps(&self, versions: &[(RemoteKey, Revision)]) -> Vec<Result<bool>> {
        self.inner.keeps(versions).await
    }

    async fn restore(&self, key: &RemoteKey, revision: &Revision, expect: &Expect) -> Result<Revision> {
        self.insist("restore", key, expect).await?;
        self.inner.restore(key, revision, expect).await
    }
}
