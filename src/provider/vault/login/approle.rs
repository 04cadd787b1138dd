//! AppRole's secret id, which may come in a wrapping token that works once.

use serde::Deserialize;
use vaultrs::sys::wrapping;

use super::Counter;
use crate::model::{ErrorKind, Family, SecretValue};
use crate::provider::{Error, Repeat, Result, SecretPlace};

/// How a secret id is handed to us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) enum SecretId {
    /// As it is.
    Plain(SecretPlace),
    /// In a single-use wrapping token.
    Wrapped(SecretPlace),
}

/// What unwrapping gave, kept for the next login: a wrapping token works once.
#[derive(Default)]
pub(in super::super) struct Unwrapped(Option<(SecretValue, SecretValue)>);

impl Counter<'_> {
    /// Gives the secret id, unwrapped once if it comes wrapped.
    pub(super) async fn secret_id(
        self,
        secret_id: &SecretId,
        mount: &str,
        known: &mut Unwrapped,
    ) -> Result<SecretValue> {
        let place = match secret_id {
            SecretId::Plain(place) => return self.secret(place),
            SecretId::Wrapped(place) => place,
        };
        let wrapping = match (self.secret(place), &known.0) {
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
