//! Who has signed in on the page: random, in memory, and over after a while.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rand::RngExt as _;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::model::SecretValue;

/// How long somebody stays signed in.
pub const LIFE: Duration = Duration::from_secs(8 * 60 * 60);
/// The most sessions at once; the eldest makes place.
const SESSIONS: usize = 64;

/// The sessions of this process.
#[derive(Debug)]
pub struct Sessions {
    held: Mutex<HashMap<[u8; 32], Session>>,
    /// Binds a session to the token that it began with, so that another token ends it.
    salt: [u8; 32],
}

#[derive(Debug, Clone)]
struct Session {
    csrf: String,
    token: [u8; 32],
    began: Instant,
}

impl Default for Sessions {
    fn default() -> Self {
        Self { held: Mutex::default(), salt: rand::rng().random() }
    }
}

impl Sessions {
    /// Begins a session of somebody who showed this token, and gives its id for a cookie.
    pub fn begin(&self, token: &SecretValue) -> String {
        let id = random();
        let session = Session { csrf: random(), token: self.bound_to(token), began: Instant::now() };
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.retain(|_, session| session.began.elapsed() < LIFE);
        if held.len() >= SESSIONS {
            let eldest = held.iter().min_by_key(|(_, session)| session.began).map(|(id, _)| *id);
            eldest.map(|id| held.remove(&id));
        }
        held.insert(digest(&id), session);
        id
    }

    /// The CSRF token of a session that is alive and began with this token.
    pub fn csrf(&self, id: &str, token: &SecretValue) -> Option<String> {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        // Looked up by digest, so that the time it takes says nothing of the ids that there are.
        let session = held.get(&digest(id))?;
        let same = session.token.ct_eq(&self.bound_to(token));
        (session.began.elapsed() < LIFE && bool::from(same)).then(|| session.csrf.clone())
    }

    /// Ends a session.
    pub fn end(&self, id: &str) {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).remove(&digest(id));
    }

    fn bound_to(&self, token: &SecretValue) -> [u8; 32] {
        Sha256::new().chain_update(self.salt).chain_update(token.expose()).finalize().into()
    }
}

/// Compares two texts without telling by the time it takes where they differ, or how long they are.
pub fn equal(one: &str, other: &str) -> bool {
    digest(one).ct_eq(&digest(other)).into()
}

fn digest(text: &str) -> [u8; 32] {
    Sha256::digest(text).into()
}

fn random() -> String {
    let bytes: [u8; 32] = rand::rng().random();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use super::*;

    #[test]
    fn a_session_ends_with_its_token_and_when_told_to() {
        let (sessions, token) = (Sessions::default(), SecretValue::from("one"));
        let id = sessions.begin(&token);
        let csrf = sessions.csrf(&id, &token).unwrap();
        assert_eq!(csrf.len(), 64);
        assert_ne!(csrf, id);
        assert_eq!(sessions.csrf(&id, &SecretValue::from("two")), None, "another token");
        assert_eq!(sessions.csrf("guessed", &token), None);
        sessions.end(&id);
        assert_eq!(sessions.csrf(&id, &token), None);
    }

    #[test]
    fn the_eldest_session_makes_place() {
        let (sessions, token) = (Sessions::default(), SecretValue::from("one"));
        let ids: Vec<_> = (0..=SESSIONS).map(|_| sessions.begin(&token)).collect();
        assert_eq!(sessions.csrf(&ids[0], &token), None);
        assert!(ids[1..].iter().all(|id| sessions.csrf(id, &token).is_some()));
    }
}
