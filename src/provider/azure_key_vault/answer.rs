//! What Key Vault answers, in our own types: a page, a secret, a value. Values leave the SDK's types here.

use std::collections::BTreeMap;

use azure_core::http::Url;
use azure_security_keyvault_secrets::models::{
    DeletedSecret, DeletedSecretProperties, Secret, SecretAttributes, SecretProperties,
};
use jiff::Timestamp;
use serde::Deserialize;

use crate::model::{Listed, Manager, Mark, RemoteKey, Revision, SecretValue, State};
use crate::provider::Role;

/// Tags of a secret, by their names.
pub(super) type Tags = BTreeMap<String, String>;

/// One page of a listing. A page without a list is none, not an empty one.
#[derive(Deserialize)]
#[serde(bound(deserialize = "T: Deserialize<'de>"))]
pub(super) struct RawPage<T> {
    /// The secrets.
    pub value: Vec<T>,
}

/// One page of a listing, and where the next one is.
pub(super) struct Page {
    /// The secrets.
    pub secrets: Vec<Seen>,
    /// What asks for the next page: a link, which is the service's own affair.
    pub next: Option<String>,
}

/// A version of a secret without its value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Seen {
    /// Its name; empty where the answer gave none that can be understood, which makes a listing useless.
    pub name: String,
    /// The version's id, where the answer names one.
    pub version: Option<String>,
    /// When it was last written, its value or what is kept beside it; in seconds.
    pub updated: Option<i64>,
    /// When this version was made, in seconds.
    pub created: Option<i64>,
    /// Whether it can be read.
    pub enabled: bool,
    /// Whether it is softly deleted.
    pub deleted: bool,
    /// Whether the service keeps its value: that of a certificate.
    pub managed: bool,
    /// What the owner says of the text.
    pub content_type: Option<String>,
    /// Tags.
    pub tags: Tags,
    /// When it ceases to be of use, in seconds; a note that keeps nobody from reading it.
    pub expires: Option<i64>,
    /// From when on it is of use; a note, too.
    pub not_before: Option<i64>,
    /// What becomes of it once deleted, in the service's words.
    pub recovery: Option<String>,
    /// For how many days it can be recovered then.
    pub recoverable_days: Option<i32>,
}

/// A version of a secret as it was read.
pub(super) struct Held {
    /// What lies beside the value.
    pub seen: Seen,
    /// The value; `None` where the answer has none.
    pub value: Option<SecretValue>,
}

impl Seen {
    /// The key as a store lists it: what a certificate keeps is told apart where it could be written, and where no prefix
    /// says that it is meant for Airflow.
    pub fn listed(&self, key: &RemoteKey, role: Role) -> Listed {
        let pairs = self.tags.iter().map(|(key, value)| (key.as_str(), value.as_str()));
        Listed {
            key: key.clone(),
            state: self.state(role),
            revision: self.revision(),
            mark: Mark::find(pairs),
            changed: self.updated.and_then(|updated| Timestamp::from_second(updated).ok()),
        }
    }

    /// The moment of the last write, in whole seconds as the service gives it, and whether the secret can be read. A listing
    /// names no version, so that none can be part of it.
    pub fn revision(&self) -> Option<Revision> {
        let off = if self.enabled { "" } else { " disabled" };
        self.updated.map(|updated| Revision::new(format!("{updated}{off}")))
    }

    /// Whether deleting it would leave nothing behind: a vault that is older than soft delete.
    pub fn is_final(&self) -> bool {
        self.recovery.as_deref() == Some("Purgeable")
    }

    fn state(&self, role: Role) -> State {
        match role {
            _ if self.deleted => State::Deleted,
            Role::Target if self.managed => State::Managed(Manager::Service),
            _ if !self.enabled => State::Disabled,
            _ => State::Live,
        }
    }

    fn with(self, id: Option<&str>, attributes: Option<SecretAttributes>) -> Self {
        let (name, version) = id.and_then(identifier).unwrap_or_default();
        let attributes = attributes.unwrap_or_default();
        Self {
            name,
            version,
            updated: attributes.updated.map(|at| at.unix_timestamp()),
            created: attributes.created.map(|at| at.unix_timestamp()),
            enabled: attributes.enabled.unwrap_or(true),
            expires: attributes.expires.map(|at| at.unix_timestamp()),
            not_before: attributes.not_before.map(|at| at.unix_timestamp()),
            recovery: attributes.recovery_level.map(|level| level.to_string()),
            recoverable_days: attributes.recoverable_days,
            ..self
        }
    }
}

/// The name and the version that an identifier such as `https://v.vault.azure.net/secrets/name/version` means.
fn identifier(id: &str) -> Option<(String, Option<String>)> {
    let url = Url::parse(id).ok()?;
    let mut parts = url.path_segments()?.filter(|part| !part.is_empty());
    matches!(parts.next()?, "secrets" | "deletedsecrets").then_some(())?;
    let name = parts.next()?.to_owned();
    // A version goes into no report, but into URLs of our own.
    let is_id = |text: &&str| text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    Some((name, parts.next().filter(is_id).map(str::to_owned)))
}

/// What lies beside the value, of any of the SDK's answers: they differ in name and have these fields alike.
macro_rules! beside {
    ($found:expr) => {
        Seen {
            managed: $found.managed == Some(true),
            content_type: $found.content_type,
            tags: $found.tags.unwrap_or_default().into_iter().collect(),
            ..Seen::default()
        }
        .with($found.id.as_deref(), $found.attributes)
    };
}

impl From<SecretProperties> for Seen {
    fn from(found: SecretProperties) -> Self {
        beside!(found)
    }
}

impl From<DeletedSecretProperties> for Seen {
    fn from(found: DeletedSecretProperties) -> Self {
        Self { deleted: true, ..beside!(found) }
    }
}

impl From<DeletedSecret> for Seen {
    fn from(found: DeletedSecret) -> Self {
        // Some answers carry the value; it is wiped.
        drop(found.value.map(SecretValue::new));
        Self { deleted: true, ..beside!(found) }
    }
}

impl From<Secret> for Held {
    fn from(found: Secret) -> Self {
        Self { value: found.value.map(SecretValue::new), seen: beside!(found) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_gives_name_and_version() {
        let named = |name: &str, version: Option<&str>| Some((name.to_owned(), version.map(str::to_owned)));
        let rows = [
            ("https://v.vault.azure.net/secrets/airflow-variables-x", named("airflow-variables-x", None)),
            (
                "https://v.vault.azure.net:443/secrets/A-b/4387e9f3d6e14c459867679a90fd0f79",
                named("A-b", Some("4387e9f3d6e14c459867679a90fd0f79")),
            ),
            ("https://v.vault.azure.net/deletedsecrets/x", named("x", None)),
            ("https://v.vault.azure.net/secrets/x/a%2Fb", named("x", None)),
            ("https://v.vault.azure.net/keys/x/1", None),
            ("https://v.vault.azure.net/secrets", None),
            ("x", None),
        ];
        for (id, expected) in rows {
            assert_eq!(identifier(id), expected, "{id}");
        }
    }

    #[test]
    fn what_a_certificate_keeps_is_nobodys_to_write() {
        let seen = |enabled, deleted, managed| Seen { enabled, deleted, managed, ..Seen::default() };
        let rows = [
            (seen(true, false, false), State::Live, State::Live),
            (seen(false, false, false), State::Disabled, State::Disabled),
            (seen(true, true, false), State::Deleted, State::Deleted),
            (seen(true, false, true), State::Live, State::Managed(Manager::Service)),
            (seen(false, false, true), State::Disabled, State::Managed(Manager::Service)),
        ];
        for (seen, source, target) in rows {
            assert_eq!([seen.state(Role::Source), seen.state(Role::Target)], [source, target]);
        }
    }
}
