//! One writer per target: a lock that a crash gives back, the file's or the session's, and a number that only ever grows.

use std::fmt;
use std::fs::File;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::time::sleep;

use super::database::query;
use super::error::LedgerError;
use super::lock_file;
use super::open::{Ledger, Place};
use super::pulse::{Terms, micros};
use super::writer::{Change, Pen, Writer};
use crate::reference::env_setting;

/// How often a target is asked for whose holder may be ending this very moment: a server learns of it a little later than we.
const TRIES: u32 = 5;

/// How long it is given between two tries.
const BETWEEN_TRIES: Duration = Duration::from_millis(200);

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

/// When a lease ends whose holder does not give it back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Term {
    /// With the holder's process or its connection: at once. For commands that run once.
    Session,
    /// When it has not been heard of for a while, so that nothing it sent can still be under way. For those who are not waited
    /// for. On SQLite, where the lock is the machine's own, the same as [`Term::Session`].
    Timed,
}

/// The sole right to change a target; given back when dropped.
pub struct Lease {
    claim: Claim,
    lock: Option<File>,
    writer: Writer,
    given_back: bool,
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

    /// Does `work`, a request to the target, as long as the lease is held.
    ///
    /// Where the lease ends first the work is not begun, or dropped where it stands: in time for what it sent to be over when
    /// others may take the target.
    pub async fn while_held<T>(&self, work: impl Future<Output = T>) -> Result<T, LedgerError> {
        let Some(life) = self.writer.life() else { return Ok(work.await) };
        life.during(work).await.ok_or_else(|| LedgerError::Ended { target: self.claim.target.clone() })
    }

    /// Gives it back, and waits until others can take the target.
    pub async fn release(mut self) -> Result<(), LedgerError> {
        drop(self.lock.take());
        self.given_back = true;
        self.writer.write(Release(self.claim())).await
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
        if !self.given_back {
            drop(self.writer.post(Release(self.claim())));
        }
    }
}

impl Ledger {
    /// Takes the sole right to change the target, or says who has it. Waits a moment at most.
    pub async fn lease(&self, target_identity: &str, holder: &Holder) -> Result<Lease, LedgerError> {
        self.lease_for(Term::Session, target_identity, holder).await
    }

    /// The same, for a holder that may be gone for a while without being dead.
    pub async fn lease_for(&self, term: Term, target_identity: &str, holder: &Holder) -> Result<Lease, LedgerError> {
        let (target, mut tries) = (target_identity.to_owned(), 1);
        let lock = match self.place() {
            Place::Server => None,
            Place::File(ledger) => match lock_file::take(ledger, target_identity)? {
                Some(lock) => Some(lock),
                None => return Err(LedgerError::Held { by: self.holder(target_identity).await?, target }),
            },
        };
        loop {
            let take = Take { target: target.clone(), holder: holder.clone(), term, terms: self.terms() };
            if let Some(claim) = self.writer().write(take).await? {
                return Ok(Lease { claim, lock, writer: self.writer().clone(), given_back: false });
            }
            if tries == TRIES {
                return Err(LedgerError::Held { by: self.holder(target_identity).await?, target });
            }
            tries += 1;
            sleep(BETWEEN_TRIES).await;
        }
    }

    async fn holder(&self, target_identity: &str) -> Result<String, LedgerError> {
        let row = query(
            "SELECT holder_host, holder_process, holder_job, acquired_at, expires_at, coalesce(grace, $2) AS grace
             FROM leases WHERE target_identity = $1 AND released_at IS NULL",
        )
        .bind(target_identity)
        .bind(micros(Terms::default().grace))
        .fetch_optional(self.readers())
        .await?;
        // The lock is taken a moment before the row is written.
        let Some(row) = row else { return Ok("a process that began this very moment".to_owned()) };
        let holder = Holder {
            host: row.try_get("holder_host")?,
            process: row.small("holder_process")?,
            job: row.try_get("holder_job")?,
        };
        let damaged = |_| LedgerError::Damaged { what: "lease's time" };
        let since = Timestamp::from_microsecond(row.try_get("acquired_at")?).map_err(damaged)?;
        Ok(match row.try_get::<Option<i64>>("expires_at")? {
            None => format!("{holder} since {since:.0}"),
            Some(end) => {
                let end = Timestamp::from_microsecond(end + row.try_get::<i64>("grace")?).map_err(damaged)?;
                format!("{holder} since {since:.0}, and if it is not heard of again until {end:.0}")
            }
        })
    }
}

struct Take {
    target: String,
    holder: Holder,
    term: Term,
    terms: Terms,
}

#[async_trait]
impl Change for Take {
    /// `None` where somebody else has it.
    type Answer = Option<Claim>;
    const BEGINS_WORK: bool = true;

    async fn record(&self, pen: &mut Pen<'_>) -> Result<Option<Claim>, LedgerError> {
        if !pen.connection.lock(&self.target).await? {
            return Ok(None);
        }
        let taken = self.write(pen).await;
        if !matches!(taken, Ok(Some(_))) {
            pen.connection.unlock(&self.target).await?;
        }
        taken
    }
}

impl Take {
    async fn write(&self, pen: &mut Pen<'_>) -> Result<Option<Claim>, LedgerError> {
        let (heard, end) = match (pen.connection.is_session(), self.term) {
            (false, _) => (None, None),
            (true, Term::Session) => (Some(pen.now), None),
            (true, Term::Timed) => (Some(pen.now), Some(pen.now + micros(self.terms.lease))),
        };
        // Whoever held it for a time and lost its connection may have sent something that is still under way: for how long, it
        // has noted itself.
        let row = query(
            "INSERT INTO leases (target_identity, fence, holder_host, holder_process, holder_job, acquired_at, heartbeat_at,
                expires_at, grace)
             VALUES ($1, 1, $2, $3, $4, $5, $6, $7, $8)
             ON CONFLICT (target_identity) DO UPDATE SET fence = leases.fence + 1, holder_host = excluded.holder_host,
                holder_process = excluded.holder_process, holder_job = excluded.holder_job, run = NULL,
                acquired_at = excluded.acquired_at, heartbeat_at = excluded.heartbeat_at,
                expires_at = excluded.expires_at, grace = excluded.grace, released_at = NULL
             WHERE leases.released_at IS NOT NULL OR leases.expires_at IS NULL
                OR leases.expires_at + coalesce(leases.grace, $9) <= $5
             RETURNING fence",
        )
        .bind(&self.target)
        .bind(&self.holder.host)
        .bind(self.holder.process)
        .bind(&self.holder.job)
        .bind(pen.now)
        .bind(heard)
        .bind(end)
        .bind(end.map(|_| micros(self.terms.grace)))
        .bind(micros(Terms::default().grace))
        .fetch_optional(&mut *pen.connection)
        .await?;
        let claim = |fence| Claim { target: self.target.clone(), fence };
        row.map(|row| row.try_get("fence").map(claim)).transpose()
    }
}

struct Release(Claim);

#[async_trait]
impl Change for Release {
    type Answer = ();

    async fn record(&self, pen: &mut Pen<'_>) -> Result<(), LedgerError> {
        query("UPDATE leases SET released_at = $1 WHERE target_identity = $2 AND fence = $3")
            .bind(pen.now)
            .bind(&self.0.target)
            .bind(self.0.fence)
            .execute(&mut *pen.connection)
            .await?;
        pen.connection.unlock(&self.0.target).await
    }
}

impl Claim {
    /// Proves, inside the transaction, that nobody has taken the target since.
    pub(super) async fn check(&self, pen: &mut Pen<'_>) -> Result<(), LedgerError> {
        if pen.is_held(self).await? { Ok(()) } else { Err(LedgerError::Stale { target: self.target.clone() }) }
    }
}
