//! Why a run failed as a whole.

use super::job::Job;
use crate::ledger::LedgerError;
use crate::model::{ErrorKind, Reason, Stage};
use crate::planner::TargetContent;
use crate::provider::{self, Reach};

/// A run that could not go on; single keys fail in their own outcomes.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// A store failed a request that the whole run depends on.
    #[error("job {job}: {} {store}: {}", stage.as_str(), said(store, source))]
    Store {
        /// The job.
        job: String,
        /// The store's name.
        store: String,
        /// What was being done.
        stage: Stage,
        /// The store's error.
        source: provider::Error,
    },
    /// The ledger failed; nothing is written without it.
    #[error("job {job}: {source}")]
    Ledger {
        /// The job.
        job: String,
        /// The ledger's error.
        source: LedgerError,
    },
}

/// What the store's error says, without what the stage has said just before it.
fn said(store: &str, error: &provider::Error) -> String {
    let said = error.to_string();
    let beyond = said.strip_prefix(store).and_then(|rest| rest.strip_prefix(": ")).unwrap_or(&said);
    beyond.strip_prefix("list: ").unwrap_or(beyond).to_owned()
}

impl RunError {
    /// What happened, and what to do about it.
    pub fn explained(&self) -> String {
        let remedy = match self {
            Self::Store { source, .. } => source.remedy.as_deref(),
            Self::Ledger { source, .. } => source.remedy(),
        };
        remedy.map_or_else(|| self.to_string(), |remedy| format!("{self}; {remedy}"))
    }

    /// Wraps a store's error of `stage`.
    pub(super) fn store(job: &str, store: &str, stage: Stage) -> impl Fn(provider::Error) -> Self {
        let (job, store) = (job.to_owned(), store.to_owned());
        move |source| Self::Store { job: job.clone(), store: store.clone(), stage, source }
    }

    /// Wraps a ledger's error.
    pub(super) fn ledger(job: &str) -> impl Fn(LedgerError) -> Self {
        let job = job.to_owned();
        move |source| Self::Ledger { job: job.clone(), source }
    }
}

/// Tells whether a store is away as a whole: what a run cannot go on without. Any other error is about one key.
pub(super) fn is_away(error: &provider::Error) -> bool {
    error.reach == Reach::Store || matches!(error.kind, ErrorKind::Unavailable | ErrorKind::RateLimited)
}

/// A target that fails for one key blocks that key; one that is away ends the run.
pub(super) fn of_one_key(job: &Job, error: provider::Error, stage: Stage) -> Result<TargetContent, RunError> {
    match error.kind {
        _ if is_away(&error) => Err(RunError::store(&job.name, &job.target, stage)(error)),
        ErrorKind::Denied => Ok(TargetContent::Denied(error.explained())),
        _ => Ok(TargetContent::Failed(error.explained())),
    }
}

/// Why a source's key that cannot be read is set aside.
pub(super) fn unread_source(error: &provider::Error) -> Reason {
    if error.kind == ErrorKind::Denied { Reason::SourceDenied } else { Reason::SourceFailed }
}
