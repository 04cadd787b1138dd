//! The table of a Secrets Manager in the config.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use serde::Deserialize;

use super::{KIND, airflow, checked, kwargs, opening};
use crate::model::{Finding, Listing};
use crate::naming::Rule;
use crate::provider::aws::AuthSettings;
use crate::provider::aws::access::AccessSettings;
use crate::provider::aws::login::Login;
use crate::provider::{
    AirflowBackend, BackendKwargs, CallSettings, Opening, PaceSettings, PrefixSetting, Result, SettingsFault, Store,
    StoreSettings, TeamsSetting, Understood,
};
use crate::reference::TlsSettings;
use crate::settings::DurationText;

/// Which account and region, how to log in, and where Airflow's keys lie there. Holds references, never a secret.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct SecretsManagerSettings {
    /// The region; that of the environment or the profile where left out.
    pub region: Option<String>,
    /// How to log in; the SDK's default chain where left out.
    pub auth: Option<AuthSettings>,
    /// Where the API is; AWS's own endpoint of the region where left out.
    pub endpoint_url: Option<String>,
    /// Whether FIPS endpoints are used; as the environment or the profile says where left out.
    pub fips: Option<bool>,
    /// Whether endpoints for IPv4 and IPv6 are used; as the environment or the profile says where left out.
    pub dual_stack: Option<bool>,
    /// How servers are trusted; `AWS_CA_BUNDLE` where left out.
    #[serde(default)]
    pub tls: TlsSettings,
    /// Lets secrets travel unencrypted to other hosts than this one.
    #[serde(default)]
    pub allow_plain_http: bool,
    /// The longest one request may take; 30 seconds.
    pub timeout: Option<DurationText>,
    /// Requests under way at once, 1 to 256; 16.
    pub width: Option<u16>,
    /// Requests a second, by family; what AWS grants where left out.
    #[serde(default)]
    pub pace: PaceSettings,
    /// What stands before the ids of connections; `airflow/connections`.
    #[serde(default)]
    pub connections_prefix: PrefixSetting,
    /// What stands before the keys of variables; `airflow/variables`.
    #[serde(default)]
    pub variables_prefix: PrefixSetting,
    /// What stands before the names of configs; `airflow/config`.
    #[serde(default)]
    pub config_prefix: PrefixSetting,
    /// Which connections Airflow looks up here, a regular expression; all where left out.
    pub connections_lookup_pattern: Option<String>,
    /// Which variables Airflow looks up here.
    pub variables_lookup_pattern: Option<String>,
    /// Which configs Airflow looks up here.
    pub config_lookup_pattern: Option<String>,
    /// What stands between a prefix and an id; `/`.
    pub sep: Option<String>,
    /// How keys of teams are spelled; `unsupported`.
    pub teams: Option<TeamsSetting>,
    /// Further words for the fields of connections, by field, as Airflow's `extra_conn_words` has them.
    #[serde(default)]
    pub extra_conn_words: BTreeMap<String, Vec<String>>,
    /// How providers before 9.0 wrote connections; a source alone.
    pub legacy: Option<LegacySetting>,
    /// The key that new secrets are encrypted with: an ARN, id or alias; AWS's own, `aws/secretsmanager`, where left out.
    pub kms_key_id: Option<String>,
    /// How many days a deleted secret can be brought back, 7 to 30; 30.
    pub recovery_window: Option<i64>,
    /// The arguments of Airflow's `SecretsManagerBackend`, for whatever the keys above leave out.
    pub backend_kwargs: Option<BackendKwargs>,
    /// Whether AWS is asked for all keys, or for single ones only; `full`.
    pub listing: Option<Listing>,
    /// What the arguments said beside what they filled in.
    #[serde(skip)]
    pub(super) kwargs: Understood<Login>,
}

/// How an Airflow with an amazon provider before 9.0 wrote connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LegacySetting {
    /// Up to 6.x as it came (`full_url_mode = true`): the text is a URI, or Airflow's own JSON.
    FullUrl,
    /// Up to 4.x with `full_url_mode = false`: words and values, the values as they stand in a URL.
    Split,
    /// 7.x and 8.x with `are_secret_values_urlencoded = true`: JSON whose values are percent-encoded.
    UrlEncoded,
}

impl SecretsManagerSettings {
    /// What both of AWS's stores have in their tables.
    pub(super) fn access(&self) -> AccessSettings {
        AccessSettings {
            region: self.region.clone(),
            auth: self.auth.clone(),
            login: self.kwargs.login.clone(),
            endpoint_url: self.endpoint_url.clone(),
            fips: self.fips,
            dual_stack: self.dual_stack,
            tls: self.tls.clone(),
            allow_plain_http: self.allow_plain_http,
            timeout: self.timeout,
            width: self.width,
            pace: self.pace,
        }
    }
}

#[async_trait]
impl StoreSettings for SecretsManagerSettings {
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
        let own = checked::stripped(self, store).into_iter().chain(checked::shared(self, store));
        let remarks = self.access().remarks(store).into_iter().chain(self.kwargs.findings(store));
        remarks.chain(own).collect()
    }

    async fn airflow(&self, opening: Opening) -> Option<AirflowBackend> {
        airflow::backend(self, &opening).await
    }

    async fn open(&self, opening: Opening) -> Result<Store> {
        opening::open(self, opening).await
    }
}
