//! Secrets Manager's API: one request, one answer, in our own small types. Knows nothing of kinds, marks or policies.

use std::fmt;
use std::future::Future;

use aws_sdk_secretsmanager::Client as Api;
use aws_sdk_secretsmanager::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_secretsmanager::types::{Filter, FilterNameStringType, Tag};

use super::answer::{Batch, Held, Page, Seen, Versions};
use super::fault;
use crate::model::{ErrorKind, Family, RemoteKey, SecretValue};
use crate::provider::aws::fault::code;
use crate::provider::aws::session::Session;
use crate::provider::{Caller, Error, Repeat, RequestToken, Result};

/// The most secrets of one page of a listing.
const PAGE: i32 = 100;
/// The label of the version that is read.
pub(super) const CURRENT: &str = "AWSCURRENT";

/// One account's secrets in one region.
pub(super) struct Client {
    api: Api,
    caller: Caller,
    store: String,
    region: String,
}

/// What is asked, for errors and paces.
#[derive(Clone, Copy)]
struct Ask {
    operation: &'static str,
    family: Family,
    repeat: Repeat,
}

/// Which value of a secret is asked for.
#[derive(Clone, Copy)]
pub(super) enum Which<'a> {
    /// That of the version with the label.
    Current,
    /// Whichever the service gives when nobody says, as Airflow does not.
    Unsaid,
    /// That of one version.
    Version(&'a str),
}

/// A secret that is to be.
pub(super) struct New<'a> {
    /// What it holds.
    pub value: &'a SecretValue,
    /// What makes a repeat harmless; becomes the version's id.
    pub token: &'a RequestToken,
    /// Its tags.
    pub tags: &'a [(String, String)],
    /// Its description.
    pub description: Option<&'a str>,
    /// The key it is encrypted with; the account's own where left out.
    pub kms_key: Option<&'a str>,
}

/// What an attempt came to: an answer, or the plain word that there is no such secret.
type Attempt<T> = Result<Option<T>>;

impl Client {
    /// Makes a client of an opened session.
    pub fn new(session: &Session) -> Self {
        let Session { store, config, caller, region, .. } = session.clone();
        Self { api: Api::new(&config), caller, store, region }
    }

    /// The region it asks.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// The store's name in the config.
    pub fn store(&self) -> &str {
        &self.store
    }

    /// One page of the secrets whose names begin with one of `prefixes`, or of all where there are none, those scheduled for
    /// deletion included.
    pub async fn page(&self, prefixes: &[String], token: Option<&str>) -> Result<Page> {
        let ask = Ask { operation: "list", family: Family::List, repeat: Repeat::Safe };
        let filter = (!prefixes.is_empty()).then(|| {
            let filter = Filter::builder().key(FilterNameStringType::Name);
            filter.set_values(Some(prefixes.to_vec())).build()
        });
        let request = || {
            let list = self.api.list_secrets().include_planned_deletion(true).max_results(PAGE);
            list.set_filters(filter.clone().map(|filter| vec![filter])).set_next_token(token.map(str::to_owned)).send()
        };
        let answer = self.send(ask, None, request).await?;
        answer.map(Page::from).ok_or_else(|| self.error(ask, ErrorKind::Unexpected, "the listing is said not to exist"))
    }

    /// Looks at a secret without its value.
    pub async fn describe(&self, key: &RemoteKey) -> Result<Option<Seen>> {
        let ask = Ask { operation: "look up", family: Family::Stat, repeat: Repeat::Safe };
        let request = || self.api.describe_secret().secret_id(key.as_str()).send();
        Ok(self.send(ask, Some(key), request).await?.map(Seen::from))
    }

    /// The values of up to 20 secrets, and for each of the others why it has none; `token` asks for what did not fit before.
    pub async fn batch(&self, ids: &[String], token: Option<&str>) -> Result<Batch> {
        let ask = Ask { operation: "read", family: Family::Read, repeat: Repeat::Safe };
        let request = || {
            let get = self.api.batch_get_secret_value().set_secret_id_list(Some(ids.to_vec()));
            get.set_next_token(token.map(str::to_owned)).send()
        };
        let answer = self.send(ask, None, request).await?;
        answer.map(Batch::from).ok_or_else(|| self.error(ask, ErrorKind::Unexpected, "the batch is said not to exist"))
    }

    /// A value of one secret; a secret without it answers as an absent one does.
    pub async fn value(&self, key: &RemoteKey, which: Which<'_>) -> Result<Option<Held>> {
        let ask = Ask { operation: "read", family: Family::Read, repeat: Repeat::Safe };
        let request = || {
            let get = self.api.get_secret_value().secret_id(key.as_str());
            match which {
                Which::Current => get.version_stage(CURRENT),
                Which::Unsaid => get,
                Which::Version(id) => get.version_id(id),
            }
            .send()
        };
        Ok(self.send(ask, Some(key), request).await?.map(Held::from))
    }

    /// Makes a secret; gives the version's id. `Conflict` where the name is taken.
    pub async fn create(&self, key: &RemoteKey, new: &New<'_>) -> Result<String> {
        let ask = Ask { operation: "write", family: Family::Write, repeat: Repeat::Safe };
        let tags: Vec<Tag> = new.tags.iter().map(tag).collect();
        let request = || {
            let create = self.api.create_secret().name(key.as_str()).client_request_token(&new.token.0);
            create
                .secret_string(new.value.expose())
                .set_tags((!tags.is_empty()).then(|| tags.clone()))
                .set_description(new.description.map(str::to_owned))
                .set_kms_key_id(new.kms_key.map(str::to_owned))
                .send()
        };
        let answer = self.send(ask, Some(key), request).await?;
        self.version(ask, key, answer.and_then(|answer| answer.version_id))
    }

    /// Adds a version and makes it the current one; gives its id. The same token and value twice add one version.
    pub async fn put(&self, key: &RemoteKey, value: &SecretValue, token: &RequestToken) -> Result<Option<String>> {
        let ask = Ask { operation: "write", family: Family::Write, repeat: Repeat::Safe };
        let request = || {
            let put = self.api.put_secret_value().secret_id(key.as_str());
            put.client_request_token(&token.0).secret_string(value.expose()).send()
        };
        match self.send(ask, Some(key), request).await? {
            None => Ok(None),
            Some(answer) => self.version(ask, key, answer.version_id).map(Some),
        }
    }

    /// As [`put`](Self::put), and sets the description with it.
    pub async fn put_described(
        &self,
        key: &RemoteKey,
        value: &SecretValue,
        token: &RequestToken,
        description: &str,
    ) -> Result<Option<String>> {
        let ask = Ask { operation: "write", family: Family::Write, repeat: Repeat::Safe };
        let request = || {
            let update = self.api.update_secret().secret_id(key.as_str()).description(description);
            update.client_request_token(&token.0).secret_string(value.expose()).send()
        };
        match self.send(ask, Some(key), request).await? {
            None => Ok(None),
            Some(answer) => self.version(ask, key, answer.version_id).map(Some),
        }
    }

    /// Adds tags, or gives those of the same keys new values.
    pub async fn tag(&self, key: &RemoteKey, tags: &[(String, String)]) -> Result<Option<()>> {
        let ask = Ask { operation: "mark", family: Family::Write, repeat: Repeat::Safe };
        let tags: Vec<Tag> = tags.iter().map(tag).collect();
        let request = || self.api.tag_resource().secret_id(key.as_str()).set_tags(Some(tags.clone())).send();
        Ok(self.send(ask, Some(key), request).await?.map(drop))
    }

    /// Takes tags away by their keys.
    pub async fn untag(&self, key: &RemoteKey, tags: &[String]) -> Result<Option<()>> {
        let ask = Ask { operation: "release", family: Family::Write, repeat: Repeat::Safe };
        let request = || self.api.untag_resource().secret_id(key.as_str()).set_tag_keys(Some(tags.to_vec())).send();
        Ok(self.send(ask, Some(key), request).await?.map(drop))
    }

    /// Schedules a secret for deletion in so many days; never for less than the seven that AWS keeps it at least.
    pub async fn delete(&self, key: &RemoteKey, days: i64) -> Result<Option<()>> {
        let ask = Ask { operation: "delete", family: Family::Delete, repeat: Repeat::OnlyWithoutEffect };
        let request = || self.api.delete_secret().secret_id(key.as_str()).recovery_window_in_days(days).send();
        Ok(self.send(ask, Some(key), request).await?.map(drop))
    }

    /// Takes a scheduled deletion back.
    pub async fn restore(&self, key: &RemoteKey) -> Result<Option<()>> {
        let ask = Ask { operation: "restore", family: Family::Write, repeat: Repeat::Safe };
        let request = || self.api.restore_secret().secret_id(key.as_str()).send();
        Ok(self.send(ask, Some(key), request).await?.map(drop))
    }

    /// One page of a secret's versions, those without any label included.
    pub async fn versions(&self, key: &RemoteKey, token: Option<&str>) -> Result<Option<Versions>> {
        let ask = Ask { operation: "list versions", family: Family::Stat, repeat: Repeat::Safe };
        let request = || {
            let list = self.api.list_secret_version_ids().secret_id(key.as_str()).include_deprecated(true);
            list.max_results(PAGE).set_next_token(token.map(str::to_owned)).send()
        };
        Ok(self.send(ask, Some(key), request).await?.map(Versions::from))
    }

    /// Makes version `to` the current one, provided that `from` still is; AWS refuses it otherwise.
    pub async fn move_current(&self, key: &RemoteKey, from: &str, to: &str) -> Result<Option<()>> {
        let ask = Ask { operation: "restore", family: Family::Write, repeat: Repeat::OnlyWithoutEffect };
        let request = || {
            let update = self.api.update_secret_version_stage().secret_id(key.as_str()).version_stage(CURRENT);
            update.move_to_version_id(to).remove_from_version_id(from).send()
        };
        Ok(self.send(ask, Some(key), request).await?.map(drop))
    }

    async fn send<T, E, F, Fut>(&self, ask: Ask, key: Option<&RemoteKey>, request: F) -> Attempt<T>
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
        F: Fn() -> Fut,
        Fut: Future<Output = std::result::Result<T, SdkError<E>>>,
    {
        let attempt = || async {
            match request().await {
                Ok(answer) => Ok(Some(answer)),
                Err(error) if fault::is_missing(code(&error)) => Ok(None),
                Err(error) => Err(fault::told(ask.operation, &self.store, ask.family, &error)),
            }
        };
        let answer = self.caller.call(ask.family, ask.operation, ask.repeat, attempt).await;
        answer.map_err(|error| match key {
            Some(key) => error.about(key),
            None => error,
        })
    }

    fn version(&self, ask: Ask, key: &RemoteKey, version: Option<String>) -> Result<String> {
        // An id goes into reports: an endpoint that repeats what it was sent must not get a value there.
        let is_id =
            |text: &String| text.len() <= 64 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        version.filter(is_id).ok_or_else(|| {
            let error = self.error(ask, ErrorKind::Unexpected, "the answer names no version");
            error.about(key).of_unknown_effect()
        })
    }

    fn error(&self, ask: Ask, kind: ErrorKind, context: &str) -> Error {
        Error::new(kind, ask.operation, &self.store, context)
    }
}

fn tag((key, value): &(String, String)) -> Tag {
    Tag::builder().key(key).value(value).build()
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("store", &self.store).field("region", &self.region).finish_non_exhaustive()
    }
}
