//! The table of a vault in the config.

use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use serde::Deserialize;

use super::access::AccessSettings;
use super::login::Login;
use super::{AuthSettings, KIND, PaceSettings, airflow, checked, kwargs, opening};
use crate::model::{Finding, Listing};
use crate::naming::Rule;
use crate::provider::{
    AirflowBackend, BackendKwargs, CallSettings, Opening, PrefixSetting, Result, SettingsFault, Store, StoreSettings,
    TeamsSetting, Understood,
};
use crate::reference::TlsSettings;
use crate::settings::DurationText;

/// Which vault, how to log in, and where Airflow's keys lie there. Holds references, never a secret.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct KeyVaultSettings {
    /// The vault: `https://<name>.vault.azure.net`.
    pub vault_url: Option<String>,
    /// How to log in; what Airflow tries, in its order, where left out.
    pub auth: Option<AuthSettings>,
    /// Where tokens come from; `AZURE_AUTHORITY_HOST`, else the public cloud's, where left out.
    pub authority_host: Option<String>,
    /// Whether the vault's challenge must name the vault's own domain; true.
    pub verify_challenge: Option<bool>,
    /// How servers are trusted.
    #[serde(default)]
    pub tls: TlsSettings,
    /// The longest one request may take; 30 seconds.
    pub timeout: Option<DurationText>,
    /// Requests under way at once, 1 to 256; 16.
    pub width: Option<u16>,
    /// Requests a second; what Azure grants a vault where left out.
    #[serde(default)]
    pub pace: PaceSettings,
    /// What stands before the ids of connections; `airflow-connections`.
    #[serde(default)]
    pub connections_prefix: PrefixSetting,
    /// What stands before the keys of variables; `airflow-variables`.
    #[serde(default)]
    pub variables_prefix: PrefixSetting,
    /// What stands before the names of configs; `airflow-config`.
    #[serde(default)]
    pub config_prefix: PrefixSetting,
    /// What stands between a prefix and an id, and in the place of every `_`; `-`.
    pub sep: Option<String>,
    /// How keys of teams are spelled; `unsupported`.
    pub teams: Option<TeamsSetting>,
    /// What new secrets say of their text; nothing where left out.
    pub content_type: Option<String>,
    /// The arguments of Airflow's `AzureKeyVaultBackend`, for whatever the keys above leave out.
    pub backend_kwargs: Option<BackendKwargs>,
    /// Whether the vault is asked for all keys, or for single ones only; `full`.
    pub listing: Option<Listing>,
    /// What the arguments said beside what they filled in.
    #[serde(skip)]
    pub(super) kwargs: Understood<Login>,
}

impl KeyVaultSettings {
    /// What the table says of getting in.
    pub(super) fn access(&self) -> AccessSettings {
        AccessSettings {
            vault_url: self.vault_url.clone(),
            auth: self.auth.clone(),
            login: self.kwargs.login.clone(),
            authority_host: self.authority_host.clone(),
            verify_challenge: self.verify_challenge,
            tls: self.tls.clone(),
            timeout: self.timeout,
            width: self.width,
            pace: self.pace,
        }
    }
}

#[async_trait]
impl StoreSettings for KeyVaultSettings {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn faults(&self) -> Vec<SettingsFault> {
        checked::check(self).err().unwrap_or_default()
    }

    fn rule(&self) -> Rule {
        checked::rule_of(self)
    }

    fn identity(&self) -> String {
        checked::identity(self)
    }

    fn listing(&self) -> Listing {
        self.listing.unwrap_or_default()
    }

    fn request_timeout(&self) -> Duration {
        self.timeout.map_or(CallSettings::default().timeout, |timeout| timeout.0)
    }

    fn relative_to(&mut self, folder: &Path) {
        self.backend_kwargs = self.backend_kwargs.take().map(|kwargs| kwargs.relative_to(folder));
        kwargs::complete(self, folder);
        self.tls = std::mem::take(&mut self.tls).relative_to(folder);
        if let Some(auth) = &mut self.auth {
            auth.relative_to(folder);
        }
    }

    fn remarks(&self, store: &str) -> Vec<Finding> {
        let remarks = self.access().remarks(store).into_iter().chain(self.kwargs.findings(store));
        remarks.chain(checked::tidied(self, store)).collect()
    }

    async fn airflow(&self, _opening: Opening) -> Option<AirflowBackend> {
        airflow::backend(self)
    }

    async fn open(&self, opening: Opening) -> Result<Store> {
        opening::open(self, opening).await
    }
}
