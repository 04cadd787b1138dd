//! How a step ended, as the store said or as reading back found; with a change goes what was last written to the key.

use async_trait::async_trait;

use super::audit::AuditRow;
use super::baseline;
use super::database::{Row, query};
use super::error::LedgerError;
use super::open::Ledger;
use super::runs::{RunContext, RunId};
use super::steps::{Intent, StepId, StepState};
use super::writer::{Change, Pen};
use crate::model::{Fingerprint, Outcome, Reason, Revision};

/// How a write ended, as far as the store said.
#[derive(Debug, Clone)]
pub enum Conclusion {
    /// It was done.
    Done(Done),
    /// It was not.
    Failed(Failure),
    /// Nobody knows; reading back has to settle it.
    Unknown(Failure),
}

/// What reading back found of a step whose end was not known.
#[derive(Debug, Clone)]
pub enum Settlement {
    /// The target holds what was to be written.
    Done(Done),
    /// The target holds something else than before and than what was to be written.
    Failed(Failure),
    /// The target is as it was before.
    Unchanged,
}

/// A change that was made.
#[derive(Debug, Clone)]
pub struct Done {
    /// The key's outcome.
    pub outcome: Outcome,
    /// The target's version afterwards.
    pub revision: Option<Revision>,
    /// What the ledger shall know of the key from now on.
    pub baseline: BaselineChange,
    /// The store's request id.
    pub request: Option<String>,
}

/// What the ledger shall know of a key from now on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BaselineChange {
    /// That we wrote this.
    Write(Fingerprint),
    /// Nothing: it holds this, but is not ours any more.
    GiveUp(Fingerprint),
    /// Nothing.
    Delete,
}

/// A change that was not made, or that nobody knows of.
#[derive(Debug, Clone)]
pub struct Failure {
    /// The key's outcome.
    pub outcome: Outcome,
    /// Why.
    pub reason: Reason,
    /// More words; never a value.
    pub error: String,
    /// The store's request id.
    pub request: Option<String>,
}

impl Ledger {
    /// Notes how a step ended; with it, in the same transaction, what was last written to the key.
    pub async fn conclude(&self, step: StepId, conclusion: Conclusion) -> Result<(), LedgerError> {
        let (state, ending) = match conclusion {
            Conclusion::Done(done) => (StepState::Done, Ending::Done(done)),
            Conclusion::Failed(failure) => (StepState::Failed, Ending::Failed(failure)),
            Conclusion::Unknown(failure) => (StepState::Unknown, Ending::Failed(failure)),
        };
        self.writer().write(Move { step, state, settled_by: None, ending }).await
    }

    /// Notes what reading back found of a step; `run` is the one that did.
    pub async fn settle(&self, run: &RunId, step: StepId, settlement: Settlement) -> Result<(), LedgerError> {
        let ending = match settlement {
            Settlement::Done(done) => Ending::Done(done),
            Settlement::Failed(failure) => Ending::Failed(failure),
            Settlement::Unchanged => Ending::Unchanged,
        };
        self.writer().write(Move { step, state: StepState::Settled, settled_by: Some(run.clone()), ending }).await
    }
}

/// A step's move to another state.
struct Move {
    step: StepId,
    state: StepState,
    settled_by: Option<RunId>,
    ending: Ending,
}

enum Ending {
    Done(Done),
    Failed(Failure),
    Unchanged,
}

#[async_trait]
impl Change for Move {
    type Answer = ();
    const LEAVES_RUNS: bool = true;

    async fn record(&self, pen: &mut Pen<'_>) -> Result<(), LedgerError> {
        let Some(row) = self.update(pen).await? else { return Err(self.refusal(pen).await) };
        let intent = Intent::read(&row)?;
        let author = RunContext::load(pen, &RunId::new(row.try_get("run")?)).await?;
        // Who settles is who did it, for the audit; the key stays with the job that wrote it.
        let witness = match &self.settled_by {
            Some(run) => RunContext::running(pen, run).await?,
            None => RunContext::load(pen, &author.run).await?,
        };
        if let Ending::Done(done) = &self.ending {
            baseline::record(pen, &author, &intent, done).await?;
        }
        pen.audit(self.audit_row(intent.audit_row(&witness, self.step, self.state.as_str()))).await
    }
}

impl Move {
    /// Moves the step, if it may move so; gives its row, whose intent is as it was.
    async fn update(&self, pen: &mut Pen<'_>) -> Result<Option<Row>, LedgerError> {
        let words = self.words();
        let [first, second] = self.state.beginnings();
        let (concluded_at, settled_at) = match self.settled_by {
            None => (Some(pen.now), None),
            Some(_) => (None, Some(pen.now)),
        };
        query(
            "UPDATE steps SET state = $1, outcome = $2, failure = $3, error = $4, request = coalesce($5, request),
                fingerprint_after = $6, revision_after = $7, concluded_at = coalesce($8, concluded_at), settled_at = $9,
                settled_by = $10, settled_as = $11
             WHERE id = $12 AND state IN ($13, $14) RETURNING *",
        )
        .bind(self.state.as_str())
        .bind(words.outcome.map(Outcome::as_str))
        .bind(words.failure.map(Reason::as_str))
        .bind(words.error)
        .bind(words.request)
        .bind(words.fingerprint)
        .bind(words.revision)
        .bind(concluded_at)
        .bind(settled_at)
        .bind(self.settled_by.as_ref().map(RunId::as_str))
        .bind(self.settled_by.as_ref().map(|_| words.settled_as))
        .bind(self.step.0)
        .bind(first)
        .bind(second)
        .fetch_optional(&mut *pen.connection)
        .await
    }

    /// Why a step did not move.
    async fn refusal(&self, pen: &mut Pen<'_>) -> LedgerError {
        let asked = query("SELECT state FROM steps WHERE id = $1").bind(self.step.0);
        let moved = match asked.fetch_optional(&mut *pen.connection).await {
            Ok(None) => return LedgerError::NoSuchStep(self.step.0),
            Ok(Some(row)) => StepState::read(&row).and_then(|state| state.to(self.state)),
            Err(error) => Err(error),
        };
        moved.err().unwrap_or(LedgerError::Damaged { what: "step's state" })
    }

    fn audit_row(&self, row: AuditRow) -> AuditRow {
        let words = self.words();
        let failure = words.failure.zip(words.error);
        AuditRow {
            fingerprint_after: words.fingerprint,
            revision_after: words.revision.map(str::to_owned),
            result: Some(words.outcome.map_or(words.settled_as, Outcome::as_str).to_owned()),
            request: words.request.map(str::to_owned),
            detail: failure.map(|(reason, error)| format!("{reason}: {error}")),
            ..row
        }
    }

    fn words(&self) -> Words<'_> {
        match &self.ending {
            Ending::Done(done) => Words {
                settled_as: "done",
                outcome: Some(done.outcome),
                request: done.request.as_deref(),
                revision: done.revision.as_ref().map(Revision::as_str),
                fingerprint: match &done.baseline {
                    BaselineChange::Write(fingerprint) | BaselineChange::GiveUp(fingerprint) => {
                        Some(fingerprint.to_string())
                    }
                    BaselineChange::Delete => None,
                },
                ..Words::default()
            },
            Ending::Failed(failure) => Words {
                settled_as: "failed",
                outcome: Some(failure.outcome),
                failure: Some(failure.reason),
                error: Some(&failure.error),
                request: failure.request.as_deref(),
                ..Words::default()
            },
            Ending::Unchanged => Words { settled_as: "unchanged", ..Words::default() },
        }
    }
}

/// An ending as both the step's row and the audit row spell it.
#[derive(Default)]
struct Words<'a> {
    settled_as: &'static str,
    outcome: Option<Outcome>,
    failure: Option<Reason>,
    error: Option<&'a str>,
    request: Option<&'a str>,
    revision: Option<&'a str>,
    fingerprint: Option<String>,
}
