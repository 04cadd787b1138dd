//! Who asks: the tokens that are known, and whether one of them comes with a request.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::super::http::Request;
use super::refused::Refused;
use super::{NUMBER, PROJECT, SERVICE, keys};

/// The service account that has a key.
pub const ACCOUNT: &str = "ferry@ferry-test.iam.gserviceaccount.com";
/// A service account that [`ACCOUNT`] may act as.
pub const IMPERSONATED: &str = "carrier@ferry-test.iam.gserviceaccount.com";
/// A token that is good.
pub const TOKEN: &str = "ya29.good-for-tests";
/// A token that was good.
pub const EXPIRED_TOKEN: &str = "ya29.expired";
/// A token that is good for another service alone.
pub const NARROW_TOKEN: &str = "ya29.storage-only";
/// The scope that this API needs: <https://cloud.google.com/secret-manager/docs/reference/rest>.
pub const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";

/// What a token is good for.
#[derive(Debug, Clone)]
pub struct Grant {
    /// Whose it is.
    pub account: String,
    /// Its scopes, with blanks between them.
    pub scope: String,
    /// When it ends.
    pub until: Timestamp,
}

/// The tokens, and what else decides whether somebody is let in.
#[derive(Debug)]
pub struct Identity {
    tokens: BTreeMap<String, Grant>,
    issued: u64,
    /// Whether requests without a token are let in: Google never does.
    pub lets_anybody_in: bool,
    /// Projects that may be charged beside our own.
    pub quota_projects: BTreeSet<String>,
    /// How long a token lives that is given from now on.
    pub lifetime: SignedDuration,
    /// What is wrong with logging in, in OAuth's words, such as `invalid_grant`.
    pub trouble: Option<&'static str>,
}

impl Default for Identity {
    fn default() -> Self {
        let mut identity = Self {
            tokens: BTreeMap::new(),
            issued: 0,
            lets_anybody_in: false,
            quota_projects: BTreeSet::new(),
            lifetime: SignedDuration::from_hours(1),
            trouble: None,
        };
        let storage = "https://www.googleapis.com/auth/devstorage.read_only";
        for (token, scope, hours) in [(TOKEN, SCOPE, 24), (EXPIRED_TOKEN, SCOPE, -1), (NARROW_TOKEN, storage, 24)] {
            let until = Timestamp::now() + SignedDuration::from_hours(hours);
            let grant = Grant { account: ACCOUNT.to_owned(), scope: scope.to_owned(), until };
            identity.tokens.insert(token.to_owned(), grant);
        }
        identity
    }
}

impl Identity {
    /// Gives a new token to an account.
    pub fn issue(&mut self, account: &str, scope: &str) -> (String, Timestamp) {
        self.issued += 1;
        let (token, until) = (format!("ya29.given-{}", self.issued), Timestamp::now() + self.lifetime);
        let grant = Grant { account: account.to_owned(), scope: scope.to_owned(), until };
        self.tokens.insert(token.clone(), grant);
        (token, until)
    }

    /// How many tokens were given.
    pub fn issued(&self) -> u64 {
        self.issued
    }

    /// Lets every token that was given so far end.
    pub fn expire_all(&mut self) {
        self.tokens.values_mut().for_each(|grant| grant.until = Timestamp::now() - SignedDuration::from_secs(1));
    }

    /// Refuses requests that come without a token, with one that is of no use, or at the expense of others.
    pub fn checked(&self, request: &Request) -> Result<(), Refused> {
        let project = request.header("x-goog-user-project");
        if let Some(token) = request.header("authorization").strip_prefix("Bearer ") {
            self.account(token)?;
        } else if !self.lets_anybody_in {
            return Err(Refused::unauthenticated("CREDENTIALS_MISSING"));
        }
        if ["", PROJECT, NUMBER].contains(&project) || self.quota_projects.contains(project) {
            return Ok(());
        }
        Err(Refused::user_project_denied(project))
    }

    /// Whose a token is.
    pub fn account(&self, token: &str) -> Result<String, Refused> {
        if token.matches('.').count() == 2 {
            return signed_by_itself(token).map_err(|()| Refused::unauthenticated("ACCESS_TOKEN_TYPE_UNSUPPORTED"));
        }
        let unknown = || Refused::unauthenticated("ACCESS_TOKEN_TYPE_UNSUPPORTED");
        let grant = self.tokens.get(token).ok_or_else(unknown)?;
        if grant.until <= Timestamp::now() {
            return Err(Refused::unauthenticated("ACCESS_TOKEN_EXPIRED"));
        }
        if !grant.scope.split_whitespace().any(|scope| scope == SCOPE) {
            let message = "Request had insufficient authentication scopes.";
            let metadata = serde_json::json!({"service": SERVICE});
            let refused = Refused::new("PERMISSION_DENIED", message);
            return Err(refused.because("ACCESS_TOKEN_SCOPE_INSUFFICIENT", "googleapis.com", metadata));
        }
        Ok(grant.account.clone())
    }
}

/// A token that the service account signs instead of asking for one: <https://google.aip.dev/auth/4111>. It is for this
/// service by its audience or by its scope, and lives for an hour at most.
fn signed_by_itself(token: &str) -> Result<String, ()> {
    let (_, claims) = keys::verified(token).map_err(drop)?;
    let is_for_us = claims["aud"] == format!("https://{SERVICE}/")
        || claims["scope"].as_str().is_some_and(|scope| scope.split_whitespace().any(|scope| scope == SCOPE));
    if claims["iss"] == ACCOUNT && claims["sub"] == ACCOUNT && is_for_us && is_timely(&claims) {
        return Ok(ACCOUNT.to_owned());
    }
    Err(())
}

/// Whether claims hold now, and for an hour at most; clocks may differ by some minutes.
pub fn is_timely(claims: &Value) -> bool {
    const SKEW: i64 = 300;
    let now = Timestamp::now().as_second();
    let (Some(from), Some(until)) = (claims["iat"].as_i64(), claims["exp"].as_i64()) else { return false };
    from <= now + SKEW && until > now - SKEW && until - from <= 3600 + SKEW
}
