//! The daemons that share a ledger: each says that it is alive, and who it is.

use std::time::Duration;

use async_trait::async_trait;

use super::database::{Row, query};
use super::error::LedgerError;
use super::history::time;
use super::lease::{Holder, Lease};
use super::open::{Ledger, Place};
use super::overview::{Daemon, Peer};
use super::pulse::micros;
use super::writer::{Change, Pen};

/// How many heartbeats a daemon may miss before it counts as dead.
const MISSED: u32 = 3;

/// How long a dead daemon's row is kept.
const KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// What the one daemon of a ledger in a file holds.
const THE_DAEMON: &str = "secretferry daemon";

impl Ledger {
    /// Says that a daemon is alive; it is believed for three heartbeats.
    pub async fn announce(&self, daemon: &Daemon) -> Result<(), LedgerError> {
        let patience = self.terms().beat() * MISSED;
        self.writer().write(Announce { daemon: daemon.clone(), patience }).await
    }

    /// Says that a daemon has ended.
    pub async fn retire(&self, id: &str) -> Result<(), LedgerError> {
        self.writer().write(Retire(id.to_owned())).await
    }

    /// Makes sure that a ledger in a file has one daemon at a time, or says who it is. On a server there may be many: `None`.
    pub async fn claim_daemon(&self, holder: &Holder) -> Result<Option<Lease>, LedgerError> {
        if let Place::Server = self.place() {
            return Ok(None);
        }
        match self.lease(THE_DAEMON, holder).await {
            Err(LedgerError::Held { by, .. }) => Err(LedgerError::HasDaemon { by }),
            taken => taken.map(Some),
        }
    }
}

struct Announce {
    daemon: Daemon,
    patience: Duration,
}

#[async_trait]
impl Change for Announce {
    type Answer = ();
    const LEAVES_RUNS: bool = true;

    async fn record(&self, pen: &mut Pen<'_>) -> Result<(), LedgerError> {
        query("DELETE FROM daemons WHERE dead_at < $1")
            .bind(pen.now - micros(KEPT))
            .execute(&mut *pen.connection)
            .await?;
        query(
            "INSERT INTO daemons (id, host, process, version, config_digest, address, started_at, seen_at, dead_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $8)
             ON CONFLICT (id) DO UPDATE SET config_digest = excluded.config_digest, address = excluded.address,
                seen_at = excluded.seen_at, dead_at = excluded.dead_at",
        )
        .bind(&self.daemon.id)
        .bind(&self.daemon.host)
        .bind(self.daemon.process)
        .bind(&self.daemon.version)
        .bind(&self.daemon.config_digest)
        .bind(self.daemon.address.as_deref())
        .bind(pen.now)
        .bind(pen.now + micros(self.patience))
        .execute(&mut *pen.connection)
        .await
        .map(drop)
    }
}

struct Retire(String);

#[async_trait]
impl Change for Retire {
    type Answer = ();
    const LEAVES_RUNS: bool = true;

    async fn record(&self, pen: &mut Pen<'_>) -> Result<(), LedgerError> {
        query("DELETE FROM daemons WHERE id = $1").bind(&self.0).execute(&mut *pen.connection).await.map(drop)
    }
}

/// Reads a daemon.
pub(super) fn read(row: &Row) -> Result<Peer, LedgerError> {
    let at = |column| time(row, column)?.ok_or(LedgerError::Damaged { what: "time" });
    Ok(Peer {
        daemon: Daemon {
            id: row.try_get("id")?,
            host: row.try_get("host")?,
            process: row.small("process")?,
            version: row.try_get("version")?,
            config_digest: row.try_get("config_digest")?,
            address: row.try_get("address")?,
        },
        started_at: at("started_at")?,
        seen_at: at("seen_at")?,
    })
}
