//! The one way a request leaves the house: telemetry( retry( pace( timeout( request )))).

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use tokio::time::{Instant, sleep, timeout};

use super::error::{Error, Result};
use super::pace::Paces;
use crate::model::{Effect, ErrorKind, Event, Family, Observer};

/// Makes every request of one store: bounds it in time, keeps its pace, repeats it where that is safe, and tells of it.
#[derive(Clone)]
pub struct Caller {
    store: Arc<str>,
    observer: Arc<dyn Observer>,
    settings: CallSettings,
    paces: Paces,
}

/// How long a request may take and how often it is tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallSettings {
    /// The longest an attempt may take; 30 seconds.
    pub timeout: Duration,
    /// The most attempts of one call, the first included; 5.
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
    fn pauses(&self) -> ExponentialBackoff {
        ExponentialBuilder::new()
            .with_min_delay(self.first_pause)
            .with_max_delay(self.longest_pause)
            .with_max_times(self.attempts.saturating_sub(1) as usize)
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

    /// Sends what `request` makes, again where `repeat` allows it, and gives the last answer.
    ///
    /// Once an attempt had an unknown effect, an error of the call has one too: a repeat that was refused, or found the
    /// key changed, says nothing of what the first attempt did. A request that takes too long is `Unavailable`.
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
        loop {
            let mut error = match self.attempt(family, operation, request()).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let allowed = repeat.allows(&error);
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
            Err(_) => Err(self.timed_out(family, operation)),
        };
        let error = answer.as_ref().err().map(|error| error.kind);
        if error == Some(ErrorKind::RateLimited) {
            self.paces.slow_down(family);
        }
        self.observer.observe(&Event::Called { store: self.store.to_string(), family, took: began.elapsed(), error });
        answer
    }

    fn timed_out(&self, family: Family, operation: &'static str) -> Error {
        let context = format!("no answer within {:?}", self.settings.timeout);
        let error = Error::new(ErrorKind::Unavailable, operation, &self.store, context);
        match family {
            Family::Write | Family::Delete => error.of_unknown_effect(),
            Family::List | Family::Stat | Family::Read | Family::Auth => error,
        }
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
