//! How long a lease can be counted on: until a moment that every heartbeat moves on, and no longer once one fails.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::{Duration, SystemTime};

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

/// How long leases last, and what is sent under them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// How long a holder keeps its targets that is not heard of; 60 seconds.
    pub lease: Duration,
    /// How long a request may be under way that was sent before its sender lost the lease; 30 seconds.
    pub grace: Duration,
}

impl Default for Terms {
    fn default() -> Self {
        Self { lease: Duration::from_secs(60), grace: Duration::from_secs(30) }
    }
}

/// The longest time between two heartbeats.
const LONGEST_BEAT: Duration = Duration::from_secs(10);

impl Terms {
    /// How often the session that holds leases is heard of.
    pub fn beat(self) -> Duration {
        (self.lease / 6).min(LONGEST_BEAT)
    }

    /// How long after a heartbeat something may still be sent: what is sent last shall be over when the lease ends.
    ///
    /// Half of a lease that is shorter than that allows; whoever takes a target waits its holder's grace besides.
    fn trust(self) -> Duration {
        self.lease.saturating_sub(self.grace).max(self.lease / 2)
    }
}

/// As the ledger keeps times.
pub(super) fn micros(duration: Duration) -> i64 {
    duration.as_micros() as i64
}

/// Where heartbeats are noted; once it is dropped there will be no more.
pub(super) struct Pulse {
    ends: watch::Sender<End>,
    trust: Duration,
}

/// What leases learn of them.
#[derive(Clone)]
pub(super) struct Life(watch::Receiver<End>);

/// Until when a heartbeat is trusted, by both clocks: the steady one stands still while the machine sleeps, the other may be set
/// back.
#[derive(Clone, Copy)]
struct End {
    steady: Instant,
    wall: SystemTime,
}

impl End {
    fn after(sent: Instant, trust: Duration) -> Self {
        Self { steady: sent + trust, wall: SystemTime::now() + trust.saturating_sub(sent.elapsed()) }
    }

    fn is_over(self) -> bool {
        Instant::now() >= self.steady || SystemTime::now() >= self.wall
    }
}

impl Pulse {
    /// The pulse of a session that is heard of now.
    pub(super) fn new(terms: Terms) -> Self {
        Self { ends: watch::Sender::new(End::after(Instant::now(), terms.trust())), trust: terms.trust() }
    }

    /// What a lease is held by.
    pub(super) fn life(&self) -> Life {
        Life(self.ends.subscribe())
    }

    /// Notes a heartbeat that was sent at `sent` and has been answered.
    pub(super) fn beat(&self, sent: Instant) {
        self.ends.send_replace(End::after(sent, self.trust));
    }
}

impl Life {
    /// Does `work` as long as life lasts; `None` where it ended before the work did, which then is dropped where it stands.
    pub(super) async fn during<T>(self, work: impl Future<Output = T>) -> Option<T> {
        let ends = self.0.clone();
        let (mut over, mut work) = (pin!(self.over()), pin!(work));
        poll_fn(|context| {
            // A process that was stopped for a while may be woken by an answer before it is by the clock.
            let end = *ends.borrow();
            if end.is_over() || over.as_mut().poll(context).is_ready() {
                return Poll::Ready(None);
            }
            work.as_mut().poll(context).map(Some)
        })
        .await
    }

    async fn over(mut self) {
        loop {
            let end = *self.0.borrow_and_update();
            tokio::select! {
                () = sleep_until(end.steady) => return,
                changed = self.0.changed() => if changed.is_err() { return },
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LENGTH: Duration = Duration::from_secs(60);
    const GRACE: Duration = Duration::from_secs(30);
    const BEAT: Duration = Duration::from_secs(10);

    async fn work(long: Duration) -> &'static str {
        tokio::time::sleep(long).await;
        "done"
    }

    #[tokio::test(start_paused = true)]
    async fn work_goes_on_as_long_as_heartbeats_do() {
        let pulse = Pulse::new(Terms::default());
        let working = tokio::spawn(pulse.life().during(work(LENGTH * 10)));
        for _ in 0..LENGTH.as_secs() * 10 / BEAT.as_secs() {
            tokio::time::sleep(BEAT).await;
            pulse.beat(Instant::now());
        }
        assert_eq!(working.await.ok(), Some(Some("done")));
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_heartbeat_nothing_is_begun_in_the_leases_last_moments() {
        let (pulse, begun) = (Pulse::new(Terms::default()), Instant::now());
        assert_eq!(pulse.life().during(work(LENGTH)).await, None);
        assert_eq!(begun.elapsed(), LENGTH - GRACE);
        let never_begun = async { unreachable!("it was begun") };
        assert_eq!(pulse.life().during::<()>(never_begun).await, None);
        // What is heard of again goes on: nobody else was let in.
        pulse.beat(Instant::now());
        assert_eq!(pulse.life().during(work(BEAT)).await, Some("done"));
    }

    #[tokio::test(start_paused = true)]
    async fn the_end_of_the_session_is_the_end_of_the_work() {
        let (pulse, begun) = (Pulse::new(Terms::default()), Instant::now());
        let working = tokio::spawn(pulse.life().during(work(LENGTH)));
        tokio::time::sleep(BEAT).await;
        drop(pulse);
        assert_eq!(working.await.ok(), Some(None));
        assert_eq!(begun.elapsed(), BEAT);
    }

    #[test]
    fn a_heartbeat_from_before_the_machine_slept_is_not_trusted() {
        let (now, wall, far) = (Instant::now(), SystemTime::now(), Duration::from_secs(60));
        assert!(!End { steady: now + far, wall: wall + far }.is_over());
        assert!(End { steady: now + far, wall: wall - far }.is_over(), "the machine slept");
        assert!(End { steady: now - Duration::from_millis(1), wall: wall + far }.is_over(), "the clock was set back");
    }
}
