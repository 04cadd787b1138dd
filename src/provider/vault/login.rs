//! How we become known to Vault: the login methods, and the token each gives.

use std::time::Duration;

use serde::Deserialize;
use vaultrs::api::AuthInfo;
use vaultrs::auth::approle;
use vaultrs::sys::wrapping;

use super::client::Client;
use super::fault::Asked;
use crate::model::{ErrorKind, Family, SecretValue};
use crate::provider::{Caller, Error, Repeat, Result};
use crate::reference::Reference;

/// A way to log in; its secrets are read again each time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Login {
    /// A token made by somebody else.
    Token(Reference),
    /// AppRole.
    AppRole {
        /// Where the method is mounted.
        mount: String,
        /// The role's id.
        role_id: Reference,
        /// Its secret id, or the token it is wrapped in.
        secret_id: SecretId,
    },
}

/// How a secret id is handed to us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum SecretId {
    /// As it is.
    Plain(Reference),
    /// In a single-use wrapping token.
    Wrapped(Reference),
}

/// A token just got.
pub(super) struct Fresh {
    /// The token.
    pub token: SecretValue,
    /// How long it lives.
    pub lease: Lease,
}

/// How long a token lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lease {
    /// For ever, or nobody says.
    Endless,
    /// So long from now.
    Timed {
        /// Time to live.
        lasts: Duration,
        /// Whether it may be renewed.
        renewable: Renewable,
    },
}

/// Whether a token may be renewed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Renewable {
    /// Until its maximum.
    Yes,
    /// Never.
    No,
}

/// What unwrapping gave, kept for the next login: a wrapping token works once.
#[derive(Default)]
pub(super) struct Unwrapped(Option<(SecretValue, SecretValue)>);

/// What logging in needs.
#[derive(Clone, Copy)]
pub(super) struct Counter<'a> {
    /// The store's name.
    pub store: &'a str,
    /// Vault.
    pub client: &'a Client,
    /// Who makes the calls.
    pub caller: &'a Caller,
}

impl Lease {
    /// Reads Vault's seconds, of which 0 means for ever.
    pub fn of(seconds: u64, renewable: bool) -> Self {
        match seconds {
            0 => Self::Endless,
            _ => Self::Timed {
                lasts: Duration::from_secs(seconds),
                renewable: if renewable { Renewable::Yes } else { Renewable::No },
            },
        }
    }
}

impl Fresh {
    /// Takes the token out of Vault's answer to a login or renewal.
    pub fn of(auth: AuthInfo) -> Self {
        let lease = Lease::of(auth.lease_duration, auth.renewable);
        Self { token: SecretValue::new(auth.client_token), lease }
    }
}

impl<'a> Counter<'a> {
    /// What an error of `operation` says of itself.
    pub fn asked(self, operation: &'static str) -> Asked<'a> {
        Asked { store: self.store, family: Family::Auth, operation }
    }

    /// Reads a secret of the config, and refuses what no header or login could carry.
    pub fn secret(self, reference: &Reference) -> Result<SecretValue> {
        let asked = self.asked("log in");
        let text = reference.resolve().map_err(|error| {
            asked.refuse(ErrorKind::Denied, error.to_string()).with_remedy(format!("provide {reference}"))
        })?;
        let trimmed = text.expose().trim();
        if trimmed.is_empty() || !trimmed.bytes().all(|byte| byte.is_ascii_graphic()) {
            let context = format!(
                "{reference} holds no token or id: it is blank, or has white space or control characters inside"
            );
            return Err(asked.refuse(ErrorKind::Invalid, context));
        }
        Ok(SecretValue::from(trimmed))
    }

    /// Logs in with AppRole.
    pub async fn approle(self, mount: &str, role_id: &Reference, secret_id: &SecretValue) -> Result<Fresh> {
        let role_id = self.secret(role_id)?;
        let asked = self.asked("log in");
        let vault = self.client.vaultrs(&SecretValue::from(""));
        let login = || async {
            let answer = approle::login(&vault, mount, role_id.expose(), secret_id.expose()).await;
            answer.map(Fresh::of).map_err(|error| asked.told(&error))
        };
        let answer = self.caller.call(Family::Auth, "log in", Repeat::Safe, login).await;
        answer.map_err(|error| approle_remedy(error, mount))
    }

    /// Gives the secret id, unwrapped once if it comes wrapped.
    pub async fn secret_id(self, secret_id: &SecretId, mount: &str, known: &mut Unwrapped) -> Result<SecretValue> {
        let reference = match secret_id {
            SecretId::Plain(reference) => return self.secret(reference),
            SecretId::Wrapped(reference) => reference,
        };
        let wrapping = match (self.secret(reference), &known.0) {
            (Ok(wrapping), _) => wrapping,
            // Whoever brought the wrapping token may well have taken it away by now.
            (Err(_), Some((_, secret_id))) => return Ok(secret_id.clone()),
            (Err(error), None) => return Err(error),
        };
        if let Some((spent, secret_id)) = &known.0
            && *spent == wrapping
        {
            return Ok(secret_id.clone());
        }
        let unwrapped = self.unwrap(&wrapping, mount).await?;
        known.0 = Some((wrapping, unwrapped.clone()));
        Ok(unwrapped)
    }

    // A wrapping token that was made elsewhere than by our role was swapped on its way.
    async fn unwrap(self, wrapping_token: &SecretValue, mount: &str) -> Result<SecretValue> {
        let asked = self.asked("unwrap secret-id");
        let vault = self.client.vaultrs(wrapping_token);
        let look =
            || async { wrapping::lookup(&vault, wrapping_token.expose()).await.map_err(|error| asked.told(&error)) };
        let found = self.caller.call(Family::Auth, "unwrap secret-id", Repeat::Safe, look).await;
        let found = found.map_err(used_before)?;
        let ours = found.creation_path.strip_prefix(&format!("auth/{mount}/role/"));
        if !ours.is_some_and(|rest| rest.ends_with("/secret-id") || rest.ends_with("/custom-secret-id")) {
            let context =
                format!("the wrapping token was made at {}, not for a role of auth/{mount}", found.creation_path);
            return Err(asked.refuse(ErrorKind::Denied, context).with_remedy(SWAPPED));
        }
        let unwrap = || async {
            let answer = wrapping::unwrap::<SecretIdAnswer>(&vault, None).await;
            answer.map_err(|error| asked.told(&error))
        };
        let answer = self.caller.call(Family::Auth, "unwrap secret-id", Repeat::Never, unwrap).await;
        Ok(SecretValue::new(answer.map_err(used_before)?.secret_id))
    }
}

#[derive(Deserialize)]
struct SecretIdAnswer {
    secret_id: String,
}

const SWAPPED: &str = "somebody may have swapped the token: have a new one made with \
                       `vault write -wrap-ttl=10m -f auth/<mount>/role/<role>/secret-id`, and look into Vault's audit log";

fn used_before(error: Error) -> Error {
    match error.kind {
        ErrorKind::Denied | ErrorKind::Invalid => error.with_remedy(
            "the wrapping token has expired or was used before. If nobody of yours used it, somebody else has the secret id: \
             destroy it, and have a new one made with `vault write -wrap-ttl=10m -f auth/<mount>/role/<role>/secret-id`",
        ),
        _ => error,
    }
}

fn approle_remedy(error: Error, mount: &str) -> Error {
    match error.kind {
        ErrorKind::Denied => error.with_remedy(format!(
            "check role-id and secret-id: `vault write -f auth/{mount}/role/<role>/secret-id` makes a new one"
        )),
        ErrorKind::Invalid if error.remedy.is_some() => error.with_remedy(format!(
            "AppRole is not mounted at auth/{mount}: set auth.mount to what `vault auth list` shows"
        )),
        _ => error,
    }
}
