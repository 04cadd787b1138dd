//! The table of a Vault in the config.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use serde::Deserialize;
use serde::de::{self, Deserializer, SeqAccess, Visitor};

use super::auth::AuthSettings;
use super::kwargs;
use super::login::Login;
use super::{KIND, airflow, checked, opening};
use crate::model::{Finding, Listing, Requirement};
use crate::naming::Rule;
use crate::provider::{
    AirflowBackend, BackendKwargs, CallSettings, Opening, Result, SettingsFault, Store, StoreSettings, Understood,
};
use crate::reference::TlsSettings;
use crate::settings::DurationText;

/// Where a Vault is, how to log in, and where Airflow's keys lie in it. Holds references, never a secret.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct VaultSettings {
    /// `https://host:port`; `VAULT_ADDR` where left out.
    pub address: Option<String>,
    /// The namespace (Vault Enterprise, HCP); `VAULT_NAMESPACE` where left out.
    pub namespace: Option<String>,
    /// The KV engine's mount, of one or several segments; `secret`. Empty is Airflow's `mount_point` null: the first segment
    /// of an id is its mount.
    pub mount: Option<String>,
    /// 1 or 2; asked of Vault where left out.
    pub kv_version: Option<i64>,
    /// Where connections lie; `connections`.
    #[serde(default)]
    pub connections_path: PathSetting,
    /// Where variables lie; `variables`.
    #[serde(default)]
    pub variables_path: PathSetting,
    /// Where configs lie; `config`.
    #[serde(default)]
    pub config_path: PathSetting,
    /// Whether teams have folders of their own; `unsupported`.
    pub teams: Option<TeamsSetting>,
    /// How to log in; a token from the usual places where left out.
    pub auth: Option<AuthSettings>,
    /// How the server is trusted; `VAULT_CACERT`, `VAULT_CLIENT_CERT` and `VAULT_CLIENT_KEY` where left out.
    #[serde(default)]
    pub tls: TlsSettings,
    /// Lets secrets travel unencrypted to other hosts than this one.
    #[serde(default)]
    pub allow_plain_http: bool,
    /// The longest one request may take; 30 seconds.
    pub timeout: Option<DurationText>,
    /// Requests under way at once, 1 to 256; 16.
    pub width: Option<u16>,
    /// Requests a second of each family (listing, looking, reading, writing, deleting); unlimited where left out.
    pub pace: Option<f64>,
    /// The arguments of Airflow's `VaultBackend`, for whatever the keys above leave out.
    pub backend_kwargs: Option<BackendKwargs>,
    /// Whether Vault is asked for all keys, or for single ones only; `full`.
    pub listing: Option<Listing>,
    /// What the arguments said beside what they filled in.
    #[serde(skip)]
    pub(super) kwargs: Understood<Login>,
}

/// Where the keys of a kind lie.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum PathSetting {
    /// At Airflow's own default.
    #[default]
    Default,
    /// Nowhere: `false`, Airflow's null.
    Off,
    /// Under these paths: read from all in order, written to the first; `""` is the bare id.
    Paths(Vec<String>),
}

/// How keys of teams are spelled.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TeamsSetting {
    /// They are refused.
    #[default]
    Unsupported,
    /// `<path>/<team>/<id>`, Airflow's `use_team_secrets_path`.
    Folder,
}

impl VaultSettings {
    /// What Airflow needs to read where these settings write, beyond what its backend always took.
    pub(super) fn needs(&self) -> Option<Requirement> {
        let paths = [&self.connections_path, &self.variables_path, &self.config_path];
        if paths.iter().any(|path| matches!(path, PathSetting::Paths(paths) if paths.len() > 1)) {
            return Some(Requirement::of_vault((4, 8, 0), "lists of paths"));
        }
        let teams = self.teams == Some(TeamsSetting::Folder);
        teams.then_some(Requirement::of_vault((4, 6, 0), "folders of teams (use_team_secrets_path)"))
    }
}

#[async_trait]
impl StoreSettings for VaultSettings {
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
        let needs = self.needs().map(|needs| needs.finding(store));
        self.kwargs.findings(store).into_iter().chain(needs).collect()
    }

    async fn airflow(&self, opening: Opening) -> Option<AirflowBackend> {
        airflow::backend(self, opening).await
    }

    async fn open(&self, opening: Opening) -> Result<Store> {
        opening::open(self, opening).await
    }
}

impl<'de> Deserialize<'de> for PathSetting {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        deserializer.deserialize_any(PathVisitor)
    }
}

struct PathVisitor;

impl<'de> Visitor<'de> for PathVisitor {
    type Value = PathSetting;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a path, a list of paths, or false to switch the kind off")
    }

    fn visit_bool<E: de::Error>(self, flag: bool) -> std::result::Result<PathSetting, E> {
        if flag { Err(E::invalid_type(de::Unexpected::Bool(flag), &self)) } else { Ok(PathSetting::Off) }
    }

    fn visit_str<E: de::Error>(self, text: &str) -> std::result::Result<PathSetting, E> {
        Ok(PathSetting::Paths(vec![text.to_owned()]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> std::result::Result<PathSetting, A::Error> {
        let mut paths = Vec::new();
        while let Some(path) = list.next_element()? {
            paths.push(path);
        }
        Ok(PathSetting::Paths(paths))
    }
}
