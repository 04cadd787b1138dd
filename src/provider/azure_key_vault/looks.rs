//! What the look just before a change has found, so that the change need not ask again for what it must keep.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::answer::Seen;
use crate::model::RemoteKey;

/// The last look at each key; taken out by the change it was made for.
#[derive(Default)]
pub(super) struct Looks(Mutex<HashMap<RemoteKey, Seen>>);

impl Looks {
    /// Notes what a look has shown.
    pub fn note(&self, key: &RemoteKey, seen: Option<&Seen>) {
        match seen {
            Some(seen) => self.all().insert(key.clone(), seen.clone()),
            None => self.all().remove(key),
        };
    }

    /// Takes what was noted.
    pub fn take(&self, key: &RemoteKey) -> Option<Seen> {
        self.all().remove(key)
    }

    fn all(&self) -> MutexGuard<'_, HashMap<RemoteKey, Seen>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Looks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Looks").finish_non_exhaustive()
    }
}
