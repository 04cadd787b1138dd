//! How long a request may take, how many go at once and how fast: the keys that the tables of all services have, checked.

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;

use super::call::{CallSettings, Caller};
use super::contract::Opening;
use super::pace::{Pace, Paces};
use crate::model::{Family, Quota};
use crate::settings::{DurationText, Faults};

const DEFAULT_WIDTH: u16 = 16;
const WIDEST: u16 = 256;
/// A tenth of a second's calls may follow each other at once: services count in whole seconds, and more would break a quota.
const BURST: f64 = 0.1;

/// Requests a second of each family; what the service grants where left out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct PaceSettings {
    /// Listings.
    pub list: Option<f64>,
    /// Reads of values.
    pub read: Option<f64>,
    /// Creates and updates.
    pub write: Option<f64>,
    /// Deletes.
    pub delete: Option<f64>,
}

/// How a store is asked, without a fault.
#[derive(Debug, Clone, PartialEq)]
pub struct Bounds {
    /// The longest one request may take.
    pub timeout: Duration,
    /// Requests under way at once.
    pub width: u16,
    /// Requests a second.
    pub quotas: Vec<Quota>,
}

impl Bounds {
    /// Checks the keys `timeout` (30 seconds where left out) and `width` (16); `quotas` are checked already.
    pub fn check(timeout: Option<DurationText>, width: Option<u16>, quotas: Vec<Quota>, faults: &mut Faults) -> Self {
        let timeout = timeout.map_or(CallSettings::default().timeout, |timeout| timeout.0);
        if timeout.is_zero() {
            faults.add("timeout", "no request can be answered in no time", "write \"30s\"");
        }
        let width = width.unwrap_or(DEFAULT_WIDTH);
        if !(1..=WIDEST).contains(&width) {
            faults.add("width", format!("{width} requests at once are not possible"), "write a number from 1 to 256");
        }
        Self { timeout, width, quotas }
    }

    /// How long a request may take; the rest as everywhere.
    pub fn call_settings(&self) -> CallSettings {
        CallSettings { timeout: self.timeout, ..CallSettings::default() }
    }

    /// The way to ask the store, as fast as all who opened it under this name together may.
    pub fn caller(&self, opening: &Opening) -> Caller {
        let paces = opening.quotas.of(&opening.name, || self.paces());
        Caller::new(&opening.name, Arc::clone(&opening.observer), self.call_settings(), paces)
    }

    fn paces(&self) -> Paces {
        // Truncated on purpose: the least burst is one call.
        let burst = |per_second: f64| (per_second * BURST).ceil().clamp(1.0, f64::from(u16::MAX)) as u32;
        let pace = |quota: &Quota| Pace { per_second: quota.per_second, burst: burst(quota.per_second) };
        let paces: Vec<_> = self.quotas.iter().map(|quota| (quota.families.as_slice(), pace(quota))).collect();
        Paces::new(usize::from(self.width), &paces)
    }
}

impl PaceSettings {
    /// The quotas of a store: `granted` by its service, but where the table names the first family of one, what it says.
    pub fn quotas(&self, granted: &[Quota], faults: &mut Faults) -> Vec<Quota> {
        let mut quotas = granted.to_vec();
        let given = [
            (Family::List, "pace.list", self.list),
            (Family::Read, "pace.read", self.read),
            (Family::Write, "pace.write", self.write),
            (Family::Delete, "pace.delete", self.delete),
        ];
        for (family, key, pace) in given {
            let Some(per_second) = pace.and_then(|pace| positive(pace, key, faults)) else { continue };
            match quotas.iter_mut().find(|quota| quota.families.first() == Some(&family)) {
                Some(quota) => quota.per_second = per_second,
                None => {
                    quotas.iter_mut().for_each(|quota| quota.families.retain(|shared| *shared != family));
                    quotas.push(Quota::of(&[family], per_second));
                }
            }
        }
        quotas
    }
}

/// A pace that a table gives, unless nothing would ever be asked under it.
pub fn positive(pace: f64, key: &str, faults: &mut Faults) -> Option<f64> {
    let is_one = pace > 0.0 && pace.is_finite();
    if !is_one {
        faults.add(key, "the pace must be more than 0 requests a second", "leave it out for what the service grants");
    }
    is_one.then_some(pace)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pace_of_the_config_goes_before_the_quota() {
        let granted = [
            Quota::of(&[Family::Read], 100.0),
            Quota::of(&[Family::List, Family::Stat], 10.0),
            Quota::of(&[Family::Write, Family::Delete], 50.0),
        ];
        let paces = PaceSettings { list: Some(5.0), delete: Some(2.0), ..PaceSettings::default() };
        let mut faults = Faults::default();
        let expected = vec![
            Quota::of(&[Family::Read], 100.0),
            Quota::of(&[Family::List, Family::Stat], 5.0),
            Quota::of(&[Family::Write], 50.0),
            Quota::of(&[Family::Delete], 2.0),
        ];
        assert_eq!(paces.quotas(&granted, &mut faults), expected);
        for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            let mut faults = Faults::default();
            let paces = PaceSettings { write: Some(bad), ..PaceSettings::default() };
            assert_eq!(paces.quotas(&granted, &mut faults), granted);
            assert_eq!(faults.0[0].path, "pace.write");
        }
    }
}
