//! One change of a parameter at a time: AWS answers `TooManyUpdates` to two at once.

use std::fmt;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use tokio::sync::{Mutex, MutexGuard};

use crate::model::RemoteKey;

/// How many turns there are; names that share one wait for each other, which costs time and nothing else.
const TURNS: usize = 256;

/// Who may change which parameter now.
pub(super) struct Turns(Vec<Mutex<()>>);

impl Turns {
    /// Nobody changes anything yet.
    pub fn new() -> Self {
        Self(std::iter::repeat_with(Mutex::default).take(TURNS).collect())
    }

    /// Waits until nobody else changes `key`.
    pub async fn take(&self, key: &RemoteKey) -> MutexGuard<'_, ()> {
        let mut hasher = DefaultHasher::new();
        key.hash(&mut hasher);
        // Truncated on purpose: any bits of a hash will do.
        let turn = hasher.finish() as usize % TURNS;
        self.0[turn].lock().await
    }
}

impl fmt::Debug for Turns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Turns").finish_non_exhaustive()
    }
}
