//! Keeps the ledger: opens it, tells the others that we live, reads how things stand, and opens another when it is lost.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::board::Board;
use super::shelf::Shelf;
use crate::config::Config;
use crate::ledger::{Daemon, Holder, Lease, Ledger, LedgerError, Overview, Terms};
use crate::provider::Quotas;

/// How often the ledger is asked how things stand.
const LOOK: Duration = Duration::from_secs(2);
/// How long it is waited before a ledger is opened again.
const AGAIN: Duration = Duration::from_secs(2);

/// The one who keeps the ledger.
pub struct Keeper {
    /// What opens it.
    pub config: Arc<Config>,
    /// Who we are.
    pub me: Daemon,
    /// Where the others find it.
    pub shelf: Shelf,
    /// Where it is told how it is.
    pub board: Arc<Board>,
    /// What is divided among those who live.
    pub quotas: Quotas,
    /// How things stand; `None` while nobody knows.
    pub overview: watch::Sender<Option<Arc<Overview>>>,
}

impl Keeper {
    /// Opens the ledger for the first time. A server that is away is waited for; whatever else is wrong is for a person.
    pub async fn begin(&self) -> Result<(), LedgerError> {
        match self.open().await {
            Ok(()) => Ok(()),
            Err(error) if error.is_passing() => {
                self.missed(&error);
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// Keeps it until the end.
    pub async fn keep(self: Arc<Self>, end: CancellationToken) {
        let mut next_beat = Instant::now();
        loop {
            let pause = match self.shelf.ledger() {
                None => self.reopen().await,
                Some(ledger) => self.look_after(&ledger, &mut next_beat).await,
            };
            tokio::select! {
                () = sleep(pause) => {}
                () = end.cancelled() => break,
            }
        }
    }

    /// Tells the others that this daemon ends.
    pub async fn farewell(&self, within: Duration) {
        let Some(ledger) = self.shelf.ledger() else { return };
        if !matches!(timeout(within, ledger.retire(&self.me.id)).await, Ok(Ok(()))) {
            tracing::warn!("the others were not told that this daemon ends, and will see it by its silence");
        }
    }

    /// Reads how things stand at once, for whoever has just changed it.
    pub async fn refresh(&self) {
        if let Some(ledger) = self.shelf.ledger() {
            self.look(&ledger).await;
        }
    }

    async fn open(&self) -> Result<(), LedgerError> {
        let folder = self.config.folder();
        let ledger = Ledger::open_for(&self.config.ledger, folder, self.terms()).await?;
        ledger.announce(&self.me).await?;
        self.look(&ledger).await;
        self.shelf.put(Some(ledger));
        Ok(())
    }

    /// Where the ledger is a file: the right to be its only daemon.
    pub async fn sole(&self) -> Result<Option<Lease>, LedgerError> {
        match self.shelf.ledger() {
            Some(ledger) => ledger.claim_daemon(&Holder::here("daemon")).await,
            None => Ok(None),
        }
    }

    fn terms(&self) -> Terms {
        let targets = self.config.jobs.values().flat_map(|job| &job.targets);
        let longest = targets.filter_map(|target| Some(self.config.stores.get(target)?.request_timeout())).max();
        Terms { lease: self.config.daemon.lease, grace: longest.unwrap_or(Terms::default().grace) }
    }

    async fn reopen(&self) -> Duration {
        match self.open().await {
            Ok(()) => tracing::info!("the ledger can be used again"),
            Err(error) => self.missed(&error),
        }
        AGAIN
    }

    async fn look_after(&self, ledger: &Ledger, next_beat: &mut Instant) -> Duration {
        if let Some(error) = ledger.failure() {
            tracing::error!(%error, "the ledger is lost: nothing is written until it is back");
            self.missed(&error);
            return Duration::ZERO;
        }
        if Instant::now() >= *next_beat {
            *next_beat = Instant::now() + self.terms().beat();
            if let Err(error) = ledger.announce(&self.me).await {
                self.board.change(|view| view.ledger.problem = Some(error.to_string()));
                return LOOK;
            }
        }
        self.look(ledger).await;
        LOOK.min(self.terms().beat())
    }

    async fn look(&self, ledger: &Ledger) {
        let asked = Timestamp::now();
        match ledger.overview().await {
            Ok(overview) => {
                // Half of the way there and back is taken off.
                let ahead = overview.now.duration_since(asked) - Timestamp::now().duration_since(asked) / 2;
                self.quotas.divide(overview.peers.len().max(1));
                self.board.change(|view| {
                    view.ledger.answered_at = Some(Timestamp::now());
                    view.ledger.problem = None;
                    view.ledger.ahead = ahead.as_secs_f64();
                    view.ledger.audit_head.clone_from(&overview.audit_head);
                    view.peers.clone_from(&overview.peers);
                });
                self.overview.send_replace(Some(Arc::new(overview)));
            }
            Err(error) => self.board.change(|view| view.ledger.problem = Some(error.to_string())),
        }
    }

    /// Takes the ledger away from everybody: no intent, no write.
    fn missed(&self, error: &LedgerError) {
        self.shelf.put(None);
        self.board.change(|view| view.ledger.problem = Some(error.to_string()));
        self.overview.send_replace(None);
    }
}
