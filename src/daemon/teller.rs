//! Tells of everything to whom it concerns: the log, the metrics, and those who want to be notified.

use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::watch;

use super::board::Board;
use super::http::{Heartbeat, Served};
use super::metrics::Metrics;
use super::notify::{self, Notifier};
use super::setup::{Leg, Setup};
use super::witness::Witness;
use crate::engine::{Job, RunReport, StepOutcome, tell_run};
use crate::ledger::{Overview, Standing};
use crate::model::{Event, Observer};

/// Whoever runs something tells it here.
pub struct Teller {
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// What is shown.
    pub board: Arc<Board>,
    /// Puts the lives of tokens on it.
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
            board: Arc::clone(&served.board),
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

    /// Tells of tokens that end although a person would have to replace them, by what the board knows of these stores.
    pub fn tokens<'a>(&self, setup: &Setup, stores: impl IntoIterator<Item = &'a str>) {
        let (view, now, warning) = (self.board.view(), Timestamp::now(), setup.config().daemon.token_warning);
        for name in stores {
            let life = view.stores.get(name).map(|store| store.token).unwrap_or_default();
            self.notifier.tell(&notify::token(name, &setup.jobs_of(name), &life, now, warning));
        }
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::config::{Opener, load};
    use crate::daemon::{Board, Shelf};
    use crate::model::{Blind, TokenLife, Upkeep};
    use crate::provider::Quotas;

    const CONFIG: &str = "\
[stores.a]
kind = 'local-files'
variables-file = 'a.json'
[stores.b]
kind = 'local-files'
variables-file = 'b.json'
[jobs.j]
source = 'a'
target = 'b'
kinds = ['variables']
[daemon]
token-warning = '2h'
[notify.all]
kind = 'command'
command = ['/bin/true']
[notify.of-another-job]
kind = 'command'
command = ['/bin/true']
jobs = ['other']
";

    /// What was told so far, once nothing is on its way any more.
    async fn sent(teller: &Teller) -> (u64, u64) {
        let quiet = async {
            while !teller.notifier.is_quiet() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), quiet).await.expect("it is told in time");
        let told = teller.notifier.told();
        (told["all"].sent, told["of-another-job"].sent)
    }

    #[tokio::test]
    async fn a_token_that_nobody_replaces_is_told_of_once_and_so_is_its_end() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("c.toml");
        std::fs::write(&file, CONFIG).expect("a file");
        let config = Arc::new(load(Some(&file)).expect("a sound config"));
        let opener = Opener { config: Arc::clone(&config), observer: Arc::new(Blind), quotas: Quotas::default() };
        let setup = Setup::new(opener);
        let board = Arc::new(Board::default());
        let served =
            Served::new(Arc::clone(&board), Shelf::default(), Arc::new(Metrics::default()), config.daemon.clone());
        let teller = Teller::new(&served, Notifier::start(config.notify.clone()), watch::channel(None).1);
        let minutes = |minutes: i64, upkeep| {
            let ends = Some(Timestamp::now() + jiff::SignedDuration::from_mins(minutes));
            TokenLife { ends, upkeep }
        };
        let rows = [
            (TokenLife::default(), 0),
            (minutes(1, Upkeep::Ours), 0),
            (minutes(150, Upkeep::Nobody), 0),
            (minutes(110, Upkeep::Nobody), 1),
            (minutes(100, Upkeep::Nobody), 1),
            (minutes(-1, Upkeep::Nobody), 2),
            (minutes(900, Upkeep::Nobody), 3),
            (minutes(90, Upkeep::Nobody), 4),
            (minutes(1, Upkeep::Ours), 5),
            (minutes(1, Upkeep::Others), 5),
        ];
        for (life, told) in rows {
            teller.observe(&Event::TokenLife { store: "b".to_owned(), life });
            teller.tokens(&setup, ["a", "b"]);
            assert_eq!(sent(&teller).await, (told, 0), "{life:?}");
        }
    }
}
