//! Secret Manager's API: one request, one answer, in our own small types. Knows nothing of kinds, marks or policies.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;

use google_cloud_gax::error::Error as SdkError;
use google_cloud_gax::error::rpc::Code;
use google_cloud_secretmanager_v1::client::SecretManagerService as Api;
use google_cloud_secretmanager_v1::model::replication::user_managed::Replica;
use google_cloud_secretmanager_v1::model::replication::{Automatic, UserManaged};
use google_cloud_secretmanager_v1::model::{
    CustomerManagedEncryption, Replication, Secret, SecretPayload, UpdateSecretRequest,
};

use super::answer::{self, Flaw, Held, Number, Page, Seen, Version};
use super::session::Session;
use super::{entry, fault};
use crate::model::{ErrorKind, Family, RemoteKey, SecretValue};
use crate::provider::{Caller, Error, Repeat, Result};

/// The most secrets, or versions, of one page.
const PAGE: i32 = 25_000;
/// The alias of the newest version.
const LATEST: &str = "latest";

/// One project's secrets, global ones or those of one location.
pub(super) struct Client {
    api: Api,
    caller: Caller,
    store: String,
    /// What secrets are asked for below: `projects/P` or `projects/P/locations/L`.
    parent: String,
    reach: Reach,
}

/// Where the service keeps a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// Where its replication says.
    Global,
    /// In the one location it was made in.
    Regional,
}

/// What is asked, for errors and paces.
#[derive(Clone, Copy)]
struct Ask {
    operation: &'static str,
    family: Family,
    repeat: Repeat,
}

/// Which version of a secret is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    /// The newest one, by an alias that may lag behind for minutes.
    Latest,
    /// One by its number, which the service answers as of now.
    Number(Number),
}

/// A secret that is to be, still without a version.
pub(super) struct New<'a> {
    /// Its annotations.
    pub annotations: &'a [(String, String)],
    /// Its labels.
    pub labels: &'a [(&'a str, &'a str)],
    /// Where its values are kept.
    pub homes: &'a Homes,
}

/// Where values are kept, and by which key they are encrypted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Homes {
    /// Locations; left to Google where there are none.
    pub locations: Vec<String>,
    /// The key of the project's own; Google's where left out.
    pub kms_key: Option<String>,
}

/// What an attempt came to: an answer, or the plain word that there is no such secret or version.
type Attempt<T> = Result<Option<T>>;

impl Client {
    /// Makes a client of an opened session.
    pub fn new(session: &Session) -> Self {
        Self {
            api: session.client.clone(),
            caller: session.caller.clone(),
            store: session.store.clone(),
            parent: session.parent(),
            reach: if session.location.is_some() { Reach::Regional } else { Reach::Global },
        }
    }

    /// One page of all secrets.
    pub async fn page(&self, token: Option<&str>) -> Result<Page<Seen>> {
        let ask = Ask { operation: "list", family: Family::List, repeat: Repeat::Safe };
        let request = || {
            let list = self.api.list_secrets().set_parent(&self.parent).set_page_size(PAGE);
            list.set_page_token(token.unwrap_or_default()).send()
        };
        let answer = self.send(ask, None, request).await?;
        answer.map(Page::from).ok_or_else(|| {
            let error = Error::new(ErrorKind::Invalid, "list", &self.store, format!("there is no {}", self.parent));
            error.with_remedy("see that project, location and endpoint-url are right").of_the_store()
        })
    }

    /// Looks at a secret.
    pub async fn look(&self, key: &RemoteKey) -> Result<Option<Seen>> {
        let ask = Ask { operation: "look up", family: Family::Stat, repeat: Repeat::Safe };
        let name = self.secret(ask.operation, key)?;
        let answer = self.send(ask, Some(key), || self.api.get_secret().set_name(&name).send()).await?;
        answer.map(answer::seen).transpose().map_err(|flaw| self.flawed(ask, key, flaw))
    }

    /// Looks at a version; a secret without any answers as an absent one does.
    pub async fn version(&self, key: &RemoteKey, which: Which) -> Result<Option<Version>> {
        let ask = Ask { operation: "look up", family: Family::Stat, repeat: Repeat::Safe };
        let name = self.of_version(ask.operation, key, which)?;
        let answer = self.send(ask, Some(key), || self.api.get_secret_version().set_name(&name).send()).await?;
        answer.map(answer::version).transpose().map_err(|flaw| self.flawed(ask, key, flaw))
    }

    /// Reads a version; a secret without any answers as an absent one does, and one that is disabled or destroyed is `Conflict`.
    pub async fn value(&self, key: &RemoteKey, which: Which) -> Result<Option<Held>> {
        let ask = Ask { operation: "read", family: Family::Read, repeat: Repeat::Safe };
        let name = self.of_version(ask.operation, key, which)?;
        let answer = self.send(ask, Some(key), || self.api.access_secret_version().set_name(&name).send()).await?;
        answer.map(answer::held).transpose().map_err(|flaw| self.flawed(ask, key, flaw))
    }

    /// One page of a secret's versions, the newest first.
    pub async fn versions(&self, key: &RemoteKey, token: Option<&str>) -> Result<Option<Page<Version>>> {
        let ask = Ask { operation: "list versions", family: Family::Stat, repeat: Repeat::Safe };
        let name = self.secret(ask.operation, key)?;
        let request = || {
            let list = self.api.list_secret_versions().set_parent(&name).set_page_size(PAGE);
            list.set_page_token(token.unwrap_or_default()).send()
        };
        Ok(self.send(ask, Some(key), request).await?.map(Page::from))
    }

    /// Makes a secret, still without a version. `Conflict` where the name is taken, by an earlier attempt of this call too.
    pub async fn create(&self, key: &RemoteKey, new: &New<'_>) -> Result<()> {
        let ask = Ask { operation: "write", family: Family::Write, repeat: Repeat::Safe };
        let name = entry::name(ask.operation, &self.store, key)?;
        let secret = self.described(new);
        let request = || {
            let create = self.api.create_secret().set_parent(&self.parent).set_secret_id(name);
            create.set_secret(secret.clone()).send()
        };
        let answer = self.send(ask, Some(key), request).await?;
        answer.map(drop).ok_or_else(|| {
            let context = format!("there is no {}", self.parent);
            let error = Error::new(ErrorKind::Invalid, ask.operation, &self.store, context).about(key);
            error.with_remedy("see that project, location and endpoint-url are right")
        })
    }

    /// Adds a version; gives its number. It is never sent twice unless Google says that it did nothing: each one that
    /// arrives adds a version.
    pub async fn add(&self, key: &RemoteKey, value: &SecretValue) -> Result<Option<Number>> {
        let ask = Ask { operation: "write", family: Family::Write, repeat: Repeat::OnlyWithoutEffect };
        let name = self.secret(ask.operation, key)?;
        let request = || {
            let bytes = value.expose().as_bytes();
            let payload = SecretPayload::new().set_data(bytes.to_vec()).set_data_crc32c(answer::checksum(bytes));
            self.api.add_secret_version().set_parent(&name).set_payload(payload).send()
        };
        let answer = self.send(ask, Some(key), request).await?;
        let added = answer.map(answer::version).transpose();
        added
            .map(|version| version.map(|version| version.number))
            .map_err(|flaw| self.flawed(ask, key, flaw).of_unknown_effect())
    }

    /// Gives a secret these annotations in place of all it has, unless it was changed since `etag`, which is `Conflict`.
    pub async fn annotate(
        &self,
        operation: &'static str,
        key: &RemoteKey,
        annotations: BTreeMap<String, String>,
        etag: &str,
    ) -> Result<Option<()>> {
        let ask = Ask { operation, family: Family::Write, repeat: Repeat::Safe };
        let name = self.secret(operation, key)?;
        let secret = Secret::new().set_name(&name).set_etag(etag).set_annotations(annotations);
        let mut update = UpdateSecretRequest::new().set_secret(secret);
        update.update_mask.get_or_insert_default().paths = vec!["annotations".to_owned()];
        let request = || self.api.update_secret().with_request(update.clone()).send();
        Ok(self.send(ask, Some(key), request).await?.map(drop))
    }

    /// Destroys the value of a version for good.
    pub async fn destroy(&self, key: &RemoteKey, number: Number) -> Result<Option<()>> {
        let ask = Ask { operation: "destroy a version", family: Family::Delete, repeat: Repeat::Safe };
        let name = self.of_version(ask.operation, key, Which::Number(number))?;
        let request = || self.api.destroy_secret_version().set_name(&name).send();
        Ok(self.send(ask, Some(key), request).await?.map(drop))
    }

    /// Deletes a secret with all its versions, for good.
    pub async fn delete(&self, key: &RemoteKey) -> Result<Option<()>> {
        let ask = Ask { operation: "delete", family: Family::Delete, repeat: Repeat::OnlyWithoutEffect };
        let name = self.secret(ask.operation, key)?;
        Ok(self.send(ask, Some(key), || self.api.delete_secret().set_name(&name).send()).await?.map(drop))
    }

    fn described(&self, new: &New<'_>) -> Secret {
        let labels = new.labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        let secret = Secret::new().set_annotations(new.annotations.iter().cloned()).set_labels(labels);
        let key = new.homes.kms_key.as_ref().map(|name| CustomerManagedEncryption::new().set_kms_key_name(name));
        match self.reach {
            Reach::Regional => secret.set_or_clear_customer_managed_encryption(key),
            Reach::Global if new.homes.locations.is_empty() => {
                let automatic = Automatic::new().set_or_clear_customer_managed_encryption(key);
                secret.set_replication(Replication::new().set_automatic(automatic))
            }
            Reach::Global => {
                let home = |location: &String| {
                    let replica = Replica::new().set_location(location);
                    replica.set_or_clear_customer_managed_encryption(key.clone())
                };
                let chosen = UserManaged::new().set_replicas(new.homes.locations.iter().map(home));
                secret.set_replication(Replication::new().set_user_managed(chosen))
            }
        }
    }

    fn secret(&self, operation: &'static str, key: &RemoteKey) -> Result<String> {
        let name = entry::name(operation, &self.store, key)?;
        Ok(format!("{}/secrets/{name}", self.parent))
    }

    fn of_version(&self, operation: &'static str, key: &RemoteKey, which: Which) -> Result<String> {
        let secret = self.secret(operation, key)?;
        Ok(match which {
            Which::Latest => format!("{secret}/versions/{LATEST}"),
            Which::Number(number) => format!("{secret}/versions/{number}"),
        })
    }

    async fn send<T, F, Fut>(&self, ask: Ask, key: Option<&RemoteKey>, request: F) -> Attempt<T>
    where
        F: Fn() -> Fut,
        Fut: Future<Output = std::result::Result<T, SdkError>>,
    {
        let attempt = || async {
            match request().await {
                Ok(answer) => Ok(Some(answer)),
                Err(error) if is_missing(&error) => Ok(None),
                Err(error) => Err(fault::sort(ask.operation, &self.store, &error)),
            }
        };
        let answer = self.caller.call(ask.family, ask.operation, ask.repeat, attempt).await;
        answer.map_err(|error| match key {
            Some(key) => error.about(key),
            None => error,
        })
    }

    fn flawed(&self, ask: Ask, key: &RemoteKey, flaw: Flaw) -> Error {
        let context = format!("the answer cannot be taken: {}", flaw.0);
        Error::new(ErrorKind::Unexpected, ask.operation, &self.store, context).about(key)
    }
}

/// Tells whether the service itself says that there is no such thing; a 404 of anybody else says nothing of secrets.
fn is_missing(error: &SdkError) -> bool {
    fault::code(error) == Some(Code::NotFound)
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("store", &self.store).field("parent", &self.parent).finish_non_exhaustive()
    }
}
