//! What Secrets Manager answers, in our own types: a page, a look, a value, versions. Values leave the SDK's types here.

use std::collections::HashMap;

use aws_sdk_secretsmanager::operation::batch_get_secret_value::BatchGetSecretValueOutput;
use aws_sdk_secretsmanager::operation::describe_secret::DescribeSecretOutput;
use aws_sdk_secretsmanager::operation::get_secret_value::GetSecretValueOutput;
use aws_sdk_secretsmanager::operation::list_secret_version_ids::ListSecretVersionIdsOutput;
use aws_sdk_secretsmanager::operation::list_secrets::ListSecretsOutput;
use aws_sdk_secretsmanager::primitives::DateTime;
use aws_sdk_secretsmanager::types::{SecretListEntry, SecretValueEntry, Tag};
use jiff::Timestamp;

use super::client::CURRENT;
use crate::model::{Listed, Manager, Mark, RemoteKey, Revision, SecretValue, State};
use crate::provider::Role;

/// One page of a listing.
pub(super) struct Page {
    /// The secrets.
    pub secrets: Vec<Seen>,
    /// What asks for the next page.
    pub next: Option<String>,
}

/// A secret without its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seen {
    /// Its name; empty where AWS gave none, which makes a listing useless.
    pub name: String,
    /// The id of its current version.
    pub current: Option<String>,
    /// The ids of its versions that carry a label.
    pub labelled: Vec<String>,
    /// Its tags.
    pub tags: Vec<(String, String)>,
    /// Whether it is scheduled for deletion.
    pub scheduled: bool,
    /// Who keeps its value, if not whoever writes it.
    pub manager: Option<Manager>,
    /// The region it was made in, where it is copied to others.
    pub primary: Option<String>,
    /// When it was last changed, its value or what is kept beside it.
    pub changed: Option<Timestamp>,
}

/// Values of a batch, and what kept others from being read.
pub(super) struct Batch {
    /// By name.
    pub values: Vec<(String, Held)>,
    /// What could not be read.
    pub refused: Vec<Unread>,
    /// What asks for the rest.
    pub next: Option<String>,
}

/// A secret that a batch could not read.
pub(super) struct Unread {
    /// What AWS calls it: its name, or an ARN.
    pub id: String,
    /// The code.
    pub code: String,
    /// AWS' words; for recognising, never for showing.
    pub message: Option<String>,
}

/// What a secret holds.
pub(super) struct Held {
    /// The version's id.
    pub version: Option<String>,
    /// Its text, as it is; bytes otherwise.
    pub text: Option<SecretValue>,
}

/// One page of a secret's versions.
pub(super) struct Versions {
    /// Their ids.
    pub ids: Vec<String>,
    /// What asks for the next page.
    pub next: Option<String>,
}

impl Seen {
    /// The key as a store in `region` lists it: what others keep is told apart only where it could be written.
    pub fn listed(&self, region: &str, role: Role) -> Listed {
        let pairs = self.tags.iter().map(|(key, value)| (key.as_str(), value.as_str()));
        Listed {
            key: RemoteKey::new(&self.name),
            state: self.state(region, role),
            revision: self.current.clone().map(Revision::new),
            mark: Mark::find(pairs),
            changed: self.changed,
        }
    }

    fn state(&self, region: &str, role: Role) -> State {
        let replica = self.primary.as_deref().is_some_and(|primary| primary != region).then_some(Manager::Primary);
        match self.manager.or(replica) {
            _ if self.scheduled => State::Deleted,
            Some(manager) if role == Role::Target => State::Managed(manager),
            _ if self.current.is_none() => State::Empty,
            _ => State::Live,
        }
    }
}

/// The id of the version that carries the label of the current one.
fn current(versions: &HashMap<String, Vec<String>>) -> Option<String> {
    let mut versions = versions.iter();
    versions.find(|(_, labels)| labels.iter().any(|label| label == CURRENT)).map(|(id, _)| id.clone())
}

fn tags(tags: Option<Vec<Tag>>) -> Vec<(String, String)> {
    let pairs = tags.unwrap_or_default().into_iter();
    pairs.filter_map(|tag| Some((tag.key?, tag.value.unwrap_or_default()))).collect()
}

// A secret of another service is refused any change; a rotation would write over ours, switched off or not, as soon as it is
// asked for.
fn manager(service: bool, rotated: bool) -> Option<Manager> {
    if service {
        return Some(Manager::Service);
    }
    rotated.then_some(Manager::Rotation)
}

fn moment(time: DateTime) -> Option<Timestamp> {
    Timestamp::from_nanosecond(time.as_nanos()).ok()
}

fn is_given(text: Option<&String>) -> bool {
    text.is_some_and(|text| !text.is_empty())
}

impl From<DescribeSecretOutput> for Seen {
    fn from(answer: DescribeSecretOutput) -> Self {
        let versions = answer.version_ids_to_stages.unwrap_or_default();
        let service = is_given(answer.owning_service.as_ref()) || is_given(answer.r#type.as_ref());
        let rotated = answer.rotation_enabled == Some(true) || is_given(answer.rotation_lambda_arn.as_ref());
        Self {
            name: answer.name.unwrap_or_default(),
            current: current(&versions),
            labelled: versions.into_keys().collect(),
            tags: tags(answer.tags),
            scheduled: answer.deleted_date.is_some(),
            manager: manager(service, rotated),
            primary: answer.primary_region,
            changed: answer.last_changed_date.and_then(moment),
        }
    }
}

impl From<SecretListEntry> for Seen {
    fn from(entry: SecretListEntry) -> Self {
        let versions = entry.secret_versions_to_stages.unwrap_or_default();
        let service = is_given(entry.owning_service.as_ref()) || is_given(entry.r#type.as_ref());
        let rotated = entry.rotation_enabled == Some(true) || is_given(entry.rotation_lambda_arn.as_ref());
        Self {
            name: entry.name.unwrap_or_default(),
            current: current(&versions),
            labelled: versions.into_keys().collect(),
            tags: tags(entry.tags),
            scheduled: entry.deleted_date.is_some(),
            manager: manager(service, rotated),
            primary: entry.primary_region,
            changed: entry.last_changed_date.and_then(moment),
        }
    }
}

impl From<ListSecretsOutput> for Page {
    fn from(answer: ListSecretsOutput) -> Self {
        let secrets = answer.secret_list.unwrap_or_default().into_iter().map(Seen::from).collect();
        Self { secrets, next: answer.next_token.filter(|token| !token.is_empty()) }
    }
}

impl From<BatchGetSecretValueOutput> for Batch {
    fn from(answer: BatchGetSecretValueOutput) -> Self {
        let values = answer.secret_values.unwrap_or_default().into_iter();
        let values = values.filter_map(|entry: SecretValueEntry| {
            let text = entry.secret_string.map(SecretValue::new);
            Some((entry.name?, Held { version: entry.version_id, text }))
        });
        let refused = answer.errors.unwrap_or_default().into_iter();
        let refused = refused.filter_map(|error| {
            Some(Unread { id: error.secret_id?, code: error.error_code.unwrap_or_default(), message: error.message })
        });
        Self {
            values: values.collect(),
            refused: refused.collect(),
            next: answer.next_token.filter(|token| !token.is_empty()),
        }
    }
}

impl From<GetSecretValueOutput> for Held {
    fn from(answer: GetSecretValueOutput) -> Self {
        Self { version: answer.version_id, text: answer.secret_string.map(SecretValue::new) }
    }
}

impl From<ListSecretVersionIdsOutput> for Versions {
    fn from(answer: ListSecretVersionIdsOutput) -> Self {
        let versions = answer.versions.unwrap_or_default().into_iter();
        let ids = versions.filter_map(|version| version.version_id).collect();
        Self { ids, next: answer.next_token.filter(|token| !token.is_empty()) }
    }
}
