//! How fast a store is asked: a token bucket for each quota of its families of calls, and a bound on the calls under way at once.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Mutex as Queue, OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep};

use crate::model::Family;

/// The paces of one store; clones share them, so that all jobs of a process together keep them.
#[derive(Debug, Clone)]
pub struct Paces {
    width: Arc<Semaphore>,
    buckets: Arc<Vec<(Vec<Family>, Bucket)>>,
}

/// How often the families of a quota may be called.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pace {
    /// Calls a second in the long run; more than zero.
    pub per_second: f64,
    /// Calls that may follow each other at once after a rest; at least one.
    pub burst: u32,
}

/// Leave to make one call; given back when dropped.
#[derive(Debug)]
pub struct Turn {
    _place: Option<OwnedSemaphorePermit>,
}

impl Paces {
    /// No bound at all.
    pub fn unlimited() -> Self {
        Self::new(Semaphore::MAX_PERMITS, &[])
    }

    /// At most `width` calls at once, at least one; families share a pace, and one with several keeps them all; a family
    /// without a pace is not slowed.
    pub fn new(width: usize, paces: &[(&[Family], Pace)]) -> Self {
        let width = Arc::new(Semaphore::new(width.clamp(1, Semaphore::MAX_PERMITS)));
        let buckets = paces.iter().map(|(families, pace)| (families.to_vec(), Bucket::new(*pace))).collect();
        Self { width, buckets: Arc::new(buckets) }
    }

    /// Waits until a call may be made, first come first served. Giving up while waiting takes nothing from the others.
    pub async fn admit(&self, family: Family) -> Turn {
        // The pace comes first: a slow family must not sit on places that the others could use.
        for bucket in self.of(family) {
            bucket.take().await;
        }
        Turn { _place: Arc::clone(&self.width).acquire_owned().await.ok() }
    }

    /// Halves a family's paces because the store throttled it; they recover step by step.
    pub fn slow_down(&self, family: Family) {
        for bucket in self.of(family) {
            bucket.level().slow_down(Instant::now());
        }
    }

    fn of(&self, family: Family) -> impl Iterator<Item = &Bucket> {
        self.buckets.iter().filter(move |(families, _)| families.contains(&family)).map(|(_, bucket)| bucket)
    }
}

/// Throttles of calls that were under way together count once.
const TOGETHER: Duration = Duration::from_secs(1);
/// How long a slowed pace is kept before it recovers by a step.
const STEP_EVERY: Duration = Duration::from_secs(5);
/// What a step gives back, and the least that is left, as a share of the pace.
const STEP: f64 = 0.125;

#[derive(Debug)]
struct Bucket {
    /// Whoever holds it waits for the next token, the others for it; tokio hands it on in order.
    queue: Queue<()>,
    level: Mutex<Level>,
}

#[derive(Debug)]
struct Level {
    pace: Pace,
    tokens: f64,
    filled: Instant,
    share: f64,
    changed: Instant,
    throttled: Option<Instant>,
}

impl Bucket {
    fn new(pace: Pace) -> Self {
        let pace = Pace { per_second: pace.per_second.max(f64::MIN_POSITIVE), burst: pace.burst.max(1) };
        let now = Instant::now();
        let level =
            Level { pace, tokens: f64::from(pace.burst), filled: now, share: 1.0, changed: now, throttled: None };
        Self { queue: Queue::new(()), level: Mutex::new(level) }
    }

    async fn take(&self) {
        let _front = self.queue.lock().await;
        loop {
            let wait = self.level().take(Instant::now());
            match wait {
                None => return,
                Some(wait) => sleep(wait).await,
            }
        }
    }

    fn level(&self) -> std::sync::MutexGuard<'_, Level> {
        self.level.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Level {
    /// Takes a token, or tells how long until there is one.
    fn take(&mut self, now: Instant) -> Option<Duration> {
        self.fill(now);
        if self.tokens >= 1.0 {
            self.tokens -= 1.0;
            return None;
        }
        let seconds = (1.0 - self.tokens) / (self.pace.per_second * self.share);
        // Timers count milliseconds; rounding up keeps a last sliver of a token from costing many short sleeps.
        let wait = Duration::try_from_secs_f64(seconds).unwrap_or(STEP_EVERY) + Duration::from_millis(1);
        // While slowed, look again when the pace may have recovered.
        Some(if self.share < 1.0 { wait.min(STEP_EVERY) } else { wait })
    }

    fn fill(&mut self, now: Instant) {
        let seconds = now.saturating_duration_since(self.filled).as_secs_f64();
        let filled = self.tokens + seconds * self.pace.per_second * self.share;
        self.tokens = filled.min(f64::from(self.pace.burst));
        self.filled = now;
        while self.share < 1.0 && now.saturating_duration_since(self.changed) >= STEP_EVERY {
            self.share = (self.share + STEP).min(1.0);
            self.changed += STEP_EVERY;
        }
    }

    fn slow_down(&mut self, now: Instant) {
        self.fill(now);
        self.tokens = self.tokens.min(0.0);
        let counted = self.throttled.is_some_and(|last| now.saturating_duration_since(last) < TOGETHER);
        if !counted {
            self.share = (self.share / 2.0).max(STEP);
            self.changed = now;
            self.throttled = Some(now);
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

    use super::*;

    fn reads(per_second: f64, burst: u32) -> Paces {
        Paces::new(100, &[(&[Family::Read], Pace { per_second, burst })])
    }

    /// Makes calls one after the other; gives the whole seconds they took.
    async fn seconds(paces: &Paces, family: Family, calls: u32) -> u64 {
        let began = Instant::now();
        for _ in 0..calls {
            drop(paces.admit(family).await);
        }
        began.elapsed().as_secs()
    }

    #[tokio::test(start_paused = true)]
    async fn keeps_the_pace_after_the_burst() {
        let paces = reads(2.0, 10);
        assert_eq!(seconds(&paces, Family::Read, 10).await, 0);
        assert_eq!(seconds(&paces, Family::Read, 20).await, 10);
        assert_eq!(seconds(&paces, Family::Write, 1000).await, 0, "a family without a pace waits for nobody");
        assert_eq!(seconds(&Paces::unlimited(), Family::Read, 1000).await, 0);
        sleep(Duration::from_secs(100)).await;
        assert_eq!(seconds(&paces, Family::Read, 12).await, 1, "a rest gives back the burst and no more");
    }

    #[tokio::test(start_paused = true)]
    async fn a_throttle_halves_the_pace_which_then_recovers() {
        let paces = reads(8.0, 1);
        for _ in 0..5 {
            paces.slow_down(Family::Read);
        }
        assert_eq!(seconds(&paces, Family::Read, 20).await, 5, "5 s at 4 a second: five throttles at once count once");
        sleep(Duration::from_secs(30)).await;
        assert_eq!(seconds(&paces, Family::Read, 80).await, 9, "the full pace again, after the one token saved");
    }

    #[tokio::test(start_paused = true)]
    async fn the_pace_is_shared_by_clones_and_never_stops() {
        let paces = reads(1.0, 1);
        for _ in 0..20 {
            paces.clone().slow_down(Family::Read);
            sleep(Duration::from_secs(2)).await;
        }
        let took = seconds(&paces, Family::Read, 2).await;
        assert!((3..=16).contains(&took), "an eighth of the pace is the least: {took}");
    }

    #[tokio::test(start_paused = true)]
    async fn who_gives_up_takes_nothing_and_the_rest_keep_their_order() {
        let paces = reads(1.0, 1);
        drop(paces.admit(Family::Read).await);
        let began = Instant::now();
        let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
        let mut tasks = Vec::new();
        for number in 0..10 {
            let (paces, tell) = (paces.clone(), tell.clone());
            tasks.push(tokio::spawn(async move {
                drop(paces.admit(Family::Read).await);
                tell.send(number).unwrap();
            }));
            tokio::task::yield_now().await;
        }
        for gone in [0, 3, 4, 5, 6] {
            tasks[gone].abort();
        }
        drop(tell);
        let mut order = Vec::new();
        while let Some(number) = told.recv().await {
            order.push(number);
        }
        assert_eq!(order, [1, 2, 7, 8, 9]);
        assert_eq!(began.elapsed().as_secs(), 5, "five calls, not ten");
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_calls_at_once_than_the_width() {
        let paces = Paces::new(2, &[]);
        let first = paces.admit(Family::Read).await;
        let _second = paces.admit(Family::List).await;
        let third = tokio::time::timeout(Duration::from_secs(1), paces.admit(Family::Write)).await;
        assert!(third.is_err());
        drop(first);
        drop(paces.admit(Family::Write).await);
    }
}
