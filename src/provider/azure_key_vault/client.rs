//! Key Vault's API for secrets: one request, one answer, in our own small types. Knows nothing of kinds, marks or policies.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use azure_core::http::pager::{PagerContinuation, PagerOptions};
use azure_core::http::{PageIterator, RequestContent, Response, Url};
use azure_core::time::OffsetDateTime;
use azure_security_keyvault_secrets::SecretClient;
use azure_security_keyvault_secrets::models::{
    DeletedSecretProperties, SecretAttributes, SecretClientGetSecretOptions,
    SecretClientListDeletedSecretPropertiesOptions, SecretClientListSecretPropertiesOptions,
    SecretClientListSecretPropertiesVersionsOptions, SecretProperties, SetSecretParameters,
    UpdateSecretPropertiesParameters,
};
use futures::StreamExt;
use serde::de::DeserializeOwned;

use super::answer::{Held, Page, RawPage, Seen, Tags};
use super::entry;
use super::fault;
use super::said::Said;
use super::session::Session;
use crate::model::{ErrorKind, Family, RemoteKey, SecretValue};
use crate::provider::{Caller, Error, Repeat, Result};

/// The most secrets of one page of a listing.
const PAGE: i32 = 25;

/// One vault's secrets.
pub(super) struct Client {
    api: Arc<SecretClient>,
    caller: Caller,
    store: String,
}

/// What is asked, for errors and paces.
#[derive(Clone, Copy)]
struct Ask {
    operation: &'static str,
    family: Family,
    repeat: Repeat,
}

/// A version that is to be. What is left out the service takes for unsaid, not for "as before".
#[derive(Debug, Clone)]
pub(super) struct New<'a> {
    /// What it holds.
    pub value: &'a SecretValue,
    /// All its tags.
    pub tags: &'a Tags,
    /// What the text is.
    pub content_type: Option<&'a str>,
    /// Seconds.
    pub expires: Option<i64>,
    /// Seconds.
    pub not_before: Option<i64>,
}

/// An answer, or what the vault says of the secret instead.
pub(super) type Answer<T> = std::result::Result<T, Said>;

impl Client {
    /// Makes a client of an opened session.
    pub fn new(session: &Session) -> Self {
        Self { api: Arc::clone(&session.client), caller: session.caller.clone(), store: session.store.clone() }
    }

    /// The store's name in the config.
    pub fn store(&self) -> &str {
        &self.store
    }

    /// One page of the live secrets; `link` asks for a page after the first.
    pub async fn page(&self, link: Option<&str>) -> Result<Page> {
        let ask = Ask { operation: "list", family: Family::List, repeat: Repeat::Safe };
        let pages = |continuation| {
            let method_options = PagerOptions { continuation, ..PagerOptions::default() };
            let options = SecretClientListSecretPropertiesOptions { maxresults: Some(PAGE), method_options };
            Ok(self.api.list_secret_properties(Some(options))?.into_pages())
        };
        self.listed::<_, SecretProperties>(ask, link, pages).await
    }

    /// One page of the softly deleted secrets.
    pub async fn deleted_page(&self, link: Option<&str>) -> Result<Page> {
        let ask = Ask { operation: "list deleted", family: Family::List, repeat: Repeat::Safe };
        let pages = |continuation| {
            let method_options = PagerOptions { continuation, ..PagerOptions::default() };
            let options = SecretClientListDeletedSecretPropertiesOptions { maxresults: Some(PAGE), method_options };
            Ok(self.api.list_deleted_secret_properties(Some(options))?.into_pages())
        };
        self.listed::<_, DeletedSecretProperties>(ask, link, pages).await
    }

    /// One page of a secret's versions, in no order; of a secret that is not there the page is empty, or the word that it
    /// is missing.
    pub async fn versions(&self, key: &RemoteKey, link: Option<&str>) -> Result<Page> {
        entry::check_name(&self.store, "list versions", key)?;
        let ask = Ask { operation: "list versions", family: Family::Stat, repeat: Repeat::Safe };
        let pages = |continuation| {
            let method_options = PagerOptions { continuation, ..PagerOptions::default() };
            let options = SecretClientListSecretPropertiesVersionsOptions { maxresults: Some(PAGE), method_options };
            Ok(self.api.list_secret_properties_versions(key.as_str(), Some(options))?.into_pages())
        };
        self.listed::<_, SecretProperties>(ask, link, pages).await.map_err(|error| error.about(key))
    }

    /// Reads a secret's latest version, or the one that is named.
    pub async fn get(&self, key: &RemoteKey, version: Option<&str>) -> Result<Answer<Held>> {
        self.fetch(Ask { operation: "read", family: Family::Read, repeat: Repeat::Safe }, key, version).await
    }

    /// Looks at a secret's latest version. Key Vault tells of one secret only together with its value, which is wiped here.
    pub async fn look(&self, key: &RemoteKey) -> Result<Answer<Seen>> {
        let ask = Ask { operation: "look up", family: Family::Stat, repeat: Repeat::Safe };
        Ok(self.fetch(ask, key, None).await?.map(|held| held.seen))
    }

    async fn fetch(&self, ask: Ask, key: &RemoteKey, version: Option<&str>) -> Result<Answer<Held>> {
        let request = || {
            let secret_version = version.map(str::to_owned);
            let options = SecretClientGetSecretOptions { secret_version, ..SecretClientGetSecretOptions::default() };
            self.api.get_secret(key.as_str(), Some(options))
        };
        Ok(self.send(ask, key, request).await?.map(Held::from))
    }

    /// Looks at a softly deleted secret.
    pub async fn deleted(&self, key: &RemoteKey) -> Result<Answer<Seen>> {
        let ask = Ask { operation: "look up deleted", family: Family::Stat, repeat: Repeat::Safe };
        let request = || self.api.get_deleted_secret(key.as_str(), None);
        Ok(self.send(ask, key, request).await?.map(Seen::from))
    }

    /// Adds a version, to a secret or a new one; gives what lies beside it. A repeat would add another version.
    pub async fn set(&self, key: &RemoteKey, new: &New<'_>) -> Result<Answer<Seen>> {
        let ask = Ask { operation: "write", family: Family::Write, repeat: Repeat::OnlyWithoutEffect };
        entry::check_value(&self.store, key, new.value)?;
        let request = || async {
            let content = RequestContent::try_from(new.parameters())?;
            self.api.set_secret(key.as_str(), content, None).await
        };
        Ok(self.send(ask, key, request).await?.map(|secret| Held::from(secret).seen))
    }

    /// Puts these tags on the latest version instead of those it has; value and all else stay.
    pub async fn retag(&self, key: &RemoteKey, tags: &Tags) -> Result<Answer<Seen>> {
        let ask = Ask { operation: "mark", family: Family::Write, repeat: Repeat::Safe };
        let request = || async {
            let tags = Some(tags.clone().into_iter().collect());
            let parameters = UpdateSecretPropertiesParameters { tags, ..UpdateSecretPropertiesParameters::default() };
            self.api.update_secret_properties(key.as_str(), parameters.try_into()?, None).await
        };
        Ok(self.send(ask, key, request).await?.map(|secret| Held::from(secret).seen))
    }

    /// Begins to delete a secret softly.
    pub async fn delete(&self, key: &RemoteKey) -> Result<Answer<Seen>> {
        let ask = Ask { operation: "delete", family: Family::Delete, repeat: Repeat::OnlyWithoutEffect };
        let request = || self.api.delete_secret(key.as_str(), None);
        Ok(self.send(ask, key, request).await?.map(Seen::from))
    }

    /// Begins to take a deletion back.
    pub async fn recover(&self, key: &RemoteKey) -> Result<Answer<Seen>> {
        let ask = Ask { operation: "recover", family: Family::Write, repeat: Repeat::OnlyWithoutEffect };
        let request = || self.api.recover_deleted_secret(key.as_str(), None);
        Ok(self.send(ask, key, request).await?.map(|secret| Held::from(secret).seen))
    }

    /// Every request about one secret: its name is checked first, as the SDK pastes it into the URL as it is.
    async fn send<T, F, Fut>(&self, ask: Ask, key: &RemoteKey, request: F) -> Result<Answer<T>>
    where
        T: DeserializeOwned,
        F: Fn() -> Fut,
        Fut: Future<Output = azure_core::Result<Response<T>>>,
    {
        entry::check_name(&self.store, ask.operation, key)?;
        let attempt = || async {
            let answer = match request().await {
                Ok(answer) => answer.into_model(),
                Err(error) => Err(error),
            };
            match answer {
                Ok(answer) => Ok(Ok(answer)),
                Err(error) => match Said::of(&error) {
                    Some(said) => Ok(Err(said)),
                    None => Err(fault::sort(ask.operation, &self.store, &error)),
                },
            }
        };
        let answer = self.caller.call(ask.family, ask.operation, ask.repeat, attempt).await;
        answer.map_err(|error| error.about(key))
    }

    /// One page, and the link to the next. A link out of the vault is not followed: the token would go with it.
    async fn listed<P, T>(
        &self,
        ask: Ask,
        link: Option<&str>,
        pages: impl Fn(Option<PagerContinuation>) -> azure_core::Result<PageIterator<Response<P>>>,
    ) -> Result<Page>
    where
        P: Send,
        T: DeserializeOwned,
        Seen: From<T>,
    {
        let link = link.map(|link| self.own(ask, link)).transpose()?;
        let attempt = || async {
            match first::<P, T>(pages(link.clone().map(PagerContinuation::Link))).await {
                Ok((secrets, next)) => Ok(Page { secrets: secrets.into_iter().map(Seen::from).collect(), next }),
                Err(error) => match Said::of(&error) {
                    Some(Said::Missing) if ask.family == Family::Stat => Ok(Page { secrets: Vec::new(), next: None }),
                    _ => Err(fault::sort(ask.operation, &self.store, &error)),
                },
            }
        };
        self.caller.call(ask.family, ask.operation, ask.repeat, attempt).await
    }

    fn own(&self, ask: Ask, link: &str) -> Result<Url> {
        let url = Url::parse(link).ok().filter(|url| url.origin() == self.api.endpoint().origin());
        url.ok_or_else(|| {
            let context = "the listing cannot be followed: it goes on at another place than the vault";
            Error::new(ErrorKind::Unexpected, ask.operation, &self.store, context)
                .with_remedy("see that vault-url leads to Key Vault itself, and to no proxy that changes its answers")
        })
    }
}

/// The first page of a listing. One without a list is broken, not empty.
async fn first<P, T>(
    pages: azure_core::Result<PageIterator<Response<P>>>,
) -> azure_core::Result<(Vec<T>, Option<String>)>
where
    P: Send,
    T: DeserializeOwned,
{
    let mut pages = pages?;
    let broken = || azure_core::error::ErrorKind::DataConversion.into_error();
    let page = pages.next().await.ok_or_else(broken)??;
    let body = page.into_body();
    let page: RawPage<T> = serde_json::from_slice(body.as_ref()).map_err(|_| broken())?;
    let next = pages.continuation().and_then(|next| Url::parse(next.as_ref()).ok());
    Ok((page.value, next.map(|next| tidied(next).to_string())))
}

/// The link with its query in one order and spelling, so that one that leads back is known by its text.
fn tidied(mut link: Url) -> Url {
    let mut pairs: Vec<(String, String)> = link.query_pairs().into_owned().collect();
    pairs.sort_unstable();
    link.query_pairs_mut().clear().extend_pairs(pairs);
    link
}

impl New<'_> {
    fn parameters(&self) -> SetSecretParameters {
        let moment = |seconds: Option<i64>| seconds.and_then(|at| OffsetDateTime::from_unix_timestamp(at).ok());
        let attributes = SecretAttributes {
            enabled: Some(true),
            expires: moment(self.expires),
            not_before: moment(self.not_before),
            ..SecretAttributes::default()
        };
        SetSecretParameters {
            value: Some(self.value.expose().to_owned()),
            tags: Some(self.tags.clone().into_iter().collect()),
            content_type: self.content_type.map(str::to_owned),
            secret_attributes: Some(attributes),
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("store", &self.store).finish_non_exhaustive()
    }
}
