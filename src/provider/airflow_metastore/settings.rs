//! The table of a metastore in the config.

use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use serde::Deserialize;

use super::address::{Address, AddressError};
use super::fernet::{Keyring, KeyringError};
use super::{AirflowMetastore, KIND, postgres, rule};
use crate::model::SecretValue;
use crate::naming::Rule;
use crate::provider::{CallSettings, Opening, Result, Store, StoreSettings};
use crate::reference::{Reference, ReferenceError, TlsSettings};
use crate::settings::{DurationText, SettingsFault};

/// Where a metastore is and what opens its secrets. Holds references, never a secret.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct MetastoreSettings {
    /// The SQLAlchemy URL; Airflow's own variables, `AIRFLOW__DATABASE__SQL_ALCHEMY_CONN` first, where left out.
    pub url: Option<Reference>,
    /// The Fernet keys, comma-separated; `AIRFLOW__CORE__FERNET_KEY` where left out, none where that is unset or empty.
    pub fernet_key: Option<Reference>,
    /// The schema of the tables, as `sql_alchemy_schema`; the role's search path where left out. PostgreSQL only.
    pub schema: Option<String>,
    /// How the server is trusted, beside what the URL says.
    #[serde(default)]
    pub tls: TlsSettings,
    /// The longest one listing or one batch of reads may take; 30 seconds.
    pub timeout: Option<DurationText>,
}

/// Airflow's own variables for the URL: its present one and the one of Airflow before 2.3.
const URL_VARIABLES: [&str; 2] = ["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "AIRFLOW__CORE__SQL_ALCHEMY_CONN"];
const KEY_VARIABLE: &str = "AIRFLOW__CORE__FERNET_KEY";

/// Why the settings lead nowhere at this moment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// A reference gave nothing.
    #[error("{0}")]
    Reference(#[from] ReferenceError),
    /// The URL is wrong.
    #[error("{0}")]
    Address(#[from] AddressError),
    /// A Fernet key is wrong.
    #[error("{0}")]
    Keyring(#[from] KeyringError),
}

impl SettingsError {
    /// What to do.
    pub fn remedy(&self) -> String {
        match self {
            Self::Reference(_) => format!(
                "set it, or name another place under url or fernet-key (Airflow's own are {} and {KEY_VARIABLE})",
                URL_VARIABLES[0]
            ),
            Self::Address(error) => error.remedy.clone(),
            Self::Keyring(_) => {
                "give the list as Airflow has it in [core] fernet_key; a comma at its end is one too many".to_owned()
            }
        }
    }
}

impl MetastoreSettings {
    /// Reads the URL, afresh.
    pub fn address(&self) -> std::result::Result<Address, SettingsError> {
        let address = Address::parse(self.url_text()?.expose())?;
        if let (Address::Sqlite(_), Some(_)) = (&address, &self.schema) {
            let problem = "schema is set, but SQLite has no schemas";
            return Err(AddressError::new(problem, "leave schema out").into());
        }
        Ok(address)
    }

    fn url_text(&self) -> std::result::Result<SecretValue, ReferenceError> {
        let Some(url) = &self.url else {
            let [first, second] = URL_VARIABLES.map(|name| Reference::Env(name.to_owned()));
            // The error of the variable that people should set.
            return first.resolve().or_else(|error| second.resolve().map_err(|_| error));
        };
        url.resolve()
    }

    /// Reads the Fernet keys, afresh.
    pub fn keyring(&self) -> std::result::Result<Keyring, SettingsError> {
        let list = match &self.fernet_key {
            Some(reference) => reference.resolve(),
            None => match Reference::Env(KEY_VARIABLE.to_owned()).resolve() {
                Err(ReferenceError::EnvMissing(_)) => return Ok(Keyring::default()),
                other => other,
            },
        };
        match list {
            Ok(list) => Ok(Keyring::parse(list.expose())?),
            // Airflow's way to say that nothing is encrypted.
            Err(ReferenceError::Empty(_)) => Ok(Keyring::default()),
            Err(error) => Err(error.into()),
        }
    }

    /// Where the metastore is, for people and without credentials.
    pub fn location(&self) -> std::result::Result<String, SettingsError> {
        match self.address()? {
            Address::Postgres(address) => {
                Ok(format!("postgresql {}", postgres::location(&postgres::options(&address))))
            }
            Address::Sqlite(file) => Ok(format!("sqlite {}", std::path::absolute(&file).unwrap_or(file).display())),
        }
    }

    /// How long a request may take.
    pub fn timeout(&self) -> Duration {
        self.timeout.map_or(CallSettings::default().timeout, |timeout| timeout.0)
    }
}

#[async_trait]
impl StoreSettings for MetastoreSettings {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn faults(&self) -> Vec<SettingsFault> {
        let mut faults = Vec::new();
        if self.schema.as_deref() == Some("") {
            faults.push(
                SettingsFault::new("schema", "the schema is empty").with_hint("leave it out for the search path"),
            );
        }
        if self.timeout().is_zero() {
            faults.push(SettingsFault::new("timeout", "no answer comes within no time").with_hint("30s is usual"));
        }
        if self.tls.client_certificate.is_some() != self.tls.client_key.is_some() {
            let problem = "a client certificate and its key must be given together";
            faults.push(SettingsFault::new("tls", problem).with_hint("set client-certificate and client-key"));
        }
        faults
    }

    fn rule(&self) -> Rule {
        rule::rule()
    }

    fn identity(&self) -> String {
        let schema = self.schema.as_deref().unwrap_or_default();
        let place = self.location().unwrap_or_else(|_| match &self.url {
            Some(reference) => format!("at {reference}"),
            None => format!("at the environment variable {}", URL_VARIABLES[0]),
        });
        format!("{KIND} {place} {schema}").trim_end().to_owned()
    }

    fn relative_to(&mut self, folder: &Path) {
        let moved = |reference: &mut Option<Reference>| {
            *reference = reference.take().map(|reference| reference.relative_to(folder))
        };
        moved(&mut self.url);
        moved(&mut self.fernet_key);
        self.tls = std::mem::take(&mut self.tls).relative_to(folder);
    }

    async fn open(&self, opening: Opening) -> Result<Store> {
        AirflowMetastore::open(self.clone(), opening).map(|store| std::sync::Arc::new(store) as Store)
    }
}
