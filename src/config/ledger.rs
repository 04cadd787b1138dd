//! The `[ledger]` table.

use std::time::Duration;

use serde::Deserialize;

use crate::reference::Reference;
use crate::settings::DurationText;

const KEEP: Duration = Duration::from_secs(400 * 24 * 60 * 60);

/// Where the ledger is and what it is keyed by.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct LedgerTable {
    /// `sqlite://path`, relative to the config's folder; default `sqlite://secretferry.db`.
    #[serde(default = "default_url")]
    pub url: String,
    /// 32 bytes in base64; left out, a random key file is made beside the ledger.
    pub key: Option<Reference>,
    /// How long runs are kept before they are folded; default 400 days.
    #[serde(default = "default_keep")]
    pub keep: DurationText,
}

impl Default for LedgerTable {
    fn default() -> Self {
        Self { url: default_url(), key: None, keep: default_keep() }
    }
}

fn default_url() -> String {
    "sqlite://secretferry.db".to_owned()
}

fn default_keep() -> DurationText {
    DurationText(KEEP)
}
