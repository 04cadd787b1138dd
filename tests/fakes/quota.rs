//! Quotas: so many calls of one group in a window of time, and what comes faster is rejected.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Requests that share a quota, and how many of them may be made.
#[derive(Debug, Clone, PartialEq)]
pub struct Quota {
    /// The group's name.
    pub group: String,
    /// How many may be made in a window; as many may come at once after a pause.
    pub calls: f64,
    /// The window.
    pub window: Duration,
}

impl Quota {
    /// So many calls of a group in a window.
    pub fn new(group: impl Into<String>, calls: f64, window: Duration) -> Self {
        Self { group: group.into(), calls, window }
    }

    /// So many calls of a group in a second.
    pub fn per_second(group: impl Into<String>, calls: f64) -> Self {
        Self::new(group, calls, Duration::from_secs(1))
    }
}

/// What is left of each quota.
#[derive(Debug, Default)]
pub struct Quotas(BTreeMap<String, (f64, Instant)>);

impl Quotas {
    /// Takes a call's share of every quota it draws on, unless one of them has none left.
    pub fn admit(&mut self, quotas: &[Quota], now: Instant) -> bool {
        let left: Vec<f64> = quotas.iter().map(|quota| self.refilled(quota, now)).collect();
        let admitted = left.iter().all(|left| *left >= 1.0);
        if admitted {
            for quota in quotas {
                self.0.entry(quota.group.clone()).and_modify(|(left, _)| *left -= 1.0);
            }
        }
        admitted
    }

    fn refilled(&mut self, quota: &Quota, now: Instant) -> f64 {
        let (left, seen) = self.0.entry(quota.group.clone()).or_insert((quota.calls, now));
        let passed = now.duration_since(*seen).as_secs_f64();
        *left = (*left + passed * quota.calls / quota.window.as_secs_f64()).min(quota.calls);
        *seen = now;
        *left
    }
}
