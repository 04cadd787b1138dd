//! When a job is due: instants, computed from a pattern in a zone; the same on every machine. Pure: it takes what time it is.

mod field;
mod pattern;
mod turn;

use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest as _, Sha256};

pub use pattern::{Pattern, PatternFault};
pub use turn::{Known, Turn, turn};

/// When a job is due, without a fault.
#[derive(Debug, Clone, PartialEq)]
pub struct Schedule {
    rhythm: Rhythm,
    zone: TimeZone,
    jitter: Duration,
    /// What becomes of instants that passed while no daemon was there.
    pub catch_up: CatchUp,
    /// What becomes of instants that pass while a run is under way.
    pub overlap: Overlap,
    /// Whether each start of a daemon is an instant too.
    pub at_start: bool,
}

/// What a schedule repeats.
#[derive(Debug, Clone, PartialEq)]
pub enum Rhythm {
    /// Moments that a clock on the wall of a zone shows.
    Cron(Box<Pattern>),
    /// A number of seconds, at least one, counted from 1970 in UTC, so that all who count agree.
    Every(Duration),
}

/// What becomes of instants that passed while no daemon was there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum CatchUp {
    /// One run, however many there were.
    #[default]
    Once,
    /// None.
    Skip,
}

/// What becomes of instants that pass while a run is under way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Overlap {
    /// They are done by that run.
    #[default]
    Skip,
    /// One more run follows, however many there were.
    QueueOne,
}

impl Schedule {
    /// A schedule without delays that catches up once and skips what overlaps.
    pub fn new(rhythm: Rhythm, zone: TimeZone) -> Self {
        let (catch_up, overlap) = (CatchUp::default(), Overlap::default());
        Self { rhythm, zone, jitter: Duration::ZERO, catch_up, overlap, at_start: false }
    }

    /// The same, with each instant put off by up to `jitter`, so that not all jobs begin at once.
    ///
    /// Where the next instant is nearer than that, by less: none ever overtakes another.
    #[must_use]
    pub fn with_jitter(self, jitter: Duration) -> Self {
        Self { jitter, ..self }
    }

    /// The first instant after `t`; `None` where there is none any more.
    pub fn next_after(&self, job: &str, t: Timestamp) -> Option<Timestamp> {
        // What is nominally due earlier than this is due before `t` whatever its delay.
        let mut nominal = self.nominal_after(t.checked_sub(self.jitter).unwrap_or(Timestamp::MIN))?;
        loop {
            let next = self.nominal_after(nominal);
            let instant = self.delayed(job, nominal, next);
            if instant > t {
                return Some(instant);
            }
            nominal = next?;
        }
    }

    /// The last instant that is not after `upto`, if it is after `after`.
    pub fn latest(&self, job: &str, upto: Timestamp, after: Timestamp) -> Option<Timestamp> {
        let mut nominal = self.nominal_until(upto)?;
        while nominal > after.checked_sub(self.jitter).unwrap_or(Timestamp::MIN) {
            let instant = self.delayed(job, nominal, self.nominal_after(nominal));
            if instant <= upto {
                return (instant > after).then_some(instant);
            }
            nominal = self.nominal_until(nominal.checked_sub(SignedDuration::from_nanos(1)).ok()?)?;
        }
        None
    }

    /// Until when all work is done once a run for `instant` has ended: what passed meanwhile is done with it, or not.
    pub fn done_at(&self, instant: Timestamp, ended: Timestamp) -> Timestamp {
        match self.overlap {
            Overlap::Skip => instant.max(ended),
            Overlap::QueueOne => instant,
        }
    }

    /// The schedule in words.
    pub fn words(&self) -> String {
        match &self.rhythm {
            Rhythm::Cron(pattern) => pattern.words(),
            Rhythm::Every(every) => format!("every {}", spelled(*every)),
        }
    }

    /// The zone whose clock it goes by.
    pub fn zone(&self) -> String {
        self.zone.iana_name().unwrap_or("UTC").to_owned()
    }

    /// The zone itself.
    pub fn time_zone(&self) -> &TimeZone {
        &self.zone
    }

    /// What it repeats, as it is written.
    pub fn written(&self) -> String {
        match &self.rhythm {
            Rhythm::Cron(pattern) => pattern.text().to_owned(),
            Rhythm::Every(every) => format!("every {}", spelled(*every)),
        }
    }

    /// The shortest time between two instants, as far as the first thousand tell; `None` where there is but one.
    pub fn shortest_gap(&self) -> Option<Duration> {
        if let Rhythm::Every(every) = self.rhythm {
            return Some(every);
        }
        let instants = std::iter::successors(self.nominal_after(Timestamp::UNIX_EPOCH), |at| self.nominal_after(*at));
        let instants: Vec<_> = instants.take(1000).collect();
        instants.windows(2).map(|pair| pair[1].duration_since(pair[0]).unsigned_abs()).min()
    }

    fn nominal_after(&self, t: Timestamp) -> Option<Timestamp> {
        match &self.rhythm {
            Rhythm::Cron(pattern) => pattern.next_after(t, &self.zone),
            Rhythm::Every(every) => aligned(*every, t, 1),
        }
    }

    fn nominal_until(&self, t: Timestamp) -> Option<Timestamp> {
        match &self.rhythm {
            Rhythm::Cron(pattern) => pattern.latest_until(t, &self.zone),
            Rhythm::Every(every) => aligned(*every, t, 0),
        }
    }

    // Not chance: whoever computes the delay of this job's instant gets the same one.
    fn delayed(&self, job: &str, nominal: Timestamp, next: Option<Timestamp>) -> Timestamp {
        let gap = next.map_or(self.jitter, |next| next.duration_since(nominal).unsigned_abs());
        let most = self.jitter.min(gap.saturating_sub(Duration::from_millis(1)));
        let digest = Sha256::new().chain_update(job).chain_update(nominal.as_second().to_be_bytes()).finalize();
        let number = digest[..8].iter().fold(0_u64, |number, byte| (number << 8) | u64::from(*byte));
        let delay = number % (u64::try_from(most.as_millis()).unwrap_or(u64::MAX - 1) + 1);
        nominal.checked_add(Duration::from_millis(delay)).unwrap_or(nominal)
    }
}

/// The multiple of `every` that `t` is in, or one of the next.
fn aligned(every: Duration, t: Timestamp, further: i64) -> Option<Timestamp> {
    let every = i64::try_from(every.as_secs()).ok().filter(|every| *every > 0)?;
    let seconds = t.as_second() - i64::from(t.subsec_nanosecond() < 0);
    let number = seconds.div_euclid(every).checked_add(further)?;
    Timestamp::from_second(number.checked_mul(every)?).ok()
}

fn spelled(every: Duration) -> String {
    let seconds = every.as_secs();
    let units = [("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1)];
    let (unit, length) = units.into_iter().find(|(_, length)| seconds.is_multiple_of(*length)).unwrap_or(("second", 1));
    match seconds / length {
        1 => unit.to_owned(),
        number => format!("{number} {unit}s"),
    }
}
