//! A run's beginning and end; a run that died is noticed by the next one on its target.

use std::collections::BTreeMap;
use std::fmt;

use async_trait::async_trait;
use jiff::Timestamp;
use uuid::Uuid;

use super::audit::{AuditHead, AuditRow};
use super::database::{Row, query};
use super::error::LedgerError;
use super::lease::{Claim, Lease};
use super::open::Ledger;
use super::standing::{self, Concluded};
use super::writer::{Change, Pen};
use crate::model::Outcome;
use crate::planner::Depth;

/// Names a run: a UUID of version 7, so runs sort by their beginning.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunId(String);

impl RunId {
    /// Takes the text of a stored id.
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The whole id.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last eight characters, for people: the first ones are the time and look alike.
    pub fn short(&self) -> &str {
        self.0.get(self.0.len().saturating_sub(8)..).unwrap_or(&self.0)
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What is known of a run when it begins; the target is that of its lease.
#[derive(Debug, Clone)]
pub struct RunStart {
    /// The job.
    pub job: String,
    /// The command, such as `apply` or `undo`.
    pub command: String,
    /// The source's name in the config.
    pub source: String,
    /// The target's name in the config.
    pub target: String,
    /// The machine's name.
    pub host: String,
    /// Digest of the job's settings.
    pub config_digest: String,
    /// The program's version.
    pub version: String,
    /// What it is due by; it does not begin where the work of that instant is done. `None` where somebody just runs it.
    pub instant: Option<Timestamp>,
}

/// How a run ended.
#[derive(Debug, Clone)]
pub struct RunEnd {
    /// As a whole.
    pub status: RunStatus,
    /// How deep it looked, where it came to look.
    pub depth: Option<Depth>,
    /// How many keys ended how.
    pub counts: BTreeMap<Outcome, u64>,
    /// What stopped it, in words.
    pub error: Option<String>,
    /// What it leaves in the job's standing; `None` for a run that is no daemon's.
    pub standing: Option<Concluded>,
}

/// What became of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunStatus {
    /// It has not ended, or it died and nobody has noticed yet.
    Running,
    /// Every key ended as it should.
    Succeeded,
    /// Some keys did not.
    Incomplete,
    /// It ended as a whole.
    Failed,
    /// Somebody stopped it.
    Interrupted,
    /// It never said that it ended; a later run found it so.
    Died,
}

impl RunStatus {
    /// Every status.
    pub const ALL: [Self; 6] =
        [Self::Running, Self::Succeeded, Self::Incomplete, Self::Failed, Self::Interrupted, Self::Died];

    /// The word used in reports and the ledger.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Incomplete => "incomplete",
            Self::Failed => "failed",
            Self::Interrupted => "interrupted",
            Self::Died => "died",
        }
    }

    /// Parses the word; `None` for any other.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }
}

impl Ledger {
    /// Notes that a run begins under the lease. Every other run of the target that still counts as running has died.
    ///
    /// [`LedgerError::NotDue`] where the work of the instant it is for is done.
    pub async fn begin_run(&self, lease: &Lease, start: RunStart) -> Result<RunId, LedgerError> {
        self.writer().write(BeginRun { claim: lease.claim(), start }).await
    }

    /// Notes how a run ended, and gives the audit log's head. Then runs older than `ledger.keep` are folded away.
    pub async fn finish_run(&self, run: &RunId, end: RunEnd) -> Result<AuditHead, LedgerError> {
        let head = self.writer().write(FinishRun { run: run.clone(), end }).await?;
        self.fold_old().await;
        Ok(head)
    }
}

/// What rows about a run repeat of it.
#[derive(Clone)]
pub(super) struct RunContext {
    pub run: RunId,
    pub job: String,
    pub host: String,
    pub config_digest: String,
    pub store: String,
    pub target_identity: String,
}

impl RunContext {
    /// Loads a run that has not ended.
    pub(super) async fn running(pen: &mut Pen<'_>, run: &RunId) -> Result<Self, LedgerError> {
        match pen.run(run).await? {
            Some((context, RunStatus::Running)) => Ok(context),
            _ => Err(LedgerError::NotRunning(run.short().to_owned())),
        }
    }

    /// Loads a run, ended or not.
    pub(super) async fn load(pen: &mut Pen<'_>, run: &RunId) -> Result<Self, LedgerError> {
        let found = pen.run(run).await?;
        found.map(|(context, _)| context).ok_or(LedgerError::Damaged { what: "row that must be there" })
    }

    pub(super) fn read(row: &Row) -> Result<Self, LedgerError> {
        Ok(Self {
            run: RunId::new(row.try_get("id")?),
            job: row.try_get("job")?,
            host: row.try_get("host")?,
            config_digest: row.try_get("config_digest")?,
            store: row.try_get("target")?,
            target_identity: row.try_get("target_identity")?,
        })
    }

    /// An audit row that says who.
    pub(super) fn audit_row(&self, event: &str) -> AuditRow {
        AuditRow {
            run: Some(self.run.as_str().to_owned()),
            job: Some(self.job.clone()),
            host: Some(self.host.clone()),
            config_digest: Some(self.config_digest.clone()),
            store: Some(self.store.clone()),
            target_identity: Some(self.target_identity.clone()),
            ..AuditRow::of(event)
        }
    }
}

struct BeginRun {
    claim: Claim,
    start: RunStart,
}

#[async_trait]
impl Change for BeginRun {
    type Answer = RunId;
    const BEGINS_WORK: bool = true;

    async fn record(&self, pen: &mut Pen<'_>) -> Result<RunId, LedgerError> {
        self.claim.check(pen).await?;
        if let Some(instant) = self.start.instant {
            standing::check_due(pen, &self.start.job, &self.claim.target, instant).await?;
        }
        bury_the_dead(pen, &self.claim.target).await?;
        let run = RunId::new(Uuid::now_v7().to_string());
        query(
            "INSERT INTO runs (id, job, command, source, target, target_identity, host, config_digest, version,
                started_at, instant, status)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'running')",
        )
        .bind(run.as_str())
        .bind(&self.start.job)
        .bind(&self.start.command)
        .bind(&self.start.source)
        .bind(&self.start.target)
        .bind(&self.claim.target)
        .bind(&self.start.host)
        .bind(&self.start.config_digest)
        .bind(&self.start.version)
        .bind(pen.now)
        .bind(self.start.instant.map(Timestamp::as_microsecond))
        .execute(&mut *pen.connection)
        .await?;
        query("UPDATE leases SET run = $1 WHERE target_identity = $2")
            .bind(run.as_str())
            .bind(&self.claim.target)
            .execute(&mut *pen.connection)
            .await?;
        standing::began(pen, &run, &self.start.job, &self.claim.target).await?;
        let context = RunContext::running(pen, &run).await?;
        let detail = Some(format!("{} by secretferry {}", self.start.command, self.start.version));
        pen.audit(AuditRow { detail, ..context.audit_row("run-started") }).await?;
        Ok(run)
    }
}

async fn bury_the_dead(pen: &mut Pen<'_>, target: &str) -> Result<(), LedgerError> {
    let dead = query("SELECT * FROM runs WHERE target_identity = $1 AND status = 'running'")
        .bind(target)
        .fetch_all(&mut *pen.connection)
        .await?;
    for row in dead {
        let context = RunContext::read(&row)?;
        query("UPDATE runs SET status = 'died', ended_at = $1 WHERE id = $2")
            .bind(pen.now)
            .bind(context.run.as_str())
            .execute(&mut *pen.connection)
            .await?;
        let result = Some(RunStatus::Died.as_str().to_owned());
        pen.audit(AuditRow { result, ..context.audit_row("run-ended") }).await?;
    }
    Ok(())
}

struct FinishRun {
    run: RunId,
    end: RunEnd,
}

#[async_trait]
impl Change for FinishRun {
    type Answer = AuditHead;

    async fn record(&self, pen: &mut Pen<'_>) -> Result<AuditHead, LedgerError> {
        let context = RunContext::running(pen, &self.run).await?;
        let counts = counts_text(&self.end.counts);
        let status = self.end.status.as_str();
        if matches!(self.end.status, RunStatus::Running | RunStatus::Died) {
            return Err(LedgerError::IllegalMove { from: RunStatus::Running.as_str(), to: status });
        }
        query("UPDATE runs SET status = $1, ended_at = $2, depth = $3, counts = $4, error = $5 WHERE id = $6")
            .bind(status)
            .bind(pen.now)
            .bind(self.end.depth.map(Depth::as_str))
            .bind(counts.as_str())
            .bind(self.end.error.as_deref())
            .bind(self.run.as_str())
            .execute(&mut *pen.connection)
            .await?;
        standing::ended(pen, &context, &self.end).await?;
        let detail = match &self.end.error {
            Some(error) => format!("{counts} {error}"),
            None => counts,
        };
        let result = Some(status.to_owned());
        pen.audit(AuditRow { result, detail: Some(detail), ..context.audit_row("run-ended") }).await?;
        Ok(pen.ends.head.clone())
    }
}

fn counts_text(counts: &BTreeMap<Outcome, u64>) -> String {
    let counts: serde_json::Map<_, _> =
        counts.iter().map(|(outcome, count)| (outcome.as_str().to_owned(), (*count).into())).collect();
    serde_json::Value::Object(counts).to_string()
}
