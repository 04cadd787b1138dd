//! How far the ledger's clock is from ours: what is due, and for how long a target is held, goes by the ledger's.

use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::database::{CLOCK, Connection, query};
use super::error::LedgerError;
use crate::model::{Finding, Severity};

/// The most seconds that two clocks may differ before somebody is told.
const TOLERANCE: f64 = 2.0;

/// What one look at the other clock came to, in seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Offset {
    /// How far it is ahead of ours; behind is negative.
    pub ahead: f64,
    /// How far off that may be: half of what the look took.
    pub doubt: f64,
}

impl Offset {
    /// Looks; a ledger in a file goes by our own clock.
    pub(super) async fn measure(connection: &mut Connection) -> Result<Self, LedgerError> {
        if !connection.is_session() {
            return Ok(Self { ahead: 0.0, doubt: 0.0 });
        }
        let (asked, begun) = (Timestamp::now().as_microsecond(), Instant::now());
        let there: i64 = query(CLOCK).fetch_one(connection).await?.try_get("now")?;
        Ok(Self::of(there - asked, begun.elapsed()))
    }

    /// The other clock showed `apart` microseconds more than ours did when it was asked, and the answer took `round_trip`.
    fn of(apart: i64, round_trip: Duration) -> Self {
        let doubt = round_trip.as_secs_f64() / 2.0;
        Self { ahead: apart as f64 / 1e6 - doubt, doubt }
    }

    /// What to say about it, if it matters.
    pub(super) fn finding(self) -> Option<Finding> {
        if self.ahead.abs() <= TOLERANCE + self.doubt {
            return None;
        }
        let (seconds, way) = (self.ahead.abs(), if self.ahead > 0.0 { "ahead of" } else { "behind" });
        let message = format!("The clock of the ledger's server is {seconds:.1} seconds {way} this machine's.");
        let finding = Finding::new(Severity::Warning, "clock-off", "ledger", message);
        Some(finding.with_remedy("Let both machines keep their time by NTP: runs begin by the server's clock."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_off_is_told_with_the_seconds_and_a_slow_answer_is_not_taken_for_one() {
        for (apart, round_trip, said) in [
            (1_900_000, 0, None),
            (-1_900_000, 0, None),
            (90_500_000, 1_000, Some("is 90.0 seconds ahead of")),
            (-7_250_000, 0, Some("is 7.2 seconds behind")),
            (3_000_000, 6_000, None),
            (12_000_000, 6_000, Some("is 9.0 seconds ahead of")),
        ] {
            let finding = Offset::of(apart, Duration::from_millis(round_trip)).finding();
            let message = finding.map(|finding| finding.message);
            assert_eq!(message.is_some(), said.is_some(), "{apart} {message:?}");
            assert!(message.unwrap_or_default().contains(said.unwrap_or_default()), "{apart}");
        }
    }
}
