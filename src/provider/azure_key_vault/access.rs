//! What a table says of getting in, checked: vault, log-in, authority, trust and pace.

use std::path::PathBuf;

use serde::Deserialize;
use url::Url;

use super::auth::AuthSettings;
use super::login::Login;
use crate::model::{Family, Finding, Quota, Severity};
use crate::provider::Bounds;
use crate::provider::bounds::positive;
use crate::reference::{TlsSettings, env_setting};
use crate::settings::{DurationText, Faults};

/// Microsoft's own for everybody outside of a sovereign cloud.
const PUBLIC_AUTHORITY: &str = "https://login.microsoftonline.com";
/// Transactions of a vault, all together: 4,000 in 10 seconds. <https://learn.microsoft.com/azure/key-vault/general/service-limits>
const ALL: f64 = 400.0;
/// Creations of secrets in a vault: 300 in 10 seconds. A new version counts as one here, to be on the safe side.
const CREATE: f64 = 30.0;

/// What the table says of getting in, as it stands there. Holds references, never a secret.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct AccessSettings {
    /// Where the vault is.
    pub vault_url: Option<String>,
    /// How to log in; as Airflow's default chain does where left out.
    pub auth: Option<AuthSettings>,
    /// How Airflow logs in, for a table without `auth`.
    pub login: Option<Login>,
    /// Where tokens come from; `AZURE_AUTHORITY_HOST`, else the public cloud's where left out.
    pub authority_host: Option<String>,
    /// Whether the vault's challenge must name the vault's own domain; it must where left out.
    pub verify_challenge: Option<bool>,
    /// How servers are trusted.
    pub tls: TlsSettings,
    /// The longest one request may take; 30 seconds.
    pub timeout: Option<DurationText>,
    /// Requests under way at once, 1 to 256; 16.
    pub width: Option<u16>,
    /// Requests a second.
    pub pace: PaceSettings,
}

/// Requests a second; what Azure grants a vault where left out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct PaceSettings {
    /// All requests together.
    pub all: Option<f64>,
    /// Creates and updates.
    pub create: Option<f64>,
}

/// The same without a fault.
#[derive(Debug, Clone)]
pub(super) struct Access {
    /// The vault's URL; its path is `/`.
    pub vault: Url,
    /// Who logs in, and how.
    pub login: Login,
    /// Where tokens come from.
    pub authority: Url,
    /// Whom the vault may send us to for a token.
    pub challenge: Challenge,
    /// A PEM file of authorities, trusted beside the system's.
    pub ca: Option<PathBuf>,
    /// How long, how many at once, how fast.
    pub bounds: Bounds,
}

/// For whom a token is asked when the vault says for whom it wants one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Challenge {
    /// Only for the vault's own domain.
    Verified,
    /// For whomever it names: private endpoints and stand-ins.
    Believed,
}

impl AccessSettings {
    /// Checks them; gives `None` where something is wrong, and adds what to `faults`.
    pub fn check(&self, faults: &mut Faults) -> Option<Access> {
        let before = faults.0.len();
        let vault = self.vault(faults);
        let login = self.login(faults);
        let authority = self.authority(faults);
        if self.tls.client_certificate.is_some() || self.tls.client_key.is_some() {
            let hint = "leave client-certificate and client-key out";
            faults.add("tls", "Azure does not take certificates of clients here", hint);
        }
        let bounds = Bounds::check(self.timeout, self.width, self.pace.quotas(faults), faults);
        let challenge = if self.verify_challenge.unwrap_or(true) { Challenge::Verified } else { Challenge::Believed };
        let sound = (vault?, login?, authority?);
        let (vault, login, authority) = Some(sound).filter(|_| faults.0.len() == before)?;
        Some(Access { vault, login, authority, challenge, ca: self.tls.ca.clone(), bounds })
    }

    /// Which vault it is: its URL names one in all the world.
    pub fn identity(&self) -> String {
        let url = self.vault_url.as_deref().and_then(|text| Url::parse(text).ok());
        format!("vault={:?}", url.map_or(String::new(), |url| url.origin().ascii_serialization()))
    }

    /// What a person should hear of the settings as they are.
    pub fn remarks(&self, store: &str) -> Vec<Finding> {
        let Some(vault) = self.vault_url.as_deref().and_then(|text| Url::parse(text).ok()) else { return Vec::new() };
        let is_own = vault.host_str().is_some_and(is_of_azure);
        if self.verify_challenge == Some(false) && is_own {
            let message = "verify-challenge = false: a token would be asked for whomever the vault's answer names";
            let finding = Finding::new(Severity::Warning, "challenge-unverified", store, message);
            return vec![finding.with_remedy("leave verify-challenge out: this vault is at an address of Azure's own")];
        }
        Vec::new()
    }

    fn login(&self, faults: &mut Faults) -> Option<Login> {
        match (&self.auth, &self.login) {
            (None, Some(login)) => Some(login.clone()),
            (auth, _) => auth.clone().unwrap_or_default().check(faults),
        }
    }

    fn vault(&self, faults: &mut Faults) -> Option<Url> {
        const EXAMPLE: &str = "write https://<name>.vault.azure.net";
        let Some(text) = self.vault_url.as_deref().filter(|text| !text.is_empty()) else {
            faults.add("vault-url", "the key is missing", EXAMPLE);
            return None;
        };
        let url = https(text).map_err(|problem| faults.add("vault-url", problem, EXAMPLE)).ok()?;
        let is_root = url.path().trim_matches('/').is_empty();
        if !is_root {
            faults.add("vault-url", "the URL leads into the vault, to one of its keys or secrets", EXAMPLE);
            return None;
        }
        Some(url)
    }

    fn authority(&self, faults: &mut Faults) -> Option<Url> {
        const EXAMPLE: &str = "write it as in https://login.microsoftonline.us, or leave it out for the public cloud";
        let (key, text) = match (&self.authority_host, env_setting("AZURE_AUTHORITY_HOST")) {
            (Some(text), _) => ("authority-host", text.clone()),
            (None, Some(text)) => ("AZURE_AUTHORITY_HOST", text),
            (None, None) => ("authority-host", PUBLIC_AUTHORITY.to_owned()),
        };
        // Microsoft's SDKs for Python take a bare host, too.
        let whole = if text.contains("://") { text } else { format!("https://{text}") };
        let url = https(&whole);
        url.map_err(|problem| faults.add("authority-host", format!("{key}: {problem}"), EXAMPLE)).ok()
    }
}

impl PaceSettings {
    fn quotas(self, faults: &mut Faults) -> Vec<Quota> {
        let mut pace =
            |given: Option<f64>, key, granted| given.and_then(|pace| positive(pace, key, faults)).unwrap_or(granted);
        let all = [Family::List, Family::Stat, Family::Read, Family::Write, Family::Delete];
        vec![
            Quota::of(&all, pace(self.all, "pace.all", ALL)),
            Quota::of(&[Family::Write], pace(self.create, "pace.create", CREATE)),
        ]
    }
}

/// Tells whether a host belongs to one of Azure's clouds.
fn is_of_azure(host: &str) -> bool {
    let domains = [".vault.azure.net", ".vault.azure.cn", ".vault.usgovcloudapi.net"];
    domains.iter().any(|domain| host.ends_with(domain))
}

fn https(text: &str) -> Result<Url, &'static str> {
    // Not repeated: what is no URL may hold a password.
    let Ok(url) = Url::parse(text) else { return Err("this is not a URL") };
    if url.scheme() != "https" || url.host().is_none() {
        Err("the URL does not start with https://")
    } else if !url.username().is_empty() || url.password().is_some() {
        Err("the URL holds a user or password, which Azure does not take")
    } else if url.query().is_some() || url.fragment().is_some() {
        Err("the URL holds a query or fragment")
    } else {
        Ok(url)
    }
}
