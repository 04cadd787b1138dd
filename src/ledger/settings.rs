//! The `[ledger]` table of the config.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::error::LedgerError;
use crate::reference::Reference;

const SQLITE: &str = "sqlite://";

/// Where the ledger is and what it is keyed by.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct LedgerSettings {
    /// `sqlite://path`, relative to the config's folder; default `sqlite://secretferry.db`.
    #[serde(default = "default_url")]
    pub url: String,
    /// 32 bytes in base64; left out, a random key file is made beside the ledger.
    pub key: Option<Reference>,
    /// How long runs are kept before they are folded, such as `400d`.
    pub keep: Option<String>,
}

impl Default for LedgerSettings {
    fn default() -> Self {
        Self { url: default_url(), key: None, keep: None }
    }
}

fn default_url() -> String {
    format!("{SQLITE}secretferry.db")
}

impl LedgerSettings {
    /// Finds every fault that needs no I/O to be seen.
    pub fn faults(&self) -> Vec<LedgerError> {
        let keep = self
            .keep
            .as_ref()
            .map(|_| LedgerError::Setting { setting: "keep", problem: "folding old runs is not built yet" });
        self.file().err().into_iter().chain(keep).collect()
    }

    /// The ledger's file, from `folder`.
    pub(super) fn path(&self, folder: &Path) -> Result<PathBuf, LedgerError> {
        match self.faults().into_iter().next() {
            Some(fault) => Err(fault),
            None => Ok(folder.join(self.file()?)),
        }
    }

    // The URL is never repeated in a fault: that of a database server may hold a password.
    fn file(&self) -> Result<&str, LedgerError> {
        let wrong = |problem| LedgerError::Setting { setting: "url", problem };
        if self.url.starts_with("postgres://") || self.url.starts_with("postgresql://") {
            return Err(wrong("a ledger in PostgreSQL is not built yet; write sqlite://path"));
        }
        match self.url.strip_prefix(SQLITE) {
            Some("") | None => Err(wrong("expected sqlite://path")),
            Some(path) if path.contains('?') => Err(wrong("the path takes no parameters after a question mark")),
            Some(path) => Ok(path),
        }
    }
}

impl fmt::Debug for LedgerSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = self.url.split_once("://").map_or("", |(scheme, _)| scheme);
        f.debug_struct("LedgerSettings")
            .field("scheme", &scheme)
            .field("key", &self.key)
            .field("keep", &self.keep)
            .finish()
    }
}
