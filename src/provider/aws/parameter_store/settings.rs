//! The table of a Parameter Store in the config.

use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use serde::Deserialize;

use super::tier::Tier;
use super::{KIND, airflow, kwargs, opening, rule};
use crate::model::{Family, Finding, Listing, Quota, Severity};
use crate::naming::{LookupPatterns, Place, Rule};
use crate::provider::aws::AuthSettings;
use crate::provider::aws::access::{Access, AccessSettings, usual_region};
use crate::provider::aws::login::Login;
use crate::provider::aws::patterns::patterns;
use crate::provider::{
    AirflowBackend, BackendKwargs, CallSettings, Opening, PaceSettings, PrefixSetting, Result, SettingsFault, Store,
    StoreSettings, TeamsSetting, Understood,
};
use crate::reference::TlsSettings;
use crate::settings::{DurationText, Faults};

/// Where a Parameter Store is, how to log in, and where Airflow's keys lie in it. Holds references, never a secret.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ParameterStoreSettings {
    /// The region; that of the environment or the profile where left out.
    pub region: Option<String>,
    /// How to log in; what AWS's own tools do where left out.
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
    /// Requests a second, by family; what AWS grants under `throughput` where left out.
    #[serde(default)]
    pub pace: PaceSettings,
    /// Where connections lie; `/airflow/connections`.
    #[serde(default)]
    pub connections_prefix: PrefixSetting,
    /// Where variables lie; `/airflow/variables`.
    #[serde(default)]
    pub variables_prefix: PrefixSetting,
    /// Where configs lie; `/airflow/config`.
    #[serde(default)]
    pub config_prefix: PrefixSetting,
    /// Which connections Airflow looks up here at all, a regular expression; all where left out.
    pub connections_lookup_pattern: Option<String>,
    /// The same for variables.
    pub variables_lookup_pattern: Option<String>,
    /// The same for configs.
    pub config_lookup_pattern: Option<String>,
    /// Whether keys of teams are carried; `unsupported`.
    pub teams: Option<TeamsSetting>,
    /// The KMS key that encrypts what is written; the account's default one for new parameters where left out.
    pub kms_key_id: Option<String>,
    /// The tier of what is written; `standard`.
    pub tier: Option<Tier>,
    /// The account's throughput setting; `default`.
    pub throughput: Option<Throughput>,
    /// The arguments of Airflow's `SystemsManagerParameterStoreBackend`, for whatever the keys above leave out.
    pub backend_kwargs: Option<BackendKwargs>,
    /// Whether AWS is asked for all keys, or for single ones only; `full`.
    pub listing: Option<Listing>,
    /// What the arguments said beside what they filled in.
    #[serde(skip)]
    pub(super) kwargs: Understood<Login>,
}

/// Listings a second, and looks at tags and histories.
const LOOKS: f64 = 10.0;

/// How many calls a second AWS grants an account and region in all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Throughput {
    /// What every account has: 3 writes and 40 reads a second.
    #[default]
    Default,
    /// The paid setting: 10 writes and thousands of reads a second.
    High,
}

impl Throughput {
    /// Calls a second. AWS publishes neither listings nor deletes nor looks at tags and histories; what is taken
    /// for them is careful.
    fn quotas(self) -> [Quota; 4] {
        let (read, write) = match self {
            Self::Default => (40.0, 3.0),
            Self::High => (3000.0, 10.0),
        };
        [
            Quota::of(&[Family::List, Family::Stat], LOOKS),
            Quota::of(&[Family::Read], read),
            Quota::of(&[Family::Write], write),
            Quota::of(&[Family::Delete], write),
        ]
    }
}

impl ParameterStoreSettings {
    /// What both of AWS's stores take, to be checked together.
    fn access(&self) -> AccessSettings {
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

    /// The way in, checked, or every fault of the table.
    pub(super) fn checked(&self) -> std::result::Result<Access, Vec<SettingsFault>> {
        let mut faults = Faults(self.kwargs.faults.clone());
        let quotas = self.throughput.unwrap_or_default().quotas();
        let access = self.access().check(&quotas, &mut faults);
        self.patterns(&mut faults);
        for (key, prefix) in self.prefixes() {
            if let Some(problem) = rule::fault(&rule::spelled(prefix)) {
                faults.add(key, problem, "write it as in \"/airflow/connections\"");
            }
        }
        if self.kms_key_id.as_deref().is_some_and(|key| key.trim().is_empty()) {
            faults.add("kms-key-id", "the key is empty", "write its id, ARN or alias/name, or leave it out");
        }
        match access {
            Some(access) if faults.0.is_empty() => Ok(access),
            _ => Err(self.kwargs.retold(faults.0)),
        }
    }

    /// The prefixes that the table spells out, by key.
    fn prefixes(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let prefixes = [
            ("connections-prefix", &self.connections_prefix),
            ("variables-prefix", &self.variables_prefix),
            ("config-prefix", &self.config_prefix),
        ];
        prefixes.into_iter().filter_map(|(key, prefix)| match prefix {
            PrefixSetting::Prefix(text) => Some((key, text.as_str())),
            PrefixSetting::Default | PrefixSetting::Off => None,
        })
    }

    fn patterns(&self, faults: &mut Faults) -> LookupPatterns {
        let texts = [&self.connections_lookup_pattern, &self.variables_lookup_pattern, &self.config_lookup_pattern];
        patterns(texts.map(Option::as_deref), faults)
    }

    fn places(&self) -> [Place; 3] {
        [
            self.connections_prefix.place("/airflow/connections", rule::spelled),
            self.variables_prefix.place("/airflow/variables", rule::spelled),
            self.config_prefix.place("/airflow/config", rule::spelled),
        ]
    }
}

#[async_trait]
impl StoreSettings for ParameterStoreSettings {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn faults(&self) -> Vec<SettingsFault> {
        self.checked().err().unwrap_or_default()
    }

    fn rule(&self) -> Rule {
        let teams = self.teams.unwrap_or_default().into();
        let region = self.region.clone().or_else(usual_region);
        rule::rule(self.places(), self.patterns(&mut Faults::default()), teams, region.as_deref())
    }

    fn identity(&self) -> String {
        format!("{KIND} {} {}", self.access().identity(), self.rule().written())
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
        let mut remarks = self.access().remarks(store);
        remarks.extend(self.kwargs.findings(store));
        remarks.extend(self.tier.unwrap_or_default().cost(store));
        for (key, text) in self.prefixes().filter(|(_, text)| text.len() > 1 && text.ends_with('/')) {
            let message = format!("{key}: the slash at the end of {text:?} is dropped, as Airflow drops it");
            remarks.push(Finding::new(Severity::Info, "prefix-slash", store, message).with_remedy("write it without"));
        }
        remarks
    }

    async fn airflow(&self, opening: Opening) -> Option<AirflowBackend> {
        airflow::backend(self, &opening).await
    }

    async fn open(&self, opening: Opening) -> Result<Store> {
        opening::open(self, opening).await
    }
}
