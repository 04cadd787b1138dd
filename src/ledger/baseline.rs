//! What was last written to a target, by name: changed by what was done, refreshed by what was seen.

use std::collections::BTreeSet;

use async_trait::async_trait;
use jiff::Timestamp;

use super::audit::AuditRow;
use super::conclude::{BaselineChange, Done};
use super::database::{Row, query};
use super::error::LedgerError;
use super::lease::{Claim, Lease};
use super::open::Ledger;
use super::runs::{RunContext, RunId};
use super::steps::Intent;
use super::writer::{Change, Pen};
use crate::model::{Fingerprint, Reason, RemoteKey, Revision, SecretName};
use crate::planner::{Baseline, BaselineEntry};

/// The most names of one transaction: others wait for the audit chain meanwhile.
const LARGEST_PART: usize = 1000;

/// What a run learned of a key that it left alone.
#[derive(Debug, Clone)]
pub enum Remembered {
    /// It is what we last wrote, or became equal to it.
    Seen(SecretName, Seen),
    /// The source has it again after runs without; all else stays.
    Present(SecretName),
    /// The source did not have it once more.
    Absent(SecretName),
    /// Neither side has it any more.
    Forgotten(SecretName),
}

/// A key as it was seen; its record is refreshed, never made.
#[derive(Debug, Clone)]
pub struct Seen {
    /// What both sides hold; `None` leaves the record's.
    pub fingerprint: Option<Fingerprint>,
    /// The source's version; `None` leaves the record's.
    pub source_revision: Option<Revision>,
    /// The target's version; `None` leaves the record's.
    pub target_revision: Option<Revision>,
    /// Digest of the settings it was compared under.
    pub shape: String,
}

impl Ledger {
    /// Reads what was last written to the target.
    pub async fn baseline(&self, target_identity: &str) -> Result<Baseline, LedgerError> {
        let rows = query("SELECT * FROM baseline WHERE target_identity = $1")
            .bind(target_identity)
            .fetch_all(self.readers())
            .await?;
        let entries = rows.iter().map(|row| Ok((name(row)?, entry(row)?))).collect::<Result<_, LedgerError>>()?;
        Ok(Baseline { entries })
    }

    /// Names what was written to the target since then: a listing that lags behind may not show it yet.
    pub async fn written_since(
        &self,
        target_identity: &str,
        since: Timestamp,
    ) -> Result<BTreeSet<SecretName>, LedgerError> {
        let rows = query("SELECT name FROM baseline WHERE target_identity = $1 AND written_at >= $2")
            .bind(target_identity)
            .bind(since.as_microsecond())
            .fetch_all(self.readers())
            .await?;
        rows.iter().map(name).collect()
    }

    /// Notes what a run learned of the keys it left alone, a thousand to a transaction; only what is forgotten is audited.
    pub async fn remember(&self, run: &RunId, lease: &Lease, learned: Vec<Remembered>) -> Result<(), LedgerError> {
        let mut rest = learned.into_iter().peekable();
        loop {
            let part = rest.by_ref().take(LARGEST_PART).collect();
            self.writer().write(Remember { run: run.clone(), claim: lease.claim(), learned: part }).await?;
            if rest.peek().is_none() {
                return Ok(());
            }
        }
    }
}

/// Records a change that was made to a key, in the transaction of its outcome.
pub(super) async fn record(
    pen: &mut Pen<'_>,
    author: &RunContext,
    intent: &Intent,
    done: &Done,
) -> Result<(), LedgerError> {
    match &done.baseline {
        BaselineChange::Delete | BaselineChange::GiveUp(_) => {
            forget(pen, &author.target_identity, &intent.name).await.map(drop)
        }
        BaselineChange::Write(fingerprint) => {
            let entry = BaselineEntry {
                job: author.job.clone(),
                key: intent.key.clone(),
                fingerprint: fingerprint.clone(),
                source_revision: intent.source_revision.clone(),
                target_revision: done.revision.clone(),
                absent_runs: 0,
                shape: intent.shape.clone(),
            };
            put(pen, author, &intent.name, &entry).await
        }
    }
}

async fn put(
    pen: &mut Pen<'_>,
    author: &RunContext,
    name: &SecretName,
    entry: &BaselineEntry,
) -> Result<(), LedgerError> {
    query(
        "INSERT INTO baseline (target_identity, name, job, remote_key, fingerprint, source_revision, target_revision,
            absent_runs, shape, written_at, written_by, seen_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $10)
         ON CONFLICT (target_identity, name) DO UPDATE SET job = excluded.job, remote_key = excluded.remote_key,
            fingerprint = excluded.fingerprint, source_revision = excluded.source_revision,
            target_revision = excluded.target_revision, absent_runs = excluded.absent_runs, shape = excluded.shape,
            written_at = excluded.written_at, written_by = excluded.written_by, seen_at = excluded.seen_at",
    )
    .bind(&author.target_identity)
    .bind(name.bound())
    .bind(&entry.job)
    .bind(entry.key.as_str())
    .bind(entry.fingerprint.to_string())
    .bind(entry.source_revision.as_ref().map(Revision::as_str))
    .bind(entry.target_revision.as_ref().map(Revision::as_str))
    .bind(entry.absent_runs)
    .bind(&entry.shape)
    .bind(pen.now)
    .bind(author.run.as_str())
    .execute(&mut *pen.connection)
    .await?;
    Ok(())
}

/// Drops a record and gives what it was.
async fn forget(pen: &mut Pen<'_>, target: &str, name: &SecretName) -> Result<Option<BaselineEntry>, LedgerError> {
    let row = query("DELETE FROM baseline WHERE target_identity = $1 AND name = $2 RETURNING *")
        .bind(target)
        .bind(name.bound())
        .fetch_optional(&mut *pen.connection)
        .await?;
    row.as_ref().map(entry).transpose()
}

struct Remember {
    run: RunId,
    claim: Claim,
    learned: Vec<Remembered>,
}

#[async_trait]
impl Change for Remember {
    type Answer = ();

    async fn record(&self, pen: &mut Pen<'_>) -> Result<(), LedgerError> {
        self.claim.check(pen).await?;
        let context = RunContext::running(pen, &self.run).await?;
        for learned in &self.learned {
            match learned {
                Remembered::Seen(name, seen) => self.refresh(pen, name, seen).await?,
                Remembered::Present(name) => self.end_absence(pen, name).await?,
                Remembered::Absent(name) => self.count_absence(pen, name).await?,
                Remembered::Forgotten(name) => self.forget(pen, &context, name).await?,
            }
        }
        Ok(())
    }
}

impl Remember {
    async fn refresh(&self, pen: &mut Pen<'_>, name: &SecretName, seen: &Seen) -> Result<(), LedgerError> {
        let refreshed = query(
            "UPDATE baseline SET fingerprint = coalesce($1, fingerprint),
                source_revision = coalesce($2, source_revision), target_revision = coalesce($3, target_revision),
                shape = $4, absent_runs = 0, seen_at = $5
             WHERE target_identity = $6 AND name = $7",
        )
        .bind(seen.fingerprint.as_ref().map(Fingerprint::to_string))
        .bind(seen.source_revision.as_ref().map(Revision::as_str))
        .bind(seen.target_revision.as_ref().map(Revision::as_str))
        .bind(&seen.shape)
        .bind(pen.now)
        .bind(&self.claim.target)
        .bind(name.bound())
        .execute(&mut *pen.connection)
        .await?;
        recorded(refreshed, name)
    }

    async fn count_absence(&self, pen: &mut Pen<'_>, name: &SecretName) -> Result<(), LedgerError> {
        let sql = "UPDATE baseline SET absent_runs = absent_runs + 1, seen_at = $1
             WHERE target_identity = $2 AND name = $3";
        self.count(pen, name, sql).await
    }

    async fn end_absence(&self, pen: &mut Pen<'_>, name: &SecretName) -> Result<(), LedgerError> {
        let sql = "UPDATE baseline SET absent_runs = 0, seen_at = $1 WHERE target_identity = $2 AND name = $3";
        self.count(pen, name, sql).await
    }

    async fn count(&self, pen: &mut Pen<'_>, name: &SecretName, sql: &'static str) -> Result<(), LedgerError> {
        let counted =
            query(sql).bind(pen.now).bind(&self.claim.target).bind(name.bound()).execute(&mut *pen.connection).await?;
        recorded(counted, name)
    }

    async fn forget(&self, pen: &mut Pen<'_>, context: &RunContext, name: &SecretName) -> Result<(), LedgerError> {
        let entry = forget(pen, &self.claim.target, name).await?;
        let entry = entry.ok_or_else(|| LedgerError::NoBaseline(name.to_string()))?;
        let row = AuditRow {
            reason: Some(Reason::GoneFromBoth.as_str().to_owned()),
            name: Some(name.bound()),
            remote_key: Some(entry.key.as_str().to_owned()),
            fingerprint_before: Some(entry.fingerprint.to_string()),
            revision_before: entry.target_revision.map(|revision| revision.as_str().to_owned()),
            ..context.audit_row("forgotten")
        };
        pen.audit(row).await
    }
}

fn recorded(rows: u64, name: &SecretName) -> Result<(), LedgerError> {
    if rows == 1 { Ok(()) } else { Err(LedgerError::NoBaseline(name.to_string())) }
}

fn entry(row: &Row) -> Result<BaselineEntry, LedgerError> {
    Ok(BaselineEntry {
        job: row.try_get("job")?,
        key: RemoteKey::new(row.try_get::<String>("remote_key")?),
        fingerprint: fingerprint(row, "fingerprint")?.ok_or(LedgerError::Damaged { what: "fingerprint" })?,
        source_revision: revision(row, "source_revision")?,
        target_revision: revision(row, "target_revision")?,
        absent_runs: row.small("absent_runs")?,
        shape: row.try_get("shape")?,
    })
}

/// Reads the column `name`.
pub(super) fn name(row: &Row) -> Result<SecretName, LedgerError> {
    SecretName::from_bound(row.try_get("name")?).ok_or(LedgerError::Damaged { what: "name" })
}

/// Reads a fingerprint, where there is one.
pub(super) fn fingerprint(row: &Row, column: &'static str) -> Result<Option<Fingerprint>, LedgerError> {
    let parse = |text: String| Fingerprint::parse(&text).ok_or(LedgerError::Damaged { what: "fingerprint" });
    row.try_get::<Option<String>>(column)?.map(parse).transpose()
}

/// Reads a revision, where there is one.
pub(super) fn revision(row: &Row, column: &'static str) -> Result<Option<Revision>, LedgerError> {
    Ok(row.try_get::<Option<String>>(column)?.map(Revision::new))
}
