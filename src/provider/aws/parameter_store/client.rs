//! Systems Manager's parameter calls, one request each, in our own words.

use std::fmt;

use aws_sdk_ssm::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_ssm::types::{self, ParameterType, ResourceTypeForTagging};

use super::stamp::Stamp;
use crate::model::{ErrorKind, Family, SecretValue};
use crate::provider::aws::fault::{code, sort};
use crate::provider::aws::session::Session;
use crate::provider::pages::follow;
use crate::provider::{Caller, Error, Repeat, Result};

/// The most names of one `GetParameters`.
pub(super) const BATCH: usize = 10;
/// The most parameters of one page of `DescribeParameters`.
const PAGE: i32 = 50;

/// Asks Parameter Store in one account and region.
pub(super) struct Client {
    store: String,
    sdk: aws_sdk_ssm::Client,
    caller: Caller,
}

/// A parameter as the listing has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Described {
    /// Its full name.
    pub name: String,
    /// Which version it is at.
    pub stamp: Stamp,
}

/// One version of a parameter, without its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Version {
    /// Which it is.
    pub stamp: Stamp,
    /// Whether its value is encrypted.
    pub kind: Kind,
    /// Its tier; from the advanced one there is no way back.
    pub tier: Option<types::ParameterTier>,
    /// The KMS key that encrypts it.
    pub kms_key_id: Option<String>,
    /// What somebody wrote about it.
    pub description: Option<String>,
    /// What its value must look like.
    pub allowed_pattern: Option<String>,
}

/// The types of a parameter, as far as they matter here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// `SecureString`: encrypted.
    Secure,
    /// `String` or `StringList`: readable to all who may describe it.
    Plain,
}

/// One page of a listing.
#[derive(Debug)]
pub(super) struct Page {
    /// What it holds; may be nothing although more follows.
    pub parameters: Vec<Described>,
    /// What to ask the next page with.
    pub next: Option<String>,
}

/// A parameter as it was read.
#[derive(Debug, Clone)]
pub(super) struct Got {
    /// Its name as it was asked for, without a version.
    pub name: String,
    /// Which version it is.
    pub stamp: Stamp,
    /// Its text; the ciphertext where it is encrypted and was not to be decrypted.
    pub value: SecretValue,
}

/// The answer to a batch.
#[derive(Debug)]
pub(super) struct Batch {
    /// What is there.
    pub found: Vec<Got>,
    /// The names that AWS says are not.
    pub missing: Vec<String>,
}

/// Whether values are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decryption {
    /// They are.
    Wanted,
    /// Only the versions are.
    Unwanted,
}

/// What a parameter is written with.
#[derive(Clone)]
pub(super) struct Put<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its text.
    pub value: &'a SecretValue,
    /// The tier asked for.
    pub tier: types::ParameterTier,
    /// The key that shall encrypt it; the account's default one where left out.
    pub kms_key_id: Option<&'a str>,
    /// Whether it may be there.
    pub over: Over<'a>,
}

/// Whether a parameter may be there when it is written.
#[derive(Clone, Copy)]
pub(super) enum Over<'a> {
    /// It may not; it is created with these tags.
    Nothing(&'a [(String, String)]),
    /// It may, and its newest version is this; whatever else belongs to it stays as it is.
    Whatever(Option<&'a Version>),
}

/// A page of a parameter's past.
struct PastPage {
    versions: Vec<Version>,
    next: Option<String>,
}

impl Client {
    /// Asks through `session`.
    pub fn new(session: &Session) -> Self {
        let sdk = aws_sdk_ssm::Client::new(&session.config);
        Self { store: session.store.clone(), sdk, caller: session.caller.clone() }
    }

    /// The store's name in the config.
    pub fn store(&self) -> &str {
        &self.store
    }

    /// Asks for a page of all parameters below `paths`: AWS cuts its pages before it looks at paths, so one listing serves all.
    pub async fn page(&self, paths: &[String], token: Option<&str>) -> Result<Page> {
        const OPERATION: &str = "list";
        let request = self
            .sdk
            .describe_parameters()
            .parameter_filters(below(paths))
            .max_results(PAGE)
            .set_next_token(token.map(str::to_owned));
        let send = || async { request.clone().send().await.map_err(|error| self.sorted(OPERATION, &error)) };
        let answer = self.caller.call(Family::List, OPERATION, Repeat::Safe, send).await?;
        let parameters = answer.parameters.unwrap_or_default().into_iter();
        let parameters: Option<Vec<_>> = parameters.map(described).collect();
        let parameters = parameters.ok_or_else(|| self.malformed(OPERATION))?;
        Ok(Page { parameters, next: answer.next_token.filter(|token| !token.is_empty()) })
    }

    /// Reads up to [`BATCH`] parameters, each named once. An error is about all of them: AWS refuses a batch whole.
    pub async fn get(&self, names: &[&str], decryption: Decryption) -> Result<Batch> {
        let operation = if decryption == Decryption::Wanted { "read" } else { "look up" };
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        let request =
            self.sdk.get_parameters().set_names(Some(names)).with_decryption(decryption == Decryption::Wanted);
        let send = || async { request.clone().send().await.map_err(|error| self.sorted(operation, &error)) };
        // Looks without values count against the same quota as reads.
        let answer = self.caller.call(Family::Read, operation, Repeat::Safe, send).await?;
        let found: Option<Vec<_>> = answer.parameters.unwrap_or_default().into_iter().map(got).collect();
        let found = found.ok_or_else(|| self.malformed(operation))?;
        Ok(Batch { found, missing: answer.invalid_parameters.unwrap_or_default() })
    }

    /// Reads one version of a parameter.
    pub async fn get_version(&self, name: &str, version: i64) -> Result<Option<Got>> {
        let selected = format!("{name}:{version}");
        let batch = self.get(&[&selected], Decryption::Wanted).await?;
        Ok(batch.found.into_iter().find(|got| got.stamp.version == version))
    }

    /// Writes a parameter; gives the version it became.
    pub async fn put(&self, put: Put<'_>) -> Result<i64> {
        let (overwrite, tags, existing) = match put.over {
            Over::Nothing(tags) => (false, tags, None),
            Over::Whatever(existing) => (true, &[][..], existing),
        };
        let request = self
            .sdk
            .put_parameter()
            .name(put.name)
            .r#type(ParameterType::SecureString)
            .tier(put.tier.clone())
            .set_key_id(put.kms_key_id.map(str::to_owned))
            .overwrite(overwrite)
            .set_description(existing.and_then(|existing| existing.description.clone()))
            .set_allowed_pattern(existing.and_then(|existing| existing.allowed_pattern.clone()))
            .set_tags((!tags.is_empty()).then(|| tags.iter().filter_map(tag).collect()));
        // The value is put in at each attempt, so that no copy waits with the request.
        let send = || async {
            let request = request.clone().value(put.value.expose());
            request.send().await.map_err(|error| self.sorted("write", &error))
        };
        let answer = self.caller.call(Family::Write, "write", Repeat::OnlyWithoutEffect, send).await?;
        Ok(answer.version)
    }

    /// Deletes a parameter for good, with its history; one that is not there is gone already.
    pub async fn delete(&self, name: &str) -> Result<()> {
        let request = self.sdk.delete_parameter().name(name);
        let send = || async {
            match request.clone().send().await {
                Err(error) if is_missing(&error) => Ok(()),
                answer => answer.map(drop).map_err(|error| self.sorted("delete", &error)),
            }
        };
        self.caller.call(Family::Delete, "delete", Repeat::OnlyWithoutEffect, send).await
    }

    /// The tags of a parameter; `None` where there is no such parameter.
    pub async fn tags(&self, name: &str) -> Result<Option<Vec<(String, String)>>> {
        let request =
            self.sdk.list_tags_for_resource().resource_type(ResourceTypeForTagging::Parameter).resource_id(name);
        let send = || async {
            match request.clone().send().await {
                Err(error) if is_missing(&error) => Ok(None),
                answer => answer.map(Some).map_err(|error| self.sorted("look up the tags of", &error)),
            }
        };
        let answer = self.caller.call(Family::Stat, "look up the tags of", Repeat::Safe, send).await?;
        let pairs = |tags: Vec<types::Tag>| tags.into_iter().map(|tag| (tag.key, tag.value)).collect();
        Ok(answer.map(|answer| answer.tag_list.map(pairs).unwrap_or_default()))
    }

    /// Adds tags to a parameter, beside those that are there.
    pub async fn add_tags(&self, name: &str, tags: &[(String, String)]) -> Result<()> {
        let request = self
            .sdk
            .add_tags_to_resource()
            .resource_type(ResourceTypeForTagging::Parameter)
            .resource_id(name)
            .set_tags(Some(tags.iter().filter_map(tag).collect()));
        let send = || async { request.clone().send().await.map_err(|error| self.sorted("mark", &error)) };
        self.caller.call(Family::Write, "mark", Repeat::Safe, send).await.map(drop)
    }

    /// Takes tags off a parameter by their keys.
    pub async fn remove_tags(&self, name: &str, keys: Vec<String>) -> Result<()> {
        let request = self
            .sdk
            .remove_tags_from_resource()
            .resource_type(ResourceTypeForTagging::Parameter)
            .resource_id(name)
            .set_tag_keys(Some(keys));
        let send = || async { request.clone().send().await.map_err(|error| self.sorted("release", &error)) };
        self.caller.call(Family::Write, "release", Repeat::Safe, send).await.map(drop)
    }

    /// Every version of a parameter that is still kept, without values; none where there is no such parameter.
    pub async fn past(&self, name: &str) -> Result<Vec<Version>> {
        let ask = |token: Option<String>| async move { self.past_page(name, token.as_deref()).await };
        let circular = || self.malformed("look up the history of");
        let pages = follow(ask, |page| page.as_ref()?.next.clone(), circular).await?;
        let pages: Option<Vec<PastPage>> = pages.into_iter().collect();
        Ok(pages.unwrap_or_default().into_iter().flat_map(|page| page.versions).collect())
    }

    async fn past_page(&self, name: &str, token: Option<&str>) -> Result<Option<PastPage>> {
        const OPERATION: &str = "look up the history of";
        let request = self
            .sdk
            .get_parameter_history()
            .name(name)
            .with_decryption(false)
            .max_results(PAGE)
            .set_next_token(token.map(str::to_owned));
        let send = || async {
            match request.clone().send().await {
                Err(error) if is_missing(&error) => Ok(None),
                answer => answer.map(Some).map_err(|error| self.sorted(OPERATION, &error)),
            }
        };
        let answer = self.caller.call(Family::Stat, OPERATION, Repeat::Safe, send).await?;
        Ok(answer.map(|answer| PastPage {
            versions: answer.parameters.unwrap_or_default().into_iter().map(version).collect(),
            next: answer.next_token.filter(|token| !token.is_empty()),
        }))
    }

    fn sorted<E>(&self, operation: &'static str, error: &SdkError<E>) -> Error
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        sort(operation, &self.store, error)
    }

    /// The error of an answer that is not what AWS documents.
    pub fn malformed(&self, operation: &'static str) -> Error {
        Error::new(ErrorKind::Unexpected, operation, &self.store, "the answer is not what AWS documents")
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("store", &self.store).field("caller", &self.caller).finish_non_exhaustive()
    }
}

/// Tells whether AWS says that there is no such parameter.
fn is_missing<E: ProvideErrorMetadata>(error: &SdkError<E>) -> bool {
    matches!(code(error), Some("ParameterNotFound" | "InvalidResourceId"))
}

fn below(paths: &[String]) -> types::ParameterStringFilter {
    let filter = types::ParameterStringFilter::builder().key("Path").option("Recursive");
    filter.set_values(Some(paths.to_vec())).build().expect("a filter needs a key, and has one")
}

fn tag((key, value): &(String, String)) -> Option<types::Tag> {
    types::Tag::builder().key(key).value(value).build().ok()
}

fn described(metadata: types::ParameterMetadata) -> Option<Described> {
    let stamp = Stamp { version: metadata.version, made: metadata.last_modified_date.map(milliseconds) };
    Some(Described { name: metadata.name?, stamp })
}

fn got(parameter: types::Parameter) -> Option<Got> {
    Some(Got {
        name: parameter.name?,
        stamp: Stamp { version: parameter.version, made: parameter.last_modified_date.map(milliseconds) },
        value: SecretValue::new(parameter.value?),
    })
}

fn version(past: types::ParameterHistory) -> Version {
    let kind = match past.r#type {
        Some(ParameterType::SecureString) => Kind::Secure,
        _ => Kind::Plain,
    };
    Version {
        stamp: Stamp { version: past.version, made: past.last_modified_date.map(milliseconds) },
        kind,
        tier: past.tier,
        kms_key_id: past.key_id,
        description: past.description.filter(|text| !text.is_empty()),
        allowed_pattern: past.allowed_pattern.filter(|text| !text.is_empty()),
    }
}

// AWS sends seconds as a decimal fraction: rounding, not cutting, gives the same milliseconds for the same digits.
fn milliseconds(time: aws_sdk_ssm::primitives::DateTime) -> i64 {
    let half = 500_000;
    i64::try_from((time.as_nanos() + half).div_euclid(1_000_000)).unwrap_or(i64::MAX)
}
