//! What was: runs and their steps, as reports show them.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::baseline;
use super::database::{Row, query};
use super::error::LedgerError;
use super::open::Ledger;
use super::runs::{RunId, RunStatus};
use super::steps::{Intent, StepId, StepState};
use crate::model::{Fingerprint, Outcome, Reason, Revision};
use crate::planner::Depth;

/// One run.
#[derive(Debug, Clone)]
pub struct Run {
    /// Its id.
    pub id: RunId,
    /// The job.
    pub job: String,
    /// The command.
    pub command: String,
    /// The source's name in the config.
    pub source: String,
    /// The target's name in the config.
    pub target: String,
    /// The target under any name.
    pub target_identity: String,
    /// The machine.
    pub host: String,
    /// Digest of the job's settings.
    pub config_digest: String,
    /// The program's version.
    pub version: String,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended, or was found dead.
    pub ended_at: Option<Timestamp>,
    /// What became of it.
    pub status: RunStatus,
    /// How deep it looked: the word of [`Depth`].
    pub depth: Option<String>,
    /// How many keys ended how; empty until it ended.
    pub counts: BTreeMap<Outcome, u64>,
    /// What stopped it.
    pub error: Option<String>,
}

/// One step of a run.
#[derive(Debug, Clone)]
pub struct StepRecord {
    /// Its id.
    pub id: StepId,
    /// What was to be done.
    pub intent: Intent,
    /// Where it is on its way.
    pub state: StepState,
    /// How it ended; `None` while nobody knows, and where settling found the target unchanged.
    pub outcome: Option<Outcome>,
    /// Why it failed.
    pub failure: Option<Reason>,
    /// More words on that.
    pub error: Option<String>,
    /// The store's request id.
    pub request: Option<String>,
    /// What the target held afterwards.
    pub fingerprint_after: Option<Fingerprint>,
    /// The target's version afterwards.
    pub revision_after: Option<Revision>,
    /// When it was intended.
    pub intended_at: Timestamp,
    /// When the store answered.
    pub concluded_at: Option<Timestamp>,
    /// When it was settled by reading back.
    pub settled_at: Option<Timestamp>,
}

impl Ledger {
    /// Reads the last runs, the latest first.
    pub async fn runs(&self, limit: u32) -> Result<Vec<Run>, LedgerError> {
        let rows = query("SELECT * FROM runs ORDER BY id DESC LIMIT $1").bind(limit).fetch_all(self.readers()).await?;
        rows.iter().map(run).collect()
    }

    /// Reads the last runs of one job, the latest first.
    pub async fn runs_of(&self, job: &str, limit: u32) -> Result<Vec<Run>, LedgerError> {
        let rows = query("SELECT * FROM runs WHERE job = $1 ORDER BY id DESC LIMIT $2").bind(job).bind(limit);
        rows.fetch_all(self.readers()).await?.iter().map(run).collect()
    }

    /// Finds a run by its id, the beginning or the end of it, or the word `latest`.
    pub async fn find_run(&self, text: &str) -> Result<Option<Run>, LedgerError> {
        if text == "latest" {
            return Ok(self.runs(1).await?.pop());
        }
        // Anything else could be a wildcard.
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-') {
            return Ok(None);
        }
        let rows = query("SELECT * FROM runs WHERE id LIKE $1 || '%' OR id LIKE '%' || $1 LIMIT 2")
            .bind(text.to_ascii_lowercase())
            .fetch_all(self.readers())
            .await?;
        match rows.as_slice() {
            [] => Ok(None),
            [only] => run(only).map(Some),
            _ => Err(LedgerError::AmbiguousRun(text.to_owned())),
        }
    }

    /// Reads the steps of a run, in the order they were intended.
    pub async fn steps(&self, run: &RunId) -> Result<Vec<StepRecord>, LedgerError> {
        let rows = query("SELECT * FROM steps WHERE run = $1 ORDER BY id")
            .bind(run.as_str())
            .fetch_all(self.readers())
            .await?;
        rows.iter().map(step).collect()
    }

    /// Says when a job last read every value of both sides and went through; where it never did, when it first ran.
    pub async fn last_deep_run(&self, job: &str, target_identity: &str) -> Result<Option<Timestamp>, LedgerError> {
        let row = query(
            "SELECT coalesce(
                 max(CASE WHEN depth = $3 AND status IN ('succeeded', 'incomplete') THEN started_at END),
                 min(started_at)
             ) AS started_at FROM runs WHERE job = $1 AND target_identity = $2",
        )
        .bind(job)
        .bind(target_identity)
        .bind(Depth::Values.as_str())
        .fetch_one(self.readers())
        .await?;
        time(&row, "started_at")
    }
}

pub(super) fn run(row: &Row) -> Result<Run, LedgerError> {
    Ok(Run {
        id: RunId::new(row.try_get("id")?),
        job: row.try_get("job")?,
        command: row.try_get("command")?,
        source: row.try_get("source")?,
        target: row.try_get("target")?,
        target_identity: row.try_get("target_identity")?,
        host: row.try_get("host")?,
        config_digest: row.try_get("config_digest")?,
        version: row.try_get("version")?,
        started_at: time(row, "started_at")?.ok_or(LedgerError::Damaged { what: "time" })?,
        ended_at: time(row, "ended_at")?,
        status: RunStatus::parse(row.try_get("status")?).ok_or(LedgerError::Damaged { what: "run's status" })?,
        depth: row.try_get("depth")?,
        counts: counts(row)?,
        error: row.try_get("error")?,
    })
}

fn step(row: &Row) -> Result<StepRecord, LedgerError> {
    Ok(StepRecord {
        id: StepId(row.try_get("id")?),
        intent: Intent::read(row)?,
        state: StepState::read(row)?,
        outcome: word(row, "outcome", Outcome::parse)?,
        failure: word(row, "failure", Reason::parse)?,
        error: row.try_get("error")?,
        request: row.try_get("request")?,
        fingerprint_after: baseline::fingerprint(row, "fingerprint_after")?,
        revision_after: baseline::revision(row, "revision_after")?,
        intended_at: time(row, "intended_at")?.ok_or(LedgerError::Damaged { what: "time" })?,
        concluded_at: time(row, "concluded_at")?,
        settled_at: time(row, "settled_at")?,
    })
}

pub(super) fn time(row: &Row, column: &'static str) -> Result<Option<Timestamp>, LedgerError> {
    let parse = |micros| Timestamp::from_microsecond(micros).map_err(|_| LedgerError::Damaged { what: "time" });
    row.try_get::<Option<i64>>(column)?.map(parse).transpose()
}

fn word<T>(row: &Row, column: &'static str, parse: fn(&str) -> Option<T>) -> Result<Option<T>, LedgerError> {
    let known = |text: &str| parse(text).ok_or(LedgerError::Damaged { what: column });
    row.try_get::<Option<&str>>(column)?.map(known).transpose()
}

fn counts(row: &Row) -> Result<BTreeMap<Outcome, u64>, LedgerError> {
    let Some(text) = row.try_get::<Option<&str>>("counts")? else { return Ok(BTreeMap::new()) };
    let damaged = || LedgerError::Damaged { what: "run's counts" };
    let counts: BTreeMap<String, u64> = serde_json::from_str(text).map_err(|_| damaged())?;
    counts.into_iter().map(|(word, count)| Ok((Outcome::parse(&word).ok_or_else(damaged)?, count))).collect()
}
