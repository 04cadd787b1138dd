//! The board: what the status page, the probes and the metrics are told of, and who writes it. No value is ever on it.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

use jiff::Timestamp;

use crate::ledger::{Control, Peer, Run, RunStatus, Standing};
use crate::model::{Finding, Outcome, Severity, TokenLife};
use crate::provider::Role;

/// What is known at the moment; written by the daemon, read by whoever shows it.
#[derive(Debug, Default)]
pub struct Board(RwLock<View>);

/// One look at the board.
#[derive(Debug, Clone, Default)]
pub struct View {
    /// This daemon.
    pub about: About,
    /// The ledger.
    pub ledger: LedgerView,
    /// Each job on each of its targets, in the order of names.
    pub jobs: Vec<JobView>,
    /// Each store, by name.
    pub stores: BTreeMap<String, StoreView>,
    /// The daemons that share the ledger, this one included, the eldest first.
    pub peers: Vec<Peer>,
}

/// What this daemon is.
#[derive(Debug, Clone, Default)]
pub struct About {
    /// Its id, as the peers know it.
    pub id: String,
    /// Its machine.
    pub host: String,
    /// When it began.
    pub started_at: Option<Timestamp>,
    /// The config's file.
    pub config: String,
    /// The digest of the config it works by.
    pub config_digest: String,
    /// Why the config that lies there now is not the one it works by; `None` where it is.
    pub config_problem: Option<String>,
    /// Whether it finishes what is under way and begins nothing more.
    pub draining: bool,
}

/// The ledger as this daemon sees it.
#[derive(Debug, Clone, Default)]
pub struct LedgerView {
    /// Where it is, without a secret.
    pub location: String,
    /// When it last answered.
    pub answered_at: Option<Timestamp>,
    /// Why it cannot be used now; `None` where it can.
    pub problem: Option<String>,
    /// How far its clock is ahead of ours, in seconds; behind is negative.
    pub ahead: f64,
    /// The audit log's head.
    pub audit_head: String,
}

/// A job on one of its targets.
#[derive(Debug, Clone)]
pub struct JobView {
    /// The job.
    pub job: String,
    /// The source's name in the config.
    pub source: String,
    /// The target's name in the config.
    pub target: String,
    /// The target under any name.
    pub target_identity: String,
    /// Its schedule in words; `None` for a job that only people start.
    pub schedule: Option<String>,
    /// The zone of its schedule.
    pub zone: String,
    /// When it is next due.
    pub next: Option<Timestamp>,
    /// What it does now.
    pub activity: Activity,
    /// What people asked of it.
    pub control: Control,
    /// Its last run that has ended.
    pub last: Option<LastRun>,
    /// Where it stands.
    pub standing: Option<Standing>,
}

/// What a job does now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Activity {
    /// Nothing.
    Idle,
    /// It is due, and waits for a place, for a job before it, or for whoever holds its target.
    Waiting(String),
    /// A run of it is under way.
    Running {
        /// The run.
        run: String,
        /// Since when.
        since: Timestamp,
        /// On which machine.
        host: String,
    },
}

/// A run that has ended.
#[derive(Debug, Clone)]
pub struct LastRun {
    /// Its id.
    pub run: String,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// How.
    pub status: RunStatus,
    /// How many keys ended how.
    pub counts: BTreeMap<Outcome, u64>,
    /// What stopped it.
    pub error: Option<String>,
    /// On which machine.
    pub host: String,
}

/// A store as it was last looked at.
#[derive(Debug, Clone)]
pub struct StoreView {
    /// Its kind in the config.
    pub kind: String,
    /// Where it is, without a secret.
    pub location: String,
    /// What jobs use it for.
    pub roles: Vec<Role>,
    /// When it was last checked.
    pub checked_at: Option<Timestamp>,
    /// What the check found, or why the store cannot be opened.
    pub findings: Vec<Finding>,
    /// How long our token, or whatever we are known by, lives.
    pub token: TokenLife,
}

impl From<&Run> for LastRun {
    fn from(run: &Run) -> Self {
        Self {
            run: run.id.to_string(),
            started_at: run.started_at,
            ended_at: run.ended_at,
            status: run.status,
            counts: run.counts.clone(),
            error: run.error.clone(),
            host: run.host.clone(),
        }
    }
}

impl Board {
    /// What is on it now.
    pub fn view(&self) -> View {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Changes what is on it.
    pub fn change(&self, change: impl FnOnce(&mut View)) {
        change(&mut self.0.write().unwrap_or_else(PoisonError::into_inner));
    }
}

impl View {
    /// Why the daemon is not ready to work; empty where it is.
    pub fn unready(&self) -> Vec<String> {
        let ledger = match (&self.ledger.problem, self.ledger.answered_at) {
            (Some(problem), _) => Some(format!("ledger: {problem}")),
            (None, None) => Some("ledger: not opened yet".to_owned()),
            (None, Some(_)) => None,
        };
        let config = self.about.config_problem.iter().map(|problem| format!("config: {problem}"));
        let draining = self.about.draining.then(|| "the daemon is about to end".to_owned());
        let stores = self.stores.iter().filter_map(|(name, store)| {
            let finding = store.findings.iter().find(|finding| finding.severity == Severity::Error)?;
            Some(format!("store {name}: {}", finding.message))
        });
        ledger.into_iter().chain(config).chain(draining).chain(stores).collect()
    }
}
