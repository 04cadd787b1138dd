//! KV v2's calls: data with its version, metadata, deletes by version. What a change expects is decided in `change.rs`.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::client::{Answer, Method};
use super::entry;
use super::layout::{Area, Layout, api};
use super::ownership::Ownership;
use super::requests::{Ask, Reply, Requests};
use super::version::{Custom, MetadataAnswer, Seen, Version};
use crate::model::{Action, ErrorKind, Family, RemoteKey, SecretValue, State};
use crate::provider::{Content, Record, Repeat, Result};

/// The requests of a change: the value and its mark; the other keys of an entry that is written over; the looks about a delete.
pub(super) const CALLS: &[(Action, Family, u32)] = &[
    (Action::Create, Family::Write, 2),
    (Action::Update, Family::Read, 1),
    (Action::Update, Family::Write, 1),
    (Action::Restore, Family::Stat, 1),
    (Action::Restore, Family::Write, 1),
    (Action::Adopt, Family::Stat, 1),
    (Action::Adopt, Family::Write, 1),
    (Action::Release, Family::Stat, 1),
    (Action::Release, Family::Write, 1),
    (Action::Delete, Family::Stat, 2),
    (Action::Delete, Family::Delete, 1),
];

/// The engine of one store.
#[derive(Debug)]
pub(super) struct Kv2 {
    pub requests: Arc<Requests>,
    pub layout: Arc<Layout>,
    pub ownership: Ownership,
}

/// What a version holds.
pub(super) struct Held {
    /// The key, its version and custom metadata.
    pub seen: Seen,
    /// The value, unless it is deleted or destroyed.
    pub value: Option<SecretValue>,
}

#[derive(Deserialize)]
struct ReadAnswer<'a> {
    #[serde(borrow)]
    data: ReadData<'a>,
}

#[derive(Deserialize)]
struct ReadData<'a> {
    #[serde(borrow)]
    data: Option<&'a RawValue>,
    metadata: Version,
}

#[derive(Deserialize)]
struct WriteAnswer {
    data: Version,
}

impl Kv2 {
    /// Reads a key's current version; where `data/` knows nothing, `metadata/` tells an empty name from an absent one.
    pub async fn read(&self, key: &RemoteKey) -> Result<Option<Record>> {
        if let Some(Held { seen, value }) = self.data(key, None).await? {
            let content = value.map_or(Content::Nothing, Content::Value);
            return Ok(Some(Record { listed: seen.listed(key), content }));
        }
        match self.metadata(key).await {
            Ok(Some(seen)) if seen.state == State::Live => {
                let asked = self.ask(key, ("read", Family::Read, Method::Read), Area::Data, &["read"])?;
                Err(self.requests.error(&asked, ErrorKind::Unavailable, "the key was written while it was read"))
            }
            Ok(seen) => Ok(seen.map(|seen| Record { listed: seen.listed(key), content: Content::Nothing })),
            // `data/` said plainly that there is nothing to read; what the name is like we may not know.
            Err(error) if error.kind == ErrorKind::Denied => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Reads one version, or the current one; `None` where there is none.
    pub async fn data(&self, key: &RemoteKey, version: Option<u64>) -> Result<Option<Held>> {
        let mut ask = self.ask(key, ("read", Family::Read, Method::Read), Area::Data, &["read"])?;
        if let Some(version) = version {
            ask.path = format!("{}?version={version}", ask.path);
        }
        let (answer, must_hold) = match self.requests.ask(&ask).await? {
            Reply::Done(answer) => (answer, true),
            Reply::Missing(answer) => (answer, false),
        };
        match held(&answer) {
            Some(held) if held.value.is_some() || !must_hold => Ok(Some(held)),
            None if !must_hold => Ok(None),
            _ => Err(self.requests.malformed(&ask)),
        }
    }

    /// Looks at a key without its value.
    pub async fn metadata(&self, key: &RemoteKey) -> Result<Option<Seen>> {
        let Some((ask, answer, metadata)) = self.look(key).await? else { return Ok(None) };
        metadata.seen(answer.at()).map(Some).ok_or_else(|| self.requests.malformed(&ask))
    }

    /// Looks at the versions of a key without their values.
    pub async fn history(&self, key: &RemoteKey) -> Result<Option<MetadataAnswer>> {
        Ok(self.look(key).await?.map(|(.., metadata)| metadata))
    }

    async fn look<'a>(&self, key: &'a RemoteKey) -> Result<Option<(Ask<'a>, Answer, MetadataAnswer)>> {
        let ask = self.ask(key, ("look up", Family::Stat, Method::Read), Area::Metadata, &["read"])?;
        let Reply::Done(answer) = self.requests.ask(&ask).await? else { return Ok(None) };
        let metadata = self.requests.parse(&ask, &answer)?;
        Ok(Some((ask, answer, metadata)))
    }

    /// Writes a new version over version `cas`.
    pub async fn put(&self, key: &RemoteKey, value: &SecretValue, cas: u64) -> Result<Version> {
        let body = entry::versioned(value.expose(), cas);
        let mut ask = self.ask(key, ("write", Family::Write, Method::Write), Area::Data, &["create", "update"])?;
        ask.body = Some(&body);
        Ok(self.requests.fetch::<WriteAnswer>(&ask).await?.data)
    }

    /// Sets the custom metadata of a key that has none, or replaces it.
    pub async fn set_custom(&self, key: &RemoteKey, custom: &Custom) -> Result<()> {
        let body = serde_json::json!({ "custom_metadata": custom }).to_string();
        let mut ask = self.ask(key, ("mark", Family::Write, Method::Write), Area::Metadata, &["create", "update"])?;
        ask.body = Some(&body);
        self.done(&ask).await
    }

    /// Merges into the custom metadata of a key: `None` takes a pair away.
    pub async fn merge_custom(&self, key: &RemoteKey, pairs: &[(String, Option<String>)]) -> Result<()> {
        let custom: serde_json::Map<_, _> =
            pairs.iter().map(|(key, value)| (key.clone(), value.clone().into())).collect();
        let body = serde_json::json!({ "custom_metadata": custom }).to_string();
        let mut ask = self.ask(key, ("mark", Family::Write, Method::Merge), Area::Metadata, &["patch"])?;
        ask.body = Some(&body);
        self.done(&ask).await
    }

    /// Deletes one version softly; it has no compare-and-set, and needs none: a newer version stays as it is.
    pub async fn delete_version(&self, key: &RemoteKey, version: u64) -> Result<()> {
        self.versions(key, ("delete", Family::Delete, Method::Write), Area::Delete, version).await
    }

    /// Takes the soft delete of one version back.
    pub async fn undelete_version(&self, key: &RemoteKey, version: u64) -> Result<()> {
        self.versions(key, ("restore", Family::Write, Method::Write), Area::Undelete, version).await
    }

    async fn versions(
        &self,
        key: &RemoteKey,
        what: (&'static str, Family, Method),
        area: Area,
        version: u64,
    ) -> Result<()> {
        let body = format!(r#"{{"versions":[{version}]}}"#);
        let mut ask = self.ask(key, what, area, &["update"])?;
        ask.body = Some(&body);
        self.done(&ask).await
    }

    async fn done(&self, ask: &Ask<'_>) -> Result<()> {
        match self.requests.ask(ask).await? {
            Reply::Done(_) => Ok(()),
            Reply::Missing(answer) => Err(self.requests.refused(ask, &answer)),
        }
    }

    /// A request about a key. Each of these is harmless to repeat: reads, compare-and-set, and changes that say the same twice.
    fn ask<'a>(
        &self,
        key: &'a RemoteKey,
        (operation, family, method): (&'static str, Family, Method),
        area: Area,
        capabilities: &'static [&'static str],
    ) -> Result<Ask<'a>> {
        let spot = self.layout.locate(key)?;
        let right = (self.layout.pattern(area, spot), capabilities);
        let path = api(area, spot);
        Ok(Ask { operation, family, repeat: Repeat::Safe, method, path, body: None, right, key: Some(key) })
    }
}

// The value is cut out of the body as it stands there: numbers keep their spelling.
fn held(answer: &Answer) -> Option<Held> {
    let found: ReadAnswer<'_> = serde_json::from_slice(&answer.body).ok()?;
    let value = found.data.data.map(|raw| SecretValue::from(raw.get()));
    Some(Held { seen: found.data.metadata.seen(answer.at()), value })
}
