//! The life of our token: got at the first call, renewed at half of its lease, got anew when it cannot be renewed.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use jiff::Timestamp;
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::Instant;
use vaultrs::api::token::responses::LookupTokenResponse;
use vaultrs::client::Client as _;

use super::client::Client;
use super::login::{Counter, Fresh, Lease, Login, Renewable, Unwrapped};
use crate::model::{ErrorKind, Family, SecretValue, TokenLife, Upkeep};
use crate::provider::{Caller, Error, Repeat, Result};

/// The least time between two looks at a token that is about to end.
const SHORTEST: Duration = Duration::from_secs(1);

/// Keeps one live token for all calls of a store.
pub(super) struct Tokens {
    store: String,
    login: Login,
    client: Arc<Client>,
    caller: Caller,
    current: ArcSwapOption<Session>,
    /// Whoever holds it logs in, renews or asks after the token; the others wait for what it finds.
    turn: Mutex<Turn>,
}

/// A token and its life.
pub(super) struct Session {
    /// The token.
    pub token: SecretValue,
    life: Life,
}

/// What Vault knows of our token.
pub(super) struct Known {
    /// How long it lives.
    pub lease: Lease,
    /// How many more requests it is good for; `None` for any number.
    pub uses: Option<u64>,
}

#[derive(Clone, Copy)]
struct Life {
    /// When to renew, or look again.
    due: Option<Instant>,
    ends: Option<Instant>,
    /// When no renewal keeps it alive any longer, where that is known.
    last: Option<Instant>,
    /// The lease at the login.
    full: Duration,
    renewable: Renewable,
}

#[derive(Default)]
struct Turn {
    unwrapped: Unwrapped,
    /// When a look last began that found the token alive.
    alive: Option<Instant>,
    /// Tokens of this login may not look at themselves, so a refusal says nothing of them.
    blind: Blindness,
}

#[derive(Default, PartialEq, Eq)]
enum Blindness {
    #[default]
    Sees,
    Blind,
}

impl Life {
    fn of(lease: Lease) -> Self {
        match lease {
            Lease::Endless => Self { due: None, ends: None, last: None, full: Duration::MAX, renewable: Renewable::No },
            Lease::Timed { lasts, renewable, most } => {
                let (now, ends) = (Instant::now(), Instant::now() + lasts);
                let last = match renewable {
                    Renewable::Yes => most.map(|most| now + most),
                    Renewable::No => Some(ends),
                };
                Self { due: Some(now + (lasts / 2).max(SHORTEST)), ends: Some(ends), last, full: lasts, renewable }
            }
        }
    }

    fn is_due(&self) -> bool {
        self.due.is_some_and(|due| due <= Instant::now())
    }

    fn has_ended(&self) -> bool {
        self.ends.is_some_and(|ends| ends <= Instant::now())
    }

    /// What a renewal made of this life: one that gave less than was there at the login gave all that is left.
    fn renewed(&self, renewed: Self) -> Self {
        let is_spent = renewed.full + SHORTEST < self.full;
        let last = self.last.or(if is_spent { renewed.ends } else { None });
        Self { full: self.full, last, ..renewed }
    }

    /// The same life, looked at again when half of its rest is over.
    fn looked_at_later(mut self) -> Self {
        let now = Instant::now();
        let rest = self.ends.map_or(SHORTEST, |ends| ends.saturating_duration_since(now));
        self.due = Some(now + (rest / 2).max(SHORTEST));
        self
    }
}

impl Tokens {
    /// Keeps the tokens of one login; gets none yet.
    pub fn new(store: &str, login: Login, client: Arc<Client>, caller: Caller) -> Self {
        let (current, turn) = (ArcSwapOption::empty(), Mutex::default());
        Self { store: store.to_owned(), login, client, caller, current, turn }
    }

    /// Gives a live token: logs in the first time, renews when half of the lease is over.
    pub async fn session(&self) -> Result<Arc<Session>> {
        if let Some(session) = self.undue() {
            return Ok(session);
        }
        let mut turn = self.turn.lock().await;
        match (self.undue(), self.current.load_full()) {
            (Some(session), _) => Ok(session),
            (None, None) => self.log_in(&mut turn).await,
            (None, Some(session)) => self.prolong(session, &mut turn).await,
        }
    }

    /// After Vault refused a request: a new session if the token was dead, `None` if it is alive and the refusal stands.
    pub async fn after_refusal(&self, refused: &Arc<Session>) -> Result<Option<Arc<Session>>> {
        let answered = Instant::now();
        let mut turn = self.turn.lock().await;
        if let Some(current) = self.current.load_full()
            && current.token != refused.token
        {
            return Ok(Some(current));
        }
        let known_alive = turn.alive.is_some_and(|alive| alive >= answered);
        if known_alive || (turn.blind == Blindness::Blind && !refused.life.has_ended()) {
            return Ok(None);
        }
        let began = Instant::now();
        match self.look(&refused.token).await {
            Ok(_) => turn.alive = Some(began),
            Err(error) if error.kind == ErrorKind::Denied => return self.replace(refused, &error, &mut turn).await,
            Err(_) => {}
        }
        Ok(None)
    }

    /// Asks Vault about the token of a session.
    pub async fn known(&self, session: &Session) -> Result<Known> {
        let found = self.look(&session.token).await?;
        Ok(Known { lease: lease_of(&found), uses: Some(found.num_uses).filter(|uses| *uses > 0) })
    }

    /// The same as [`Self::session`], with the token that its place holds now, should somebody have put another one there.
    pub async fn newest(&self) -> Result<Arc<Session>> {
        let session = self.session().await?;
        let (Login::Token(place) | Login::KeptToken(place)) = &self.login else { return Ok(session) };
        match self.counter().secret(place) {
            Ok(held) if held != session.token => {
                let mut turn = self.turn.lock().await;
                // One that is dead is no reason to give up the one that lives.
                Ok(self.log_in(&mut turn).await.unwrap_or(session))
            }
            _ => Ok(session),
        }
    }

    /// How long the token of a session lives, and who sees to what comes after it.
    pub fn life(&self, session: &Session) -> TokenLife {
        self.told(session.life)
    }

    fn undue(&self) -> Option<Arc<Session>> {
        self.current.load_full().filter(|session| !session.life.is_due())
    }

    async fn prolong(&self, session: Arc<Session>, turn: &mut MutexGuard<'_, Turn>) -> Result<Arc<Session>> {
        let renewed = match session.life.renewable {
            Renewable::Yes => self.renew(&session).await.ok(),
            Renewable::No => None,
        };
        let kept = match &renewed {
            Some(life) if life.full >= session.life.full / 2 => {
                return Ok(self.keep(&session.token, session.life.renewed(*life)));
            }
            // Its maximum is near: it is used to its end only if no other can be had.
            Some(life) => session.life.renewed(*life),
            None => session.life,
        };
        match self.fresh(turn).await {
            // The same token again: what is known of its end stays true.
            Ok((token, life)) if token == session.token => {
                Ok(self.keep(&token, Life { last: kept.last.or(life.last), ..life }))
            }
            Ok((token, life)) => Ok(self.keep(&token, life)),
            Err(error) if kept.has_ended() => Err(error),
            Err(_) => Ok(self.keep(&session.token, kept.looked_at_later())),
        }
    }

    async fn renew(&self, session: &Session) -> Result<Life> {
        let vault = self.client.vaultrs(&session.token);
        let asked = self.counter().asked("renew token");
        let renew = || async { vault.renew(None).await.map(Fresh::of).map_err(|error| asked.told(&error)) };
        let fresh = self.caller.call(Family::Auth, "renew token", Repeat::Safe, renew).await?;
        Ok(Life::of(fresh.lease))
    }

    // Either the token is dead or it may not look at itself; older Vaults do not say which.
    async fn replace(
        &self,
        refused: &Session,
        refusal: &Error,
        turn: &mut MutexGuard<'_, Turn>,
    ) -> Result<Option<Arc<Session>>> {
        let session = self.log_in(turn).await?;
        if session.token == refused.token && says_dead(refusal) {
            return Err(self.dead());
        }
        let looked = self.look(&session.token).await;
        if looked.is_err_and(|error| error.kind == ErrorKind::Denied) {
            turn.blind = Blindness::Blind;
        }
        Ok((session.token != refused.token).then_some(session))
    }

    async fn log_in(&self, turn: &mut MutexGuard<'_, Turn>) -> Result<Arc<Session>> {
        let (token, life) = self.fresh(turn).await?;
        Ok(self.keep(&token, life))
    }

    async fn fresh(&self, turn: &mut MutexGuard<'_, Turn>) -> Result<(SecretValue, Life)> {
        let counter = self.counter();
        let fresh = match &self.login {
            Login::Token(place) | Login::KeptToken(place) => {
                let token = counter.secret(place)?;
                let lease = self.lease(&token).await?;
                Fresh { token, lease }
            }
            Login::Method(method) => counter.log_in(method, &mut turn.unwrapped).await?,
        };
        Ok((fresh.token, Life::of(fresh.lease)))
    }

    // A token without the default policy may not look at itself; that alone is no fault.
    async fn lease(&self, token: &SecretValue) -> Result<Lease> {
        match self.look(token).await {
            Ok(found) => Ok(lease_of(&found)),
            Err(error) if error.kind == ErrorKind::Denied && !says_dead(&error) => Ok(Lease::Endless),
            Err(error) if error.kind == ErrorKind::Denied => Err(self.dead()),
            Err(error) => Err(error),
        }
    }

    async fn look(&self, token: &SecretValue) -> Result<LookupTokenResponse> {
        let vault = self.client.vaultrs(token);
        let asked = self.counter().asked("look up token");
        let look = || async { vault.lookup().await.map_err(|error| asked.told(&error)) };
        self.caller.call(Family::Auth, "look up token", Repeat::Safe, look).await
    }

    fn keep(&self, token: &SecretValue, life: Life) -> Arc<Session> {
        let session = Arc::new(Session { token: token.clone(), life });
        self.current.store(Some(Arc::clone(&session)));
        self.caller.tell_token_life(self.told(life));
        session
    }

    /// A life as others may hear of it: where only a person can give another token, its end is the last one.
    fn told(&self, life: Life) -> TokenLife {
        let (upkeep, ends) = match (&self.login, life.last) {
            (Login::Method(_), _) => (Upkeep::Ours, life.ends),
            (Login::KeptToken(_), _) => (Upkeep::Others, life.ends),
            (Login::Token(_), Some(last)) => (Upkeep::Nobody, Some(last)),
            (Login::Token(_), None) => (Upkeep::Ours, life.ends),
        };
        let left = ends.map(|ends| ends.saturating_duration_since(Instant::now()));
        TokenLife { ends: left.and_then(|left| Timestamp::now().checked_add(left).ok()), upkeep }
    }

    fn dead(&self) -> Error {
        let place = match &self.login {
            Login::Token(place) | Login::KeptToken(place) => place.to_string(),
            Login::Method(method) => format!("auth/{}", method.mount),
        };
        let context = format!("the token of {place} is invalid, expired or revoked");
        self.counter().asked("log in").refuse(ErrorKind::Denied, context).of_the_store().with_remedy(format!(
            "put a live token into {place} (`vault token create -policy=…`), or use a method that gets its own, such as \
             auth.method = \"approle\""
        ))
    }

    fn counter(&self) -> Counter<'_> {
        Counter { store: &self.store, client: &self.client, caller: &self.caller }
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens").field("login", &self.login).finish_non_exhaustive()
    }
}

fn lease_of(found: &LookupTokenResponse) -> Lease {
    match Lease::of(found.ttl, found.renewable.unwrap_or_default()) {
        Lease::Timed { lasts, renewable, .. } => Lease::Timed { lasts, renewable, most: most(found) },
        Lease::Endless => Lease::Endless,
    }
}

/// How long renewals may keep a token that has an explicit maximum, by Vault's own clock.
fn most(found: &LookupTokenResponse) -> Option<Duration> {
    let explicit = Some(found.explicit_max_ttl).filter(|seconds| *seconds > 0)?;
    let expires = found.expire_time.as_ref()?.parse::<Timestamp>().ok()?;
    let now = expires.as_second().checked_sub_unsigned(found.ttl)?;
    let last = found.creation_time.checked_add(explicit)?;
    Some(Duration::from_secs(last.saturating_sub(u64::try_from(now).ok()?)))
}

fn says_dead(error: &Error) -> bool {
    ["invalid token", "bad token"].iter().any(|text| error.context.contains(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn life(seconds: u64) -> Life {
        Life::of(Lease::of(seconds, true))
    }

    #[test]
    fn a_renewal_that_gives_less_than_the_login_did_is_the_last_one() {
        let login = life(3600);
        assert!(login.last.is_none() && login.renewed(life(3600)).last.is_none());
        assert!(login.renewed(life(3599)).last.is_none(), "Vault cuts off parts of seconds");
        assert!(login.renewed(life(7200)).last.is_none(), "it was some way into its lease at the login");
        let spent = login.renewed(life(3000));
        assert_eq!(spent.last, spent.ends);
        assert_eq!(spent.renewed(life(1500)).last, spent.last, "and stays so");
        assert!(Life::of(Lease::of(3600, false)).last.is_some(), "there is no renewal");
    }

    #[test]
    fn an_explicit_maximum_is_reckoned_by_vaults_own_clock() {
        let found = |explicit: u64| {
            let answer = format!(
                r#"{{"accessor": "", "creation_time": 1000, "creation_ttl": 3600, "display_name": "", "entity_id": "",
                "expire_time": "1970-01-01T02:00:00.5Z", "explicit_max_ttl": {explicit}, "id": "", "num_uses": 0, "orphan": true,
                "path": "", "policies": [], "renewable": true, "ttl": 3000}}"#
            );
            serde_json::from_str::<LookupTokenResponse>(&answer).expect("as Vault answers")
        };
        // It is 7200 - 3000 = 4200 there, and it ends at 1000 + 9000.
        assert_eq!(most(&found(9000)), Some(Duration::from_secs(5800)));
        assert_eq!(most(&found(0)), None);
    }
}
