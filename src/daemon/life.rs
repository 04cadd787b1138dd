//! One daemon from its start to its end: everything is opened before it is ready, and what is under way is finished before it goes.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use jiff::Timestamp;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{interval, timeout};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::alarm::{CronAlarm, WallClock};
use super::board::{About, Board};
use super::checks::check_all;
use super::error::DaemonError;
use super::http::{self, Door, Served};
use super::keeper::Keeper;
use super::metrics::Metrics;
use super::notify::Notifier;
use super::reload::{Reload, Watch};
use super::runner::Runs;
use super::scheduler::Scheduler;
use super::setup::Setup;
use super::shelf::Shelf;
use super::signals::{Signal, Signals};
use super::systemd;
use super::teller::Teller;
use crate::config::{Config, Opener};
use crate::ledger::{Daemon, Holder, Lease, Overview};
use crate::provider::Quotas;

/// How many rings of the alarm may wait; the loop looks at everything at each.
const RINGS: usize = 64;
/// How long the last words may take once nothing is under way any more.
const LAST_WORDS: Duration = Duration::from_secs(3);

/// How often the line is renewed that `systemctl status` shows.
const STATUS: Duration = Duration::from_secs(10);

/// How a daemon ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// All that was under way was finished.
    Drained,
    /// The time of grace ran out first: what was under way is for the next daemon to settle.
    Cut,
}

/// A daemon that works.
struct Life {
    config: Arc<Config>,
    setup: Arc<ArcSwap<Setup>>,
    teller: Arc<Teller>,
    keeper: Arc<Keeper>,
    board: Arc<Board>,
    served: Served,
    /// Begin nothing more.
    stop: CancellationToken,
    /// Nothing is under way any more.
    end: CancellationToken,
    /// Where the ledger is a file: we are its only daemon.
    _sole: Option<Lease>,
}

/// Works until a signal asks it to end.
pub async fn live(config: Config) -> Result<End, DaemonError> {
    let mut signals = Signals::listen()?;
    let (overview_in, overview) = watch::channel(None);
    let mut life = Life::begin(Arc::new(config), overview_in, overview.clone()).await?;
    let door = http::bind(&life.served).await?;
    let (address, url) = (door.address(), door.url());
    let mut work = life.start(overview, door).await?;
    tracing::info!(%address, "ready; how things stand is shown at {url}");
    systemd::ready();
    life.attend(&mut signals).await;
    Ok(life.drain(&mut work).await)
}

impl Life {
    async fn begin(
        config: Arc<Config>,
        overview_in: watch::Sender<Option<Arc<Overview>>>,
        overview: watch::Receiver<Option<Arc<Overview>>>,
    ) -> Result<Self, DaemonError> {
        let (board, shelf, quotas) = (Arc::new(Board::default()), Shelf::default(), Quotas::default());
        let metrics = Arc::new(Metrics::default());
        let served = Served::new(Arc::clone(&board), shelf.clone(), Arc::clone(&metrics), config.daemon.clone());
        let notifier = Notifier::start(config.notify.clone());
        let teller = Arc::new(Teller::new(&served, notifier, overview));
        let opener = Opener { config: Arc::clone(&config), observer: Arc::clone(&teller) as _, quotas: quotas.clone() };
        let me = me(&config);
        board.change(|view| {
            view.about = about(&me, &config);
            view.ledger.location = config.ledger.location();
        });
        let keeper =
            Keeper { config: Arc::clone(&config), me, shelf, board: Arc::clone(&board), quotas, overview: overview_in };
        keeper.begin().await?;
        Ok(Self {
            _sole: keeper.sole().await?,
            config,
            setup: Arc::new(ArcSwap::from_pointee(Setup::new(opener))),
            teller,
            keeper: Arc::new(keeper),
            board,
            served,
            stop: CancellationToken::new(),
            end: CancellationToken::new(),
        })
    }

    /// Starts all parts; gives the one that is waited for at the end.
    async fn start(
        &self,
        overview: watch::Receiver<Option<Arc<Overview>>>,
        door: Door,
    ) -> Result<JoinHandle<()>, DaemonError> {
        let (ring, rings) = mpsc::channel(RINGS);
        let scheduler = Scheduler {
            setup: Arc::clone(&self.setup),
            me: self.keeper.me.id.clone(),
            board: Arc::clone(&self.board),
            teller: Arc::clone(&self.teller),
            carrier: Arc::new(Runs {
                keeper: Arc::clone(&self.keeper),
                teller: Arc::clone(&self.teller),
                stop: self.stop.clone(),
            }),
            clock: Arc::new(WallClock),
            alarm: Arc::new(CronAlarm::start(ring).await.map_err(DaemonError::System)?),
            since: Timestamp::now(),
            stop: self.stop.clone(),
        };
        tokio::spawn(Arc::clone(&self.keeper).keep(self.end.clone()));
        let (setup, shelf) = (Arc::clone(&self.setup), self.keeper.shelf.clone());
        tokio::spawn(check_all(setup, shelf, Arc::clone(&self.teller), self.end.clone()));
        tokio::spawn(http::serve(door, self.served.clone(), self.end.clone()));
        Ok(tokio::spawn(async move { scheduler.work(rings, overview).await }))
    }

    /// Waits for the signal to end; whatever else comes is dealt with.
    async fn attend(&mut self, signals: &mut Signals) {
        let mut watch = Watch::begin(&self.config);
        let mut watchdog = systemd::watchdog().map(interval);
        let mut lines = interval(STATUS);
        loop {
            tokio::select! {
                signal = signals.next() => match signal {
                    Signal::End => return,
                    Signal::Reload => {
                        systemd::reloading();
                        let reload = watch.reload(&self.config).await;
                        self.adopt(reload);
                        systemd::ready();
                    }
                },
                reload = watch.changed(&self.config) => self.adopt(reload),
                _ = lines.tick() => systemd::status(&systemd::summary(&self.board.view())),
                () = ticks(&mut watchdog) => if !self.served.heartbeat.has_stopped() { systemd::alive() },
            }
        }
    }

    /// Works by another config from now on; what is under way keeps the one it began with.
    fn adopt(&mut self, reload: Reload) {
        match reload {
            Reload::Accepted { config, changes } => {
                self.teller.reloaded(true, &changes.join(", "));
                let config = Arc::new(*config);
                self.board.change(|view| {
                    view.about.config_digest.clone_from(&config.digest);
                    view.about.config_problem = None;
                });
                self.teller.notifier.replace(config.notify.clone());
                self.served.adopt(config.daemon.clone());
                let opener = Opener { config: Arc::clone(&config), ..self.setup.load().opener.clone() };
                self.setup.store(Arc::new(Setup::new(opener)));
                self.config = config;
            }
            Reload::Unchanged => self.board.change(|view| view.about.config_problem = None),
            Reload::Refused(errors) => {
                let told: Vec<_> = errors.iter().map(crate::config::ConfigError::sentence).collect();
                self.teller.reloaded(false, &told.join("; "));
                self.board.change(|view| view.about.config_problem = Some(told.join("; ")));
            }
        }
    }

    /// Begins nothing more, and waits for what is under way.
    async fn drain(&self, work: &mut JoinHandle<()>) -> End {
        systemd::stopping();
        let grace = self.config.daemon.grace;
        tracing::info!(?grace, "about to end: what is under way is finished first");
        self.board.change(|view| view.about.draining = true);
        self.stop.cancel();
        if timeout(grace, work).await.is_err() {
            tracing::warn!("the time of grace ran out; the next daemon settles what is in flight");
            return End::Cut;
        }
        self.end.cancel();
        self.keeper.farewell(LAST_WORDS).await;
        self.teller.notifier.finish(LAST_WORDS).await;
        tracing::info!("ended: nothing is under way");
        End::Drained
    }
}

async fn ticks(watchdog: &mut Option<tokio::time::Interval>) {
    match watchdog {
        Some(interval) => drop(interval.tick().await),
        None => std::future::pending().await,
    }
}

fn me(config: &Config) -> Daemon {
    let here = Holder::here("daemon");
    Daemon {
        id: Uuid::new_v4().to_string(),
        host: here.host,
        process: here.process,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        config_digest: config.digest.clone(),
        address: Some(config.daemon.listen.to_string()),
    }
}

fn about(me: &Daemon, config: &Config) -> About {
    About {
        id: me.id.clone(),
        host: me.host.clone(),
        started_at: Some(Timestamp::now()),
        config: config.file.display().to_string(),
        config_digest: config.digest.clone(),
        ..About::default()
    }
}
