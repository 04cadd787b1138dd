//! Tells of everything to whom it concerns: the log, the metrics, and those who want to be notified.

use std::sync::Arc;

use tokio::sync::watch;

use super::http::{Heartbeat, Served};
use super::metrics::Metrics;
use super::notify::{self, Notifier};
use super::setup::Leg;
use super::witness::Witness;
use crate::engine::{Job, RunReport, StepOutcome, tell_run};
use crate::ledger::{Overview, Standing};
use crate::model::{Event, Observer};

/// Whoever runs something tells it here.
pub struct Teller {
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// Puts the lives of tokens on the board.
    witness: Witness,
    /// Who is notified.
    pub notifier: Notifier,
    /// How things stood before a run.
    pub overview: watch::Receiver<Option<Arc<Overview>>>,
    heartbeat: Arc<Heartbeat>,
}

impl Teller {
    /// Tells nobody anything yet.
    pub fn new(served: &Served, notifier: Notifier, overview: watch::Receiver<Option<Arc<Overview>>>) -> Self {
        Self {
            metrics: Arc::clone(&served.metrics),
            witness: Witness(Arc::clone(&served.board)),
            notifier,
            overview,
            heartbeat: Arc::clone(&served.heartbeat),
        }
    }

    /// The loop lives.
    pub fn tick(&self) {
        self.heartbeat.beat();
    }

    /// Another config was read, and taken or refused.
    pub fn reloaded(&self, accepted: bool, what: &str) {
        self.metrics.config_reloaded(accepted);
        match accepted {
            true => tracing::info!(changes = what, "the config was read again, and is worked by"),
            false => {
                tracing::error!(faults = what, "the config that lies there now is refused; the one before it stays")
            }
        }
    }

    /// A target's lease is held, or is not any more.
    pub fn lease(&self, leg: &Leg, held: bool) {
        self.metrics.lease_held(&leg.target, held);
    }

    /// A run began.
    pub fn began(&self, leg: &Leg, run: &str) {
        tracing::info!(run, job = leg.job, target = leg.target, "a run began");
    }

    /// A run ended in a panic; its failure is told apart.
    pub fn panicked(&self, leg: &Leg) {
        tracing::error!(job = leg.job, target = leg.target, "a run panicked; the job lives on");
        self.metrics.run_panicked(&leg.job);
    }

    /// A run ended.
    pub fn ended(&self, leg: &Leg, job: Option<&Job>, report: &RunReport) {
        self.metrics.run_ended(report);
        tell_run(report);
        let before = self.standing(leg);
        self.notifier.tell(&match job {
            Some(job) => notify::notices(report, |step: &StepOutcome| job.is_content_with(step), before.as_ref()),
            None => notify::failure(
                &leg.job,
                &leg.target,
                report.run.as_deref(),
                report.error.as_deref().unwrap_or_default(),
            ),
        });
    }

    fn standing(&self, leg: &Leg) -> Option<Standing> {
        self.overview.borrow().as_ref()?.standings.get(&leg.place()).cloned()
    }
}

impl Observer for Teller {
    fn observe(&self, event: &Event) {
        self.metrics.observe(event);
        self.witness.observe(event);
        if let Event::Found(finding) = event {
            tracing::warn!(code = finding.code, about = finding.subject, "{}", finding.message);
        }
    }
}
