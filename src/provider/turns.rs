//! One change of a key at a time, for services that answer two at once with a refusal, or hear them in any order.

use std::fmt;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use tokio::sync::{Mutex, MutexGuard};

use crate::model::RemoteKey;

/// How many turns there are; names that share one wait for each other, which costs time and nothing else.
const TURNS: usize = 256;

/// Who may change which key now.
pub struct Turns(Vec<Mutex<()>>);

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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_key_is_changed_by_one_at_a_time_and_others_meanwhile() {
        let turns = Turns::new();
        let key = RemoteKey::new("/a");
        let turn = turns.take(&key).await;
        let soon = std::time::Duration::from_millis(20);
        assert!(tokio::time::timeout(soon, turns.take(&key)).await.is_err(), "two change one key");
        let mut free = 0;
        for other in (0..20).map(|number| RemoteKey::new(format!("/b{number}"))) {
            free += usize::from(tokio::time::timeout(soon, turns.take(&other)).await.is_ok());
        }
        assert!(free > 10, "other keys wait too");
        drop(turn);
        assert!(tokio::time::timeout(soon, turns.take(&key)).await.is_ok());
    }
}
