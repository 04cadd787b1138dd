//! Deleting, recovering and purging: always by way of the bin, and never at once.
//!
//! <https://learn.microsoft.com/azure/key-vault/general/soft-delete-overview> and
//! <https://learn.microsoft.com/rest/api/keyvault/secrets/delete-secret/delete-secret> with its neighbours.

use serde_json::Value;

use super::super::refusal::Refused;
use super::super::secret::{Deletion, Recovery, Secret, Stage};
use super::{Answer, Secrets, no_such};

impl Secrets {
    /// Delete Secret: it is gone from the vault at once, and seen in the bin after a while.
    pub(super) fn delete(&mut self, name: &str) -> Answer {
        let (now, done) = (self.now(), self.now() + self.deletion);
        let place = self.place.clone();
        let secret = self.writable(name, "delete")?.ok_or_else(|| no_such(name, None))?;
        secret.deleted = Some(Deletion { at: now, done });
        secret.recovery = None;
        Ok(secret.binned(secret.described(secret.latest(), &place), &place))
    }

    /// Get Deleted Secret.
    pub(super) fn deleted(&self, name: &str) -> Answer {
        let secret = self.secrets.get(&name.to_ascii_lowercase());
        match secret.filter(|secret| secret.stage(self.now()) == Stage::Deleted) {
            Some(secret) => Ok(secret.binned(secret.described(secret.latest(), &self.place), &self.place)),
            None => Err(not_in_bin(name)),
        }
    }

    /// Recover Deleted Secret: its answer comes before it is seen again.
    pub(super) fn recover(&mut self, name: &str) -> Answer {
        let seen = self.now() + self.recovery;
        let done = seen + self.settling;
        let place = self.place.clone();
        let secret = self.in_bin(name)?;
        secret.deleted = None;
        secret.recovery = Some(Recovery { seen, done });
        Ok(secret.described(secret.latest(), &place))
    }

    /// Purge Deleted Secret, unless the vault is protected against it, as in
    /// <https://github.com/microsoft/AzureTRE/issues/1951>.
    pub(super) fn purge(&mut self, name: &str) -> Answer {
        let is_protected = self.place.is_protected;
        self.in_bin(name)?;
        if is_protected {
            return Err(Refused::forbidden(
                None,
                "Operation \"purge\" is not allowed because purge protection is enabled for this vault. Key Vault \
                 service will automatically purge it after the retention period has passed.",
            ));
        }
        self.secrets.remove(&name.to_ascii_lowercase());
        Ok(Value::Null)
    }

    fn in_bin(&mut self, name: &str) -> Result<&mut Secret, Refused> {
        let now = self.now();
        let secret = self.secret(name).ok_or_else(|| not_in_bin(name))?;
        match secret.stage(now) {
            Stage::Deleted => Ok(secret),
            Stage::BeingDeleted => Err(being_deleted(name)),
            Stage::BeingRecovered => Err(being_recovered(name)),
            Stage::Live | Stage::Settling => Err(not_in_bin(name)),
        }
    }

    /// A secret that may be changed, or nothing where there is none; refused while it is in the bin, on its way there or
    /// back, or while it belongs to a certificate.
    pub(super) fn writable(&mut self, name: &str, operation: &str) -> Result<Option<&mut Secret>, Refused> {
        let now = self.now();
        let Some(secret) = self.secret(name) else { return Ok(None) };
        match secret.stage(now) {
            Stage::Live => {}
            // To read, delete or update what is in the bin is to look for what is not there; to set it is a conflict.
            Stage::BeingDeleted | Stage::Deleted | Stage::BeingRecovered if operation != "set" => return Ok(None),
            Stage::BeingDeleted => return Err(being_deleted(name)),
            Stage::BeingRecovered | Stage::Settling => return Err(being_recovered(name)),
            Stage::Deleted => {
                let message = format!(
                    "Secret {name} is currently in a deleted but recoverable state, and its name cannot be reused; in \
                     this state, the secret can only be recovered or purged."
                );
                return Err(Refused::conflict("ObjectIsDeletedButRecoverable", message));
            }
        }
        // As in <https://github.com/hashicorp/terraform-provider-azurerm/issues/5659>.
        if secret.is_managed {
            let message =
                format!("Operation \"{operation}\" is not allowed as this object's lifetime is managed by Key Vault.");
            return Err(Refused::forbidden(Some("SecretManagedByKeyVault"), message));
        }
        Ok(Some(secret))
    }
}

fn not_in_bin(name: &str) -> Refused {
    Refused::missing(format!("Deleted Secret not found: {name}"))
}

fn being_deleted(name: &str) -> Refused {
    let message = format!("Secret {name} is currently being deleted and cannot be re-created; retry later.");
    Refused::conflict("ObjectIsBeingDeleted", message)
}

fn being_recovered(name: &str) -> Refused {
    let message = format!("Secret {name} is currently being recovered and cannot be re-created; retry later.");
    Refused::conflict("ObjectIsBeingRecovered", message)
}
