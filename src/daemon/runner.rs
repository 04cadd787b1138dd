//! Runs what is due: one job on the targets that are due, the source read once, each target under its own lease.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use async_trait::async_trait;
use futures::FutureExt as _;
use futures::future::join_all;
use jiff::Timestamp;
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;

use super::keeper::Keeper;
use super::setup::{Leg, Setup};
use super::teller::Teller;
use crate::engine::{About, Begun, Cycle, Job, Occasion, RunReport, RunStatus, Stores, Work};
use crate::ledger::{Holder, Lease, Ledger, LedgerError, Term};
use crate::provider::layer::share;
use crate::provider::{Error, Role, Store};

/// A leg that is due, and for which instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// Which.
    pub leg: Leg,
    /// For which instant.
    pub instant: Timestamp,
}

/// What became of a leg that was due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// It ran, however that went.
    Ran,
    /// Another daemon has its target, or did its work.
    Elsewhere,
    /// Nothing could be begun: the ledger is away.
    NotBegun,
}

/// Carries out what is due.
#[async_trait]
pub trait Carrier: Send + Sync {
    /// Runs the legs of one job; gives what became of each, in their order, once it is known how things stand afterwards.
    async fn carry(&self, setup: Arc<Setup>, due: Vec<Due>) -> Vec<Ended>;
}

/// Carries out runs, each job on a thread of its own.
pub struct Runs {
    /// The ledger's keeper.
    pub keeper: Arc<Keeper>,
    /// Who hears of them.
    pub teller: Arc<Teller>,
    /// Asks them to finish the steps in flight.
    pub stop: CancellationToken,
}

#[async_trait]
impl Carrier for Runs {
    async fn carry(&self, setup: Arc<Setup>, due: Vec<Due>) -> Vec<Ended> {
        let legs = due.len();
        let Some(ledger) = self.keeper.shelf.ledger() else { return vec![Ended::NotBegun; legs] };
        let runner = Runner { setup, ledger, teller: Arc::clone(&self.teller), stop: self.stop.clone() };
        let runtime = Handle::current();
        // A run reckons more than it waits; on a thread of its own it holds nobody up, whatever befalls it.
        let ran = spawn_blocking(move || runtime.block_on(runner.run(&due))).await;
        self.keeper.refresh().await;
        ran.unwrap_or_else(|_| vec![Ended::NotBegun; legs])
    }
}

/// Runs legs of one config.
struct Runner {
    setup: Arc<Setup>,
    ledger: Ledger,
    teller: Arc<Teller>,
    stop: CancellationToken,
}

impl Runner {
    /// Runs the legs all at once.
    async fn run(&self, due: &[Due]) -> Vec<Ended> {
        let sources = self.sources(due).await;
        join_all(due.iter().zip(sources).map(|(due, source)| self.leg(due, source))).await
    }

    /// The source, once for each leg: what all of them read is read once.
    async fn sources(&self, due: &[Due]) -> Vec<Result<Store, Error>> {
        let Some(first) = due.first() else { return Vec::new() };
        let name = &self.setup.job(&first.leg).source;
        match self.setup.store(name, Role::Source, &self.ledger).await {
            Ok(source) => share(source, due.len()).into_iter().map(Ok).collect(),
            Err(error) => due.iter().map(|_| Err(error.clone())).collect(),
        }
    }

    async fn leg(&self, due: &Due, source: Result<Store, Error>) -> Ended {
        let leg = &due.leg;
        let lease = match self.ledger.lease_for(Term::Timed, &leg.identity, &Holder::here(&leg.job)).await {
            Ok(lease) => lease,
            Err(LedgerError::Held { by, .. }) => {
                tracing::debug!(job = leg.job, target = leg.target, by, "the target is being worked on");
                return Ended::Elsewhere;
            }
            Err(error) => {
                tracing::warn!(job = leg.job, target = leg.target, %error, "no lease, so nothing is begun");
                return Ended::NotBegun;
            }
        };
        self.teller.lease(leg, true);
        let ended = self.held(due, source, &lease).await;
        self.teller.tokens(&self.setup, [self.setup.job(leg).source.as_str(), &leg.target]);
        if let Err(error) = lease.release().await {
            tracing::warn!(job = leg.job, target = leg.target, %error, "the lease was not given back, and ends by itself");
        }
        self.teller.lease(leg, false);
        ended
    }

    /// The leg, under its lease.
    async fn held(&self, due: &Due, source: Result<Store, Error>, lease: &Lease) -> Ended {
        let leg = &due.leg;
        let occasion = Occasion { instant: Some(due.instant), schedule: self.setup.schedule(leg) };
        let ready = match self.setup.prepared(leg) {
            Ok(job) => self.work(leg, source).await.map(|work| (job, work)).map_err(|error| error.explained()),
            Err(problem) => Err(problem),
        };
        let (job, work) = match ready {
            Ok(ready) => ready,
            Err(why) => return self.not_begun(leg, lease, occasion, &why).await,
        };
        let cycle = Cycle {
            job: &job,
            work: &work,
            ledger: &self.ledger,
            lease,
            config_digest: &self.setup.config().digest,
            occasion: Some(occasion),
            observer: &*self.teller,
            stop: &self.stop,
        };
        match cycle.begin().await {
            Ok(begun) => self.begun(leg, &job, begun).await,
            Err(LedgerError::NotDue { .. }) => Ended::Elsewhere,
            Err(error) => {
                tracing::warn!(job = leg.job, target = leg.target, %error, "no run could be begun");
                Ended::NotBegun
            }
        }
    }

    async fn work(&self, leg: &Leg, source: Result<Store, Error>) -> Result<Work, Error> {
        let target = self.setup.store(&leg.target, Role::Target, &self.ledger).await?;
        Ok(Work::Apply(Stores { source: source?, target }))
    }

    /// A run that cannot even begin is a failed one, and is recorded as such.
    async fn not_begun(&self, leg: &Leg, lease: &Lease, occasion: Occasion<'_>, why: &str) -> Ended {
        let about = About {
            job: &leg.job,
            source: &self.setup.job(leg).source,
            target: &leg.target,
            config_digest: &self.setup.config().digest,
        };
        match about.failed(&self.ledger, lease, occasion, why).await {
            Ok(report) => {
                self.teller.ended(leg, None, &report);
                Ended::Ran
            }
            Err(LedgerError::NotDue { .. }) => Ended::Elsewhere,
            Err(error) => {
                tracing::warn!(job = leg.job, target = leg.target, %error, why, "a run that could not begin was not recorded");
                Ended::NotBegun
            }
        }
    }

    /// A run that has begun; a panic in it is a failed run, and the job lives on.
    async fn begun(&self, leg: &Leg, job: &Job, begun: Begun<'_>) -> Ended {
        self.teller.began(leg, begun.run.id.as_str());
        let report = match AssertUnwindSafe(carried_out(&begun)).catch_unwind().await {
            Ok(report) => report,
            Err(_) => {
                let why = "the run panicked: this is a fault of the program; the log says where";
                self.teller.panicked(leg);
                given_up(&begun, RunStatus::Failed, why).await
            }
        };
        self.teller.ended(leg, Some(job), &report);
        Ended::Ran
    }
}

async fn carried_out(begun: &Begun<'_>) -> RunReport {
    match begun.plan().await {
        Ok(Some(preview)) => begun.act(preview).await,
        Ok(None) => {
            let why = "the daemon was about to end before the run began to write";
            given_up(begun, RunStatus::Interrupted, why).await
        }
        Err(error) => given_up(begun, RunStatus::Failed, &error.explained()).await,
    }
}

async fn given_up(begun: &Begun<'_>, status: RunStatus, why: &str) -> RunReport {
    begun.give_up(status, why).await;
    let job = begun.run.job;
    RunReport::unacted(Some(begun.run.id.to_string()), (&job.name, &job.source, &job.target), status, why)
}
