//! What Airflow's `AzureKeyVaultBackend` must be told to read what lies here.

use serde_json::Value;

use super::DIALECT;
use super::access::{Access, Challenge};
use super::checked::check;
use super::login::{Application, Login};
use super::rule::SEPARATOR;
use super::settings::KeyVaultSettings;
use crate::model::{Kind, Requirement};
use crate::naming::Rule;
use crate::provider::{AirflowBackend, ReadPolicy};

const CLASS: &str = "airflow.providers.microsoft.azure.secrets.key_vault.AzureKeyVaultBackend";
/// The oldest provider whose reading was looked at.
const OLDEST: Requirement = Requirement::of_microsoft((8, 1, 0), "the backend as secretferry knows it");
const PREFIXES: [(&str, Kind); 3] =
    [("connections_prefix", Kind::Connection), ("variables_prefix", Kind::Variable), ("config_prefix", Kind::Config)];

/// What Airflow must be told; `None` for settings with faults.
pub(super) fn backend(settings: &KeyVaultSettings) -> Option<AirflowBackend> {
    let checked = check(settings).ok()?;
    let mut backend = AirflowBackend::new(CLASS, DIALECT);
    backend.requirements.push(OLDEST);
    backend.set("vault_url", checked.access.vault.as_str().trim_end_matches('/'));
    names(&mut backend, &checked.rule);
    trust(&mut backend, &checked.access);
    login(&mut backend, &checked.access.login);
    backend.policy = Some(policy(&checked.access));
    Some(backend)
}

fn names(backend: &mut AirflowBackend, rule: &Rule) {
    for (key, kind) in PREFIXES {
        let prefix = rule.place(kind).prefixes().first();
        backend.set(key, prefix.map_or(Value::Null, |prefix| prefix.as_str().into()));
    }
    if *rule.separator != *SEPARATOR {
        backend.set("sep", &*rule.separator);
    }
}

fn trust(backend: &mut AirflowBackend, access: &Access) {
    if let Some(authority) = &access.ca {
        backend.set("connection_verify", authority.display().to_string());
        let note = "connection_verify is the file of the authority where secretferry runs; Airflow needs it too, and with \
                    it trusts no other";
        backend.notes.push(note.to_owned());
    }
    if access.challenge == Challenge::Believed {
        backend.set("verify_challenge_resource", false);
    }
}

/// The way that secretferry takes, with credentials of Airflow's own; the backend's default chain finds them.
fn login(backend: &mut AirflowBackend, login: &Login) {
    let tenant = login.application().map(|application| application.tenant.as_str());
    match login {
        Login::Auto(auto) => {
            if let (Some(_), Some(tenant)) = (&auto.managed_identity, &auto.workload_tenant) {
                backend.ask("managed_identity_client_id", "client id of Airflow's identity");
                backend.set("workload_identity_tenant_id", tenant.as_str());
            }
            let note = "Airflow logs in with what DefaultAzureCredential finds: its environment, workload identity, managed \
                        identity, or whoever has run `az login`";
            backend.notes.push(note.to_owned());
        }
        Login::Assertion { application, .. } => {
            application_of_airflow(backend, &application.tenant);
            backend
                .variables
                .push(("AZURE_FEDERATED_TOKEN_FILE", AirflowBackend::placeholder("file of Airflow's token")));
        }
        Login::ManagedIdentity(assigned) => {
            let note = "Airflow logs in with the managed identity of the machine that it runs on";
            backend.notes.push(note.to_owned());
            if assigned.is_some() {
                let identity = AirflowBackend::placeholder("client id of Airflow's identity");
                backend.variables.push(("AZURE_CLIENT_ID", identity));
            }
        }
        Login::ClientSecret { application: Application { tenant, .. }, .. } => secret(backend, tenant),
        Login::AzureCli { .. } | Login::DeveloperCli { .. } | Login::Pipelines { .. } | Login::Token(_) => {
            let note = format!(
                "secretferry logs in by {}, which no long-lived Airflow can: it is given an application of its own here",
                login.method()
            );
            backend.notes.push(note);
            secret(backend, tenant.unwrap_or("<tenant>"));
        }
    }
}

fn secret(backend: &mut AirflowBackend, tenant: &str) {
    application_of_airflow(backend, tenant);
    backend.variables.push(("AZURE_CLIENT_SECRET", AirflowBackend::placeholder("its secret")));
}

fn application_of_airflow(backend: &mut AirflowBackend, tenant: &str) {
    backend.variables.push(("AZURE_TENANT_ID", tenant.to_owned()));
    backend.variables.push(("AZURE_CLIENT_ID", AirflowBackend::placeholder("client id of Airflow")));
}

/// The right to read values, in both of the ways that a vault can be set to.
fn policy(access: &Access) -> ReadPolicy {
    let vault = access.vault.host_str().and_then(|host| host.split('.').next()).unwrap_or("<vault>");
    let text = format!(
        "az role assignment create --role \"Key Vault Secrets User\" --assignee-object-id \"<object id of Airflow>\" \
         --assignee-principal-type ServicePrincipal --scope \"$(az keyvault show --name {vault} --query id --output tsv)\"\n\
         az keyvault set-policy --name {vault} --object-id \"<object id of Airflow>\" --secret-permissions get"
    );
    let instruction = "the right to read values, and nothing else: the first command for a vault with Azure RBAC, the second \
                       for one with access policies. Neither knows prefixes: whoever has it reads every secret of the vault, \
                       so give Airflow a vault of its own";
    ReadPolicy { instruction: instruction.to_owned(), text }
}
