//! How fast a store is asked: a token bucket for each quota of its families of calls, and a bound on the calls under way at once.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Mutex as Queue, OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep};

use crate::model::Family;

/// How fast one process asks each of its stores: all who open a store under one name share its paces, whatever they use it
/// for. Clones are one.
#[derive(Debug, Clone, Default)]
pub struct Quotas(Arc<Mutex<Shares>>);

#[derive(Debug, Default)]
struct Shares {
    /// How many processes there are beside each other; 0 until somebody has counted them: then there is this one.
    among: u32,
    stores: BTreeMap<String, Paces>,
}

/// The paces of one store; clones share them, so that all jobs of a process together keep them.
#[derive(Debug, Clone)]
pub struct Paces {
    most: usize,
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

impl Quotas {
    /// The paces of the store of this name: those that it was given first, unless its settings say something else by now.
    pub fn of(&self, store: &str, make: impl FnOnce() -> Paces) -> Paces {
        let mut shares = self.shares();
        let made = make();
        if let Some(held) = shares.stores.get(store).filter(|held| held.is_like(&made)) {
            return held.clone();
        }
        made.divide(shares.among);
        shares.stores.insert(store.to_owned(), made.clone());
        made
    }

    /// Leaves to this process one part in `among` of what each store grants; one and zero both mean all of it.
    pub fn divide(&self, among: usize) {
        let mut shares = self.shares();
        shares.among = u32::try_from(among).unwrap_or(u32::MAX);
        shares.stores.values().for_each(|paces| paces.divide(shares.among));
    }

    fn shares(&self) -> MutexGuard<'_, Shares> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Paces {
    /// No bound at all.
    pub fn unlimited() -> Self {
        Self::new(Semaphore::MAX_PERMITS, &[])
    }

    /// At most `width` calls at once, at least one; families share a pace, and one with several keeps them all; a family
    /// without a pace is not slowed.
    pub fn new(width: usize, paces: &[(&[Family], Pace)]) -> Self {
        let most = width.clamp(1, Semaphore::MAX_PERMITS);
        let width = Arc::new(Semaphore::new(most));
        let buckets = paces.iter().map(|(families, pace)| (families.to_vec(), Bucket::new(*pace))).collect();
        Self { most, width, buckets: Arc::new(buckets) }
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

    fn divide(&self, among: u32) {
        for (_, bucket) in self.buckets.iter() {
            bucket.level().divide(among.max(1), Instant::now());
        }
    }

    /// Tells whether both bound the same families alike.
    fn is_like(&self, other: &Self) -> bool {
        let pairs = || self.buckets.iter().zip(other.buckets.iter());
        self.most == other.most
            && self.buckets.len() == other.buckets.len()
            && pairs().all(|((one, own), (another, its))| one == another && own.pace == its.pace)
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
    pace: Pace,
    /// Whoever holds it waits for the next token, the others for it; tokio hands it on in order.
    queue: Queue<()>,
    level: Mutex<Level>,
}

#[derive(Debug)]
struct Level {
    /// Of all processes together.
    whole: Pace,
    /// Of this one.
    pace: Pace,
    among: u32,
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
        let level = Level {
            whole: pace,
            pace,
            among: 1,
            tokens: f64::from(pace.burst),
            filled: now,
            share: 1.0,
            changed: now,
            throttled: None,
        };
        Self { pace, queue: Queue::new(()), level: Mutex::new(level) }
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

    fn level(&self) -> MutexGuard<'_, Level> {
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
        // While slowed or divided, look again when the pace may have recovered.
        Some(if self.share < 1.0 || self.among > 1 { wait.min(STEP_EVERY) } else { wait })
    }

    /// Leaves one part in `among`, from now on; what was saved up so far is cut to what may be saved up now.
    fn divide(&mut self, among: u32, now: Instant) {
        if among == self.among {
            return;
        }
        self.fill(now);
        self.among = among;
        let Pace { per_second, burst } = self.whole;
        self.pace = Pace { per_second: per_second / f64::from(among), burst: (burst / among).max(1) };
        self.tokens = self.tokens.min(f64::from(self.pace.burst));
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

    fn near(took: u64, expected: u64, why: &str) {
        assert!(took.abs_diff(expected) <= 1, "{took} s, not {expected}: {why}");
    }

    /// How long two openings of the shelf take for so many calls together.
    async fn together(one: &Paces, other: &Paces, calls: u32) -> u64 {
        let began = Instant::now();
        futures::join!(seconds(one, Family::Read, calls / 2), seconds(other, Family::Read, calls / 2));
        began.elapsed().as_secs()
    }

    #[tokio::test(start_paused = true)]
    async fn all_who_open_a_store_under_one_name_keep_its_pace_together() {
        let quotas = Quotas::default();
        let open = |store| quotas.clone().of(store, || reads(10.0, 2));
        near(together(&open("shelf"), &open("shelf"), 200).await, 20, "as for one opening");
        near(together(&open("shelf"), &open("attic"), 200).await, 10, "two stores have two quotas");
        let apart = Quotas::default().of("shelf", || reads(10.0, 2));
        near(together(&open("shelf"), &apart, 200).await, 10, "buckets of their own would double the pace");
        let changed = quotas.of("shelf", || reads(20.0, 2));
        near(seconds(&changed, Family::Read, 200).await, 10, "another pace in the config is another bucket");
        near(together(&changed, &quotas.of("shelf", || reads(20.0, 2)), 200).await, 10, "which is shared too");
    }

    #[tokio::test(start_paused = true)]
    async fn processes_beside_each_other_divide_the_pace() {
        let quotas = Quotas::default();
        let shelf = quotas.of("shelf", || reads(30.0, 6));
        quotas.divide(3);
        let attic = quotas.of("attic", || reads(30.0, 6));
        for paces in [&shelf, &attic] {
            near(seconds(paces, Family::Read, 101).await, 10, "a third of the pace, and of the burst");
        }
        quotas.divide(3);
        shelf.slow_down(Family::Read);
        near(seconds(&shelf, Family::Read, 21).await, 4, "a throttle halves what is left");
        sleep(Duration::from_secs(60)).await;
        for all in [1, 0] {
            quotas.divide(all);
            near(seconds(&shelf, Family::Read, 301).await, 10, "the others are gone");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_for_a_part_hears_soon_that_the_others_are_gone() {
        let quotas = Quotas::default();
        let shelf = quotas.of("shelf", || reads(1.0, 1));
        quotas.divide(100);
        let waits = async { seconds(&shelf, Family::Read, 2).await };
        let ends = async {
            sleep(Duration::from_secs(2)).await;
            quotas.divide(1);
        };
        let (took, ()) = futures::join!(waits, ends);
        assert!((2..=6).contains(&took), "not the 100 s of a hundredth: {took}");
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
