//! What a store can do as it is configured, as data.

use std::time::Duration;

use serde::Deserialize;

use super::decision::Action;
use super::event::Family;
use super::mark::MarkRule;

/// What a store can do, its limits, batch sizes and lag.
#[derive(Debug, Clone, PartialEq)]
pub struct Capabilities {
    /// Whether it can be written at all.
    pub write: bool,
    /// What the cheapest proof of "unchanged" is.
    pub revisions: Revisions,
    /// How a write is guarded against somebody else's.
    pub compare: Compare,
    /// What a delete leaves behind.
    pub deletes: Deletes,
    /// Whether older versions can be brought back.
    pub history: bool,
    /// How a mark is spelled here; `None` where there is no place for one.
    pub marks: Option<MarkRule>,
    /// The most keys of one `read` or `stat` call.
    pub read_batch: usize,
    /// How many requests may be under way at once.
    pub width: usize,
    /// The largest stored text, in bytes; `None` where no limit is known.
    pub max_value: Option<usize>,
    /// Whether an empty text can be stored.
    pub empty_values: bool,
    /// Whether a text with `{{…}}` in it can be stored: Parameter Store takes that for a reference, and refuses it.
    pub double_braces: bool,
    /// How long a listing may lag behind a write.
    pub listing_lag: Duration,
    /// Whether it can be asked for all its keys.
    pub listing: Listing,
    /// What changes take, in calls and under which quotas.
    pub tariff: Tariff,
}

/// How many calls a change takes, and how many calls a second the store grants.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Tariff {
    /// The calls that an action takes on a key of the store as a target, the look before it included; empty where nobody
    /// has counted them.
    pub calls: &'static [(Action, Family, u32)],
    /// What the store grants; a family that is in none has no quota.
    pub quotas: Vec<Quota>,
}

/// How many calls a second a store grants to some families together.
#[derive(Debug, Clone, PartialEq)]
pub struct Quota {
    /// Those that share it.
    pub families: Vec<Family>,
    /// Calls a second, more than zero.
    pub per_second: f64,
}

impl Quota {
    /// The quota that `families` share.
    pub fn of(families: &[Family], per_second: f64) -> Self {
        Self { families: families.to_vec(), per_second }
    }
}

impl Tariff {
    /// Of a store that has no quotas, and whose calls are nobody's concern.
    pub const NONE: Self = Self { calls: &[], quotas: Vec::new() };

    /// Whether anything is said of calls.
    pub fn is_stated(&self) -> bool {
        !(self.calls.is_empty() && self.quotas.is_empty())
    }

    /// How many calls a second of one family the tightest of its quotas grants.
    pub fn per_second(&self, family: Family) -> Option<f64> {
        let own = self.quotas.iter().filter(|quota| quota.families.contains(&family));
        own.map(|quota| quota.per_second).reduce(f64::min)
    }
}

/// Tells whether a text has `{{…}}` in it.
pub fn has_double_braces(text: &str) -> bool {
    text.split_once("{{").is_some_and(|(_, rest)| rest.contains("}}"))
}

/// Whether a store can be asked for all its keys; in the config `full` or `exact`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Listing {
    /// It names every key.
    #[default]
    Full,
    /// It only answers for single keys, as where the rights allow reading but not listing.
    Exact,
}

/// Where a revision comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Revisions {
    /// Every listed key carries one.
    Listing,
    /// `stat` gives one, a call a key.
    Stat,
    /// The listing carries none, and asking key by key is slow or billed: listings are taken at their word between deep
    /// comparisons, which read every value.
    Deferred,
    /// There is none; only values can be compared.
    None,
}

/// How a store compares before it writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compare {
    /// Compare-and-set on every write.
    Set,
    /// A create fails where the name exists; an update is not guarded.
    Create,
    /// Not at all: the `expect` layer looks again just before.
    None,
}

/// What a delete leaves behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deletes {
    /// It can be taken back.
    Recoverable,
    /// It is final; an undo still brings it back where the store keeps a history beside its keys.
    Final,
    /// It is final and takes the key's history along, so that not even an undo brings anything back.
    Total,
}
