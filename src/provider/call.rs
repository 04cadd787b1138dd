//! The one way a request leaves the house: telemetry( retry( pace( timeout( request )))).

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use tokio::time::{Instant, sleep, timeout};

use super::error::{Error, Result};
use super::pace::Paces;
use crate::model::{Effect, ErrorKind, Event, Family, Observer, TokenLife};

/// Makes every request of one store: bounds it in time, keeps its pace, repeats it where that is safe, and tells of it.
#[derive(Clone)]
pub struct Caller {
    store: Arc<str>,
    observer: Arc<dyn Observer>,
    settings: CallSettings,
    paces: Paces,
}

/// How many times as often a throttled request is repeated: others that wait for the same quota may be served before it.
const THROTTLED: u32 = 2;

/// How long a request may take and how often it is tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallSettings {
    /// The longest an attempt may take; 30 seconds.
    pub timeout: Duration,
    /// The most attempts of one call, the first included; 5. Where the store throttles, it is repeated twice as often.
    pub attempts: u32,
    /// The pause before the second attempt; it doubles from there, each lengthened by chance up to twofold; 200 milliseconds.
    pub first_pause: Duration,
    /// The longest of these pauses, before chance; 10 seconds.
    pub longest_pause: Duration,
    /// The longest a store may ask us to wait; a call asked for more ends with an error that says so; 60 seconds.
    pub longest_wait: Duration,
}

/// Whether a request may be sent again after it failed with `RateLimited` or `Unavailable`; no other error is ever repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// Always: reads, and writes whose repeat the store tells apart or answers alike (a request token, compare-and-set).
    Safe,
    /// Only where the error says that the request had no effect: all other writes.
    OnlyWithoutEffect,
    /// Never.
    Never,
}

impl Default for CallSettings {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(30),
            attempts: 5,
            first_pause: Duration::from_millis(200),
            longest_pause: Duration::from_secs(10),
            longest_wait: Duration::from_secs(60),
        }
    }
}

impl CallSettings {
    /// How often a call that failed so is tried again.
    fn repeats(&self, kind: ErrorKind) -> u32 {
        let repeats = self.attempts.saturating_sub(1);
        if kind == ErrorKind::RateLimited { repeats.saturating_mul(THROTTLED) } else { repeats }
    }

    fn pauses(&self) -> ExponentialBackoff {
        ExponentialBuilder::new()
            .with_min_delay(self.first_pause)
            .with_max_delay(self.longest_pause)
            .with_max_times(self.repeats(ErrorKind::RateLimited) as usize)
            .with_jitter()
            // Without a seed of its own backon gives every process the same chance.
            .with_jitter_seed(rand::random())
            .build()
    }
}

impl Repeat {
    fn allows(self, error: &Error) -> bool {
        let passing = matches!(error.kind, ErrorKind::RateLimited | ErrorKind::Unavailable);
        passing
            && match self {
                Self::Safe => true,
                Self::OnlyWithoutEffect => error.effect == Effect::None,
                Self::Never => false,
            }
    }
}

impl Caller {
    /// Makes the caller of `store`; its clones share the pace.
    pub fn new(store: &str, observer: Arc<dyn Observer>, settings: CallSettings, paces: Paces) -> Self {
        Self { store: store.into(), observer, settings, paces }
    }

    /// Tells how long the token lives that requests are made with.
    pub fn tell_token_life(&self, life: TokenLife) {
        self.observer.observe(&Event::TokenLife { store: self.store.to_string(), life });
    }

    /// Sends what `request` makes, again where `repeat` allows it, and gives the last answer.
    ///
    /// Once an attempt had an unknown effect, an error of the call has one too: a repeat that was refused, or found the
    /// key changed, says nothing of what the first attempt did. A request that takes too long is `Unavailable`. Only
    /// writes and deletes have an effect, whatever the error of another call says.
    pub async fn call<T, F, Fut>(
        &self,
        family: Family,
        operation: &'static str,
        repeat: Repeat,
        request: F,
    ) -> Result<T>
    where
        F: Fn() -> Fut,
        Fut: Future<Output = Result<T>>,
    {
        let mut pauses = self.settings.pauses();
        let mut effect = Effect::None;
        let mut tried = 0;
        loop {
            let mut error = match self.attempt(family, operation, request()).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            if !matches!(family, Family::Write | Family::Delete) {
                error.effect = Effect::None;
            }
            tried += 1;
            let allowed = repeat.allows(&error) && tried <= self.settings.repeats(error.kind);
            if error.effect == Effect::Unknown {
                effect = Effect::Unknown;
            }
            error.effect = effect;
            let pause = if allowed { pauses.next() } else { None };
            let Some(pause) = pause else { return Err(error) };
            let Some(pause) = self.lengthened(pause, &error) else { return Err(self.asked_for_too_long(error)) };
            self.observer.observe(&Event::Waiting { store: self.store.to_string(), family, pause });
            sleep(pause).await;
        }
    }

    async fn attempt<T>(
        &self,
        family: Family,
        operation: &'static str,
        request: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let _turn = self.paces.admit(family).await;
        let began = Instant::now();
        let answer = match timeout(self.settings.timeout, request).await {
            Ok(answer) => answer,
            Err(_) => Err(self.timed_out(operation)),
        };
        let error = answer.as_ref().err().map(|error| error.kind);
        if error == Some(ErrorKind::RateLimited) {
            self.paces.slow_down(family);
        }
        self.observer.observe(&Event::Called { store: self.store.to_string(), family, took: began.elapsed(), error });
        answer
    }

    fn timed_out(&self, operation: &'static str) -> Error {
        let context = format!("no answer within {:?}", self.settings.timeout);
        Error::new(ErrorKind::Unavailable, operation, &self.store, context).of_unknown_effect()
    }

    /// The longer of our pause and the store's; `None` where the store's is beyond bounds.
    fn lengthened(&self, pause: Duration, error: &Error) -> Option<Duration> {
        match error.retry_after {
            Some(asked) if asked > self.settings.longest_wait => None,
            Some(asked) => Some(pause.max(asked)),
            None => Some(pause),
        }
    }

    fn asked_for_too_long(&self, mut error: Error) -> Error {
        let asked = error.retry_after.unwrap_or_default();
        let separator = if error.context.is_empty() { "" } else { "; " };
        error.context = format!(
            "{}{separator}the store asks for a wait of {asked:?}, longer than the {:?} a call waits",
            error.context, self.settings.longest_wait
        );
        let remedy = "run again later, or lower the store's pace";
        if error.remedy.is_none() { error.with_remedy(remedy) } else { error }
    }
}

impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caller")
            .field("store", &self.store)
            .field("settings", &self.settings)
            .field("paces", &self.paces)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

    use std::sync::Mutex;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::model::RemoteKey;

    /// Writes every event down as a line.
    #[derive(Default)]
    struct Diary(Mutex<Vec<String>>);

    impl Observer for Diary {
        fn observe(&self, event: &Event) {
            let line = match event {
                Event::Called { family, took, error, .. } => {
                    format!("{} {}s {}", family.as_str(), took.as_secs(), error.map_or("ok", ErrorKind::as_str))
                }
                Event::Waiting { pause, .. } => format!("wait {}s", pause.as_secs()),
                other => format!("{other:?}"),
            };
            self.0.lock().unwrap().push(line);
        }
    }

    fn caller(diary: &Arc<Diary>) -> Caller {
        let observer: Arc<dyn Observer> = Arc::clone(diary) as _;
        Caller::new("shelf", observer, CallSettings::default(), Paces::unlimited())
    }

    fn failing(kind: ErrorKind, effect: Effect) -> Error {
        Error { effect, ..Error::new(kind, "write", "shelf", "").about(&RemoteKey::new("k")) }
    }

    /// Calls a request that always fails alike; gives how often it was sent.
    async fn attempts(kind: ErrorKind, effect: Effect, repeat: Repeat) -> usize {
        let sent = AtomicUsize::new(0);
        let request = || {
            sent.fetch_add(1, Ordering::SeqCst);
            async { Err::<(), _>(failing(kind, effect)) }
        };
        let error = caller(&Arc::default()).call(Family::Write, "write", repeat, request).await.unwrap_err();
        assert_eq!((error.kind, error.effect), (kind, effect));
        sent.load(Ordering::SeqCst)
    }

    #[tokio::test(start_paused = true)]
    async fn repeats_passing_faults_where_that_is_safe() {
        use Repeat::{Never, OnlyWithoutEffect, Safe};
        let rows = [
            (ErrorKind::RateLimited, Effect::None, [9, 9, 1]),
            (ErrorKind::Unavailable, Effect::None, [5, 5, 1]),
            (ErrorKind::RateLimited, Effect::Unknown, [9, 1, 1]),
            (ErrorKind::Unavailable, Effect::Unknown, [5, 1, 1]),
            (ErrorKind::Denied, Effect::None, [1, 1, 1]),
            (ErrorKind::Conflict, Effect::None, [1, 1, 1]),
            (ErrorKind::Invalid, Effect::None, [1, 1, 1]),
            (ErrorKind::TooLarge, Effect::None, [1, 1, 1]),
            (ErrorKind::Unsupported, Effect::None, [1, 1, 1]),
            (ErrorKind::Unexpected, Effect::Unknown, [1, 1, 1]),
        ];
        for (kind, effect, expected) in rows {
            for (repeat, expected) in [Safe, OnlyWithoutEffect, Never].into_iter().zip(expected) {
                assert_eq!(attempts(kind, effect, repeat).await, expected, "{kind} {effect:?} {repeat:?}");
            }
        }
    }

    /// Plays a list of answers, one an attempt; gives what the call said and what the diary holds.
    async fn played(family: Family, repeat: Repeat, answers: Vec<Result<()>>) -> (Result<()>, Vec<String>) {
        let diary = Arc::<Diary>::default();
        let answers = Mutex::new(answers.into_iter());
        let request = || {
            let answer = answers.lock().unwrap().next().unwrap();
            async { answer }
        };
        let answer = caller(&diary).call(family, "write", repeat, request).await;
        let lines = diary.0.lock().unwrap().clone();
        (answer, lines)
    }

    #[tokio::test(start_paused = true)]
    async fn waits_as_long_as_the_store_asks_and_tells_of_every_attempt() {
        let throttled =
            Error { retry_after: Some(Duration::from_secs(7)), ..failing(ErrorKind::RateLimited, Effect::None) };
        let began = Instant::now();
        let (answer, lines) = played(Family::Read, Repeat::Safe, vec![Err(throttled), Ok(())]).await;
        answer.unwrap();
        assert_eq!(lines, ["read 0s rate-limited", "wait 7s", "read 0s ok"]);
        assert_eq!(began.elapsed().as_secs(), 7);
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_beyond_bounds_ends_the_call() {
        let throttled =
            Error { retry_after: Some(Duration::from_secs(61)), ..failing(ErrorKind::RateLimited, Effect::None) };
        let (answer, lines) = played(Family::Read, Repeat::Safe, vec![Err(throttled)]).await;
        let error = answer.unwrap_err();
        assert_eq!(lines, ["read 0s rate-limited"]);
        assert_eq!(error.context, "the store asks for a wait of 61s, longer than the 60s a call waits");
        assert!(error.remedy.is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn an_unknown_effect_outlives_the_attempt() {
        let lost = failing(ErrorKind::Unavailable, Effect::Unknown);
        let refused = failing(ErrorKind::Conflict, Effect::None);
        let (answer, _) = played(Family::Write, Repeat::Safe, vec![Err(lost), Err(refused.clone())]).await;
        assert_eq!(answer.unwrap_err().effect, Effect::Unknown);
        let (answer, _) = played(Family::Write, Repeat::Safe, vec![Err(refused)]).await;
        assert_eq!(answer.unwrap_err().effect, Effect::None);
    }

    #[tokio::test(start_paused = true)]
    async fn silence_is_unavailable_and_of_unknown_effect_where_something_changes() {
        for family in Family::ALL {
            let diary = Arc::<Diary>::default();
            let call = caller(&diary).call(family, "ask", Repeat::Never, std::future::pending::<Result<()>>).await;
            let error = call.unwrap_err();
            let changes = matches!(family, Family::Write | Family::Delete);
            assert_eq!(error.kind, ErrorKind::Unavailable);
            assert_eq!(error.effect == Effect::Unknown, changes, "{}", family.as_str());
            assert_eq!(*diary.0.lock().unwrap(), [format!("{} 30s unavailable", family.as_str())]);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_throttle_slows_the_pace() {
        let pace = crate::provider::Pace { per_second: 1.0, burst: 1 };
        let paces = Paces::new(8, &[(&[Family::Read], pace)]);
        let settings = CallSettings { attempts: 1, ..CallSettings::default() };
        let caller = Caller::new("shelf", Arc::new(crate::model::Blind), settings, paces.clone());
        let throttled = || async { Err::<(), _>(failing(ErrorKind::RateLimited, Effect::None)) };
        caller.call(Family::Read, "read", Repeat::Safe, throttled).await.unwrap_err();
        let began = Instant::now();
        drop(paces.admit(Family::Read).await);
        assert_eq!(began.elapsed().as_secs(), 2, "one token at half the pace");
    }
}
