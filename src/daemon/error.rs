//! Why a daemon did not begin.

use std::io;

use super::http::HttpError;
use crate::ledger::LedgerError;

/// Why a daemon did not begin.
#[derive(Debug, thiserror::Error)]
pub enum DaemonError {
    /// The ledger cannot be used, and not because it is away for a moment.
    #[error("{0}")]
    Ledger(#[from] LedgerError),
    /// Nothing can be served where it shall listen.
    #[error("{0}")]
    Http(#[from] HttpError),
    /// The system hands over no signals, or no timers.
    #[error("the system refuses what a daemon needs: {0}")]
    System(String),
}

impl From<io::Error> for DaemonError {
    fn from(cause: io::Error) -> Self {
        Self::System(cause.to_string())
    }
}

impl DaemonError {
    /// What to do about it.
    pub fn remedy(&self) -> Option<String> {
        match self {
            Self::Ledger(error) => error.remedy().map(str::to_owned),
            Self::Http(error) => Some(error.hint()),
            Self::System(_) => None,
        }
    }
}
