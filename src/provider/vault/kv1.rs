//! KV v1: one map a key, without versions, marks or a way back. What is expected of a key, the `expect` layer looks at.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::client::Method;
use super::entry;
use super::layout::{Area, Layout, api};
use super::requests::{Ask, Reply, Requests};
use crate::model::{Action, Family, Listed, RemoteKey, Revision, SecretValue};
use crate::provider::{Content, Record, Repeat, Result};

/// The requests of a change: each is preceded by a look, as nothing guards it.
pub(super) const CALLS: &[(Action, Family, u32)] = &[
    (Action::Create, Family::Stat, 1),
    (Action::Create, Family::Write, 1),
    (Action::Update, Family::Read, 2),
    (Action::Update, Family::Write, 1),
    (Action::Delete, Family::Read, 1),
    (Action::Delete, Family::Delete, 1),
];

/// The engine of one store.
#[derive(Debug)]
pub(super) struct Kv1 {
    pub requests: Arc<Requests>,
    pub layout: Arc<Layout>,
}

#[derive(Deserialize)]
struct ReadAnswer<'a> {
    #[serde(borrow)]
    data: &'a RawValue,
}

impl Kv1 {
    /// Reads a key's map.
    pub async fn read(&self, key: &RemoteKey) -> Result<Option<Record>> {
        let ask = self.ask(key, ("read", Family::Read, Method::Read, Repeat::Safe), None, &["read"])?;
        let Reply::Done(answer) = self.requests.ask(&ask).await? else { return Ok(None) };
        let content = match serde_json::from_slice::<ReadAnswer<'_>>(&answer.body) {
            Ok(answer) => Content::Value(SecretValue::from(answer.data.get())),
            Err(_) => return Err(self.requests.malformed(&ask)),
        };
        Ok(Some(Record { listed: live(key), content }))
    }

    /// Looks whether a key is there. KV v1 has no other way than to read it; the value is dropped unseen.
    pub async fn stat(&self, key: &RemoteKey) -> Result<Option<Listed>> {
        let ask = self.ask(key, ("look up", Family::Stat, Method::Read, Repeat::Safe), None, &["read"])?;
        Ok(matches!(self.requests.ask(&ask).await?, Reply::Done(_)).then(|| live(key)))
    }

    /// Writes a key's map over whatever is there.
    pub async fn write(&self, key: &RemoteKey, value: &SecretValue) -> Result<Revision> {
        entry::check(self.requests.store(), key, value)?;
        let what = ("write", Family::Write, Method::Write, Repeat::OnlyWithoutEffect);
        let ask = self.ask(key, what, Some(value.expose()), &["create", "update"])?;
        match self.requests.ask(&ask).await? {
            Reply::Done(_) => Ok(unversioned()),
            Reply::Missing(answer) => Err(self.requests.refused(&ask, &answer)),
        }
    }

    /// Deletes a key for good.
    pub async fn delete(&self, key: &RemoteKey) -> Result<Option<Revision>> {
        let what = ("delete", Family::Delete, Method::Delete, Repeat::OnlyWithoutEffect);
        let ask = self.ask(key, what, None, &["delete"])?;
        self.requests.ask(&ask).await?;
        Ok(None)
    }

    fn ask<'a>(
        &self,
        key: &'a RemoteKey,
        (operation, family, method, repeat): (&'static str, Family, Method, Repeat),
        body: Option<&'a str>,
        capabilities: &'static [&'static str],
    ) -> Result<Ask<'a>> {
        let spot = self.layout.locate(key)?;
        let right = (self.layout.pattern(Area::Plain, spot), capabilities);
        Ok(Ask { operation, family, repeat, method, path: api(Area::Plain, spot), body, right, key: Some(key) })
    }
}

fn live(key: &RemoteKey) -> Listed {
    Listed::live(key.clone())
}

/// What stands for a revision where there is none.
fn unversioned() -> Revision {
    Revision::new("unversioned")
}
