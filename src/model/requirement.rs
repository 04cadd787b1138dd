//! What must be installed beside Airflow for it to read a store right.

use std::fmt;

use super::finding::{Finding, Severity};

/// The package of Airflow's Vault backend.
const HASHICORP: &str = "apache-airflow-providers-hashicorp";

/// The package of Airflow's backends for AWS.
const AMAZON: &str = "apache-airflow-providers-amazon";

/// The package of Airflow's backend for Azure.
const MICROSOFT: &str = "apache-airflow-providers-microsoft-azure";

/// The package of Airflow's backend for Google Cloud.
const GOOGLE: &str = "apache-airflow-providers-google";

/// A package, its least version, and what for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Requirement {
    /// The package's name.
    pub package: &'static str,
    /// Its least version.
    pub least: (u16, u16, u16),
    /// What needs it, as it stands before "needs".
    pub what: &'static str,
}

impl Requirement {
    /// A requirement of Airflow's Vault backend.
    pub const fn of_vault(least: (u16, u16, u16), what: &'static str) -> Self {
        Self { package: HASHICORP, least, what }
    }

    /// A requirement of Airflow's backends for AWS.
    pub const fn of_amazon(least: (u16, u16, u16), what: &'static str) -> Self {
        Self { package: AMAZON, least, what }
    }

    /// A requirement of Airflow's backend for Azure.
    pub const fn of_microsoft(least: (u16, u16, u16), what: &'static str) -> Self {
        Self { package: MICROSOFT, least, what }
    }

    /// A requirement of Airflow's backend for Google Cloud.
    pub const fn of_google(least: (u16, u16, u16), what: &'static str) -> Self {
        Self { package: GOOGLE, least, what }
    }

    /// Says so, of a store.
    pub fn finding(&self, store: &str) -> Finding {
        let message = format!("Airflow reads this only with {self}: {}", self.what);
        Finding::new(Severity::Info, "airflow-provider", store, message)
            .with_remedy(format!("pip install '{self}', wherever Airflow runs"))
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (major, minor, patch) = self.least;
        write!(f, "{}>={major}.{minor}.{patch}", self.package)
    }
}
