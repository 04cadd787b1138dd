//! What goes wrong on request: errors, refusals, and whatever else happens just before a call takes effect.

use std::collections::{HashMap, HashSet};
use std::fmt;

use super::MemoryProvider;
use crate::model::{Family, RemoteKey};
use crate::provider::error::Error;

/// On which side of its effect a call fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// Nothing is done.
    Before,
    /// It is done, but the answer gets lost; the error's effect becomes unknown.
    After,
}

pub(super) type Meddle = Box<dyn FnOnce(&MemoryProvider) + Send>;

/// The faults in store, and the calls made so far.
#[derive(Default)]
pub(super) struct Faults {
    planned: Vec<(Family, usize, When, Error)>,
    meddlers: Vec<(Family, usize, Meddle)>,
    denied: HashSet<RemoteKey>,
    calls: HashMap<Family, usize>,
    asked: Vec<(Family, RemoteKey)>,
}

impl Faults {
    pub(super) fn fail(&mut self, family: Family, nth: usize, when: When, error: Error) {
        let call = self.calls(family) + nth;
        self.planned.push((family, call, when, error));
    }

    pub(super) fn meddle(&mut self, family: Family, nth: usize, meddle: Meddle) {
        let call = self.calls(family) + nth;
        self.meddlers.push((family, call, meddle));
    }

    pub(super) fn deny(&mut self, key: RemoteKey) {
        self.denied.insert(key);
    }

    pub(super) fn allow(&mut self, key: &RemoteKey) {
        self.denied.remove(key);
    }

    pub(super) fn denies(&self, key: &RemoteKey) -> bool {
        self.denied.contains(key)
    }

    /// How many calls of a family were made.
    pub(super) fn calls(&self, family: Family) -> usize {
        self.calls.get(&family).copied().unwrap_or_default()
    }

    /// The keys a family was asked for, in order.
    pub(super) fn asked(&self, family: Family) -> Vec<RemoteKey> {
        self.asked.iter().filter(|(asked, _)| *asked == family).map(|(_, key)| key.clone()).collect()
    }

    /// Counts a call and gives what was planned for it.
    pub(super) fn begin(&mut self, family: Family, keys: &[RemoteKey]) -> (Vec<Meddle>, Option<(When, Error)>) {
        let call = self.calls(family) + 1;
        self.calls.insert(family, call);
        self.asked.extend(keys.iter().map(|key| (family, key.clone())));
        let due = self.meddlers.extract_if(.., |(of, nth, _)| *of == family && *nth == call);
        let meddlers = due.map(|(.., meddle)| meddle).collect();
        let planned = self.planned.iter().position(|(of, nth, ..)| *of == family && *nth == call);
        let fault = planned.map(|position| self.planned.remove(position)).map(|(_, _, when, error)| (when, error));
        (meddlers, fault)
    }
}

impl fmt::Debug for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Faults").field("calls", &self.calls).field("denied", &self.denied).finish_non_exhaustive()
    }
}
