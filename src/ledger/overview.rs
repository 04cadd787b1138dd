//! How the work that daemons share stands: who is alive, where each job is, and what people asked for.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::audit::ChainEnds;
use super::database::query;
use super::error::LedgerError;
use super::history::{self, Run};
use super::open::Ledger;
use super::runs::RunId;
use super::{control, peer, standing};

/// One daemon that shares the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Daemon {
    /// A UUID, new with every start.
    pub id: String,
    /// The machine.
    pub host: String,
    /// The process on it.
    pub process: u32,
    /// The program's version.
    pub version: String,
    /// Digest of the config it works by.
    pub config_digest: String,
    /// Where its status page is, if anywhere.
    pub address: Option<String>,
}

/// A daemon as the others see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    /// Which.
    pub daemon: Daemon,
    /// When it began.
    pub started_at: Timestamp,
    /// When it was last heard of.
    pub seen_at: Timestamp,
}

/// Where a job stands on one of its targets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The job.
    pub job: String,
    /// The target under any name.
    pub target_identity: String,
    /// The latest instant whose work is done: nothing that was due until then is due any more.
    pub done_at: Option<Timestamp>,
    /// When the last run that ended well began.
    pub last_good: Option<Timestamp>,
    /// The last run that has ended.
    pub run: Option<RunId>,
    /// The keys that run left not as they should be, at most [`REMARKS`].
    pub remarks: Vec<Remark>,
}

/// The most keys that a standing names.
pub const REMARKS: usize = 500;

/// A key that a run left not as it should be. Words of the closed lists; never a value.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Remark {
    /// The key's name, with its kind, as reports show it.
    pub name: String,
    /// The word of its outcome.
    pub outcome: String,
    /// The word of the reason.
    pub reason: String,
    /// More words on it.
    pub detail: Option<String>,
}

/// What people asked of a job.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Control {
    /// Since when, and by whom, it is paused.
    pub paused: Option<(Timestamp, String)>,
    /// When, and by whom, a run was asked for.
    pub asked: Option<(Timestamp, String)>,
}

/// All of it at one moment.
#[derive(Debug, Clone)]
pub struct Overview {
    /// The ledger's clock.
    pub now: Timestamp,
    /// The daemons that are alive, the eldest first.
    pub peers: Vec<Peer>,
    /// Where each job stands, by job and target identity.
    pub standings: BTreeMap<(String, String), Standing>,
    /// What people asked, by job.
    pub controls: BTreeMap<String, Control>,
    /// The latest run of each job and target identity, be it under way.
    pub runs: BTreeMap<(String, String), Run>,
    /// The audit log's head.
    pub audit_head: String,
}

impl Ledger {
    /// Reads how all that daemons share stands, at one moment.
    pub async fn overview(&self) -> Result<Overview, LedgerError> {
        let mut snapshot = self.readers().snapshot().await?;
        let now = snapshot.now().await?;
        let ends = ChainEnds::load(&mut snapshot).await?;
        let alive = query("SELECT * FROM daemons WHERE dead_at > $1 ORDER BY started_at, id").bind(now);
        let alive = alive.fetch_all(&mut snapshot).await?;
        let standings = query("SELECT * FROM standings").fetch_all(&mut snapshot).await?;
        let controls = query("SELECT * FROM controls").fetch_all(&mut snapshot).await?;
        let latest = "SELECT runs.* FROM standings JOIN runs ON runs.id = standings.latest";
        let latest = query(latest).fetch_all(&mut snapshot).await?;
        let standings = standings.iter().filter_map(|row| standing::read(row).transpose());
        let standings = standings.map(|read| read.map(|it| ((it.job.clone(), it.target_identity.clone()), it)));
        let runs = latest.iter().map(history::run);
        let runs = runs.map(|read| read.map(|it| ((it.job.clone(), it.target_identity.clone()), it)));
        let controls = controls.iter().map(|row| Ok((row.try_get("job")?, control::read(row)?)));
        Ok(Overview {
            now: Timestamp::from_microsecond(now).map_err(|_| LedgerError::Damaged { what: "time" })?,
            peers: alive.iter().map(peer::read).collect::<Result<_, _>>()?,
            standings: standings.collect::<Result<_, _>>()?,
            controls: controls.collect::<Result<_, LedgerError>>()?,
            runs: runs.collect::<Result<_, _>>()?,
            audit_head: ends.head.to_string(),
        })
    }
}
