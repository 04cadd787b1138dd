//! What people ask of a job: a run now, a rest, or that it goes on. The ledger keeps it, so every daemon hears of it.

use axum::http::StatusCode;
use axum::response::Response;

use super::answer::refused;
use super::served::Served;

/// What is asked of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// A run as soon as there is a place for it.
    Run,
    /// No run until it is resumed.
    Pause,
    /// The end of a pause.
    Resume,
}

impl Order {
    /// Parses the last part of an address.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "run" => Some(Self::Run),
            "pause" => Some(Self::Pause),
            "resume" => Some(Self::Resume),
            _ => None,
        }
    }

    /// Writes it into the ledger, and with it who asked; an error says why it could not be.
    pub async fn carry(self, served: &Served, job: &str, by: &str) -> Result<(), Response> {
        if !served.board.view().jobs.iter().any(|known| known.job == job) {
            return Err(refused(StatusCode::NOT_FOUND, "the config has no job of this name"));
        }
        let ledger = served.shelf.ledger().ok_or_else(away)?;
        let written = match self {
            Self::Run => ledger.ask_for_run(job, by).await,
            Self::Pause => ledger.pause(job, by).await,
            Self::Resume => ledger.resume(job, by).await,
        };
        written.map_err(|error| refused(StatusCode::SERVICE_UNAVAILABLE, &error.to_string()))?;
        tracing::info!(job, by, order = ?self, "somebody asked something of a job");
        Ok(())
    }
}

/// The ledger cannot be asked now.
pub fn away() -> Response {
    refused(StatusCode::SERVICE_UNAVAILABLE, "the ledger is away; try again when /readyz says so")
}
