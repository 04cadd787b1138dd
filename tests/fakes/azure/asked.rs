//! What is asked of the vault: the operations of the REST reference, by method and path, and their query.
//!
//! Operations: <https://learn.microsoft.com/rest/api/keyvault/secrets/operation-groups>, api-version 2025-07-01.

use percent_encoding::percent_decode_str;
use secretferry::model::Family;

use super::super::http::Request;
use super::refusal::Refused;

/// The versions of the API that the clients of today and of some years back send.
const VERSIONS: [&str; 9] = ["7.0", "7.1", "7.2", "7.3", "7.4", "7.5", "7.6", "2025-07-01", "2026-04-01"];

/// An operation of the reference; names are as they came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    /// Set Secret.
    Set(String),
    /// Get Secret, the latest version where none is named.
    Get(String, Option<String>),
    /// Update Secret, the latest version where none is named.
    Update(String, Option<String>),
    /// Delete Secret.
    Delete(String),
    /// Get Secrets.
    List,
    /// Get Secret Versions.
    Versions(String),
    /// Get Deleted Secret.
    Deleted(String),
    /// Get Deleted Secrets.
    ListDeleted,
    /// Recover Deleted Secret.
    Recover(String),
    /// Purge Deleted Secret.
    Purge(String),
    /// Backup Secret.
    Backup(String),
    /// Restore Secret.
    Restore,
}

impl Call {
    /// The operation that a method and a path stand for.
    ///
    /// The reference's own samples have two slashes before `secrets`, and the clients send an empty version for the latest:
    /// <https://learn.microsoft.com/rest/api/keyvault/secrets/set-secret/set-secret>.
    pub fn of(request: &Request) -> Option<Self> {
        let path = request.path.split('?').next().unwrap_or_default().trim_start_matches('/');
        let parts: Vec<&str> = path.split('/').collect();
        let owned = |text: &&str| (*text).to_owned();
        let latest_or = |version: &&str| Some((*version).to_owned()).filter(|version| !version.is_empty());
        Some(match (request.method.as_str(), parts.as_slice()) {
            ("GET", ["secrets"]) => Self::List,
            ("GET", ["deletedsecrets"]) => Self::ListDeleted,
            ("POST", ["secrets", "restore"]) => Self::Restore,
            ("POST", ["secrets", name, "backup"]) => Self::Backup(owned(name)),
            ("PUT", ["secrets", name]) => Self::Set(owned(name)),
            ("DELETE", ["secrets", name]) => Self::Delete(owned(name)),
            ("GET", ["secrets", name, "versions"]) => Self::Versions(owned(name)),
            ("GET", ["secrets", name]) => Self::Get(owned(name), None),
            ("GET", ["secrets", name, version]) => Self::Get(owned(name), latest_or(version)),
            ("PATCH", ["secrets", name]) => Self::Update(owned(name), None),
            ("PATCH", ["secrets", name, version]) => Self::Update(owned(name), latest_or(version)),
            ("GET", ["deletedsecrets", name]) => Self::Deleted(owned(name)),
            ("DELETE", ["deletedsecrets", name]) => Self::Purge(owned(name)),
            ("POST", ["deletedsecrets", name, "recover"]) => Self::Recover(owned(name)),
            _ => return None,
        })
    }

    /// The operation's name in the reference.
    pub const fn operation(&self) -> &'static str {
        match self {
            Self::Set(_) => "SetSecret",
            Self::Get(..) => "GetSecret",
            Self::Update(..) => "UpdateSecret",
            Self::Delete(_) => "DeleteSecret",
            Self::List => "GetSecrets",
            Self::Versions(_) => "GetSecretVersions",
            Self::Deleted(_) => "GetDeletedSecret",
            Self::ListDeleted => "GetDeletedSecrets",
            Self::Recover(_) => "RecoverDeletedSecret",
            Self::Purge(_) => "PurgeDeletedSecret",
            Self::Backup(_) => "BackupSecret",
            Self::Restore => "RestoreSecret",
        }
    }

    /// The secret it is about.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Set(name)
            | Self::Get(name, _)
            | Self::Update(name, _)
            | Self::Delete(name)
            | Self::Versions(name)
            | Self::Deleted(name)
            | Self::Recover(name)
            | Self::Purge(name)
            | Self::Backup(name) => Some(name),
            Self::List | Self::ListDeleted | Self::Restore => None,
        }
    }

    /// The parameters that its query may have, beside the version of the API.
    const fn parameters(&self) -> &'static [&'static str] {
        match self {
            Self::List | Self::Versions(_) | Self::ListDeleted => &["maxresults", "$skiptoken"],
            Self::Get(..) => &["outContentType"],
            _ => &[],
        }
    }
}

/// The family of an operation.
pub fn family(operation: &str) -> Family {
    match operation {
        "GetSecrets" | "GetDeletedSecrets" => Family::List,
        "GetSecretVersions" | "GetDeletedSecret" => Family::Stat,
        "GetSecret" | "BackupSecret" => Family::Read,
        "SetSecret" | "UpdateSecret" | "RecoverDeletedSecret" | "RestoreSecret" => Family::Write,
        "DeleteSecret" | "PurgeDeletedSecret" => Family::Delete,
        _ => Family::Auth,
    }
}

/// The query of a request, its escapes undone.
#[derive(Debug)]
pub struct Query(Vec<(String, String)>);

impl Query {
    /// Takes it apart.
    pub fn of(request: &Request) -> Self {
        let text = request.path.split_once('?').map_or("", |(_, query)| query);
        Self::form(text)
    }

    /// Takes a form apart, be it a query or a body.
    pub fn form(text: &str) -> Self {
        let plain = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
        let pairs = text.split('&').filter(|pair| !pair.is_empty());
        Self(
            pairs
                .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
                .map(|(name, value)| (plain(name), plain(value)))
                .collect(),
        )
    }

    /// A parameter.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str())
    }

    /// Refuses what the operation does not have; the version of the API must be there, and known:
    /// <https://learn.microsoft.com/azure/key-vault/general/common-parameters-and-headers> and
    /// <https://learn.microsoft.com/azure/key-vault/general/authentication-requests-and-responses>.
    pub fn check(&self, call: &Call) -> Result<&str, Refused> {
        let version = self.get("api-version").ok_or_else(|| Refused::bad("api-version must be specified"))?;
        if !VERSIONS.contains(&version) {
            return Err(Refused::bad(format!(
                "The specified version ({version}) is not recognized. Consider using the latest supported version ({}).",
                VERSIONS[VERSIONS.len() - 1]
            )));
        }
        let is_known = |name: &str| name == "api-version" || call.parameters().contains(&name);
        match self.0.iter().find(|(name, _)| !is_known(name)) {
            Some((name, _)) => Err(Refused::bad(format!("Unknown query parameter '{name}'."))),
            None => Ok(version),
        }
    }
}

/// Whether the service takes a name: `^[0-9a-zA-Z-]{1,127}$`,
/// <https://learn.microsoft.com/azure/key-vault/general/about-keys-secrets-certificates#vault-name-and-object-name>.
pub fn is_legal(name: &str) -> bool {
    (1..=127).contains(&name.len()) && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-')
}
