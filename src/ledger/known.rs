//! What a transaction has read of runs and leases: the steps of a group are of few runs, and each need not ask again.

use super::database::query;
use super::error::LedgerError;
use super::lease::Claim;
use super::runs::{RunContext, RunId, RunStatus};
use super::writer::Pen;

/// What was read in one transaction; holds as long as no change of it touches runs or leases.
#[derive(Default)]
pub(super) struct Known {
    runs: Vec<(RunContext, RunStatus)>,
    held: Vec<Claim>,
}

impl Pen<'_> {
    /// A run and how it stands.
    pub(super) async fn run(&mut self, run: &RunId) -> Result<Option<(RunContext, RunStatus)>, LedgerError> {
        if let Some(known) = self.known.runs.iter().find(|(context, _)| context.run == *run) {
            return Ok(Some(known.clone()));
        }
        let asked = query("SELECT * FROM runs WHERE id = $1").bind(run.as_str());
        let Some(row) = asked.fetch_optional(&mut *self.connection).await? else { return Ok(None) };
        let status = RunStatus::parse(row.try_get("status")?).ok_or(LedgerError::Damaged { what: "run's status" })?;
        let found = (RunContext::read(&row)?, status);
        self.known.runs.push(found.clone());
        Ok(Some(found))
    }

    /// Whether a claim is that of the target's lease, and the lease was not given back.
    pub(super) async fn is_held(&mut self, claim: &Claim) -> Result<bool, LedgerError> {
        if self.known.held.contains(claim) {
            return Ok(true);
        }
        let row = query("SELECT fence FROM leases WHERE target_identity = $1 AND released_at IS NULL")
            .bind(&claim.target)
            .fetch_optional(&mut *self.connection)
            .await?;
        let fence = row.map(|row| row.try_get::<i64>("fence")).transpose()?;
        let is_held = fence == Some(claim.fence);
        if is_held {
            self.known.held.push(claim.clone());
        }
        Ok(is_held)
    }
}
