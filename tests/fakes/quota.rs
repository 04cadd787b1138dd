//! Quotas: so many calls a second of one group, and what comes faster is rejected.

use std::collections::BTreeMap;
use std::time::Instant;

/// Operations that share a quota, and the calls they may make in a second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quota {
    /// The group's name.
    pub group: &'static str,
    /// Calls a second; as many may come at once after a pause.
    pub per_second: f64,
}

/// What is left of each quota.
#[derive(Debug, Default)]
pub struct Quotas(BTreeMap<&'static str, (f64, Option<Instant>)>);

impl Quotas {
    /// Takes a call's share of its quota, unless none is left.
    pub fn admit(&mut self, quota: Quota, now: Instant) -> bool {
        let (left, seen) = self.0.entry(quota.group).or_insert((quota.per_second, None));
        let passed = seen.map_or(0.0, |seen| now.duration_since(seen).as_secs_f64());
        *left = (*left + passed * quota.per_second).min(quota.per_second);
        *seen = Some(now);
        let admitted = *left >= 1.0;
        if admitted {
            *left -= 1.0;
        }
        admitted
    }
}
