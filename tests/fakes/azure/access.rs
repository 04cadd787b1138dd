//! Who may do what: by access policies or by roles, and from where.
//!
//! Permissions of each operation: <https://learn.microsoft.com/azure/key-vault/secrets/about-secrets#secret-access-control>
//! and the first lines of each operation's page in the REST reference. Actions of roles:
//! <https://learn.microsoft.com/azure/role-based-access-control/permissions/security#microsoftkeyvault>.

use std::collections::BTreeSet;

use super::asked::Call;
use super::refusal::Refused;
use super::{CLIENT_ID, OBJECT_ID, TENANT, VAULT};

/// How a vault decides who may do what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Model {
    /// By its own access policies.
    Policies,
    /// By roles of Azure.
    #[default]
    Roles,
}

/// From where it may be asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Wall {
    /// From everywhere.
    #[default]
    None,
    /// From some addresses, and ours is not one.
    Firewall,
    /// Over a private endpoint alone.
    Private,
}

/// What a vault lets us do.
#[derive(Debug, Default)]
pub struct Access {
    /// How it decides.
    pub model: Model,
    /// From where it lets us.
    pub wall: Wall,
    /// The permissions that we lack, such as `get`.
    pub denied: BTreeSet<String>,
    /// The secrets, in lower case, whose values we are refused: roles may be given for one secret.
    pub sealed: BTreeSet<String>,
}

impl Access {
    /// Refuses what we may not.
    pub fn check(&self, call: &Call) -> Result<(), Refused> {
        match self.wall {
            Wall::None => {}
            // <https://learn.microsoft.com/azure/key-vault/general/rest-error-codes#error-due-to-firewall-policy>
            Wall::Firewall => {
                let message = format!(
                    "Client address is not authorized and caller is not a trusted service.\r\nClient address: \
                     203.0.113.7\r\nCaller: {}\r\nVault: {VAULT};location=westeurope",
                    caller()
                );
                return Err(Refused::forbidden(Some("ForbiddenByFirewall"), message));
            }
            // <https://learn.microsoft.com/azure/key-vault/general/private-link-diagnostics>
            Wall::Private => {
                let message = format!(
                    "Public network access is disabled and request is not from a trusted service nor via an approved \
                     private link.\r\nCaller: {}\r\nVault: {VAULT};location=westeurope",
                    caller()
                );
                return Err(Refused::forbidden(Some("ForbiddenByConnection"), message));
            }
        }
        let (permission, action) = needed(call);
        let is_sealed = permission == "get"
            && matches!(call, Call::Get(name, _) if self.sealed.contains(&name.to_ascii_lowercase()));
        if !self.denied.contains(permission) && !is_sealed {
            return Ok(());
        }
        Err(match self.model {
            Model::Policies => by_policy(permission),
            Model::Roles => by_role(action, call),
        })
    }
}

/// The permission of a policy, and the action of a role, that an operation needs.
const fn needed(call: &Call) -> (&'static str, &'static str) {
    match call {
        Call::Get(..) => ("get", "getSecret/action"),
        Call::Deleted(_) => ("get", "readMetadata/action"),
        Call::List | Call::Versions(_) | Call::ListDeleted => ("list", "readMetadata/action"),
        Call::Set(_) => ("set", "setSecret/action"),
        Call::Update(..) => ("set", "update/action"),
        Call::Delete(_) => ("delete", "delete"),
        Call::Recover(_) => ("recover", "recover/action"),
        Call::Purge(_) => ("purge", "purge/action"),
        Call::Backup(_) => ("backup", "backup/action"),
        Call::Restore => ("restore", "restore/action"),
    }
}

/// As in <https://github.com/hashicorp/terraform-provider-azurerm/issues/26691>.
fn by_policy(permission: &str) -> Refused {
    let message = format!(
        "The user, group or application '{}' does not have secrets {permission} permission on key vault \
         '{VAULT};location=westeurope'. For help resolving this issue, please see \
         https://go.microsoft.com/fwlink/?linkid=2125287",
        caller()
    );
    Refused::forbidden(Some("ForbiddenByPolicy"), message)
}

/// As in <https://learn.microsoft.com/azure/key-vault/general/rbac-guide#test-and-verify>.
fn by_role(action: &str, call: &Call) -> Refused {
    let scope = call.name().map_or(String::new(), |name| format!("/secrets/{name}"));
    let message = format!(
        "Caller is not authorized to perform action on resource.\r\nIf role assignments, deny assignments or role \
         definitions were changed recently, please observe propagation time.\r\nCaller: {}\r\nAction: \
         'Microsoft.KeyVault/vaults/secrets/{action}'\r\nResource: \
         '/subscriptions/s/resourcegroups/g/providers/microsoft.keyvault/vaults/{VAULT}{scope}'\r\nAssignment: (not \
         found)\r\nDenyAssignmentId: null\r\nDecisionReason: null \r\nVault: {VAULT};location=westeurope\r\n",
        caller()
    );
    Refused::forbidden(Some("ForbiddenByRbac"), message)
}

fn caller() -> String {
    format!("appid={CLIENT_ID};oid={OBJECT_ID};iss=https://sts.windows.net/{TENANT}/")
}
