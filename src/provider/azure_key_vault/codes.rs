//! Key Vault's error codes and what they mean here.

use crate::model::ErrorKind;
use crate::provider::meaning::Meaning;

const GRANT: &str = "`secretferry check` prints the permissions or the role that grant what is missing";
const NETWORK: &str = "run inside the vault's network (its private endpoint, with the private DNS zone), or let this \
                       address in: `az keyvault network-rule add --name <vault> --ip-address <address>`";

/// The meaning of the most specific code there is; of a 401, the `AKV…` number at the head of its message is one.
pub(super) fn known(code: &str) -> Option<Meaning> {
    login(code).or_else(|| refused(code)).or_else(|| state(code))
}

/// We are not who we should be: every key would hear the same.
/// <https://learn.microsoft.com/azure/key-vault/general/rest-error-codes>
fn login(code: &str) -> Option<Meaning> {
    let denied = || Meaning::new(ErrorKind::Denied).of_the_store();
    Some(match code {
        "AKV10022" => denied()
            .said("the token is for another audience than Key Vault")
            .mended_by("ask a token for https://vault.azure.net (in a sovereign cloud for its own vault domain)"),
        "AKV10032" => denied().said("the token is of another tenant than the vault's").mended_by(
            "set auth.tenant-id to the vault's: `az keyvault show --name <vault> --query properties.tenantId`",
        ),
        "TokenExpired" => denied()
            .said("the token has expired")
            .mended_by("log in again, or write a fresh token where auth.token points to; set this machine's clock"),
        "Unauthorized" | "AKV10000" | "AKV10001" | "AKV10046" => denied()
            .said("the vault does not take the token")
            .mended_by("log in again, and set this machine's clock: a token that has expired is refused"),
        _ => return None,
    })
}

/// We are who we are, and may not.
fn refused(code: &str) -> Option<Meaning> {
    let denied = || Meaning::new(ErrorKind::Denied);
    Some(match code {
        "AccessDenied" | "ForbiddenByPolicy" => {
            denied().said("the vault's access policies do not allow it").mended_by(GRANT)
        }
        "ForbiddenByRbac" => denied().said("no role of ours allows it").mended_by(GRANT),
        "ForbiddenByFirewall" => {
            denied().of_the_store().said("the vault's firewall does not let this address in").mended_by(NETWORK)
        }
        "ForbiddenByConnection" => {
            denied().of_the_store().said("the vault's public network access is disabled").mended_by(NETWORK)
        }
        "SecretDisabled" => denied()
            .said("the secret is disabled")
            .mended_by("`az keyvault secret set-attributes --enabled true` enables it; nobody can read it until then"),
        "Forbidden" => denied().mended_by(GRANT),
        _ => return None,
    })
}

/// The state of a name, or of the request.
fn state(code: &str) -> Option<Meaning> {
    let invalid = || Meaning::new(ErrorKind::Invalid);
    Some(match code {
        "SecretNotFound" => Meaning::new(ErrorKind::Conflict).said("there is no such secret"),
        "ObjectIsDeletedButRecoverable" => Meaning::new(ErrorKind::Conflict)
            .said("a deleted secret of this name can still be recovered, which keeps the name taken")
            .mended_by("plan again: the deleted secret is then recovered instead of created"),
        // It settles by itself, within seconds.
        "ObjectIsBeingDeleted" => Meaning::new(ErrorKind::Unavailable).said("the secret is being deleted"),
        "ObjectIsBeingRecovered" => Meaning::new(ErrorKind::Unavailable).said("the secret is being recovered"),
        "SecretManaged" | "ManagedSecret" => invalid().said("the secret belongs to a certificate, which manages it"),
        "BadParameter" => invalid().said("Key Vault does not take the request"),
        "RequestEntityTooLarge" | "RequestBodyTooLarge" => Meaning::new(ErrorKind::TooLarge),
        "Throttled" | "TooManyRequests" => Meaning::new(ErrorKind::RateLimited),
        _ => return None,
    })
}
