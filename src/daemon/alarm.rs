//! What time it is, and who wakes the loop at instants: tokio-cron-scheduler, used only for single shots.
//!
//! That crate freezes time zones, loses a repeated job whose tick fell into the past, and ends a job whose closure panics;
//! a single shot at an instant that was computed elsewhere has none of these faults. A ring that comes too early, twice or
//! not at all costs nothing but a look: whoever hears it judges by what is due, and looks from time to time anyway.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio_cron_scheduler::{Job, JobScheduler, JobSchedulerError};
use uuid::Uuid;

/// How many shots may be on their way through the crate at once; a listener of it that falls behind is gone for good.
const ROOM: usize = 4096;
/// A shot is set this much too early, for it counts in whole seconds; the rest is slept through.
const EARLY: Duration = Duration::from_secs(2);
/// No shot is set further ahead; whoever waits for longer is woken, looks, and sets it again.
const FURTHEST: Duration = Duration::from_secs(24 * 60 * 60);
/// How long the crate may take to set one.
const PATIENCE: Duration = Duration::from_secs(5);

/// What time it is.
#[async_trait]
pub trait Clock: Send + Sync {
    /// The moment.
    fn now(&self) -> Timestamp;
    /// Waits.
    async fn sleep(&self, duration: Duration);
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct WallClock;

#[async_trait]
impl Clock for WallClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

/// Wakes whoever waits for instants, by the name of the job.
#[async_trait]
pub trait Alarm: Send + Sync {
    /// Rings for `job` at `at`, or at once where that has passed; the earliest instant set for a job that is still to come counts.
    async fn set(&self, job: &str, at: Timestamp);
    /// Rings no more for `job`.
    async fn forget(&self, job: &str);
    /// Rings no more at all.
    async fn shut(&self);
}

/// The alarm of the daemon.
pub struct CronAlarm {
    scheduler: JobScheduler,
    ring: mpsc::Sender<String>,
    armed: Arc<Mutex<HashMap<String, Shot>>>,
    /// Shots are set one after the other, so that none of the crate's listeners falls behind.
    turn: tokio::sync::Mutex<()>,
}

/// A shot that was set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Shot {
    id: Uuid,
    at: Timestamp,
}

impl CronAlarm {
    /// Starts it; it rings by sending the name of a job.
    pub async fn start(ring: mpsc::Sender<String>) -> Result<Self, String> {
        let scheduler = JobScheduler::new_with_channel_size(ROOM).await.map_err(|error| error.to_string())?;
        scheduler.start().await.map_err(|error| error.to_string())?;
        Ok(Self { scheduler, ring, armed: Arc::default(), turn: tokio::sync::Mutex::default() })
    }

    /// Tells whether nothing sooner, or the same, is to come for the job.
    fn is_wanted(&self, job: &str, at: Timestamp, now: Timestamp) -> bool {
        let armed = self.armed.lock().unwrap_or_else(PoisonError::into_inner);
        armed.get(job).is_none_or(|shot| shot.at > at || shot.at <= now)
    }

    fn shot(&self, job: &str, at: Timestamp, now: Timestamp) -> Result<Job, JobSchedulerError> {
        let ahead = Duration::try_from(at.duration_since(now)).unwrap_or_default();
        let (ring, armed, job) = (self.ring.clone(), Arc::clone(&self.armed), job.to_owned());
        // A panic in here would end the crate's listener, so there is nothing in here but clones.
        Job::new_one_shot_async(ahead.saturating_sub(EARLY).min(FURTHEST), move |id, _| {
            let (ring, armed, job) = (ring.clone(), Arc::clone(&armed), job.clone());
            Box::pin(async move { fire(id, at, job, &armed, &ring).await })
        })
    }

    /// Notes the shot that counts; one that was set before it and still comes rings nobody.
    fn arm(&self, job: &str, shot: Shot) {
        self.armed.lock().unwrap_or_else(PoisonError::into_inner).insert(job.to_owned(), shot);
    }

    /// Rings so soon that the crate, which counts in whole seconds, might find the instant in its past.
    fn soon(&self, job: &str, at: Timestamp) {
        let (id, ring, armed, job) = (Uuid::new_v4(), self.ring.clone(), Arc::clone(&self.armed), job.to_owned());
        self.arm(&job, Shot { id, at });
        tokio::spawn(async move { fire(id, at, job, &armed, &ring).await });
    }
}

/// Sleeps through what is left, and rings if the shot still counts.
async fn fire(id: Uuid, at: Timestamp, job: String, armed: &Mutex<HashMap<String, Shot>>, ring: &mpsc::Sender<String>) {
    let left = Duration::try_from(at.duration_since(Timestamp::now())).unwrap_or_default();
    tokio::time::sleep(left.min(EARLY * 2)).await;
    let counts = {
        let mut armed = armed.lock().unwrap_or_else(PoisonError::into_inner);
        armed.get(&job).is_some_and(|shot| shot.id == id).then(|| armed.remove(&job)).is_some()
    };
    if counts {
        // Where so many rings wait already, whoever hears them looks at this job too.
        let _ = ring.try_send(job);
    }
}

#[async_trait]
impl Alarm for CronAlarm {
    async fn set(&self, job: &str, at: Timestamp) {
        let now = Timestamp::now();
        if !self.is_wanted(job, at, now) {
            return;
        }
        if Duration::try_from(at.duration_since(now)).unwrap_or_default() <= EARLY {
            return self.soon(job, at);
        }
        let _turn = self.turn.lock().await;
        let Ok(shot) = self.shot(job, at, now) else { return };
        self.arm(job, Shot { id: shot.guid(), at });
        let set = tokio::time::timeout(PATIENCE, self.scheduler.add(shot)).await;
        if !matches!(set, Ok(Ok(_))) {
            tracing::warn!(job, "no alarm could be set; the job begins when the daemon next looks at what is due");
            self.armed.lock().unwrap_or_else(PoisonError::into_inner).remove(job);
        }
    }

    async fn forget(&self, job: &str) {
        // The shot still comes, and rings nobody: to take it out of the crate may take seconds.
        self.armed.lock().unwrap_or_else(PoisonError::into_inner).remove(job);
    }

    async fn shut(&self) {
        self.armed.lock().unwrap_or_else(PoisonError::into_inner).clear();
        let _ = self.scheduler.clone().shutdown().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOON: Duration = Duration::from_millis(1300);

    async fn rung(rings: &mut mpsc::Receiver<String>, within: Duration) -> Option<String> {
        tokio::time::timeout(within, rings.recv()).await.ok().flatten()
    }

    #[tokio::test]
    async fn rings_at_the_instant_once_and_the_earliest_counts() {
        let (ring, mut rings) = mpsc::channel(8);
        let alarm = CronAlarm::start(ring).await.expect("it starts");
        let at = Timestamp::now() + SOON;
        alarm.set("j", at + Duration::from_secs(3600)).await;
        alarm.set("j", at).await;
        alarm.set("j", at + Duration::from_secs(60)).await;
        alarm.set("forgotten", at).await;
        alarm.forget("forgotten").await;
        assert_eq!(rung(&mut rings, SOON * 3).await.as_deref(), Some("j"));
        let late = Timestamp::now().duration_since(at);
        assert!(!late.is_negative() && late.as_millis() < 1500, "{late}");
        assert_eq!(rung(&mut rings, SOON).await, None);
        // The job lives on.
        alarm.set("j", Timestamp::now()).await;
        assert_eq!(rung(&mut rings, SOON * 3).await.as_deref(), Some("j"));
        alarm.set("j", Timestamp::now() + SOON).await;
        alarm.shut().await;
        assert_eq!(rung(&mut rings, SOON * 2).await, None);
    }

    #[tokio::test]
    async fn rings_in_time_again_and_again_where_instants_are_near() {
        let (ring, mut rings) = mpsc::channel(8);
        let alarm = CronAlarm::start(ring).await.expect("it starts");
        for _ in 0..4 {
            let at = Timestamp::now() + SOON / 2;
            alarm.set("j", at).await;
            assert_eq!(rung(&mut rings, SOON).await.as_deref(), Some("j"));
            alarm.set("j", at + Duration::from_secs(3600)).await;
        }
    }

    #[tokio::test]
    async fn sets_more_jobs_at_once_than_the_crate_has_room_for_by_itself() {
        let (ring, mut rings) = mpsc::channel(1024);
        let alarm = CronAlarm::start(ring).await.expect("it starts");
        let at = Timestamp::now() + Duration::from_secs(3);
        for job in 0..500 {
            alarm.set(&job.to_string(), at).await;
        }
        let mut heard = std::collections::BTreeSet::new();
        while let Some(job) = rung(&mut rings, Duration::from_secs(6)).await {
            heard.insert(job);
            if heard.len() == 500 {
                break;
            }
        }
        assert_eq!(heard.len(), 500);
    }
}
