//! What every answer is made of.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;

use super::limit::Limiter;
use super::session::Sessions;
use crate::config::DaemonSettings;
use crate::daemon::board::Board;
use crate::daemon::metrics::Metrics;
use crate::daemon::shelf::Shelf;
use crate::model::SecretValue;

/// How long the daemon's loop may be silent before the daemon counts as dead.
const SILENCE: Duration = Duration::from_secs(120);

/// What every answer is made of; clones look at the same things.
#[derive(Clone)]
pub struct Served {
    /// How things stand.
    pub board: Arc<Board>,
    /// The ledger of the moment.
    pub shelf: Shelf,
    /// What was counted.
    pub metrics: Arc<Metrics>,
    /// Told by the daemon's loop each time it goes round.
    pub heartbeat: Arc<Heartbeat>,
    settings: Arc<ArcSwap<DaemonSettings>>,
    pub(super) sessions: Arc<Sessions>,
    pub(super) limiter: Arc<Limiter>,
}

impl Served {
    /// What is served by these settings.
    pub fn new(board: Arc<Board>, shelf: Shelf, metrics: Arc<Metrics>, settings: DaemonSettings) -> Self {
        Self {
            board,
            shelf,
            metrics,
            heartbeat: Arc::default(),
            settings: Arc::new(ArcSwap::from_pointee(settings)),
            sessions: Arc::default(),
            limiter: Arc::default(),
        }
    }

    /// The settings of the moment.
    pub fn settings(&self) -> Arc<DaemonSettings> {
        self.settings.load_full()
    }

    /// Takes over settings from a reloaded config; where it listens stays as it began.
    pub fn adopt(&self, settings: DaemonSettings) {
        let listen = self.settings().listen;
        self.settings.store(Arc::new(DaemonSettings { listen, ..settings }));
    }

    /// The CSRF token of a session, for whoever shows the session's cookie and the token it began with.
    pub fn csrf_of(&self, session: &str, token: &SecretValue) -> Option<String> {
        self.sessions.csrf(session, token)
    }
}

/// Whether the daemon's loop still goes round.
#[derive(Debug)]
pub struct Heartbeat {
    began: Instant,
    last: AtomicU64,
}

impl Default for Heartbeat {
    fn default() -> Self {
        Self { began: Instant::now(), last: AtomicU64::new(0) }
    }
}

impl Heartbeat {
    /// Notes that the loop went round; to be called at least every half minute, whatever there is to do.
    pub fn beat(&self) {
        self.last.store(self.age(), Ordering::Relaxed);
    }

    /// How long the loop has been silent.
    pub fn silence(&self) -> Duration {
        Duration::from_millis(self.age().saturating_sub(self.last.load(Ordering::Relaxed)))
    }

    /// Tells whether the loop has been silent for too long.
    pub fn has_stopped(&self) -> bool {
        self.silence() > SILENCE
    }

    fn age(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// A heartbeat that was last heard so long ago.
    #[cfg(test)]
    fn silent_for(silence: Duration) -> Option<Self> {
        Some(Self { began: Instant::now().checked_sub(silence)?, last: AtomicU64::new(0) })
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use super::*;

    #[test]
    fn a_loop_that_stands_still_counts_as_dead_after_two_minutes() {
        assert!(!Heartbeat::default().has_stopped());
        let stopped = Heartbeat::silent_for(SILENCE + Duration::from_secs(1)).unwrap();
        assert!(stopped.has_stopped());
        stopped.beat();
        assert!(!stopped.has_stopped());
    }
}
