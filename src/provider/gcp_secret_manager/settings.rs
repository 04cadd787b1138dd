//! The table of a Secret Manager in the config.

use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use serde::Deserialize;

use super::access::AccessSettings;
use super::auth::AuthSettings;
use super::login::Login;
use super::{DIALECT, KIND, airflow, checked, kwargs, opening, session};
use crate::model::{Finding, Listing};
use crate::naming::Rule;
use crate::provider::{
    AirflowBackend, BackendKwargs, CallSettings, Opening, PaceSettings, PrefixSetting, Result, SettingsFault, Store,
    StoreSettings, TeamsSetting, Understood,
};
use crate::reference::TlsSettings;
use crate::settings::DurationText;

/// Which project, how to log in, and where Airflow's keys lie there. Holds references, never a secret.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct SecretManagerSettings {
    /// The project's id; that of the credentials or of `GOOGLE_CLOUD_PROJECT` where left out.
    pub project: Option<String>,
    /// The location of regional secrets, such as `europe-west6`; the project's global secrets where left out.
    pub location: Option<String>,
    /// Where the API is; Google's own endpoint, global or of the location, where left out.
    pub endpoint_url: Option<String>,
    /// Lets secrets travel unencrypted to other hosts than this one.
    #[serde(default)]
    pub allow_plain_http: bool,
    /// How to log in; Google's application default credentials where left out.
    pub auth: Option<AuthSettings>,
    /// The service account to act as.
    pub impersonate: Option<String>,
    /// The service accounts on the way there, the first being the one that our own may act as.
    #[serde(default)]
    pub impersonate_delegates: Vec<String>,
    /// The project that requests are counted and billed to; that of the credentials where left out.
    pub quota_project: Option<String>,
    /// How servers are trusted: by the system's authorities, or those of `SSL_CERT_FILE`.
    #[serde(default)]
    pub tls: TlsSettings,
    /// The longest one request may take; 30 seconds.
    pub timeout: Option<DurationText>,
    /// Requests under way at once, 1 to 256; 16.
    pub width: Option<u16>,
    /// Requests a second, by family; what Google grants a project where left out.
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
    /// What stands between a prefix and an id; `-`.
    pub sep: Option<String>,
    /// How keys of teams are spelled; `unsupported`.
    pub teams: Option<TeamsSetting>,
    /// The locations that hold new secrets; left to Google where left out.
    pub replication: Option<Vec<String>>,
    /// The Cloud KMS key that new secrets are encrypted with; Google's own where left out.
    pub kms_key: Option<String>,
    /// How many versions of a secret stay when one is added; all of them where left out.
    pub keep_versions: Option<u16>,
    /// The arguments of Airflow's `CloudSecretManagerBackend`, for whatever the keys above leave out.
    pub backend_kwargs: Option<BackendKwargs>,
    /// Whether Google is asked for all keys, or for single ones only; `full`.
    pub listing: Option<Listing>,
    /// What the arguments said beside what they filled in.
    #[serde(skip)]
    pub(super) kwargs: Understood<Login>,
}

impl SecretManagerSettings {
    /// What the table says of getting in.
    pub(super) fn access(&self) -> AccessSettings {
        AccessSettings {
            project: self.project.clone(),
            location: self.location.clone(),
            endpoint_url: self.endpoint_url.clone(),
            allow_plain_http: self.allow_plain_http,
            auth: self.auth.clone(),
            login: self.kwargs.login.clone(),
            impersonate: self.impersonate.clone(),
            impersonate_delegates: self.impersonate_delegates.clone(),
            quota_project: self.quota_project.clone(),
            tls: self.tls.clone(),
            timeout: self.timeout,
            width: self.width,
            pace: self.pace,
        }
    }
}

#[async_trait]
impl StoreSettings for SecretManagerSettings {
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
        self.access().remarks(store).into_iter().chain(self.kwargs.findings(store)).collect()
    }

    async fn airflow(&self, opening: Opening) -> Option<AirflowBackend> {
        let project =
            checked::check(self).ok().and_then(|checked| session::project(&checked.access, &opening.name).ok());
        airflow::backend(self, project, DIALECT)
    }

    async fn open(&self, opening: Opening) -> Result<Store> {
        opening::open(self, opening).await
    }
}
