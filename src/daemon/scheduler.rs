//! The loop: whatever wakes it, it looks at what is due by what is known, begins it, and sleeps until the next instant.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::alarm::{Alarm, Clock};
use super::board::{Activity, Board};
use super::runner::{Carrier, Due, Ended};
use super::setup::{Leg, Setup};
use super::show;
use super::teller::Teller;
use crate::engine::{Known, Turn, turn};
use crate::ledger::{Overview, RunStatus};

/// How long a leg that could not be begun is left alone.
const AGAIN: Duration = Duration::from_secs(3);
/// How much later each further daemon comes for a leg, so that all have their share of the work.
const STAGGER: Duration = Duration::from_millis(1500);
/// The loop never sleeps longer: clocks are set, machines sleep.
const LOOK: Duration = Duration::from_secs(30);

/// What the loop works with.
pub struct Scheduler {
    /// The config at work.
    pub setup: Arc<ArcSwap<Setup>>,
    /// Which daemon this is.
    pub me: String,
    /// What is told to those who look.
    pub board: Arc<Board>,
    /// Who hears of runs.
    pub teller: Arc<Teller>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Carries out what is due.
    pub carrier: Arc<dyn Carrier>,
    /// Wakes us at instants.
    pub alarm: Arc<dyn Alarm>,
    /// When this daemon began.
    pub since: Timestamp,
    /// Asks to begin nothing more, and runs to finish the steps in flight.
    pub stop: CancellationToken,
}

/// What the loop remembers from turn to turn.
#[derive(Default)]
struct Memory {
    running: BTreeSet<Leg>,
    /// Legs that could not be begun, and until when they are left alone.
    resting: BTreeMap<Leg, Instant>,
    runs: JoinSet<Vec<(Leg, Ended)>>,
}

/// A leg at one moment.
struct Standing<'a> {
    leg: &'a Leg,
    turn: Turn,
}

impl Scheduler {
    /// Works until it is asked to stop, and then until the runs under way have ended.
    pub async fn work(&self, mut rings: mpsc::Receiver<String>, mut overview: watch::Receiver<Option<Arc<Overview>>>) {
        let mut memory = Memory::default();
        loop {
            self.teller.tick();
            let known = overview.borrow_and_update().clone();
            self.turn(known.as_deref(), &mut memory).await;
            tokio::select! {
                _ = rings.recv() => {}
                changed = overview.changed() => if changed.is_err() { break },
                Some(ended) = memory.runs.join_next() => noted(ended, &mut memory),
                () = self.clock.sleep(LOOK) => {}
                () = self.stop.cancelled() => break,
            }
        }
        while let Some(ended) = memory.runs.join_next().await {
            noted(ended, &mut memory);
        }
    }

    /// Looks at every leg, begins what is due, and sets the alarm for the others.
    async fn turn(&self, overview: Option<&Overview>, memory: &mut Memory) {
        let setup = self.setup.load_full();
        let now = self.clock.now();
        let standings: Vec<_> = setup.legs.iter().map(|leg| self.standing(&setup, leg, overview, now)).collect();
        for standing in &standings {
            if let Turn::At(instant) = standing.turn {
                self.alarm.set(&standing.leg.job, instant).await;
            }
        }
        let waiting = match overview {
            Some(overview) if !self.stop.is_cancelled() => self.begin(&setup, overview, &standings, memory, now),
            _ => BTreeMap::new(),
        };
        self.board.change(|view| {
            show::jobs(view, &setup, overview, &waiting, &|leg| {
                standings.iter().find(|standing| standing.leg == leg).and_then(|standing| match standing.turn {
                    Turn::Due(instant) | Turn::At(instant) => Some(instant),
                    Turn::Never => None,
                })
            })
        });
    }

    fn standing<'a>(&self, setup: &Setup, leg: &'a Leg, overview: Option<&Overview>, now: Timestamp) -> Standing<'a> {
        let standing = overview.and_then(|overview| overview.standings.get(&leg.place()));
        let control = overview.and_then(|overview| overview.controls.get(&leg.job));
        let known = Known {
            done_at: standing.and_then(|standing| standing.done_at),
            asked: control.and_then(|control| control.asked.as_ref()).map(|(at, _)| *at),
            paused: control.and_then(|control| control.paused.as_ref()).map(|(at, _)| *at),
            since: self.since,
        };
        Standing { leg, turn: turn(setup.schedule(leg), &leg.job, &known, now) }
    }

    /// Begins what is due and free; gives why the rest waits.
    fn begin(
        &self,
        setup: &Arc<Setup>,
        overview: &Overview,
        standings: &[Standing<'_>],
        memory: &mut Memory,
        now: Timestamp,
    ) -> BTreeMap<Leg, Activity> {
        let mut waiting = BTreeMap::new();
        let mut by_job: BTreeMap<&str, Vec<Due>> = BTreeMap::new();
        for Standing { leg, turn } in standings {
            let Turn::Due(instant) = *turn else { continue };
            if memory.running.contains(*leg) {
                continue;
            }
            match self.obstacle(setup, overview, standings, memory, leg, instant, now) {
                None => by_job.entry(&leg.job).or_default().push(Due { leg: (*leg).clone(), instant }),
                Some(why) => drop(waiting.insert((*leg).clone(), Activity::Waiting(why))),
            }
        }
        let places = setup.config().daemon.jobs_at_once.saturating_sub(memory.runs.len());
        for (at, (_, due)) in by_job.into_iter().enumerate() {
            if at < places {
                self.start(setup, due, memory);
            } else {
                waiting.extend(due.into_iter().map(|due| (due.leg, Activity::Waiting("for a place".to_owned()))));
            }
        }
        waiting
    }

    /// Why a leg that is due is not begun now.
    #[expect(clippy::too_many_arguments, reason = "all that is known at one moment")]
    fn obstacle(
        &self,
        setup: &Setup,
        overview: &Overview,
        standings: &[Standing<'_>],
        memory: &Memory,
        leg: &Leg,
        instant: Timestamp,
        now: Timestamp,
    ) -> Option<String> {
        if memory.resting.get(leg).is_some_and(|until| *until > Instant::now()) {
            return Some("for its target, which somebody else has".to_owned());
        }
        let before = setup.config().before(&leg.job);
        let is_in_the_way = |other: &Standing<'_>| {
            let is_running = memory.running.contains(other.leg)
                || overview
                    .runs
                    .get(&other.leg.place())
                    .is_some_and(|run| run.status == RunStatus::Running && is_alive(overview, &run.host));
            is_running || matches!(other.turn, Turn::Due(_))
        };
        if let Some(other) =
            standings.iter().find(|other| before.contains(&other.leg.job.as_str()) && is_in_the_way(other))
        {
            return Some(format!("for {}, which writes what it reads", other.leg.job));
        }
        let ours = instant + STAGGER.saturating_mul(rank(overview, &self.me, leg));
        (now < ours).then(|| "for the daemon whose turn it is".to_owned())
    }

    fn start(&self, setup: &Arc<Setup>, due: Vec<Due>, memory: &mut Memory) {
        let (carrier, setup) = (Arc::clone(&self.carrier), Arc::clone(setup));
        memory.running.extend(due.iter().map(|due| due.leg.clone()));
        memory.runs.spawn(async move {
            let ended = carrier.carry(setup, due.clone()).await;
            due.into_iter().map(|due| due.leg).zip(ended).collect()
        });
    }
}

/// Notes how legs ended; those that could not be begun are left alone for a moment.
fn noted(ended: Result<Vec<(Leg, Ended)>, tokio::task::JoinError>, memory: &mut Memory) {
    // A task that fell over in between: which legs it had is seen by what is still under way.
    let Ok(ended) = ended else {
        memory.running.clear();
        return;
    };
    for (leg, ended) in ended {
        memory.running.remove(&leg);
        match ended {
            Ended::Ran => drop(memory.resting.remove(&leg)),
            Ended::Elsewhere | Ended::NotBegun => drop(memory.resting.insert(leg, Instant::now() + AGAIN)),
        }
    }
}

/// Whether a daemon on that machine is heard of; runs of commands are not ours to wait for.
fn is_alive(overview: &Overview, host: &str) -> bool {
    overview.peers.iter().any(|peer| peer.daemon.host == host)
}

/// Which daemon's turn a leg is: 0 comes at once. Every daemon has another order for every leg.
fn rank(overview: &Overview, me: &str, leg: &Leg) -> u32 {
    let weight = |daemon: &str| Sha256::digest(format!("{daemon}\n{}\n{}", leg.job, leg.identity).as_bytes());
    let mine = weight(me);
    let before = overview.peers.iter().filter(|peer| peer.daemon.id != me && weight(&peer.daemon.id) < mine);
    u32::try_from(before.count()).unwrap_or(u32::MAX)
}
