//! Where a job stands on a target: which instants are done, and what the last run left.

use jiff::Timestamp;

use super::database::{Row, query};
use super::error::LedgerError;
use super::history::time;
use super::overview::{REMARKS, Remark, Standing};
use super::runs::{RunContext, RunEnd, RunId, RunStatus};
use super::writer::Pen;

/// What a run's end leaves in its job's standing.
#[derive(Debug, Clone, Default)]
pub struct Concluded {
    /// Nothing that was due until then is due any more; `None` where what was due still is.
    pub done_at: Option<Timestamp>,
    /// The keys that are not as they should be, those beyond [`REMARKS`] left out; `None` for a run that did not come to look.
    pub remarks: Option<Vec<Remark>>,
}

/// Refuses a run for an instant whose work is done.
pub(super) async fn check_due(
    pen: &mut Pen<'_>,
    job: &str,
    target: &str,
    instant: Timestamp,
) -> Result<(), LedgerError> {
    let done = query("SELECT done_at FROM standings WHERE job = $1 AND target_identity = $2 AND done_at >= $3")
        .bind(job)
        .bind(target)
        .bind(instant.as_microsecond())
        .fetch_optional(&mut *pen.connection)
        .await?;
    match done {
        None => Ok(()),
        Some(_) => Err(LedgerError::NotDue { job: job.to_owned(), instant: instant.to_string() }),
    }
}

/// Notes which run of the job on the target began last.
pub(super) async fn began(pen: &mut Pen<'_>, run: &RunId, job: &str, target: &str) -> Result<(), LedgerError> {
    query(
        "INSERT INTO standings (job, target_identity, latest) VALUES ($1, $2, $3)
         ON CONFLICT (job, target_identity) DO UPDATE SET latest = excluded.latest",
    )
    .bind(job)
    .bind(target)
    .bind(run.as_str())
    .execute(&mut *pen.connection)
    .await
    .map(drop)
}

/// Notes what a run's end leaves. What is done stays done.
pub(super) async fn ended(pen: &mut Pen<'_>, run: &RunContext, end: &RunEnd) -> Result<(), LedgerError> {
    let Some(concluded) = &end.standing else { return Ok(()) };
    query(
        "UPDATE standings SET run = $1, remarks = coalesce($2, remarks),
            done_at = CASE WHEN done_at IS NULL OR done_at < $3 THEN $3 ELSE done_at END,
            last_good = CASE WHEN $4 = 1 THEN (SELECT started_at FROM runs WHERE id = $1) ELSE last_good END
         WHERE job = $5 AND target_identity = $6",
    )
    .bind(run.run.as_str())
    .bind(concluded.remarks.as_deref().map(remarks_text).transpose()?)
    .bind(concluded.done_at.map(rounded_up))
    .bind(i64::from(end.status == RunStatus::Succeeded))
    .bind(&run.job)
    .bind(&run.target_identity)
    .execute(&mut *pen.connection)
    .await
    .map(drop)
}

// Rounded down, an instant between two microseconds would stay due for ever.
fn rounded_up(instant: Timestamp) -> i64 {
    let micros = instant.as_microsecond();
    if instant.as_nanosecond() > i128::from(micros) * 1000 { micros + 1 } else { micros }
}

fn remarks_text(remarks: &[Remark]) -> Result<String, LedgerError> {
    let kept = remarks.get(..REMARKS).unwrap_or(remarks);
    serde_json::to_string(kept).map_err(|error| LedgerError::Database(error.to_string()))
}

/// Reads a standing; `None` where no daemon has brought a run of the job to its end.
pub(super) fn read(row: &Row) -> Result<Option<Standing>, LedgerError> {
    let Some(run) = row.try_get::<Option<String>>("run")? else { return Ok(None) };
    let damaged = |_| LedgerError::Damaged { what: "standing's remarks" };
    let remarks = row.try_get::<Option<&str>>("remarks")?.map(serde_json::from_str).transpose().map_err(damaged)?;
    Ok(Some(Standing {
        job: row.try_get("job")?,
        target_identity: row.try_get("target_identity")?,
        done_at: time(row, "done_at")?,
        last_good: time(row, "last_good")?,
        run: Some(RunId::new(run)),
        remarks: remarks.unwrap_or_default(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_is_done_to_its_last_nanosecond() {
        for (nanoseconds, micros) in [(0, 0), (1_000, 1), (1_001, 2), (1_999, 2), (-1_500, -1), (-2_000, -2)] {
            let instant = Timestamp::from_nanosecond(nanoseconds).unwrap_or_default();
            assert_eq!(rounded_up(instant), micros, "{nanoseconds}");
        }
    }
}
