//! Retention: old audit rows are proved and taken away, and the place up to which they went is sealed as the chain's new
//! origin; old runs go with their rows.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};

use super::audit::{AuditHead, AuditRow, ChainEnds};
use super::database::{Row, Snapshot, query};
use super::error::LedgerError;
use super::open::Ledger;
use super::verify::Walk;
use super::writer::{Change, Pen};

/// What was folded away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folded {
    /// The last audit row that is gone: after it the chain begins now.
    pub checkpoint: AuditHead,
    /// How many audit rows went.
    pub rows: u64,
    /// How many runs went, with their steps.
    pub runs: u64,
}

impl Ledger {
    /// Folds away what was before: audit rows, the oldest first, and the runs of which none is left. `None` where none may go.
    ///
    /// A run goes whole or not at all. Where a row is not as it was written, nothing goes.
    pub async fn fold(&self, before: Timestamp) -> Result<Option<Folded>, LedgerError> {
        let before = before.as_microsecond();
        // Proved without the writers' lock: what is proved once is not written again.
        let Some(proved) = self.proved(before).await? else { return Ok(None) };
        self.writer().write(Fold { before, origin: proved.origin, checkpoint: proved.last }).await
    }

    /// Folds what is older than `ledger.keep`. A failure is no failure of the run that has just ended.
    pub(super) async fn fold_old(&self) {
        match self.fold_older_than(self.keep()).await {
            Ok(None) => {}
            Ok(Some(folded)) => tracing::info!(rows = folded.rows, runs = folded.runs, "old runs were folded away"),
            Err(error) => tracing::warn!(%error, "old runs were not folded away"),
        }
    }

    async fn fold_older_than(&self, age: Duration) -> Result<Option<Folded>, LedgerError> {
        let age = SignedDuration::try_from(age).ok();
        let before = age.and_then(|age| Timestamp::now().checked_sub(age).ok());
        // What is older than time itself keeps everything.
        let Some(before) = before else { return Ok(None) };
        self.fold(before).await
    }

    async fn proved(&self, before: i64) -> Result<Option<Proved>, LedgerError> {
        let mut snapshot = self.readers().snapshot().await?;
        let ends = ChainEnds::load(&mut snapshot).await?;
        let key = self.audit_key();
        let mut walk = Walk::begin(&key, &ends);
        // Most often not even the first row is old.
        let (mut begins, mut size) = (BTreeMap::new(), 1);
        loop {
            let rows = page(&mut snapshot, walk.at(), size).await?;
            let old = rows.iter().take_while(|row| is_before(row, before));
            let mut count = 0;
            for row in old {
                let ahead = walk.at().clone();
                if let Some(run) = walk.step(row).map_err(LedgerError::NotProved)?.run {
                    begins.entry(run).or_insert(ahead);
                }
                count += 1;
            }
            if count < rows.len() || rows.is_empty() {
                break;
            }
            size = 1000;
        }
        let last = last_of_whole_runs(&mut snapshot, walk.at().clone(), begins).await?;
        Ok((last != ends.origin).then_some(Proved { origin: ends.origin, last }))
    }
}

/// Rows that were proved.
struct Proved {
    /// The row before them.
    origin: AuditHead,
    /// The last of them.
    last: AuditHead,
}

/// The next rows, not all that there are: they may be many, and few of them old.
async fn page(snapshot: &mut Snapshot, after: &AuditHead, size: i64) -> Result<Vec<Row>, LedgerError> {
    let rows = query("SELECT * FROM audit WHERE sequence > $1 ORDER BY sequence LIMIT $2");
    rows.bind(after.sequence).bind(size).fetch_all(snapshot).await
}

// A row without a readable time is for the proof to refuse.
fn is_before(row: &Row, before: i64) -> bool {
    row.try_get::<i64>("happened_at").map_or(true, |at| at < before)
}

/// The last row before all runs that also have younger rows; `begins` says before which row each run begins.
async fn last_of_whole_runs(
    snapshot: &mut Snapshot,
    mut last: AuditHead,
    begins: BTreeMap<String, AuditHead>,
) -> Result<AuditHead, LedgerError> {
    let mut runs = Vec::new();
    for (run, ahead) in begins {
        let end = query("SELECT max(sequence) AS sequence FROM audit WHERE run = $1").bind(run);
        let end: i64 = end.fetch_one(&mut *snapshot).await?.try_get("sequence")?;
        runs.push((ahead, end));
    }
    // Whatever a run takes with it may cut an earlier one in two, never a later one.
    runs.sort_by_key(|(ahead, _)| std::cmp::Reverse(ahead.sequence));
    for (ahead, end) in runs {
        if ahead.sequence < last.sequence && end > last.sequence {
            last = ahead;
        }
    }
    Ok(last)
}

struct Fold {
    before: i64,
    origin: AuditHead,
    checkpoint: AuditHead,
}

#[async_trait]
impl Change for Fold {
    type Answer = Option<Folded>;

    async fn record(&self, pen: &mut Pen<'_>) -> Result<Option<Folded>, LedgerError> {
        // Somebody else folded meanwhile.
        if pen.ends.origin != self.origin {
            return Ok(None);
        }
        pen.write_log().await?;
        self.move_origin(pen).await?;
        let runs = self.drop_runs(pen).await?;
        let rows = (self.checkpoint.sequence - self.origin.sequence).unsigned_abs();
        let (result, detail) = (Some(self.checkpoint.to_string()), Some(format!("{rows} rows, {runs} runs")));
        pen.audit(AuditRow { result, detail, ..AuditRow::of("folded") }).await?;
        Ok(Some(Folded { checkpoint: self.checkpoint.clone(), rows, runs }))
    }
}

impl Fold {
    async fn move_origin(&self, pen: &mut Pen<'_>) -> Result<(), LedgerError> {
        // The table lets go of rows up to the origin only, so the origin moves first.
        pen.ends.origin = self.checkpoint.clone();
        pen.ends.store(pen.connection, pen.key).await?;
        query("DELETE FROM audit WHERE sequence > $1 AND sequence <= $2")
            .bind(self.origin.sequence)
            .bind(self.checkpoint.sequence)
            .execute(pen.connection)
            .await?;
        Ok(())
    }

    /// Drops the runs that are over and of which no audit row is left. One with a step that is not settled stays, with its
    /// steps; one that settled such a step stays without.
    async fn drop_runs(&self, pen: &mut Pen<'_>) -> Result<u64, LedgerError> {
        query(
            "DELETE FROM steps WHERE run IN (SELECT id FROM runs WHERE ended_at < $1
                AND NOT EXISTS (SELECT 1 FROM audit WHERE audit.run = runs.id)
                AND NOT EXISTS (SELECT 1 FROM steps AS other
                    WHERE other.run = runs.id AND other.state IN ('intended', 'unknown')))",
        )
        .bind(self.before)
        .execute(pen.connection)
        .await?;
        query(
            "DELETE FROM runs WHERE ended_at < $1
                AND NOT EXISTS (SELECT 1 FROM audit WHERE audit.run = runs.id)
                AND NOT EXISTS (SELECT 1 FROM steps WHERE steps.run = runs.id OR steps.settled_by = runs.id)",
        )
        .bind(self.before)
        .execute(pen.connection)
        .await
    }
}
