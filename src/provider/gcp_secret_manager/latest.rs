//! What was written last, as Google may not know it yet: `latest` follows a new version within minutes, its number at once.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use super::answer::Number;
use crate::model::RemoteKey;

/// The newest versions that this process has written itself.
#[derive(Default)]
pub(super) struct Latest(Mutex<HashMap<RemoteKey, Number>>);

impl Latest {
    /// Notes a version that Google has taken.
    pub fn note(&self, key: &RemoteKey, number: Number) {
        self.known().insert(key.clone(), number);
    }

    /// Forgets a key that is gone: the numbers of one of its name begin anew.
    pub fn forget(&self, key: &RemoteKey) {
        self.known().remove(key);
    }

    /// The version that we wrote, unless what Google calls the latest is as new.
    pub fn newer_than(&self, key: &RemoteKey, said: Option<Number>) -> Option<Number> {
        let own = self.known().get(key).copied();
        own.filter(|own| said.is_none_or(|said| said < *own))
    }

    fn known(&self) -> std::sync::MutexGuard<'_, HashMap<RemoteKey, Number>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Latest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Latest").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_we_wrote_counts_until_google_knows_it() {
        let (latest, key) = (Latest::default(), RemoteKey::new("k"));
        assert_eq!(latest.newer_than(&key, Some(1)), None);
        latest.note(&key, 3);
        let rows = [(None, Some(3)), (Some(2), Some(3)), (Some(3), None), (Some(4), None)];
        for (said, expected) in rows {
            assert_eq!(latest.newer_than(&key, said), expected, "{said:?}");
        }
        latest.forget(&key);
        assert_eq!(latest.newer_than(&key, None), None);
    }
}
