//! What the daemon's loop is put into for the simulation: a clock that jumps, an alarm that loses rings, a ledger in memory,
//! and runs that take a while.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arc_swap::ArcSwap;
use async_trait::async_trait;
use jiff::{Timestamp, ToSpan as _};
use secretferry::config::{Config, DaemonSettings, Opener};
use secretferry::daemon::http::Served;
use secretferry::daemon::notify::Notifier;
use secretferry::daemon::{Alarm, Board, Carrier, Clock, Due, Ended, Leg, Metrics, Scheduler, Setup, Shelf, Teller};
use secretferry::ledger::{Daemon, Overview, Peer, Standing};
use secretferry::model::Blind;
use secretferry::provider::Quotas;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

/// How often a daemon asks the ledger how things stand, and looks although nothing rang: more seldom than a real one.
pub const LOOK: Duration = Duration::from_secs(300);
const RUN: Duration = Duration::from_secs(5);
const LEASE: Duration = Duration::from_secs(90);

/// A clock on the wall that jumps, by so many seconds at so many seconds from the beginning.
pub struct Simulated {
    pub begin: Timestamp,
    pub start: Instant,
    pub jumps: &'static [(u64, i64)],
}

impl Simulated {
    /// What it shows so long after the beginning.
    pub fn wall(&self, elapsed: Duration) -> Timestamp {
        let jumped: i64 =
            self.jumps.iter().filter(|(at, _)| elapsed >= Duration::from_secs(*at)).map(|(_, by)| by).sum();
        self.begin + elapsed + jumped.seconds()
    }
}

#[async_trait]
impl Clock for Simulated {
    fn now(&self) -> Timestamp {
        self.wall(self.start.elapsed())
    }

    async fn sleep(&self, _: Duration) {
        sleep(LOOK).await;
    }
}

/// An alarm that knows nothing of clocks that jump, and loses every seventh ring.
struct Ringer {
    clock: Arc<Simulated>,
    ring: mpsc::Sender<String>,
    armed: Mutex<BTreeMap<String, Timestamp>>,
    set: Mutex<u64>,
}

#[async_trait]
impl Alarm for Ringer {
    async fn set(&self, job: &str, at: Timestamp) {
        let now = self.clock.now();
        let former = self.armed.lock().unwrap().insert(job.to_owned(), at);
        if former.is_some_and(|former| former == at && former > now) {
            return;
        }
        let number = {
            let mut set = self.set.lock().unwrap();
            *set += 1;
            *set
        };
        let (ring, job) = (self.ring.clone(), job.to_owned());
        let left = Duration::try_from(at.duration_since(now)).unwrap_or_default();
        tokio::spawn(async move {
            sleep(left).await;
            if number % 7 != 0 {
                let _ = ring.try_send(job);
            }
        });
    }

    async fn forget(&self, job: &str) {
        self.armed.lock().unwrap().remove(job);
    }

    async fn shut(&self) {}
}

/// What daemons share: who lives, what is done, who is at it, and what was done for which instant.
#[derive(Default)]
pub struct Ledger {
    pub alive: Vec<Peer>,
    done: BTreeMap<Leg, Timestamp>,
    leases: BTreeMap<Leg, Instant>,
    pub runs: Vec<Ran>,
}

/// A run that ended.
pub struct Ran {
    pub job: String,
    pub instant: Timestamp,
    pub begun: Timestamp,
}

impl Ledger {
    fn begins(&mut self, due: &Due) -> bool {
        let held = self.leases.get(&due.leg).is_some_and(|until| *until > Instant::now());
        let done = self.done.get(&due.leg).is_some_and(|done| *done >= due.instant);
        if !held && !done {
            self.leases.insert(due.leg.clone(), Instant::now() + LEASE);
        }
        !held && !done
    }

    fn overview(&self, now: Timestamp) -> Overview {
        let standing = |(leg, done): (&Leg, &Timestamp)| {
            let standing = Standing {
                job: leg.job.clone(),
                target_identity: leg.identity.clone(),
                done_at: Some(*done),
                last_good: None,
                run: None,
                remarks: Vec::new(),
            };
            (leg.place(), standing)
        };
        Overview {
            now,
            peers: self.alive.clone(),
            standings: self.done.iter().map(standing).collect(),
            controls: BTreeMap::new(),
            runs: BTreeMap::new(),
            audit_head: String::new(),
        }
    }
}

/// One daemon's view of the ledger.
struct Desk {
    clock: Arc<Simulated>,
    ledger: Arc<Mutex<Ledger>>,
    overview: watch::Sender<Option<Arc<Overview>>>,
}

impl Desk {
    fn refresh(&self) {
        let overview = self.ledger.lock().unwrap().overview(self.clock.now());
        self.overview.send_replace(Some(Arc::new(overview)));
    }

    async fn keep(&self) {
        loop {
            self.refresh();
            sleep(LOOK).await;
        }
    }
}

#[async_trait]
impl Carrier for Desk {
    async fn carry(&self, setup: Arc<Setup>, due: Vec<Due>) -> Vec<Ended> {
        let mut ended = Vec::new();
        for due in due {
            if !self.ledger.lock().unwrap().begins(&due) {
                ended.push(Ended::Elsewhere);
                continue;
            }
            let begun = self.clock.now();
            sleep(RUN).await;
            let done = setup.schedule(&due.leg).unwrap().done_at(due.instant, self.clock.now());
            let mut ledger = self.ledger.lock().unwrap();
            ledger.done.insert(due.leg.clone(), done);
            ledger.leases.remove(&due.leg);
            ledger.runs.push(Ran { job: due.leg.job, instant: due.instant, begun });
            ended.push(Ended::Ran);
        }
        self.refresh();
        ended
    }
}

/// A daemon's loop, from its start until the task is aborted.
pub async fn daemon(number: usize, config: Arc<Config>, clock: Arc<Simulated>, ledger: Arc<Mutex<Ledger>>) {
    let (overview, known) = watch::channel(None);
    let (board, stop) = (Arc::new(Board::default()), CancellationToken::new());
    let served =
        Served::new(Arc::clone(&board), Shelf::default(), Arc::new(Metrics::default()), DaemonSettings::default());
    let opener = Opener { config, observer: Arc::new(Blind), quotas: Quotas::default() };
    let (ring, rings) = mpsc::channel(64);
    let desk = Arc::new(Desk { clock: Arc::clone(&clock), ledger, overview });
    let scheduler = Scheduler {
        setup: Arc::new(ArcSwap::from_pointee(Setup::new(opener))),
        me: name(number),
        board,
        teller: Arc::new(Teller::new(&served, Notifier::start(Vec::new()), known.clone())),
        carrier: Arc::clone(&desk) as _,
        alarm: Arc::new(Ringer { clock: Arc::clone(&clock), ring, armed: Mutex::default(), set: Mutex::default() }),
        since: clock.now(),
        clock,
        stop,
    };
    tokio::join!(desk.keep(), scheduler.work(rings, known));
}

/// What a daemon is called.
pub fn name(number: usize) -> String {
    format!("daemon-{number}")
}

/// A daemon as the others see it.
pub fn peer(number: usize, now: Timestamp) -> Peer {
    let daemon = Daemon {
        id: name(number),
        host: name(number),
        process: 1,
        version: String::new(),
        config_digest: String::new(),
        address: None,
    };
    Peer { daemon, started_at: now, seen_at: now }
}
