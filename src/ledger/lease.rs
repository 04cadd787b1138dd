//! One writer per target: a lock of the operating system, which a crash gives back, and a number that only ever grows.

use std::fmt;
use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use sqlx::Row as _;

use super::error::LedgerError;
use super::open::Ledger;
use super::writer::{Change, Pen, Writer};
use crate::model::hex;
use crate::reference::env_setting;

/// Who works on a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// The machine's name.
    pub host: String,
    /// The process on it.
    pub process: u32,
    /// The job it runs.
    pub job: String,
}

impl Holder {
    /// This process, running `job`.
    pub fn here(job: &str) -> Self {
        let host = std::fs::read_to_string("/proc/sys/kernel/hostname").ok().map(|text| text.trim().to_owned());
        let host = host.filter(|name| !name.is_empty()).or_else(|| env_setting("HOSTNAME"));
        Self { host: host.unwrap_or_else(|| "unknown".to_owned()), process: std::process::id(), job: job.to_owned() }
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "job {} in process {} on {}", self.job, self.process, self.host)
    }
}

/// The sole right to change a target; given back when dropped.
pub struct Lease {
    claim: Claim,
    lock: Option<File>,
    writer: Writer,
}

/// What a lease is checked by before every intent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Claim {
    /// The target's identity.
    pub target: String,
    /// Grows with every lease of the target, so that a late holder is recognised.
    pub fence: i64,
}

impl Lease {
    /// The target's identity.
    pub fn target(&self) -> &str {
        &self.claim.target
    }

    /// The fencing number: higher than that of every earlier lease on the target.
    pub fn fence(&self) -> i64 {
        self.claim.fence
    }

    pub(super) fn claim(&self) -> Claim {
        self.claim.clone()
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease").field("claim", &self.claim).finish_non_exhaustive()
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        // The lock is what counts and goes first; the row is for those who ask later.
        drop(self.lock.take());
        drop(self.writer.post(Release(self.claim())));
    }
}

impl Ledger {
    /// Takes the sole right to change the target, or says who has it. Does not wait.
    pub async fn lease(&self, target_identity: &str, holder: &Holder) -> Result<Lease, LedgerError> {
        let path = lock_path(self.path(), target_identity);
        let denied = |cause: &std::io::Error| LedgerError::Permission {
            file: path.display().to_string(),
            cause: cause.to_string(),
        };
        // The file stays for good: to delete it would let two processes lock two files of one name.
        let lock = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path);
        let lock = lock.map_err(|cause| denied(&cause))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let by = self.holder(target_identity).await?;
                return Err(LedgerError::Held { target: target_identity.to_owned(), by });
            }
            Err(TryLockError::Error(cause)) => return Err(denied(&cause)),
        }
        let take = Take { target: target_identity.to_owned(), holder: holder.clone() };
        let claim = self.writer().write(take).await?;
        Ok(Lease { claim, lock: Some(lock), writer: self.writer().clone() })
    }

    async fn holder(&self, target_identity: &str) -> Result<String, LedgerError> {
        let row = sqlx::query(
            "SELECT holder_host, holder_process, holder_job, acquired_at FROM leases
             WHERE target_identity = $1 AND released_at IS NULL",
        )
        .bind(target_identity)
        .fetch_optional(self.readers())
        .await?;
        // The lock is taken a moment before the row is written.
        let Some(row) = row else { return Ok("a process that began this very moment".to_owned()) };
        let holder = Holder {
            host: row.try_get("holder_host")?,
            process: row.try_get("holder_process")?,
            job: row.try_get("holder_job")?,
        };
        let since = Timestamp::from_microsecond(row.try_get("acquired_at")?);
        let since = since.map_err(|_| LedgerError::Damaged { what: "lease's time" })?;
        Ok(format!("{holder} since {since:.0}"))
    }
}

fn lock_path(ledger: &Path, target: &str) -> PathBuf {
    let digest = hex(&Sha256::digest(target.as_bytes())[..8]);
    let mut name = ledger.as_os_str().to_owned();
    name.push(format!(".{digest}.lock"));
    PathBuf::from(name)
}

struct Take {
    target: String,
    holder: Holder,
}

#[async_trait]
impl Change for Take {
    type Answer = Claim;
    const BEGINS_WORK: bool = true;

    async fn record(&self, pen: &mut Pen<'_>) -> Result<Claim, LedgerError> {
        let fence = sqlx::query_scalar(
            "INSERT INTO leases (target_identity, fence, holder_host, holder_process, holder_job, acquired_at)
             VALUES ($1, 1, $2, $3, $4, $5)
             ON CONFLICT (target_identity) DO UPDATE SET fence = leases.fence + 1, holder_host = excluded.holder_host,
                holder_process = excluded.holder_process, holder_job = excluded.holder_job, run = NULL,
                acquired_at = excluded.acquired_at, heartbeat_at = NULL, expires_at = NULL, released_at = NULL
             RETURNING fence",
        )
        .bind(&self.target)
        .bind(&self.holder.host)
        .bind(self.holder.process)
        .bind(&self.holder.job)
        .bind(pen.now)
        .fetch_one(&mut *pen.connection)
        .await?;
        Ok(Claim { target: self.target.clone(), fence })
    }
}

struct Release(Claim);

#[async_trait]
impl Change for Release {
    type Answer = ();

    async fn record(&self, pen: &mut Pen<'_>) -> Result<(), LedgerError> {
        sqlx::query("UPDATE leases SET released_at = $1 WHERE target_identity = $2 AND fence = $3")
            .bind(pen.now)
            .bind(&self.0.target)
            .bind(self.0.fence)
            .execute(&mut *pen.connection)
            .await?;
        Ok(())
    }
}

impl Claim {
    /// Proves, inside the transaction, that nobody has taken the target since.
    pub(super) async fn check(&self, pen: &mut Pen<'_>) -> Result<(), LedgerError> {
        let fence: Option<i64> =
            sqlx::query_scalar("SELECT fence FROM leases WHERE target_identity = $1 AND released_at IS NULL")
                .bind(&self.target)
                .fetch_optional(&mut *pen.connection)
                .await?;
        if fence == Some(self.fence) { Ok(()) } else { Err(LedgerError::Stale { target: self.target.clone() }) }
    }
}
